"""Kymograph's wire, version 1, in Python: written from docs/PROTOCOL.md alone.

Decodes every message of a server, encodes every message of a viewer. Needs nothing but the standard library. Written to be
read beside the document: names and order are the document's.
"""

import math
import struct

VERSION = 1
MAX_MESSAGE = 65_536
MAX_ROWS = 16_384
MAX_VALUES = 131_072
MAX_COLUMNS = 2_048
MAX_NAME = 256
MAX_TEXT = 4_096
MAX_LABELS = 32
#: The bits of "no value".
MISSING_BITS = 0x7FF44B594D495353
U64 = (1 << 64) - 1


class ProtocolError(Exception):
    """Bytes that the document does not allow."""


class Reader:
    """Takes the document's types off the front of some bytes."""

    def __init__(self, data):
        self.data, self.place = memoryview(data), 0

    def take(self, count):
        if self.place + count > len(self.data):
            raise ProtocolError(f"{count} bytes wanted, {len(self.data) - self.place} left")
        self.place += count
        return self.data[self.place - count : self.place]

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
            raise ProtocolError(f"{first:#x} begins no varint")
        if number >> bits:
            raise ProtocolError(f"{number} does not fit {bits} bits")
        return number

    def signed(self):
        folded = self.varint()
        return (folded >> 1) ^ -(folded & 1)

    def bytes(self):
        return self.take(self.varint())

    def text(self, limit):
        data = self.bytes()
        if len(data) > limit:
            raise ProtocolError(f"a text of {len(data)} bytes, {limit} allowed")
        try:
            return str(data, "utf-8")
        except UnicodeDecodeError as error:
            raise ProtocolError(f"a text is not UTF-8: {error}") from None

    def variant(self, *names):
        number = self.varint(32)
        if number >= len(names):
            raise ProtocolError(f"variant {number} of {names}")
        return names[number]

    def list(self, item):
        inner, items = Reader(self.bytes()), []
        while not inner.is_empty():
            items.append(item(inner))
        return items

    def is_empty(self):
        return self.place == len(self.data)

    def end(self):
        if not self.is_empty():
            raise ProtocolError(f"{len(self.data) - self.place} bytes are left over")


def rising(what, ids):
    for before, after in zip(ids, ids[1:]):
        if after <= before:
            raise ProtocolError(f"{what} {after} does not follow on a smaller id")


def id32(reader):
    return reader.varint(32)


# Messages -------------------------------------------------------------------------------------------------------------


def open_message(message, head):
    """Kind and body of a message whose body begins at `head`."""
    if len(message) > MAX_MESSAGE:
        raise ProtocolError(f"a message of {len(message)} bytes")
    if len(message) < head:
        raise ProtocolError(f"a message of {len(message)} bytes, {head} at least")
    if message[:2] != b"KY":
        raise ProtocolError("not a Kymograph message")
    if message[2] != VERSION:
        raise ProtocolError(f"protocol version {message[2]}, this client speaks {VERSION}")
    length = struct.unpack_from("<I", message, 4)[0]
    if length != len(message) - head:
        raise ProtocolError(f"a body of {len(message) - head} bytes, {length} announced")
    return message[3], Reader(message[head:])


def decode_frame(message):
    """A server's message as a dictionary; the body of an unknown kind is None."""
    kind, reader = open_message(message, 32)
    epoch, sequence, sent = struct.unpack_from("<QQq", message, 8)
    decode = BODIES.get(kind)
    body = None
    if decode:
        body = decode(reader)
        reader.end()
    return {"epoch": epoch, "sequence": sequence, "sent_us": sent, "kind": kind, "body": body}


def hello(r):
    return {
        "server": r.text(MAX_NAME),
        "host": r.text(MAX_NAME),
        "history_us": r.varint(),
        "heartbeat_us": r.varint(),
    }


def catalog(r):
    scope = r.variant("Whole", "Changes")
    groups, series, retired = r.list(group), r.list(described_series), r.list(id32)
    rising("group", [entry["id"] for entry in groups])
    rising("series", [entry["id"] for entry in series])
    rising("retired series", retired)
    return {"scope": scope, "groups": groups, "series": series, "retired": retired}


def group(r):
    entry = {
        "id": r.varint(32),
        "name": r.text(MAX_NAME),
        "title": r.text(MAX_NAME),
        "unit": r.text(MAX_NAME),
        "interval_us": r.varint(),
        "bounds": r.variant("Auto", "FromZero", "Fixed"),
    }
    if entry["bounds"] == "Fixed":
        low, high = r.fixed("d"), r.fixed("d")
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ProtocolError(f"bounds from {low} to {high}")
        entry["bounds"] = {"low": low, "high": high}
    return entry


def described_series(r):
    entry = {
        "id": r.varint(32),
        "group": r.varint(32),
        "name": r.text(MAX_NAME),
        "kind": r.variant("Gauge", "Counter"),
        "labels": r.list(lambda r: [r.text(MAX_NAME), r.text(MAX_NAME)]),
    }
    if len(entry["labels"]) > MAX_LABELS:
        raise ProtocolError(f"{len(entry['labels'])} labels")
    return entry


def samples(r):
    return {"collected_us": r.signed(), "queued_us": r.signed(), "blocks": blocks(r)}


def history(r):
    return {"part": r.variant("More", "Last"), "blocks": blocks(r)}


def gap(r):
    causes = ("HistoryExpired", "EpochChanged", "UnknownPosition")
    return {"after": r.varint(), "until": r.varint(), "cause": r.variant(*causes)}


def heartbeat(r):
    return {"next_within_us": r.varint()}


def echo(r):
    return {"origin_us": r.signed(), "received_us": r.signed()}


SEVERITIES = ("Debug", "Info", "Warning", "Error", "Critical")


def log(r):
    return {
        "at_us": r.signed(),
        "severity": r.variant(*SEVERITIES),
        "source": r.text(MAX_NAME),
        "text": r.text(MAX_TEXT),
    }


def annotation(r):
    entry = {
        "id": r.varint(),
        "kind": r.variant("Note", "TriggerHit"),
        "at_us": r.signed(),
        "until_us": r.signed(),
        "position": r.varint(),
        "series": r.list(id32),
        "author": r.text(MAX_NAME),
        "text": r.text(MAX_TEXT),
    }
    rising("series", entry["series"])
    return entry


def alert(r):
    return {
        "at_us": r.signed(),
        "series": r.varint(32),
        "severity": r.variant(*SEVERITIES),
        "state": r.variant("Firing", "Resolved"),
        "name": r.text(MAX_NAME),
        "text": r.text(MAX_TEXT),
    }


def tally(r):
    second = r.signed()
    entries = r.list(lambda r: {"series": r.varint(32), "count": r.varint(32), "hash": r.varint()})
    rising("series", [entry["series"] for entry in entries])
    return {"second_us": second, "series": entries}


def payload(r):
    data = r.bytes()
    if len(data) > MAX_TEXT:
        raise ProtocolError(f"a relayed payload of {len(data)} bytes")
    return bytes(data).hex()


def relay(r):
    return {"from": r.text(MAX_NAME), "payload": payload(r)}


def bye(r):
    reasons = ("ServerStopping", "Overloaded", "Refused")
    return {"reason": r.variant(*reasons), "retry_after_us": r.varint(), "text": r.text(MAX_TEXT)}


BODIES = {
    1: hello,
    2: catalog,
    3: samples,
    4: history,
    5: gap,
    6: heartbeat,
    7: echo,
    8: log,
    9: annotation,
    10: alert,
    11: tally,
    12: relay,
    13: bye,
}


# Blocks of samples ----------------------------------------------------------------------------------------------------


def blocks(r):
    origin = r.signed()
    inner, result, rows, values = Reader(r.bytes()), [], 0, 0
    while not inner.is_empty():
        # Counted before they are decoded: a few bytes can claim many rows.
        group_id, count = inner.varint(32), inner.varint(32)
        if count > MAX_ROWS:
            raise ProtocolError(f"a block of {count} rows")
        rows += count
        times_encoding, times_bytes = inner.byte(), inner.bytes()
        columns = inner.list(lambda r: (r.varint(32), r.byte(), r.bytes()))
        values += count * len(columns)
        if len(columns) > MAX_COLUMNS or rows > MAX_VALUES or values > MAX_VALUES:
            raise ProtocolError(f"{len(columns)} columns, {rows} rows, {values} values")
        rising("column", [series for series, _, _ in columns])
        result.append(
            {
                "group": group_id,
                "times_encoding": times_encoding,
                "times_us": decode_times(times_encoding, times_bytes, count, origin),
                "columns": [
                    {"series": series, "encoding": encoding, "values": decode_column(encoding, data, count)}
                    for series, encoding, data in columns
                ],
            }
        )
    return result


def wrap(number):
    """Modulo 2^64, as a signed number."""
    number &= U64
    return number - (1 << 64) if number >> 63 else number


def exact(what, data, expected):
    if len(data) != expected:
        raise ProtocolError(f"{what} has {len(data)} bytes, {expected} expected")


def decode_times(encoding, data, rows, origin):
    if encoding == 0:
        exact("a time column", data, rows * 8)
        times = list(struct.unpack(f"<{rows}q", data))
    elif encoding == 1:
        r = Reader(data)
        start, step = r.signed(), r.varint()
        r.end()
        times = [wrap(origin + start + row * step) for row in range(rows)]
    elif encoding == 2:
        times = [wrap(origin + integer) for integer in packed_integers(Reader(data), rows)]
    else:
        raise ProtocolError(f"times of encoding {encoding}")
    for before, after in zip(times, times[1:]):
        if after <= before:
            raise ProtocolError("times must rise")
    return times


def decode_column(encoding, data, rows):
    """The values, or None when the encoding is unknown: such a column is skipped."""
    if encoding == 0:
        exact("a column", data, rows * 8)
        return list(struct.unpack(f"<{rows}d", data))
    if encoding == 1:
        exact("a column", data, 8)
        return list(struct.unpack("<d", data)) * rows
    if encoding == 2:
        exact("a column", data, rows * 4)
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
        raise ProtocolError(f"a scale of {scale}")
    exceptions = r.list(lambda r: (r.varint(32), r.varint(32), r.fixed("d")))
    values = [float(integer) / divisor for integer in packed_integers(r, rows)]
    row = 0
    for skipped, repeats, value in exceptions:
        first, row = row + skipped, row + skipped + repeats + 1
        if row > rows:
            raise ProtocolError(f"an exception to row {row - 1} of {rows}")
        values[first:row] = [value] * (row - first)
    return values


def packed_integers(r, count):
    """All that is left in the reader is `count` packed integers."""
    if count == 0:
        raise ProtocolError("packed integers for no rows")
    head = r.byte()
    order, shift = head // 64, head % 64
    if order > 1:
        raise ProtocolError(f"packed integers of order {order}")
    first = r.signed()
    integers, level, left = [first], 0, count - 1
    while left:
        told = min(left, 128)
        left -= told
        lowest, width = r.signed(), r.byte()
        if width > 56:
            raise ProtocolError(f"packed integers of {width} bits")
        bits = int.from_bytes(r.take((told * width + 7) // 8), "little")
        for number in range(told):
            integer = wrap(lowest + (bits >> (number * width) & ((1 << width) - 1)))
            level = wrap(level + integer) if order == 1 else integer
            integers.append(wrap(first + (level << shift)))
    r.end()
    return integers


# From viewer to server ------------------------------------------------------------------------------------------------


def varint(number):
    if number < 251:
        return bytes([number])
    for first, form, limit in ((251, "<H", 1 << 16), (252, "<I", 1 << 32), (253, "<Q", 1 << 64)):
        if number < limit:
            return bytes([first]) + struct.pack(form, number)
    raise ProtocolError(f"{number} has more than 64 bits")


def signed(number):
    return varint(2 * number if number >= 0 else -2 * number - 1)


def message(kind, body):
    return b"KY" + bytes([VERSION, kind]) + struct.pack("<I", len(body)) + body


def subscribe_window(window_us):
    return message(1, varint(0) + varint(window_us))


def subscribe_after(epoch, sequence, window_us):
    return message(1, varint(1) + varint(epoch) + varint(sequence) + varint(window_us))


def acknowledge(sequence):
    return message(2, varint(sequence))


def probe(origin_us):
    return message(3, signed(origin_us))


def pace(visibility, frames_per_second):
    return message(4, varint(("Visible", "Hidden").index(visibility)) + bytes([frames_per_second]))


def annotate(at_us, until_us, text):
    data = text.encode()
    return message(5, signed(at_us) + signed(until_us) + varint(len(data)) + data)


def relay_message(data):
    return message(6, varint(len(data)) + data)
