//! The figures of the host source beside the kernel's own counters, read independently over the same seconds of a known load.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use feed_server::clock;
use feed_server::ingest::batch::Batch;
use feed_server::ingest::batch_queue::{BatchReceiver, batch_queue};
use feed_server::ingest::config::SourceConfig;
use feed_server::ingest::start::{RunningSources, start};
use feed_server::stream::catalog::Catalog;
use feed_server::telemetry::Telemetry;
use protocol::column::is_missing;
use protocol::{SeriesId, Timestamp};

/// What the source measured: for each series, by time, the value since the time before.
type Measured = BTreeMap<(String, String), BTreeMap<Timestamp, f64>>;

struct Watch {
    catalog: Catalog,
    batches: BatchReceiver,
    running: RunningSources,
    measured: BTreeMap<SeriesId, BTreeMap<Timestamp, f64>>,
}

impl Watch {
    /// Starts the host source, and waits until it has measured.
    async fn start(spec: &str) -> Self {
        let (sender, batches) = batch_queue();
        let catalog = Catalog::default();
        let config: SourceConfig = spec.parse().expect("a valid source");
        let running = start(&[config], Arc::new(catalog.clone()), sender, &Telemetry::default());
        let mut watch = Self { catalog, batches, running, measured: BTreeMap::new() };
        // Rates begin with the second reading; those of the slowest readers that are compared come ten times a second.
        let begin = clock::now() + protocol::Interval::from_millis(500);
        watch.until(begin).await;
        watch
    }

    /// Takes batches until all groups of fast readers have a row after `time`.
    async fn until(&mut self, time: Timestamp) {
        loop {
            let batch = self.batches.recv().await.expect("the source runs");
            let is_after = batch.times.last().is_some_and(|&last| last > time) && self.is_of(&batch, "network.bytes");
            self.take(batch);
            if is_after {
                return;
            }
        }
    }

    /// Runs a load between two readings. Takes batches meanwhile: the source waits when the queue is full.
    async fn during<T: Send + 'static>(&mut self, load: impl FnOnce() -> T + Send + 'static) -> T {
        self.until(clock::now()).await;
        let mut load = tokio::task::spawn_blocking(load);
        let ended = loop {
            tokio::select! {
                ended = &mut load => break ended.expect("does not panic"),
                batch = self.batches.recv() => self.take(batch.expect("the source runs")),
            }
        };
        self.until(clock::now()).await;
        ended
    }

    fn is_of(&self, batch: &Batch, group: &str) -> bool {
        self.catalog.whole().groups.iter().any(|(id, described)| *id == batch.group && described.name == group)
    }

    fn take(&mut self, batch: Batch) {
        for column in batch.columns {
            let values = batch.times.iter().copied().zip(column.values).filter(|(_, value)| !is_missing(*value));
            self.measured.entry(column.series).or_default().extend(values);
        }
    }

    /// All that was measured, by group and name.
    async fn end(self) -> Measured {
        let Self { catalog, batches, running, measured } = self;
        let whole = catalog.whole();
        drop(batches);
        running.stop().await;
        let groups: BTreeMap<_, _> = whole.groups.into_iter().map(|(id, group)| (id, group.name)).collect();
        let name = |id: SeriesId| {
            let (_, series) = whole.series.iter().find(|(held, _)| *held == id)?;
            Some((groups.get(&series.group)?.clone(), series.name.clone()))
        };
        measured.into_iter().filter_map(|(id, values)| Some((name(id)?, values))).collect()
    }
}

/// The sum of a rate over a span of time. A value holds since the time of the one before.
fn sum(values: &BTreeMap<Timestamp, f64>, from: Timestamp, to: Timestamp) -> f64 {
    let parts = values.iter().zip(values.iter().skip(1)).map(|((&begin, _), (&end, rate))| {
        let overlap_us = end.micros().min(to.micros()) - begin.micros().max(from.micros());
        rate * overlap_us.max(0) as f64 / 1e6
    });
    parts.sum()
}

/// The sum over all series of a group whose names end so.
fn sum_of(measured: &Measured, group: &str, ending: &str, from: Timestamp, to: Timestamp) -> f64 {
    let series = measured.iter().filter(|((of, name), _)| of == group && name.ends_with(ending));
    series.map(|(_, values)| sum(values, from, to)).sum()
}

fn assert_within(what: &str, measured: f64, counted: f64, tolerance: f64) {
    let difference = (measured - counted).abs();
    assert!(difference <= tolerance, "{what}: measured {measured}, counted {counted}, allowed difference {tolerance}");
}

fn lines(file: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(file).expect("is readable");
    text.lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// Ticks in which the processors were idle or waited for a disk, and the number of processors.
fn idle_ticks() -> (f64, f64) {
    let lines = lines("/proc/stat");
    let number = |line: &[String], field: usize| line[field].parse::<f64>().expect("a number");
    let cores: Vec<_> = lines.iter().filter(|line| line[0].starts_with("cpu") && line[0] != "cpu").collect();
    let idle: f64 = cores.iter().map(|line| number(line, 4) + number(line, 5)).sum();
    (idle, cores.len() as f64)
}

/// Bytes that the loopback interface received.
fn loopback_bytes() -> f64 {
    let text = fs::read_to_string("/proc/net/dev").expect("is readable");
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("lo:")).expect("has a loopback interface");
    line.split_whitespace().next().expect("a number").parse().expect("a number")
}

/// Bytes written to all whole disks.
fn written_bytes() -> f64 {
    let whole: Vec<String> = fs::read_dir("/sys/block")
        .expect("is readable")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    let disks = lines("/proc/diskstats").into_iter().filter(|line| whole.contains(&line[2]));
    disks.map(|line| line[9].parse::<f64>().expect("a number") * 512.0).sum()
}

fn used_memory() -> f64 {
    let lines = lines("/proc/meminfo");
    let kib = |name: &str| {
        let line = lines.iter().find(|line| line[0] == name).expect("is stated");
        line[1].parse::<f64>().expect("a number")
    };
    (kib("MemTotal:") - kib("MemAvailable:")) * 1_024.0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_busy_time_of_the_processors_is_that_of_the_kernel() {
    let mut watch = Watch::start("host:hz=100").await;
    let (begin, start) = (clock::now(), Instant::now());
    let (idle_before, cores) = idle_ticks();
    watch
        .during(|| {
            let end = Instant::now() + Duration::from_secs(3);
            let mut sum = 0_u64;
            while Instant::now() < end {
                sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
            }
            thread::sleep(Duration::from_millis(500));
        })
        .await;
    let (end, (idle_after, _)) = (clock::now(), idle_ticks());
    let elapsed = start.elapsed().as_secs_f64();
    watch.until(end).await;
    let measured = sum_of(&watch.end().await, "cpu.cores", "", begin, end);
    let counted = elapsed * cores - (idle_after - idle_before) / 100.0;
    // A processor's time is known to a tick of 10 ms at each end, and the estimate to another.
    assert_within("core seconds", measured, counted, counted * 0.01 + cores * 0.03);
    assert!(counted > 2.5, "the load: {counted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn traffic_of_the_loopback_interface_is_that_of_the_kernel() {
    let mut watch = Watch::start("host:hz=100").await;
    let (begin, before) = (clock::now(), loopback_bytes());
    watch
        .during(|| {
            let listener = TcpListener::bind("127.0.0.1:0").expect("binds");
            let address = listener.local_addr().expect("has an address");
            let sender = thread::spawn(move || {
                let mut stream = TcpStream::connect(address).expect("connects");
                let block = vec![7; 1 << 20];
                for _ in 0..64 {
                    stream.write_all(&block).expect("is read");
                    thread::sleep(Duration::from_millis(5));
                }
            });
            let (mut stream, _) = listener.accept().expect("connects");
            let mut block = vec![0; 1 << 20];
            while stream.read(&mut block).expect("is sent") > 0 {}
            sender.join().expect("does not panic");
        })
        .await;
    let (end, after) = (clock::now(), loopback_bytes());
    watch.until(end).await;
    let measured = sum_of(&watch.end().await, "network.bytes", "lo received", begin, end);
    let counted = after - before;
    assert!(counted > f64::from(64 << 20), "the load: {counted}");
    // Other tests use the interface too, also between the two readings of the clock and the counter.
    assert_within("bytes", measured, counted, counted * 0.01);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_written_to_disks_are_those_of_the_kernel() {
    let mut watch = Watch::start("host:hz=100").await;
    let (begin, before) = (clock::now(), written_bytes());
    watch
        .during(|| {
            let mut file = tempfile::Builder::new().tempfile_in(env!("CARGO_TARGET_TMPDIR")).expect("a file");
            let block: Vec<u8> = (0..1 << 20_u32).map(|byte| (byte >> 3) as u8).collect();
            for _ in 0..64 {
                file.write_all(&block).expect("is written");
            }
            file.as_file().sync_all().expect("is on the disk");
            thread::sleep(Duration::from_millis(300));
        })
        .await;
    let (end, after) = (clock::now(), written_bytes());
    watch.until(end).await;
    let measured = sum_of(&watch.end().await, "disk.io", "written", begin, end);
    let counted = after - before;
    // On a machine whose files lie in memory both are zero; a page of another writer may fall between two readings.
    assert_within("bytes", measured, counted, counted * 0.01 + 65_536.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn used_memory_is_that_of_the_kernel() {
    const BLOCK: usize = 256 << 20;
    let mut watch = Watch::start("host:hz=100").await;
    let block = watch.during(|| (0..BLOCK as u64 / 8).collect::<Vec<_>>()).await;
    let (begin, before) = (clock::now(), used_memory());
    watch.until(begin).await;
    let after = used_memory();
    drop(block);
    let measured = watch.end().await;
    let used = &measured[&("memory".to_owned(), "used".to_owned())];
    let found = *used.range(begin..).next().expect("a row after it").1;
    // Other processes take and free memory between the two readings.
    let counted = found.clamp(before.min(after), before.max(after));
    assert_within("bytes", found, counted, counted * 0.01);
    assert!(counted > BLOCK as f64 * 0.9, "the load: {counted}");
}
