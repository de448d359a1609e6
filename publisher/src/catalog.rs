//! What a publisher has announced, and the messages that say it. No I/O.

use protocol::limits::{MAX_GROUP_SERIES, MAX_LABELS, MAX_NAME_BYTES};
use protocol::{
    Bounds, ClientMessage, EncodeError, EntriesBuffer, GroupDescriptor, GroupId, Interval, Label, Prominence,
    SeriesDescriptor, SeriesId, SeriesKind,
};

use crate::error::AnnounceError;

/// A message has room for more descriptors up to this length: the longest descriptor has 17 KiB.
const FULL_BYTES: usize = 32 << 10;
const MAX_INTERVAL: Interval = Interval::from_secs(86_400);

#[derive(Clone, Debug, Default)]
pub(crate) struct DescribedGroup {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) unit: String,
    pub(crate) interval: Interval,
    pub(crate) bounds: Bounds,
    pub(crate) prominence: Prominence,
    pub(crate) rank: u32,
    pub(crate) series: Vec<DescribedSeries>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DescribedSeries {
    pub(crate) name: String,
    pub(crate) kind: SeriesKind,
    pub(crate) labels: Vec<(String, String)>,
}

impl DescribedSeries {
    /// A gauge whose only label is its name.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.to_owned(), kind: SeriesKind::Gauge, labels: vec![("series".to_owned(), name.to_owned())] }
    }
}

impl DescribedGroup {
    /// Checks what the server would refuse.
    pub(crate) fn check(&self) -> Result<(), AnnounceError> {
        let found = self.series.len();
        if found == 0 || found > MAX_GROUP_SERIES {
            return Err(AnnounceError::Series { group: self.name.clone(), found });
        }
        if self.interval == Interval::ZERO || self.interval > MAX_INTERVAL {
            return Err(AnnounceError::Interval(std::time::Duration::from_micros(self.interval.micros())));
        }
        let mut texts = vec![&self.name, &self.title, &self.unit];
        let mut keys = Vec::new();
        for series in &self.series {
            if series.labels.len() > MAX_LABELS {
                return Err(AnnounceError::Labels(series.labels.len()));
            }
            texts.push(&series.name);
            texts.extend(series.labels.iter().flat_map(|(key, value)| [key, value]));
            let mut key = series.labels.clone();
            key.sort_unstable();
            keys.push(key);
        }
        keys.sort_unstable();
        if let Some(same) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(AnnounceError::SameLabels { group: self.name.clone(), labels: same[0].clone() });
        }
        match texts.into_iter().find(|text| text.len() > MAX_NAME_BYTES) {
            Some(long) => Err(AnnounceError::Text(long.len())),
            None => Ok(()),
        }
    }
}

/// How much of a catalog was announced on a connection: numbers of groups and series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    groups: usize,
    series: usize,
}

/// Groups and series in the order of their ids, which count from 1.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    groups: Vec<DescribedGroup>,
    series: Vec<(GroupId, DescribedSeries)>,
}

impl Catalog {
    pub(crate) fn extent(&self) -> Extent {
        Extent { groups: self.groups.len(), series: self.series.len() }
    }

    pub(crate) fn find(&self, name: &str) -> Option<GroupId> {
        self.groups.iter().position(|group| group.name == name).map(|place| GroupId(place as u32 + 1))
    }

    /// Adds a group with its series. Returns its id and those of its series.
    pub(crate) fn add(&mut self, mut group: DescribedGroup) -> (GroupId, Vec<SeriesId>) {
        let series = std::mem::take(&mut group.series);
        self.groups.push(group);
        let id = GroupId(self.groups.len() as u32);
        (id, series.into_iter().map(|series| self.add_series(id, series)).collect())
    }

    pub(crate) fn add_series(&mut self, group: GroupId, series: DescribedSeries) -> SeriesId {
        self.series.push((group, series));
        SeriesId(self.series.len() as u32)
    }

    /// `Announce` messages of what lies beyond `from`. Groups precede their series.
    pub(crate) fn announcements(&self, from: Extent) -> Result<Vec<Vec<u8>>, EncodeError> {
        let mut draft = Draft::default();
        for (id, group) in (1..).map(GroupId).zip(&self.groups).skip(from.groups) {
            let DescribedGroup { name, title, unit, .. } = group;
            let &DescribedGroup { interval, bounds, prominence, rank, .. } = group;
            draft.groups.push(&GroupDescriptor { id, name, title, unit, interval, bounds, prominence, rank })?;
            draft.finish_if_full()?;
        }
        for (id, (group, described)) in (1..).map(SeriesId).zip(&self.series).skip(from.series) {
            draft.labels.clear();
            described.labels.iter().try_for_each(|(key, value)| draft.labels.push(&Label { key, value }))?;
            let DescribedSeries { name, kind, .. } = described;
            let labels = draft.labels.entries();
            draft.series.push(&SeriesDescriptor { id, group: *group, name, kind: *kind, labels })?;
            draft.finish_if_full()?;
        }
        draft.finish()?;
        Ok(draft.messages)
    }
}

/// Messages, and the descriptors of the next one.
#[derive(Debug, Default)]
struct Draft {
    groups: EntriesBuffer,
    series: EntriesBuffer,
    labels: EntriesBuffer,
    messages: Vec<Vec<u8>>,
}

impl Draft {
    fn finish_if_full(&mut self) -> Result<(), EncodeError> {
        if self.groups.len() + self.series.len() > FULL_BYTES { self.finish() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), EncodeError> {
        if !self.groups.is_empty() || !self.series.is_empty() {
            let message =
                ClientMessage::Announce { groups: self.groups.entries(), series: self.series.entries() }.to_bytes()?;
            self.messages.push(message);
            self.groups.clear();
            self.series.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str, series: Vec<DescribedSeries>) -> DescribedGroup {
        let (name, unit) = (name.to_owned(), "1".to_owned());
        DescribedGroup { name, unit, interval: Interval::from_secs(1), series, ..DescribedGroup::default() }
    }

    #[test]
    fn a_large_catalog_is_announced_in_several_messages_with_every_series_once() {
        let mut catalog = Catalog::default();
        let long = |number: usize| {
            let labels = (0..MAX_LABELS).map(|label| (format!("{label:0>256}"), format!("{number:0>256}"))).collect();
            DescribedSeries { name: format!("{number:0>256}"), kind: SeriesKind::Counter, labels }
        };
        for name in ["a", "b", "c"] {
            let described = group(name, (0..7).map(long).collect());
            described.check().expect("valid");
            catalog.add(described);
        }
        let extent = catalog.extent();
        assert_eq!(catalog.add_series(GroupId(1), long(7)), SeriesId(22));
        let found = |from| {
            let (mut groups, mut series) = (Vec::new(), Vec::new());
            for message in catalog.announcements(from).expect("encodes") {
                let decoded = ClientMessage::decode(&message).expect("decodes");
                let ClientMessage::Announce { groups: more_groups, series: more } = decoded else {
                    panic!("an announcement");
                };
                groups.extend(more_groups.iter().map(|group| group.id.0));
                series.extend(more.iter().map(|series| (series.group.0, series.id.0)));
            }
            (groups, series)
        };
        let mut expected: Vec<_> = (0..21).map(|number| (number / 7 + 1, number + 1)).collect();
        expected.push((1, 22));
        assert_eq!(found(Extent::default()), (vec![1, 2, 3], expected));
        assert_eq!(found(extent), (vec![], vec![(1, 22)]), "what was added since");
        assert_eq!(found(catalog.extent()), (vec![], vec![]));
        assert!(catalog.announcements(Extent::default()).expect("encodes").len() > 5);
    }

    #[test]
    fn a_group_is_announced_with_its_suggested_place() {
        let mut catalog = Catalog::default();
        let described = group("g", vec![DescribedSeries::named("a")]);
        catalog.add(DescribedGroup { prominence: Prominence::Detail, rank: 7, ..described });
        let messages = catalog.announcements(Extent::default()).expect("encodes");
        let decoded = ClientMessage::decode(&messages[0]).expect("decodes");
        let ClientMessage::Announce { groups, .. } = decoded else { panic!("an announcement") };
        let places: Vec<_> = groups.iter().map(|group| (group.prominence, group.rank)).collect();
        assert_eq!(places, [(Prominence::Detail, 7)]);
    }

    #[test]
    fn what_the_server_would_refuse_is_refused_at_once() {
        let error = |group: &DescribedGroup| group.check().expect_err("refused").to_string();
        assert_eq!(error(&group("g", Vec::new())), "group \"g\" must have 1 to 2048 series, found 0");
        let twice = vec![DescribedSeries::named("a"), DescribedSeries::named("a")];
        assert!(error(&group("g", twice)).starts_with("two series of group \"g\" have the labels"));
        let long = "x".repeat(257);
        assert!(error(&group(&long, vec![DescribedSeries::named("a")])).ends_with("found 257"));
        let mut idle = group("g", vec![DescribedSeries::named("a")]);
        idle.interval = Interval::ZERO;
        assert!(error(&idle).ends_with("found 0ns"));
    }
}
