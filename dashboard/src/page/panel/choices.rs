//! What the user chooses for a panel: the series that it shows, and its settings.

use std::rc::Rc;

use wasm_bindgen::JsValue;

use super::Panel;
use crate::chart::Shown;
use crate::layout::PanelSpec;
use crate::page::label_filter::LabelFilter;
use crate::page::legend::LegendClick;
use crate::page::panel_body::PanelBody;
use crate::store::{Group, Store};

impl Panel {
    /// Shows only the series that a filter admits. A panel without such a series is hidden; so is one that sums up all series.
    pub(in crate::page) fn set_filter(&mut self, filter: Option<&LabelFilter>, store: &Store) {
        let measured = self.source.measured(store);
        let among = filter.zip(measured).map_or(Shown::All, |(filter, group)| filter.shown_of(group));
        if *self.among != among {
            let shown = self.source.shown(store).map_or(&[][..], Group::series);
            self.root.set_hidden(!shown.iter().any(|series| among.has(&series.name)));
            self.among = Rc::new(among);
            self.body.set_shown(&self.spec.shown.and(&self.among));
        }
    }

    /// Makes sure that a series of its group is shown, and makes it stand out until another one is read. Returns false if the panel does not
    /// draw it, as one of many.
    pub(in crate::page) fn point_out(&mut self, store: &Store, number: usize) -> bool {
        let group = self.source.shown(store);
        let Some((group, place)) = group.and_then(|group| Some((group, group.place_of_number(number)?))) else {
            return false;
        };
        let name = &group.series()[place].name;
        if !self.spec.shown.has(name) {
            self.spec.shown.toggle(name);
            self.body.set_shown(&self.spec.shown.and(&self.among));
        }
        let is_drawn = self.body.chosen().left_out() == 0 || self.body.chosen().numbers().contains(&number);
        if let (PanelBody::Chart(chart), true) = (&mut self.body, is_drawn) {
            chart.point_out(number);
        }
        is_drawn
    }

    /// The choice in menu or legend since the last call, already applied.
    pub(in crate::page) fn take_choice(&mut self, store: &mut Store) -> Result<Option<PanelSpec>, JsValue> {
        let choices = self.legend.take_choices();
        if !choices.is_empty() {
            for choice in choices {
                self.choose(store, choice);
            }
            self.body.set_shown(&self.spec.shown.and(&self.among));
            return Ok(Some(self.spec.clone()));
        }
        let Some(spec) = self.menu.take() else { return Ok(None) };
        let spec = PanelSpec { shown: self.spec.shown.clone(), ..spec };
        self.spec = spec.clone();
        self.renew_body()?;
        let place = store.groups().iter().position(|group| group.name == self.source.name());
        self.bind(place.unwrap_or(usize::MAX), self.hidden_groups, store)?;
        Ok(Some(spec))
    }

    fn choose(&mut self, store: &Store, choice: LegendClick) {
        let (LegendClick::Toggle(number) | LegendClick::Alone(number)) = choice;
        let group = self.source.shown(store);
        let Some((group, place)) = group.and_then(|group| Some((group, group.place_of_number(number)?))) else {
            return;
        };
        let name = &group.series()[place].name;
        match choice {
            LegendClick::Toggle(_) => self.spec.shown.toggle(name),
            LegendClick::Alone(_) => self.spec.shown.show_alone(name),
        }
    }
}
