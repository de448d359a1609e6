//! Describes messages as JSON.
//!
//! A value that JSON cannot represent (NaN, an infinity, -0.0) is written as its bits: `"bits:7ff44b594d495353"`.

use protocol::column::{Values, is_missing};
use protocol::{
    Block, Blocks, Body, Bounds, BucketUpdate, BucketUpdates, Catalog, ClientMessage, Entries, Frame, GroupDescriptor,
    GroupStep, Label, LogLine, Sample, SampleList, Selection, SeriesDescriptor, SeriesId, Start, StatedValue, Subset,
    SummaryBlock, SummaryColumns, SummaryField, Timestamp,
};
use serde_json::{Value, json};

pub(crate) fn frame(frame: &Frame<'_>) -> Value {
    let header = frame.header;
    json!({
        "epoch": header.epoch.0,
        "sequence": header.sequence.0,
        "sent_us": header.sent.micros(),
        "skipped": header.skipped,
        "kind": frame.body.kind(),
        "body": body(&frame.body),
    })
}

fn body(body: &Body<'_>) -> Value {
    match body {
        Body::Hello(hello) => json!({
            "server": hello.server,
            "host": hello.host,
            "history_us": hello.history.micros(),
            "heartbeat_us": hello.heartbeat.micros(),
            "role": name(&hello.role),
            "limits": {
                "message_bytes": hello.limits.message_bytes,
                "messages": hello.limits.messages,
                "messages_at_once": hello.limits.messages_at_once,
                "bytes": hello.limits.bytes,
                "bytes_at_once": hello.limits.bytes_at_once,
            },
            "encodings": hello.encodings,
            "features": hello.features.iter().map(|feature| feature.0).collect::<Value>(),
            "queries": {
                "at_once": hello.queries.at_once,
                "columns": hello.queries.columns,
                "summaries": hello.queries.summaries,
            },
        }),
        Body::Catalog(body) => catalog(body),
        Body::Samples(samples) => json!({
            "collected_us": samples.collected.micros(),
            "list": list(&samples.list),
            "blocks": blocks(&samples.blocks),
            "updates": updates(&samples.updates),
        }),
        Body::History(history) => json!({ "part": name(&history.part), "blocks": blocks(&history.blocks) }),
        Body::Gap(gap) => json!({
            "after": gap.after.0,
            "until": gap.until.0,
            "cause": name(&gap.cause),
            "content": name(&gap.content),
        }),
        Body::Heartbeat(heartbeat) => json!({
            "next_within_us": heartbeat.next_within.micros(),
            "groups": heartbeat.groups,
            "silent": heartbeat.silent,
        }),
        Body::Echo(echo) => json!({ "origin_us": echo.origin.micros(), "received_us": echo.received.micros() }),
        Body::Refused(refused) => json!({
            "request": refused.request,
            "code": refused.code.0,
            "text": refused.text,
            "id": refused.id,
        }),
        Body::Subscribed(subscribed) => json!({
            "id": subscribed.id,
            "series": subscribed.series,
            "extent": name(&subscribed.extent),
        }),
        Body::Held(held) => json!({ "run": held.run, "number": held.number, "dropped": held.dropped }),
        Body::LeftOut(left_out) => json!({
            "groups": left_out.groups.iter().map(|group| group.0).collect::<Value>(),
            "series": ids(&left_out.series),
            "text": left_out.text,
        }),
        Body::Bye(bye) => json!({
            "reason": name(&bye.reason),
            "retry_after_us": bye.retry_after.micros(),
            "text": bye.text,
        }),
        Body::Answer(answer) => json!({
            "query": answer.query,
            "part": name(&answer.part),
            "blocks": answer.blocks.iter().map(|block| summary_block(&block)).collect::<Value>(),
        }),
        Body::Summaries(summaries) => json!({
            "blocks": summaries.blocks.iter().map(|block| summary_block(&block)).collect::<Value>(),
            "open": updates(&summaries.open),
        }),
        Body::Logs(logs) => {
            let line = |line: LogLine<'_>| {
                json!({
                    "time_us": line.time.micros(),
                    "severity": name(&line.severity),
                    "source": line.source,
                    "text": line.text,
                    "labels": labels(&line.labels),
                })
            };
            json!({ "lines": logs.lines.iter().map(line).collect::<Value>() })
        }
        Body::Event(event) => json!({
            "time_us": event.time.micros(),
            "kind": name(&event.kind),
            "source": event.source,
            "text": event.text,
            "labels": labels(&event.labels),
        }),
        Body::Unknown { .. } => Value::Null,
    }
}

fn labels(labels: &Entries<'_, Label<'_>>) -> Value {
    labels.iter().map(|label| json!([label.key, label.value])).collect()
}

fn group(group: GroupDescriptor<'_>) -> Value {
    let bounds = match group.bounds {
        Bounds::Fixed { low, high } => json!({ "low": low, "high": high }),
        other => name(&other),
    };
    json!({
        "id": group.id.0,
        "name": group.name,
        "title": group.title,
        "unit": group.unit,
        "interval_us": group.interval.micros(),
        "bounds": bounds,
        "prominence": name(&group.prominence),
        "rank": group.rank,
    })
}

fn series(series: SeriesDescriptor<'_>) -> Value {
    json!({
        "id": series.id.0,
        "group": series.group.0,
        "name": series.name,
        "kind": name(&series.kind),
        "labels": labels(&series.labels),
    })
}

fn catalog(catalog: &Catalog<'_>) -> Value {
    json!({
        "scope": name(&catalog.scope),
        "revision": catalog.revision.0,
        "groups": catalog.groups.iter().map(group).collect::<Value>(),
        "series": catalog.series.iter().map(series).collect::<Value>(),
        "retired": ids(&catalog.retired),
        "retired_groups": catalog.retired_groups.iter().map(|group| group.0).collect::<Value>(),
    })
}

fn list(list: &SampleList<'_>) -> Value {
    let sample = |Sample { time, series, value: number }| json!([time.micros(), series.0, value(number)]);
    list.iter().map(sample).collect()
}

fn blocks(blocks: &Blocks<'_>) -> Value {
    blocks.iter().map(|entry| block(&entry)).collect()
}

fn block(block: &Block<'_>) -> Value {
    let columns = block.columns.iter().map(|column| {
        let values = column.values().map(|values| {
            let mut copied = vec![0.0; block.rows as usize];
            values.copy_to(&mut copied);
            copied.into_iter().map(value).collect::<Value>()
        });
        json!({ "series": column.series.0, "encoding": column.encoding(), "values": values })
    });
    json!({
        "mode": name(&block.mode),
        "group": block.group.0,
        "times_encoding": block.times.encoding(),
        "times_us": block.times.iter().map(Timestamp::micros).collect::<Value>(),
        "columns": columns.collect::<Value>(),
    })
}

fn summary_block(block: &SummaryBlock<'_>) -> Value {
    json!({
        "group": block.group.0,
        "step_us": block.step.micros(),
        "times_encoding": block.times.encoding(),
        "times_us": block.times.iter().map(Timestamp::micros).collect::<Value>(),
        "series": block.series.iter().map(|series| summaries(&series, block.times.len())).collect::<Value>(),
    })
}

fn summaries(series: &SummaryColumns<'_>, buckets: usize) -> Value {
    let copied = |values: Values<'_>| {
        let mut copied = vec![0.0; buckets];
        values.copy_to(&mut copied);
        copied
    };
    let first = series.first().map(copied);
    // The other fields of a bucket without values have no meaning.
    let field = |field| {
        let values = copied(series.field(field)?).into_iter().enumerate();
        let is_absent = |bucket: usize| first.as_ref().is_some_and(|first| is_missing(first[bucket]));
        Some(
            values
                .map(|(bucket, number)| if is_absent(bucket) { Value::Null } else { value(number) })
                .collect::<Value>(),
        )
    };
    let [last, min, max, sum, count] = SummaryField::ALL.map(field);
    let first = first.as_ref().map(|first| first.iter().copied().map(value).collect::<Value>());
    json!({
        "series": series.series.0, "first": first, "last": last, "min": min, "max": max, "sum": sum, "count": count,
    })
}

fn value(value: f64) -> Value {
    if value.is_finite() && value.to_bits() != (-0.0_f64).to_bits() {
        json!(value)
    } else {
        json!(format!("bits:{:016x}", value.to_bits()))
    }
}

fn updates(updates: &BucketUpdates<'_>) -> Value {
    let stated = |stated: StatedValue| match stated {
        StatedValue::Full(full) => value(full),
        StatedValue::Difference(difference) => json!(difference),
    };
    let update = |update: BucketUpdate<'_>| {
        let begins = update.begins.map(|begins| {
            json!({
                "start_us": begins.start.micros(),
                "step_us": begins.shape.map(|shape| shape.step.micros()),
                "series": begins.shape.map(|shape| shape.series().map(|series| series.0).collect::<Value>()),
            })
        });
        let or_null = |extreme: Option<StatedValue>| extreme.map_or(Value::Null, stated);
        json!({
            "group": update.group.0,
            "newest_us": update.newest.micros(),
            "series": update.series,
            "begins": begins,
            "closed": update.is_closed,
            "decimals": update.decimals(),
            "first": update.firsts().map(stated).collect::<Value>(),
            "last": update.lasts().map(stated).collect::<Value>(),
            "min": update.minima().map(or_null).collect::<Value>(),
            "max": update.maxima().map(or_null).collect::<Value>(),
            "sum": update.sums_and_counts().map(|(sum, _)| value(sum)).collect::<Value>(),
            "count": update.sums_and_counts().map(|(_, count)| count).collect::<Value>(),
        })
    };
    updates.iter().map(update).collect()
}

pub(crate) fn client_message(message: &ClientMessage<'_>) -> Value {
    let body = match message {
        ClientMessage::Subscribe { start, subset } => {
            let (after, window) = match start {
                Start::Window(window) => (Value::Null, window),
                Start::After { epoch, sequence, window, revision } => {
                    (json!({ "epoch": epoch.0, "sequence": sequence.0, "revision": revision.0 }), window)
                }
            };
            let subset = match subset {
                Subset::Everything => Value::Null,
                Subset::Of { id, selection: of, added, resolution } => {
                    let group = |of: GroupStep| json!({ "group": of.group.0, "step_us": of.step.micros() });
                    json!({
                        "id": id,
                        "selection": selection(of),
                        "added": selection(added),
                        "step_us": resolution.step.micros(),
                        "groups": resolution.groups.iter().map(group).collect::<Value>(),
                    })
                }
            };
            json!({ "after": after, "window_us": window.micros(), "subset": subset })
        }
        ClientMessage::Probe { origin } => json!({ "origin_us": origin.micros() }),
        ClientMessage::Pace { visibility, frames_per_second } => {
            json!({ "visibility": name(visibility), "frames_per_second": frames_per_second })
        }
        ClientMessage::Query { id, selection: of, from, to, columns, order } => json!({
            "id": id,
            "selection": selection(of),
            "from_us": from.micros(),
            "to_us": to.micros(),
            "columns": columns,
            "order": name(order),
        }),
        ClientMessage::Cancel { id } => json!({ "id": id }),
        ClientMessage::Open { publisher, run } => json!({ "publisher": publisher, "run": run }),
        ClientMessage::Announce { groups, series: described } => json!({
            "groups": groups.iter().map(group).collect::<Value>(),
            "series": described.iter().map(series).collect::<Value>(),
        }),
        ClientMessage::Rows { number, lost, blocks: rows } => {
            json!({ "number": number, "lost": lost, "blocks": blocks(rows) })
        }
        ClientMessage::End { series } => json!({ "series": ids(series) }),
        ClientMessage::Unknown { .. } => Value::Null,
    };
    json!({ "kind": message.kind(), "body": body })
}

fn selection(selection: &Selection<'_>) -> Value {
    match selection {
        Selection::Selector(selector) => json!({ "selector": selector }),
        Selection::Series(series) => json!({ "series": ids(series) }),
        Selection::Groups(groups) => json!({ "groups": groups.iter().map(|group| group.0).collect::<Value>() }),
    }
}

fn ids(series: &Entries<'_, SeriesId>) -> Value {
    series.iter().map(|series| series.0).collect()
}

/// The name of a variant without fields.
fn name(variant: &impl std::fmt::Debug) -> Value {
    json!(format!("{variant:?}"))
}
