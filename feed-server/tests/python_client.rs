//! The client in `docs/examples`, written from docs/PROTOCOL.md alone, against a real server.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::served::Served;
use protocol::{Body, Frame, GroupId, HistoryPart, SeriesId};
use serde_json::Value;

fn example(script: &str, arguments: &[&str]) -> Output {
    let Some(python) = std::env::var_os("KYMOGRAPH_PYTHON") else {
        panic!("KYMOGRAPH_PYTHON is not set: run these tests by `cargo xtask test`");
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let script = PathBuf::from("docs/examples").join(script);
    Command::new(python).arg(script).args(arguments).current_dir(root).output().expect("starts")
}

#[test]
fn the_python_client_reads_every_golden_vector() {
    let output = example("check_golden.py", &["protocol/tests/golden"]);
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_reads_the_values_that_a_rust_viewer_reads() {
    let served = Served::start(&["synthetic:groups=2,series=8,hz=50,prefill=20s,seed=7"]).await;
    let url = format!("ws://{}/stream", served.address);
    let arguments = ["--window", "10", "--group", "synthetic.01", "--count", "600", "--json"];
    let watching = tokio::task::spawn_blocking(move || {
        example("kymograph_client.py", &[&[url.as_str()], &arguments[..]].concat())
    });
    let output = watching.await.expect("runs");
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    let printed: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(printed.len(), 600, "history and then live rows");

    let expected = rows_of_history(&served).await;
    for row in &printed {
        let time = row["time_us"].as_i64().expect("a time");
        let values = expected.get(&time).unwrap_or_else(|| panic!("a row at {time}"));
        for (name, value) in row["values"].as_object().expect("values by name") {
            let printed = values[name];
            assert!(
                value.as_f64().map_or(printed.is_nan(), |value| value.to_bits() == printed.to_bits()),
                "{name}: {row}"
            );
        }
    }
}

/// Every row of the first group that the server's history holds: time in microseconds, values by series' names.
async fn rows_of_history(served: &Served) -> BTreeMap<i64, BTreeMap<String, f64>> {
    let mut viewer = served.viewer("/stream?window=3600").await;
    let mut names: BTreeMap<SeriesId, String> = BTreeMap::new();
    let mut rows: BTreeMap<i64, BTreeMap<String, f64>> = BTreeMap::new();
    loop {
        let bytes = viewer.frame().await;
        match Frame::decode(&bytes).expect("decodes").body {
            Body::Catalog(catalog) => {
                names.extend(catalog.series.iter().map(|series| (series.id, series.name.to_owned())));
            }
            Body::History(history) => {
                for block in history.blocks.iter().filter(|block| block.group == GroupId(1)) {
                    let mut values = vec![0.0; block.rows as usize];
                    for column in &block.columns {
                        column.values().expect("a known encoding").copy_to(&mut values);
                        for (time, &value) in block.times.iter().zip(&values) {
                            rows.entry(time.micros()).or_default().insert(names[&column.series].clone(), value);
                        }
                    }
                }
                if history.part == HistoryPart::Last {
                    return rows;
                }
            }
            _ => {}
        }
    }
}
