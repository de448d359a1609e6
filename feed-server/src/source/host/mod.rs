//! placeholder
use super::{HostSpec, Outlet, SourceError};
use crate::telemetry::Telemetry;
/// x
pub struct HostSource;
impl HostSource {
    /// x
    pub fn new(_spec: &HostSpec, _telemetry: Telemetry) -> Self {
        Self
    }
    /// x
    pub fn run(self, _outlet: &Outlet) -> Result<(), SourceError> {
        Ok(())
    }
}
