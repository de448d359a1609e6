//! The command line.

use clap::Parser;

/// Puts load on a feed server: opens viewers, decodes what they get, and says how it went. Exits with 0 when no viewer
/// lost a frame, with 1 when one did, was refused or was disconnected, with 2 for a wrong command line.
#[derive(Clone, Debug, Parser)]
#[command(name = "load")]
pub struct Options {
    /// The stream. Without it a server of its own is started, in a process of its own.
    #[arg(long)]
    pub url: Option<String>,
    /// Viewers that read as fast as they can.
    #[arg(long, default_value_t = 100)]
    pub viewers: usize,
    /// Further viewers that read slowly on purpose.
    #[arg(long, default_value_t = 0)]
    pub slow: usize,
    /// How fast slow viewers read.
    #[arg(long, default_value_t = 16_384)]
    pub slow_bytes_per_second: u64,
    /// How long to measure, once all viewers are connected.
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Time over which viewers connect.
    #[arg(long, default_value_t = 1.0)]
    pub ramp_seconds: f64,
    /// Seconds of history that each viewer asks for.
    #[arg(long, default_value_t = 0.0)]
    pub window: f64,
    /// Frames a second that each viewer asks for; 60 and more is all that are made.
    #[arg(long, default_value_t = 60)]
    pub rate: u8,
    /// Of a server of its own: about how many bytes a frame has. Frames are made 60 times a second.
    #[arg(long, default_value_t = 4_096, conflicts_with = "url")]
    pub payload: usize,
    /// Of a server of its own: a source, in place of `--payload`, such as `synthetic:groups=12,series=8,hz=1000,prefill=0s`.
    #[arg(long, conflicts_with_all = ["url", "payload"])]
    pub source: Option<String>,
    /// Prints the report as one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Serves this source and nothing else: how this program starts its server.
    #[arg(long, hide = true)]
    pub serve: Option<String>,
}

/// One row of a series of the synthetic source takes about so much, heads included.
const BYTES_A_SERIES: usize = 12;
const GROUPS: usize = 12;

impl Options {
    /// The source of a server of its own.
    pub fn own_source(&self) -> String {
        self.source.clone().unwrap_or_else(|| {
            let series = (self.payload / BYTES_A_SERIES).div_ceil(GROUPS).max(1);
            format!("synthetic:groups={GROUPS},series={series},hz=60,prefill=0s")
        })
    }
}
