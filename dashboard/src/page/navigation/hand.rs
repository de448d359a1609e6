//! Gestures on a chart: which movements of pointers select, pan or zoom. No DOM.
//!
//! | pointer | does |
//! | --- | --- |
//! | mouse: drag | selects a span |
//! | mouse: drag with Shift, with the middle button, or on the time axis | pans |
//! | one finger | pans; the browser scrolls the page if the finger moves up or down |
//! | two fingers | zoom and pan |
//!
//! [`gestures`](super::gestures) adds the wheel and the double click.

use crate::page::plot_place::Place;

/// A pointer that moved less has clicked.
const CLICK_PX: f64 = 4.0;

/// What a pressed pointer does when it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grip {
    Select,
    Pan,
    Finger,
}

/// What the view shall do. Fractions are of the width of the plot: 0 is its left end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Act {
    /// A span is being selected.
    Select { from: f64, to: f64 },
    /// The selection is complete.
    Selected,
    /// Move by a part of the width, to later times if positive.
    Pan { by: f64 },
    /// The pan has ended.
    Panned,
    /// Multiply the span; the time at `at` stays.
    Zoom { factor: f64, at: f64 },
    /// A gesture was broken off: drop the selection that it began.
    BrokenOff,
    /// Show twice the span.
    ZoomOut,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Pointer {
    id: i32,
    place: Place,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum State {
    #[default]
    Idle,
    Pressed(Pointer, Grip),
    Selecting(Pointer),
    Panning(Pointer),
    Pinching([Pointer; 2]),
}

/// The pointers on one plot.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hand {
    state: State,
    /// The width of the plot.
    width: f64,
}

impl Hand {
    pub(super) fn is_idle(&self) -> bool {
        self.state == State::Idle
    }

    /// A pointer is pressed on a plot of this width. Returns true if it belongs to a gesture.
    pub(super) fn press(&mut self, id: i32, place: Place, grip: Grip, width: f64) -> bool {
        let pointer = Pointer { id, place };
        self.state = match (self.state, grip) {
            (State::Pressed(first, Grip::Finger) | State::Panning(first), Grip::Finger) if first.id != id => {
                State::Pinching([first, pointer])
            }
            (State::Idle, _) => State::Pressed(pointer, grip),
            _ => return false,
        };
        self.width = width.max(1.0);
        true
    }

    pub(super) fn move_to(&mut self, id: i32, place: Place) -> Vec<Act> {
        match self.state {
            State::Pressed(start, grip) if start.id == id => {
                let (dx, dy) = (place.x - start.place.x, place.y - start.place.y);
                if dx.hypot(dy) < CLICK_PX {
                    return Vec::new();
                }
                self.state = if grip == Grip::Select { State::Selecting(start) } else { State::Panning(start) };
                self.move_to(id, place)
            }
            State::Selecting(start) if start.id == id => {
                vec![Act::Select { from: self.fraction(start.place.x), to: self.fraction(place.x) }]
            }
            State::Panning(last) if last.id == id => {
                self.state = State::Panning(Pointer { id, place });
                vec![Act::Pan { by: (last.place.x - place.x) / self.width }]
            }
            State::Pinching(mut pair) if pair.iter().any(|pointer| pointer.id == id) => {
                let before = pair;
                for pointer in pair.iter_mut().filter(|pointer| pointer.id == id) {
                    pointer.place = place;
                }
                self.state = State::Pinching(pair);
                let middle = |pair: &[Pointer; 2]| f64::midpoint(pair[0].place.x, pair[1].place.x);
                let apart = |[a, b]: &[Pointer; 2]| (a.place.x - b.place.x).hypot(a.place.y - b.place.y).max(1.0);
                vec![
                    Act::Pan { by: (middle(&before) - middle(&pair)) / self.width },
                    Act::Zoom { factor: apart(&before) / apart(&pair), at: self.fraction(middle(&pair)) },
                ]
            }
            _ => Vec::new(),
        }
    }

    /// A pointer is released.
    pub(super) fn release(&mut self, id: i32) -> Option<Act> {
        match self.state {
            State::Pressed(pointer, _) if pointer.id == id => {
                self.state = State::Idle;
                None
            }
            State::Selecting(pointer) if pointer.id == id => {
                self.state = State::Idle;
                Some(Act::Selected)
            }
            State::Panning(pointer) if pointer.id == id => {
                self.state = State::Idle;
                Some(Act::Panned)
            }
            State::Pinching([a, b]) if a.id == id || b.id == id => {
                // The other finger pans on.
                self.state = State::Panning(if a.id == id { b } else { a });
                None
            }
            _ => None,
        }
    }

    /// The browser has taken a pointer away, as when it scrolls the page.
    pub(super) fn cancel(&mut self, id: i32) -> Option<Act> {
        self.release(id).map(|act| if act == Act::Selected { Act::BrokenOff } else { act })
    }

    fn fraction(&self, x: f64) -> f64 {
        (x / self.width).clamp(0.0, 1.0)
    }
}

/// A turn of the wheel by `delta` CSS pixels: three notches of 100 pixels zoom by about two. At most twice an event.
pub(super) fn wheel_factor(delta: f64) -> f64 {
    (4.0_f64 / 3.0).powf(delta / 100.0).clamp(0.5, 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: f64 = 400.0;

    fn at(x: f64) -> Place {
        Place { x, y: 50.0 }
    }

    fn pressed(id: i32, x: f64, grip: Grip) -> Hand {
        let mut hand = Hand::default();
        assert!(hand.press(id, at(x), grip, WIDTH));
        hand
    }

    #[test]
    fn a_drag_selects_and_a_click_does_not() {
        let mut hand = pressed(1, 100.0, Grip::Select);
        assert_eq!(hand.move_to(1, at(102.0)), []);
        assert_eq!(hand.release(1), None);
        let mut hand = pressed(1, 100.0, Grip::Select);
        assert_eq!(hand.move_to(1, at(200.0)), [Act::Select { from: 0.25, to: 0.5 }]);
        assert_eq!(hand.move_to(1, at(-900.0)), [Act::Select { from: 0.25, to: 0.0 }], "it ends at the plot's end");
        assert_eq!(hand.release(1), Some(Act::Selected));
    }

    #[test]
    fn a_pan_follows_the_pointer() {
        let mut hand = pressed(1, 100.0, Grip::Pan);
        assert_eq!(hand.move_to(1, at(180.0)), [Act::Pan { by: -0.2 }]);
        assert_eq!(hand.move_to(1, at(140.0)), [Act::Pan { by: 0.1 }]);
        assert_eq!(hand.release(1), Some(Act::Panned));
    }

    #[test]
    fn two_fingers_zoom_about_their_middle_and_one_that_stays_pans() {
        let mut hand = pressed(1, 100.0, Grip::Finger);
        assert!(hand.press(2, at(200.0), Grip::Finger, WIDTH));
        assert_eq!(
            hand.move_to(2, at(300.0)),
            [Act::Pan { by: -0.125 }, Act::Zoom { factor: 0.5, at: 0.5 }],
            "the middle has moved to the right"
        );
        assert_eq!(hand.release(1), None);
        assert_eq!(hand.move_to(2, at(260.0)), [Act::Pan { by: 0.1 }]);
        assert_eq!(hand.release(2), Some(Act::Panned));
    }

    #[test]
    fn a_second_mouse_button_or_a_third_finger_begins_nothing() {
        let mut hand = pressed(1, 100.0, Grip::Select);
        assert!(!hand.press(1, at(100.0), Grip::Pan, WIDTH));
        let mut hand = pressed(1, 100.0, Grip::Finger);
        assert!(hand.press(2, at(200.0), Grip::Finger, WIDTH));
        assert!(!hand.press(3, at(300.0), Grip::Finger, WIDTH));
        assert_eq!(hand.move_to(3, at(0.0)), []);
        assert_eq!(hand.release(3), None);
    }

    #[test]
    fn a_selection_that_is_taken_away_is_broken_off() {
        let mut hand = pressed(1, 100.0, Grip::Select);
        hand.move_to(1, at(200.0));
        assert_eq!(hand.cancel(1), Some(Act::BrokenOff));
        assert_eq!(hand.cancel(1), None);
    }

    #[test]
    fn the_wheel_zooms_by_a_quarter_a_notch_and_never_by_more_than_two() {
        assert!((wheel_factor(-100.0) - 0.75).abs() < 1e-9);
        assert_eq!((wheel_factor(0.0), wheel_factor(1e9), wheel_factor(-1e9)), (1.0, 2.0, 0.5));
    }
}
