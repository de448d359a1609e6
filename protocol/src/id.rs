//! Identifiers of streams, positions, groups and series.

use std::fmt;

use bincode::{Decode, Encode};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// One life of a stream: a server process that restarts has a new epoch. Positions of different epochs are not
    /// comparable with each other.
    Epoch(u64)
}
id! {
    /// A position in a stream: the number of a `Samples` frame, counted from 1 within its epoch. 0 is before the first.
    Sequence(u64)
}
id! {
    /// A revision of a catalog: rises with each change within an epoch. 0 stands for an incomplete catalog, or for none.
    Revision(u64)
}
id! {
    /// A group of series that share a clock and thus a time column. Never reused within an epoch.
    GroupId(u32)
}
id! {
    /// A series. Never reused within an epoch.
    SeriesId(u32)
}

impl Sequence {
    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}
