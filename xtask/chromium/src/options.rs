//! Options of a browser: its path, and the screen and colour scheme of its pages.

use std::path::PathBuf;

/// Viewport and colour scheme apply to each new page.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchOptions {
    pub path: PathBuf,
    pub viewport: Viewport,
    pub color_scheme: ColorScheme,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// In CSS pixels, as is the height.
    pub width: u32,
    pub height: u32,
    /// Device pixels a CSS pixel.
    pub device_scale_factor: f64,
    pub device: Device,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// A window, with a mouse.
    #[default]
    Desktop,
    /// Honours the page's viewport `<meta>`, overlays its scroll bars, and has a touch screen.
    Mobile,
}

/// The value of `prefers-color-scheme`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorScheme {
    #[default]
    Light,
    Dark,
}

impl LaunchOptions {
    /// A desktop window of 1280 by 800 at scale 1, and the light scheme.
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
    pub(super) fn css(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
