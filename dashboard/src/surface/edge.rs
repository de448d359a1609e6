//! A straight edge, and its depth in each row in closed form.

/// A straight edge through a strip, clamped to two heights.
///
/// The clamp keeps a steep line between its own samples, and joins it to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The edge before the clamp: its higher end, and the distance down to the other one. Left and right do not
    /// affect the area.
    upper: f32,
    run: f32,
    /// The ends after the clamp, the higher one first.
    ends: (f32, f32),
    /// The edge is never above the first, nor below the second; y grows downwards.
    limits: (f32, f32),
}

impl Edge {
    pub fn level(y: f32) -> Self {
        Self { upper: y, run: 0.0, ends: (y, y), limits: (f32::NEG_INFINITY, f32::INFINITY) }
    }

    /// An edge from one height to another.
    pub fn straight(from: f32, to: f32) -> Self {
        let ends = (min(from, to), max(from, to));
        Self { upper: ends.0, run: ends.1 - ends.0, ends, limits: (f32::NEG_INFINITY, f32::INFINITY) }
    }

    /// The edge, clamped to be never above the first and never below the second height. If these are in the wrong order,
    /// only the second applies.
    #[must_use]
    pub fn held(self, highest: f32, lowest: f32) -> Self {
        let limits = (min(highest, lowest), lowest);
        let hold = |y: f32| min(max(y, limits.0), limits.1);
        Self { limits, ends: (hold(self.upper), hold(self.upper + self.run)), ..self }
    }

    pub fn top(&self) -> f32 {
        self.ends.0
    }

    pub fn bottom(&self) -> f32 {
        self.ends.1
    }

    /// Returns true if both ends are at the same height.
    pub fn is_level(&self) -> bool {
        self.ends.0 >= self.ends.1
    }

    /// The edge, prepared for the rows of a surface of this height.
    pub fn depth(&self, height: f32) -> Depth {
        // An edge that rises by less than 1/10,000 of a pixel is level.
        let scale = if self.run > 1e-4 { 0.5 / self.run } else { 0.0 };
        let on_surface = |y: f32| min(max(y, 0.0), height);
        let limits = (on_surface(self.limits.0), on_surface(self.limits.1));
        let mut depth = Depth { upper: self.upper, run: self.run, scale, limits, cut: 0.0 };
        depth.cut = depth.unheld_below(limits.1);
        depth
    }
}

/// An edge, prepared for integration: its area in a row is the difference of two depths.
#[derive(Clone, Copy, Debug)]
pub struct Depth {
    upper: f32,
    run: f32,
    scale: f32,
    limits: (f32, f32),
    /// The depth below the lower limit.
    cut: f32,
}

impl Depth {
    /// The mean depth of the edge below `y` over the strip; zero where it is above `y`.
    ///
    /// Hot: twice for each pixel on the edge of a line.
    #[inline]
    pub fn below(&self, y: f32) -> f32 {
        self.unheld_below(min(max(y, self.limits.0), self.limits.1)) - self.cut + max(self.limits.0 - y, 0.0)
    }

    /// [`below`](Self::below) without clamp: a triangle from the point where the edge crosses `y`, and a rectangle above.
    fn unheld_below(&self, y: f32) -> f32 {
        let over = self.upper - y;
        let triangle = min(max(over + self.run, 0.0), self.run);
        triangle * triangle * self.scale + max(over, 0.0)
    }
}

/// A single instruction, as is [`max`]; `f32::min` takes several to handle NaN, which does not occur here.
pub(super) fn min(a: f32, b: f32) -> f32 {
    if a < b { a } else { b }
}

pub(super) fn max(a: f32, b: f32) -> f32 {
    if a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The means of an edge in the first three rows.
    fn means(edge: Edge) -> [f32; 3] {
        let depth = edge.depth(3.0);
        [0.0, 1.0, 2.0].map(|y| depth.below(y) - depth.below(y + 1.0))
    }

    fn assert_means(edge: Edge, expected: [f32; 3]) {
        for (mean, expected) in means(edge).into_iter().zip(expected) {
            assert!((mean - expected).abs() < 1e-6, "{mean} for {expected}: {edge:?}");
        }
    }

    #[test]
    fn a_level_edge_fills_the_area_above_it() {
        assert_means(Edge::level(1.25), [1.0, 0.25, 0.0]);
        assert_means(Edge::level(-4.0), [0.0; 3]);
        assert_means(Edge::level(9.0), [1.0; 3]);
    }

    #[test]
    fn rising_and_falling_slopes_fill_by_area() {
        assert_means(Edge::straight(0.0, 2.0), [0.75, 0.25, 0.0]);
        assert_means(Edge::straight(2.0, 0.0), [0.75, 0.25, 0.0]);
        assert_means(Edge::straight(-1.0, 1.0), [0.25, 0.0, 0.0]);
    }

    #[test]
    fn limits_clamp_an_edge() {
        // A quarter of the strip is held at 1, a half at 2.
        assert_means(Edge::straight(0.0, 4.0).held(1.0, 2.0), [1.0, 0.625, 0.0]);
        assert_means(Edge::straight(0.0, 4.0).held(9.0, 1.0), [1.0, 0.0, 0.0]);
    }
}
