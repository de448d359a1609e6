//! The specification of one panel.

use protocol::SeriesKind;
use series::Transform;
use series::transforms::histogram::BUCKET_BOUND;

use super::query::Query;
use crate::chart::{Kind, Options, Shown};
use crate::store::{Group, Series};
use crate::view::{Mapping, RangeMode};

#[derive(Clone, Debug, PartialEq)]
pub struct PanelSpec {
    /// `None` shows the title of the group and the transform.
    pub title: Option<String>,
    pub query: Query,
    pub kind: Kind,
    /// In UCUM; `None` uses the unit of the query's series.
    pub unit: Option<String>,
    pub axis: Axis,
    pub place: Place,
    pub size: Size,
    /// The series that the user shows and hides.
    pub shown: Shown,
    pub order: Order,
}

/// The order of a legend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// That of the catalog if all series live and have an entry; otherwise the living series, largest first, then those that have ended.
    #[default]
    Automatic,
    Name,
    /// The largest value first: that at the crosshair, or the newest.
    Value,
    /// The largest value in the view first.
    Maximum,
}

impl Order {
    pub const ALL: [Self; 4] = [Self::Automatic, Self::Name, Self::Value, Self::Maximum];

    /// The name in menus.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Automatic => "Automatic",
            Self::Name => "Name",
            Self::Value => "Value",
            Self::Maximum => "Maximum",
        }
    }

    /// The word in a setting.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Automatic => "automatic",
            Self::Name => "name",
            Self::Value => "value",
            Self::Maximum => "max",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Axis {
    pub mapping: Mapping,
    pub range: RangeMode,
}

/// The place of a panel on the page. Panels with a number come first, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Number(u16),
    /// In the order of the layout.
    #[default]
    InOrder,
}

/// The size of a panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Size {
    #[default]
    Normal,
    /// As wide as two panels, where there is room.
    Wide,
    /// A quarter of the area: with stats, a figure and its trend.
    Tile,
}

/// More lines than colours and dashes tell apart: a heatmap shows them.
const MOST_LINES: usize = 16;

impl PanelSpec {
    /// Lines of the measured values of `query`.
    pub fn new(query: Query) -> Self {
        let (kind, axis, place, size) = (Kind::default(), Axis::default(), Place::default(), Size::default());
        let (shown, order) = (Shown::default(), Order::default());
        Self { title: None, query, kind, unit: None, axis, place, size, shown, order }
    }

    /// The default panel of a group: a heatmap for a histogram and for many series, lines for others; rates of counters.
    pub fn of_group(group: &Group) -> Self {
        let mut spec = Self::new(Query::of_group(&group.name));
        let is_bucket = |series: &Series| series.labels.iter().any(|(key, _)| key == BUCKET_BOUND);
        if !group.series().is_empty() && group.series().iter().all(is_bucket) {
            spec.kind = Kind::Heatmap;
            spec.query.transform = Some(Transform::Buckets);
            return spec;
        }
        if group.series().len() > MOST_LINES {
            spec.kind = Kind::Heatmap;
        }
        if !group.series().is_empty() && group.series().iter().all(|series| series.kind == SeriesKind::Counter) {
            spec.query.transform = Some(Transform::Rate);
        }
        spec
    }

    /// The tile of a group of one series: its newest value and its trend.
    pub fn tile_of_group(group: &Group) -> Self {
        Self { kind: Kind::Stats, size: Size::Tile, ..Self::of_group(group) }
    }

    pub const fn options(&self) -> Options {
        Options { kind: self.kind, mapping: self.axis.mapping, range: self.axis.range }
    }
}
