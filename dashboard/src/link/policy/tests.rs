//! What the policy promises.

use proptest::prelude::*;

use super::*;
use crate::link::backoff::Backoff;

const HALF: f64 = 0.5;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(millis * 1_000)
}

fn lost(code: u16) -> Input {
    Input::Lost(Close::unclean(CloseCode(code), "why"))
}

fn bye() -> Close {
    Close { code: CloseCode(4000), reason: "bye".to_owned(), clean: true }
}

fn actions(policy: &mut Policy) -> Vec<Action> {
    std::iter::from_fn(|| policy.next_action()).collect()
}

/// A policy that went live at 0, with nothing left to do.
fn live() -> Policy {
    let mut policy = Policy::new(Settings::default(), at(0));
    policy.handle(Input::Open, at(0), HALF);
    assert_eq!(actions(&mut policy), [Action::TellOpened, Action::TellState]);
    policy
}

#[test]
fn a_lost_connection_is_made_again_after_a_wait() {
    let mut policy = live();
    policy.handle(lost(1006), at(1_000), HALF);
    let wait = Interval::from_millis(125);
    assert_eq!(
        actions(&mut policy),
        [Action::TellClosed(Close::unclean(CloseCode(1006), "why"), Some(wait)), Action::TellState]
    );
    assert_eq!(policy.state(), State::Reconnecting { retry: 1, due: at(1_125) });
    assert_eq!(policy.wake_at(), Some(at(1_125)));

    policy.handle(Input::Wake, at(1_124), HALF);
    assert_eq!(actions(&mut policy), []);
    policy.handle(Input::Wake, at(1_125), HALF);
    assert_eq!(actions(&mut policy), [Action::Connect, Action::TellState]);
    assert_eq!((policy.state(), policy.retries()), (State::Connecting { retry: 1 }, 1));

    policy.handle(Input::Open, at(1_200), HALF);
    assert_eq!(policy.state(), State::Live);
}

#[test]
fn retries_in_a_row_end_with_a_healthy_connection() {
    let mut policy = live();
    let mut now = 0;
    for retry in 1..=3 {
        now += 20_000;
        policy.handle(lost(1006), at(now), 0.0);
        assert_eq!(policy.state(), State::Reconnecting { retry, due: at(now) });
        policy.handle(Input::Wake, at(now), 0.0);
        policy.handle(Input::Open, at(now), 0.0);
    }
    policy.handle(lost(1006), at(now + 30_000), 0.0);
    assert_eq!(policy.state(), State::Reconnecting { retry: 1, due: at(now + 30_000) });
    assert_eq!(policy.retries(), 3);
}

#[test]
fn a_code_that_forbids_reconnecting_ends_it() {
    let mut policy = live();
    policy.handle(lost(4426), at(1), HALF);
    let close = Close::unclean(CloseCode(4426), "why");
    assert_eq!(actions(&mut policy), [Action::TellClosed(close.clone(), None), Action::TellState]);
    assert_eq!(policy.state(), State::Closed(close));
    assert_eq!(policy.wake_at(), None);
}

#[test]
fn silence_is_a_loss() {
    let mut policy = live();
    policy.heard(at(2_000));
    policy.handle(Input::Wake, at(5_000), HALF);
    assert_eq!((policy.state(), policy.wake_at()), (State::Live, Some(at(7_000))));
    policy.handle(Input::Wake, at(7_000), HALF);
    let close = Close::unclean(CloseCode::SILENT, "nothing was heard for 5s");
    assert_eq!(policy.next_action(), Some(Action::Abandon(close)));
    assert!(matches!(policy.state(), State::Reconnecting { retry: 1, .. }));
}

#[test]
fn silence_can_be_allowed() {
    let mut policy = live();
    policy.set_silence(Silence::Allowed);
    policy.handle(Input::Wake, at(1_000_000_000), HALF);
    assert_eq!(policy.state(), State::Live);
}

#[test]
fn an_attempt_that_hangs_is_given_up() {
    let mut policy = Policy::new(Settings::default(), at(0));
    assert_eq!(policy.wake_at(), Some(at(10_000)));
    policy.handle(Input::Wake, at(10_000), HALF);
    let close = Close::unclean(CloseCode::SILENT, "no connection within 10s");
    assert_eq!(policy.next_action(), Some(Action::Abandon(close)));
}

#[test]
fn a_close_waits_for_the_other_side() {
    let mut policy = live();
    policy.handle(Input::Close(bye()), at(10), HALF);
    assert_eq!(actions(&mut policy), [Action::Close(bye()), Action::TellState]);
    assert_eq!(policy.state(), State::Closing);
    policy.handle(Input::Lost(bye()), at(20), HALF);
    assert_eq!(policy.state(), State::Closed(bye()));
}

#[test]
fn a_close_does_not_wait_for_ever() {
    let mut policy = live();
    policy.handle(Input::Close(bye()), at(0), HALF);
    actions(&mut policy);
    assert_eq!(policy.wake_at(), Some(at(5_000)));
    policy.handle(Input::Wake, at(5_000), HALF);
    assert_eq!(policy.next_action(), Some(Action::Abandon(Close { clean: false, ..bye() })));
    assert!(matches!(policy.state(), State::Closed(_)));
}

#[test]
fn a_close_while_it_waits_ends_the_waiting() {
    let mut policy = live();
    policy.handle(lost(1006), at(0), HALF);
    policy.handle(Input::Close(bye()), at(1), HALF);
    policy.handle(Input::Wake, at(1), HALF);
    assert!(matches!(policy.state(), State::Closed(_)));
    assert!(!actions(&mut policy).contains(&Action::Connect));
}

#[test]
fn nobody_retries_before_the_server_allows_it() {
    let mut policy = live();
    policy.set_retry_floor(Interval::from_secs(30));
    policy.handle(lost(1013), at(0), HALF);
    assert_eq!(policy.state(), State::Reconnecting { retry: 1, due: at(30_125) });
    policy.handle(Input::Retry, at(1_000), HALF);
    assert_eq!(policy.state(), State::Reconnecting { retry: 1, due: at(30_000) });

    policy.handle(Input::Wake, at(30_000), HALF);
    policy.handle(lost(1006), at(30_100), 0.0);
    assert_eq!(policy.state(), State::Reconnecting { retry: 2, due: at(30_100) }, "a floor holds once");
}

#[test]
fn a_person_can_retry_at_once() {
    let mut policy = live();
    policy.handle(lost(1006), at(0), 0.9);
    policy.handle(Input::Retry, at(1), HALF);
    assert_eq!(policy.state(), State::Reconnecting { retry: 1, due: at(1) });

    policy.handle(Input::Wake, at(1), HALF);
    policy.handle(lost(4401), at(2), HALF);
    policy.handle(Input::Retry, at(3), HALF);
    policy.handle(Input::Wake, at(3), HALF);
    assert_eq!(policy.state(), State::Connecting { retry: 1 });
}

#[test]
fn while_actions_wait_it_wants_to_be_woken_at_once() {
    let mut policy = live();
    policy.handle(Input::Close(bye()), at(0), HALF);
    assert_eq!(policy.wake_at(), Some(Timestamp::MIN));
}

fn any_input() -> impl Strategy<Value = Input> {
    prop_oneof![
        Just(Input::Open),
        prop::sample::select(vec![1000, 1006, 1009, 4401]).prop_map(lost),
        Just(Input::Wake),
        Just(Input::Close(bye())),
        Just(Input::Retry),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_it_holds_at_most_one_connection(
        steps in prop::collection::vec((any_input(), 0_i64..20_000, 0.0..1.0_f64), 0..60),
    ) {
        let settings = Settings { backoff: Backoff::default(), ..Settings::default() };
        let mut policy = Policy::new(settings, at(0));
        let (mut now, mut connected, mut connects) = (0, true, 0);
        for (input, later, random) in steps {
            now += later;
            // A socket that is gone has nothing to tell.
            if !connected && matches!(input, Input::Open | Input::Lost(_)) {
                continue;
            }
            if let Input::Lost(_) = input {
                connected = false;
            }
            policy.handle(input, at(now), random);
            while let Some(action) = policy.next_action() {
                match action {
                    Action::Connect => {
                        prop_assert!(!connected, "a second connection");
                        connected = true;
                        connects += 1;
                    }
                    Action::Abandon(_) => {
                        connected = false;
                    }
                    Action::Close(_) => prop_assert!(connected),
                    Action::TellOpened | Action::TellClosed(..) | Action::TellState => {}
                }
            }
            let idle = matches!(policy.state(), State::Reconnecting { .. } | State::Closed(_));
            // A close asked for while nothing is connected is over at the next wake.
            prop_assert!(connected != idle || policy.state() == State::Closing);
            prop_assert_eq!(policy.wake_at().is_none(), matches!(policy.state(), State::Closed(_)));
            prop_assert_eq!(policy.retries(), connects);
        }
    }
}
