use std::cell::RefCell;
use std::rc::Rc;

use protocol::{Bye, ByeReason, Echo, Epoch, Header, Hello, Samples, Sequence, Start};

use super::*;
use crate::page::past_requests::PastQuery;
use crate::store::StreamRequest;

/// Records the requests of a feed.
#[derive(Clone, Default)]
struct Requests(Rc<RefCell<Vec<Request>>>);

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
fn an_opened_source_receives_a_subscription_and_a_probe() {
    let (mut feed, requests) = feed();
    feed.handle(FrameEvent::Opened, at(5));
    assert_eq!(*requests.0.borrow(), [Request::Subscribe(Start::Window(SPAN)), Request::Probe(at(5))]);
    assert_eq!(feed.retries(), 7);
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
