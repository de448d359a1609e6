//! Answers. Columns stay packed.

use std::fmt;

use wincode::io::Reader;
use wincode::{SchemaRead, SchemaWrite};

use super::block::TimesColumn;
use super::head::{GroupId, Interval, SeriesId, Timestamp};
use super::list::List;
use crate::wincode::Varints;

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct Answer<'a> {
    query: u32,
    part: AnswerPart,
    blocks: SummaryBlocks<'a>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) enum AnswerPart {
    Coarse,
    More,
    Last,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct SummaryBlocks<'a> {
    base: Timestamp,
    list: List<'a, WireSummaryBlock<'a>>,
}

#[derive(Debug, SchemaRead, SchemaWrite)]
pub(crate) struct WireSummaryBlock<'a> {
    group: GroupId,
    step: Interval,
    buckets: u32,
    times: TimesColumn<'a>,
    series: SeriesList<'a>,
}

/// A field states which columns follow, for which wincode has no schema. The fields are therefore read one by one.
#[derive(SchemaRead, SchemaWrite)]
pub(crate) struct SeriesList<'a> {
    bytes: &'a [u8],
}

#[derive(Debug)]
struct SummaryColumns<'a> {
    series: SeriesId,
    own: u8,
    first: WireColumn<'a>,
    others: [WireColumn<'a>; 8],
}

#[derive(Debug, Default, SchemaRead, SchemaWrite)]
struct WireColumn<'a> {
    encoding: u8,
    bytes: &'a [u8],
}

impl<'a> SeriesList<'a> {
    /// Decodes every series and asserts that encoding them restores the bytes.
    fn items(&self) -> Vec<SummaryColumns<'a>> {
        let (mut rest, mut items, mut written) = (self.bytes, Vec::new(), Vec::new());
        while !rest.is_empty() {
            let (series, own) = (take(&mut rest, &mut written), take(&mut rest, &mut written));
            let first = take(&mut rest, &mut written);
            let mut others = <[WireColumn<'_>; 8]>::default();
            for (bit, column) in others.iter_mut().enumerate() {
                if own & 1_u8 << bit != 0 {
                    *column = take(&mut rest, &mut written);
                }
            }
            items.push(SummaryColumns { series, own, first, others });
        }
        assert_eq!(written, self.bytes);
        items
    }
}

/// Removes a field from the front of `bytes`, and encodes it again into `written`.
pub(super) fn take<'a, T>(bytes: &mut &'a [u8], written: &mut Vec<u8>) -> T
where
    T: SchemaRead<'a, Varints, Dst = T> + SchemaWrite<Varints, Src = T>,
{
    let field = <T as SchemaRead<'a, Varints>>::get(bytes.by_ref()).expect("wincode reads the field");
    written.extend(wincode::config::serialize(&field, Varints::new()).expect("wincode writes the field"));
    field
}

impl fmt::Debug for SeriesList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items()).finish()
    }
}
