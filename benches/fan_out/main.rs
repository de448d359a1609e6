//! Fan-out: cost of sending the same messages to 200 viewers, beside other WebSocket servers.
//!
//! The sender is a separate process on one processor; the viewers read on the other. The variants send in turn, as fast as
//! possible; figures are medians.
//!
//! | file | subject |
//! | --- | --- |
//! | `sender` | the sending process, controlled by lines |
//! | `variants` | the compared senders |
//! | `viewers` | the receiving end |
//! | `table` | the output |

mod sender;
mod table;
mod variants;
mod viewers;

use std::path::PathBuf;

use anyhow::Result;
use benches::effort::Effort;
use sender::{Load, Sender};
use table::Table;
use variants::Variant;
use viewers::Viewers;
use xtask::workspace::{Workspace, in_path};

const VIEWERS: usize = 200;
const ROUNDS: usize = 5;

/// (message bytes, messages per tick).
const LOADS: [(usize, usize); 6] = [(512, 1), (4_096, 1), (16_384, 1), (65_000, 1), (512, 8), (4_096, 8)];

fn main() -> Result<()> {
    if let Some(variant) = sender::requested_variant() {
        return variants::run(variant);
    }
    let effort = Effort::of_bench("fan_out");
    let (viewers, milliseconds, rounds) = match effort {
        Effort::Full => (VIEWERS, 700, ROUNDS),
        Effort::Brief => (4, 20, 1),
    };
    viewers::pin_to(1);
    let node = match effort {
        Effort::Full => node_server()?,
        Effort::Brief => None,
    };
    let variants: Vec<Variant> = Variant::ALL.into_iter().filter(|&v| v != Variant::NodeWs || node.is_some()).collect();
    let mut table = Table::new(viewers);
    for (bytes, burst) in LOADS {
        let load = Load { bytes, burst, milliseconds };
        for _ in 0..rounds {
            for &variant in &variants {
                let mut sender = Sender::start(variant, node.as_deref())?;
                let connected = Viewers::connect(sender.address, viewers)?;
                table.add(variant, load, sender.send(load)?);
                connected.disconnect();
            }
        }
    }
    table.print();
    if node.is_none() {
        println!("\nnpm ws was not measured: it requires node and npm, and is omitted in brief runs.");
    }
    Ok(())
}

/// Installs the server for node. Returns `None` if node or npm is missing.
fn node_server() -> Result<Option<PathBuf>> {
    let (Some(_), Some(npm)) = (in_path("node"), in_path("npm")) else { return Ok(None) };
    let workspace = Workspace::find()?;
    let folder = workspace.target.join("fan-out-node");
    std::fs::create_dir_all(&folder)?;
    for file in ["package.json", "server.js"] {
        std::fs::copy(workspace.root.join("benches/fan_out/node").join(file), folder.join(file))?;
    }
    let install = ["install", "--no-audit", "--no-fund", "--silent"];
    let installed = std::process::Command::new(npm).args(install).current_dir(&folder).status()?;
    Ok(installed.success().then_some(folder))
}
