//! What a pointer does on the overview: it moves the window, one of its edges, or draws a new one. No DOM.

/// An edge is taken within this distance, in CSS pixels: its handle is 24 wide.
const EDGE_PX: f64 = 12.0;

/// A pointer that moved less has clicked.
const CLICK_PX: f64 = 4.0;

/// Two places, as fractions of the width.
pub(super) type Part = (f64, f64);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Grip {
    From,
    To,
    Window,
    Outside,
}

/// A pointer that is pressed on the overview.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OverviewGrip {
    grip: Grip,
    /// Where it was pressed, in CSS pixels.
    start: f64,
    window: Part,
    width: f64,
    has_moved: bool,
}

impl OverviewGrip {
    /// Presses at `x` on an overview of this width, which shows a window.
    pub(super) fn press(x: f64, window: Part, width: f64) -> Self {
        let width = width.max(1.0);
        let (from, to) = (window.0 * width, window.1 * width);
        let (to_from, to_to) = ((x - from).abs(), (x - to).abs());
        // In the middle of a narrow window, the window itself is taken.
        let edge = EDGE_PX.min((to - from) / 4.0).max(if (from..=to).contains(&x) { 0.0 } else { EDGE_PX });
        let grip = match x {
            _ if to_from <= edge && to_from <= to_to => Grip::From,
            _ if to_to <= edge => Grip::To,
            _ if (from..=to).contains(&x) => Grip::Window,
            _ => Grip::Outside,
        };
        Self { grip, start: x, window, width, has_moved: false }
    }

    /// The window for a pointer at `x`; `None` if it has not moved yet.
    pub(super) fn move_to(&mut self, x: f64) -> Option<Part> {
        self.has_moved |= (x - self.start).abs() >= CLICK_PX;
        if !self.has_moved {
            return None;
        }
        let by = (x - self.start) / self.width;
        let (from, to) = self.window;
        let ordered = |a: f64, b: f64| (a.min(b).clamp(0.0, 1.0), a.max(b).clamp(0.0, 1.0));
        Some(match self.grip {
            Grip::From => ordered(from + by, to),
            Grip::To => ordered(from, to + by),
            Grip::Window => {
                let by = by.clamp((-from).min(0.0), (1.0 - to).max(0.0));
                (from + by, to + by)
            }
            Grip::Outside => ordered(self.start / self.width, x / self.width),
        })
    }

    /// The window after a click outside of it: of the same length, about the pointer.
    pub(super) fn release(&self) -> Option<Part> {
        if self.has_moved || self.grip != Grip::Outside {
            return None;
        }
        let length = (self.window.1 - self.window.0).min(1.0);
        let from = (self.start / self.width - length / 2.0).clamp(0.0, 1.0 - length);
        Some((from, from + length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: f64 = 1_000.0;
    const WINDOW: Part = (0.5, 0.75);

    fn dragged(from: f64, to: f64) -> Option<Part> {
        OverviewGrip::press(from, WINDOW, WIDTH).move_to(to)
    }

    #[test]
    fn a_drag_moves_the_window_its_edges_or_draws_a_new_one() {
        assert_eq!(dragged(600.0, 500.0), Some((0.4, 0.65)));
        assert_eq!(dragged(600.0, 1_600.0), Some((0.75, 1.0)), "it stays within the history");
        assert_eq!(dragged(505.0, 405.0), Some((0.4, 0.75)));
        assert_eq!(dragged(755.0, 855.0), Some((0.5, 0.85)));
        assert_eq!(dragged(495.0, 895.0), Some((0.75, 0.9)), "an edge beyond the other one");
        assert_eq!(dragged(100.0, 300.0), Some((0.1, 0.3)));
        assert_eq!(dragged(300.0, -300.0), Some((0.0, 0.3)));
    }

    #[test]
    fn a_click_beside_the_window_moves_it_there_and_one_in_it_does_nothing() {
        let clicked = |x| OverviewGrip::press(x, WINDOW, WIDTH).release();
        assert_eq!(clicked(225.0), Some((0.1, 0.35)));
        assert_eq!(clicked(10.0), Some((0.0, 0.25)));
        assert_eq!(clicked(600.0), None);
        assert_eq!(dragged(600.0, 602.0), None);
    }

    #[test]
    fn a_window_of_a_pixel_can_be_moved() {
        let mut grip = OverviewGrip::press(990.5, (0.99, 0.991), WIDTH);
        assert_eq!(grip.move_to(490.5), Some((0.49, 0.491)));
    }
}
