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
  for (const blocks of [frame.body?.blocks ?? [], meaning.body?.blocks ?? []]) {
    for (const column of blocks.flatMap((block) => block.columns)) {
      if (column.values) column.values = column.values instanceof Float64Array ? allBits(column.values) : column.values.map(expectedBits);
    }
  }
  assert.deepEqual(frame, meaning, name);
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
checkSession(Object.fromEntries([...vectors(`${folder}/frames`)].map(([name, bytes]) => [name, bytes])));
console.log(`${counts.frames} frames decoded, ${counts.messages} messages encoded, ${counts.refused} refused`);
