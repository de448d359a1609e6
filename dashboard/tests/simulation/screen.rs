//! The groups on the page's screen, and what its panels need of them.

use dashboard::store::{CatalogGroup, Needs, Store};
use protocol::{GroupId, Interval};

/// The length of the columns of the charts that a page expects.
pub(crate) const FIRST_COLUMN: Interval = Interval::from_millis(160);

/// Shorter than that of the rows, so that buckets of few rows are worth it.
const INTERVAL: Interval = Interval::from_millis(1);

/// What the panels need of a group. A bucket has eight rows or more, and the shortest history holds its rows.
/// [`BUCKETS_BEGIN`](super::feed::BUCKETS_BEGIN) is a multiple of the lengths.
const NEEDS: [Needs; 4] = [
    Needs::Rows,
    Needs::Columns(FIRST_COLUMN),
    Needs::Columns(Interval::from_millis(200)),
    Needs::Columns(Interval::from_millis(240)),
];

/// The groups of a store. `needs` has two bits for each: the place of what its panels need.
pub(crate) fn catalog(store: &Store, is_on_screen: impl Fn(GroupId) -> bool, needs: u16) -> Vec<CatalogGroup> {
    let group = |id: GroupId| {
        let is_on_screen = is_on_screen(id);
        let needs = NEEDS[usize::from(needs >> (2 * (id.0 % 3)) & 3)];
        let needs = if is_on_screen { needs } else { Needs::Unknown };
        CatalogGroup { id, interval: INTERVAL, values_per_s: 1e6, is_on_screen, needs }
    };
    let mut catalog: Vec<_> = store.ids().map(|(id, _)| group(id)).collect();
    catalog.sort_unstable_by_key(|group| group.id);
    catalog
}
