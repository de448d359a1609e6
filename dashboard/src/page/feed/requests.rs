//! The requests of a feed: its subscription, and queries.

use std::collections::HashMap;

use protocol::{GroupId, Interval, QueryLimits, Timestamp};

use super::Feed;
use crate::page::group_needs::{ShownPanel, bucket, shown_groups};
use crate::page::past_requests::{ChartOnScreen, ShownRange};
use crate::store::{CatalogGroup, Group, Leaving, sorted};

/// While a view or its data moves, queries for earlier times are at least so long apart: servers allow 20 messages a second, of which files need
/// eight.
const PACE: Interval = Interval::from_millis(125);

impl Feed {
    /// Sets the width of the charts that the next connection will probably be for, in columns; 0 if it is not known.
    pub(in crate::page) fn expect_charts(&mut self, width_px: u32) {
        self.following.expect_column(if width_px > 0 { bucket(self.span, width_px) } else { Interval::ZERO });
    }

    /// Subscribes to the groups of the panels on screen, as these need them, and to no other if that is allowed and saves much.
    pub(in crate::page) fn follow_screen<'p>(
        &mut self,
        panels: impl IntoIterator<Item = ShownPanel<'p>>,
        may_leave: Leaving,
        now: Timestamp,
    ) {
        let shown = shown_groups(panels, self.span);
        let by_id: HashMap<GroupId, &Group> = self.store.ids().collect();
        let groups = sorted(by_id.keys().copied().collect()).into_iter().map(|id: GroupId| {
            let group = by_id[&id];
            let interval = group.interval;
            let values_per_s = group.series().len() as f64 / interval.as_secs_f64().max(f64::MIN_POSITIVE);
            let shown = shown.get(group.name.as_str()).copied().unwrap_or_default();
            CatalogGroup { id, interval, values_per_s, is_on_screen: shown.is_on_screen, needs: shown.needs }
        });
        let groups: Vec<_> = groups.collect();
        let has_changed = self.following.choose(&groups, may_leave, now);
        // Also when the catalog has changed.
        self.store.follow(|group| self.following.has(group));
        if has_changed {
            self.subscribe();
        }
    }

    /// Requests summaries of times that the page does not hold, or not finely enough, for the charts on screen.
    pub(in crate::page) fn ask_for_past(&mut self, charts: &[ChartOnScreen], view: &ShownRange, now: Timestamp) {
        if !self.store.position().is_live() {
            return;
        }
        let names: Vec<&str> = charts.iter().map(|chart| chart.group.as_str()).collect();
        self.store.keep_past(&names);
        if now.micros_since(self.asked_for_past) < PACE.micros().cast_signed() && now >= self.asked_for_past {
            self.asks_later = true;
            return;
        }
        let server_now = self.server_now(now);
        let query = self.past.next(&self.store, charts, view, server_now);
        if let (Some(query), Some(source)) = (query, &self.source) {
            source.query(&query);
            self.asked_for_past = now;
        }
    }

    /// The pause after which earlier times may be requested again; `None` if nothing was put off.
    pub(in crate::page) const fn later(&self) -> Option<Interval> {
        if self.asks_later { Some(PACE) } else { None }
    }

    /// Returns true if a request was put off since the last call.
    pub(in crate::page) const fn take_later(&mut self) -> bool {
        std::mem::replace(&mut self.asks_later, false)
    }

    /// Requests the whole history of one chart, for an overview of so many columns.
    pub(in crate::page) fn ask_for_overview(&mut self, charts: &[ChartOnScreen], columns: u32, now: Timestamp) {
        let (is_live, server_now) = (self.store.position().is_live(), self.server_now(now));
        let max_columns = self.past.max_columns();
        if let (true, Some(source)) = (is_live && max_columns > 0, &self.source)
            && let Some(query) = self.overview.next(charts, columns, server_now, max_columns)
        {
            source.query(&query);
        }
    }

    /// Requests the next part of what is collected for a file.
    pub(in crate::page) fn ask_for_export(&mut self, now: Timestamp) {
        if let Some(source) = &self.source
            && let Some(query) = self.export.next(now)
        {
            source.query(&query);
        }
    }

    /// What the server answers.
    pub(in crate::page) const fn query_limits(&self) -> QueryLimits {
        self.past.limits()
    }

    /// The first message of a connection is the server's `Hello`, which is sent at once: the subscription depends on its features.
    pub(super) fn message_arrived(&mut self) {
        if self.awaits_message {
            self.subscribe();
        }
    }

    pub(super) fn subscribe(&mut self) {
        self.awaits_message = false;
        if let Some(source) = &self.source {
            source.subscribe(&self.following.request(self.store.start()));
        }
    }
}
