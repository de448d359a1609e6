//! File descriptors: each connection takes one, and the system gives a process so many.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What sources, the listener, the runtime and those who are being refused need besides connections.
const SPARE: usize = 128;

/// Asks the system for as many descriptors as `connections` take, and returns how many connections it allows: fewer where it
/// gives no more. A connection beyond that could only be accepted at the price of another.
pub fn for_connections(connections: usize) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return connections };
    let wanted = (connections + SPARE) as u64;
    let soft = if wanted <= soft {
        soft
    } else {
        let raised = wanted.min(hard);
        if setrlimit(Resource::RLIMIT_NOFILE, raised, hard).is_ok() { raised } else { soft }
    };
    let allowed = usize::try_from(soft).unwrap_or(usize::MAX).saturating_sub(SPARE).max(1);
    if allowed < connections {
        tracing::warn!(connections, allowed, "the system gives too few file descriptors: see `ulimit -n`");
    }
    connections.min(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_connections_are_allowed_than_there_are_descriptors_for() {
        assert_eq!(for_connections(1), 1);
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("every process has one");
        let most = for_connections(usize::MAX - SPARE);
        assert_eq!(most, usize::try_from(hard).expect("fits") - SPARE);
        assert!(for_connections(most) == most);
    }
}
