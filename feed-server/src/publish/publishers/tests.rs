use std::sync::Arc;

use protocol::{BlockBuffer, Bounds, EntriesBuffer, GroupId, Interval, SeriesKind, Timestamp};

use super::*;
use crate::clock;
use crate::ingest::batch::Batch;
use crate::ingest::batch_queue::{BatchReceiver, BatchSender, Received, batch_queue};
use crate::stream::catalog::Catalog;

struct Stage {
    publishers: Arc<Publishers>,
    sources: Sources,
    catalog: Catalog,
    /// Keeps the queue open, as the source does.
    _sender: BatchSender,
    queue: BatchReceiver,
}

fn stage(publishers: usize) -> Stage {
    let settings = PublishSettings { publishers, ..PublishSettings::default() };
    let (catalog, sources) = (Catalog::default(), Sources::default());
    let (sender, queue) = batch_queue();
    let registry = Arc::new(catalog.clone());
    let publishers = Publishers::new(settings, registry, sender.downgrade(), sources.clone());
    Stage { publishers: Arc::new(publishers), sources, catalog, _sender: sender, queue }
}

impl Stage {
    async fn open(&self, name: &str, run: u64) -> Opened {
        let opened = self.publishers.open(name, run).await.expect("opens");
        announce(&opened).await.expect("fits");
        opened
    }

    /// The values of all batches that wait.
    fn values(&mut self) -> Vec<f64> {
        let take = || match self.queue.take() {
            Received::Batch(Batch { columns, .. }) => Some(columns),
            Received::Empty | Received::Closed => None,
        };
        std::iter::from_fn(take).flatten().flat_map(|column| column.values).collect()
    }

    fn status(&self) -> PublisherStatus {
        self.publishers.statuses().remove(0)
    }
}

async fn announce(opened: &Opened) -> Result<Omissions, Violation> {
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (id, interval, bounds) = (GroupId(1), Interval::from_secs(1), Bounds::Auto);
    groups
        .push(&GroupDescriptor { id, name: "g", title: "G", unit: "1", interval, bounds, ..GroupDescriptor::default() })
        .expect("encodes");
    let (kind, labels) = (SeriesKind::Gauge, Entries::default());
    series.push(&SeriesDescriptor { id: SeriesId(1), group: id, name: "s", kind, labels }).expect("encodes");
    opened.announce(&groups.entries(), &series.entries()).await
}

/// Sends a row whose value is the message's number.
async fn send(opened: &mut Opened, number: u64, lost: u64) -> Result<(), RowsError> {
    let mut blocks = BlockBuffer::default();
    let time = clock::now();
    blocks.start(time);
    blocks.push(GroupId(1), &[time], [(SeriesId(1), &[number as f64][..])]).expect("encodes");
    opened.rows(RowsMessage { number, lost, blocks: blocks.blocks() }).await
}

#[tokio::test]
async fn a_message_is_accepted_once_also_on_a_second_connection() {
    let mut stage = stage(4);
    let mut first = stage.open("worker", 7).await;
    for number in [1, 2, 2, 1, 5] {
        send(&mut first, number, 2).await.expect("accepted");
    }
    first.close().await;
    let mut second = stage.open("worker", 7).await;
    assert_eq!(second.held_number(), 5);
    for number in [4, 5, 6] {
        send(&mut second, number, 3).await.expect("accepted");
    }
    assert_eq!(stage.values(), [1.0, 2.0, 5.0, 6.0]);
    let expected = PublisherStatus { name: "worker".to_owned(), is_connected: true, rows: 4, lost: 3, repeated: 4 };
    assert_eq!(stage.status(), expected);
}

#[tokio::test]
async fn a_new_run_begins_at_zero() {
    let mut stage = stage(4);
    let mut first = stage.open("worker", 7).await;
    send(&mut first, 9, 0).await.expect("accepted");
    let mut second = stage.open("worker", 8).await;
    assert_eq!(second.held_number(), 0);
    send(&mut second, 1, 0).await.expect("accepted");
    assert_eq!(stage.values(), [9.0, 1.0]);
}

#[tokio::test]
async fn after_a_takeover_nothing_of_the_older_connection_is_accepted() {
    let mut stage = stage(4);
    let mut older = stage.open("worker", 7).await;
    send(&mut older, 1, 0).await.expect("accepted");
    let newer = stage.open("worker", 7).await;
    assert!(older.replaced().is_cancelled() && !newer.replaced().is_cancelled());
    assert!(matches!(send(&mut older, 2, 0).await, Err(RowsError::Violation(Violation::Replaced))));
    assert!(matches!(announce(&older).await, Err(Violation::Replaced)));
    // Its end leaves the series of the newer one alone.
    older.close().await;
    stage.catalog.retire_before(Timestamp::MAX);
    assert_eq!(stage.catalog.len(), (1, 1));
    assert!(stage.status().is_connected);
    assert_eq!(stage.values(), [1.0]);
    newer.close().await;
    stage.catalog.retire_before(Timestamp::MAX);
    assert_eq!(stage.catalog.len(), (0, 0));
    assert!(!stage.status().is_connected);
}

/// A full queue holds the older connection in the middle of a message.
#[tokio::test]
async fn a_takeover_waits_until_the_message_in_work_is_held() {
    let mut stage = stage(4);
    let mut older = stage.open("worker", 7).await;
    let filler = Batch { group: GroupId(99), times: vec![Timestamp::default(); 1 << 19], columns: Vec::new() };
    let queue = stage.publishers.batches.upgrade().expect("open");
    let filling = tokio::spawn(async move { queue.send(filler).await });
    tokio::task::yield_now().await;
    let sending = tokio::spawn(async move { send(&mut older, 1, 0).await.map(|()| older) });
    tokio::task::yield_now().await;
    let publishers = Arc::clone(&stage.publishers);
    let opening = tokio::spawn(async move { publishers.open("worker", 7).await });
    tokio::task::yield_now().await;
    let mut received = Vec::new();
    while !opening.is_finished() {
        received.extend(stage.values());
        tokio::task::yield_now().await;
    }
    let newer = opening.await.expect("no panic").expect("opens");
    assert_eq!(newer.held_number(), 1);
    sending.await.expect("no panic").expect("accepted");
    filling.await.expect("no panic").expect("accepted");
    received.extend(stage.values());
    assert_eq!(received, [1.0]);
}

#[tokio::test]
async fn a_publisher_is_listed_as_a_source_that_stops_and_starts_again() {
    let mut stage = stage(4);
    let mut opened = stage.open("worker", 7).await;
    let listed = |stage: &Stage| {
        let status = stage.sources.statuses().remove(0);
        (status.source.to_string(), status.state.to_string(), status.series)
    };
    let expected = |state: &str, series| ("publish:worker".to_owned(), state.to_owned(), series);
    assert_eq!(listed(&stage), expected("starting", 1));
    send(&mut opened, 1, 0).await.expect("accepted");
    assert_eq!(listed(&stage), expected("running", 1));
    opened.close().await;
    assert_eq!(listed(&stage), expected("stopped", 0));
    let _again = stage.open("worker", 7).await;
    assert_eq!(listed(&stage), expected("starting", 1));
    assert_eq!(stage.values(), [1.0]);
}

#[tokio::test]
async fn the_idle_publisher_that_was_opened_longest_ago_is_forgotten_and_a_connected_one_never() {
    let stage = stage(2);
    stage.open("one", 1).await.close().await;
    let two = stage.open("two", 1).await;
    let three = stage.open("three", 1).await;
    let names = |stage: &Stage| stage.publishers.statuses().into_iter().map(|status| status.name).collect::<Vec<_>>();
    assert_eq!(names(&stage), ["three", "two"]);
    assert_eq!(stage.sources.statuses().len(), 2);
    assert!(matches!(stage.publishers.open("four", 1).await, Err(Violation::TooManyPublishers { limit: 2 })));
    two.close().await;
    let _four = stage.open("four", 1).await;
    assert_eq!(names(&stage), ["four", "three"]);
    drop(three);
}

#[tokio::test]
async fn names_of_other_characters_or_lengths_are_refused() {
    let stage = stage(4);
    let long = "x".repeat(65);
    for name in ["", "a b", "a:b", "a/b", "ä", "a\"b", &long] {
        assert!(matches!(stage.publishers.open(name, 1).await, Err(Violation::Name { .. })), "{name:?}");
    }
    stage.publishers.open(&long[1..], 1).await.expect("allowed");
    stage.publishers.open("Worker-1_a.b", 1).await.expect("allowed");
}
