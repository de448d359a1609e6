//! Programs that publish rows, over real sockets.

mod faults;
mod rows;
mod rules;

use std::collections::BTreeMap;

use bytes::Bytes;
use feed_server::app::config::Config;
use protocol::{
    BlockBuffer, Body, Bounds, ClientMessage, EntriesBuffer, Frame, GroupDescriptor, GroupId, Held, HistoryPart,
    Interval, Label, SeriesDescriptor, SeriesId, SeriesKind, Timestamp,
};
use tokio_tungstenite::tungstenite::Message;

use crate::served::{Served, Viewer};

const PATH: &str = "/v1/publish";

fn config() -> Config {
    Config { sources: vec!["publish".parse().expect("valid")], ..Config::default() }
}

/// A publisher that writes its messages by hand.
struct Program(Viewer);

impl Program {
    /// Connects, and reads `Hello`.
    async fn connect(served: &Served) -> Self {
        let mut this = Self(served.viewer(PATH).await);
        let hello = this.0.frame().await;
        assert!(matches!(Frame::decode(&hello).expect("decodes").body, Body::Hello(_)));
        this
    }

    /// Connects, opens the publisher and announces a group with two series. Returns the number that the server holds.
    async fn open(served: &Served, name: &str, run: u64) -> (Self, u64) {
        let mut this = Self::connect(served).await;
        this.say(&ClientMessage::Open { publisher: name, run }).await;
        let held = this.held().await.number;
        this.announce(1, &["waiting", "running"]).await;
        (this, held)
    }

    async fn say(&mut self, message: &ClientMessage<'_>) {
        self.0.say(message).await;
    }

    async fn announce(&mut self, group: u32, series: &[&str]) {
        let (mut groups, mut described) = (EntriesBuffer::default(), EntriesBuffer::default());
        let (id, interval, bounds) = (GroupId(group), Interval::from_millis(100), Bounds::Auto);
        groups
            .push(&GroupDescriptor {
                id,
                name: "jobs",
                title: "Jobs",
                unit: "1",
                interval,
                bounds,
                ..GroupDescriptor::default()
            })
            .expect("encodes");
        for (id, name) in (1..).zip(series) {
            let mut labels = EntriesBuffer::default();
            labels.push(&Label { key: "state", value: name }).expect("encodes");
            let (id, group, kind, labels) = (SeriesId(id), GroupId(group), SeriesKind::Gauge, labels.entries());
            described.push(&SeriesDescriptor { id, group, name, kind, labels }).expect("encodes");
        }
        self.say(&ClientMessage::Announce { groups: groups.entries(), series: described.entries() }).await;
    }

    /// Sends rows of the first group, each with a value for series 1.
    async fn rows(&mut self, number: u64, rows: &[(Timestamp, f64)]) {
        let (times, values): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
        self.columns(number, &times, &[(1, &values)]).await;
    }

    async fn columns(&mut self, number: u64, times: &[Timestamp], columns: &[(u32, &[f64])]) {
        let message = rows_message(number, 1, times, columns);
        self.0.send(Message::binary(message)).await;
    }

    /// The next position that the server states.
    async fn held(&mut self) -> Held {
        loop {
            let frame = self.0.frame().await;
            if let Body::Held(held) = Frame::decode(&frame).expect("decodes").body {
                return held;
            }
        }
    }

    async fn until_held(&mut self, number: u64) -> Held {
        loop {
            let held = self.held().await;
            if held.number >= number {
                return held;
            }
        }
    }

    /// The next frame that states no position.
    async fn answer(&mut self) -> Bytes {
        loop {
            let frame = self.0.frame().await;
            if !matches!(Frame::decode(&frame).expect("decodes").body, Body::Held(_)) {
                return frame;
            }
        }
    }
}

fn rows_message(number: u64, group: u32, times: &[Timestamp], columns: &[(u32, &[f64])]) -> Vec<u8> {
    let mut blocks = BlockBuffer::default();
    blocks.start(times.last().copied().unwrap_or_default());
    let columns = columns.iter().map(|&(series, values)| (SeriesId(series), values));
    blocks.push(GroupId(group), times, columns).expect("encodes");
    ClientMessage::Rows { number, lost: 0, blocks: blocks.blocks() }.to_bytes().expect("fits")
}

/// The bits of every value that the history has: by group, series and time. Waits until there are this many, because rows that are
/// held are in the history at the next tick.
async fn values_of_history(served: &Served, values: usize) -> BTreeMap<(String, String, i64), u64> {
    loop {
        let mut viewer = served.viewer("/stream?window=3600").await;
        let found = read_history(&mut viewer).await;
        if found.len() >= values {
            return found;
        }
    }
}

async fn read_history(viewer: &mut Viewer) -> BTreeMap<(String, String, i64), u64> {
    let (mut groups, mut names, mut values) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    loop {
        let bytes = viewer.frame().await;
        match Frame::decode(&bytes).expect("decodes").body {
            Body::Catalog(catalog) => {
                groups.extend(catalog.groups.iter().map(|group| (group.id, group.name.to_owned())));
                names.extend(catalog.series.iter().map(|series| (series.id, series.name.to_owned())));
            }
            Body::History(history) => {
                for block in &history.blocks {
                    let mut copied = vec![0.0; block.rows as usize];
                    for column in &block.columns {
                        column.values().expect("known").copy_to(&mut copied);
                        for (time, value) in block.times.iter().zip(&copied) {
                            let key = (groups[&block.group].clone(), names[&column.series].clone(), time.micros());
                            values.insert(key, value.to_bits());
                        }
                    }
                }
                if history.part == HistoryPart::Last {
                    return values;
                }
            }
            _ => {}
        }
    }
}

/// A value of `/metrics`, 0 if it is not there.
async fn metric(served: &Served, name: &str) -> f64 {
    let metrics = served.get("/metrics").await;
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok());
    value.unwrap_or_default()
}

async fn until_metric(served: &Served, name: &str, wanted: f64) {
    while metric(served, name).await.to_bits() != wanted.to_bits() {
        tokio::task::yield_now().await;
    }
}
