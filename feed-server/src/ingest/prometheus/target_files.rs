//! Lists of targets in files, as Prometheus' [file_sd](https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config)
//! has them, in JSON.

use std::path::{Path, PathBuf};

use serde::Deserialize;

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

/// Reads the targets of all files that the patterns name. Blocks.
///
/// # Errors
/// The first file that cannot be read: a part of the list would end the series of the others.
#[expect(clippy::disallowed_methods, reason = "on a `BlockingThread`")]
pub(super) fn read(patterns: &[PathBuf]) -> Result<Vec<(WrittenTarget, Labels)>, String> {
    let mut targets = Vec::new();
    for pattern in patterns {
        for path in files(pattern)? {
            let of_file = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
            let text = bounded_file::read_text(&path).map_err(|error| of_file(&error))?;
            targets.extend(parse(&text).map_err(|error| of_file(&error))?);
            if targets.len() > MAX_LISTED {
                return Err(of_file(&format!("the files list more than {MAX_LISTED} targets")));
            }
        }
    }
    Ok(targets)
}

/// The targets of the text of one file.
fn parse(text: &str) -> Result<Vec<(WrittenTarget, Labels)>, String> {
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
        let targets = read(&[folder.path().join("*.json")]).expect("reads");
        let shown: Vec<_> = targets
            .iter()
            .map(|(target, labels)| (&*target.authority, labels.get("env").map(String::as_str)))
            .collect();
        assert_eq!(shown, [("a:1", None), ("b:1", Some("lab")), ("b:2", Some("lab"))]);
        assert_eq!(read(&[folder.path().join("*.none")]), Ok(vec![]));
        let error = read(&[folder.path().join("c.yml")]).expect_err("no JSON");
        assert!(error.contains("c.yml: expected a JSON list"), "{error}");
        assert!(read(&[folder.path().join("missing.json")]).is_err());
        write("b.json", r#"[{"targets": ["b b"]}]"#);
        assert!(read(&[folder.path().join("*.json")]).is_err_and(|error| error.contains("a target must be host:port")));
    }
}
