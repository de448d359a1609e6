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
  if (frame.kind === 3) {
    const { times, series, values } = frame.body.list;
    const found = allBits(values).map((value, place) => [times[place], series[place], value]);
    assert.deepEqual(found, meaning.body.list.map(([time, series, value]) => [time, series, expectedBits(value)]), name);
    delete frame.body.list;
    delete meaning.body.list;
  }
  if (frame.kind === 10) checkSummaries(name, frame.body.blocks, meaning.body.blocks);
  for (const blocks of frame.kind === 10 ? [] : [frame.body?.blocks ?? [], meaning.body?.blocks ?? []]) {
    for (const column of blocks.flatMap((block) => block.columns)) {
      if (column.values) column.values = column.values instanceof Float64Array ? allBits(column.values) : column.values.map(expectedBits);
    }
  }
  assert.deepEqual(frame, meaning, name);
}

/** Compares the fields of summaries, and removes them from both. */
function checkSummaries(name, blocks, expectedBlocks) {
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

/** Queries of a viewer whose WebSocket is a substitute that records messages. */
async function checkQueries(frames) {
  const sent = [];
  class Socket {
    send(message) {
      sent.push(message);
    }
    close() {}
  }
  const viewer = new wire.Viewer("ws://host/stream", { WebSocket: Socket });
  const errors = [];
  viewer.onerror = (error) => errors.push(error);
  const receive = (name, change = () => {}) => {
    const bytes = frames[name].slice();
    change(bytes);
    viewer.socket.onmessage({ data: bytes.buffer });
  };
  // The id of golden answers and refusals is 300, a varint of three bytes. The place of the id differs.
  const withId = (id, place) => (bytes) => bytes.set([251, id, 0], place);
  const range = { from: 1_699_999_400_000_000, to: new Date(1_700_000_000_000) };
  const coarse = [];
  viewer.connect();
  const answered = viewer.query({ ...range, series: [70_000, 7], columns: 1_920, oncoarse: (series) => coarse.push(series) });
  const refused = viewer.query({ ...range, select: "cpu.{" });
  const abort = new AbortController();
  const aborted = viewer.query({ ...range, signal: abort.signal });
  [answered, refused, aborted].forEach((promise) => promise.catch(() => {}));
  receive("session_hello");
  assert.equal(sent.length, 0, "a query waits for the catalog");
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
  const { setTimeout: later } = globalThis;
  globalThis.setTimeout = (connect) => connect();
  viewer.socket.onclose({ code: 1006, reason: "" });
  globalThis.setTimeout = later;
  receive("session_hello");
  receive("session_catalog");
  assert.deepEqual(sent.splice(0), [wire.query(5, "*", 1_699_999_400_000_000, 1_700_000_000_000_000, 80)]);
  receive("answer_empty", withId(5, 32));
  assert.deepEqual(await again, []);
  await assert.rejects(viewer.query({ from: range.from }), RangeError);
  const last = viewer.query({ ...range });
  viewer.close();
  await assert.rejects(last, /closed/);
}

/** The session and the resume of the document, with a catalog that cannot be decoded in between. */
function checkSession(frames) {
  const state = new wire.State();
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
  if (kind === 1 && body.after) return wire.subscribeAfter(body.after.epoch, body.after.sequence, body.window_us, body.after.revision);
  if (kind === 1) return wire.subscribeWindow(body.window_us);
  if (kind === 2) return wire.probe(body.origin_us);
  if (kind === 3) return wire.pace(body.visibility, body.frames_per_second);
  if (kind === 4) {
    const selection = body.selection.selector ?? body.selection.series;
    return wire.query(body.id, selection, body.from_us, body.to_us, body.columns, body.order);
  }
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
await checkQueries(frames);
console.log(`${counts.frames} frames decoded, ${counts.messages} messages encoded, ${counts.refused} refused`);
