//! The page: wires feed, viewport, display settings, panels and header.

mod exports;
mod finding;

use std::rc::Rc;

use protocol::limits::MAX_SERIES;
use protocol::{Interval, Timestamp};
use wasm_bindgen::JsValue;
use web_sys::Element;

use super::address;
use super::command::Command;
use super::crosshair::Crosshair;
use super::display::Display;
use super::dom::{self, Text};
use super::feed::{Feed, FeedChange};
use super::filter_chip::FilterChip;
use super::finder::Finder;
use super::foreign_text::isolated;
use super::frame_loop::FrameLoop;
use super::frame_pace::{FramePace, Reach};
use super::frame_source::{FrameEvent, FrameSource};
use super::header::Header;
use super::help::Help;
use super::navigation::Navigation;
use super::notice::Notice;
use super::panel::ReadAt;
use super::panel_grid::{Drawn, MAX_PANELS, PanelGrid, PanelsShown};
use super::parameters::Parameters;
use super::past_requests::ShownRange;
use super::render_context::{RenderContext, Shade};
use super::server_request::ServerRequest;
use super::sign_in_form::SignInForm;
use super::sources::{Empty, Sources};
use super::stats::Stats;
use super::status_line::StatusLine;
use super::tables::dialog::TableDialog;
use super::telemetry::{PanelCounts, Telemetry};
use super::verdict::Verdict;
use crate::layout::Layout;
use crate::link::Clock;
use crate::store::Leaving;
use crate::view;
use crate::viewport::Viewport;

pub(super) struct App {
    clock: Rc<dyn Clock>,
    frames: FrameLoop,
    pace: FramePace,
    feed: Feed,
    navigation: Navigation,
    display: Display,
    panels: PanelGrid,
    crosshair: Crosshair,
    header: Header,
    help: Help,
    finder: Finder,
    filter: FilterChip,
    verdict: Text,
    /// The value that keys read in a chart.
    reading: Text,
    table: TableDialog,
    notice: Notice,
    status: StatusLine,
    sources: Sources,
    sign_in: SignInForm,
    telemetry: Telemetry,
    /// The address has a layout, which takes precedence over that of the server.
    has_layout: bool,
    layout_request: Option<ServerRequest>,
    /// The store has groups or series without a panel.
    catalog_changed: bool,
    size_changed: bool,
}

impl App {
    /// A page with the parameters of its address, without a source.
    pub(super) fn new(clock: Rc<dyn Clock>) -> Result<Self, JsValue> {
        let query = address::query()?;
        let parameters = Parameters::parse(query.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        let notice = Notice::new()?;
        if let Some(error) = parameters.errors.first() {
            notice.show(&error.to_string());
        }
        let display = Display::new(&parameters)?;
        let mut panels = PanelGrid::new(parameters.panels.clone(), parameters.filter.clone())?;
        let has_layout = parameters.layout.is_some();
        parameters.layout.clone().into_iter().for_each(|layout| panels.set_layout(layout));
        let navigation = Navigation::new(&parameters, panels.element())?;
        Ok(Self {
            clock,
            frames: FrameLoop::default(),
            pace: FramePace::default(),
            feed: Feed::new(navigation.viewport().live_span()),
            help: Help::new(parameters.single_keys)?,
            finder: Finder::new()?,
            filter: FilterChip::new(parameters.filter.as_ref())?,
            verdict: Text::new(dom::by_id("verdict")?),
            reading: Text::new(dom::by_id("reading")?),
            table: TableDialog::new()?,
            status: StatusLine::new()?,
            sources: Sources::new()?,
            navigation,
            display,
            crosshair: Crosshair::new(panels.element())?,
            panels,
            header: Header::new()?,
            notice,
            sign_in: SignInForm::new()?,
            telemetry: Telemetry::default(),
            has_layout,
            layout_request: None,
            catalog_changed: false,
            size_changed: true,
        })
    }

    /// Sets the source of frames, whose events come to [`event`](Self::event).
    pub(super) fn attach(&mut self, source: Box<dyn FrameSource>) {
        self.feed.attach(source);
    }

    /// Keeps the request for the server's layout, or cancels it if the address has a layout.
    pub(super) fn wait_for_layout(&mut self, request: ServerRequest) {
        self.layout_request = (!self.has_layout).then_some(request);
    }

    /// Shows the layout of the server. If the page cannot parse it, as from a newer server, a notice says why.
    pub(super) fn layout_arrived(&mut self, lines: &str) {
        match Layout::parse(lines) {
            Ok(layout) => {
                self.panels.set_layout(layout);
                self.catalog_changed = true;
                self.input();
            }
            Err(error) => self.notice.show(&format!("The layout of the server is not shown: {error}")),
        }
    }

    /// Its display frames. Whatever changes the page outside of a frame requests one.
    pub(super) fn frames(&self) -> FrameLoop {
        self.frames.clone()
    }

    pub(super) fn clock(&self) -> Rc<dyn Clock> {
        Rc::clone(&self.clock)
    }

    /// Returns true if the page has a source, which reconnects by itself.
    pub(super) const fn has_source(&self) -> bool {
        self.feed.has_source()
    }

    pub(super) fn reconnect(&self) {
        self.feed.reconnect();
    }

    pub(super) const fn sign_in(&mut self) -> &mut SignInForm {
        &mut self.sign_in
    }

    pub(super) const fn panels(&mut self) -> &mut PanelGrid {
        &mut self.panels
    }

    /// Shows in the next display frame what an input, or an event that is not routine, has changed.
    pub(super) fn input(&mut self) {
        self.pace.expect_figures();
        self.frames.request();
    }

    /// Measures the panels in the next display frame.
    pub(super) fn size_changed(&mut self) {
        self.panels.size_changed();
        self.size_changed = true;
        self.frames.request();
    }

    /// A panel came close to the screen or left it.
    pub(super) fn set_in_view(&mut self, panel: &Element, in_view: bool) {
        self.panels.set_in_view(panel, in_view);
        // The figures' time is also that of subscriptions.
        self.input();
    }

    /// A panel came on screen or left it.
    pub(super) fn set_on_screen(&mut self, panel: &Element, on_screen: bool) {
        self.panels.set_on_screen(panel, on_screen);
        self.frames.request();
    }

    /// Applies colours again: the browser's preferences have changed.
    pub(super) fn colors_changed(&mut self) {
        let result = self.display.reload();
        self.panels.repaint();
        self.navigation.repaint();
        self.frames.request();
        self.show_error(result);
    }

    /// Draws all panels for paper, at once: the browser prints when this returns.
    pub(super) fn prepare_print(&mut self) {
        let result = self.display.prepare_print().and_then(|()| {
            self.navigation.follow(self.feed.server_now(self.clock.now()));
            let viewport = self.navigation.viewport();
            let context = render_context(&self.display, viewport, &self.feed);
            self.panels.prepare_print(self.feed.store(), &context, &viewport.shown())
        });
        self.show_error(result);
    }

    pub(super) fn finish_print(&mut self) {
        self.panels.finish_print();
        self.colors_changed();
    }

    /// Hot: once a message.
    pub(super) fn event(&mut self, event: FrameEvent<'_>) {
        let now = self.clock.now();
        let pause = self.pace.message_arrived(now);
        if event.is_routine() {
            self.frames.request_after(pause);
        } else {
            self.input();
        }
        if matches!(event, FrameEvent::Opened) {
            let width = self.panels.expected_width();
            self.feed.expect_charts(width.as_ref().copied().unwrap_or_default());
            self.show_error(width.map(drop));
        }
        match self.feed.handle(event, now) {
            FeedChange::None => {}
            FeedChange::Catalog => self.catalog_changed = true,
            FeedChange::Notice(text) => self.notice.show(&text),
            FeedChange::SignInNeeded(refusal) => {
                let result = self.sign_in.ask(refusal);
                self.show_error(result);
            }
            FeedChange::StreamRefused(reason) => self.notice.show_refusal(reason),
        }
    }

    /// Handles a wake: the page is shown again, or the network is back.
    pub(super) fn wake(&mut self) {
        self.feed.wake(self.clock.now());
        self.frames.request();
    }

    pub(super) const fn help(&self) -> &Help {
        &self.help
    }

    pub(super) fn command(&mut self, command: Command) {
        let result = match command {
            Command::Theme => {
                self.panels.repaint();
                self.navigation.repaint();
                self.display.toggle_theme()
            }
            Command::Times => {
                self.panels.repaint();
                self.navigation.repaint();
                self.display.next_times()
            }
            Command::Help => self.help.toggle(),
            Command::Statistics => self.show_statistics(),
            Command::SaveSelection => self.save_selection(),
            Command::CopyLink => self.copy_link(),
            Command::Sources => self.sources.open(),
            Command::Find => self.finder.open(self.feed.store()),
            Command::DropFilter => self.set_filter(None),
            of_view => self.navigation.command(of_view),
        };
        self.show_error(result);
    }

    /// Draws a display frame at `time_ms` since the page was opened. Returns the pause before the next one.
    ///
    /// Hot: once a display frame.
    pub(super) fn frame(&mut self, time_ms: f64) -> Interval {
        let now = self.clock.now();
        self.pace.begin(now);
        self.telemetry.count_frame();
        let reach = self.pace.take_reach(now);
        let drawn = self.draw(reach);
        let shown = match drawn {
            Ok(_) if self.pace.take_figures_due(now) => self.show_figures(time_ms / 1e3),
            _ => Ok(()),
        };
        let pause = match drawn {
            Ok(Drawn::Partly) => Interval::ZERO,
            _ => self.pace.pause(now, self.panels.column_due(self.navigation.viewport())),
        };
        self.show_error(drawn.map(drop).and(shown));
        pause
    }

    pub(super) fn stats(&mut self) -> Stats {
        let panels = PanelCounts { all: self.panels.len(), in_view: self.panels.in_view() };
        self.telemetry.stats(&mut self.feed, panels, self.navigation.viewport(), self.clock.now())
    }

    fn draw(&mut self, reach: Reach) -> Result<Drawn, JsValue> {
        if std::mem::take(&mut self.catalog_changed) {
            self.panels.rebuild(self.feed.store_mut())?;
            self.show_limits();
        }
        self.panels.take_choices(self.feed.store_mut())?;
        self.take_acts()?;
        self.take_found()?;
        self.follow_sources()?;
        self.feed.store_mut().update_derived();
        let now = self.clock.now();
        self.navigation.follow(self.feed.server_now(now));
        self.navigation.take_gestures()?;
        // An answer changes a fixed view.
        let is_changed = self.navigation.take_changed() | self.feed.take_answered();
        if is_changed || self.feed.take_later() {
            self.ask_for_past(now);
        }
        let viewport = self.navigation.viewport();
        let context = render_context(&self.display, viewport, &self.feed);
        let (drawn, commits) = self.panels.draw(self.feed.store(), &context, viewport.right(), reach, &*self.clock)?;
        self.telemetry.count_commits(commits);
        let (selected, times) = (self.navigation.selected(), context.times);
        let is_read = self.crosshair.follow(&|plot| self.panels.columns_of(plot));
        if is_read || is_changed {
            let fraction = self.crosshair.fraction();
            let label = fraction
                .map(|fraction| view::time_label(times, viewport.time_at(fraction), viewport.right(), viewport.span()));
            let label = label.unwrap_or_default();
            self.panels.set_crosshair(fraction, &label)?;
            let text = self.panels.update_legends(self.feed.store(), &reading(viewport, &self.crosshair))?;
            // Only keys make it speak: a pointer moves too often, and its user sees the chart.
            let spoken = text.filter(|_| is_read && self.crosshair.is_by_keys());
            if is_read {
                self.reading.set(&spoken.map(|text| format!("{text}, {label}")).unwrap_or_default());
            }
        }
        self.panels.set_selection(selected)?;
        if std::mem::take(&mut self.size_changed) {
            self.navigation.size_changed()?;
        }
        self.navigation.show(self.feed.overview(), self.display.palette(), times)?;
        Ok(drawn)
    }

    fn show_figures(&mut self, seconds: f64) -> Result<(), JsValue> {
        let now = self.clock.now();
        if self.feed.tick(now) {
            self.panels.rebuild(self.feed.store_mut())?;
        }
        let viewport = self.navigation.viewport();
        if !viewport.is_fixed() {
            self.panels.update_legends(self.feed.store(), &reading(viewport, &self.crosshair))?;
        }
        if viewport.live_span() != self.feed.span() {
            self.feed.set_span(viewport.live_span());
        }
        // Also while the view is held: the age is that of the source now.
        if self.feed.has_all_samples() {
            let is_changed = self.panels.mark_stale(self.feed.store(), self.feed.server_now(now))?;
            if is_changed {
                self.frames.request();
            }
        }
        let may_leave = if viewport.is_fixed() { Leaving::Not } else { Leaving::Allowed };
        self.feed.follow_screen(self.panels.shown(), may_leave, now);
        self.ask_for_past(now);
        self.navigation.show_figures(now)?;
        self.show_verdict(now)?;
        self.sign_in.follow(self.feed.status());
        self.status.follow(now);
        let figures = self.telemetry.figures(&mut self.feed, seconds, now);
        self.header.show(self.feed.host(), &figures, seconds)
    }

    /// Shows the sources while they are asked for, or the page has no chart.
    fn follow_sources(&mut self) -> Result<(), JsValue> {
        // A page that is not connected does not know.
        let is_up = self.feed.has_all_samples() && !self.feed.status().is_down();
        let empty = match self.panels.panels_shown() {
            _ if !is_up => None,
            _ if self.feed.store().groups().is_empty() => Some(Empty::NoSeries),
            PanelsShown::NoPanel => Some(Empty::Layout),
            PanelsShown::AllHidden => Some(Empty::Filtered),
            PanelsShown::Some => None,
        };
        let key = self.sign_in.key();
        self.sources.follow(empty, || key.get(), &self.frames, self.clock.now())
    }

    /// Shows how the machine is.
    fn show_verdict(&mut self, now: Timestamp) -> Result<(), JsValue> {
        let is_known = self.feed.has_all_samples() && !self.feed.status().is_down();
        let verdict =
            if is_known { Verdict::of(self.feed.store(), self.feed.server_now(now)) } else { Verdict::default() };
        self.verdict.element().set_hidden(verdict.text.is_empty());
        self.verdict.element().class_list().toggle_with_force("is-bad", verdict.is_bad)?;
        // The charts of a held view show other times.
        let is_now = self.navigation.viewport().is_fixed() && !verdict.text.is_empty();
        self.verdict.set(&if is_now { format!("Now: {}", verdict.text) } else { verdict.text });
        Ok(())
    }

    /// Requests what the charts on screen need and the page does not hold.
    fn ask_for_past(&mut self, now: Timestamp) {
        let viewport = self.navigation.viewport();
        let view = ShownRange { shown: viewport.shown(), motion: viewport.motion() };
        let charts = self.panels.charts_on_screen(self.feed.store());
        self.feed.ask_for_past(&charts, &view, now);
        if let Some(pause) = self.feed.later() {
            self.frames.request_after(pause);
        }
        self.feed.ask_for_overview(&charts, self.navigation.overview_columns(), now);
    }

    /// Shows a notice if a part of the catalog is not on the page.
    fn show_limits(&mut self) {
        let (groups, refused) = (self.feed.store().groups().len(), self.feed.store().counts().refused);
        if refused > 0 {
            self.notice.show(&format!("{refused} series are not shown: a page shows at most {MAX_SERIES} series"));
        } else if groups > MAX_PANELS {
            self.notice
                .show(&format!("{MAX_PANELS} of {groups} groups are shown: a page shows at most {MAX_PANELS} panels"));
        } else if let Some(selector) = self.panels.take_unplaced() {
            self.notice
                .show(&format!("Nothing is shown for {}: it selects no series of this server", isolated(&selector)));
        } else if let Some(reach) = self.feed.store().shortfall() {
            let (reach, span) = (reach.as_secs_f64(), self.feed.span().as_secs_f64());
            self.notice.show(&format!(
                "Charts hold only the last {reach:.1} s of {span:.0} s: memory is limited, use a shorter window"
            ));
        }
    }

    pub(super) fn show_notice(&self, text: &str) {
        self.notice.show(text);
    }

    pub(super) fn show_error(&self, result: Result<(), JsValue>) {
        if let Err(error) = result {
            self.notice.show_error(&error);
        }
    }
}

/// The time and the series of which values are shown.
fn reading<'c>(viewport: &Viewport, crosshair: &'c Crosshair) -> ReadAt<'c> {
    let (shown, at) = (viewport.shown(), viewport.read_at(crosshair.fraction()));
    ReadAt { shown, at, point: crosshair.point() }
}

/// The settings with which all panels are drawn.
fn render_context<'d>(display: &'d Display, viewport: &Viewport, feed: &Feed) -> RenderContext<'d> {
    // While the link is down, no value is new.
    let shade = if feed.status().is_down() { Shade::Dimmed } else { Shade::Full };
    let (span, motion) = (viewport.span(), viewport.motion());
    RenderContext { span, times: display.time_labels(motion), palette: display.palette(), motion, shade }
}
