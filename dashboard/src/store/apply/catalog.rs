//! The effect of a catalog: groups and series come and go, and their rings share the memory.

use std::collections::HashSet;

use protocol::limits::MAX_SERIES;
use protocol::{Catalog, CatalogScope, Interval, Timestamp};
use series::pyramid::BUCKET_ROWS;

use super::Store;
use crate::store::capacity::{self, BUDGET_BYTES, Demand};
use crate::store::group::{Description, Group};

impl Store {
    pub(super) fn catalog(&mut self, catalog: &Catalog<'_>, sent: Timestamp) {
        if catalog.scope != CatalogScope::Changes {
            self.groups.iter_mut().for_each(Group::await_history);
        }
        if catalog.scope == CatalogScope::Whole {
            self.places.clear();
            self.locator.clear();
            self.has_refused = false;
            self.groups.iter_mut().for_each(Group::forget_ids);
        }
        for descriptor in &catalog.groups {
            let description = Description {
                name: descriptor.name,
                title: descriptor.title,
                unit: descriptor.unit,
                interval: descriptor.interval,
                bounds: descriptor.bounds,
                prominence: descriptor.prominence,
                rank: descriptor.rank,
            };
            let place = self.place_of(description, sent);
            self.places.insert(descriptor.id, place);
        }
        let mut room = MAX_SERIES.saturating_sub(self.series());
        for descriptor in &catalog.series {
            let Some(group) = self.places.get(&descriptor.group).map(|&place| &mut self.groups[place]) else {
                self.counts.unknown += 1;
                continue;
            };
            let is_new = !group.holds(&descriptor);
            if is_new && room == 0 {
                self.counts.refused += 1;
                self.has_refused = true;
                continue;
            }
            room -= usize::from(is_new);
            group.admit(&descriptor);
            self.locator.insert(descriptor.id, self.places[&descriptor.group]);
        }
        for series in &catalog.retired {
            self.locator.remove(series);
            self.groups.iter_mut().for_each(|group| group.end(series));
        }
        for group in &catalog.retired_groups {
            // Its rows stay until they are pruned.
            self.places.remove(&group);
        }
        self.fit_memory();
    }

    /// Sets the window that the rings hold at least. Longer rings stay as they are while memory suffices.
    pub fn set_window(&mut self, window: Interval) {
        self.window = window;
        let demands: Vec<_> = self.groups.iter().map(|group| self.demand(group)).collect();
        let rows = capacity::plan(window, &demands, BUDGET_BYTES);
        for (group, rows) in self.groups.iter_mut().zip(rows) {
            if !group.is_new() && rows > group.capacity() {
                group.resize(rows);
            }
        }
        self.fit_memory();
    }

    fn demand(&self, group: &Group) -> Demand {
        Demand {
            interval: group.row_interval(),
            row_bytes: group.row_bytes(),
            series: group.series().len() + self.derived.series_of(&group.name),
        }
    }

    /// Sets the length of new groups' rings, and shortens all rings if they exceed the budget.
    pub(super) fn fit_memory(&mut self) {
        let demands: Vec<_> = self.groups.iter().map(|group| self.demand(group)).collect();
        let rows = capacity::plan(self.window, &demands, BUDGET_BYTES);
        let is_too_much = self.bytes() > BUDGET_BYTES;
        for (group, rows) in self.groups.iter_mut().zip(rows) {
            // With spare room: a catalog in many messages must not resize every ring with each message.
            let short = (rows * 3 / 4).next_multiple_of(BUCKET_ROWS as usize);
            match (group.is_new(), is_too_much) {
                (true, false) => group.resize(rows),
                (true, true) => group.resize(short),
                (false, true) => group.resize(short.min(group.capacity())),
                (false, false) => {}
            }
        }
    }

    /// The index of a group. One with unchanged unit and interval keeps its index and its rows.
    fn place_of(&mut self, description: Description<'_>, sent: Timestamp) -> usize {
        let Some(place) = self.groups.iter().position(|group| group.name == description.name) else {
            self.groups.push(Group::new(description, sent));
            return self.groups.len() - 1;
        };
        let known = &mut self.groups[place];
        if known.unit == description.unit && known.interval == description.interval {
            description.title.clone_into(&mut known.title);
            known.bounds = description.bounds;
            known.prominence = description.prominence;
            known.rank = description.rank;
        } else {
            // Values in another unit cannot share an axis, and another interval needs other rings.
            *known = Group::new(description, sent);
        }
        place
    }

    /// Drops series and groups that have ended and have no row from `oldest` on. Returns false if none was dropped.
    pub fn prune(&mut self, oldest: Timestamp) -> bool {
        let mut pruned = 0;
        for group in &mut self.groups {
            let row = group.first_row_at(oldest - group.step());
            pruned += group.prune(row);
        }
        let before = self.groups.len();
        let described: HashSet<usize> = self.places.values().copied().collect();
        let mut kept = 0;
        // The new index of each group that stays.
        let to: Vec<Option<usize>> = (self.groups.iter().enumerate())
            .map(|(place, group)| {
                let stays = !group.series().is_empty() || described.contains(&place);
                kept += usize::from(stays);
                stays.then(|| kept - 1)
            })
            .collect();
        let mut stays = to.iter().map(Option::is_some);
        self.groups.retain(|_| stays.next().unwrap_or(true));
        self.places.values_mut().for_each(|place| *place = to[*place].unwrap_or(*place));
        self.locator.groups_moved(&to);
        pruned > 0 || self.groups.len() != before
    }
}
