//! Options of a browser: which one, and the screen, colour scheme and certificates of its pages.

use std::fmt;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// All but the path apply to each new page.
#[derive(Clone, Debug, PartialEq)]
pub struct LaunchOptions {
    pub engine: Engine,
    pub path: PathBuf,
    pub viewport: Viewport,
    pub color_scheme: ColorScheme,
    pub certificates: Certificates,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Chromium, Chrome, or another browser with Chrome's debugging protocol.
    Chromium,
    Firefox,
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
    /// Honours the page's viewport `<meta>`, overlays its scroll bars, and has a touch screen. Chromium only.
    Mobile,
}

/// The value of `prefers-color-scheme`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorScheme {
    #[default]
    Light,
    Dark,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Certificates {
    #[default]
    Verified,
    /// A self-signed certificate is accepted too.
    Any,
}

impl Engine {
    /// The environment variable that names the program.
    fn variable(self) -> &'static str {
        match self {
            Self::Chromium => "KYMOGRAPH_CHROMIUM",
            Self::Firefox => "KYMOGRAPH_FIREFOX",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
        })
    }
}

impl LaunchOptions {
    /// A desktop window of 1280 by 800 at scale 1, the light scheme, and verified certificates.
    pub fn new(engine: Engine, path: impl Into<PathBuf>) -> Self {
        Self {
            engine,
            path: path.into(),
            viewport: Viewport::default(),
            color_scheme: ColorScheme::default(),
            certificates: Certificates::default(),
        }
    }

    /// The browser that `KYMOGRAPH_CHROMIUM` or `KYMOGRAPH_FIREFOX` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_environment(engine: Engine) -> Result<Self> {
        let variable = engine.variable();
        let path = std::env::var_os(variable);
        let path = path.with_context(|| format!("{variable} is not set: `cargo xtask test` sets it to a browser"))?;
        Ok(Self::new(engine, path))
    }
}

impl Default for Viewport {
    fn default() -> Self {
        Self { width: 1280, height: 800, device_scale_factor: 1.0, device: Device::Desktop }
    }
}

impl ColorScheme {
    pub(crate) fn css(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
