#!/usr/bin/env node
// A viewer of a Kymograph feed server, protocol version 2, in one file for browsers and Node. Written from docs/PROTOCOL.md
// alone. It needs no packages and no build step.
//
//     node docs/examples/kymograph.mjs ws://127.0.0.1:9000/stream --window 5 --group cpu.cores
//
//     import { Viewer } from "./kymograph.mjs";
//     const viewer = new Viewer("ws://127.0.0.1:9000/stream", { window: 60 });
//     viewer.onrow = ({ time, group, values }) => console.log(new Date(time / 1000), group, values);
//     viewer.connect();
//     viewer.select("cpu.*");
//     viewer.onbucket = ({ time, group, isClosed, series }) => console.log(new Date(time / 1000), group, isClosed, series);
//     viewer.select("cpu.*", { step: 1 });
//     const series = await viewer.query({ select: "cpu.*", from: new Date(Date.now() - 600_000), to: new Date(), columns: 80 });
//
// Node has a WebSocket from version 22 on. For an older one, pass that of the package `ws`: { WebSocket }.

export const SUBPROTOCOL = "kymograph.2";
export const MAX_MESSAGE = 65_536;
const VERSION = 2;
const [MAX_ROWS, MAX_VALUES, MAX_COLUMNS, MAX_NAME, MAX_TEXT, MAX_LABELS] = [16_384, 131_072, 2_048, 256, 4_096, 32];
const HEAD = 32;
/** The halves of the bits of a missing value. */
const [MISSING_LOW, MISSING_HIGH] = [0x4d495353, 0x7ff44b59];
/** Close codes after which connecting again is useless. */
const FINAL_CODES = new Set([1002, 1003, 1007, 1009, 4401, 4403, 4426]);
const LIMITS = ["message_bytes", "messages", "messages_at_once", "bytes", "bytes_at_once"];
const QUERY_LIMITS = ["at_once", "columns", "summaries"];
/** The fields of a summary besides the first value, in the order of their bits. */
export const OTHER_FIELDS = ["last", "min", "max", "sum", "count"];
export const FIELDS = ["first", ...OTHER_FIELDS];
/** The flags of an update. */
const [BEGINS, CHANGES, CLOSES, ONE_COUNT, FULL_SUMS, FOLLOWS] = [1, 2, 4, 8, 16, 32];
/** The scales of an update: a number of decimals, or values in full. */
const [MAX_DECIMALS, FULL] = [10, 255];

/** Bytes that violate the protocol. */
export class ProtocolError extends Error {}

/** The server has refused a query. The message is the server's text. */
export class QueryRefused extends Error {
  constructor({ code, text }) {
    super(text);
    this.code = code;
  }
}

// Numbers: a Number where it is exact, else a BigInt. Only invalid or artificial messages need the latter. ----------------

const exact = (big) => (BigInt.asIntN(54, big) === big ? Number(big) : big);
const wrapped = (big) => exact(BigInt.asIntN(64, big));
const plus = (a, b) => {
  const sum = typeof a === "number" && typeof b === "number" ? a + b : NaN;
  return Number.isSafeInteger(sum) ? sum : wrapped(BigInt(a) + BigInt(b));
};
const times2to = (a, shift) => {
  const product = typeof a === "number" ? a * 2 ** shift : NaN;
  return Number.isSafeInteger(product) ? product : wrapped(BigInt(a) << BigInt(shift));
};
const unzigzag = (n) => {
  if (typeof n === "number") return n % 2 ? -(n + 1) / 2 : n / 2;
  return exact(n & 1n ? -(n + 1n) / 2n : n / 2n);
};

/** Decodes the document's types from the front of some bytes. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  get isEmpty() {
    return this.at === this.bytes.length;
  }

  skip(count) {
    if (count > this.bytes.length - this.at) {
      throw new ProtocolError(`needed ${count} bytes, found ${this.bytes.length - this.at}`);
    }
    this.at += count;
    return this.at - count;
  }

  take(count) {
    const from = this.skip(count);
    return this.bytes.subarray(from, from + count);
  }

  byte() {
    return this.bytes[this.skip(1)];
  }

  float() {
    return this.view.getFloat64(this.skip(8), true);
  }

  long() {
    return exact(this.view.getBigUint64(this.skip(8), true));
  }

  varint(bits = 64) {
    const first = this.byte();
    if (first < 251) return first;
    if (first === 251) return this.view.getUint16(this.skip(2), true);
    if (first === 252) return this.view.getUint32(this.skip(4), true);
    if (first === 253 && bits === 64) return this.long();
    throw new ProtocolError(`varint of ${bits} bits must not begin with ${first}`);
  }

  signed() {
    return unzigzag(this.varint());
  }

  short() {
    let [value, scale] = [0, 1];
    for (let place = 0; place < 7; place++, scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new ProtocolError("short has more than 7 bytes");
  }

  signedShort() {
    return unzigzag(this.short());
  }

  chunk() {
    return this.take(Number(this.varint()));
  }

  text(limit = MAX_NAME) {
    const bytes = this.chunk();
    if (bytes.length > limit) throw new ProtocolError(`text of ${bytes.length} bytes, the limit is ${limit}`);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new ProtocolError("text is not UTF-8");
    }
  }

  variant(...names) {
    const number = this.varint(32);
    if (number >= names.length) throw new ProtocolError(`variant must be below ${names.length}, found ${number}`);
    return names[number];
  }

  /** Like `variant`, with a name for the numbers that a newer writer may have added. */
  variantOr(fallback, ...names) {
    return names[this.varint(32)] ?? fallback;
  }

  list(item) {
    const [inner, items] = [new Reader(this.chunk()), []];
    while (!inner.isEmpty) items.push(item(inner));
    return items;
  }

  /** A structure that is preceded by its length. A newer writer may have appended fields. */
  sized(fields) {
    return fields(new Reader(this.chunk()));
  }

  end() {
    if (!this.isEmpty) throw new ProtocolError(`${this.bytes.length - this.at} extra bytes`);
  }
}

const checkIncreasing = (what, ids) => {
  ids.forEach((id, place) => {
    if (place && id <= ids[place - 1]) throw new ProtocolError(`ids must be strictly increasing, ${what} ${id} is not`);
  });
};

// Messages ---------------------------------------------------------------------------------------------------------------

/** Live rows, without and with updates. */
const isSamples = (kind) => kind === 3 || kind === 66;

/** True also for kinds that are not known here: they advance the position too. */
const isNumbered = (kind) => kind === 3 || (kind >= 64 && kind < 128);

/** Decodes a server's message (a Uint8Array). The body of an unknown kind is null. */
export function decodeFrame(bytes) {
  if (bytes.length > MAX_MESSAGE || bytes.length < HEAD) throw new ProtocolError(`message of ${bytes.length} bytes`);
  if (bytes[0] !== 0x4b || bytes[1] !== 0x59) throw new ProtocolError("not a Kymograph message");
  if (bytes[2] !== VERSION) throw new ProtocolError(`protocol version ${bytes[2]}, expected ${VERSION}`);
  const head = new Reader(bytes.subarray(0, HEAD));
  head.at = 4;
  const length = head.view.getUint32(head.skip(4), true);
  if (length !== bytes.length - HEAD) throw new ProtocolError(`body of ${bytes.length - HEAD} bytes, declared ${length}`);
  const [epoch, sequence, sent] = [head.long(), head.long(), wrapped(BigInt(head.long()))];
  const [kind, r] = [bytes[3], new Reader(bytes.subarray(HEAD))];
  const skipped = isNumbered(kind) ? r.varint() : 0;
  return { epoch, sequence, sent_us: sent, kind, skipped, body: BODIES[kind]?.(r, sent) ?? null };
}

const BODIES = {
  1: (r) => ({
    server: r.text(),
    host: r.text(),
    history_us: r.varint(),
    heartbeat_us: r.varint(),
    role: r.variantOr("View", "View", "Edit", "Publish"),
    limits: Object.fromEntries(LIMITS.map((name) => [name, r.varint(32)])),
    encodings: [...r.chunk()],
    features: r.list((r) => r.text()),
    queries: Object.fromEntries(QUERY_LIMITS.map((name) => [name, r.varint(32)])),
  }),
  2: (r) => {
    const catalog = {
      scope: r.variant("Whole", "Changes", "Unchanged"),
      revision: r.varint(),
      groups: r.list((r) => r.sized(groupDescriptor)),
      series: r.list((r) => r.sized(seriesDescriptor)),
      retired: r.list((r) => r.varint(32)),
      retired_groups: r.list((r) => r.varint(32)),
    };
    checkIncreasing("group", catalog.groups.map((group) => group.id));
    checkIncreasing("series", catalog.series.map((series) => series.id));
    checkIncreasing("retired series", catalog.retired);
    checkIncreasing("retired group", catalog.retired_groups);
    return catalog;
  },
  3: (r, sent) => ({ ...samples(r, sent), updates: [] }),
  4: (r) => ({ part: r.variant("More", "Last"), blocks: blocks(r, r.signed(), 0) }),
  5: (r) => ({
    after: r.varint(),
    until: r.varint(),
    cause: r.variantOr("HistoryExpired", "HistoryExpired", "EpochChanged", "UnknownPosition"),
    content: r.variantOr("Rows", "Rows", "Logs", "Events"),
  }),
  6: (r) => ({ next_within_us: r.varint(), groups: r.varint(32), silent: r.varint(32) }),
  7: (r) => ({ origin_us: r.signed(), received_us: r.signed() }),
  8: (r) => ({ request: r.byte(), code: r.varint(32), text: r.text(MAX_TEXT), id: r.varint(32) }),
  9: (r) => ({
    reason: r.variantOr("Overloaded", "ServerStopping", "Overloaded", "Refused"),
    retry_after_us: r.varint(),
    text: r.text(MAX_TEXT),
  }),
  10: (r) => ({ query: r.varint(32), part: r.variant("Coarse", "More", "Last"), blocks: summaryBlocks(r, r.signed()) }),
  11: (r) => ({ id: r.varint(32), series: r.varint(32), extent: r.variantOr("Wider", "Exact", "Wider") }),
  12: (r) => ({ blocks: summaryBlocks(r, r.signed()), open: bucketUpdates(r, r.signed()) }),
  13: (r) => ({ run: r.varint(), number: r.varint(), dropped: r.varint() }),
  14: (r) => {
    const leftOut = { groups: r.list((r) => r.varint(32)), series: r.list((r) => r.varint(32)), text: r.text(MAX_TEXT) };
    checkIncreasing("group that is left out", leftOut.groups);
    checkIncreasing("series that is left out", leftOut.series);
    return leftOut;
  },
  64: (r) => ({ lines: r.list((r) => r.sized(logLine)) }),
  65: (r) => ({
    time_us: r.signed(),
    kind: r.variantOr("Annotation", "Annotation", "Alert", "Capture", "Layout", "Source"),
    source: r.text(),
    text: r.text(MAX_TEXT),
    labels: labelsOf(r),
  }),
  66: (r, sent) => {
    const rows = samples(r, sent);
    return { ...rows, updates: bucketUpdates(r, rows.collected_us) };
  },
};

const logLine = (r) => ({
  time_us: r.signed(),
  severity: r.variantOr("Info", "Trace", "Debug", "Info", "Warn", "Error", "Fatal"),
  source: r.text(),
  text: r.text(MAX_TEXT),
  labels: labelsOf(r),
});

function labelsOf(r) {
  const labels = r.list((r) => [r.text(), r.text()]);
  if (labels.length > MAX_LABELS) throw new ProtocolError(`${labels.length} labels, the limit is ${MAX_LABELS}`);
  return labels;
}

function groupDescriptor(r) {
  const group = { id: r.varint(32), name: r.text(), title: r.text(), unit: r.text(), interval_us: r.varint() };
  Object.assign(group, { bounds: r.variantOr(null, "Auto", "FromZero", "Fixed"), prominence: "Overview", rank: 0 });
  // An unknown variant ends the structure.
  if (group.bounds === null) return { ...group, bounds: "Auto" };
  if (group.bounds === "Fixed") {
    const [low, high] = [r.float(), r.float()];
    if (!(Number.isFinite(low) && Number.isFinite(high) && low < high)) {
      throw new ProtocolError(`bounds must be finite with low below high, found ${low} to ${high}`);
    }
    group.bounds = { low, high };
  }
  // An earlier server does not send these.
  if (!r.isEmpty) group.prominence = r.variantOr("Overview", "Overview", "Detail");
  if (!r.isEmpty) group.rank = r.varint(32);
  return group;
}

function seriesDescriptor(r) {
  const [id, group, name] = [r.varint(32), r.varint(32), r.text()];
  const kind = r.variantOr("Gauge", "Gauge", "Counter", "Bucket", "State");
  return { id, group, name, kind, labels: labelsOf(r) };
}

// Samples ----------------------------------------------------------------------------------------------------------------

/** Floating-point numbers whose bits are kept: a Number can lose those of a NaN. */
class Floats {
  constructor(count) {
    this.values = new Float64Array(count);
    this.view = new DataView(this.values.buffer);
    this.bytes = new Uint8Array(this.values.buffer);
  }

  copy(place, bytes) {
    // Typed arrays have the byte order of the machine, which is little endian wherever JavaScript runs today.
    this.bytes.set(bytes, place * 8);
  }
}

/** True for the bits that stand for a missing value, and not for other NaNs. */
export function isMissing(values, place) {
  const words = new Uint32Array(values.buffer, values.byteOffset + place * 8, 2);
  return words[0] === MISSING_LOW && words[1] === MISSING_HIGH;
}

const [TIME, GAP, ZEROS, RAW, SINGLES, MULTIPLES, INTEGERS] = [0, 1, 2, 3, 4, 5, 6];

function samples(r, sent) {
  const base = plus(sent, r.signed());
  const list = listOfSamples(new Reader(r.chunk()), base);
  return { collected_us: base, list, blocks: blocks(r, base, list.times.length) };
}

/** Samples in three columns: times, series, values. */
function listOfSamples(r, base) {
  const [times, series, runs] = [[], [], []];
  let [time, next] = [null, 0];
  while (!r.isEmpty) {
    const head = r.byte();
    const [kind, low] = [head >> 4, head & 15];
    if (kind === TIME) {
      if (low > 1) throw new ProtocolError(`head of a time must be 0 or 1, found ${head}`);
      if (low === 1) next = 0;
      time = plus(time ?? base, r.signedShort());
      continue;
    }
    const count = low < 15 ? low + 1 : r.short() + 16;
    if (next + count >= 2 ** 32) throw new ProtocolError("id of a series has more than 32 bits");
    if (kind === GAP) {
      next += count;
      continue;
    }
    if (time === null) throw new ProtocolError("values precede the first time");
    if (times.length + count > MAX_VALUES) throw new ProtocolError(`more than ${MAX_VALUES} values`);
    const values = new Floats(count);
    for (let place = 0; place < count; place++) {
      if (kind === RAW) values.copy(place, r.take(8));
      else if (kind === SINGLES) values.values[place] = r.view.getFloat32(r.skip(4), true);
      else if (kind === MULTIPLES) values.values[place] = r.signedShort() * 1024;
      else if (kind !== ZEROS) values.values[place] = r.signedShort() / 10 ** (kind - INTEGERS);
      times.push(time);
      series.push(next++);
    }
    runs.push(values.bytes);
  }
  const all = new Floats(times.length);
  let at = 0;
  for (const run of runs) {
    all.bytes.set(run, at);
    at += run.length;
  }
  return { times, series, values: all.values };
}

function blocks(r, base, otherValues) {
  const [inner, found] = [new Reader(r.chunk()), []];
  let [rows, values] = [0, otherValues];
  while (!inner.isEmpty) {
    // Limits are checked before rows are decoded: a few bytes can declare many rows.
    const [mode, group, count] = [inner.variant("Merge", "Replace", "Late"), inner.varint(32), inner.varint(32)];
    if (count > MAX_ROWS) throw new ProtocolError(`block of ${count} rows, the limit is ${MAX_ROWS}`);
    const [timesEncoding, timesBytes] = [inner.byte(), inner.chunk()];
    const columns = inner.list((r) => ({ series: r.varint(32), encoding: r.byte(), bytes: r.chunk() }));
    rows += count;
    values += count * columns.length;
    if (columns.length > MAX_COLUMNS || rows > MAX_VALUES || values > MAX_VALUES) {
      throw new ProtocolError(`limit exceeded: ${columns.length} columns, ${rows} rows, ${values} values`);
    }
    checkIncreasing("column", columns.map((column) => column.series));
    found.push({
      mode,
      group,
      times_encoding: timesEncoding,
      times_us: decodeTimes(timesEncoding, timesBytes, count, base),
      columns: columns.map(({ series, encoding, bytes }) => ({ series, encoding, values: decodeColumn(encoding, bytes, count) })),
    });
  }
  return found;
}

function summaryBlocks(r, base) {
  const [inner, found] = [new Reader(r.chunk()), []];
  let [buckets, values] = [0, 0];
  while (!inner.isEmpty) {
    const [group, step, count] = [inner.varint(32), inner.varint(), inner.varint(32)];
    if (count > MAX_ROWS) throw new ProtocolError(`block of ${count} buckets, the limit is ${MAX_ROWS}`);
    const [timesEncoding, timesBytes] = [inner.byte(), inner.chunk()];
    const series = inner.list(summaryColumns);
    buckets += count;
    for (const { columns } of series) values += count * Object.keys(columns).length;
    if (series.length > MAX_COLUMNS || buckets > MAX_VALUES || values > MAX_VALUES) {
      throw new ProtocolError(`limit exceeded: ${series.length} series, ${buckets} buckets, ${values} values`);
    }
    checkIncreasing("series", series.map(({ series }) => series));
    found.push({
      group,
      step_us: step,
      times_encoding: timesEncoding,
      times_us: decodeTimes(timesEncoding, timesBytes, count, base),
      series: series.map(({ series, columns }) => ({ series, ...summaryFields(columns, count) })),
    });
  }
  return found;
}

/** A series and its columns by field. Columns of later versions are skipped. */
function summaryColumns(r) {
  const [series, own] = [r.varint(32), r.byte()];
  const columns = { first: { encoding: r.byte(), bytes: r.chunk() } };
  for (let bit = 0; bit < 8; bit++) {
    if (!((own >> bit) & 1)) continue;
    const column = { encoding: r.byte(), bytes: r.chunk() };
    if (bit < OTHER_FIELDS.length) columns[OTHER_FIELDS[bit]] = column;
  }
  return { series, columns };
}

/** The values of all fields; null for one of unknown encoding. Fields that are equal to `first` are the same array. */
function summaryFields(columns, buckets) {
  const fields = {};
  for (const name of FIELDS) {
    if (columns[name]) fields[name] = decodeColumn(columns[name].encoding, columns[name].bytes, buckets);
    else fields[name] = name === "count" ? new Float64Array(buckets).fill(1) : fields.first;
  }
  return fields;
}

function expectLength(what, bytes, expected) {
  if (bytes.length !== expected) throw new ProtocolError(`${what} has ${bytes.length} bytes, expected ${expected}`);
}

function decodeTimes(encoding, bytes, rows, base) {
  const [r, times] = [new Reader(bytes), []];
  if (encoding === 0) {
    expectLength("time column", bytes, rows * 8);
    for (let row = 0; row < rows; row++) times.push(wrapped(BigInt(r.long())));
  } else if (encoding === 1) {
    const [start, step] = [r.signed(), r.varint()];
    r.end();
    let time = plus(base, start);
    for (let row = 0; row < rows; row++, time = plus(time, step)) times.push(time);
  } else if (encoding === 2) {
    for (const integer of packedIntegers(r, rows)) times.push(plus(base, integer));
  } else {
    throw new ProtocolError(`unknown encoding of times: ${encoding}`);
  }
  for (let row = 1; row < rows; row++) {
    if (times[row] <= times[row - 1]) throw new ProtocolError("times must be strictly increasing");
  }
  return times;
}

/** The values, or null if the encoding is unknown. */
function decodeColumn(encoding, bytes, rows) {
  const [r, out] = [new Reader(bytes), new Floats(rows)];
  if (encoding === 0) {
    expectLength("column", bytes, rows * 8);
    out.copy(0, bytes);
  } else if (encoding === 1) {
    expectLength("column", bytes, 8);
    for (let row = 0; row < rows; row++) out.copy(row, bytes);
  } else if (encoding === 2) {
    expectLength("column", bytes, rows * 4);
    for (let row = 0; row < rows; row++) out.values[row] = r.view.getFloat32(row * 4, true);
  } else if (encoding === 3) {
    scaledColumn(r, rows, out);
  } else {
    return null;
  }
  return out.values;
}

function scaledColumn(r, rows, out) {
  const scale = r.byte();
  if (!(scale <= 22 || (scale >= 128 && scale <= 180))) throw new ProtocolError(`scale ${scale} has no meaning`);
  const divisor = scale <= 22 ? 10 ** scale : 2 ** (scale - 128);
  const exceptions = r.list((r) => ({ skipped: r.varint(32), repeats: r.varint(32), value: r.take(8) }));
  packedIntegers(r, rows).forEach((integer, row) => {
    out.values[row] = Number(integer) / divisor;
  });
  let row = 0;
  for (const { skipped, repeats, value } of exceptions) {
    row += skipped;
    if (row + repeats >= rows) throw new ProtocolError(`exception for row ${row + repeats}, the column has ${rows} rows`);
    for (const end = row + repeats; row <= end; row++) out.copy(row, value);
  }
}

function packedIntegers(r, count) {
  if (count === 0) throw new ProtocolError("packed column has zero rows");
  const head = r.byte();
  const [order, shift] = [head >> 6, head & 63];
  if (order > 1) throw new ProtocolError(`order of packed integers must be 0 or 1, found ${order}`);
  const first = r.signed();
  const integers = [first];
  let level = 0;
  while (integers.length < count) {
    const size = Math.min(count - integers.length, 128);
    const [lowest, width] = [r.signed(), r.byte()];
    if (width > 56) throw new ProtocolError(`width of packed integers must be at most 56 bits, found ${width}`);
    const bits = r.take(Math.ceil((size * width) / 8));
    for (let place = 0; place < size; place++) {
      const integer = plus(lowest, bitsAt(bits, place * width, width));
      level = order ? plus(level, integer) : integer;
      integers.push(plus(first, times2to(level, shift)));
    }
  }
  r.end();
  return integers;
}

/** The number in bits `from` to `from + width - 1`, where bit 0 is the lowest of the first byte. */
function bitsAt(bytes, from, width) {
  let [value, bit] = [0n, 0];
  if (width <= 45) {
    let [number, scale] = [0, 1];
    for (let place = from >> 3; place * 8 < from + width; place++, scale *= 256) number += bytes[place] * scale;
    return Math.floor(number / 2 ** (from & 7)) % 2 ** width;
  }
  for (let place = from >> 3; place * 8 < from + width; place++, bit += 8) value |= BigInt(bytes[place]) << BigInt(bit);
  return exact(BigInt.asUintN(width, value >> BigInt(from & 7)));
}

// Updates of buckets -----------------------------------------------------------------------------------------------------

function bucketUpdates(r, base) {
  const [inner, updates] = [new Reader(r.chunk()), []];
  while (!inner.isEmpty) updates.push(bucketUpdate(inner, base));
  return updates;
}

/** An update with its values as they are stated: in full, or differences to what a viewer holds; sums are complete. */
function bucketUpdate(r, base) {
  const [group, flags] = [r.varint(32), r.byte()];
  if (flags > 63) throw new ProtocolError(`flags of an update must be 0 to 63, found ${flags}`);
  const [newest, series] = [plus(base, -r.short()), r.short()];
  if (series > MAX_COLUMNS) throw new ProtocolError(`update of ${series} series, the limit is ${MAX_COLUMNS}`);
  let begins = null;
  if (flags & BEGINS) {
    begins = { start_us: plus(base, -r.short()), step_us: null, series: null };
    if (!(flags & FOLLOWS)) Object.assign(begins, { step_us: r.short(), series: risingIds(new Reader(r.chunk()), series) });
  }
  const scale = r.byte();
  if (scale > MAX_DECIMALS && scale !== FULL) throw new ProtocolError(`scale ${scale} of an update, expected 0 to ${MAX_DECIMALS} or ${FULL}`);
  const decimals = scale === FULL ? null : scale;
  const values = (count, decimals) => Array.from({ length: count }, () => (decimals === null ? r.float() : r.signedShort()));
  const fields = { first: [], last: [], min: [], max: [], sum: [], count: [] };
  if (flags & BEGINS) fields.first = values(series, decimals);
  if (flags & CHANGES) {
    fields.last = values(series, decimals);
    const masks = [1, 2].map(() => placesOfMask(r.take(Math.ceil(series / 8)), series));
    [fields.min, fields.max] = masks.map((places) => {
      const stated = new Array(series).fill(null);
      values(places.length, decimals).forEach((value, at) => (stated[places[at]] = value));
      return stated;
    });
  }
  if (flags & CLOSES) {
    const one = flags & ONE_COUNT ? r.short() : null;
    fields.count = Array.from({ length: series }, () => one ?? r.short());
    const decimalsOfSums = flags & FULL_SUMS ? null : decimals;
    fields.sum = values(series, decimalsOfSums).map((stated) => restored(0, stated, decimalsOfSums));
  }
  return { group, newest_us: newest, series, begins, closed: (flags & CLOSES) !== 0, decimals, ...fields };
}

/**
 * The value that an update states: in full without decimals, otherwise by how much it is above (below, with `sign` -1) the held one. The
 * integers have at most 49 bits.
 */
export function restored(held, stated, decimals, sign = 1) {
  return decimals === null ? stated : (nearest(held * 10 ** decimals) + sign * stated) / 10 ** decimals;
}

/** The nearest integer, of two equally near ones that further from 0. Never -0. No server states a difference to NaN or an infinity. */
function nearest(number) {
  return Number.isFinite(number) ? Math.sign(number) * Math.round(Math.abs(number)) + 0 : 0;
}

/** Ids, each written as the difference to the one before it. */
function risingIds(r, count) {
  const ids = [];
  let last = 0;
  for (let place = 0; place < count; place++) {
    const difference = r.varint(32);
    last += difference;
    if (last >= 2 ** 32 || (place && !difference)) throw new ProtocolError(`ids of an update must rise and have 32 bits, found ${last}`);
    ids.push(last);
  }
  r.end();
  return ids;
}

/** The places of the bits that are 1. Place 0 is the lowest bit of the first byte. */
function placesOfMask(bytes, series) {
  const places = [];
  for (let place = 0; place < bytes.length * 8; place++) {
    if (!((bytes[place >> 3] >> (place & 7)) & 1)) continue;
    if (place >= series) throw new ProtocolError(`bit ${place} of a mask has no series: the update has ${series}`);
    places.push(place);
  }
  return places;
}

// From viewer to server --------------------------------------------------------------------------------------------------

function varint(n) {
  const big = BigInt(n);
  if (big < 251n) return [Number(big)];
  const [tag, size] = big < 1n << 16n ? [251, 2] : big < 1n << 32n ? [252, 4] : [253, 8];
  return [tag, ...Array.from({ length: size }, (_, place) => Number((big >> BigInt(8 * place)) & 255n))];
}

const signed = (n) => varint(n >= 0 ? BigInt(n) * 2n : -BigInt(n) * 2n - 1n);

export function message(kind, body) {
  const length = body.length;
  return Uint8Array.from([0x4b, 0x59, VERSION, kind, length & 255, (length >> 8) & 255, length >> 16, 0, ...body]);
}

const sized = (bytes) => [...varint(bytes.length), ...bytes];

/** `selected`: the text of a selector, ids of series, or an object: `{ selector }`, `{ series }` or `{ groups }`. */
function selection(selected) {
  if (typeof selected === "string") return selection({ selector: selected });
  if (Array.isArray(selected)) return selection({ series: selected });
  const { selector, series, groups } = selected;
  if (selector !== undefined) return [...varint(0), ...sized(new TextEncoder().encode(selector))];
  return [...varint(series ? 1 : 2), ...sized((series ?? groups).flatMap(varint))];
}

/**
 * The last fields of a `Subscribe`. `subset`: `{ id, selection, added }` and for summaries `step_us` and `groups`, a list of
 * `{ group, step_us }`; or `null` for everything.
 */
function subsetFields(subset) {
  if (!subset) return [];
  const { id, selection: selected, added, step_us: step = 0, groups = [] } = subset;
  const steps = groups.flatMap(({ group, step_us: step }) => [...varint(group), ...varint(step)]);
  return [varint(id), selection(selected), selection(added), varint(step), sized(steps)].flat();
}

export const subscribeWindow = (windowUs, subset = null) => message(1, [...varint(0), ...varint(windowUs), ...subsetFields(subset)]);
export function subscribeAfter(epoch, sequence, windowUs, revision = 0, subset = null) {
  return message(1, [...[1, epoch, sequence, windowUs, revision].flatMap(varint), ...subsetFields(subset)]);
}
export const probe = (originUs) => message(2, signed(originUs));
export const cancel = (id) => message(5, varint(id));

export function query(id, selected, fromUs, toUs, columns, order = "Direct") {
  const orderNumber = ["Direct", "CoarseFirst"].indexOf(order);
  const range = [...signed(fromUs), ...signed(toUs)];
  return message(4, [varint(id), selection(selected), range, varint(columns), varint(orderNumber)].flat());
}

export const pace = (visibility, rate) => message(3, [...varint(["Visible", "Hidden"].indexOf(visibility)), rate]);

// A viewer's state -------------------------------------------------------------------------------------------------------

/** Tells new rows of a group from those that were passed on before: history may repeat rows, and rows may come late. */
class PassedRows {
  /** Of late rows, the last ones are remembered: a resume repeats some of them. */
  static REMEMBERED = 4096;
  newest = -Infinity;
  /** Values by time: of the last block of history, whose newest rows are sent again, and of late rows. */
  lastBlock = new Map();
  late = new Map();

  /** Begins a block of history. Rows that were passed on stay: a program that keeps rows drops those that it replaces. */
  begin(first, mode) {
    this.lastBlock.clear();
    if (mode !== "Replace") return;
    this.newest = Math.min(this.newest, first - 1);
    for (const time of [...this.late.keys()]) if (time >= first) this.late.delete(time);
  }

  /** The values that are new. `mode` is that of the row's block of history; none for a row of `Samples`. */
  take({ time, values, mode }) {
    const isHistory = mode === "Merge" || mode === "Replace";
    if (isHistory) this.lastBlock.set(time, values);
    // A late row may be newer than every row that came in order: those before it follow.
    if (time > this.newest && mode !== "Late") {
      this.newest = time;
      return values;
    }
    const passed = { ...this.lastBlock.get(time), ...this.late.get(time) };
    const isNew = ([name]) => !isHistory && !(name in passed);
    const fresh = Object.fromEntries(Object.entries(values).filter(isNew));
    if (Object.keys(fresh).length) {
      this.late.set(time, { ...passed, ...fresh });
      if (this.late.size > PassedRows.REMEMBERED) this.late.delete(this.late.keys().next().value);
    }
    return fresh;
  }
}

/** A number that differs for different texts, but for one in 2^32 (FNV-1a). */
function fingerprintOf(text) {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return hash;
}

/**
 * The buckets of the groups that are sent as summaries. Pure: it takes blocks and updates, and returns the buckets to pass on. A bucket is
 * `{ group, time, step_us, isClosed, series }`, where `series` has the fields of each series by its id; `null` for one that is not known.
 */
class Buckets {
  /** By group: the bucket that the last update has begun since the answer began. Updates that begin none refer to it. */
  #begun = new Map();
  /** By group: the times of the last block of the answer, and its buckets, which the next block may extend by other series. */
  #gathered = new Map();
  /** By group: the fingerprints of closed buckets that were passed on, by their rising start times. An answer repeats some of them. */
  #passed = new Map();
  /** By group: the start of the last closed bucket that was passed on. */
  #newest = new Map();
  /** Of a group, the last ones are remembered. */
  static REMEMBERED = 4096;
  /** A part of the answer was given up: updates without a bucket are left out. */
  isIncomplete = false;

  /** Begins an answer. The buckets that were passed on stay. */
  restart() {
    this.#begun.clear();
    this.#gathered.clear();
    this.isIncomplete = false;
  }

  /** Forgets the buckets of another epoch. */
  forget() {
    this.#passed.clear();
    this.#newest.clear();
  }

  /** The bucket that was begun last, of a group. */
  begunOf(group) {
    return this.#begun.get(group);
  }

  /** Takes the closed buckets and the open ones of a part of the history. */
  history({ blocks, open }) {
    const blocked = blocks.flatMap((block) => this.#block(block));
    return [...blocked, ...open.flatMap((update) => [...this.#flush(update.group), ...this.#apply(update)])];
  }

  /** Ends the answer. */
  end(isIncomplete) {
    this.isIncomplete = isIncomplete;
    return [...this.#gathered.keys()].flatMap((group) => this.#flush(group));
  }

  /** False if an update needs a bucket of its group and none has begun, or one of another number of series: a frame was lost. */
  canApply(updates) {
    const sizes = new Map();
    return updates.every(({ group, begins, series }) => {
      if (begins?.series) sizes.set(group, series);
      return (sizes.get(group) ?? this.#begun.get(group)?.series.size) === series;
    });
  }

  /** Takes the updates of a frame. */
  update(updates) {
    return updates.flatMap((update) => this.#apply(update));
  }

  #block({ group, step_us: step, times_us: times, series }) {
    if (!times.length) return [];
    const before = this.#gathered.get(group);
    const isSame = before?.times.length === times.length && times.every((time, place) => time === before.times[place]);
    const complete = isSame ? [] : this.#flush(group);
    const buckets = isSame ? before.buckets : times.map((time) => ({ group, time, step_us: step, isClosed: true, series: new Map() }));
    this.#gathered.set(group, { times, buckets });
    for (const { series: id, ...fields } of series) {
      buckets.forEach((bucket, place) => {
        if (fields.first && isMissing(fields.first, place)) return;
        bucket.series.set(id, Object.fromEntries(FIELDS.map((name) => [name, fields[name]?.[place] ?? null])));
      });
    }
    return complete;
  }

  /** The buckets of the last block of a group, once no series can follow. */
  #flush(group) {
    const buckets = this.#gathered.get(group)?.buckets ?? [];
    this.#gathered.delete(group);
    return buckets.filter((bucket) => this.#isNew(bucket));
  }

  /** False for a closed bucket that was passed on before. */
  #isNew({ group, time, step_us: step, isClosed, series }) {
    if (!this.#passed.has(group)) this.#passed.set(group, new Map());
    const passed = this.#passed.get(group);
    const fingerprint = isClosed ? fingerprintOf(JSON.stringify([step, ...series])) : null;
    if (isClosed && passed.get(time) === fingerprint) return false;
    // It replaces those that begin at the same time or later.
    if (this.#newest.get(group) >= time) {
      for (const other of [...passed.keys()]) if (other >= time) passed.delete(other);
    }
    if (!isClosed) return true;
    passed.set(time, fingerprint);
    this.#newest.set(group, time);
    if (passed.size > Buckets.REMEMBERED) passed.delete(passed.keys().next().value);
    return true;
  }

  #apply(update) {
    if (!this.canApply([update])) return [];
    const { group, begins, closed, decimals } = update;
    if (begins) {
      // One that follows has the step and the series of the open bucket, and first values by their difference to its last ones.
      const before = begins.series ? null : this.#begun.get(group);
      const [step, ids] = before ? [before.step_us, [...before.series.keys()]] : [begins.step_us, begins.series];
      const series = new Map();
      ids.forEach((id, place) => {
        const first = restored(before ? before.series.get(id).last : 0, update.first[place], decimals);
        series.set(id, { first, last: first, min: first, max: first, sum: null, count: null });
      });
      this.#begun.set(group, { group, time: begins.start_us, step_us: step, isClosed: false, series });
    }
    const bucket = this.#begun.get(group);
    [...bucket.series.values()].forEach((summary, place) => {
      for (const [name, sign] of [["last", 1], ["min", -1], ["max", 1]]) {
        const stated = update[name][place] ?? null;
        if (stated !== null) summary[name] = restored(summary[name], stated, decimals, sign);
      }
      if (closed) Object.assign(summary, { sum: update.sum[place], count: update.count[place] });
    });
    bucket.isClosed = closed;
    const copy = { ...bucket, series: new Map([...bucket.series].map(([id, summary]) => [id, { ...summary }])) };
    return this.#isNew(copy) ? [copy] : [];
  }
}

/**
 * Which series a viewer selects, and as what: `{ selector, stepUs }`, with a step of 0 for rows. `null` is everything as rows, `undefined`
 * is not known.
 */
class Selections {
  /** `wanted` was requested. */
  isSent = false;
  /** Of the requests without a reply, by id. */
  asked = new Map();
  /** Of the last request. */
  id = 0;
  /** The selection of the last `Subscribed`: the frames that arrive belong to it. */
  accepted;
  /** False until a reply to a request that starts or resumes the stream: frames before it are ignored. */
  isAnswered = false;
  /** Of which the viewer holds all rows up to its position. */
  held;

  constructor(wanted) {
    this.wanted = wanted;
  }

  want(wanted) {
    [this.wanted, this.isSent] = [wanted, false];
  }

  /** The subset for the next `Subscribe`. */
  ask(hasPosition) {
    this.isSent = true;
    if (this.wanted === null) {
      // There is no reply.
      [this.accepted, this.isAnswered] = [null, true];
      return null;
    }
    this.asked.set(++this.id, this.wanted);
    // The server alone knows which of the series were selected before: all are added, unless none can be new or have another step.
    const { selector, stepUs } = this.wanted;
    const held = this.held === null ? { selector: "*", stepUs: 0 } : this.held;
    const isHeld = held?.stepUs === stepUs && ["*", selector].includes(held.selector);
    return { id: this.id, selection: selector, added: hasPosition && !isHeld ? selector : [], step_us: stepUs };
  }

  /** The features that the request needs. */
  get needs() {
    if (this.wanted === null) return [];
    return this.wanted.stepUs ? ["subsets", "summaries"] : ["subsets"];
  }

  accept(id) {
    [this.accepted, this.isAnswered] = [this.asked.get(id), true];
    // Earlier requests were replaced.
    for (const earlier of this.asked.keys()) if (earlier <= id) this.asked.delete(earlier);
  }

  refuse(id) {
    const refused = this.asked.get(id);
    this.asked.delete(id);
    // A server that was started again may refuse what another has accepted.
    if (this.accepted === refused) this.accepted = undefined;
    if (this.wanted === refused) this.wanted = this.asked.size ? [...this.asked.values()].at(-1) : this.accepted;
  }

  disconnect() {
    this.asked.clear();
    this.isAnswered = false;
  }
}

/** The state of a viewer by the document's drawing. Pure: it takes frames and returns rows and requests. */
export class State {
  groups = new Map();
  series = new Map();
  /** By the group's name. */
  passed = new Map();
  buckets = new Buckets();
  /** By the group's name: the starts of the buckets that were passed on without sums. */
  #unfinished = new Map();
  epoch = null;
  position = null;
  revision = 0;
  /** The number of the last log lines or event. */
  entry = 0;
  /** A message could not be decoded since the last complete catalog began. */
  isSuspect = false;
  /** The history was requested again since a part of it could not be decoded. */
  isSecondTry = false;
  phase = "AWAITING";

  constructor(select = null, stepUs = 0) {
    this.selections = new Selections(select === null && !stepUs ? null : { selector: select ?? "*", stepUs });
  }

  /** The request that starts the stream, or resumes it. */
  subscribe(windowUs) {
    [this.phase, this.selections.isAnswered] = ["AWAITING", false];
    return this.change(windowUs);
  }

  /** The request that changes the series. Until the reply, the earlier subscription goes on. */
  change(windowUs) {
    const subset = this.selections.ask(this.position !== null);
    if (this.position === null) return subscribeWindow(windowUs, subset);
    return subscribeAfter(this.epoch, this.position, windowUs, this.revision, subset);
  }

  disconnect() {
    this.phase = "AWAITING";
    this.selections.disconnect();
  }

  /**
   * Takes a frame. Returns its new rows; its buckets; at the end of an answer, the buckets to drop; its log lines or event; whether rows
   * are missing; a gap if it declares one; and the reply to a `Subscribe`: `subscribed` or `refused`.
   */
  take({ epoch, sequence, kind, skipped, body }) {
    // Not exact for numbers that only artificial messages have.
    const isMissing = isNumbered(kind) && Number(sequence) - 1 - Number(skipped) > this.position;
    if (kind === 2) {
      this.#catalog(epoch, sequence, body);
    } else if (isSamples(kind) && this.phase === "FILLING" && this.isSuspect) {
      // The part that could not be decoded was the last.
      const filled = this.#filled(sequence);
      return filled.isMissing ? { rows: [], ...filled } : { ...filled, ...this.#samples(body, filled.buckets) };
    } else if (isSamples(kind) && this.phase === "LIVE" && sequence > this.position) {
      if (isMissing || !(this.buckets.isIncomplete || this.buckets.canApply(body.updates))) return { rows: [], isMissing: true };
      this.position = sequence;
      return this.#samples(body);
    } else if (isNumbered(kind) && this.phase === "LIVE" && sequence > this.position) {
      if (isMissing) return { rows: [], isMissing };
      this.position = this.entry = sequence;
      return { rows: [], entry: body };
    } else if ((kind === 64 || kind === 65) && this.phase === "FILLING" && sequence > this.entry) {
      this.entry = sequence;
      return { rows: [], entry: body };
    } else if (kind === 4 && this.phase === "FILLING") {
      const rows = this.#rows(body.blocks, undefined, true);
      return { ...(body.part === "Last" && this.#filled(sequence)), rows };
    } else if (kind === 12 && this.phase === "FILLING") {
      return { rows: [], buckets: this.#named(this.buckets.history(body)) };
    } else if (kind === 5 && this.phase === "FILLING") {
      return { rows: [], gap: body };
    } else if (kind === 6 && this.phase === "LIVE" && sequence > this.position) {
      return { rows: [], isMissing: true };
    } else if (kind === 8 && body.request === 1) {
      this.selections.refuse(body.id);
      return { rows: [], refused: body };
    } else if (kind === 11) {
      this.phase = "AWAITING";
      this.selections.accept(body.id);
      return { rows: [], subscribed: body };
    }
    return { rows: [] };
  }

  /** Takes a message that could not be decoded: it may have been a catalog, samples, or a part of the history. */
  fail() {
    this.revision = 0;
    this.isSuspect = true;
    return { rows: [], isMissing: this.phase === "LIVE" };
  }

  /** Ends the history, or has it requested once more if a part could not be decoded. */
  #filled(sequence) {
    if (this.isSuspect && !this.isSecondTry) {
      this.isSecondTry = true;
      return { isMissing: true };
    }
    const buckets = this.#named(this.buckets.end(this.isSuspect));
    [this.position, this.phase, this.isSuspect, this.isSecondTry] = [sequence, "LIVE", false, false];
    this.selections.held = this.selections.accepted;
    return { buckets, dropped: this.#dropped() };
  }

  /** The buckets without sums that the answer did not begin: rows of them may have been evicted, so that the server cannot send them. */
  #dropped() {
    const begun = new Map([...this.groups.values()].map(({ id, name }) => [name, this.buckets.begunOf(id)?.time]));
    return [...this.#unfinished].flatMap(([group, times]) => {
      const dropped = [...times].filter((time) => time !== begun.get(group));
      dropped.forEach((time) => times.delete(time));
      return dropped.map((time) => ({ group, time }));
    });
  }

  #samples({ blocks, list, updates }, buckets = []) {
    return { rows: this.#rows(blocks, list), buckets: [...buckets, ...this.#named(this.buckets.update(updates))] };
  }

  /** Buckets with the names of their group and series. Those that the catalog does not describe are left out. */
  #named(buckets) {
    return buckets.filter(({ group }) => this.groups.has(group)).map(({ group: id, series, ...bucket }) => {
      const group = this.groups.get(id).name;
      this.#remember(group, bucket);
      const known = [...series].filter(([id]) => this.series.has(id));
      return {
        ...bucket,
        group,
        series: known.map(([id, fields]) => {
          const { name, labels } = this.series.get(id);
          return { id, name, labels: Object.fromEntries(labels), ...fields };
        }),
      };
    });
  }

  /** A bucket replaces those that begin at the same time or later. */
  #remember(group, { time, isClosed }) {
    const times = new Set([...(this.#unfinished.get(group) ?? [])].filter((other) => other < time));
    this.#unfinished.set(group, isClosed ? times : times.add(time));
  }

  #catalog(epoch, sequence, catalog) {
    if (catalog.scope !== "Changes") {
      // Before the reply, the history and the position that follow belong to an earlier request.
      if (this.selections.isAnswered) this.phase = "FILLING";
      this.isSuspect = false;
      this.buckets.restart();
    }
    if (epoch !== this.epoch) {
      [this.epoch, this.position, this.entry] = [epoch, null, 0];
      this.buckets.forget();
    }
    if (catalog.scope === "Whole") {
      this.groups.clear();
      this.series.clear();
    }
    for (const group of catalog.groups) this.groups.set(group.id, group);
    for (const series of catalog.series) this.series.set(series.id, series);
    for (const id of catalog.retired) this.series.delete(id);
    for (const id of catalog.retired_groups) this.groups.delete(id);
    this.revision = this.isSuspect ? 0 : catalog.revision;
  }

  /** The rows of a message that are new, oldest first. A late row is older than rows before it. */
  #rows(blocks, list, isHistory = false) {
    const rows = [...this.#blocks(blocks, isHistory), ...(list ? this.#list(list) : [])];
    rows.sort((one, other) => one.time - other.time);
    return rows.flatMap((row) => {
      const { time, group } = row;
      const isFirst = time > this.#of(group).newest && row.mode !== "Late";
      const values = this.#of(group).take(row);
      return isFirst || Object.keys(values).length ? [{ time, group, values }] : [];
    });
  }

  #of(group) {
    if (!this.passed.has(group)) this.passed.set(group, new PassedRows());
    return this.passed.get(group);
  }

  *#blocks(blocks, isOfHistory) {
    for (const { mode, group: id, times_us: times, columns } of blocks) {
      const group = this.groups.get(id);
      if (!group) continue;
      const known = isOfHistory || mode !== "Merge" ? mode : undefined;
      if ((known === "Merge" || known === "Replace") && times.length) this.#of(group.name).begin(times[0], known);
      for (let row = 0; row < times.length; row++) {
        const values = {};
        for (const { series, values: column } of columns) {
          const known = this.series.get(series);
          if (known && column && !isMissing(column, row)) values[known.name] = column[row];
        }
        yield { time: times[row], group: group.name, values, mode: known };
      }
    }
  }

  *#list({ times, series, values }) {
    const rows = new Map();
    times.forEach((time, place) => {
      const known = this.series.get(series[place]);
      const group = known && this.groups.get(known.group);
      if (!group) return;
      const key = `${time} ${group.id}`;
      if (!rows.has(key)) rows.set(key, { time, group: group.name, values: {} });
      rows.get(key).values[known.name] = values[place];
    });
    yield* rows.values();
  }
}

// Queries ----------------------------------------------------------------------------------------------------------------

/** Microseconds of a step in seconds. */
function microsOfStep(step) {
  const stepUs = Math.round(step * 1e6);
  if (!Number.isSafeInteger(stepUs) || stepUs < 0) throw new RangeError(`step must be a number of seconds, found ${step}`);
  return stepUs;
}

/** Microseconds of a `Date`, or of a number of microseconds. */
const micros = (time) => (time instanceof Date ? time.getTime() * 1000 : Math.round(time));

/** The series of an answer: each with its buckets that have values, oldest first. */
function seriesOf(blocks, { groups, series: described }) {
  const found = new Map();
  for (const { group, step_us: step, times_us: times, series } of blocks) {
    for (const fields of series) {
      if (!groups.has(group) || !described.has(fields.series) || !fields.first) continue;
      if (!found.has(fields.series)) found.set(fields.series, { group, step, buckets: [] });
      const { buckets } = found.get(fields.series);
      times.forEach((time, place) => isMissing(fields.first, place) || buckets.push({ time: Number(time), fields, place }));
    }
  }
  return [...found].map(([id, { group, step, buckets }]) => {
    buckets.sort((one, other) => one.time - other.time);
    const { name: groupName, unit } = groups.get(group);
    const { name, kind, labels } = described.get(id);
    const answered = { id, group: groupName, unit, name, kind, labels: Object.fromEntries(labels), step_us: step };
    answered.times = Float64Array.from(buckets, ({ time }) => time);
    for (const field of FIELDS) {
      const isKnown = buckets.every(({ fields }) => fields[field]);
      answered[field] = isKnown ? Float64Array.from(buckets, ({ fields, place }) => fields[field][place]) : null;
    }
    return answered;
  });
}

/** The queries of a viewer that are not answered yet. It takes frames, and returns the messages that can be sent. */
class Queries {
  #last = 0;
  #open = new Map();
  #hello = null;

  /** Begins a query. Returns its id. */
  add(query) {
    this.#open.set(++this.#last, { ...query, isSent: false, coarse: [], blocks: [] });
    return this.#last;
  }

  /** Ends a query. Returns the message that cancels it if it was sent. */
  cancel(id, error) {
    const open = this.#open.get(id);
    this.#end(id, (open) => open.reject(error));
    return open?.isSent ? cancel(id) : null;
  }

  /** The queries end with the connection; they are sent again on the next one. */
  disconnect() {
    this.#hello = null;
    for (const open of this.#open.values()) Object.assign(open, { isSent: false, coarse: [], blocks: [] });
  }

  rejectAll(error) {
    for (const id of [...this.#open.keys()]) this.#end(id, (open) => open.reject(error));
  }

  /** An `Answer` could not be decoded. It may have been of any query that was sent. Returns the messages that cancel them. */
  fail(error) {
    const sent = [...this.#open].filter(([, { isSent }]) => isSent);
    return sent.map(([id]) => this.cancel(id, error));
  }

  take({ kind, body }, state) {
    if (kind === 1) this.#hello = body;
    if (kind === 8 && body.request === 4) this.#end(body.id, (open) => open.reject(new QueryRefused(body)));
    if (kind === 10) this.#answer(body, state);
  }

  #answer({ query: id, part, blocks }, state) {
    const open = this.#open.get(id);
    if (!open?.isSent) return;
    if (part === "Coarse") {
      open.coarse.push(...blocks);
      open.oncoarse?.(seriesOf(open.coarse, state));
      return;
    }
    open.blocks.push(...blocks);
    if (part === "Last") this.#end(id, () => open.resolve(seriesOf(open.blocks, state)));
  }

  /** The messages that can be sent: when the catalog is complete, and as many queries at once as the server allows. */
  toSend(state) {
    if (!this.#hello) return [];
    if (!this.#hello.features.includes("queries")) {
      this.rejectAll(new Error(`${this.#hello.server} does not answer queries`));
      return [];
    }
    if (state.phase === "AWAITING" || state.revision === 0) return [];
    const waiting = [...this.#open].filter(([, { isSent }]) => !isSent);
    const places = this.#hello.queries.at_once - (this.#open.size - waiting.length);
    return waiting.slice(0, Math.max(places, 0)).map(([id, open]) => {
      open.isSent = true;
      return query(id, open.selection, open.from, open.to, open.columns, open.oncoarse ? "CoarseFirst" : "Direct");
    });
  }

  #end(id, settle) {
    const open = this.#open.get(id);
    if (!open) return;
    this.#open.delete(id);
    settle(open);
  }
}

/** Connects, passes rows to `onrow`, and resumes after a lost connection. Set the callbacks, then call `connect`. */
export class Viewer {
  onrow = () => {};
  /**
   * `{ time, step_us, group, isClosed, series }`, if the viewer selects with a step: a bucket, whose `series` are a list of `{ id, name,
   * labels, first, last, min, max, sum, count }`. Called for each closed bucket, and with `isClosed` false each time that the open one
   * changes; its `sum` and `count` are then null. A bucket replaces the buckets and rows of its group that begin at its `time` or later. A
   * row replaces the buckets of its group that end after it.
   */
  onbucket = () => {};
  /** `{ group, time }`: an open bucket that was passed on, and will not get its sums: the server cannot send it. Drop it. */
  ondrop = () => {};
  onlines = () => {};
  onevent = () => {};
  ongap = () => {};
  onhello = () => {};
  onerror = () => {};
  /** `{ series, extent }`, if the viewer selects series: their number, and "Wider" if the server sends others too. */
  onsubscribed = () => {};
  /**
   * `{ code, text }`: the server does not read the selector, or cannot select series (without a code). The viewer goes on with the
   * series that it had before. If it had none, it closes, unless this callback selects others.
   */
  onrefused = () => {};
  /** Called when the viewer will not connect again. */
  onend = () => {};
  #state;
  #hello;
  #queries = new Queries();
  #delay = 250;
  #isClosed = false;

  /**
   * `window`: seconds of history at the start. `select`: a selector, if some series suffice. `step`: seconds of a bucket, if summaries
   * suffice. `token`: for programs; pages sign in and pass `key`.
   */
  constructor(url, { window = 60, select, step = 0, token, key, WebSocket = globalThis.WebSocket } = {}) {
    if (!WebSocket) throw new Error("this Node has no WebSocket: use Node 22, or pass that of the package `ws`");
    this.#state = new State(select, microsOfStep(step));
    Object.assign(this, { url: `${url}?start=request`, windowUs: Math.round(window * 1e6), token, key, WebSocket });
  }

  get state() {
    return this.#state;
  }

  connect() {
    const protocols = [SUBPROTOCOL, ...(this.key ? [`key.${this.key}`] : [])];
    const socket = this.#open(protocols);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    let probing;
    socket.onopen = () => {
      probing = setInterval(() => socket.send(probe(Date.now() * 1000)), 2_000);
    };
    socket.onmessage = ({ data }) => this.#message(socket, new Uint8Array(data));
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      clearInterval(probing);
      this.#hello = null;
      this.#state.disconnect();
      this.#queries.disconnect();
      if (this.#isClosed || FINAL_CODES.has(code)) {
        this.#queries.rejectAll(new Error(`the connection has ended: ${code} ${reason}`));
        return this.onend({ code, reason });
      }
      setTimeout(() => this.#isClosed || this.connect(), this.#delay * (1 + Math.random()));
      this.#delay = Math.min(this.#delay * 2, 10_000);
    };
  }

  /**
   * Selects other series, on the open connection and without a hole; by default, all. Unless the viewer had all before, `onrow` receives
   * the window again, also of series that were selected already: a program that keeps rows replaces them. A viewer to which the server
   * sends "Wider" may try again with the same selector.
   *
   * With a `step` (seconds), the groups are sent as summaries, and `onbucket` receives their buckets. Groups that the server does not
   * send as summaries (the step is less than eight of their intervals, or above a quarter of the server's history; they have more than
   * 1,024 series; or late rows are merged) come as rows, to `onrow`.
   */
  select(selector = "*", { step = 0 } = {}) {
    this.#state.selections.want({ selector, stepUs: microsOfStep(step) });
    this.#follow();
  }

  /** Sends the `Subscribe` that is due: at the start, after a refusal, and after `select`. */
  #follow() {
    const { selections, position } = this.#state;
    if (!this.#hello || this.#isClosed) return;
    if (selections.wanted === undefined) this.close();
    else if (!selections.isAnswered && !selections.asked.size) this.#subscribe(this.#state.subscribe(this.windowUs));
    // Without a position, the answer would begin at the window: there could be a hole before it.
    else if (!selections.isSent && position !== null) this.#subscribe(this.#state.change(this.windowUs));
  }

  #subscribe(request) {
    const { selections } = this.#state;
    const lacking = selections.needs.find((feature) => !this.#hello.features.includes(feature));
    if (!lacking) return this.socket.send(request);
    selections.refuse(selections.id);
    this.onrefused({ text: `${this.#hello.server} has no feature \`${lacking}\`` });
    this.#follow();
  }

  /**
   * Requests a range of time, and returns a promise of its series: `{ id, group, unit, name, kind, labels, step_us, times, first, last,
   * min, max, sum, count }`, where `times` (microseconds since 1970) and the fields are a Float64Array with an element for each bucket
   * that has a value. If `step_us` is 0, each bucket is a row, and `first` its value. The promise is rejected with a `QueryRefused` if
   * the server does not answer, and with the reason of `signal` if that is aborted.
   *
   * `select`: a selector; or `series`: ids. `from`, `to`: a `Date`, or microseconds since 1970. `oncoarse`: called with the series of the
   * coarse answer so far, which the server then sends first. Queries that a lost connection has ended are sent again.
   */
  query({ select = "*", series, from, to, columns = 80, oncoarse, signal }) {
    if (this.#isClosed) return Promise.reject(new Error("the viewer is closed"));
    if (signal?.aborted) return Promise.reject(signal.reason);
    const [fromUs, toUs] = [micros(from), micros(to)];
    if (![fromUs, toUs, columns].every(Number.isSafeInteger) || columns < 0) {
      return Promise.reject(new RangeError(`from, to and columns must be numbers or dates, found ${from}, ${to}, ${columns}`));
    }
    return new Promise((resolve, reject) => {
      const selection = series ? [...series].sort((one, other) => one - other) : select;
      const id = this.#queries.add({ selection, from: fromUs, to: toUs, columns, oncoarse, resolve, reject });
      signal?.addEventListener("abort", () => {
        const message = this.#queries.cancel(id, signal.reason);
        if (message) this.socket.send(message);
        this.#sendQueries();
      });
      this.#sendQueries();
    });
  }

  #sendQueries() {
    for (const message of this.#queries.toSend(this.#state)) this.socket.send(message);
  }

  close() {
    this.#isClosed = true;
    this.#queries.rejectAll(new Error("the viewer is closed"));
    this.socket?.close();
  }

  #open(protocols) {
    if (!this.token) return new this.WebSocket(this.url, protocols);
    // Only programs can set headers: Node's own WebSocket takes them in the second argument, that of `ws` in the third.
    const headers = { authorization: `Bearer ${this.token}` };
    if (this.WebSocket === globalThis.WebSocket) return new this.WebSocket(this.url, { protocols, headers });
    return new this.WebSocket(this.url, protocols, { headers });
  }

  #message(socket, bytes) {
    let result;
    try {
      const frame = decodeFrame(bytes);
      if (frame.kind === 1) this.onhello((this.#hello = frame.body));
      if (frame.kind === 9) this.#delay = Math.max(this.#delay, frame.body.retry_after_us / 1000);
      if (frame.kind === 4) this.#delay = 250;
      result = this.#state.take(frame);
      this.#queries.take(frame, this.#state);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.onerror(error);
      // Neither the catalog nor rows of the stream are in an `Answer`.
      const isAnswer = bytes[3] === 10;
      if (isAnswer) this.#queries.fail(error).forEach((message) => socket.send(message));
      result = isAnswer ? { rows: [] } : this.#state.fail();
    }
    if (result.gap) this.ongap(result.gap);
    result.rows.forEach((row) => this.onrow(row));
    result.buckets?.forEach((bucket) => this.onbucket(bucket));
    result.dropped?.forEach((bucket) => this.ondrop(bucket));
    if (result.entry?.lines) this.onlines(result.entry.lines);
    else if (result.entry) this.onevent(result.entry);
    if (result.subscribed) this.onsubscribed(result.subscribed);
    if (result.refused) this.onrefused(result.refused);
    if (result.isMissing) this.#subscribe(this.#state.subscribe(this.windowUs));
    this.#follow();
    this.#sendQueries();
  }
}

// A program for Node -----------------------------------------------------------------------------------------------------

async function main([url, ...rest]) {
  const options = {};
  for (let place = 0; place < rest.length; place++) {
    const name = rest[place].replace(/^--/, "");
    options[name] = name === "json" ? true : rest[++place];
  }
  if (!url || !url.startsWith("ws")) {
    const choices = "[--window S] [--select SELECTOR] [--step S] [--group NAME] [--count N] [--token T] [--json]";
    console.error(`usage: node kymograph.mjs ws://HOST:PORT/stream ${choices}`);
    console.error("With --step, prints closed buckets of this many seconds; rows of groups that the server does not summarize at this step.");
    process.exit(2);
  }
  // Node 20 and older: `npm install ws`.
  const WebSocket = globalThis.WebSocket ?? (await import("node:module")).createRequire(import.meta.url)("ws");
  let left = Number(options.count ?? Infinity);
  const [window, step] = [Number(options.window ?? 60), Number(options.step ?? 0)];
  const viewer = new Viewer(url, { window, step, select: options.select, token: options.token, WebSocket });
  viewer.onerror = (error) => console.error(`not decoded: ${error.message}`);
  viewer.ongap = (gap) => console.error(`gap of ${gap.content}: ${gap.cause}`);
  viewer.onlines = (lines) => lines.forEach(({ source, text }) => console.error(`${source}: ${text}`));
  viewer.onevent = ({ source, text }) => console.error(`${source}: ${text}`);
  viewer.onsubscribed = ({ series, extent }) => {
    // This client does not evaluate selectors, so it cannot leave out the others.
    if (extent === "Wider") console.error("the server also sends series that were not selected, since its viewers have too many different subscriptions: all are printed");
    else if (series === 0) console.error("no series matches yet; series that match later will be sent");
  };
  viewer.onrefused = ({ text }) => (console.error(text), process.exit(1));
  viewer.onend = ({ code, reason }) => left > 0 && (console.error(`closed: ${code} ${reason}`), process.exit(1));
  const print = (group, value, lines) => {
    if ((options.group && group !== options.group) || left-- <= 0) return;
    (options.json ? [JSON.stringify(value)] : lines).forEach((line) => console.log(line));
    if (left <= 0) viewer.close();
  };
  viewer.onrow = ({ time, group, values }) => {
    const words = Object.entries(values).map(([name, value]) => `${name}=${value}`);
    print(group, { time_us: time, group, values }, [`${time / 1e6}  ${group}  ${words.join("  ")}`]);
  };
  viewer.onbucket = ({ time, step_us, group, isClosed, series }) => {
    if (!isClosed || !series.length) return;
    const mean = ({ sum, count }) => (sum === null || count === null ? "" : sum / count);
    const words = (summary) => `min=${summary.min}  max=${summary.max}  mean=${mean(summary)}  last=${summary.last}`;
    const lines = series.map((summary) => `${time / 1e6}  ${group}  ${summary.name}  ${words(summary)}`);
    print(group, { time_us: time, step_us, group, series }, lines);
  };
  viewer.connect();
}

if (globalThis.process?.argv?.[1] && import.meta.url.endsWith(globalThis.process.argv[1].split("/").pop())) {
  await main(process.argv.slice(2));
}
