use std::time::Duration;

use super::*;

struct Case {
    permits: Permits,
    now: Instant,
}

impl Case {
    fn new(connections: usize, reserved: usize) -> Self {
        let limits = ConnectionLimits { connections, per_address: usize::MAX, reserved };
        Self { permits: Permits::new(limits), now: Instant::now() }
    }

    /// A newcomer that has sent nothing.
    fn silent(&mut self) -> PermitId {
        self.now += Duration::from_millis(1);
        self.permits.admit(None, self.now).expect("a permit").0
    }

    /// A newcomer whose first request is not signed in, and is being answered. One that is refused leaves.
    fn stranger(&mut self) -> Result<PermitId, LimitExceeded> {
        let id = self.silent();
        self.permits.begin(id);
        self.permits.decide(id).map(|()| id).inspect_err(|_| self.permits.release(id))
    }

    fn signed_in(&mut self) -> Result<PermitId, LimitExceeded> {
        let id = self.silent();
        self.permits.begin(id);
        self.permits.sign_in(id);
        self.permits.decide(id).map(|()| id).inspect_err(|_| self.permits.release(id))
    }

    fn wait(&mut self, id: PermitId) {
        self.now += Duration::from_millis(1);
        self.permits.answered(id);
        self.permits.flushed(id, self.now);
    }

    fn holds(&self, id: PermitId) -> bool {
        self.permits.status(id).is_some()
    }
}

#[test]
fn the_reserve_is_for_those_who_have_signed_in() {
    let mut case = Case::new(4, 1);
    let strangers: Vec<PermitId> = (0..3).map(|_| case.stranger().expect("a permit")).collect();
    assert_eq!(case.stranger(), Err(LimitExceeded::Strangers(3)));
    let _signed_in = case.signed_in().expect("the reserve");
    assert_eq!(case.signed_in(), Err(LimitExceeded::Server(4)));
    case.permits.release(strangers[0]);
    assert_eq!(case.stranger(), Err(LimitExceeded::Strangers(3)), "the free permit is the reserve");
    case.permits.sign_in(strangers[1]);
    let _signed_in = case.signed_in().expect("the reserve");
    assert_eq!(case.permits.count(), 4);
}

#[test]
fn refused_strangers_that_do_not_leave_take_no_permit() {
    let mut case = Case::new(4, 1);
    let strangers: Vec<PermitId> = (0..3).map(|_| case.stranger().expect("a permit")).collect();
    for number in 0..100 {
        let refused = case.silent();
        case.permits.begin(refused);
        assert_eq!(case.permits.decide(refused), Err(LimitExceeded::Strangers(3)), "{number}");
        // It has got its answer, and stays.
        case.wait(refused);
    }
    let _signed_in = case.signed_in().expect("the reserve");
    assert!(strangers.iter().all(|&stranger| case.holds(stranger)));
    assert_eq!(case.permits.decided, 4);
    assert_eq!(case.permits.count(), 4 + UNDECIDED);
}

#[test]
fn a_waiting_stranger_is_evicted_before_another_connection_is_refused() {
    let mut case = Case::new(4, 2);
    let waiting = [case.stranger().expect("a permit"), case.stranger().expect("a permit")];
    case.wait(waiting[1]);
    case.wait(waiting[0]);
    let silent = case.silent();
    let _busy = case.stranger().expect("evicts");
    assert!(!case.holds(waiting[1]), "it has waited longest");
    let _busy = case.stranger().expect("evicts");
    assert!(!case.holds(waiting[0]));
    assert_eq!(case.stranger(), Err(LimitExceeded::Strangers(2)));
    assert!(case.holds(silent), "it may be about to sign in");
}

#[test]
fn undecided_connections_beyond_the_limit_evict_each_other_and_nobody_who_has_signed_in() {
    let mut case = Case::new(1, 0);
    let signed_in = case.signed_in().expect("a permit");
    case.wait(signed_in);
    let silent: Vec<PermitId> = (0..UNDECIDED).map(|_| case.silent()).collect();
    let newcomer = case.silent();
    assert!(!case.holds(silent[0]) && case.holds(silent[1]) && case.holds(newcomer) && case.holds(signed_in));
    assert_eq!(case.permits.count(), 1 + UNDECIDED);
    // The connection of an evicted permit ends later.
    case.permits.begin(silent[0]);
    case.permits.sign_in(silent[0]);
    case.permits.release(silent[0]);
    assert_eq!(case.permits.count(), 1 + UNDECIDED);
    for id in silent.into_iter().chain([newcomer]) {
        case.permits.begin(id);
    }
    let refused = case.permits.admit(None, case.now).map(|(id, _)| id);
    assert_eq!(refused, Err(LimitExceeded::Server(1)), "nobody waits");
}

#[test]
fn a_connection_waits_when_its_response_is_complete_and_flushed() {
    let mut case = Case::new(1, 0);
    let id = case.stranger().expect("a permit");
    let waits = |case: &Case| case.permits.status(id).is_some_and(|status| status.waiting_since.is_some());
    case.permits.flushed(id, case.now);
    assert!(!waits(&case), "a part of the response");
    case.permits.answered(id);
    assert!(!waits(&case), "not flushed");
    case.permits.flushed(id, case.now);
    assert!(waits(&case));
    case.permits.begin(id);
    assert!(!waits(&case));
}
