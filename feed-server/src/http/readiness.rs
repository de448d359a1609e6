//! `/readyz`: whether the server, or one source of it, delivers samples.

use axum::response::Response;
use hyper::StatusCode;
use protocol::Timestamp;
use serde::Serialize;

use super::response::{self, text};
use crate::ingest::health::{SourceStatus, StuckPart};
use crate::ingest::readiness::{Readiness, readiness, readiness_of};

/// The sources that `/readyz` reports about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope<'q> {
    All,
    Source(&'q str),
}

/// The body of `/readyz`.
#[derive(Serialize)]
struct ServerReport {
    ready: bool,
    reason: String,
    groups: usize,
    series: usize,
    sources: Vec<SourceReport>,
}

/// The body of `/readyz?source=NAME`.
#[derive(Serialize)]
struct SourceReport {
    source: String,
    ready: bool,
    reason: String,
    state: String,
    series: usize,
    newest_sample_age_ms: Option<i64>,
    /// The source is not ready after this time without a batch.
    silent_after_ms: u64,
    /// Since the start: rows put in their place, and rows dropped.
    rows_merged: u64,
    rows_dropped: u64,
    stuck: Vec<StuckReport>,
    /// What the source does not measure, each with the reason.
    left_out: Vec<String>,
}

/// A resource that does not answer the source.
#[derive(Serialize)]
struct StuckReport {
    part: String,
    unanswered_ms: u64,
}

/// The response to `/readyz` with `query`. `size` counts the groups and series of the catalog.
pub(super) fn respond(query: &str, size: (usize, usize), sources: &[SourceStatus], now: Timestamp) -> Response {
    match scope(query) {
        Ok(Scope::All) => {
            let Readiness { is_ready, reason } = readiness(sources, now);
            let (groups, series) = size;
            let sources = sources.iter().map(|source| SourceReport::of(source, now)).collect();
            json(is_ready, &ServerReport { ready: is_ready, reason, groups, series, sources })
        }
        Ok(Scope::Source(name)) => match sources.iter().find(|source| *source.source == *name) {
            Some(source) => {
                let report = SourceReport::of(source, now);
                json(report.ready, &report)
            }
            None => text(StatusCode::NOT_FOUND, no_such_source(sources)),
        },
        Err(reason) => text(StatusCode::BAD_REQUEST, reason),
    }
}

fn scope(query: &str) -> Result<Scope<'_>, &'static str> {
    match query.split_once('=') {
        None if query.is_empty() => Ok(Scope::All),
        Some(("source", name)) if !name.contains(['&', '=']) => Ok(Scope::Source(name)),
        _ => Err("expected no query, or `source=NAME`\n"),
    }
}

fn no_such_source(sources: &[SourceStatus]) -> String {
    let names: Vec<&str> = sources.iter().map(|source| &*source.source).collect();
    format!("this server has no such source; its sources are: {}\n", names.join(", "))
}

impl SourceReport {
    fn of(status: &SourceStatus, now: Timestamp) -> Self {
        let Readiness { is_ready, reason } = readiness_of(status, now);
        Self {
            source: status.source.to_string(),
            ready: is_ready,
            reason,
            state: status.state.to_string(),
            series: status.series,
            newest_sample_age_ms: status.newest_sample.map(|newest| now.micros_since(newest) / 1_000),
            silent_after_ms: status.silent_after.micros() / 1_000,
            rows_merged: status.out_of_order.merged,
            rows_dropped: status.out_of_order.dropped(),
            stuck: status.stuck.iter().map(StuckReport::of).collect(),
            left_out: status.left_out.iter().map(ToString::to_string).collect(),
        }
    }
}

impl StuckReport {
    fn of(StuckPart { part, unanswered_for }: &StuckPart) -> Self {
        Self { part: part.to_string(), unanswered_ms: unanswered_for.as_millis() as u64 }
    }
}

fn json(is_ready: bool, report: &impl Serialize) -> Response {
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    response::json(status, report)
}

#[cfg(test)]
mod tests {
    use crate::ingest::health::SourceHealth;
    use protocol::Interval;

    use super::*;

    #[test]
    fn the_status_is_that_of_the_server_or_of_the_named_source() {
        let now = Timestamp::from_micros(100_000_000);
        let (delivers, starts) = (SourceHealth::started_at("host", now), SourceHealth::started_at("synthetic", now));
        delivers.expect_every(Interval::from_secs(1));
        delivers.delivered(1, Some(now), now);
        let sources = [delivers.status(), starts.status()];
        let status = |query, sources| respond(query, (1, 1), sources, now).status().as_u16();
        assert_eq!(status("", &sources), 200, "one source is sufficient");
        assert_eq!(status("", &sources[1..]), 503);
        assert_eq!(status("source=host", &sources), 200);
        assert_eq!(status("source=synthetic", &sources), 503);
        assert_eq!(status("source=disk", &sources), 404);
        assert_eq!(status("sources=host", &sources), 400);
    }

    #[test]
    fn the_query_names_one_source_or_none() {
        assert_eq!(scope(""), Ok(Scope::All));
        assert_eq!(scope("source=synthetic-2"), Ok(Scope::Source("synthetic-2")));
        for wrong in ["source", "sources=host", "source=host&source=x", "x"] {
            assert!(scope(wrong).is_err(), "{wrong}");
        }
    }
}
