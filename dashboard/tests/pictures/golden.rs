//! Pictures as PNG files, and the tolerance of their comparison.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;

use dashboard::surface::{Color, Pixels};

/// Differences of a channel up to this are ignored: processors round differently.
const CHANNEL_TOLERANCE: u8 = 2;

/// One in this many pixels may differ by more: an edge may be rounded to the other side.
const PIXELS_PER_DIFFERENCE: usize = 1_000;

#[derive(PartialEq, Eq)]
pub(crate) struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<[u8; 3]>,
}

impl Picture {
    /// A surface over a background, as a browser shows it.
    pub(crate) fn of(pixels: &Pixels, background: Color) -> Self {
        let below = [background.r, background.g, background.b];
        let over = |pixel: &[u8; 4]| {
            let alpha = u32::from(pixel[3]);
            let mix = |channel: usize| {
                let (above, below) = (u32::from(pixel[channel]), u32::from(below[channel]));
                ((above * alpha + below * (255 - alpha) + 127) / 255) as u8
            };
            [mix(0), mix(1), mix(2)]
        };
        let rgb = pixels.bytes().as_chunks::<4>().0.iter().map(over).collect();
        Self { width: pixels.width(), height: pixels.height(), rgb }
    }

    fn read(path: &PathBuf) -> Option<Self> {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path).ok()?)).read_info().ok()?;
        let mut bytes = vec![0; reader.output_buffer_size()?];
        let info = reader.next_frame(&mut bytes).ok()?;
        let is_rgb = (info.color_type, info.bit_depth) == (png::ColorType::Rgb, png::BitDepth::Eight);
        let rgb = bytes[..info.buffer_size()].as_chunks::<3>().0.to_vec();
        is_rgb.then_some(Self { width: info.width, height: info.height, rgb })
    }

    fn write(&self, path: &PathBuf) {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        let mut encoder = png::Encoder::new(File::create(path).expect("creates"), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header().expect("writes");
        writer.write_image_data(self.rgb.as_flattened()).expect("writes");
    }

    /// The differences: the brighter, the larger.
    fn difference(&self, other: &Self) -> Self {
        let apart =
            |(a, b): (&[u8; 3], &[u8; 3])| [0, 1, 2].map(|channel| a[channel].abs_diff(b[channel]).saturating_mul(16));
        Self { rgb: self.rgb.iter().zip(&other.rgb).map(apart).collect(), ..*self }
    }

    /// The number of pixels that differ by more than the tolerance.
    fn different(&self, other: &Self) -> usize {
        let far = |(a, b): &(&[u8; 3], &[u8; 3])| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > CHANNEL_TOLERANCE);
        self.rgb.iter().zip(&other.rgb).filter(far).count()
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/pictures/golden")
}

/// The names of all golden pictures.
pub(crate) fn names() -> BTreeSet<String> {
    let files = std::fs::read_dir(folder()).expect("reads");
    files.map(|file| file.expect("reads").file_name().into_string().expect("UTF-8")).collect()
}

/// Compares a picture with the golden one of its name, or overwrites that if `KYMOGRAPH_BLESS` is set.
pub(crate) fn compare(name: &str, actual: &Picture) -> Result<(), String> {
    let path = folder().join(name);
    let golden = Picture::read(&path);
    let is_like = |golden: &Picture| {
        (golden.width, golden.height) == (actual.width, actual.height)
            && actual.different(golden) * PIXELS_PER_DIFFERENCE <= actual.rgb.len()
    };
    if golden.as_ref().is_some_and(is_like) {
        return Ok(());
    }
    if std::env::var_os("KYMOGRAPH_BLESS").is_some() {
        actual.write(&path);
        return Ok(());
    }
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    let (actual_path, difference_path) = (out.join(format!("actual-{name}")), out.join(format!("difference-{name}")));
    actual.write(&actual_path);
    let what = match &golden {
        None => "the golden picture is missing".to_owned(),
        Some(golden) if (golden.width, golden.height) != (actual.width, actual.height) => {
            format!("found {}x{}, expected {}x{}", actual.width, actual.height, golden.width, golden.height)
        }
        Some(golden) => {
            actual.difference(golden).write(&difference_path);
            let count = actual.different(golden);
            format!("{count} of {} pixels differ; see {}", actual.rgb.len(), difference_path.display())
        }
    };
    Err(format!("{name}: {what}. Drawn: {}. Set KYMOGRAPH_BLESS=1 to make it the golden one.", actual_path.display()))
}

#[test]
fn a_changed_pixel_counts_and_rounding_does_not() {
    let picture = |last: [u8; 3]| {
        let mut rgb = vec![[9; 3]; 3];
        rgb.push(last);
        Picture { width: 2, height: 2, rgb }
    };
    assert_eq!(picture([9, 9, 9]).different(&picture([9, 11, 7])), 0);
    assert_eq!(picture([9, 9, 9]).different(&picture([9, 12, 9])), 1);
}
