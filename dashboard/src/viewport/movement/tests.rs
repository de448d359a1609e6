use proptest::prelude::*;

use super::*;

const MINUTE: Interval = Interval::from_secs(60);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn secs(seconds: u64) -> Interval {
    Interval::from_secs(seconds)
}

/// A live minute at 1,000 s, with a history since 100 s.
fn viewport() -> Viewport {
    let mut viewport = Viewport::live(MINUTE);
    viewport.follow(at(1_000));
    viewport.set_oldest(at(100));
    viewport
}

fn fixed_view(from: i64, to: i64) -> View {
    View::Fixed { from: at(from), to: at(to) }
}

#[test]
fn a_held_view_stays_until_it_is_live_again() {
    let mut viewport = viewport();
    viewport.toggle_hold();
    viewport.follow(at(1_042));
    assert_eq!((viewport.view(), viewport.behind()), (fixed_view(940, 1_000), secs(42)));
    viewport.toggle_hold();
    viewport.follow(at(1_043));
    assert_eq!((viewport.right(), viewport.motion()), (at(1_043), Motion::Live));
}

#[test]
fn a_live_view_stays_live_when_it_is_zoomed_and_has_at_least_a_second() {
    let mut viewport = viewport();
    viewport.zoom(0.5, 0.1);
    assert_eq!(viewport.view(), View::Live { span: secs(30) });
    viewport.zoom(1e-9, 0.5);
    assert_eq!(viewport.view(), View::Live { span: secs(1) });
    viewport.zoom(1e12, 0.5);
    assert_eq!(viewport.view(), View::Live { span: secs(86_400) });
}

#[test]
fn a_fixed_view_is_zoomed_about_the_pointer() {
    let mut viewport = viewport();
    viewport.show(at(400)..at(500));
    let before = viewport.time_at(0.25);
    viewport.zoom(0.5, 0.25);
    assert_eq!((viewport.time_at(0.25), viewport.span()), (before, secs(50)));
    assert_eq!(
        viewport.view(),
        View::Fixed { from: Timestamp::from_micros(412_500_000), to: Timestamp::from_micros(462_500_000) }
    );
}

#[test]
fn a_pan_ends_at_the_oldest_time_and_at_the_newest_where_the_view_is_live_again() {
    let mut viewport = viewport();
    viewport.pan(-0.5);
    assert_eq!(viewport.view(), fixed_view(910, 970));
    viewport.pan(-100.0);
    assert_eq!(viewport.view(), fixed_view(100, 160));
    viewport.settle();
    assert!(viewport.is_fixed(), "not at the newest time");
    viewport.pan(100.0);
    assert_eq!(viewport.view(), fixed_view(940, 1_000), "live only when the hand lets go");
    viewport.follow(at(1_002));
    viewport.settle();
    assert_eq!(viewport.view(), View::Live { span: MINUTE });
}

#[test]
fn a_view_that_is_longer_than_the_history_keeps_its_span_when_it_is_panned() {
    let mut viewport = Viewport::live(secs(3_600));
    viewport.follow(at(1_000));
    viewport.set_oldest(at(100));
    viewport.pan(-0.5);
    assert_eq!(viewport.view(), fixed_view(-2_600, 1_000));
}

#[test]
fn a_view_of_a_link_that_lies_in_the_future_ends_now() {
    let mut viewport = Viewport::fixed(MINUTE, at(99_999));
    viewport.follow(Timestamp::default());
    assert_eq!(viewport.right(), at(99_999), "the time is not known yet");
    viewport.follow(at(1_000));
    assert_eq!(viewport.view(), fixed_view(940, 1_000));
}

#[test]
fn a_fixed_view_returns_to_the_live_span_before_it() {
    let mut viewport = viewport();
    viewport.show(at(400)..at(401));
    viewport.zoom(0.01, 0.5);
    viewport.go_live();
    assert_eq!(viewport.view(), View::Live { span: MINUTE });
}

#[test]
fn turns_of_a_wheel_are_one_step_of_undo_and_later_ones_another() {
    let mut viewport = viewport();
    let start = viewport.view();
    (0..10).for_each(|_| viewport.zoom(0.9, 0.5));
    let zoomed = viewport.view();
    viewport.follow(at(1_005));
    viewport.zoom(0.5, 0.5);
    viewport.undo();
    assert_eq!(viewport.view(), zoomed);
    viewport.undo();
    assert_eq!(viewport.view(), start);
    viewport.undo();
    assert_eq!(viewport.view(), start, "there is none before");
    viewport.redo();
    assert_eq!(viewport.view(), zoomed);
    viewport.step_out();
    let stepped = viewport.view();
    viewport.redo();
    assert_eq!(viewport.view(), stepped, "a new view has none after it");
}

#[test]
fn a_gesture_after_undo_is_a_step_of_its_own() {
    let mut viewport = viewport();
    viewport.hold();
    let held = viewport.view();
    viewport.pan(-0.25);
    viewport.follow(at(1_002));
    viewport.pan(-0.25);
    viewport.undo();
    let once = viewport.view();
    viewport.pan(-0.25);
    viewport.undo();
    assert_eq!(viewport.view(), once);
    viewport.undo();
    assert_eq!(viewport.view(), held);
}

#[test]
fn a_live_view_has_nothing_later() {
    let mut viewport = viewport();
    viewport.pan(0.25);
    viewport.settle();
    viewport.undo();
    assert_eq!(viewport.view(), View::Live { span: MINUTE });
}

#[test]
fn the_oldest_of_more_than_fifty_views_are_forgotten() {
    let mut viewport = viewport();
    for step in 0..60 {
        viewport.show(at(200 + step)..at(300 + step));
    }
    (0..100).for_each(|_| viewport.undo());
    assert_eq!(viewport.view(), fixed_view(209, 309));
}

#[test]
fn keys_step_through_round_spans_about_the_centre() {
    let mut viewport = viewport();
    viewport.show(at(400)..at(460));
    viewport.step_in();
    assert_eq!(viewport.view(), fixed_view(415, 445));
    viewport.step_out();
    viewport.step_out();
    assert_eq!(viewport.view(), fixed_view(370, 490));
    viewport.zoom_out();
    assert_eq!(viewport.view(), fixed_view(310, 550));
}

#[test]
fn a_view_that_is_dragged_close_to_the_newest_time_is_live_when_the_hand_lets_go() {
    let mut viewport = viewport();
    viewport.drag_to(at(300)..at(600), secs(5));
    viewport.settle();
    assert_eq!(viewport.view(), fixed_view(300, 600));
    viewport.drag_to(at(896)..at(996), secs(5));
    viewport.settle();
    assert_eq!(viewport.view(), View::Live { span: secs(100) });
}

#[test]
fn a_chosen_span_that_is_too_long_for_a_live_view_is_fixed() {
    let mut viewport = Viewport::live(MINUTE);
    viewport.follow(at(10_000_000));
    viewport.set_span(secs(604_800));
    assert_eq!(viewport.view(), fixed_view(10_000_000 - 604_800, 10_000_000));
}

#[test]
fn everything_is_shown_from_the_oldest_time_on() {
    let mut viewport = viewport();
    viewport.show_all();
    assert_eq!(viewport.view(), fixed_view(100, 1_000));
    let mut of_unknown_history = Viewport::live(MINUTE);
    of_unknown_history.follow(at(10_000_000));
    of_unknown_history.show_all();
    assert_eq!((of_unknown_history.right(), of_unknown_history.span()), (at(10_000_000), LONGEST_FIXED));
}

#[test]
fn a_time_has_a_place_in_the_width() {
    let viewport = viewport();
    assert_eq!(viewport.shown(), at(940)..at(1_000));
    assert_eq!([0.0, 0.75, 1.0].map(|fraction| viewport.time_at(fraction)), [at(940), at(985), at(1_000)]);
    let places = [at(940), at(985), at(1_015)].map(|time| (100.0 * viewport.fraction_of(time)) as i64);
    assert_eq!(places, [0, 75, 125]);
}

#[derive(Clone, Debug)]
enum Hand {
    Hold,
    Live,
    Zoom(f64, f64),
    Pan(f64),
    Settle,
    Show(i64, i64),
    In,
    Out,
    All,
    Undo,
    Redo,
    Wait(i64),
}

fn hand() -> impl Strategy<Value = Hand> {
    prop_oneof![
        Just(Hand::Hold),
        Just(Hand::Live),
        (any::<f64>(), 0.0..1.0).prop_map(|(factor, at)| Hand::Zoom(factor, at)),
        (0.1..10.0, 0.0..1.0).prop_map(|(factor, at)| Hand::Zoom(factor, at)),
        (-2.0..2.0).prop_map(Hand::Pan),
        Just(Hand::Settle),
        (-500_i64..3_000, -500_i64..3_000).prop_map(|(from, to)| Hand::Show(from, to)),
        Just(Hand::In),
        Just(Hand::Out),
        Just(Hand::All),
        Just(Hand::Undo),
        Just(Hand::Redo),
        (0_i64..100).prop_map(Hand::Wait),
    ]
}

proptest! {
    #[test]
    fn no_gesture_shows_the_future_or_a_span_out_of_range(hands in prop::collection::vec(hand(), 0..40)) {
        let mut viewport = viewport();
        let mut now = 1_000;
        for hand in hands {
            let before = viewport.view();
            match hand.clone() {
                Hand::Hold => viewport.hold(),
                Hand::Live => viewport.go_live(),
                Hand::Zoom(factor, at) => viewport.zoom(factor, at),
                Hand::Pan(fraction) => viewport.pan(fraction),
                Hand::Settle => viewport.settle(),
                Hand::Show(from, to) => viewport.show(at(from)..at(to)),
                Hand::In => viewport.step_in(),
                Hand::Out => viewport.step_out(),
                Hand::All => viewport.show_all(),
                Hand::Undo => viewport.undo(),
                Hand::Redo => viewport.redo(),
                Hand::Wait(seconds) => {
                    now += seconds;
                    viewport.follow(at(now));
                    prop_assert_eq!(viewport.view(), before, "time moves no view");
                }
            }
            let shown = viewport.shown();
            prop_assert!(shown.end <= at(now), "{:?}", shown);
            prop_assert!((SHORTEST_FIXED..=LONGEST_FIXED).contains(&viewport.span()));
            if matches!(hand, Hand::Show(..) | Hand::All) {
                prop_assert!(shown.start >= at(100), "{:?}", shown);
            }
        }
    }
}
