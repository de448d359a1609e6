//! Records catalog and history of a feed server in a file for benches.
//!
//! ```text
//! cargo run --release -p benches --bin record -- ws://127.0.0.1:9000/stream?window=60 benches/data/host_minute.frames
//! ```

use std::io::Write;

use anyhow::{Context, Result, bail};
use futures_util::StreamExt;
use protocol::{Body, Frame, HistoryPart};
use tokio_tungstenite::connect_async;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, file] = arguments.as_slice() else { bail!("usage: record URL FILE") };
    let (mut socket, _) = connect_async(url).await.with_context(|| format!("cannot connect to {url}"))?;
    let mut recording = std::fs::File::create(file).with_context(|| format!("cannot write {file}"))?;
    while let Some(message) = socket.next().await {
        let bytes = message?.into_data();
        let frame = Frame::decode(&bytes)?;
        if matches!(frame.body, Body::Catalog(_) | Body::History(_)) {
            benches::recording::append(&bytes, &mut recording)?;
        }
        if matches!(frame.body, Body::History(history) if history.part == HistoryPart::Last) {
            recording.flush()?;
            return Ok(());
        }
    }
    bail!("the server closed the connection before the end of the history")
}
