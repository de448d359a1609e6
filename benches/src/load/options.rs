//! The command line.

use std::path::PathBuf;

use clap::Parser;

use super::greedy::Greed;

/// Load generator for a feed server: connects viewers, decodes their frames, and prints a report. Exits with 0 if no viewer
/// lost a frame, with 1 if a viewer lost a frame, was refused or was disconnected, with 2 for an invalid command line.
#[derive(Clone, Debug, Parser)]
#[command(name = "load")]
pub struct Options {
    /// URL of the stream. By default, a server is started in a separate process.
    #[arg(long)]
    pub url: Option<String>,
    /// Number of viewers that read as fast as possible.
    #[arg(long, default_value_t = 100)]
    pub viewers: usize,
    /// Number of further viewers that read slowly on purpose.
    #[arg(long, default_value_t = 0)]
    pub slow: usize,
    /// Rate at which slow viewers read.
    #[arg(long, default_value_t = 16_384)]
    pub slow_bytes_per_second: u64,
    /// Seconds to measure after all viewers have connected.
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Seconds over which viewers connect.
    #[arg(long, default_value_t = 1.0)]
    pub ramp_seconds: f64,
    /// Seconds of history that each viewer requests.
    #[arg(long, default_value_t = 0.0)]
    pub window: f64,
    /// Frames a second that each viewer requests; the server sends at most 60.
    #[arg(long, default_value_t = 60)]
    pub rate: u8,
    /// Number of different subscriptions: viewer i has subscription i modulo this number. Each selects the first 1,000 groups and one that does
    /// not exist, so that all differ, and the server encodes each frame this many times. By default, all viewers subscribe to everything.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    pub subscriptions: Option<u32>,
    /// For the started server: approximate bytes of a frame. It sends 60 frames a second. With `--greedy`, its source has 46 MB
    /// of history instead.
    #[arg(long, default_value_t = 4_096, conflicts_with = "url")]
    pub payload: usize,
    /// For the started server: a source in place of `--payload`, such as `synthetic:groups=12,series=8,hz=1000,prefill=0s`.
    #[arg(long, conflicts_with_all = ["url", "payload"])]
    pub source: Option<String>,
    /// Number of greedy viewers. Each round is two runs with the same server: without them, as the control, and beside them.
    #[arg(long, default_value_t = 0)]
    pub greedy: usize,
    /// Number of rounds with greedy viewers; figures are medians.
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,
    /// The behaviour of the greedy viewers.
    #[arg(long, value_enum, default_value_t)]
    pub greedy_by: Greed,
    /// Instead of viewers: peers without the token, this many that repeat requests on keep-alive and as many that do not
    /// read, while one viewer with the token connects again and again. Exits with 1 if that viewer was refused.
    #[arg(long)]
    pub strangers: Option<usize>,
    /// With `--strangers` and `--url`: the token of that server.
    #[arg(long, requires = "url")]
    pub token: Option<String>,
    /// Print the report as a JSON object.
    #[arg(long)]
    pub json: bool,
    /// Run as the started server, with this source.
    #[arg(long, hide = true)]
    pub serve: Option<String>,
    /// Run as the process of the greedy viewers, until the end of the standard input.
    #[arg(long, hide = true)]
    pub be_greedy: bool,
    /// With `--serve`: a folder with a token and a page.
    #[arg(long, hide = true)]
    pub serve_folder: Option<PathBuf>,
    /// With `--serve-folder`: the limit on connections.
    #[arg(long, hide = true, default_value_t = 1_024)]
    pub serve_connections: usize,
}

/// Approximate encoded bytes of one row of one synthetic series, heads included.
const BYTES_PER_SERIES: usize = 12;
const GROUPS: usize = 12;

/// 46 MB of history.
const GREEDY_SOURCE: &str = "synthetic:groups=12,series=8,hz=1000,prefill=60s";

impl Options {
    /// The source of the started server.
    pub fn own_source(&self) -> String {
        self.source.clone().unwrap_or_else(|| {
            if self.greedy > 0 {
                return GREEDY_SOURCE.to_owned();
            }
            let series = (self.payload / BYTES_PER_SERIES).div_ceil(GROUPS).max(1);
            format!("synthetic:groups={GROUPS},series={series},hz=60,prefill=0s")
        })
    }
}
