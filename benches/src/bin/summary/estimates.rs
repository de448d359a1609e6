//! Criterion's medians, by group, function and parameter.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Medians, and the names of requested but missing ones.
pub(crate) struct Estimates {
    medians: HashMap<Name, f64>,
    found_any: Cell<bool>,
    missing: RefCell<Vec<String>>,
}

/// Criterion's name of a function.
#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Name {
    group_id: String,
    function_id: Option<String>,
    value_str: Option<String>,
}

#[derive(Deserialize)]
struct Statistics {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    #[serde(rename = "point_estimate")]
    nanoseconds: f64,
}

impl Estimates {
    /// Reads every estimate below `folder` that is not older than `since`.
    pub(crate) fn read(folder: &Path, since: SystemTime) -> Result<Self> {
        let mut medians = HashMap::new();
        if folder.is_dir() {
            collect(folder, since, &mut medians)?;
        }
        Ok(Self { medians, found_any: Cell::new(false), missing: RefCell::default() })
    }

    /// Median in nanoseconds per iteration.
    pub(crate) fn nanoseconds(&self, group: &str, function: &str, value: &str) -> Option<f64> {
        let (function_id, value_str) = (Some(function.to_owned()), Some(value.to_owned()));
        let found = self.medians.get(&Name { group_id: group.to_owned(), function_id, value_str }).copied();
        match found {
            Some(_) => self.found_any.set(true),
            None => self.missing.borrow_mut().push(format!("{group}/{function}/{value}")),
        }
        found
    }

    /// Returns true if any requested median was found.
    pub(crate) fn found_any(&self) -> bool {
        self.found_any.get()
    }

    /// Returns an error unless all requested medians were found.
    pub(crate) fn require_all(&self) -> Result<()> {
        let missing = self.missing.borrow();
        ensure!(missing.is_empty(), "{} figures are missing, such as `{}`: run all benches", missing.len(), missing[0]);
        Ok(())
    }
}

/// Criterion keeps the newest estimates of a function in a folder `new`.
fn collect(folder: &Path, since: SystemTime, medians: &mut HashMap<Name, f64>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        let file = path.join("estimates.json");
        if !path.ends_with("new") || !file.is_file() {
            collect(&path, since, medians)?;
        } else if fs::metadata(&file)?.modified()? >= since {
            let statistics: Statistics = read(&file)?;
            medians.insert(read(&path.join("benchmark.json"))?, statistics.median.nanoseconds);
        }
    }
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(file: &Path) -> Result<T> {
    let name = || format!("cannot read {}", file.display());
    serde_json::from_reader(std::io::BufReader::new(File::open(file).with_context(name)?)).with_context(name)
}
