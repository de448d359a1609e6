#!/usr/bin/env python3
"""Tests kymograph_wire.py with the golden vectors.

    python3 docs/examples/check_golden.py protocol/tests/golden
"""

import json
import math
import struct
import sys
from pathlib import Path

import kymograph_wire as wire


def bits(value):
    return struct.pack("<d", value)


def expected_value(value):
    """The bits of a value in the vectors: a number, or a string of its bits if JSON cannot represent it."""
    if isinstance(value, str):
        return struct.pack("<Q", int(value.removeprefix("bits:"), 16))
    return bits(float(value))


def check_frame(name, data, meaning):
    frame = wire.decode_frame(data)
    if frame["kind"] in wire.SAMPLES:
        expected_list, samples = meaning["body"].pop("list"), frame["body"].pop("list")
        expected_samples = [(at, series, expected_value(value)) for at, series, value in expected_list]
        assert expected_samples == [(at, series, bits(value)) for at, series, value in samples], name
    blocks = (frame["body"] or {}).get("blocks", [])
    expected_blocks = (meaning["body"] or {}).get("blocks", [])
    if frame["kind"] in (10, 12):
        check_summaries(name, blocks, expected_blocks)
        blocks = expected_blocks = []
    for updates in ("updates", "open"):
        check_updates(name, (frame["body"] or {}).get(updates, []), (meaning["body"] or {}).get(updates, []))
    for block, expected_block in zip(blocks, expected_blocks):
        for column, expected in zip(block["columns"], expected_block["columns"]):
            expected_values, values = expected.pop("values"), column.pop("values")
            if expected_values is None or values is None:
                assert expected_values is values, f"{name}: only one side skips a column"
                continue
            assert [expected_value(value) for value in expected_values] == [bits(value) for value in values], name
    assert frame == meaning, f"{name}: {frame}\nexpected\n{meaning}"


def check_summaries(name, blocks, expected_blocks):
    """Compares the fields of summaries, and removes them from both."""
    for block, expected_block in zip(blocks, expected_blocks):
        for series, expected in zip(block["series"], expected_block["series"]):
            first = series["first"]
            for field in ("first", *wire.OTHER_FIELDS):
                values, expected_values = series.pop(field), expected.pop(field)
                if expected_values is None or values is None:
                    assert expected_values is values, f"{name}: only one side skips {field}"
                    continue
                assert len(values) == len(expected_values), name
                for bucket, (value, expected_bits) in enumerate(zip(values, expected_values)):
                    if expected_bits is None:
                        # The other fields of a bucket without values have no meaning.
                        assert wire.is_missing(first[bucket]), name
                        continue
                    assert bits(value) == expected_value(expected_bits), f"{name}: {field} of bucket {bucket}"


def check_updates(name, updates, expected_updates):
    """Compares the values of updates, and removes them from both."""
    for update, expected in zip(updates, expected_updates):
        for field in wire.FIELDS:
            values, expected_values = update.pop(field), expected.pop(field)
            found = [None if value is None else bits(value) for value in values]
            assert found == [None if value is None else expected_value(value) for value in expected_values], f"{name}: {field}"


def encode(meaning):
    """Encodes a viewer's message."""
    kind, body = meaning["kind"], meaning["body"]
    if kind == 1:
        after, window, subset = body["after"], body["window_us"], body["subset"]
        if after is None:
            return wire.subscribe_window(window, subset)
        return wire.subscribe_after(after["epoch"], after["sequence"], window, after["revision"], subset)
    if kind == 2:
        return wire.probe(body["origin_us"])
    if kind == 3:
        return wire.pace(body["visibility"], body["frames_per_second"])
    if kind == 4:
        return wire.query(body["id"], body["selection"], body["from_us"], body["to_us"], body["columns"], body["order"])
    if kind == 5:
        return wire.cancel(body["id"])
    return wire.message(kind, b"")


def check_refused(name, data):
    # kymograph_wire.py does not decode messages of viewers.
    if name.startswith("client_"):
        return 0
    try:
        wire.decode_frame(data)
    except wire.ProtocolError:
        return 1
    raise AssertionError(f"{name} must be refused")


def vectors(folder):
    found = sorted(folder.glob("*.bin"))
    assert found, f"no vectors in {folder}"
    for path in found:
        yield path.stem, path.read_bytes(), json.loads(path.with_suffix(".json").read_text())


def main():
    folder = Path(sys.argv[1])
    frames = messages = refused = 0
    for name, data, meaning in vectors(folder / "frames"):
        check_frame(name, data, meaning)
        frames += 1
    for name, data, meaning in vectors(folder / "client_messages"):
        # The fields that a newer viewer appends are not known here.
        written = encode(meaning)
        assert written == data or name == "appended_field" and written[8:] == data[8 : len(written)], name
        messages += 1
    for name, data, _ in vectors(folder / "refused"):
        refused += check_refused(name, data)
    assert math.isnan(struct.unpack("<d", struct.pack("<Q", wire.MISSING_BITS))[0])
    print(f"{frames} frames decoded, {messages} messages encoded, {refused} refused")


if __name__ == "__main__":
    main()
