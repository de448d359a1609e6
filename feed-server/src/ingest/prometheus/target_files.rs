//! Lists of targets in files, as Prometheus' [file_sd](https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config)
//! has them, in JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::discovery::Listed;
use super::relabel::Labels;
use super::target_url::WrittenTarget;
use crate::bounded_file;

/// Files that one pattern may name, and targets of all files.
const MAX_FILES: usize = 1_000;
const MAX_LISTED: usize = 10_000;

/// Some targets with labels in common.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct TargetGroup {
    pub(super) targets: Vec<String>,
    #[serde(default)]
    pub(super) labels: Labels,
}

/// The targets of each file.
pub(super) type ByFile = BTreeMap<PathBuf, Vec<Listed>>;

/// Reads the targets of all files that the patterns name. Blocks. A file that cannot be read has the targets of `before`. Returns the reason too, for
/// the first such file.
#[expect(clippy::disallowed_methods, reason = "on a `BlockingThread`")]
pub(super) fn read(patterns: &[PathBuf], before: &ByFile) -> (ByFile, Option<String>) {
    let (mut targets, mut unread, mut count) = (ByFile::new(), None, 0);
    for pattern in patterns {
        let paths = files(pattern).unwrap_or_else(|error| {
            unread.get_or_insert(error);
            before.keys().cloned().collect()
        });
        for path in paths {
            let text = bounded_file::read_text(&path).map_err(|error| error.to_string());
            let read = text.and_then(|text| parse(&text)).unwrap_or_else(|error| {
                unread.get_or_insert(format!("{}: {error}", path.display()));
                before.get(&path).cloned().unwrap_or_default()
            });
            count += read.len();
            if count > MAX_LISTED {
                unread.get_or_insert(format!("{}: the files list more than {MAX_LISTED} targets", path.display()));
                break;
            }
            targets.insert(path, read);
        }
    }
    (targets, unread)
}

/// The targets of the text of one file.
fn parse(text: &str) -> Result<Vec<Listed>, String> {
    let groups: Vec<TargetGroup> = serde_json::from_str(text).map_err(|error| {
        format!(
            "expected a JSON list such as [{{\"targets\": [\"host:9100\"], \"labels\": {{\"env\": \"lab\"}}}}]: {error}"
        )
    })?;
    let mut targets = Vec::new();
    for TargetGroup { targets: written, labels } in groups {
        for target in written {
            targets.push((WrittenTarget::parse(&target)?, labels.clone()));
        }
    }
    Ok(targets)
}

/// The files that a path names, in order. Its last part may have one `*`.
#[expect(clippy::disallowed_methods, reason = "on a `BlockingThread`")]
fn files(pattern: &Path) -> Result<Vec<PathBuf>, String> {
    let name = pattern.file_name().unwrap_or_default().to_string_lossy();
    let Some((begin, end)) = name.split_once('*') else { return Ok(vec![pattern.to_owned()]) };
    let folder = pattern.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let refused = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(refused)? {
        let name = entry.map_err(refused)?.file_name();
        let text = name.to_string_lossy();
        if text.len() >= begin.len() + end.len() && text.starts_with(begin) && text.ends_with(end) {
            found.push(folder.join(&name));
        }
        if found.len() > MAX_FILES {
            return Err(format!("{}: at most {MAX_FILES} files may match", pattern.display()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_list_targets_with_their_labels() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("writes");
        write("b.json", r#"[{"targets": ["b:1", "b:2"], "labels": {"env": "lab"}}]"#);
        write("a.json", r#"[{"targets": ["https://a:1/x"]}, {"targets": []}]"#);
        write("c.yml", "no json");
        let of = |pattern: &str, before: &ByFile| read(&[folder.path().join(pattern)], before);
        let (targets, unread) = of("*.json", &ByFile::new());
        let shown = |targets: &ByFile| -> Vec<String> {
            let all = targets.values().flatten();
            all.map(|(target, labels)| format!("{} {:?}", target.authority, labels.get("env").map(String::as_str)))
                .collect()
        };
        let all = ["a:1 None", "b:1 Some(\"lab\")", "b:2 Some(\"lab\")"];
        assert_eq!((shown(&targets), unread), (all.map(str::to_owned).to_vec(), None));
        assert_eq!(of("*.none", &ByFile::new()), (ByFile::new(), None));
        let (_, unread) = of("c.yml", &ByFile::new());
        assert!(unread.is_some_and(|error| error.contains("c.yml: expected a JSON list")));
        assert!(of("missing.json", &ByFile::new()).1.is_some());
        // A file that cannot be read keeps its targets, and the others are read.
        write("b.json", r#"[{"targets": ["b b"]}]"#);
        write("a.json", "[]");
        let (later, unread) = of("*.json", &targets);
        assert_eq!(shown(&later), all[1..]);
        assert!(unread.is_some_and(|error| error.contains("a target must be host:port")));
        assert_eq!(shown(&of("*.json", &ByFile::new()).0), Vec::<String>::new());
    }
}
