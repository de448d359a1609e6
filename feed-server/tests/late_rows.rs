//! Rows that arrive after later ones, from a source to viewers.

use std::collections::BTreeMap;

use crate::model;
use crate::served::Served;
use protocol::{Body, Frame, GroupId, Timestamp};

const STEP_US: i64 = 20_000;

/// The times of a group's rows that a viewer holds.
fn times(viewer: &model::Viewer, group: GroupId) -> Vec<Timestamp> {
    viewer.held.keys().filter(|(of, _)| *of == group).map(|(_, time)| *time).collect()
}

/// The rows that are missing between two rows of a group at 50 Hz.
fn missing(times: &[Timestamp]) -> i64 {
    times.windows(2).map(|pair| pair[1].micros_since(pair[0]) / STEP_US - 1).sum()
}

/// The number of rows before which every late row has been sent.
fn settled(times: &[Timestamp]) -> usize {
    times.partition_point(|&time| times[times.len() - 1].micros_since(time) > 20 * STEP_US)
}

#[tokio::test]
async fn late_rows_reach_viewers_in_their_place_and_those_after_the_merge_window_are_counted() {
    let merged = "synthetic:groups=1,series=2,hz=50,prefill=5s,late=200ms,merge_window=1s";
    let dropped = "synthetic:groups=1,series=2,hz=50,prefill=5s,late=200ms,merge_window=100ms";
    let served = Served::start(&[merged, dropped]).await;
    let mut socket = served.viewer("/stream").await;
    let mut viewer = model::Viewer::new(None);
    // The sources register in any order.
    let mut groups = BTreeMap::new();
    // Several rows were held back when the viewer became live, and are sent to it since.
    let mut began = None;
    // Rows in order may be a frame ahead of the late ones.
    let held = loop {
        let frame = socket.frame().await;
        viewer.take(&frame);
        if let Body::Catalog(catalog) = Frame::decode(&frame).expect("decodes").body {
            groups.extend(catalog.groups.iter().map(|group| (group.name.to_owned(), group.id)));
        }
        let Some(&first) = groups.get("synthetic.01") else { continue };
        let held = times(&viewer, first);
        let holes = missing(&held[..settled(&held)]);
        assert!(held.len() < 6_000, "{holes} rows are still missing of {}", held.len());
        if viewer.is_live()
            && let Some(&newest) = held.last()
            && newest.micros_since(*began.get_or_insert(newest)) > 100 * STEP_US
            && holes == 0
        {
            break held;
        }
    };
    let settled = settled(&held);
    let without_window = times(&viewer, groups["synthetic.01-2"]);
    let part = missing(&without_window) as usize * 8 / without_window.len();
    assert_eq!(part, 1, "every eighth row is missing of {}", without_window.len());

    let mut other = model::Viewer::new(None);
    let mut socket = served.viewer("/stream").await;
    while !other.is_live() {
        other.take(&socket.frame().await);
    }
    assert_eq!(missing(&times(&other, groups["synthetic.01"])[..settled]), 0, "also in history");

    let metrics = served.get("/metrics").await;
    let count = |source: &str, outcome: &str| -> u64 {
        let line = format!("kymograph_source_rows_out_of_order_total{{source=\"{source}\",outcome=\"{outcome}\"}} ");
        let value = metrics.lines().find_map(|found| found.strip_prefix(&line));
        value.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {line}in {metrics}"))
    };
    assert!(count("synthetic", "merged") >= 40 && count("synthetic", "too_late") == 0);
    assert!(count("synthetic-2", "too_late") >= 40 && count("synthetic-2", "merged") == 0);
    let ready = served.get("/readyz?source=synthetic-2").await;
    assert!(ready.contains("\"rows_merged\":0,") && !ready.contains("\"rows_dropped\":0,"), "{ready}");
}
