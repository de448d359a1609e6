//! The values of a panel, for tables and files.

use std::ops::Range;

use protocol::Timestamp;

use super::Panel;
use crate::page::menu::PanelAction;
use crate::page::tables::columns::SeriesParts;
use crate::page::tables::statistics::{PanelStatistics, SeriesStatistics};
use crate::store::{Group, Store};

impl Panel {
    pub(in crate::page) fn title(&self) -> &str {
        self.title.text()
    }

    /// The act that was chosen in the menu since the last call.
    pub(in crate::page) fn take_action(&self) -> Option<PanelAction> {
        self.menu.take_action()
    }

    /// Its group, and the places of the series that it shows.
    pub(in crate::page) fn shown_series<'a>(&self, store: &'a Store) -> Option<(&'a Group, Vec<usize>)> {
        let group = self.source.shown(store)?;
        let numbers = self.body.chosen().numbers().iter();
        Some((group, numbers.filter_map(|&number| group.place_of_number(number)).collect()))
    }

    /// Returns true if it shows a measured group, whose values the server has.
    pub(in crate::page) const fn is_measured(&self) -> bool {
        !self.source.is_derived()
    }

    /// The statistics of its series over a span, with the time above a level.
    pub(in crate::page) fn statistics(
        &self,
        store: &Store,
        span: &Range<Timestamp>,
        level: Option<f64>,
    ) -> Option<PanelStatistics> {
        let (group, places) = self.shown_series(store)?;
        let of = |place: usize| {
            let above = level.and_then(|level| group.time_above(place, span, level));
            let name = group.series()[place].name.clone();
            Some(SeriesStatistics { name, of: group.statistics(place, span)?, above })
        };
        let (title, format, exactness) = (self.title.text().to_owned(), self.format.clone(), group.exactness(span));
        Some(PanelStatistics { title, exactness, format, series: places.into_iter().filter_map(of).collect() })
    }

    /// The values over a span of one of the series that it shows, by place among them.
    pub(in crate::page) fn columns_of(
        &self,
        store: &Store,
        span: &Range<Timestamp>,
        series: usize,
    ) -> Option<SeriesParts> {
        let (group, places) = self.shown_series(store)?;
        let (title, format) = (self.title.text().to_owned(), self.format.clone());
        Some(SeriesParts::of(title, format, group, *places.get(series)?, span))
    }
}
