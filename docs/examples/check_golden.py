#!/usr/bin/env python3
"""Tests kymograph_wire.py and kymograph_publish.py with the golden vectors, and the buckets of kymograph_viewer.py.

    python3 docs/examples/check_golden.py protocol/tests/golden
"""

import decimal
import json
import math
import struct
import sys
from pathlib import Path

import kymograph_publish as publish
import kymograph_wire as wire
from kymograph_viewer import Buckets, Refused, Viewer


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
    """Compares the values of updates, and removes them from both. Differences are integers."""
    for update, expected in zip(updates, expected_updates):
        for field in wire.FIELDS:
            values, expected_values = update.pop(field), expected.pop(field)
            if field == "count" or field != "sum" and update["decimals"] is not None:
                assert values == expected_values, f"{name}: {field}"
                continue
            found = [None if value is None else bits(value) for value in values]
            assert found == [None if value is None else expected_value(value) for value in expected_values], f"{name}: {field}"


class Computed:
    """The open buckets that updates leave, computed from the JSON of the vectors with decimal digits in place of floating-point numbers."""

    def __init__(self):
        # By group: the summaries by series.
        self.open = {}

    def apply(self, updates):
        for update in updates:
            group, decimals = update["group"], update["decimals"]
            if update["begins"]:
                series = update["begins"]["series"]
                held = dict.fromkeys(series, 0.0) if series is not None else {key: fields[1] for key, fields in self.open[group].items()}
                firsts = [self.value(last, stated, decimals, 1) for last, stated in zip(held.values(), update["first"])]
                self.open[group] = {key: [first] * 4 + [None, None] for key, first in zip(held, firsts)}
            for place, fields in enumerate(self.open[group].values()):
                for field, sign in (("last", 1), ("min", -1), ("max", 1)):
                    stated = update[field][place] if update[field] else None
                    if stated is not None:
                        at = wire.FIELDS.index(field)
                        fields[at] = self.value(fields[at], stated, decimals, sign)
                if update["closed"]:
                    total = struct.unpack("<d", expected_value(update["sum"][place]))[0]
                    fields[4:] = [total, update["count"][place]]

    @staticmethod
    def value(held, stated, decimals, sign):
        if decimals is None:
            return struct.unpack("<d", expected_value(stated))[0]
        return float(decimal.Decimal(repr(held)) + sign * decimal.Decimal(stated).scaleb(-decimals))


def check_summaries_of_updates(folder):
    """Updates of all vectors, in an order in which each can be applied: a viewer holds what is computed from their JSON."""
    viewer, computed = Buckets(), Computed()
    names = [
        *("updates_begin", "updates_change", "updates_beside_rows", "updates_close_without_change"),
        *("updates_begin", "updates_close_and_begin", "updates_of_any_value", "updates_without_series"),
        *("summaries", "updates_close_and_follow", "updates_change", "updates_close_and_follow"),
    ]
    for name in names:
        frame = wire.decode_frame((folder / f"{name}.bin").read_bytes())
        updates = "open" if frame["kind"] == 12 else "updates"
        computed.apply(json.loads((folder / f"{name}.json").read_text())["body"][updates])
        assert viewer.can_apply(frame["body"][updates]), name
        viewer.update(frame["body"][updates])
        for group, summaries in computed.open.items():
            series = viewer.begun[group].series
            assert list(series) == list(summaries), name
            for fields, expected in zip(series.values(), summaries.values()):
                found = [value if value is None else bits(value) for value in fields.values()]
                assert found == [value if value is None else bits(value) for value in expected], f"{name}: {fields}, expected {expected}"
    assert {path.stem for path in folder.glob("updates_*.bin")} <= set(names), "a vector is left out"


def check_scales():
    """Values of any scale, and the integer nearest to a product that is not exact."""
    for decimals in range(wire.MAX_DECIMALS + 1):
        for integer in (0, 1, -1, 7, -123_456_789, (1 << 47) - 1, 1 - (1 << 47)):
            held = integer / 10**decimals
            for difference in (0, 1, -5, 1 << 48, -(1 << 48)):
                for sign in (1, -1):
                    expected = float(decimal.Decimal(integer + sign * difference).scaleb(-decimals))
                    assert bits(wire.restored(held, difference, decimals, sign)) == bits(expected)
    assert [wire.nearest(number) for number in (0.5, -0.5, 0.49999999999999994, 2.5, -2.4, math.inf, math.nan)] == [1, -1, 0, 3, -2, 0, 0]


def encode(meaning):
    """Encodes a message to the server, except the rows of a publisher."""
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
    if kind == 6:
        return publish.open_message(body["publisher"], body["run"])
    if kind == 7:
        return publish.announce(list(map(group, body["groups"])), list(map(series, body["series"])))
    if kind == 9:
        return publish.end(body["series"])
    return wire.message(kind, b"")


def group(described):
    bounds = described["bounds"]
    bounds = bounds if isinstance(bounds, str) else (bounds["low"], bounds["high"])
    texts = (described[field] for field in ("name", "title", "unit"))
    place = (described["prominence"], described["rank"])
    return publish.group_descriptor(described["id"], *texts, described["interval_us"], bounds, *place)


def series(described):
    group_id, name, labels = described["group"], described["name"], described["labels"]
    return publish.series_descriptor(described["id"], group_id, name, labels, described["kind"])


def check_rows(name, data, meaning):
    """Compares the rows of a publisher, and those that kymograph_publish.py writes for the same values."""
    body = meaning["body"]
    written = [
        publish.block(
            block["group"],
            block["times_us"],
            [(column["series"], b"".join(map(expected_value, column["values"]))) for column in block["columns"]],
        )
        for block in body["blocks"]
    ]
    for message in (data, publish.rows(body["number"], body["lost"], written)):
        reader = wire.Reader(message[8:])
        assert (reader.varint(), reader.varint()) == (body["number"], body["lost"]), name
        blocks = wire.blocks(reader, reader.signed())
        found = [
            (block["group"], block["times_us"], [(c["series"], list(map(bits, c["values"]))) for c in block["columns"]])
            for block in blocks
        ]
        expected = [
            (
                block["group"],
                block["times_us"],
                [(c["series"], list(map(expected_value, c["values"]))) for c in block["columns"]],
            )
            for block in body["blocks"]
        ]
        assert found == expected, name


def check_refused(name, data):
    # kymograph_wire.py does not decode messages of viewers.
    if name.startswith("client_"):
        return 0
    try:
        wire.decode_frame(data)
    except wire.ProtocolError:
        return 1
    raise AssertionError(f"{name} must be refused")


def check_buckets(folder):
    """A viewer that selects series as summaries, and is passed the vectors."""
    viewer = Viewer("cpu.*", 150_000)

    def take(name, sequence=None, **fields):
        frame = wire.decode_frame((folder / f"{name}.bin").read_bytes())
        frame["sequence"] = frame["sequence"] if sequence is None else sequence
        frame["body"].update(fields)
        found = viewer.take(frame)
        if name == "session_catalog":
            # It describes series 1 and 2 only; the vectors have others.
            for series in (7, 8, 9, 70_000):
                viewer.series[series] = {"id": series, "name": f"series {series}", "labels": []}
        return found

    def buckets(found):
        """Start, and the fields of each series by its id."""
        return [
            (bucket.time_us - 1_700_000_100_000_000, {series["id"]: list(fields.values()) for series, fields in bucket.series})
            for bucket in found
        ]

    def opened():
        return list(map(list, (fields.values() for fields in viewer.buckets.begun[1].series.values())))

    def begin(request):
        """Begins the answer to a request: at first of the window, then after the position."""
        subset = {"id": viewer.request + 1, "selection": "cpu.*", "added": [], "step_us": 150_000}
        expected = request(1_000_000, subset)
        assert viewer.subscribe(1_000_000) == expected
        assert take("subscribed_exact", id=viewer.request) == take("session_catalog") == []

    def after(sequence):
        return lambda window, subset: wire.subscribe_after(1_700_000_000_123_456, sequence, window, 3, subset)

    try:
        take("session_hello")
        raise AssertionError("a step needs the feature `summaries`")
    except Refused:
        assert take("session_hello", features=["subsets", "summaries"]) is None
    closed = [(-420_000, {7: [0.5, 0.25, 0.25, 0.75, 1.5, 3.0]}), (-270_000, {7: [0.25, 0.5, 0.1, 0.5, 1.1, 3.0]})]
    begin(wire.subscribe_window)
    assert buckets(take("summaries")) == closed
    # The answer is cut off, and comes again: what was passed on is not passed on once more.
    begin(wire.subscribe_window)
    assert take("summaries") == []
    begun = [[0.25, 0.5, 0.1, 0.5, None, None], [7.0, 7.0, 7.0, 7.0, None, None], [-1.5, -1.5, -2.25, 0.0, None, None]]
    assert opened() == begun
    take("session_history")
    assert (viewer.live, viewer.position) == (True, 4242)
    assert take("updates_change", 4243) == []
    assert opened() == [[0.25, 0.75, 0.1, 0.9, None, None], [7.0, 8.0, 7.0, 8.0, None, None], [-1.5, -1.0, -2.25, 0.0, None, None]]
    last = {7: [0.25, 0.75, 0.1, 0.9, 3.5, 9.0], 8: [7.0, 8.0, 7.0, 8.0, 22.0, 3.0], 70_000: [-1.5, -1.0, -2.25, 0.0, -10.5, 9.0]}
    # The next vectors change the bucket as it begins.
    assert take("updates_begin", 4244) == []
    assert buckets(take("updates_close_and_begin", 4245)) == [(-100_000, last)]
    assert opened() == [[2.0, 2.0, 2.0, 2.0, None, None]]
    # The open bucket has another number of series, as after a lost frame: nothing is applied, and a subscription is due.
    assert take("updates_beside_rows", 4246) is None
    assert viewer.position == 4245
    begin(after(4245))
    # Blocks with the times of the block before them have other series of the same buckets.
    frame = wire.decode_frame((folder / "summaries.bin").read_bytes())
    (block,) = frame["body"]["blocks"]
    other = {**block, "series": [{**block["series"][0], "series": 8}]}
    later = {**block, "times_us": [at + 300_000 for at in block["times_us"]]}
    assert take("summaries", blocks=[block], open=[]) == []
    both = [(at, {7: series[7], 8: series[7]}) for at, series in closed]
    assert buckets(take("summaries", blocks=[other, later], open=[])) == both
    found = take("session_history")
    assert buckets(found[-2:]) == [(at + 300_000, series) for at, series in closed], "the last part completes them"
    assert take("session_heartbeat", 4300) is None
    begin(after(4242))
    assert buckets(take("summaries")) == closed, "buckets of another answer replace those that were passed on"
    take("session_history")
    assert take("session_heartbeat", 4300) is None
    # An answer that begins no bucket of the group: an update needs one of this answer.
    begin(after(4242))
    take("summaries_empty")
    take("session_history")
    assert take("updates_beside_rows", 4243) is None
    begin(after(4242))
    take("summaries")
    take("session_history")
    # A row beside updates, and a bucket that closes without a change.
    ((_, _, values),) = take("updates_beside_rows", 4243)
    assert values == {"core 0": 0.24}
    sums = {7: (1.75, 5.0), 8: (14.0, 2.0), 70_000: (-6.0, 5.0)}
    ended = {series: [*fields[:4], *sums[series]] for series, fields in zip(sums, begun)}
    assert buckets(take("updates_close_without_change", 4244)) == [(-120_000, ended)]
    # A bucket that follows has the step and the series of the closed one.
    take("updates_begin", 4245)
    (found,) = take("updates_close_and_follow", 4246)
    assert buckets([found]) == [(-100_000, last)]
    assert opened() == begun
    bucket = viewer.buckets.begun[1]
    assert (bucket.time_us, bucket.step_us, bucket.is_closed) == (1_700_000_099_990_000, 150_000, False)
    # Without a bucket of this answer, it cannot be applied. Nothing of its frame is.
    begin(after(4246))
    take("summaries_empty")
    take("session_history")
    assert viewer.buckets.begun == {}, "the bucket that was open before the answer is not held"
    following = wire.decode_frame((folder / "updates_close_and_follow.bin").read_bytes())["body"]["updates"][1:]
    assert take("updates_close_and_follow", 4243, updates=following) is None
    assert (viewer.position, viewer.buckets.begun) == (4242, {})
    begin(after(4242))
    take("summaries")
    take("session_history")
    # Nor can it after a bucket of another number of series.
    assert take("updates_close_and_begin", 4243) != []
    assert take("updates_close_and_follow", 4244, updates=following) is None
    # Buckets without series close the one before them, and are not passed on.
    begin(after(4243))
    take("summaries")
    take("session_history")
    assert take("updates_without_series", 4243) == []
    assert list(viewer.buckets.begun[1].series) == []
    # Ids of another epoch are others.
    begin(after(4243))
    assert take("summaries") == [], "they were passed on"
    viewer.update_catalog(1, {"scope": "Whole", "revision": 1, "groups": [], "series": [], "retired": [], "retired_groups": []})
    assert (viewer.buckets.begun, viewer.buckets.passed, viewer.position) == ({}, {}, None)


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
        messages += 1
        if meaning["kind"] == 8:
            check_rows(name, data, meaning)
            continue
        # The fields that a newer viewer appends are not known here.
        written = encode(meaning)
        assert written == data or name == "appended_field" and written[8:] == data[8 : len(written)], name
    for name, data, _ in vectors(folder / "refused"):
        refused += check_refused(name, data)
    check_scales()
    check_summaries_of_updates(folder / "frames")
    check_buckets(folder / "frames")
    assert math.isnan(struct.unpack("<d", struct.pack("<Q", wire.MISSING_BITS))[0])
    print(f"{frames} frames decoded, {messages} messages encoded, {refused} refused")


if __name__ == "__main__":
    main()
