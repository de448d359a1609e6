//! Memory is what the configuration says, whatever the shape of the groups.

use std::time::Duration;

use tokio::time::sleep;

use super::machine;
use super::process::Process;

const MEBIBYTE: usize = 1 << 20;

/// Of each of two tiers.
const SUMMARIES_BYTES: usize = 4 * MEBIBYTE;

/// The promise: a fifth of history and summaries for what the allocator cannot use, and 16 MiB for everything else.
const fn most_bytes(history_bytes: usize) -> usize {
    let held = history_bytes + 2 * SUMMARIES_BYTES;
    held + held / 5 + 16 * MEBIBYTE
}

/// More series than these take more memory for their names and labels. Measured with the synthetic source: 800 bytes.
const SERIES: usize = 5_000;
const SERIES_BYTES: usize = 900;

/// The pages of the optimised program: 8.1 MiB. This one is not optimised, and has twice as many.
const PROGRAM_BYTES: usize = 9 * MEBIBYTE;

/// The resident memory that the optimised program would have.
fn resident_bytes(server: &Process) -> usize {
    let file = server.resident_file_bytes();
    server.resident_bytes() - file.saturating_sub(PROGRAM_BYTES)
}

/// Runs a server with this source until it has received `rows` rows, more than its history of `bytes` bytes holds. Returns the
/// most resident memory.
async fn most_memory(source: &str, rows: f64, bytes: usize) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("feed.toml");
    let tier = |step: &str| format!("[[summaries]]\nstep = \"{step}\"\nkeep = \"1h\"\nbytes = {SUMMARIES_BYTES}\n");
    let text = format!("history = \"1h\"\nhistory_bytes = {bytes}\n{}{}", tier("1s"), tier("10s"));
    std::fs::write(&config, text).expect("writes");
    let server = Process::start(&["--config", config.to_str().expect("UTF-8"), "--source", source]);
    let mut most = 0;
    while server.metric("kymograph_rows_total").await.is_none_or(|received| received < rows) {
        most = most.max(resident_bytes(&server));
        sleep(Duration::from_millis(20)).await;
    }
    let held = server.metric("kymograph_history_bytes").await.expect("a gauge");
    assert!(held > 0.9 * bytes as f64, "the history is full, found {held} bytes");
    most = most.max(resident_bytes(&server));
    println!("{source}: at most {:.1} MiB resident, history of {:.1} MiB", mebibytes(most), mebibytes(held as usize));
    most
}

fn mebibytes(bytes: usize) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

async fn assert_bounded(source: &str, series: usize, rows: f64, bytes: usize) {
    let most = most_memory(source, rows, bytes).await;
    let promised = most_bytes(bytes) + series.saturating_sub(SERIES) * SERIES_BYTES;
    assert!(most < promised, "{source}: {most} bytes, at most {promised} are promised");
}

#[tokio::test]
async fn a_prefill_of_a_wide_group_stays_within_the_bound_of_memory() {
    let _machine = machine().await;
    assert_bounded("synthetic:groups=1,series=2000,hz=100,prefill=50s", 2_000, 5_000.0, 64 * MEBIBYTE).await;
}

#[tokio::test]
async fn many_narrow_groups_stay_within_the_bound_of_memory() {
    let _machine = machine().await;
    assert_bounded("synthetic:groups=2000,series=1,hz=50,prefill=160s", 2_000, 16_200_000.0, 64 * MEBIBYTE).await;
}

#[tokio::test]
#[ignore = "long: minutes of rows beyond the bound, in several shapes"]
async fn groups_of_any_shape_stay_within_the_bound_of_memory_for_long() {
    let _machine = machine().await;
    for (source, series, rows) in [
        ("synthetic:groups=12,series=8,hz=1000,prefill=10m", 96, 7_500_000.0),
        ("synthetic:groups=50,series=2000,hz=10,prefill=30s", 100_000, 15_100.0),
        ("synthetic:groups=2000,series=1,hz=50,prefill=5m", 2_000, 31_000_000.0),
        ("synthetic:groups=1,series=4,hz=10000,prefill=20m", 4, 12_200_000.0),
        ("synthetic:groups=1,series=2000,hz=100,prefill=5m", 2_000, 30_200.0),
    ] {
        assert_bounded(source, series, rows, 64 * MEBIBYTE).await;
    }
}
