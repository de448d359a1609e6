#!/usr/bin/env python3
"""Prints the rows of a Kymograph feed server as they arrive, one per line.

    python3 docs/examples/kymograph_client.py ws://127.0.0.1:9000/stream --window 5 --group cpu.cores

Written from docs/PROTOCOL.md alone. Reconnects after a lost connection and resumes at its position.
"""

import argparse
import json
import math
import sys
import time

import kymograph_wire as wire

try:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect
except ImportError:
    sys.exit("the package `websockets` is missing: python3 -m pip install -r docs/examples/requirements.txt")

#: Close codes after which reconnecting is useless.
REFUSALS = {1002, 1003, 1007, 1009, 4401, 4403, 4426}


class PassedRows:
    """Tells new rows of a group from those that were passed on before: history may repeat rows, and rows may come late."""

    # Of late rows, the last ones are remembered: a resume repeats some of them.
    REMEMBERED = 4096

    def __init__(self):
        self.newest = -math.inf
        # Names of the series by time, in the last block of history, whose newest rows are sent again, and in late rows.
        self.last_block, self.late = {}, {}

    def begin_block(self, first, mode):
        """Begins a block of history. Rows that were passed on stay: a program that keeps rows drops those that it replaces."""
        self.last_block = {}
        if mode == "Replace":
            self.newest = min(self.newest, first - 1)
            self.late = {at: names for at, names in self.late.items() if at < first}

    def take(self, at, values, mode):
        """Returns the values that are new. `mode` is that of the row's block of history; None for a row of Samples."""
        names = {name for name, value in values.items() if not math.isnan(value)}
        if mode in ("Merge", "Replace"):
            self.last_block[at] = names
        # A late row may be newer than every row that came in order: those before it follow.
        if at > self.newest and mode != "Late":
            self.newest = at
            return values
        if mode in ("Merge", "Replace"):
            return {}
        passed = self.last_block.get(at, set()) | self.late.get(at, set())
        new = {name: value for name, value in values.items() if name not in passed}
        # NaN is also how a value that is missing in a block is read.
        if names - passed:
            self.late[at] = passed | names
            if len(self.late) > self.REMEMBERED:
                self.late.pop(next(iter(self.late)))
            return new
        return {}


class Viewer:
    """State of a viewer: catalog, position, and the rows that were passed on."""

    def __init__(self):
        self.groups, self.series, self.passed = {}, {}, {}
        self.epoch = self.position = None
        # Of the catalog; 0 if it is incomplete.
        self.revision = 0
        # True after the last part of the history.
        self.live = False
        # The number of the last log lines or event.
        self.entry = 0

    def subscribe(self, window_us):
        """Returns the request that starts the stream, or resumes it at the viewer's position."""
        self.live = False
        if self.position is None:
            return wire.subscribe_window(window_us)
        return wire.subscribe_after(self.epoch, self.position, window_us, self.revision)

    def rows(self, frame):
        """Returns the new rows of a frame (time, group, values by series), or None if frames were lost."""
        kind, body = frame["kind"], frame["body"]
        if kind == 2:
            self.update_catalog(frame["epoch"], body)
        elif self.live and (kind == 3 or 64 <= kind < 128):
            # Numbered.
            if frame["sequence"] > self.position + 1:
                return None
            if frame["sequence"] == self.position + 1:
                self.position = frame["sequence"]
                if kind == 3:
                    return self.new_rows([*self.unpack(body["blocks"]), *self.gather(body["list"])])
                self.show_entry(frame)
        elif kind in (64, 65):
            self.show_entry(frame)
        elif kind == 4:
            if body["part"] == "Last":
                self.position, self.live = frame["sequence"], True
            return self.new_rows(self.unpack(body["blocks"], is_history=True))
        elif kind == 5:
            print(f"gap of {body['content']}: {body['cause']}, after {body['after']}", file=sys.stderr)
        elif kind == 6 and self.live and frame["sequence"] > self.position:
            return None
        return []

    def show_entry(self, frame):
        """Prints log lines or an event. In the answer to a subscription, those that were shown before may come again."""
        if frame["sequence"] <= self.entry or frame["body"] is None:
            return
        self.entry = frame["sequence"]
        for entry in frame["body"].get("lines", [frame["body"]]):
            print(f"{entry['source']}: {entry['text']}", file=sys.stderr)

    def update_catalog(self, epoch, catalog):
        if epoch != self.epoch:
            # Ids and positions of another epoch are invalid in this one.
            self.epoch, self.position, self.passed, self.entry = epoch, None, {}, 0
        if catalog["scope"] == "Whole":
            self.groups, self.series = {}, {}
        self.revision = catalog["revision"]
        self.live = self.live and catalog["scope"] == "Changes"
        self.groups.update((group["id"], group) for group in catalog["groups"])
        self.series.update((series["id"], series) for series in catalog["series"])
        for series in catalog["retired"]:
            self.series.pop(series, None)
        for group in catalog["retired_groups"]:
            self.groups.pop(group, None)

    def unpack(self, blocks, is_history=False):
        """Yields the rows of blocks, each with the mode of its block if it is history."""
        for block in blocks:
            group = self.groups.get(block["group"])
            if group is None:
                continue
            columns = [
                (self.series[column["series"]]["name"], column["values"])
                for column in block["columns"]
                if column["values"] is not None and column["series"] in self.series
            ]
            mode = block["mode"] if is_history or block["mode"] != "Merge" else None
            if mode in ("Merge", "Replace") and block["times_us"]:
                self.of_group(group["name"]).begin_block(block["times_us"][0], mode)
            for row, at in enumerate(block["times_us"]):
                yield at, group["name"], {name: values[row] for name, values in columns}, mode

    def gather(self, samples):
        """Yields the rows of a list of samples."""
        rows = {}
        for at, series, value in samples:
            if series in self.series:
                series = self.series[series]
                rows.setdefault((at, series["group"]), {})[series["name"]] = value
        for (at, group), values in rows.items():
            yield at, self.groups[group]["name"], values, None

    def of_group(self, name):
        return self.passed.setdefault(name, PassedRows())

    def new_rows(self, rows):
        """Returns those of a message that are new, oldest first. A late row is older than rows before it."""
        new = []
        for at, group, values, mode in sorted(rows, key=lambda row: row[0]):
            values = self.of_group(group).take(at, values, mode)
            if values:
                new.append((at, group, values))
        return new


def watch(viewer, url, window_us):
    """Yields rows until the connection ends."""
    with connect(f"{url}?start=request", max_size=wire.MAX_MESSAGE, compression=None, subprotocols=[wire.SUBPROTOCOL]) as socket:
        socket.send(viewer.subscribe(window_us))
        for message in socket:
            rows = viewer.rows(wire.decode_frame(message))
            if rows is None:
                # Frames were lost: resume at the position.
                socket.send(viewer.subscribe(window_us))
                continue
            yield from rows


def show(row, as_json):
    at, group, values = row
    if as_json:
        finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
        return json.dumps({"time_us": at, "group": group, "values": finite})
    # NaN is a missing value.
    values_text = "  ".join(f"{name}={value!r}" for name, value in values.items() if not math.isnan(value))
    return f"{at / 1e6:.6f}  {group}  {values_text}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="the stream, such as ws://127.0.0.1:9000/stream")
    parser.add_argument("--window", type=float, default=0.0, help="seconds of history to request")
    parser.add_argument("--group", help="print this group only")
    parser.add_argument("--count", type=int, help="stop after this number of rows")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    options = parser.parse_args()
    viewer, left, pause = Viewer(), options.count, 0.25
    while True:
        try:
            for row in watch(viewer, options.url, int(options.window * 1e6)):
                pause = 0.25
                if options.group not in (None, row[1]):
                    continue
                print(show(row, options.json), flush=True)
                if left is not None and (left := left - 1) <= 0:
                    return
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in REFUSALS:
                sys.exit(f"refused with {closed.rcvd.code}: {closed.rcvd.reason}")
            print(f"connection lost: {closed}", file=sys.stderr)
        except OSError as error:
            print(f"cannot connect: {error}", file=sys.stderr)
        except wire.ProtocolError as error:
            # The message is refused as a whole; earlier messages remain valid.
            print(f"invalid message: {error}", file=sys.stderr)
            viewer.revision = 0
        time.sleep(pause)
        pause = min(pause * 2, 10.0)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
