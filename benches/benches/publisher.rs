//! What a publisher costs the server: a program on the same machine sends 1,000 series at 1,000 Hz. Prints a table.
//!
//! The server is a process of its own. Nobody watches, so that its CPU time is that of receiving, decoding, numbering and keeping the
//! rows. Beside it: a server that nobody sends to, and one that makes as many samples itself.

use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use benches::effort::Effort;
use benches::load::child::{OwnServer, serve};
use benches::load::meter::{Meter, Taken};
use benches::load::options::Options;
use clap::Parser;
use kymograph_publisher::{Group, Publisher};

const SERIES: usize = 1_000;
const HZ: u32 = 1_000;

/// How the series are divided, and their values.
#[derive(Clone, Copy)]
struct Load {
    what: &'static str,
    groups: usize,
    value: fn(usize, u64) -> f64,
}

/// A step of a walk in hundredths: as most measured values, it has few decimals.
fn two_decimals(series: usize, row: u64) -> f64 {
    let step = (row as f64 / 50.0 + series as f64).sin() * 40.0 + (row * 7_919 % 13) as f64;
    (step * 100.0).round() / 100.0
}

/// All bits differ from row to row.
fn any_bits(series: usize, row: u64) -> f64 {
    let bits = (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(series as u64).rotate_left(17);
    f64::from_bits(bits >> 12 | 0x3ff0_0000_0000_0000)
}

const LOADS: [Load; 3] = [
    Load { what: "10 groups of 100, two decimals", groups: 10, value: two_decimals },
    Load { what: "1 group of 1,000, two decimals", groups: 1, value: two_decimals },
    Load { what: "10 groups of 100, any bits", groups: 10, value: any_bits },
];

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, serving, source] = &arguments[..]
        && serving == "--serve"
    {
        return serve(source, &Options::parse()).await;
    }
    let time = match Effort::of_bench("publisher") {
        Effort::Full => Duration::from_secs(15),
        Effort::Brief => Duration::from_millis(500),
    };
    println!("| source | samples/s | server, % of a core | of it in the kernel | publisher, % of a core |");
    println!("| --- | --- | --- | --- | --- |");
    let idle = OwnServer::start("publish")?;
    print_row("nobody sends", 0.0, measured(&idle, time).await, None)?;
    drop(idle);
    let own = OwnServer::start("synthetic:groups=10,series=100,hz=1000,prefill=0s")?;
    print_row("synthetic: the server makes them", f64::from(HZ) * SERIES as f64, measured(&own, time).await, None)?;
    drop(own);
    for load in LOADS {
        let server = OwnServer::start("publish")?;
        let address = server.url.trim_end_matches("/stream").to_owned();
        let (rows_a_second, taken) = {
            let (stop, stopped) = std::sync::mpsc::channel();
            let sending = std::thread::spawn(move || send(&address, &load, &stopped));
            // Until the history has its usual shape.
            tokio::time::sleep(time / 5).await;
            let taken = measured(&server, time).await;
            stop.send(()).context("the publisher has ended")?;
            (sending.join().map_err(|_| anyhow::anyhow!("the publisher panicked"))??, taken)
        };
        let what = load.what;
        print_row(what, rows_a_second * SERIES as f64, taken, taken.own.map(|own| own.cpu_percent))?;
    }
    Ok(())
}

async fn measured(server: &OwnServer, time: Duration) -> Taken {
    let meter = Meter::new(&server.url);
    let before = meter.read().await;
    tokio::time::sleep(time).await;
    before.until(meter.read().await)
}

/// Sends rows as they are due until `stopped`. Returns the rows a second that the server holds.
fn send(address: &str, load: &Load, stopped: &std::sync::mpsc::Receiver<()>) -> Result<f64> {
    let publisher = Publisher::builder("bench").connect(address)?;
    let width = SERIES / load.groups;
    let names: Vec<String> = (0..width).map(|number| number.to_string()).collect();
    let group = |number: usize| {
        let described = publisher.group(&format!("group {number}")).interval(Duration::from_secs(1) / HZ);
        described.series(names.iter().map(String::as_str))
    };
    let groups: Vec<Group> = (0..load.groups).map(group).collect::<Result<_, _>>()?;
    // Made before, so that the publisher's cost is that of sending.
    let rows: Vec<Vec<f64>> =
        (0..4_096).map(|row| (0..width).map(|series| (load.value)(series, row)).collect()).collect();
    let (began, started) = (SystemTime::now(), Instant::now());
    let mut row = 0_u32;
    while stopped.try_recv().is_err() {
        let due = (started.elapsed().as_secs_f64() * f64::from(HZ)) as u32;
        for row in row..due {
            let time = began + Duration::from_secs(1) / HZ * row;
            for group in &groups {
                group.row(time, &rows[row as usize % rows.len()])?;
            }
        }
        row = due;
        std::thread::sleep(Duration::from_millis(4));
    }
    publisher.flush(Duration::from_secs(10))?;
    ensure!(publisher.lost_rows() == 0, "the publisher lost {} rows", publisher.lost_rows());
    Ok(f64::from(row) / started.elapsed().as_secs_f64())
}

fn print_row(what: &str, samples_a_second: f64, taken: Taken, publisher: Option<f64>) -> Result<()> {
    let server = taken.server.context("the server exposes no CPU time")?;
    let publisher = publisher.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.1}"));
    println!(
        "| {what} | {samples_a_second:.0} | {:.1} | {:.1} | {publisher} |",
        server.cpu_percent, server.system_percent
    );
    Ok(())
}
