//! What plotters draws on a surface, and what it is refused.

use plotters::chart::ChartBuilder;
use plotters::drawing::IntoDrawingArea;
use plotters::element::Rectangle;
use plotters::series::LineSeries;
use plotters::style::{RED, RGBAColor, ShapeStyle, TextStyle};

use super::{BackendColor, BackendError, DrawingBackend, DrawingErrorKind, Pixels, PixelsBackend};

const HALF: RGBAColor = RGBAColor(255, 0, 0, 0.5);

fn half(stroke_width: u32) -> ShapeStyle {
    ShapeStyle { color: HALF, filled: false, stroke_width }
}

fn inked(pixels: &Pixels) -> Vec<(u32, u32)> {
    let all = (0..pixels.height()).flat_map(|y| (0..pixels.width()).map(move |x| (x, y)));
    all.filter(|&(x, y)| pixels.pixel(x, y).is_some_and(|pixel| pixel[3] > 0)).collect()
}

#[test]
fn plotters_draws_a_series_without_a_mesh() {
    let mut pixels = Pixels::new(100, 50);
    {
        let area = PixelsBackend::new(&mut pixels).into_drawing_area();
        let mut chart = ChartBuilder::on(&area).build_cartesian_2d(0_f64..10.0, 0_f64..1.0).expect("a chart");
        let line = (0..=10).map(|x| (f64::from(x), 0.5));
        chart.draw_series(LineSeries::new(line, half(3))).expect("draws");
        area.present().expect("presents");
    }
    let rows: Vec<_> = inked(&pixels).into_iter().filter(|(x, _)| *x == 50).map(|(_, y)| y).collect();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(rows.iter().all(|y| pixels.pixel(50, *y) == Some([255, 0, 0, 128])));
}

#[test]
fn shapes_cover_their_pixels_once() {
    let shade = Some([255, 0, 0, 128]);
    for (width, count) in [(1, 16), (2, 24), (9, 25)] {
        let mut pixels = Pixels::new(7, 7);
        let area = PixelsBackend::new(&mut pixels).into_drawing_area();
        area.draw(&Rectangle::new([(1, 1), (5, 5)], half(width))).expect("draws");
        drop(area);
        assert_eq!(inked(&pixels).len(), count);
        assert!(inked(&pixels).into_iter().all(|(x, y)| pixels.pixel(x, y) == shade));
    }
    let mut pixels = Pixels::new(7, 7);
    let mut backend = PixelsBackend::new(&mut pixels);
    backend.draw_rect((9, 2), (4, 3), &HALF, true).expect("draws");
    backend.draw_line((1, 6), (1, 4), &HALF).expect("draws");
    backend.draw_pixel((0, 0), BackendColor { alpha: 0.5, rgb: (255, 0, 0) }).expect("draws");
    backend.draw_pixel((-1, 99), BackendColor { alpha: 0.5, rgb: (255, 0, 0) }).expect("draws");
    backend.blit_bitmap((6, 6), (2, 1), &[1, 2, 3, 4, 5, 6]).expect("draws");
    let expected = [(0, 0), (4, 2), (5, 2), (6, 2), (4, 3), (5, 3), (6, 3), (1, 4), (1, 5), (1, 6), (6, 6)];
    assert_eq!(inked(&pixels), expected);
    assert_eq!((pixels.pixel(1, 5), pixels.pixel(6, 6)), (shade, Some([1, 2, 3, 255])));
}

#[test]
fn what_it_cannot_draw_is_named() {
    let mut pixels = Pixels::new(20, 20);
    let mut backend = PixelsBackend::new(&mut pixels);
    let error = backend.blit_bitmap((0, 0), (2, 2), &[0; 5]).expect_err("too short");
    assert!(matches!(error, DrawingErrorKind::DrawingError(BackendError::Bitmap { expected: 12, found: 5 })));
    let style = TextStyle::from(("sans-serif", 11.0));
    let error = backend.draw_text("42", &style, (0, 0)).expect_err("no fonts");
    assert_eq!(
        error.to_string(),
        "Drawing backend error: the surface has no fonts to write \"42\" with; texts go on the canvas layer"
    );
}

#[test]
fn a_surface_without_area_takes_everything_in_silence() {
    let mut pixels = Pixels::new(0, 0);
    let mut backend = PixelsBackend::new(&mut pixels);
    backend.draw_rect((i32::MIN, i32::MIN), (i32::MAX, i32::MAX), &RED, true).expect("draws");
    backend.draw_line((i32::MIN, 0), (i32::MAX, 5), &RED).expect("draws");
    backend.draw_circle((3, 3), 2, &RED, true).expect("draws");
}
