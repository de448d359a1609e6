//! Workloads: the control groups that are shown, with their names. They are services, containers, sessions, and slices of the top
//! level.
//!
//! systemd and the engines of containers name their control groups by convention: see systemd.unit(5), and
//! [the drivers of runc](https://github.com/opencontainers/runc/blob/main/docs/systemd.md).

use std::path::PathBuf;
use std::sync::Arc;

use protocol::limits::MAX_NAME_BYTES;

use crate::ingest::series_set::SeriesKey;

/// Engines of containers: the word before the container's number in a name, and the name of the engine.
const ENGINES: [(&str, &str); 4] =
    [("docker", "docker"), ("cri-containerd", "containerd"), ("libpod", "podman"), ("crio", "cri-o")];
/// Of a container's number, as the engines' own lists show it.
const SHOWN_DIGITS: usize = 12;
/// Of a container's number without an engine.
const ALL_DIGITS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Service,
    /// Also a virtual machine.
    Container,
    /// A folder of the top level.
    Slice,
    /// A login, or programs that a user started.
    Session,
}

impl Kind {
    const fn label(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Container => "container",
            Self::Slice => "slice",
            Self::Session => "session",
        }
    }
}

/// A service that starts again has the path that it had, and keeps its series.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Workload {
    /// From the root of the hierarchy, such as `/system.slice/ssh.service`.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) folder: PathBuf,
}

impl Workload {
    /// The path as a label: of a long one, the end, which tells workloads of one folder apart.
    fn identity(&self) -> String {
        const OMITTED: char = '…';
        if self.path.len() <= MAX_NAME_BYTES {
            return self.path.clone();
        }
        let begin = self.path.ceil_char_boundary(self.path.len() - MAX_NAME_BYTES + OMITTED.len_utf8());
        format!("{OMITTED}{}", &self.path[begin..])
    }
}

/// A value of a workload, with a further label where a group has several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct WorkloadPart {
    pub(super) workload: Arc<Workload>,
    pub(super) part: Option<(&'static str, &'static str)>,
}

impl SeriesKey for WorkloadPart {
    fn name(&self) -> String {
        match self.part {
            Some((_, part)) => format!("{} {part}", self.workload.name),
            None => self.workload.name.clone(),
        }
    }

    fn labels(&self) -> Vec<(String, String)> {
        let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let identity = [label("cgroup", &self.workload.identity()), label("kind", self.workload.kind.label())];
        identity.into_iter().chain(self.part.map(|(name, value)| label(name, value))).collect()
    }
}

/// The name and kind of the control group at `path`, if it is a workload. The last part of the path decides, and what is above a container
/// or in a slice of a user.
pub(super) fn recognize(path: &str) -> Option<(String, Kind)> {
    let (above, leaf) = path.rsplit_once('/')?;
    let parent = above.rsplit_once('/').map_or("", |(_, parent)| parent);
    if let Some((engine, number)) = container(leaf, parent) {
        return Some((format!("{engine} {number}"), Kind::Container));
    }
    if let Some(name) = leaf.strip_prefix("lxc.payload.") {
        return Some((format!("lxc {}", shown(name)), Kind::Container));
    }
    let kind = match leaf.rsplit_once('.')?.1 {
        "service" => Kind::Service,
        "scope" if leaf == "init.scope" => Kind::Service,
        "scope" if leaf.starts_with("machine-") => Kind::Container,
        // The monitors of containers.
        "scope" if leaf.contains("-conmon-") => return None,
        "scope" => Kind::Session,
        "slice" if above.is_empty() => Kind::Slice,
        _ => return None,
    };
    let name = shown(leaf);
    // Each user has services of the same names.
    let user = above.split('/').find_map(|folder| folder.strip_prefix("user-")?.strip_suffix(".slice"));
    let name =
        user.filter(|_| kind != Kind::Slice).map_or_else(|| name.clone(), |user| format!("{name} (user {user})"));
    Some((name, kind))
}

/// The engine and the first digits of the number, if the control group is a container.
fn container<'p>(leaf: &'p str, parent: &str) -> Option<(&'static str, &'p str)> {
    let stem = leaf.strip_suffix(".scope").unwrap_or(leaf);
    // `docker-0123`, or `kubepods-pod12.slice:cri-containerd:0123` of a driver that does not know systemd.
    let (prefix, number) = stem.rsplit_once(['-', ':']).unwrap_or(("", stem));
    let is_number = number.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_number || number.len() < SHOWN_DIGITS {
        return None;
    }
    let shown = &number[..SHOWN_DIGITS];
    let word = prefix.rsplit(':').next().unwrap_or(prefix);
    let engine = |word: &str| ENGINES.into_iter().find(|(known, _)| *known == word).map(|(_, engine)| engine);
    if let Some(engine) = engine(word) {
        return Some((engine, shown));
    }
    let is_bare = prefix.is_empty() && number.len() == ALL_DIGITS;
    is_bare.then(|| (engine(parent).unwrap_or("container"), shown))
}

/// Decodes `\x2d`, with which systemd writes characters that mean something else in the name of a unit. Control characters become
/// `�`.
fn shown(leaf: &str) -> String {
    let (mut decoded, mut rest) = (Vec::with_capacity(leaf.len()), leaf.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let digit = |place: usize| char::from(*rest.get(place)?).to_digit(16);
        if rest.starts_with(b"\\x")
            && let Some((high, low)) = digit(2).zip(digit(3))
        {
            decoded.push((high * 16 + low) as u8);
            rest = &rest[4..];
        } else {
            decoded.push(first);
            rest = after;
        }
    }
    let text = String::from_utf8_lossy(&decoded);
    text.chars().map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn recognized(path: &str) -> Option<(String, Kind)> {
        recognize(&path.replace("NUMBER", NUMBER))
    }

    fn named(name: &str, kind: Kind) -> (String, Kind) {
        (name.to_owned(), kind)
    }

    #[test]
    fn units_of_systemd_have_their_names() {
        assert_eq!(recognized("/system.slice/ssh.service"), Some(named("ssh.service", Kind::Service)));
        assert_eq!(recognized("/init.scope"), Some(named("init.scope", Kind::Service)));
        assert_eq!(recognized("/system.slice"), Some(named("system.slice", Kind::Slice)));
        assert_eq!(
            recognized("/user.slice/user-1000.slice/session-2.scope"),
            Some(named("session-2.scope (user 1000)", Kind::Session))
        );
        assert_eq!(
            recognized("/user.slice/user-1000.slice/user@1000.service/app.slice/dbus.service"),
            Some(named("dbus.service (user 1000)", Kind::Service))
        );
        assert_eq!(
            recognized(r"/machine.slice/machine-qemu\x2d1\x2dweb.scope"),
            Some(named("machine-qemu-1-web.scope", Kind::Container))
        );
        for none in ["/system.slice/system-getty.slice", "/user.slice/user-1000.slice", "/a", "/a/b", "", "x.service"] {
            assert_eq!(recognized(none), None, "{none}");
        }
    }

    #[test]
    fn containers_are_named_by_engine_and_number() {
        for (path, engine) in [
            ("/system.slice/docker-NUMBER.scope", "docker"),
            ("/docker/NUMBER", "docker"),
            (
                "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-NUMBER.scope",
                "containerd",
            ),
            ("/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:NUMBER", "containerd"),
            ("/kubepods/burstable/pod12/NUMBER", "container"),
            ("/machine.slice/libpod-NUMBER.scope", "podman"),
            ("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-NUMBER.scope", "podman"),
            ("/kubepods.slice/kubepods-pod1.slice/crio-NUMBER.scope", "cri-o"),
        ] {
            assert_eq!(recognized(path), Some(named(&format!("{engine} 0123456789ab"), Kind::Container)), "{path}");
        }
        assert_eq!(recognized("/lxc.payload.web"), Some(named("lxc web", Kind::Container)));
        for none in [
            "/machine.slice/libpod-conmon-NUMBER.scope",
            "/docker/buildkit",
            "/docker/0123",
            "/a/NUMBERx",
            "/a/x-NUMBER",
        ] {
            assert_eq!(recognized(none), None, "{none}");
        }
    }

    #[test]
    fn the_end_of_a_long_path_is_its_identity() {
        let identity = |path: &str| {
            let (path, name, folder) = (path.to_owned(), String::new(), PathBuf::new());
            Workload { path, name, kind: Kind::Service, folder }.identity()
        };
        assert_eq!(identity("/a/b.service"), "/a/b.service");
        let long = identity(&format!("/{}/b.service", "é".repeat(MAX_NAME_BYTES)));
        assert!(long.starts_with("…é") && long.ends_with("é/b.service"), "{long}");
        assert!((MAX_NAME_BYTES - 1..=MAX_NAME_BYTES).contains(&long.len()), "{}", long.len());
    }

    #[test]
    fn escapes_are_decoded_and_control_characters_are_not_shown() {
        assert_eq!(shown(r"systemd-fsck@dev-disk-by\x2duuid.service"), "systemd-fsck@dev-disk-by-uuid.service");
        assert_eq!(shown(r"caf\xc3\xa9.service"), "café.service");
        assert_eq!(shown(r"a\x0ab\x1b\x7f.service"), "a�b��.service");
        assert_eq!(shown("a\nb\u{202e}<b>.service"), "a�b\u{202e}<b>.service", "the page shows bidi marks as �");
        for kept in [r"a\x2", r"a\xzz", r"\", r"a\\x2", r"\x+1"] {
            assert_eq!(shown(kept), kept);
        }
        assert_eq!(shown(r"a\xff"), "a�");
    }
}
