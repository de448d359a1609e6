use std::cell::RefCell;
use std::rc::Rc;

use protocol::{
    Bounds, Bye, ByeReason, Catalog, Echo, Entries, EntriesBuffer, Epoch, Feature, GroupDescriptor, GroupId, Header,
    Heartbeat, Hello, Samples, Sequence, SeriesDescriptor, SeriesId, SeriesKind, Start,
};

use super::*;
use crate::page::group_needs::{PanelPlace, Reads, ShownPanel};
use crate::page::past_requests::PastQuery;
use crate::store::{Leaving, StreamRequest};

/// Records the requests of a feed.
#[derive(Clone, Default)]
struct Requests(Rc<RefCell<Vec<Request>>>, Rc<RefCell<Vec<StreamRequest>>>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Request {
    Subscribe(Start),
    Probe(Timestamp),
    Query(u32),
    Wake,
    Reconnect,
    RetryFloor(Interval),
}

impl FrameSource for Requests {
    fn subscribe(&self, request: &StreamRequest) {
        self.0.borrow_mut().push(Request::Subscribe(request.start));
        self.1.borrow_mut().push(request.clone());
    }

    fn probe(&self, origin: Timestamp) {
        self.0.borrow_mut().push(Request::Probe(origin));
    }

    fn query(&self, query: &PastQuery) {
        self.0.borrow_mut().push(Request::Query(query.id));
    }

    fn wake(&self) {
        self.0.borrow_mut().push(Request::Wake);
    }

    fn reconnect(&self) {
        self.0.borrow_mut().push(Request::Reconnect);
    }

    fn set_retry_floor(&self, floor: Interval) {
        self.0.borrow_mut().push(Request::RetryFloor(floor));
    }

    fn retries(&self) -> u64 {
        7
    }
}

const SPAN: Interval = Interval::from_secs(60);
const HOUR_US: i64 = 3_600_000_000;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn feed() -> (Feed, Requests) {
    let (mut feed, requests) = (Feed::new(SPAN), Requests::default());
    feed.attach(Box::new(requests.clone()));
    (feed, requests)
}

fn frame(sent: Timestamp, body: Body<'_>) -> FrameEvent<'_> {
    let header = Header { epoch: Epoch(1), sequence: Sequence(1), sent, skipped: 0 };
    FrameEvent::Frame { frame: Frame { header, body }, bytes: 10 }
}

#[test]
fn an_opened_source_receives_a_probe_and_after_its_first_message_a_subscription() {
    let bad = || FrameEvent::BadFrame { reason: "short".to_owned() };
    for first in
        [frame(at(6), Body::Hello(Hello::default())), frame(at(6), Body::Heartbeat(Heartbeat::default())), bad()]
    {
        let (mut feed, requests) = feed();
        feed.handle(FrameEvent::Opened, at(5));
        assert_eq!(*requests.0.borrow(), [Request::Probe(at(5))]);
        feed.handle(first, at(6));
        feed.handle(frame(at(7), Body::Heartbeat(Heartbeat::default())), at(7));
        assert_eq!(*requests.0.borrow(), [Request::Probe(at(5)), Request::Subscribe(Start::Window(SPAN))]);
        assert_eq!(feed.retries(), 7);
    }
}

fn hello(feed: &mut Feed, features: &[Feature<'_>]) {
    let mut listed = EntriesBuffer::default();
    for feature in features {
        listed.push(feature).expect("encodes");
    }
    feed.handle(frame(at(0), Body::Hello(Hello { features: listed.entries(), ..Hello::default() })), at(0));
}

/// A catalog of one group of 2,000 values a second.
fn catalog(feed: &mut Feed) {
    let (mut groups, mut series) = (EntriesBuffer::default(), EntriesBuffer::default());
    let (group, name, interval, bounds) = (GroupId(1), "g", Interval::from_millis(1), Bounds::Auto);
    groups
        .push(&GroupDescriptor {
            id: group,
            name,
            title: name,
            unit: "1",
            interval,
            bounds,
            ..GroupDescriptor::default()
        })
        .expect("encodes");
    for (id, name) in [(SeriesId(1), "a"), (SeriesId(2), "b")] {
        let (kind, labels) = (SeriesKind::Gauge, Entries::default());
        series.push(&SeriesDescriptor { id, group, name, kind, labels }).expect("encodes");
    }
    let (groups, series, retired) = (groups.entries(), series.entries(), Entries::default());
    let catalog = Catalog { scope: CatalogScope::Whole, groups, series, retired, ..Catalog::default() };
    feed.handle(frame(at(0), Body::Catalog(catalog)), at(0));
}

#[test]
fn the_subscription_has_the_steps_of_the_charts() {
    let (mut feed, requests) = feed();
    let steps = |number: usize| {
        let request = requests.1.borrow()[number].clone();
        let steps: Vec<u64> = request.steps.iter().map(|of| of.step.micros()).collect();
        (request.step.micros(), steps, request.added)
    };
    feed.expect_charts(600);
    feed.handle(FrameEvent::Opened, at(0));
    hello(&mut feed, &[Feature::SUBSETS, Feature::SUMMARIES]);
    assert_eq!(steps(0), (72_727, vec![], vec![]));
    catalog(&mut feed);
    let panel = |reads| ShownPanel { group: "g", place: PanelPlace::OnScreen, reads };
    feed.follow_screen([panel(Reads::Columns(Some(600)))], Leaving::Allowed, at(0));
    assert_eq!(steps(1), (0, vec![100_000], vec![GroupId(1)]));
    feed.follow_screen([panel(Reads::Columns(Some(1_200)))], Leaving::Allowed, at(0));
    assert_eq!(requests.1.borrow().len(), 2, "its history is awaited");
}

#[test]
fn without_summaries_the_first_subscription_is_to_rows() {
    let (mut feed, requests) = feed();
    feed.expect_charts(600);
    feed.handle(FrameEvent::Opened, at(0));
    hello(&mut feed, &[Feature::SUBSETS]);
    assert_eq!(requests.1.borrow()[0].step, Interval::ZERO);
    catalog(&mut feed);
    let reads = Reads::Columns(Some(600));
    feed.follow_screen([ShownPanel { group: "g", place: PanelPlace::OnScreen, reads }], Leaving::Allowed, at(0));
    assert_eq!(requests.1.borrow().len(), 1);
}

#[test]
fn of_a_long_window_the_newest_part_is_sent_in_buckets_of_at_most_two_seconds() {
    let (mut feed, requests) = (Feed::new(Interval::from_secs(3_600)), Requests::default());
    feed.attach(Box::new(requests.clone()));
    feed.expect_charts(600);
    feed.handle(FrameEvent::Opened, at(0));
    hello(&mut feed, &[Feature::SUBSETS, Feature::SUMMARIES]);
    catalog(&mut feed);
    let reads = Reads::Columns(Some(600));
    feed.follow_screen([ShownPanel { group: "g", place: PanelPlace::OnScreen, reads }], Leaving::Allowed, at(0));
    let request = requests.1.borrow()[1].clone();
    assert_eq!(request.steps.iter().map(|of| of.step).collect::<Vec<_>>(), [Interval::from_secs(2)]);
    assert_eq!(request.start, Start::Window(Interval::from_secs(120)));
}

#[test]
fn lag_and_server_time_follow_the_servers_clock() {
    let (mut feed, _) = feed();
    let collected = at(HOUR_US + 995_000);
    let samples = || Body::Samples(Samples { collected, ..Samples::of_blocks(protocol::Blocks::default()) });
    feed.handle(frame(at(HOUR_US + 997_000), samples()), at(1_000_000));
    assert_eq!(feed.lag(at(1_000_000)), None, "no lag before the first echo");
    let echo = Echo { origin: at(1_000_000), received: at(HOUR_US + 1_003_000) };
    feed.handle(frame(at(HOUR_US + 1_003_000), Body::Echo(echo)), at(1_006_000));
    assert_eq!(feed.server_now(at(2_000_000)), at(HOUR_US + 2_000_000));
    feed.handle(frame(at(HOUR_US + 997_000), samples()), at(1_010_000));
    assert_eq!(feed.lag(at(1_010_000)).map(|lag| lag.p50), Some(Interval::from_millis(15)));
}

#[test]
fn bad_frames_are_counted_and_named() {
    let (mut feed, _) = feed();
    let bad = |reason: &str| FrameEvent::BadFrame { reason: reason.to_owned() };
    let notice = |text: &str| FeedChange::Notice(text.to_owned());
    assert_eq!(feed.handle(bad("a"), at(0)), notice("1 frame could not be decoded; last error: a"));
    assert_eq!(feed.handle(bad("b"), at(0)), notice("2 frames could not be decoded; last error: b"));
    assert_eq!(feed.counts(), FeedCounts { messages: 2, bytes: 0, decode_errors: 2 });
}

#[test]
fn a_bye_sets_the_retry_floor_and_a_hello_the_host() {
    let (mut feed, requests) = feed();
    let retry_after = Interval::from_secs(3);
    feed.handle(frame(at(0), Body::Bye(Bye { reason: ByeReason::Overloaded, retry_after, text: "" })), at(0));
    assert_eq!(*requests.0.borrow(), [Request::RetryFloor(retry_after)]);
    let hello = Hello {
        server: "kymograph",
        host: "db-1",
        history: SPAN,
        heartbeat: Interval::from_secs(1),
        ..Hello::default()
    };
    feed.handle(frame(at(0), Body::Hello(hello)), at(0));
    assert_eq!(feed.host(), "db-1");
}

#[test]
fn a_wake_probes_and_wakes_the_source() {
    let (mut feed, requests) = feed();
    feed.wake(at(9));
    assert_eq!(*requests.0.borrow(), [Request::Probe(at(9)), Request::Wake]);
}

#[test]
fn a_lost_source_is_not_live_and_its_newest_sample_ages() {
    let (mut feed, _) = feed();
    feed.handle(FrameEvent::StatusChanged(SourceStatus::Live), at(0));
    assert!(!feed.has_all_samples(), "history has not arrived");
    assert_eq!((feed.sample_age(at(0)), feed.freshness(at(0))), (SampleAge::Never, Freshness::Fresh));
    let ended = feed.handle(FrameEvent::Ended { reason: "access denied (4403)".to_owned() }, at(0));
    assert_eq!(ended, FeedChange::Notice("The stream has ended: access denied (4403)".to_owned()));
    let refused = feed.handle(FrameEvent::SignInNeeded(Refusal::NoSession), at(0));
    assert_eq!(refused, FeedChange::SignInNeeded(Refusal::NoSession));
}
