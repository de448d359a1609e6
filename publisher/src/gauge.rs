//! Gauges: single values that the thread of the publisher samples.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::Interval;
use protocol::limits::{MAX_GROUP_SERIES, MAX_NAME_BYTES};

use crate::catalog::{DescribedGroup, DescribedSeries};
use crate::error::AnnounceError;
use crate::shared::{GaugeGroup, Shared, State};

/// A value of a publisher. Cheap to clone: all clones are one value.
#[derive(Clone, Debug)]
pub struct Gauge {
    bits: Arc<AtomicU64>,
}

impl Gauge {
    /// Sets the value, which holds until it is set again. Never waits. [`MISSING`](crate::MISSING) stands for none.
    pub fn set(&self, value: f64) {
        self.bits.store(value.to_bits(), Ordering::Relaxed);
    }
}

/// The gauge `name` of a group of gauges, with a first value.
pub(crate) fn add(shared: &Shared, group: &str, name: &str, first: f64) -> Result<Gauge, AnnounceError> {
    let state = &mut *shared.lock();
    if name.len() > MAX_NAME_BYTES {
        return Err(AnnounceError::Text(name.len()));
    }
    let place = state.gauges.iter().position(|gauges| gauges.name == group);
    let held = place.and_then(|place| state.gauges[place].series.iter().find(|(held, _)| held == name));
    if let Some((_, bits)) = held {
        return Ok(Gauge { bits: Arc::clone(bits) });
    }
    let bits = Arc::new(AtomicU64::new(first.to_bits()));
    let place = match place {
        Some(place) => extend(state, place, name)?,
        None => begin(state, group, name)?,
    };
    state.gauges[place].series.push((name.to_owned(), Arc::clone(&bits)));
    Ok(Gauge { bits })
}

fn extend(state: &mut State, place: usize, name: &str) -> Result<usize, AnnounceError> {
    let GaugeGroup { group, series, name: of } = &state.gauges[place];
    if series.len() >= MAX_GROUP_SERIES {
        return Err(AnnounceError::Series { group: of.clone(), found: series.len() + 1 });
    }
    let group = *group;
    let id = state.catalog.add_series(group, DescribedSeries::named(name));
    // An error is a defect of this crate: the rows before are lost, and counted.
    let _counted = state.buffer.add_series(group, id);
    Ok(place)
}

fn begin(state: &mut State, group: &str, name: &str) -> Result<usize, AnnounceError> {
    if state.catalog.find(group).is_some() {
        return Err(AnnounceError::Again(group.to_owned()));
    }
    let described = DescribedGroup {
        name: group.to_owned(),
        title: group.to_owned(),
        interval: Interval::from_millis(100),
        series: vec![DescribedSeries::named(name)],
        ..DescribedGroup::default()
    };
    described.check()?;
    let (id, series) = state.catalog.add(described);
    state.buffer.add_group(group.to_owned(), series);
    state.gauges.push(GaugeGroup { group: id, name: group.to_owned(), series: Vec::new() });
    Ok(state.gauges.len() - 1)
}
