//! Takes a picture of a page: `cargo xtask screenshot` starts it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;

use browsers::{Browser, ColorScheme, Device, Engine, LaunchOptions, Viewport};

/// Take a picture of a page in headless Chromium.
/// Kymograph's page has drawn; another page is loaded.
const READY: &str = "window.kymograph ? kymograph.stats().samples > 0 && kymograph.stats().walls > 10 : document.readyState === 'complete'";

#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask screenshot --")]
struct Screenshot {
    #[arg(long)]
    url: String,
    /// The PNG file to write.
    #[arg(long)]
    out: PathBuf,
    /// Width in CSS pixels.
    #[arg(long, default_value_t = 1280)]
    width: u32,
    /// Height in CSS pixels.
    #[arg(long, default_value_t = 800)]
    height: u32,
    /// Device pixels a CSS pixel.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// The colour scheme that the page is asked for.
    #[arg(long, value_enum, default_value_t = ColorScheme::Dark)]
    theme: ColorScheme,
    /// Wait until this JavaScript is true.
    #[arg(long, default_value = READY)]
    wait: String,
}

fn main() -> Result<()> {
    let wanted = Screenshot::parse();
    let options = LaunchOptions {
        viewport: Viewport {
            width: wanted.width,
            height: wanted.height,
            device_scale_factor: wanted.scale,
            device: Device::Desktop,
        },
        color_scheme: wanted.theme,
        ..LaunchOptions::from_environment(Engine::Chromium)?
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
    eprintln!("wrote {}", wanted.out.display());
    Ok(())
}
