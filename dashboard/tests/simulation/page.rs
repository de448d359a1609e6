//! The page: the policy, position and store of the product, without a browser.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use dashboard::link::policy::{Action, Input, Policy};
use dashboard::link::{Close, CloseCode, Settings};
use dashboard::store::{Applied, Following, Leaving, Store, Support};
use futures_util::{SinkExt, StreamExt};
use protocol::{
    Body, CatalogScope, ClientMessage, Epoch, Frame, Gap, GapCause, GroupId, HistoryPart, Interval, Sequence, Start,
    Timestamp,
};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use turmoil::net::TcpStream;

use super::FAULTS_END;
use super::answers::Queries;
use super::faults::{PageFault, SharedPageFault};
use super::feed::{PORT, WINDOW};
use super::ledger::{Entries, Ledger};
use super::screen;
use super::tally::Tally;

type Socket = WebSocketStream<TcpStream>;
type Connecting = Pin<Box<dyn Future<Output = std::io::Result<Socket>>>>;

/// The interval of probes.
const PROBE: Duration = Duration::from_secs(2);

enum Event {
    Connected(std::io::Result<Box<Socket>>),
    Received(Option<Message>),
    ProbeDue,
    Woken,
}

/// Runs until the faults are over and the page is complete; then checks its rows.
pub(crate) async fn run(ledger: &RefCell<Ledger>, page_fault: &SharedPageFault, random: StdRng) -> Tally {
    let mut page = Page::new(Rc::clone(page_fault), random);
    let mut probes = interval(PROBE);
    probes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while turmoil::elapsed() <= FAULTS_END || !page.is_complete(&ledger.borrow()) {
        page.run_actions();
        if turmoil::elapsed() > FAULTS_END {
            let needs = page.last_needs;
            page.choose(|_| true, needs).await;
        }
        if page_fault.get() == PageFault::Asleep {
            sleep(Duration::from_millis(50)).await;
            continue;
        }
        let wake = page.policy.wake_at().map_or(Instant::now() + PROBE, |at| page.instant(at));
        let event = tokio::select! {
            socket = async { page.connecting.as_mut().expect("checked").await }, if page.connecting.is_some() => Event::Connected(socket.map(Box::new)),
            message = async { page.socket.as_mut().expect("checked").next().await }, if page.socket.is_some() => {
                Event::Received(message.and_then(Result::ok))
            }
            _ = probes.tick() => Event::ProbeDue,
            () = sleep_until(wake) => Event::Woken,
        };
        page.handle(event).await;
    }
    let mut tally = ledger.borrow().check(&page.store, &page.gaps, &page.added);
    ledger.borrow().check_entries(&page.entries, &page.gaps, &mut tally);
    ledger.borrow().check_answers(&page.queries, &mut tally);
    (tally.connections, tally.changes) = (page.connections, page.changes);
    (tally.repairs, tally.duplicates) = (page.store.counts().repairs, page.store.counts().duplicates);
    tally
}

struct Page {
    began: Instant,
    policy: Policy,
    store: Store,
    connecting: Option<Connecting>,
    socket: Option<Socket>,
    fault: SharedPageFault,
    random: StdRng,
    connections: u64,
    /// Of the subscription.
    changes: u64,
    gaps: Vec<(Epoch, Gap)>,
    entries: Entries,
    queries: Queries,
    following: Following,
    /// A connection is open, and its first message has not arrived.
    awaits_message: bool,
    /// What the panels need of the groups after the faults.
    last_needs: u16,
    /// The epoch, group and position of each history with an added group: rows before it may have left the server's history.
    added: Vec<(Epoch, String, Sequence)>,
    /// The page has subscribed without a position, or with one that the server does not know.
    begins_anew: bool,
}

impl Page {
    fn new(fault: SharedPageFault, mut random: StdRng) -> Self {
        let began = Instant::now();
        let mut following = Following::default();
        if random.random() {
            following.expect_column(screen::FIRST_COLUMN);
        }
        let last_needs = random.random();
        Self {
            began,
            policy: Policy::new(Settings::default(), Timestamp::default()),
            store: Store::new(WINDOW),
            connecting: Some(Box::pin(connect())),
            socket: None,
            fault,
            random,
            connections: 0,
            changes: 0,
            gaps: Vec::new(),
            entries: Entries::default(),
            queries: Queries::default(),
            following,
            awaits_message: false,
            last_needs,
            added: Vec::new(),
            begins_anew: true,
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.began.elapsed().as_micros() as i64)
    }

    fn instant(&self, at: Timestamp) -> Instant {
        self.began + Duration::from_micros(at.micros().clamp(0, 1 << 40).unsigned_abs())
    }

    fn is_complete(&self, ledger: &Ledger) -> bool {
        self.following.is_whole() && self.store.position().is_live() && self.store.position().held() == ledger.head()
    }

    fn handle_input(&mut self, input: Input) {
        let now = self.now();
        // A fixed number: the simulation has enough other randomness.
        self.policy.handle(input, now, 0.5);
    }

    fn run_actions(&mut self) {
        while let Some(action) = self.policy.next_action() {
            match action {
                Action::Connect => self.connecting = Some(Box::pin(connect())),
                Action::Close(_) | Action::Abandon(_) => (self.connecting, self.socket) = (None, None),
                Action::EmitOpened => {
                    self.connections += 1;
                    self.store.connected();
                    self.queries.disconnected();
                    if matches!(self.store.start(), Start::Window(_)) {
                        self.following.begin_anew();
                    }
                    self.awaits_message = true;
                }
                Action::EmitClosed(..) | Action::EmitState => {}
            }
        }
    }

    async fn handle(&mut self, event: Event) {
        match event {
            Event::Connected(Ok(socket)) => {
                (self.connecting, self.socket) = (None, Some(*socket));
                self.handle_input(Input::Open);
            }
            Event::Connected(Err(error)) => {
                self.connecting = None;
                self.handle_input(Input::Lost(Close::unclean(CloseCode::ABNORMAL, error.to_string())));
            }
            Event::Received(Some(Message::Binary(bytes))) => {
                self.policy.message_arrived(self.now());
                let is_samples = matches!(Frame::decode(&bytes).expect("sent frames decode").body, Body::Samples(_));
                if self.fault.get() == PageFault::Garbled && is_samples {
                    self.take_garbled(&bytes).await;
                } else {
                    self.take(&bytes).await;
                }
            }
            Event::Received(Some(Message::Close(close))) => {
                self.socket = None;
                let (code, reason) =
                    close.map_or((1005, String::new()), |close| (close.code.into(), close.reason.to_string()));
                self.handle_input(Input::Lost(Close { code: CloseCode(code), reason, clean: true }));
            }
            Event::Received(Some(_)) => {}
            Event::Received(None) => {
                self.socket = None;
                self.handle_input(Input::Lost(Close::unclean(CloseCode::ABNORMAL, "")));
            }
            Event::ProbeDue => {
                self.send(ClientMessage::Probe { origin: self.now() }).await;
                let chosen: u8 = self.random.random_range(1..8);
                let needs = self.random.random();
                self.choose(|group| chosen & 1 << (group.0 % 3) != 0, needs).await;
                if let Some(newest) = self.store.newest() {
                    let query = self.queries.ask(newest, &mut self.random);
                    self.send(query).await;
                }
            }
            Event::Woken => self.handle_input(Input::Wake),
        }
    }

    async fn take_garbled(&mut self, bytes: &[u8]) {
        match self.random.random_range(0..8) {
            0 => {}
            1 => {
                self.take(bytes).await;
                self.take(bytes).await;
            }
            2 => self.take(&bytes[..bytes.len() - 1]).await,
            _ => self.take(bytes).await,
        }
    }

    async fn take(&mut self, bytes: &[u8]) {
        self.take_frame(bytes).await;
        if self.awaits_message {
            self.subscribe().await;
        }
    }

    async fn take_frame(&mut self, bytes: &[u8]) {
        let Ok(frame) = Frame::decode(bytes) else {
            if self.store.unreadable() == Applied::Lost {
                self.subscribe().await;
            }
            return;
        };
        match frame.body {
            Body::Gap(gap) => {
                self.begins_anew |= gap.cause != GapCause::HistoryExpired;
                self.gaps.push((frame.header.epoch, gap));
            }
            Body::Logs(_) | Body::Event(_) => {
                self.entries.held.insert((frame.header.epoch, frame.header.sequence));
            }
            Body::History(history) if history.part == HistoryPart::Last && self.begins_anew => {
                self.entries.began_after.insert(frame.header.epoch, frame.header.sequence);
                self.begins_anew = false;
            }
            Body::Hello(hello) => {
                self.following.set_support(Support::of(&hello.features));
            }
            Body::Catalog(catalog) if catalog.scope != CatalogScope::Changes => {
                self.following.catalog_began(frame.header.epoch);
            }
            Body::Subscribed(subscribed) => self.following.answered(subscribed.id),
            Body::Answer(answer) => self.queries.take(frame.header.epoch, &answer),
            Body::Refused(refused) => panic!("refused: {}", refused.text),
            Body::Bye(bye) => self.policy.set_retry_floor(bye.retry_after),
            _ => {}
        }
        let applied = self.store.apply(&frame);
        if matches!(frame.body, Body::History(_)) && self.store.position().is_live() {
            let (epoch, position) = (frame.header.epoch, frame.header.sequence);
            let added = self.following.added().clone();
            let name_of = |id| self.store.ids().find(|(other, _)| *other == id).map(|(_, group)| group.name.clone());
            self.added.extend(added.into_iter().filter_map(name_of).map(|name| (epoch, name, position)));
            self.following.filled();
        }
        if applied == Applied::Lost {
            self.subscribe().await;
        }
    }

    /// Subscribes to the groups that are chosen, as if they were on screen, and others had left it long ago.
    async fn choose(&mut self, is_on_screen: impl Fn(GroupId) -> bool, needs: u16) {
        let catalog = screen::catalog(&self.store, is_on_screen, needs);
        let now = self.now();
        let has_changed =
            [now, now + Interval::from_secs(60)].map(|now| self.following.choose(&catalog, Leaving::Allowed, now));
        if has_changed.contains(&true) {
            self.changes += 1;
            self.subscribe().await;
        }
    }

    async fn subscribe(&mut self) {
        self.awaits_message = false;
        let start = self.store.start();
        self.begins_anew |= matches!(start, Start::Window(_));
        let bytes = self.following.request(start).send(|message| message.to_bytes().expect("encodes"));
        self.send_bytes(bytes.expect("ids can be encoded")).await;
    }

    /// Sends if a connection is open.
    async fn send(&mut self, message: ClientMessage<'_>) {
        self.send_bytes(message.to_bytes().expect("encodes")).await;
    }

    async fn send_bytes(&mut self, message: Vec<u8>) {
        if let Some(socket) = &mut self.socket {
            let _closed = socket.send(Message::binary(message)).await;
        }
    }
}

async fn connect() -> std::io::Result<Socket> {
    let stream = TcpStream::connect(("server", PORT)).await?;
    Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
}
