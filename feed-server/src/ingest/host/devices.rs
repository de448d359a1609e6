//! Interfaces, disks, processors: devices with the same counters; a few groups show their rates.
//!
//! What does not move is left out of the groups until it does. Beyond a limit, the things with the most traffic are shown, and
//! the titles of the groups say how many there are.

use std::time::{Duration, Instant};

use super::counter::{Counter, Fall, Span};
use super::group::HostGroup;
use super::reader::Moment;
use super::roster::Roster;
use crate::ingest::blocking::BlockingContext;
use crate::ingest::health::LeftOut;
use crate::ingest::series_set::SeriesKey;
use crate::ingest::source::SourceError;

/// A bound on the devices that are counted: each new one is compared with all.
const MAX_COUNTED: usize = 8_192;
/// The things with the most traffic are chosen again after this time, if there are more than the limit.
const CHOOSE_EVERY: Duration = Duration::from_secs(10);
/// Traffic is averaged over about this long for the choice.
const SMOOTHING_S: f64 = 10.0;

/// A value of a device: its share of a group.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DevicePart {
    /// The kernel's name.
    pub(super) device: String,
    /// The name for display, if it is another.
    pub(super) title: Option<String>,
    /// The label of the device, such as `device`.
    pub(super) label: &'static str,
    /// A further label and its value, such as `direction` = `read`.
    pub(super) part: Option<(&'static str, &'static str)>,
}

impl SeriesKey for DevicePart {
    fn name(&self) -> String {
        let title = self.title.as_ref().unwrap_or(&self.device);
        match self.part {
            Some((_, part)) => format!("{title} {part}"),
            None => title.clone(),
        }
    }

    fn labels(&self) -> Vec<(String, String)> {
        let device = (self.label.to_owned(), self.device.clone());
        [device].into_iter().chain(self.part.map(|(label, part)| (label.to_owned(), part.to_owned()))).collect()
    }
}

/// The counters of one device.
#[derive(Clone, Debug)]
pub(super) struct Device<const N: usize> {
    counters: [Counter; N],
    /// Per second, averaged.
    traffic: f64,
    is_used: bool,
}

impl<const N: usize> Device<N> {
    pub(super) const fn counter(&self, counter: usize) -> &Counter {
        &self.counters[counter]
    }
}

/// A value in a row: computed from the rates of a device.
#[derive(Clone, Copy)]
pub(super) struct Column<const N: usize> {
    pub(super) part: Option<(&'static str, &'static str)>,
    /// The counter whose movement shows the device in the group.
    pub(super) counter: usize,
    pub(super) value: fn(&Device<N>) -> f64,
}

/// When a device is in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// A counter of the device is not zero: it has moved since the start of the system.
    Used,
    /// A counter of the group has moved since the start of the source.
    Moved,
    Always,
}

/// A group with a part of each device's values.
pub(super) struct Family<const N: usize> {
    pub(super) group: HostGroup<DevicePart>,
    pub(super) title: &'static str,
    pub(super) shown: Shown,
    pub(super) columns: &'static [Column<N>],
    /// The place of the device and the column of each value of a row.
    places: Vec<(usize, usize)>,
}

impl<const N: usize> Family<N> {
    pub(super) const fn new(
        group: HostGroup<DevicePart>,
        title: &'static str,
        shown: Shown,
        columns: &'static [Column<N>],
    ) -> Self {
        Self { group, title, shown, columns, places: Vec::new() }
    }

    /// The places of the columns that are shown of a device.
    fn shown<'d>(&'d self, device: &'d Device<N>) -> impl Iterator<Item = usize> + 'd {
        (0..self.columns.len()).filter(|&place| match self.shown {
            Shown::Used => device.is_used,
            Shown::Moved => device.counters[self.columns[place].counter].has_moved(),
            Shown::Always => true,
        })
    }
}

/// How devices are named, chosen and counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules<const N: usize> {
    /// In titles, such as `interfaces`.
    pub(super) plural: &'static str,
    pub(super) label: &'static str,
    pub(super) limit: usize,
    pub(super) falls: [Fall; N],
    /// The counters whose sum is the traffic of a device.
    pub(super) traffic: &'static [usize],
}

pub(super) struct Devices<const N: usize> {
    rules: Rules<N>,
    families: Vec<Family<N>>,
    roster: Roster<Box<[u8]>, Device<N>>,
    /// The series must be registered again: a device has come or gone, or a counter has moved for the first time.
    is_shown_changed: bool,
    /// The devices with the most traffic, if there are more than the limit.
    chosen: Option<Vec<Box<[u8]>>>,
    chosen_at: Option<Instant>,
    span: Span,
    /// Devices of this reading that are not counted.
    beyond: usize,
    left_out: LeftOut,
}

impl<const N: usize> Devices<N> {
    pub(super) fn new(rules: Rules<N>, families: Vec<Family<N>>, now: Instant) -> Self {
        let span = Span { before: None, at: now };
        let roster = Roster::default();
        Self {
            rules,
            families,
            roster,
            is_shown_changed: false,
            chosen: None,
            chosen_at: None,
            span,
            beyond: 0,
            left_out: LeftOut::default(),
        }
    }

    /// Begins a reading.
    pub(super) const fn begin(&mut self, now: Instant) {
        self.span.at = now;
        self.beyond = 0;
        self.roster.begin();
    }

    /// Takes the totals of the next device of the list. Hot: once per device and reading.
    pub(super) fn count(&mut self, name: &[u8], totals: [u64; N]) {
        if self.roster.found() == MAX_COUNTED {
            self.beyond += 1;
            return;
        }
        let new = || (name.into(), Device { counters: [Counter::default(); N], traffic: 0.0, is_used: false });
        if let Some(device) = self.roster.find(name, new) {
            for ((counter, total), fall) in device.counters.iter_mut().zip(totals).zip(self.rules.falls) {
                let (had_moved, was_used) = (counter.has_moved(), device.is_used);
                counter.read(total, self.span, fall);
                device.is_used |= total > 0;
                self.is_shown_changed |= counter.has_moved() != had_moved || device.is_used != was_used;
            }
        }
    }

    /// Ends a reading: sends a row of each group. `title` is the name of a device for display, if it is not the kernel's.
    pub(super) fn send(
        &mut self,
        context: &BlockingContext,
        now: Moment,
        title: impl Fn(&[u8]) -> Option<String>,
    ) -> Result<(), SourceError> {
        self.is_shown_changed |= self.roster.end();
        let (beyond, plural) = (self.beyond, self.rules.plural);
        let text = || format!("{beyond} {plural} are not measured: at most {MAX_COUNTED} are counted");
        self.left_out.state(context.registrar.health(), (beyond > 0).then(text));
        let seconds = self.span.seconds();
        self.span.before = Some(now.instant);
        self.is_shown_changed |= self.choose(now.instant, seconds);
        if self.is_shown_changed {
            // If a series is refused, all are registered again.
            self.register(context, title)?;
            self.is_shown_changed = false;
        }
        let devices = self.roster.things();
        for family in &mut self.families {
            let (columns, places) = (family.columns, &family.places);
            let values = places.iter().map(|&(device, column)| (columns[column].value)(&devices[device].1));
            family.group.row(context, now.time, values)?;
        }
        Ok(())
    }

    /// Chooses the devices with the most traffic, if there are too many. Returns true if the choice has changed.
    fn choose(&mut self, now: Instant, seconds: Option<f64>) -> bool {
        if self.roster.things().len() <= self.rules.limit {
            return self.chosen.take().is_some();
        }
        let weight = -(-seconds.unwrap_or(SMOOTHING_S) / SMOOTHING_S).exp_m1();
        for (_, device) in self.roster.iter_mut() {
            let rates = self.rules.traffic.iter().map(|&counter| device.counters[counter].per_second());
            let rate: f64 = rates.filter(|rate| rate.is_finite()).sum();
            device.traffic += weight * (rate - device.traffic);
        }
        if self.chosen_at.is_some_and(|at| now.saturating_duration_since(at) < CHOOSE_EVERY) && self.chosen.is_some() {
            return false;
        }
        self.chosen_at = Some(now);
        let mut ranking: Vec<(f64, u64, &[u8])> = Vec::with_capacity(self.roster.things().len());
        for (name, device) in self.roster.things() {
            let total =
                self.rules.traffic.iter().map(|&counter| device.counters[counter].total()).fold(0, u64::saturating_add);
            ranking.push((device.traffic, total, name));
        }
        // Of equal traffic, that which had more since the start of the system.
        ranking.sort_unstable_by(|ours, theirs| {
            theirs.0.total_cmp(&ours.0).then(theirs.1.cmp(&ours.1)).then(ours.2.cmp(theirs.2))
        });
        let mut chosen: Vec<Box<[u8]>> =
            ranking.into_iter().take(self.rules.limit).map(|(_, _, name)| name.into()).collect();
        chosen.sort_unstable();
        let is_changed = self.chosen.as_ref() != Some(&chosen);
        self.chosen = Some(chosen);
        is_changed
    }

    /// Registers the series of all groups, and ends those of devices that are gone.
    fn register(
        &mut self,
        context: &BlockingContext,
        title: impl Fn(&[u8]) -> Option<String>,
    ) -> Result<(), SourceError> {
        let (rules, chosen) = (self.rules, self.chosen.as_ref());
        let devices = self.roster.things();
        for family in &mut self.families {
            let mut shown_devices = 0;
            let (mut keys, mut places) = (Vec::new(), Vec::new());
            for (place, (name, device)) in devices.iter().enumerate() {
                if chosen.is_some_and(|chosen| chosen.binary_search(name).is_err()) {
                    continue;
                }
                let before = places.len();
                for column in family.shown(device) {
                    places.push((place, column));
                    keys.push(DevicePart {
                        device: String::from_utf8_lossy(name).into_owned(),
                        title: title(name),
                        label: rules.label,
                        part: family.columns[column].part,
                    });
                }
                shown_devices += usize::from(places.len() > before);
            }
            family.group.hold(context, keys)?;
            family.places = places;
            let title = match chosen {
                Some(_) => {
                    format!("{} ({shown_devices} busiest of {} {})", family.title, devices.len(), rules.plural)
                }
                None => family.title.to_owned(),
            };
            family.group.entitle(context, title)?;
        }
        Ok(())
    }
}
