//! File descriptors: each connection takes one, and the system limits them for each process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use thiserror::Error;

/// Below this number the server does not start: the runtime, the listener, sources and one viewer would not get all that
/// they open.
const MIN: u64 = 32;

/// Descriptors for sources, the listener, the runtime, and connections that are being refused.
const SPARE: usize = 128;

/// The system allows this process too few descriptors.
#[derive(Debug, PartialEq, Eq, Error)]
#[error("the process may open {found} file descriptors, and needs at least {MIN}: raise `ulimit -n`")]
pub struct TooFew {
    found: u64,
}

/// Raises the system's limit to the number that every server needs.
///
/// # Errors
/// [`TooFew`].
pub fn check() -> Result<(), TooFew> {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return Ok(()) };
    if hard < MIN {
        return Err(TooFew { found: hard });
    }
    if soft < MIN {
        setrlimit(Resource::RLIMIT_NOFILE, MIN, hard).map_err(|_not_allowed| TooFew { found: soft })?;
    }
    Ok(())
}

/// Raises the system's limit for `connections`, and returns the number of connections that it allows, at most `connections`.
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
        tracing::warn!(connections, allowed, "too few file descriptors for so many connections: raise `ulimit -n`");
    }
    connections.min(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_limited_by_the_file_descriptors_of_the_process() {
        assert_eq!(for_connections(1), 1);
        let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("every process has one");
        let most = for_connections(usize::MAX - SPARE);
        assert_eq!(most, usize::try_from(hard).expect("fits") - SPARE);
        assert!(for_connections(most) == most);
    }
}
