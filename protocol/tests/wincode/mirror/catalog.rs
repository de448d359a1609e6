//! Descriptors of groups and series.

use wincode::{SchemaRead, SchemaWrite};

use super::head::{GroupId, Interval, Revision, SeriesId};
use super::list::{List, Sized};

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Catalog<'a> {
    scope: CatalogScope,
    revision: Revision,
    groups: List<'a, Sized<'a, GroupDescriptor<'a>>>,
    series: List<'a, Sized<'a, SeriesDescriptor<'a>>>,
    retired: List<'a, SeriesId>,
    retired_groups: List<'a, GroupId>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum CatalogScope {
    Whole,
    Changes,
    Unchanged,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct GroupDescriptor<'a> {
    id: GroupId,
    name: &'a str,
    title: &'a str,
    unit: &'a str,
    interval: Interval,
    bounds: Bounds,
    prominence: Prominence,
    rank: u32,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Bounds {
    Auto,
    FromZero,
    Fixed { low: f64, high: f64 },
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum Prominence {
    Overview,
    Detail,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct SeriesDescriptor<'a> {
    id: SeriesId,
    group: GroupId,
    name: &'a str,
    kind: SeriesKind,
    labels: List<'a, Label<'a>>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum SeriesKind {
    Gauge,
    Counter,
    Bucket,
    State,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Label<'a> {
    key: &'a str,
    value: &'a str,
}
