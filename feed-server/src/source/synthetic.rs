//! placeholder
use super::{Outlet, SourceError, SyntheticSpec};
/// x
pub struct SyntheticSource;
impl SyntheticSource {
    /// x
    pub fn new(_spec: &SyntheticSpec) -> Self {
        Self
    }
    /// x
    pub fn run(self, _outlet: &Outlet) -> Result<(), SourceError> {
        Ok(())
    }
}
