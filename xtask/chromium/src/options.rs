//! How a browser is started, and what its pages see of the machine.

use std::path::PathBuf;

/// How a browser is started. Viewport and colour scheme are those of each new page.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchOptions {
    /// The browser.
    pub path: PathBuf,
    /// What a page sees of the screen.
    pub viewport: Viewport,
    /// What a page is told that its reader prefers.
    pub color_scheme: ColorScheme,
}

/// What a page sees of a screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// Device pixels a CSS pixel.
    pub device_scale_factor: f64,
    /// What kind of screen it is.
    pub device: Device,
}

/// A kind of screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// A window, with a mouse.
    #[default]
    Desktop,
    /// A telephone: honours the page's viewport `<meta>`, overlays its scroll bars, and is touched.
    Mobile,
}

/// `prefers-color-scheme`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorScheme {
    /// Dark on light.
    #[default]
    Light,
    /// Light on dark.
    Dark,
}

impl LaunchOptions {
    /// A browser with a desktop's window of 1280 by 800 at scale 1, and a light scheme.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), viewport: Viewport::default(), color_scheme: ColorScheme::default() }
    }
}

impl Default for Viewport {
    fn default() -> Self {
        Self { width: 1280, height: 800, device_scale_factor: 1.0, device: Device::Desktop }
    }
}

impl ColorScheme {
    /// As CSS spells it.
    pub(super) fn css(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
