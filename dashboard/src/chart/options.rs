//! Settings of a chart.

use super::kind::Kind;
use crate::view::{Mapping, RangeMode};

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    pub kind: Kind,
    pub mapping: Mapping,
    pub range: RangeMode,
}
