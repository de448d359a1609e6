//! The table of rooms and their order. Change it when a folder is added.

/// The rules for one crate.
#[derive(Clone, Copy, Debug)]
pub struct CrateRules {
    /// Folder of the sources, below the repository.
    pub sources: &'static str,
    /// Folders of the crate in the order of the data flow. A file imports only from its own room, from rooms before it, and
    /// from leaves: files directly in `src/`. Empty: the crate has no rooms.
    pub rooms: &'static [&'static str],
    /// Paths that no file of the crate may name, with everything below them.
    pub forbidden: &'static [&'static str],
    /// Crates of which only some items may be named.
    pub restricted: &'static [(&'static str, &'static [&'static str])],
}

/// Files that assemble the crate: no rule about direction or circles applies to them.
pub(super) const ASSEMBLY: [&str; 2] = ["lib.rs", "main.rs"];

pub const RULES: [CrateRules; 5] = [
    CrateRules {
        sources: "protocol/src",
        rooms: &[],
        forbidden: &["tokio", "hyper", "js_sys", "web_sys", "std::net", "std::time::SystemTime", "std::time::Instant"],
        restricted: &[],
    },
    CrateRules {
        sources: "series/src",
        rooms: &[],
        forbidden: &["tokio", "js_sys", "web_sys", "plotters", "std::net", "std::fs"],
        restricted: &[(
            "protocol",
            &["Bounds", "Epoch", "GroupId", "Interval", "Sequence", "SeriesId", "SeriesKind", "Timestamp"],
        )],
    },
    CrateRules {
        sources: "publisher/src",
        rooms: &[],
        forbidden: &["feed_server", "series", "tokio"],
        restricted: &[],
    },
    CrateRules {
        sources: "feed-server/src",
        rooms: &["ingest", "stream", "net", "deliver", "credentials", "publish", "http", "app"],
        forbidden: &["dashboard", "js_sys", "plotters", "web_sys"],
        restricted: &[],
    },
    CrateRules {
        sources: "dashboard/src",
        rooms: &["link", "store", "view", "viewport", "surface", "chart", "layout", "find", "page"],
        forbidden: &["feed_server", "tokio", "std::net"],
        restricted: &[],
    },
];
