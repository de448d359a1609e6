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

/// A policy that went live at 0, without pending actions.
fn live() -> Policy {
    let mut policy = Policy::new(Settings::default(), at(0));
    policy.handle(Input::Open, at(0), HALF);
    assert_eq!(actions(&mut policy), [Action::EmitOpened, Action::EmitState]);
    policy
}

#[test]
fn a_lost_connection_is_retried_after_the_wait() {
    let mut policy = live();
    policy.handle(lost(1006), at(1_000), HALF);
    let wait = Interval::from_millis(125);
    assert_eq!(
        actions(&mut policy),
        [Action::EmitClosed(Close::unclean(CloseCode(1006), "why"), Some(wait)), Action::EmitState]
    );
    assert_eq!(policy.state(), State::Reconnecting { retry: 1, due: at(1_125) });
    assert_eq!(policy.wake_at(), Some(at(1_125)));

    policy.handle(Input::Wake, at(1_124), HALF);
    assert_eq!(actions(&mut policy), []);
    policy.handle(Input::Wake, at(1_125), HALF);
    assert_eq!(actions(&mut policy), [Action::Connect, Action::EmitState]);
    assert_eq!((policy.state(), policy.retries()), (State::Connecting { retry: 1 }, 1));

    policy.handle(Input::Open, at(1_200), HALF);
    assert_eq!(policy.state(), State::Live);
}

#[test]
fn a_healthy_connection_resets_the_retry_count() {
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
fn a_forbidding_code_closes_without_retry() {
    let mut policy = live();
    policy.handle(lost(4426), at(1), HALF);
    let close = Close::unclean(CloseCode(4426), "why");
    assert_eq!(actions(&mut policy), [Action::EmitClosed(close.clone(), None), Action::EmitState]);
    assert_eq!(policy.state(), State::Closed(close));
    assert_eq!(policy.wake_at(), None);
}

#[test]
fn silence_beyond_the_limit_is_a_loss() {
    let mut policy = live();
    policy.message_arrived(at(2_000));
    policy.handle(Input::Wake, at(5_000), HALF);
    assert_eq!((policy.state(), policy.wake_at()), (State::Live, Some(at(7_000))));
    policy.handle(Input::Wake, at(7_000), HALF);
    let close = Close::unclean(CloseCode::SILENT, "no message for 5s");
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
fn an_attempt_that_hangs_times_out() {
    let mut policy = Policy::new(Settings::default(), at(0));
    assert_eq!(policy.wake_at(), Some(at(10_000)));
    policy.handle(Input::Wake, at(10_000), HALF);
    let close = Close::unclean(CloseCode::SILENT, "no connection within 10s");
    assert_eq!(policy.next_action(), Some(Action::Abandon(close)));
}

#[test]
fn a_close_waits_for_the_peer() {
    let mut policy = live();
    policy.handle(Input::Close(bye()), at(10), HALF);
    assert_eq!(actions(&mut policy), [Action::Close(bye()), Action::EmitState]);
    assert_eq!(policy.state(), State::Closing);
    policy.handle(Input::Lost(bye()), at(20), HALF);
    assert_eq!(policy.state(), State::Closed(bye()));
}

#[test]
fn a_close_without_answer_times_out() {
    let mut policy = live();
    policy.handle(Input::Close(bye()), at(0), HALF);
    actions(&mut policy);
    assert_eq!(policy.wake_at(), Some(at(5_000)));
    policy.handle(Input::Wake, at(5_000), HALF);
    assert_eq!(policy.next_action(), Some(Action::Abandon(Close { clean: false, ..bye() })));
    assert!(matches!(policy.state(), State::Closed(_)));
}

#[test]
fn a_close_cancels_a_pending_retry() {
    let mut policy = live();
    policy.handle(lost(1006), at(0), HALF);
    policy.handle(Input::Close(bye()), at(1), HALF);
    policy.handle(Input::Wake, at(1), HALF);
    assert!(matches!(policy.state(), State::Closed(_)));
    assert!(!actions(&mut policy).contains(&Action::Connect));
}

#[test]
fn no_retry_starts_before_the_floor() {
    let mut policy = live();
    policy.set_retry_floor(Interval::from_secs(30));
    policy.handle(lost(1013), at(0), HALF);
    assert_eq!(policy.state(), State::Reconnecting { retry: 1, due: at(30_125) });
    policy.handle(Input::Retry, at(1_000), HALF);
    assert_eq!(policy.state(), State::Reconnecting { retry: 1, due: at(30_000) });

    policy.handle(Input::Wake, at(30_000), HALF);
    policy.handle(lost(1006), at(30_100), 0.0);
    assert_eq!(policy.state(), State::Reconnecting { retry: 2, due: at(30_100) }, "a floor applies to one loss");
}

#[test]
fn a_requested_retry_starts_immediately() {
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
fn wake_at_is_immediate_while_actions_are_queued() {
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
    fn any_input_order_keeps_at_most_one_connection(
        steps in prop::collection::vec((any_input(), 0_i64..20_000, 0.0..1.0_f64), 0..60),
    ) {
        let settings = Settings { backoff: Backoff::default(), ..Settings::default() };
        let mut policy = Policy::new(settings, at(0));
        let (mut now, mut connected, mut connects) = (0, true, 0);
        for (input, later, random) in steps {
            now += later;
            // A lost socket emits no events.
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
                    Action::EmitOpened | Action::EmitClosed(..) | Action::EmitState => {}
                }
            }
            let idle = matches!(policy.state(), State::Reconnecting { .. } | State::Closed(_));
            // A close without a connection completes at the next wake.
            prop_assert!(connected != idle || policy.state() == State::Closing);
            prop_assert_eq!(policy.wake_at().is_none(), matches!(policy.state(), State::Closed(_)));
            prop_assert_eq!(policy.retries(), connects);
        }
    }
}
