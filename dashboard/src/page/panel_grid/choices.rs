//! Choices of the user that change panels: in menus, legends and the finder. They are kept in the address.

use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::PanelGrid;
use crate::layout::{PanelSpec, Place, Query};
use crate::page::address;
use crate::page::panel::Panel;
use crate::page::panel_row::PanelRow;
use crate::page::parameters::panel_key;
use crate::store::Store;

impl PanelGrid {
    /// Applies the choices in the menus and writes them into the address.
    pub(in crate::page) fn take_choices(&mut self, store: &mut Store) -> Result<(), JsValue> {
        let mut choices = Vec::new();
        for panel in self.panels.iter_mut().filter(|panel| panel.is_in_view()) {
            if let Some(spec) = panel.take_choice(store)? {
                choices.push((spec, is_default(panel, store)));
            }
        }
        choices.into_iter().try_for_each(|(spec, is_default)| self.keep_choice(spec, is_default))
    }

    /// Writes a choice into the address, and keeps it for later layouts.
    fn keep_choice(&mut self, spec: PanelSpec, is_default: bool) -> Result<(), JsValue> {
        address::set(&panel_key(&spec), (!is_default).then(|| spec.settings()).as_deref())?;
        self.chosen.retain(|chosen| chosen.query.selector != spec.query.selector);
        self.chosen.push(spec);
        Ok(())
    }

    /// Shows a panel of a group, in its row, and one of its series. A series that the panel does not draw, as one of many, gets a panel.
    /// Returns the element of the panel.
    pub(in crate::page) fn reveal(
        &mut self,
        store: &mut Store,
        group: &str,
        series: Option<usize>,
    ) -> Result<Option<HtmlElement>, JsValue> {
        let of_group = |panel: &&mut Panel| panel.shown().group == group;
        let found = self.panels.iter_mut().filter(of_group).min_by_key(|panel| panel.has_tiles());
        let mut shown_again = None;
        let known = found.and_then(|panel| {
            let before = panel.spec().shown.clone();
            let is_drawn = series.is_none_or(|number| panel.point_out(store, number));
            shown_again = (panel.spec().shown != before).then(|| (panel.spec().clone(), is_default(panel, store)));
            is_drawn.then(|| panel.element().clone())
        });
        if let Some((spec, is_default)) = shown_again {
            self.keep_choice(spec, is_default)?;
        }
        let element = match known {
            Some(element) => element,
            None => match self.add_panel(store, group, series)? {
                Some(element) => element,
                None => return Ok(None),
            },
        };
        self.rows.iter().filter(|row| row.body().contains(Some(&element))).try_for_each(PanelRow::open)?;
        Ok(Some(element))
    }

    /// Adds a panel of a group, or of one of its series, before all others. Returns its element; `None` if there is no such group.
    fn add_panel(
        &mut self,
        store: &mut Store,
        group: &str,
        series: Option<usize>,
    ) -> Result<Option<HtmlElement>, JsValue> {
        let Some(of_group) = store.groups().iter().find(|known| known.name == group) else { return Ok(None) };
        let place = series.and_then(|number| of_group.place_of_number(number));
        let query = place.and_then(|place| Query::of_series(group, &of_group.series()[place].name));
        let spec = query.map_or_else(|| PanelSpec::of_group(of_group), PanelSpec::new);
        let spec = PanelSpec { place: Place::Number(0), ..spec };
        let selector = spec.query.selector.clone();
        self.keep_choice(spec, false)?;
        self.rebuild(store)?;
        let added = self.panels.iter().find(|panel| panel.spec().query.selector == selector);
        Ok(added.map(|panel| panel.element().clone()))
    }
}

/// Returns true if the settings of a panel are those that its group has without an address.
fn is_default(panel: &Panel, store: &Store) -> bool {
    panel.measured(store).is_some_and(|group| *panel.spec() == PanelSpec::of_group(group))
}
