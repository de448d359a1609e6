//! What the page holds and does: takes in frames, draws panels, shows figures.

use protocol::{Body, ClientMessage, Frame, Interval, Timestamp};
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::address;
use super::codec::{PageCodec, Received};
use super::command::Command;
use super::crosshair::Crosshair;
use super::dom::{self, Text};
use super::header::{Figures, Header};
use super::link_words::LinkWords;
use super::look::{Look, Motion};
use super::parameters::{Parameters, Theme, Times};
use super::rate::Rate;
use super::stats::Stats;
use super::theme::{self, Palette};
use super::wall::{MAX_PANELS, Wall};
use crate::link::{
    ClientEvent, Exchange, Lag, ServerClock, Sign, Standing, Standings, State, WebSocketClient, page_now,
};
use crate::store::capacity::MAX_SERIES;
use crate::store::{Applied, Store};
use crate::view::{self, TimeLabels};

/// Numbers change this often: faster than that nobody reads.
const FIGURES_INTERVAL_MS: f64 = 250.0;

/// The clocks are compared this often.
const PROBE_INTERVAL: Interval = Interval::from_secs(2);

/// On a new connection the clocks are compared so many times with each look at the figures: the first answers come while
/// history does, and late answers tell little.
const FIRST_PROBES: u32 = 12;

/// Everything on the page.
pub(super) struct App {
    window: Interval,
    theme: Theme,
    palette: Palette,
    times: Times,
    store: Store,
    wall: Wall,
    notice: HtmlElement,
    pause_button: HtmlElement,
    pause_text: Text,
    header: Header,
    client: Option<WebSocketClient<PageCodec>>,
    clock: ServerClock,
    lag: Lag,
    standings: Standings,
    last_probe: Timestamp,
    first_probes: u32,
    counts: Counts,
    rates: Rates,
    link: LinkWords,
    paused: bool,
    /// The time at the right edge of all charts.
    shown_at: Timestamp,
    crosshair: Crosshair,
    figures_due_ms: f64,
    /// The store has groups or series that the wall does not know of.
    catalog_is_new: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    messages: u64,
    bytes: u64,
    decode_errors: u64,
    frames: u64,
    walls: u64,
    commits: u64,
}

#[derive(Debug, Default)]
struct Rates {
    messages: Rate,
    samples: Rate,
    frames: Rate,
}

impl App {
    pub(super) fn new() -> Result<Self, JsValue> {
        let query = address::query()?;
        let parameters = Parameters::parse(query.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let theme = parameters.theme.unwrap_or_else(theme::preferred);
        theme::apply(theme)?;
        let wall = Wall::new(parameters.options)?;
        let crosshair = Crosshair::new(wall.element())?;
        let app = Self {
            window: parameters.window,
            theme,
            palette: Palette::read(theme)?,
            store: Store::new(parameters.window),
            times: parameters.times,
            wall,
            notice: dom::by_id("notice")?,
            pause_button: dom::by_id("pause")?,
            pause_text: Text::new(dom::by_id("pause")?),
            header: Header::new()?,
            client: None,
            clock: ServerClock::default(),
            lag: Lag::default(),
            standings: Standings::default(),
            last_probe: Timestamp::MIN,
            first_probes: 0,
            counts: Counts::default(),
            rates: Rates::default(),
            link: LinkWords::default(),
            paused: false,
            shown_at: Timestamp::default(),
            crosshair,
            figures_due_ms: 0.0,
            catalog_is_new: false,
        };
        if let Some(mistake) = parameters.mistakes.first() {
            app.warn(&format!("The address asks for something that makes no sense: {mistake}"));
        }
        Ok(app)
    }

    /// Hot: once a message.
    pub(super) fn event(&mut self, event: ClientEvent<'_, PageCodec>) {
        match event {
            ClientEvent::Opened => {
                self.store.connected();
                self.subscribe();
                self.first_probes = FIRST_PROBES;
                self.probe(page_now());
            }
            ClientEvent::Message(Received { frame, bytes }) => {
                self.counts.bytes += bytes as u64;
                self.frame_received(&frame);
            }
            ClientEvent::Unreadable(error) => self.bad_frame(&error.to_string()),
            ClientEvent::TooLong { length, limit } => {
                self.bad_frame(&format!("a message of {length} bytes, the limit is {limit}"));
            }
            ClientEvent::Closed { close, will_retry_in: None } => self.warn(&format!("The stream has ended: {close}")),
            ClientEvent::StateChanged(state) => self.link = LinkWords::of(&state),
            ClientEvent::Closed { .. } | ClientEvent::Error => {}
        }
    }

    fn frame_received(&mut self, frame: &Frame<'_>) {
        let now = page_now();
        self.counts.messages += 1;
        self.clock.heard(frame.header.sent, now);
        match &frame.body {
            Body::Hello(hello) => self.header.set_host(hello.host),
            Body::Samples(samples) => {
                if let Some(lag) = self.clock.age(samples.collected, now) {
                    self.lag.record(now, lag);
                }
            }
            Body::Echo(echo) => self.clock.record(Exchange::of_echo(*echo, frame.header.sent, now)),
            Body::Bye(bye) => {
                if let Some(client) = &self.client {
                    client.set_retry_floor(bye.retry_after);
                }
            }
            _ => {}
        }
        let applied = self.store.apply(frame);
        self.follow(applied);
    }

    fn follow(&mut self, applied: Applied) {
        match applied {
            Applied::Stored => {}
            Applied::CatalogChanged => {
                // Here too, for a hidden page draws no frames and would keep every series that ever was.
                self.store.prune(self.clock.server_now(page_now()) - self.window);
                self.catalog_is_new = true;
            }
            Applied::Lost => self.subscribe(),
        }
    }

    fn subscribe(&self) {
        self.say(ClientMessage::Subscribe { start: self.store.start() });
    }

    fn bad_frame(&mut self, error: &str) {
        let applied = self.store.unreadable();
        self.follow(applied);
        self.counts.messages += 1;
        self.counts.decode_errors += 1;
        let count = self.counts.decode_errors;
        let frames = if count == 1 { "1 frame".to_owned() } else { format!("{count} frames") };
        self.warn(&format!("{frames} could not be read; the last one: {error}"));
    }

    fn warn(&self, text: &str) {
        self.notice.set_text_content(Some(text));
        self.notice.set_hidden(false);
    }

    fn report(&self, error: &JsValue) {
        web_sys::console::error_1(error);
        self.warn(&format!("This browser refused something: {error:?}"));
    }

    fn say(&self, message: ClientMessage<'_>) {
        // A connection that has just gone is asked again when it is back.
        let _gone = self.client.as_ref().map(|client| client.send(message));
    }

    /// The page is seen again, or the network is back: it may have slept, and its clock with it.
    pub(super) fn wake(&mut self) {
        self.first_probes = FIRST_PROBES;
        self.probe(page_now());
        // Not where the server said not to come back.
        if let Some(client) = self.client.as_ref().filter(|client| matches!(client.state(), State::Reconnecting { .. }))
        {
            client.retry_now();
        }
    }

    fn probe(&mut self, now: Timestamp) {
        self.last_probe = now;
        self.say(ClientMessage::Probe { origin: now });
    }

    /// Where the panels are.
    pub(super) const fn wall(&mut self) -> &mut Wall {
        &mut self.wall
    }

    /// Takes the client that the app speaks through.
    pub(super) fn set_client(&mut self, client: WebSocketClient<PageCodec>) {
        self.client = Some(client);
    }

    pub(super) fn command(&mut self, command: Command) {
        let done = match command {
            Command::Pause => {
                self.paused = !self.paused;
                self.pause_button.set_attribute("aria-pressed", if self.paused { "true" } else { "false" })
            }
            Command::Theme => self.set_theme(self.theme.other()),
            Command::Times => {
                self.times = self.times.next();
                self.wall.repaint_axes();
                address::set("times", (self.times != Times::default()).then(|| self.times.name()))
            }
        };
        if let Err(error) = done {
            self.report(&error);
        }
    }

    fn set_theme(&mut self, theme: Theme) -> Result<(), JsValue> {
        self.theme = theme;
        theme::apply(theme)?;
        self.palette = Palette::read(theme)?;
        self.wall.repaint_axes();
        Ok(())
    }

    /// Hot: once a display frame.
    pub(super) fn frame(&mut self, time_ms: f64) {
        let now = page_now();
        self.counts.frames += 1;
        let drawn = self.draw(now).and_then(|()| {
            if time_ms < self.figures_due_ms {
                return Ok(());
            }
            self.figures_due_ms = time_ms + FIGURES_INTERVAL_MS;
            self.show_figures(time_ms / 1e3, now)
        });
        if let Err(error) = drawn {
            self.report(&error);
        }
    }

    fn draw(&mut self, now: Timestamp) -> Result<(), JsValue> {
        if std::mem::take(&mut self.catalog_is_new) {
            self.wall.rebuild(&self.store)?;
            self.warn_of_limits();
        }
        self.wall.take_options(&self.store)?;
        let times = match self.times {
            Times::Relative => TimeLabels::Relative,
            Times::Utc => TimeLabels::Utc,
            // The browser counts how far UTC is ahead.
            Times::Local => TimeLabels::Local { offset_minutes: -js_sys::Date::new_0().get_timezone_offset() as i32 },
        };
        let motion = if self.paused { Motion::Held } else { Motion::Live };
        let look = Look { span: self.window, times, palette: &self.palette, motion };
        // A picture that is held is drawn as of then: panels that come on screen show the same time as the others.
        if !self.paused {
            self.shown_at = self.clock.server_now(now);
        }
        let commits = self.wall.draw(&self.store, &look, self.shown_at)?;
        if self.crosshair.follow() {
            let label = self.time_at_crosshair().map(|time| view::time_label(times, time, self.shown_at));
            self.wall.set_crosshair(self.crosshair.shown(), &label.unwrap_or_default())?;
            self.wall.update_legends(&self.store, self.time_at_crosshair())?;
        }
        self.counts.commits += commits;
        self.counts.walls += u64::from(commits > 0);
        Ok(())
    }

    /// The time at which the pointer points.
    fn time_at_crosshair(&self) -> Option<Timestamp> {
        let before_us = (1.0 - self.crosshair.shown()?) * self.window.micros() as f64;
        Some(self.shown_at - Interval::from_micros(before_us as u64))
    }

    /// Says what of the catalog is not on the page.
    fn warn_of_limits(&self) {
        let (groups, refused) = (self.store.groups().len(), self.store.counts().refused);
        if refused > 0 {
            self.warn(&format!("{refused} series are left out: a page takes in {MAX_SERIES} at most"));
        } else if groups > MAX_PANELS {
            self.warn(&format!("{MAX_PANELS} of {groups} groups are shown"));
        } else if let Some(reach) = self.store.shortfall() {
            let (reach, window) = (reach.as_secs_f64(), self.window.as_secs_f64());
            self.warn(&format!("There are so many samples that the page holds the last {reach:.1} s of {window:.0} s"));
        }
    }

    fn show_figures(&mut self, seconds: f64, now: Timestamp) -> Result<(), JsValue> {
        let server_now = self.clock.server_now(now);
        if self.first_probes > 0 || now.micros_since(self.last_probe) > PROBE_INTERVAL.micros() as i64 {
            self.first_probes = self.first_probes.saturating_sub(1);
            self.probe(now);
        }
        if self.store.prune(server_now - self.window) {
            self.wall.rebuild(&self.store)?;
        }
        if !self.paused {
            let at = self.time_at_crosshair();
            self.wall.update_legends(&self.store, at)?;
            // Without its samples the page cannot tell which source has stopped.
            if self.link.is_live() && self.store.position().is_live() {
                self.wall.mark_stale(&self.store, server_now)?;
            }
        }
        self.pause_text.set(if self.paused { "Resume" } else { "Pause" });
        let counts = self.store.counts();
        let sign = Sign { lag: self.lag.latest(now), is_live: self.store.position().is_live(), fills: counts.fills };
        let standing = self.standings.update(now, sign);
        let age = self.store.newest().map(|newest| server_now.micros_since(newest).max(0).unsigned_abs());
        let age = age.map(Interval::from_micros);
        let figures = Figures {
            link: self.link.name(),
            link_text: self.link.text(standing, age),
            is_behind: standing != Standing::Abreast,
            repairs: counts.repairs,
            lag_ms: self.lag.recent(now).map(|lag| lag.p50.as_secs_f64() * 1e3),
            messages: self.rates.messages.update(seconds, self.counts.messages),
            samples: self.rates.samples.update(seconds, counts.samples),
            fps: self.rates.frames.update(seconds, self.counts.frames),
        };
        self.header.show(&figures)
    }

    pub(super) fn stats(&mut self) -> Stats {
        let store = self.store.counts();
        let lag = self.lag.recent(page_now());
        Stats {
            link: self.link.name(),
            fps: self.rates.frames.per_second(),
            frames: self.counts.frames,
            commits: self.counts.commits,
            messages: self.counts.messages,
            bytes: self.counts.bytes,
            samples: store.samples,
            series: self.store.series(),
            walls: self.counts.walls,
            panels: self.wall.panels(),
            panels_in_view: self.wall.panels_in_view(),
            bytes_held: self.store.bytes(),
            gaps: store.gaps,
            repairs: store.repairs,
            duplicates: store.duplicates,
            retries: self.client.as_ref().map_or(0, WebSocketClient::retries),
            lag_p50_ms: lag.map(|lag| lag.p50.as_secs_f64() * 1e3),
            lag_p99_ms: lag.map(|lag| lag.p99.as_secs_f64() * 1e3),
            decode_errors: self.counts.decode_errors,
            unknown: store.unknown,
            paused: self.paused,
        }
    }
}
