//! A picture of a page, for the documentation or for a look at what was just built.

use std::path::PathBuf;

use anyhow::Result;

use crate::chromium::{Browser, ColorScheme, Device, LaunchOptions, Viewport};
use crate::setup;
use crate::workspace::heading;

/// What to take a picture of.
#[derive(Clone, Debug, clap::Args)]
pub struct Screenshot {
    /// The page.
    #[arg(long)]
    pub url: String,
    /// The PNG file to write.
    #[arg(long)]
    pub out: PathBuf,
    /// Width in CSS pixels.
    #[arg(long, default_value_t = 1280)]
    pub width: u32,
    /// Height in CSS pixels.
    #[arg(long, default_value_t = 800)]
    pub height: u32,
    /// Device pixels a CSS pixel.
    #[arg(long, default_value_t = 1.0)]
    pub scale: f64,
    /// What the page is told that its reader prefers.
    #[arg(long, value_enum, default_value_t = ColorScheme::Dark)]
    pub theme: ColorScheme,
    /// Wait until this JavaScript is true.
    #[arg(long, default_value = "document.readyState === 'complete'")]
    pub wait: String,
}

/// Takes the picture; what the page wrote to its console is printed.
///
/// # Errors
/// When there is no browser, or the page never becomes ready.
pub fn screenshot(wanted: &Screenshot) -> Result<()> {
    let options = LaunchOptions {
        viewport: Viewport {
            width: wanted.width,
            height: wanted.height,
            device_scale_factor: wanted.scale,
            device: Device::Desktop,
        },
        color_scheme: wanted.theme,
        ..LaunchOptions::new(setup::browser()?)
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let browser = Browser::launch(&options).await?;
        let page = browser.page(&wanted.url).await?;
        let ready = page.wait_for(&wanted.wait, "the page to be ready").await;
        for message in page.console() {
            eprintln!("    console: {message}");
        }
        ready?;
        page.screenshot(&wanted.out).await
    })?;
    heading(&format!("wrote {}", wanted.out.display()));
    Ok(())
}
