#!/usr/bin/env node
// Tests kymograph.mjs with the golden vectors.
//
//     node docs/examples/check_golden.mjs protocol/tests/golden

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import * as wire from "./kymograph.mjs";

/** The bits of a number, as 16 hexadecimal digits. */
function bits(value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

/** The bits of the numbers of a Float64Array, whose NaNs keep their payload. */
const allBits = (values) => {
  const longs = new BigUint64Array(values.buffer, values.byteOffset, values.length);
  return Array.from(longs, (long) => long.toString(16).padStart(16, "0"));
};

/** A value of a vector: a number, or a text with its bits if JSON cannot represent it. */
const expectedBits = (value) => (typeof value === "string" ? value.replace("bits:", "") : bits(value));

/** Parses JSON; integers that a Number does not hold become BigInts. */
function parse(text) {
  const marked = text.replace(/([\s[:,])(-?\d{16,})(?=[\s,\]}])/g, '$1"int:$2"');
  return JSON.parse(marked, (_, value) => {
    if (typeof value !== "string" || !value.startsWith("int:")) return value;
    const big = BigInt(value.slice(4));
    return Number.isSafeInteger(Number(big)) ? Number(big) : big;
  });
}

function* vectors(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".bin")).sort();
  assert(names.length > 0, `no vectors in ${folder}`);
  for (const name of names) {
    const path = `${folder}/${name}`;
    yield [name.replace(".bin", ""), new Uint8Array(readFileSync(path)), parse(readFileSync(path.replace(".bin", ".json"), "utf8"))];
  }
}

function checkFrame(name, bytes, meaning) {
  const frame = wire.decodeFrame(bytes);
  if (frame.body?.list) {
    const { times, series, values } = frame.body.list;
    const found = allBits(values).map((value, place) => [times[place], series[place], value]);
    assert.deepEqual(found, meaning.body.list.map(([time, series, value]) => [time, series, expectedBits(value)]), name);
    delete frame.body.list;
    delete meaning.body.list;
  }
  const isOfSummaries = frame.kind === 10 || frame.kind === 12;
  if (isOfSummaries) checkFields(name, frame.body.blocks, meaning.body.blocks);
  for (const field of ["updates", "open"]) checkUpdates(name, frame.body?.[field] ?? [], meaning.body?.[field] ?? []);
  for (const blocks of isOfSummaries ? [] : [frame.body?.blocks ?? [], meaning.body?.blocks ?? []]) {
    for (const column of blocks.flatMap((block) => block.columns)) {
      if (column.values) column.values = column.values instanceof Float64Array ? allBits(column.values) : column.values.map(expectedBits);
    }
  }
  assert.deepEqual(frame, meaning, name);
}

/** Compares the fields of summaries, and removes them from both. */
function checkFields(name, blocks, expectedBlocks) {
  const entries = (blocks) => blocks.flatMap(({ series }) => series);
  const expectedEntries = entries(expectedBlocks);
  entries(blocks).forEach((series, place) => {
    const [expected, { first }] = [expectedEntries[place], series];
    for (const field of ["first", ...wire.OTHER_FIELDS]) {
      const found = series[field] && allBits(series[field]);
      // The other fields of a bucket without values have no meaning: null in the vector.
      expected[field]?.forEach((value, bucket) => value === null && assert(wire.isMissing(first, bucket), name));
      const wanted = expected[field] && expected[field].map((value, bucket) => (value === null ? found[bucket] : expectedBits(value)));
      assert.deepEqual(found, wanted, `${name}: ${field}`);
      delete series[field];
      delete expected[field];
    }
  });
}

/** Compares the values of updates, and removes them from both. Differences are integers. */
function checkUpdates(name, updates, expectedUpdates) {
  updates.forEach((update, place) => {
    for (const field of wire.FIELDS) {
      const found = update[field].map((value) => (value === null ? null : bits(value)));
      const expected = expectedUpdates[place][field].map((value) => (value === null ? null : expectedBits(value)));
      assert.deepEqual(found, expected, `${name}: ${field}`);
      delete update[field];
      delete expectedUpdates[place][field];
    }
  });
}

/** The number that a vector states. */
const numberOf = (value) => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${expectedBits(value)}`));
  return view.getFloat64(0);
};

/** The value that an update states, computed from decimal digits in place of floating-point numbers. */
function computedValue(held, stated, decimals, sign) {
  if (decimals === null) return numberOf(stated);
  const integer = BigInt(held.toFixed(decimals).replace(".", "")) + BigInt(sign) * BigInt(stated);
  return Number(`${integer}e-${decimals}`);
}

/** Applies the updates of a vector to the summaries of each group by its id: objects, by the ids of series. */
function compute(open, updates) {
  for (const { group, begins, decimals, closed, ...fields } of updates) {
    if (begins) {
      const before = open.get(group);
      const ids = begins.series ?? [...before.keys()];
      const firstOf = (id, place) => computedValue(begins.series ? 0 : before.get(id).last, fields.first[place], decimals, 1);
      const begun = (first) => ({ first, last: first, min: first, max: first, sum: null, count: null });
      open.set(group, new Map(ids.map((id, place) => [id, begun(firstOf(id, place))])));
    }
    [...open.get(group).values()].forEach((summary, place) => {
      for (const [field, sign] of [["last", 1], ["min", -1], ["max", 1]]) {
        const stated = fields[field][place] ?? null;
        if (stated !== null) summary[field] = computedValue(summary[field], stated, decimals, sign);
      }
      if (closed) Object.assign(summary, { sum: numberOf(fields.sum[place]), count: fields.count[place] });
    });
  }
}

/** Updates of all vectors, in an order in which each can be applied: the viewer passes on what is computed from their JSON. */
function checkSummariesOfUpdates(frames, meanings) {
  const state = new wire.State("cpu.*", 150_000);
  state.subscribe(1_000_000);
  ["subscribed_exact", "session_catalog", "summaries", "session_history"].forEach((name) => state.take(wire.decodeFrame(frames[name])));
  state.groups.set(2, { id: 2, name: "another" });
  for (const id of [7, 8, 9, 70_000]) state.series.set(id, { name: "", labels: [] });
  const open = new Map();
  compute(open, meanings.summaries.body.open);
  const names = [
    ...["updates_close_and_follow", "updates_change", "updates_close_and_follow"],
    ...["updates_begin", "updates_change", "updates_beside_rows", "updates_close_without_change"],
    ...["updates_begin", "updates_close_and_begin", "updates_of_any_value", "updates_without_series"],
  ];
  const bitsOf = (summary) => wire.FIELDS.map((field) => (summary[field] === null ? null : bits(summary[field])));
  names.forEach((name, place) => {
    const frame = { ...wire.decodeFrame(frames[name]), sequence: 4243 + place };
    const { buckets, isMissing } = state.take(frame);
    assert(!isMissing, name);
    const { updates } = meanings[name].body;
    assert.equal(buckets.length, updates.length, name);
    updates.forEach((update, place) => {
      compute(open, [update]);
      const found = buckets[place].series.map((summary) => [summary.id, bitsOf(summary)]);
      assert.deepEqual(found, [...open.get(update.group)].map(([id, summary]) => [id, bitsOf(summary)]), `${name}, update ${place}`);
    });
  });
  const all = Object.keys(meanings).filter((name) => name.startsWith("updates_"));
  assert(all.every((name) => names.includes(name)), "a vector is left out");
}

/** Values of any scale. */
function checkScales() {
  for (let decimals = 0; decimals <= 10; decimals++) {
    for (const integer of [0, 1, -1, 7, -123_456_789, 2 ** 47 - 1, 1 - 2 ** 47]) {
      for (const difference of [0, 1, -5, 2 ** 48, -(2 ** 48)]) {
        for (const sign of [1, -1]) {
          const expected = Number(`${integer + sign * difference}e-${decimals}`);
          const found = wire.restored(integer / 10 ** decimals, difference, decimals, sign);
          assert.equal(bits(found), bits(expected), `${integer} and ${difference} of ${decimals} decimals`);
        }
      }
    }
  }
  const nearest = (number) => wire.restored(number, 0, 0);
  assert.deepEqual([0.5, -0.5, -0.1, 0.49999999999999994, 2.5, Infinity, NaN].map(nearest), [1, -1, 0, 0, 3, 0, 0]);
}

/** A viewer whose WebSocket is a substitute that records messages. */
function connected(frames, options) {
  const [sent, errors] = [[], []];
  class Socket {
    send(message) {
      sent.push(message);
    }
    close() {
      this.isClosed = true;
    }
  }
  const viewer = new wire.Viewer("ws://host/stream", { WebSocket: Socket, ...options });
  viewer.onerror = (error) => errors.push(error);
  const receive = (name, change = () => {}) => {
    const bytes = frames[name].slice();
    change(bytes);
    viewer.socket.onmessage({ data: bytes.buffer });
  };
  /** Ends the connection. The viewer connects again at once. */
  const lose = () => {
    const { setTimeout: later } = globalThis;
    globalThis.setTimeout = (connect) => connect();
    viewer.socket.onclose({ code: 1006, reason: "" });
    globalThis.setTimeout = later;
  };
  viewer.connect();
  return { viewer, sent, errors, receive, lose };
}

async function checkQueries(frames) {
  const { viewer, sent, errors, receive, lose } = connected(frames);
  // The id of golden answers and refusals is 300, a varint of three bytes. The place of the id differs.
  const withId = (id, place) => (bytes) => bytes.set([251, id, 0], place);
  const range = { from: 1_699_999_400_000_000, to: new Date(1_700_000_000_000) };
  const coarse = [];
  const answered = viewer.query({ ...range, series: [70_000, 7], columns: 1_920, oncoarse: (series) => coarse.push(series) });
  const refused = viewer.query({ ...range, select: "cpu.{" });
  const abort = new AbortController();
  const aborted = viewer.query({ ...range, signal: abort.signal });
  [answered, refused, aborted].forEach((promise) => promise.catch(() => {}));
  receive("session_hello");
  assert.deepEqual(sent.splice(0), [wire.subscribeWindow(60_000_000)], "a query waits for the catalog");
  receive("session_catalog");
  const expected = [
    wire.query(1, [7, 70_000], 1_699_999_400_000_000, 1_700_000_000_000_000, 1_920, "CoarseFirst"),
    wire.query(2, "cpu.{", 1_699_999_400_000_000, 1_700_000_000_000_000, 80),
    wire.query(3, "*", 1_699_999_400_000_000, 1_700_000_000_000_000, 80),
  ];
  assert.deepEqual(sent.splice(0), expected);
  receive("refused_query", (bytes) => bytes.set([251, 2, 0], bytes.length - 3));
  await assert.rejects(refused, (error) => error instanceof wire.QueryRefused && error.code === 1 && error.message.includes("character 5"));
  // The catalog of the session describes series 1 and 2 only; that of the vectors, series 7 and 70000.
  viewer.state.groups.set(2, { name: "network", unit: "By/s" });
  for (const id of [7, 8, 70_000]) viewer.state.series.set(id, { name: `series ${id}`, kind: "Gauge", labels: [["device", "eth0"]] });
  receive("answer_coarse", withId(1, 32));
  assert.deepEqual(coarse.map((series) => series.map(({ id, step_us: step }) => [id, step])), [[[8, 60_000_000]]]);
  receive("answer_equal_fields", withId(9, 32));
  receive("answer_several_blocks", withId(1, 32));
  receive("answer_empty", withId(1, 32));
  const [busy, rare] = await answered;
  assert.deepEqual([busy.id, busy.group, busy.unit, busy.labels, busy.step_us], [7, "cpu.cores", "1", { device: "eth0" }, 10_000_000]);
  const starts = (...buckets) => Float64Array.from(buckets, (bucket) => 1_700_000_100_000_000 + bucket * 10_000_000);
  assert.deepEqual(busy.times, starts(-4, -3, -2, 0, 1, 2, 3, 4));
  assert.deepEqual(busy.max, Float64Array.of(0.9, 0.5, 0.75, 1, 0.9, 0.5, 0.75, 1));
  assert.deepEqual([rare.times, rare.count, rare.min], [starts(-4, -2, 0), Float64Array.of(1, 1, 2), Float64Array.of(7, 8, 9)]);
  abort.abort();
  await assert.rejects(aborted, { name: "AbortError" });
  assert.deepEqual(sent.splice(0), [wire.cancel(3)]);
  // A query whose answer cannot be decoded fails, and the stream goes on.
  const broken = viewer.query({ ...range });
  receive("answer_empty", (bytes) => bytes.set([9], 35));
  await assert.rejects(broken, wire.ProtocolError);
  assert.equal(errors.length, 1);
  assert.deepEqual([sent.splice(0).length, viewer.state.revision], [2, 3], "the query and its end");
  // A lost connection ends the queries; they are sent again.
  const again = viewer.query({ ...range });
  assert.equal(sent.splice(0).length, 1);
  lose();
  receive("session_hello");
  receive("session_catalog");
  const asked = wire.query(5, "*", 1_699_999_400_000_000, 1_700_000_000_000_000, 80);
  assert.deepEqual(sent.splice(0), [wire.subscribeWindow(60_000_000), asked]);
  receive("answer_empty", withId(5, 32));
  assert.deepEqual(await again, []);
  await assert.rejects(viewer.query({ from: range.from }), RangeError);
  const last = viewer.query({ ...range });
  viewer.close();
  await assert.rejects(last, /closed/);
}

/** A viewer that selects series, and then others. */
function checkSelections(frames) {
  const { viewer, sent, receive, lose } = connected(frames, { window: 1, select: "cpu.*" });
  const [subscribed, refused] = [[], []];
  viewer.onsubscribed = ({ id, series, extent }) => subscribed.push([id, series, extent]);
  viewer.onrefused = ({ code, id }) => refused.push([code, id]);
  const window = (id, selection) => wire.subscribeWindow(1_000_000, { id, selection, added: [] });
  const after = (position, id, selection, added) =>
    wire.subscribeAfter(1_700_000_000_123_456, position, 1_000_000, 3, { id, selection, added });
  const expectSent = (expected, what) => assert.deepEqual(sent.splice(0), expected, what);
  const expectState = (phase, position) => assert.deepEqual([viewer.state.phase, viewer.state.position], [phase, position]);
  const exact = (id) => (bytes) => bytes.set([id], 32);
  const wider = (id) => (bytes) => bytes.set([251, id, 0], 32);
  const toSubscribe = (id) => (bytes) => (bytes.set([1], 32), bytes.set([251, id, 0], bytes.length - 3));
  expectSent([], "the first request waits for the features of the server");
  receive("session_hello");
  expectSent([window(1, "cpu.*")]);
  viewer.select("cpu.cores");
  receive("subscribed_wider", wider(1));
  receive("session_catalog");
  expectSent([], "a change waits for a position");
  receive("session_history");
  expectSent([after(4242, 2, "cpu.cores", "cpu.cores")]);
  // Until the reply, the earlier subscription goes on. Another request replaces one without a reply.
  receive("session_samples");
  expectState("LIVE", 4243);
  viewer.select("memory");
  expectSent([after(4243, 3, "memory", "memory")]);
  receive("subscribed_exact", exact(3));
  expectState("AWAITING", 4243);
  assert.deepEqual(subscribed, [[1, 1200, "Wider"], [3, 24, "Exact"]]);
  // Until the last part of the history, series are added again.
  receive("session_catalog");
  lose();
  receive("session_hello");
  expectSent([after(4243, 4, "memory", "memory")]);
  receive("subscribed_exact", exact(4));
  ["catalog", "history", "samples"].forEach((name) => receive(`session_${name}`));
  expectState("LIVE", 4243);
  // Rows are missing: what comes before the reply belongs to an earlier request.
  receive("session_samples", (bytes) => bytes.set([0xff], 16));
  expectSent([after(4243, 5, "memory", [])]);
  ["catalog", "history"].forEach((name) => receive(`session_${name}`));
  expectState("AWAITING", 4243);
  receive("subscribed_exact", exact(5));
  ["catalog", "history"].forEach((name) => receive(`session_${name}`));
  expectState("LIVE", 4242);
  // After a refusal, the stream goes on, or the answer to an earlier request that is not refused begins.
  viewer.select("cpu.{");
  expectSent([after(4242, 6, "cpu.{", "cpu.{")]);
  receive("refused_query", toSubscribe(6));
  expectState("LIVE", 4242);
  assert.deepEqual([refused, viewer.state.selections.wanted.selector], [[[1, 6]], "memory"]);
  viewer.select("disk.*");
  viewer.select("cpu.{");
  receive("refused_query", toSubscribe(8));
  expectSent([after(4242, 7, "disk.*", "disk.*"), after(4242, 8, "cpu.{", "cpu.{")]);
  receive("subscribed_exact", exact(7));
  ["catalog", "history"].forEach((name) => receive(`session_${name}`));
  lose();
  receive("session_hello");
  expectSent([after(4242, 9, "disk.*", [])]);
  // Without former series, the viewer closes, unless it selects others.
  const first = connected(frames, { window: 1, select: "cpu.{" });
  first.viewer.onrefused = () => first.viewer.select("cpu.{}}");
  first.receive("session_hello");
  first.receive("refused_query", toSubscribe(1));
  assert.deepEqual(first.sent, [window(1, "cpu.{"), window(2, "cpu.{}}")]);
  first.viewer.onrefused = () => {};
  first.receive("refused_query", toSubscribe(2));
  assert(first.viewer.socket.isClosed);
  // The features are the last texts of the hello, before three numbers of 9 bytes.
  const withoutSubsets = (bytes) => bytes.set(new TextEncoder().encode("another"), bytes.length - 16);
  const old = connected(frames, { window: 1, select: "*" });
  old.viewer.onrefused = ({ text }) => refused.push(text);
  old.receive("session_hello", withoutSubsets);
  assert.deepEqual([old.sent.length, old.viewer.socket.isClosed, refused.length], [0, true, 3]);
  // All series were held: none are added.
  const all = connected(frames, { window: 1 });
  ["session_hello", "session_catalog", "session_history"].forEach((name) => all.receive(name));
  all.viewer.select("cpu.*");
  assert.deepEqual(all.sent.splice(0), [wire.subscribeWindow(1_000_000), after(4242, 1, "cpu.*", [])]);
  // A selection without a connection waits for the next one.
  all.receive("subscribed_exact", exact(1));
  all.lose();
  all.viewer.select("memory");
  assert.deepEqual(all.sent, []);
  all.receive("session_hello");
  assert.deepEqual(all.sent.splice(0), [after(4242, 2, "memory", [])]);
  // A server that was started again may refuse the former selection as well.
  [2, 3].forEach((id) => all.receive("refused_query", toSubscribe(id)));
  assert.deepEqual([all.sent, all.viewer.socket.isClosed], [[after(4242, 3, "cpu.*", [])], true]);
  // Without the feature, a stream of everything goes on.
  const everything = connected(frames, { window: 1 });
  everything.receive("session_hello", withoutSubsets);
  ["session_catalog", "session_history"].forEach((name) => everything.receive(name));
  everything.viewer.select("cpu.*");
  everything.receive("session_samples");
  assert.deepEqual([everything.sent.length, everything.viewer.state.position], [1, 4243]);
}

/** A server that has the feature `summaries`: its name has as many letters as that of another one in the hello of the vectors. */
const withSummaries = (bytes) => {
  const at = Buffer.from(bytes).indexOf("revisions");
  bytes.set(new TextEncoder().encode("summaries"), at);
};

/** A viewer that selects series as summaries. */
function checkSummaries(frames) {
  const { viewer, sent, errors, receive, lose } = connected(frames, { window: 1, select: "cpu.*", step: 0.15 });
  const [buckets, rows] = [[], []];
  viewer.onbucket = (bucket) => buckets.push(bucket);
  viewer.onrow = (row) => rows.push(row);
  const dropped = [];
  viewer.ondrop = ({ group, time }) => dropped.push([group, time - 1_700_000_100_000_000]);
  const window = (id, selection, step_us) => wire.subscribeWindow(1_000_000, { id, selection, added: [], step_us });
  const after = (position, id, added, step_us, revision = 3) =>
    wire.subscribeAfter(1_700_000_000_123_456, position, 1_000_000, revision, { id, selection: "cpu.*", added, step_us });
  const expectSent = (expected, what) => assert.deepEqual(sent.splice(0), expected, what);
  const expectState = (phase, position) => assert.deepEqual([viewer.state.phase, viewer.state.position], [phase, position]);
  /** The buckets since the last call: start, whether it is closed, and the fields of each series. */
  const expectBuckets = (expected, what) => {
    const found = buckets.splice(0).map(({ time, isClosed, series }) => {
      const fields = series.map(({ id, ...summary }) => [id, ...wire.FIELDS.map((name) => summary[name])]);
      return [time - 1_700_000_100_000_000, isClosed, ...fields];
    });
    assert.deepEqual(found, expected, what);
  };
  const numbered = (sequence) => (bytes) => bytes.set([sequence & 255, sequence >> 8], 16);
  const exact = (id) => (bytes) => bytes.set([id], 32);
  /** The catalog of the session describes series 1 and 2 only; the vectors have others. */
  const describe = () => {
    for (const id of [7, 8, 9, 70_000]) viewer.state.series.set(id, { name: `series ${id}`, labels: [["id", `${id}`]] });
  };
  const begin = (id, expected) => {
    receive("session_hello", withSummaries);
    expectSent([expected]);
    receive("subscribed_exact", exact(id));
    receive("session_catalog");
    describe();
  };
  const closed = [
    [-420_000, true, [7, 0.5, 0.25, 0.25, 0.75, 1.5, 3]],
    [-270_000, true, [7, 0.25, 0.5, 0.1, 0.5, 1.1, 3]],
  ];
  const [begun, changed] = [
    [[7, 0.25, 0.5, 0.1, 0.5], [8, 7, 7, 7, 7], [70_000, -1.5, -1.5, -2.25, 0]],
    [[7, 0.25, 0.75, 0.1, 0.9], [8, 7, 8, 7, 8], [70_000, -1.5, -1, -2.25, 0]],
  ];
  /** Series with their sums and counts, which are not known before the bucket is closed. */
  const withSums = (series, sums) => series.map((fields, place) => [...fields, ...(sums?.[place] ?? [null, null])]);
  const open = (start) => [start, false, ...withSums(begun)];
  begin(1, window(1, "cpu.*", 150_000));
  // The answer is cut off, and comes again: what was passed on is not passed on once more.
  receive("summaries");
  assert.deepEqual([buckets[0].group, buckets[0].step_us, buckets[0].series[0].labels], ["cpu.cores", 150_000, { id: "7" }]);
  expectBuckets([...closed, open(-120_000)]);
  lose();
  begin(2, window(2, "cpu.*", 150_000));
  receive("summaries");
  expectBuckets([open(-120_000)]);
  receive("session_history");
  expectState("LIVE", 4242);
  receive("updates_change", numbered(4243));
  expectBuckets([[-120_000, false, ...withSums(changed)]]);
  // A bucket that follows has the step and the series of the closed one.
  receive("updates_begin", numbered(4244));
  receive("updates_close_and_follow", numbered(4245));
  const sums = [[3.5, 9], [22, 3], [-10.5, 9]];
  expectBuckets([open(-100_000), [-100_000, true, ...withSums(changed, sums)], open(-10_000)]);
  receive("updates_begin", numbered(4246));
  receive("updates_close_and_begin", numbered(4247));
  expectBuckets(
    [open(-100_000), [-100_000, true, ...withSums(changed, sums)], [-10_000, false, [9, 2, 2, 2, 2, null, null]]],
    "an earlier bucket, and then one of other series",
  );
  // Rows of other groups are in the same frame. Group 2 is not described, but its bucket has begun.
  rows.length = 0;
  receive("updates_begin", numbered(4248));
  receive("updates_beside_rows", numbered(4249));
  expectBuckets([open(-100_000), open(-100_000)], "an earlier bucket, which is not changed by the frame with a row");
  assert.deepEqual([rows.length, rows[0].values], [1, { "core 0": 0.24 }]);
  receive("updates_close_without_change", numbered(4250));
  expectBuckets([[-100_000, true, ...withSums(begun, [[1.75, 5], [14, 2], [-6, 5]])]]);
  // A bucket of another number of series: a frame was lost.
  receive("updates_of_any_value", numbered(4251));
  assert.deepEqual(buckets.splice(0).map(({ isClosed, series }) => [isClosed, series[0].sum]), [[true, Infinity]]);
  receive("updates_change", numbered(4252));
  expectSent([after(4251, 3, [], 150_000)]);
  expectState("AWAITING", 4251);
  receive("subscribed_exact", exact(3));
  receive("resume_catalog");
  receive("summaries");
  expectBuckets([open(-120_000)], "each closed bucket comes once");
  receive("resume_history");
  expectState("LIVE", 4246);
  receive("session_heartbeat", numbered(4300));
  expectSent([after(4246, 4, [], 150_000)]);
  assert.deepEqual(dropped, [], "every bucket has its sums");
  // An answer without an open bucket of the group: that of the answer before it is dropped. An update that begins none asks again, and
  // nothing of its frame is applied.
  receive("subscribed_exact", exact(4));
  receive("resume_catalog");
  receive("summaries_empty");
  assert.deepEqual(dropped, []);
  receive("resume_history");
  assert.deepEqual(dropped.splice(0), [["cpu.cores", -120_000]]);
  expectState("LIVE", 4246);
  rows.length = 0;
  receive("updates_beside_rows", numbered(4247));
  expectSent([after(4246, 5, [], 150_000)]);
  assert.deepEqual([rows, buckets, viewer.state.position], [[], [], 4246]);
  // Nor can one that follows.
  assert(!viewer.state.buckets.canApply(wire.decodeFrame(frames.updates_close_and_follow).body.updates.slice(1)));
  // A part that cannot be decoded is requested once more. Then updates of its buckets are left out until one begins a bucket.
  receive("subscribed_exact", exact(5));
  const brokenAnswer = () => {
    receive("session_catalog");
    describe();
    receive("summaries", (bytes) => bytes.set([9], 73));
    receive("resume_history");
  };
  brokenAnswer();
  expectSent([after(4246, 6, [], 150_000, 0)]);
  receive("subscribed_exact", exact(6));
  brokenAnswer();
  expectSent([]);
  assert.equal(errors.length, 2);
  receive("updates_beside_rows", numbered(4247));
  receive("updates_change", numbered(4248));
  expectBuckets([]);
  receive("updates_begin", numbered(4249));
  receive("updates_change", numbered(4250));
  assert.deepEqual(buckets.splice(0).map(({ time, series }) => [time % 1_000_000, series.length]), [[900_000, 3], [900_000, 3]]);
  expectState("LIVE", 4250);
  // Another step, and rows: all is added.
  viewer.state.revision = 3;
  viewer.select("cpu.*", { step: 1 });
  expectSent([after(4250, 7, "cpu.*", 1_000_000)]);
  viewer.select("cpu.*");
  expectSent([after(4250, 8, "cpu.*", 0)]);
  viewer.select("cpu.*", { step: 0.15 });
  expectSent([after(4250, 9, [], 150_000)], "the viewer holds these");
  assert.throws(() => viewer.select("cpu.*", { step: -1 }), RangeError);
  // A step needs the feature. Without a selector, it is of everything.
  const old = connected(frames, { step: 1 });
  const refused = [];
  old.viewer.onrefused = ({ text }) => refused.push(text);
  old.receive("session_hello");
  assert.deepEqual([old.sent, refused], [[], ["kymograph 0.1.0 has no feature `summaries`"]]);
  const all = connected(frames, { window: 1, step: 1 });
  all.receive("session_hello", withSummaries);
  assert.deepEqual(all.sent, [window(1, "*", 1_000_000)]);
}

/** Blocks with the times of the block before them have other series of the same buckets. */
function checkGatheredBlocks(frames) {
  const state = new wire.State("cpu.*", 150_000);
  state.subscribe(1_000_000);
  ["subscribed_exact", "session_catalog"].forEach((name) => state.take(wire.decodeFrame(frames[name])));
  const frame = wire.decodeFrame(frames.summaries);
  const [block] = frame.body.blocks;
  const part = (ids, offset) => {
    const times = block.times_us.map((time) => time + offset);
    const blocks = ids.map((series) => ({ ...block, times_us: times, series: [{ ...block.series[0], series }] }));
    return state.take({ ...frame, body: { blocks, open: [] } }).buckets.map(({ time, series }) => [time, series.map(({ id }) => id)]);
  };
  const [one, other] = block.times_us;
  assert.deepEqual(part([1], 0), []);
  assert.deepEqual(part([2], 0), [], "of the same buckets");
  assert.deepEqual(part([1], 300_000), [[one, [1, 2]], [other, [1, 2]]]);
  const { buckets } = state.take(wire.decodeFrame(frames.session_history));
  assert.deepEqual(buckets.map(({ time }) => time), [one + 300_000, other + 300_000], "the last part completes them");
}

/** Numbers that the viewer's subscription skips are not missing. */
function checkSkippedNumbers(frames) {
  for (const [name, position, expected] of [
    ["samples_after_skipped_numbers", 4235, [4235, true]],
    ["samples_after_skipped_numbers", 4236, [4242, false]],
    ["samples_after_skipped_numbers", 4240, [4242, false]],
    ["samples_after_skipped_numbers", 4243, [4243, false]],
    ["samples_after_all_numbers", 0, [4242, false]],
    ["unknown_kind_after_skipped_numbers", 3940, [3940, true]],
    ["unknown_kind_after_skipped_numbers", 3941, [4242, false]],
  ]) {
    const state = Object.assign(new wire.State(), { phase: "LIVE", position });
    const { isMissing = false } = state.take(wire.decodeFrame(frames[name]));
    assert.deepEqual([state.position, isMissing], expected, `${name} after ${position}`);
  }
}

/** The session and the resume of the document, with a catalog that cannot be decoded in between. */
function checkSession(frames) {
  const state = new wire.State();
  assert.deepEqual(state.subscribe(300_000), wire.subscribeWindow(300_000));
  const take = (name) => state.take(wire.decodeFrame(frames[name]));
  const rows = ["catalog", "history", "samples", "heartbeat"].map((name) => take(`session_${name}`)).flatMap(({ rows, isMissing }) => {
    assert(!isMissing);
    return rows;
  });
  assert.deepEqual([state.phase, state.position, state.revision, rows.length], ["LIVE", 4243, 3, 4]);
  assert.deepEqual(state.subscribe(1_000_000), wire.subscribeAfter(1_700_000_000_123_456, 4243, 1_000_000, 3));
  rows.push(...["catalog", "history", "samples"].flatMap((name) => take(`resume_${name}`).rows));
  assert.deepEqual(rows.map(({ time }) => time), Array.from({ length: 8 }, (_, row) => 1_700_000_099_700_000 + row * 100_000));
  assert.deepEqual(rows[7].values, { "core 0": 0.28, "core 1": 0.29 });
  assert(take("session_heartbeat").isMissing !== true && take("unknown_numbered_kind").isMissing !== true);
  // Changes after a message that could not be decoded do not make the catalog complete.
  assert(state.fail().isMissing);
  take("catalog_changes");
  assert.equal(state.revision, 0);
  state.subscribe(1_000_000);
  take("session_catalog");
  assert.deepEqual([state.phase, state.revision], ["FILLING", 3]);
  // History that cannot be decoded is requested once more, and then left out.
  for (const isMissing of [true, false]) {
    state.fail();
    assert.equal(take("session_history").isMissing ?? false, isMissing);
  }
  assert.equal(state.phase, "LIVE");
}

/** Encodes a viewer's message. */
function encode({ kind, body }) {
  if (kind === 1 && body.after) {
    const { epoch, sequence, revision } = body.after;
    return wire.subscribeAfter(epoch, sequence, body.window_us, revision, body.subset);
  }
  if (kind === 1) return wire.subscribeWindow(body.window_us, body.subset);
  if (kind === 2) return wire.probe(body.origin_us);
  if (kind === 3) return wire.pace(body.visibility, body.frames_per_second);
  if (kind === 4) return wire.query(body.id, body.selection, body.from_us, body.to_us, body.columns, body.order);
  if (kind === 5) return wire.cancel(body.id);
  return wire.message(kind, []);
}

const folder = process.argv[2];
const counts = { frames: 0, messages: 0, refused: 0 };
for (const [name, bytes, meaning] of vectors(`${folder}/frames`)) {
  checkFrame(name, bytes, meaning);
  counts.frames++;
}
for (const [name, bytes, meaning] of vectors(`${folder}/client_messages`)) {
  // kymograph.mjs is a viewer: it writes no messages of publishers.
  if (meaning.kind >= 6 && meaning.kind <= 9) continue;
  const written = encode(meaning);
  // The fields that a newer viewer appends are not known here.
  const expected = name === "appended_field" ? bytes.slice(8, written.length) : bytes;
  assert.deepEqual(name === "appended_field" ? written.slice(8) : written, expected, name);
  counts.messages++;
}
for (const [name, bytes] of vectors(`${folder}/refused`)) {
  // kymograph.mjs does not decode messages of viewers.
  if (name.startsWith("client_")) continue;
  assert.throws(() => wire.decodeFrame(bytes), wire.ProtocolError, name);
  counts.refused++;
}
const frames = Object.fromEntries([...vectors(`${folder}/frames`)].map(([name, bytes]) => [name, bytes]));
checkSession(frames);
checkSelections(frames);
checkScales();
checkSummariesOfUpdates(frames, Object.fromEntries([...vectors(`${folder}/frames`)].map(([name, , meaning]) => [name, meaning])));
checkSummaries(frames);
checkGatheredBlocks(frames);
checkSkippedNumbers(frames);
await checkQueries(frames);
console.log(`${counts.frames} frames decoded, ${counts.messages} messages encoded, ${counts.refused} refused`);
