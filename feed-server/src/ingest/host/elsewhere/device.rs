//! A series for each direction of a device: bytes of a disk, packets of a network interface.

use crate::ingest::series_set::SeriesKey;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ingest::host) struct DeviceFlow {
    pub(super) device: String,
    pub(super) direction: &'static str,
}

impl SeriesKey for DeviceFlow {
    fn name(&self) -> String {
        format!("{} {}", self.device, self.direction)
    }

    fn labels(&self) -> Vec<(String, String)> {
        vec![("device".to_owned(), self.device.clone()), ("direction".to_owned(), self.direction.to_owned())]
    }
}
