"""Wire format of Kymograph's protocol, version 2, written from docs/PROTOCOL.md alone.

Decodes every message of a server and encodes every message of a viewer. Requires only the standard library. Names and
order follow the document.
"""

import math
import struct

VERSION = 2
MAX_MESSAGE = 65_536
MAX_ROWS = 16_384
MAX_VALUES = 131_072
MAX_COLUMNS = 2_048
MAX_NAME = 256
MAX_TEXT = 4_096
MAX_LABELS = 32
#: The limits on a viewer's messages, in the order of `Hello`.
LIMITS = ("message_bytes", "messages", "messages_at_once", "bytes", "bytes_at_once")
#: The limits on a viewer's queries, in the order of `Hello`.
QUERY_LIMITS = ("at_once", "columns", "summaries")
#: The fields of a summary besides the first value, in the order of their bits.
OTHER_FIELDS = ("last", "min", "max", "sum", "count")
FIELDS = ("first", *OTHER_FIELDS)
#: The flags of an update.
BEGINS, CHANGES, CLOSES, ONE_COUNT, FULL_SUMS, FOLLOWS = (1 << bit for bit in range(6))
#: The scales of an update: a number of decimals, or values in full.
MAX_DECIMALS, FULL = 10, 255
#: The WebSocket subprotocol of this version.
SUBPROTOCOL = "kymograph.2"
#: The bits of a NaN that stands for a missing value.
MISSING_BITS = 0x7FF44B594D495353
U64 = (1 << 64) - 1


class ProtocolError(Exception):
    """Bytes that violate the protocol."""


class Reader:
    """Decodes the document's types from the front of some bytes."""

    def __init__(self, data):
        self.data, self.offset = memoryview(data), 0

    def take(self, count):
        if self.offset + count > len(self.data):
            raise ProtocolError(f"needed {count} bytes, found {len(self.data) - self.offset}")
        self.offset += count
        return self.data[self.offset - count : self.offset]

    def fixed(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def byte(self):
        return self.take(1)[0]

    def varint(self, bits=64):
        first = self.byte()
        if first < 251:
            number = first
        elif first == 251:
            number = self.fixed("H")
        elif first == 252:
            number = self.fixed("I")
        elif first == 253:
            number = self.fixed("Q")
        else:
            raise ProtocolError(f"varint must not begin with {first:#x}")
        if number >> bits:
            raise ProtocolError(f"number must fit {bits} bits, found {number}")
        return number

    def signed(self):
        folded = self.varint()
        return (folded >> 1) ^ -(folded & 1)

    def short(self):
        number = 0
        for place in range(7):
            byte = self.byte()
            number |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return number
        raise ProtocolError("short has more than 7 bytes")

    def signed_short(self):
        folded = self.short()
        return (folded >> 1) ^ -(folded & 1)

    def bytes(self):
        return self.take(self.varint())

    def text(self, limit):
        data = self.bytes()
        if len(data) > limit:
            raise ProtocolError(f"text of {len(data)} bytes is longer than the limit of {limit}")
        try:
            return str(data, "utf-8")
        except UnicodeDecodeError as error:
            raise ProtocolError(f"text is not UTF-8: {error}") from None

    def variant(self, *names):
        number = self.varint(32)
        if number >= len(names):
            raise ProtocolError(f"variant must be 0 to {len(names) - 1}, found {number}")
        return names[number]

    def growing(self, fields):
        """Decodes a structure that is preceded by its length. A newer writer may have appended fields."""
        return fields(Reader(self.bytes()))

    def variant_or(self, fallback, *names):
        """Like `variant`, with a name for the numbers that a newer writer may have added."""
        number = self.varint(32)
        return names[number] if number < len(names) else fallback

    def list(self, item):
        inner, items = Reader(self.bytes()), []
        while not inner.is_empty():
            items.append(item(inner))
        return items

    def is_empty(self):
        return self.offset == len(self.data)

    def end(self):
        if not self.is_empty():
            raise ProtocolError(f"{len(self.data) - self.offset} extra bytes, expected none")


def check_increasing(what, ids):
    for before, after in zip(ids, ids[1:]):
        if after <= before:
            raise ProtocolError(f"ids must be strictly increasing, {what} {after} is not")


def id32(reader):
    return reader.varint(32)


# Messages -------------------------------------------------------------------------------------------------------------


def open_message(message, head):
    """Returns kind and body of a message whose body begins at `head`."""
    if len(message) > MAX_MESSAGE:
        raise ProtocolError(f"message of {len(message)} bytes is longer than the limit of {MAX_MESSAGE}")
    if len(message) < head:
        raise ProtocolError(f"message of {len(message)} bytes is shorter than {head}")
    if message[:2] != b"KY":
        raise ProtocolError("not a Kymograph message")
    if message[2] != VERSION:
        raise ProtocolError(f"protocol version {message[2]} is not supported, expected {VERSION}")
    length = struct.unpack_from("<I", message, 4)[0]
    if length != len(message) - head:
        raise ProtocolError(f"preamble declares a body of {length} bytes, found {len(message) - head}")
    return message[3], Reader(message[head:])


#: The kinds of live rows: without and with updates.
SAMPLES = (3, 66)


def is_numbered(kind):
    """Returns true also for kinds that are not known here: they advance the position too."""
    return kind == 3 or 64 <= kind < 128


def decode_frame(message):
    """Decodes a server's message into a dictionary. The body of an unknown kind is None."""
    kind, reader = open_message(message, 32)
    epoch, sequence, sent = struct.unpack_from("<QQq", message, 8)
    skipped = reader.varint() if is_numbered(kind) else 0
    # A newer server may have appended fields, so that bytes may be left.
    body = None
    if kind in SAMPLES:
        body = samples(reader, sent, kind)
    elif kind in BODIES:
        body = BODIES[kind](reader)
    return {"epoch": epoch, "sequence": sequence, "sent_us": sent, "kind": kind, "skipped": skipped, "body": body}


def hello(r):
    return {
        "server": r.text(MAX_NAME),
        "host": r.text(MAX_NAME),
        "history_us": r.varint(),
        "heartbeat_us": r.varint(),
        "role": r.variant_or("View", "View", "Edit", "Publish"),
        "limits": {name: r.varint(32) for name in LIMITS},
        "encodings": list(r.bytes()),
        "features": r.list(lambda r: r.text(MAX_NAME)),
        "queries": {name: r.varint(32) for name in QUERY_LIMITS},
    }


def catalog(r):
    scope, revision = r.variant("Whole", "Changes", "Unchanged"), r.varint()
    groups = r.list(lambda r: r.growing(group_descriptor))
    series = r.list(lambda r: r.growing(series_descriptor))
    retired, retired_groups = r.list(id32), r.list(id32)
    check_increasing("group", [entry["id"] for entry in groups])
    check_increasing("series", [entry["id"] for entry in series])
    check_increasing("retired series", retired)
    check_increasing("retired group", retired_groups)
    return {
        "scope": scope,
        "revision": revision,
        "groups": groups,
        "series": series,
        "retired": retired,
        "retired_groups": retired_groups,
    }


def group_descriptor(r):
    entry = {
        "id": r.varint(32),
        "name": r.text(MAX_NAME),
        "title": r.text(MAX_NAME),
        "unit": r.text(MAX_NAME),
        "interval_us": r.varint(),
        "bounds": r.variant_or(None, "Auto", "FromZero", "Fixed"),
        "prominence": "Overview",
        "rank": 0,
    }
    if entry["bounds"] is None:
        # An unknown variant ends the structure.
        entry["bounds"] = "Auto"
        return entry
    if entry["bounds"] == "Fixed":
        low, high = r.fixed("d"), r.fixed("d")
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ProtocolError(f"bounds must be finite with low below high, found {low} to {high}")
        entry["bounds"] = {"low": low, "high": high}
    # An earlier server does not send these.
    if not r.is_empty():
        entry["prominence"] = r.variant_or("Overview", "Overview", "Detail")
    if not r.is_empty():
        entry["rank"] = r.varint(32)
    return entry


def series_descriptor(r):
    return {
        "id": r.varint(32),
        "group": r.varint(32),
        "name": r.text(MAX_NAME),
        "kind": r.variant_or("Gauge", "Gauge", "Counter", "Bucket", "State"),
        "labels": labels(r),
    }


def samples(r, sent, kind):
    collected = wrap(sent + r.signed())
    listed = list_of_samples(Reader(r.bytes()), collected)
    return {
        "collected_us": collected,
        "list": listed,
        "blocks": blocks(r, collected, len(listed)),
        "updates": bucket_updates(r, collected) if kind == 66 else [],
    }


def history(r):
    return {"part": r.variant("More", "Last"), "blocks": blocks(r, r.signed())}


def gap(r):
    causes = ("HistoryExpired", "EpochChanged", "UnknownPosition")
    return {
        "after": r.varint(),
        "until": r.varint(),
        "cause": r.variant_or(causes[0], *causes),
        "content": r.variant_or("Rows", "Rows", "Logs", "Events"),
    }


def heartbeat(r):
    return {"next_within_us": r.varint(), "groups": r.varint(32), "silent": r.varint(32)}


def echo(r):
    return {"origin_us": r.signed(), "received_us": r.signed()}


def refused(r):
    return {"request": r.byte(), "code": r.varint(32), "text": r.text(MAX_TEXT), "id": r.varint(32)}


def bye(r):
    reasons = ("ServerStopping", "Overloaded", "Refused")
    return {"reason": r.variant_or("Overloaded", *reasons), "retry_after_us": r.varint(), "text": r.text(MAX_TEXT)}


def answer(r):
    return {
        "query": r.varint(32),
        "part": r.variant("Coarse", "More", "Last"),
        "blocks": summary_blocks(r, r.signed()),
    }


def summaries(r):
    return {"blocks": summary_blocks(r, r.signed()), "open": bucket_updates(r, r.signed())}


def subscribed(r):
    return {"id": r.varint(32), "series": r.varint(32), "extent": r.variant_or("Wider", "Exact", "Wider")}


def held(r):
    return {"run": r.varint(), "number": r.varint(), "dropped": r.varint()}


def left_out(r):
    groups, series, text = r.list(id32), r.list(id32), r.text(MAX_TEXT)
    check_increasing("group that is left out", groups)
    check_increasing("series that is left out", series)
    return {"groups": groups, "series": series, "text": text}


def labels(r):
    found = r.list(lambda r: [r.text(MAX_NAME), r.text(MAX_NAME)])
    if len(found) > MAX_LABELS:
        raise ProtocolError(f"found {len(found)} labels, the limit is {MAX_LABELS}")
    return found


def log_line(r):
    severities = ("Trace", "Debug", "Info", "Warn", "Error", "Fatal")
    return {
        "time_us": r.signed(),
        "severity": r.variant_or("Info", *severities),
        "source": r.text(MAX_NAME),
        "text": r.text(MAX_TEXT),
        "labels": labels(r),
    }


def logs(r):
    return {"lines": r.list(lambda r: r.growing(log_line))}


def event(r):
    kinds = ("Annotation", "Alert", "Capture", "Layout", "Source")
    return {
        "time_us": r.signed(),
        "kind": r.variant_or(kinds[0], *kinds),
        "source": r.text(MAX_NAME),
        "text": r.text(MAX_TEXT),
        "labels": labels(r),
    }


BODIES = {
    1: hello,
    2: catalog,
    4: history,
    5: gap,
    6: heartbeat,
    7: echo,
    8: refused,
    9: bye,
    10: answer,
    11: subscribed,
    12: summaries,
    13: held,
    14: left_out,
    64: logs,
    65: event,
}


# Lists of samples -----------------------------------------------------------------------------------------------------

TIME, GAP, ZEROS, RAW, SINGLES, MULTIPLES, INTEGERS = range(7)


def list_of_samples(r, base):
    """Returns samples as lists of time, series and value."""
    samples, time, series = [], None, 0
    while not r.is_empty():
        head = r.byte()
        kind, count = head >> 4, (head & 15) + 1
        if kind == TIME:
            if count > 2:
                raise ProtocolError(f"head of a time must be 0 or 1, found {head}")
            series = 0 if count == 2 else series
            time = wrap((base if time is None else time) + r.signed_short())
            continue
        if count == 16:
            count += r.short()
        if series + count >= 1 << 32:
            raise ProtocolError("id of a series has more than 32 bits")
        if kind == GAP:
            series += count
            continue
        if time is None:
            raise ProtocolError("values precede the first time")
        if len(samples) + count > MAX_VALUES:
            raise ProtocolError(f"limit exceeded: {len(samples) + count} values")
        for _ in range(count):
            samples.append([time, series, value_of_run(r, kind)])
            series += 1
    return samples


def value_of_run(r, kind):
    if kind == ZEROS:
        return 0.0
    if kind == RAW:
        return r.fixed("d")
    if kind == SINGLES:
        return r.fixed("f")
    if kind == MULTIPLES:
        return float(r.signed_short()) * 1024.0
    return float(r.signed_short()) / 10.0 ** (kind - INTEGERS)


# Blocks of samples ----------------------------------------------------------------------------------------------------


def blocks(r, base, values=0):
    inner, result, rows = Reader(r.bytes()), [], 0
    while not inner.is_empty():
        # Limits are checked before rows are decoded, because a few bytes can declare many rows.
        mode = inner.variant("Merge", "Replace", "Late")
        group_id, count = inner.varint(32), inner.varint(32)
        if count > MAX_ROWS:
            raise ProtocolError(f"block of {count} rows exceeds the limit of {MAX_ROWS}")
        rows += count
        times_encoding, times_bytes = inner.byte(), inner.bytes()
        columns = inner.list(lambda r: (r.varint(32), r.byte(), r.bytes()))
        values += count * len(columns)
        if len(columns) > MAX_COLUMNS or rows > MAX_VALUES or values > MAX_VALUES:
            raise ProtocolError(f"limit exceeded: {len(columns)} columns, {rows} rows, {values} values")
        check_increasing("column", [series for series, _, _ in columns])
        result.append(
            {
                "mode": mode,
                "group": group_id,
                "times_encoding": times_encoding,
                "times_us": decode_times(times_encoding, times_bytes, count, base),
                "columns": [
                    {"series": series, "encoding": encoding, "values": decode_column(encoding, data, count)}
                    for series, encoding, data in columns
                ],
            }
        )
    return result


def summary_blocks(r, base):
    inner, result, buckets, values = Reader(r.bytes()), [], 0, 0
    while not inner.is_empty():
        group_id, step, count = inner.varint(32), inner.varint(), inner.varint(32)
        if count > MAX_ROWS:
            raise ProtocolError(f"block of {count} buckets exceeds the limit of {MAX_ROWS}")
        times_encoding, times_bytes = inner.byte(), inner.bytes()
        series = inner.list(summary_columns)
        buckets += count
        values += count * sum(len(columns) for _, columns in series)
        if len(series) > MAX_COLUMNS or buckets > MAX_VALUES or values > MAX_VALUES:
            raise ProtocolError(f"limit exceeded: {len(series)} series, {buckets} buckets, {values} values")
        check_increasing("series", [series_id for series_id, _ in series])
        result.append(
            {
                "group": group_id,
                "step_us": step,
                "times_encoding": times_encoding,
                "times_us": decode_times(times_encoding, times_bytes, count, base),
                "series": [{"series": series_id, **summary_fields(columns, count)} for series_id, columns in series],
            }
        )
    return result


def summary_columns(r):
    """Returns a series and its columns (encoding and bytes) by field. Columns of later versions are skipped."""
    series, own = r.varint(32), r.byte()
    columns = {"first": (r.byte(), r.bytes())}
    for bit in range(8):
        if own >> bit & 1:
            column = (r.byte(), r.bytes())
            if bit < len(OTHER_FIELDS):
                columns[OTHER_FIELDS[bit]] = column
    return series, columns


def summary_fields(columns, buckets):
    """Returns the values of all fields by name; None for a field of unknown encoding."""
    fields = {name: decode_column(*column, buckets) for name, column in columns.items()}
    equal = {name: [1.0] * buckets if name == "count" else fields["first"] for name in OTHER_FIELDS}
    return {**equal, **fields}


def is_missing(value):
    """Returns true for the bits of a missing value, and not for other NaNs."""
    return struct.unpack("<Q", struct.pack("<d", value))[0] == MISSING_BITS


def wrap(number):
    """Reduces modulo 2^64 to a signed number."""
    number &= U64
    return number - (1 << 64) if number >> 63 else number


def exact(what, data, expected):
    if len(data) != expected:
        raise ProtocolError(f"{what} has {len(data)} bytes, expected {expected}")


def decode_times(encoding, data, rows, base):
    if encoding == 0:
        exact("time column", data, rows * 8)
        times = list(struct.unpack(f"<{rows}q", data))
    elif encoding == 1:
        r = Reader(data)
        start, step = r.signed(), r.varint()
        r.end()
        times = [wrap(base + start + row * step) for row in range(rows)]
    elif encoding == 2:
        times = [wrap(base + integer) for integer in packed_integers(Reader(data), rows)]
    else:
        raise ProtocolError(f"unknown encoding of times: {encoding}")
    for before, after in zip(times, times[1:]):
        if after <= before:
            raise ProtocolError("times must be strictly increasing")
    return times


def decode_column(encoding, data, rows):
    """Returns the values, or None if the encoding is unknown."""
    if encoding == 0:
        exact("column", data, rows * 8)
        return list(struct.unpack(f"<{rows}d", data))
    if encoding == 1:
        exact("column", data, 8)
        return list(struct.unpack("<d", data)) * rows
    if encoding == 2:
        exact("column", data, rows * 4)
        return list(struct.unpack(f"<{rows}f", data))
    if encoding == 3:
        return scaled_column(data, rows)
    return None


def scaled_column(data, rows):
    r = Reader(data)
    scale = r.byte()
    if scale <= 22:
        divisor = float(10**scale)
    elif 128 <= scale <= 180:
        divisor = float(1 << (scale - 128))
    else:
        raise ProtocolError(f"scale must be 0 to 22 or 128 to 180, found {scale}")
    exceptions = r.list(lambda r: (r.varint(32), r.varint(32), r.fixed("d")))
    values = [float(integer) / divisor for integer in packed_integers(r, rows)]
    row = 0
    for skipped, repeats, value in exceptions:
        first, row = row + skipped, row + skipped + repeats + 1
        if row > rows:
            raise ProtocolError(f"exception for row {row - 1}, the column has {rows} rows")
        values[first:row] = [value] * (row - first)
    return values


def packed_integers(r, count):
    """Decodes `count` packed integers, which must be the rest of the reader's data."""
    if count == 0:
        raise ProtocolError("packed column has zero rows")
    head = r.byte()
    order, shift = head // 64, head % 64
    if order > 1:
        raise ProtocolError(f"order of packed integers must be 0 or 1, found {order}")
    first = r.signed()
    integers, level, left = [first], 0, count - 1
    while left:
        size = min(left, 128)
        left -= size
        lowest, width = r.signed(), r.byte()
        if width > 56:
            raise ProtocolError(f"width of packed integers must be at most 56 bits, found {width}")
        bits = int.from_bytes(r.take((size * width + 7) // 8), "little")
        for number in range(size):
            integer = wrap(lowest + (bits >> (number * width) & ((1 << width) - 1)))
            level = wrap(level + integer) if order == 1 else integer
            integers.append(wrap(first + (level << shift)))
    r.end()
    return integers


# Updates of buckets ---------------------------------------------------------------------------------------------------


def bucket_updates(r, base):
    inner, updates = Reader(r.bytes()), []
    while not inner.is_empty():
        updates.append(bucket_update(inner, base))
    return updates


def bucket_update(r, base):
    """Returns an update with its values as they are stated: in full, or differences to what a viewer holds; sums are complete."""
    group_id, flags = r.varint(32), r.byte()
    if flags >> 6:
        raise ProtocolError(f"flags of an update must be 0 to 63, found {flags}")
    newest, count = wrap(base - r.short()), r.short()
    if count > MAX_COLUMNS:
        raise ProtocolError(f"update of {count} series exceeds the limit of {MAX_COLUMNS}")
    begins = None
    if flags & BEGINS:
        begins = {"start_us": wrap(base - r.short()), "step_us": None, "series": None}
        if not flags & FOLLOWS:
            begins.update(step_us=r.short(), series=rising_ids(Reader(r.bytes()), count))
    scale = r.byte()
    if scale > MAX_DECIMALS and scale != FULL:
        raise ProtocolError(f"scale of an update must be 0 to {MAX_DECIMALS} or {FULL}, found {scale}")
    decimals = None if scale == FULL else scale
    fields = {name: [] for name in FIELDS}
    if flags & BEGINS:
        fields["first"] = stated_values(r, decimals, count)
    if flags & CHANGES:
        fields["last"] = stated_values(r, decimals, count)
        masks = [places_of_mask(r.take((count + 7) // 8), count) for _ in range(2)]
        for name, places in zip(("min", "max"), masks):
            stated = dict(zip(places, stated_values(r, decimals, len(places))))
            fields[name] = [stated.get(place) for place in range(count)]
    if flags & CLOSES:
        counts = [r.short() for _ in range(1 if flags & ONE_COUNT else count)]
        fields["count"] = counts * count if flags & ONE_COUNT else counts
        decimals_of_sums = None if flags & FULL_SUMS else decimals
        fields["sum"] = [restored(0.0, stated, decimals_of_sums) for stated in stated_values(r, decimals_of_sums, count)]
    closed = flags & CLOSES != 0
    return {
        "group": group_id,
        "newest_us": newest,
        "series": count,
        "begins": begins,
        "closed": closed,
        "decimals": decimals,
        **fields,
    }


def rising_ids(r, count):
    """Decodes ids, each as the difference to the one before it."""
    ids, last = [], 0
    for place in range(count):
        difference = r.varint(32)
        last += difference
        if last >> 32 or place and not difference:
            raise ProtocolError(f"ids of an update must rise and have 32 bits, found {last}")
        ids.append(last)
    r.end()
    return ids


def places_of_mask(data, count):
    """Returns the places of the bits that are 1. Place 0 is the lowest bit of the first byte."""
    mask = int.from_bytes(data, "little")
    if mask >> count:
        raise ProtocolError(f"a bit of a mask has no series: the update has {count}")
    return [place for place in range(count) if mask >> place & 1]


def stated_values(r, decimals, count):
    return [r.fixed("d") if decimals is None else r.signed_short() for _ in range(count)]


def restored(held, stated, decimals, sign=1):
    """Returns the value that an update states: in full without decimals, otherwise by how much it is above (below, with `sign` -1) the
    held one."""
    if decimals is None:
        return stated
    return float(nearest(held * 10.0**decimals) + sign * stated) / 10.0**decimals


def nearest(number):
    """Returns the nearest integer, of two equally near ones that further from 0."""
    if not math.isfinite(number):
        # No server states a difference to it.
        return 0
    whole = math.trunc(number)
    return whole + (abs(number - whole) >= 0.5) * (1 if number > 0 else -1)


# From viewer to server ------------------------------------------------------------------------------------------------


def varint(number):
    if number < 251:
        return bytes([number])
    for first, form, limit in ((251, "<H", 1 << 16), (252, "<I", 1 << 32), (253, "<Q", 1 << 64)):
        if number < limit:
            return bytes([first]) + struct.pack(form, number)
    raise ProtocolError(f"number must fit 64 bits, found {number}")


def signed(number):
    return varint(2 * number if number >= 0 else -2 * number - 1)


def message(kind, body):
    return b"KY" + bytes([VERSION, kind]) + struct.pack("<I", len(body)) + body


def sized(data):
    return varint(len(data)) + data


def selection(selected):
    """`selected` is the text of a selector, a list of ids of series, or a dictionary: `selector`, `series` or `groups`."""
    if isinstance(selected, str):
        selected = {"selector": selected}
    elif not isinstance(selected, dict):
        selected = {"series": selected}
    ((form, value),) = selected.items()
    if form == "selector":
        return varint(0) + sized(value.encode())
    return varint(("selector", "series", "groups").index(form)) + sized(b"".join(map(varint, value)))


def subset_fields(subset):
    """Returns the last fields of a `Subscribe`. `subset` is a dictionary: `id`, `selection`, `added`, and for summaries `step_us` and
    `groups` (dictionaries: `group`, `step_us`); None for everything."""
    if subset is None:
        return b""
    steps = b"".join(varint(entry["group"]) + varint(entry["step_us"]) for entry in subset.get("groups", ()))
    series = varint(subset["id"]) + selection(subset["selection"]) + selection(subset["added"])
    return series + varint(subset.get("step_us", 0)) + sized(steps)


def subscribe_window(window_us, subset=None):
    return message(1, varint(0) + varint(window_us) + subset_fields(subset))


def subscribe_after(epoch, sequence, window_us, revision=0, subset=None):
    numbers = (1, epoch, sequence, window_us, revision)
    return message(1, b"".join(map(varint, numbers)) + subset_fields(subset))


def probe(origin_us):
    return message(2, signed(origin_us))


def pace(visibility, frames_per_second):
    return message(3, varint(("Visible", "Hidden").index(visibility)) + bytes([frames_per_second]))


def query(query_id, selected, from_us, to_us, columns, order="Direct"):
    order = varint(("Direct", "CoarseFirst").index(order))
    return message(4, varint(query_id) + selection(selected) + signed(from_us) + signed(to_us) + varint(columns) + order)


def cancel(query_id):
    return message(5, varint(query_id))
