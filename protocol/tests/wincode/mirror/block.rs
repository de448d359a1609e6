//! Sample blocks. Columns stay packed.

use wincode::{SchemaRead, SchemaWrite};

use super::head::{GroupId, SeriesId, Timestamp};
use super::list::List;

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Blocks<'a> {
    pub(super) base: Timestamp,
    pub(super) list: List<'a, WireBlock<'a>>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct WireBlock<'a> {
    mode: BlockMode,
    rows: WireRows<'a>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum BlockMode {
    Merge,
    Replace,
    Late,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct WireRows<'a> {
    group: GroupId,
    rows: u32,
    times: TimesColumn<'a>,
    columns: List<'a, Column<'a>>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct TimesColumn<'a> {
    encoding: u8,
    bytes: &'a [u8],
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Column<'a> {
    series: SeriesId,
    encoding: u8,
    bytes: &'a [u8],
}
