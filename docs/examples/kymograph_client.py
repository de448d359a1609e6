#!/usr/bin/env python3
"""Prints the rows of a Kymograph feed server as they arrive, one per line; or those of a range of time.

    python3 docs/examples/kymograph_client.py ws://127.0.0.1:9000/stream --window 5 --group cpu.cores
    python3 docs/examples/kymograph_client.py ws://127.0.0.1:9000/stream --window 5 --select 'cpu.*'
    python3 docs/examples/kymograph_client.py ws://127.0.0.1:9000/stream --select 'cpu.*' --from -10m --columns 80 --csv

Written from docs/PROTOCOL.md alone. Reconnects after a lost connection and resumes at its position. With --select, the server
sends the rows of these series only. A query ends with its connection.
"""

import argparse
import csv
import datetime
import json
import math
import os
import re
import sys
import time

import kymograph_wire as wire

try:
    from websockets.exceptions import ConnectionClosed, InvalidHandshake
    from websockets.sync.client import connect
except ImportError:
    sys.exit("the package `websockets` is missing: python3 -m pip install -r docs/examples/requirements.txt")

#: Close codes after which reconnecting is useless.
REFUSALS = {1002, 1003, 1007, 1009, 4401, 4403, 4426}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
#: Microseconds of the units of relative times.
UNITS = {"s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
#: Seconds after which a server that sends nothing is given up. It sends live frames and heartbeats while it answers a query.
SILENCE = 30


class Refused(Exception):
    """The server does not answer a query, or does not read a selection. The text is the server's."""


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

    def __init__(self, select=None):
        # A selector; None for everything.
        self.select = select
        self.groups, self.series, self.passed = {}, {}, {}
        self.epoch = self.position = None
        # Of the catalog; 0 if it is incomplete.
        self.revision = 0
        # The id of the last request, and whether its answer has begun: what comes before belongs to an earlier request.
        self.request, self.answered = 0, False
        # True after the last part of the history.
        self.live = False
        # The number of the last log lines or event.
        self.entry = 0

    def subscribe(self, window_us):
        """Returns the request that starts the stream, or resumes it at the viewer's position."""
        self.live = self.answered = False
        self.request += 1
        # The selection never changes, so that the viewer holds all of its rows up to its position: none are added.
        subset = None if self.select is None else {"id": self.request, "selection": self.select, "added": []}
        if self.position is None:
            return wire.subscribe_window(window_us, subset)
        return wire.subscribe_after(self.epoch, self.position, window_us, self.revision, subset)

    def rows(self, frame):
        """Returns the new rows of a frame (time, group, values by series). None if a subscription is due: at the start, and
        if frames were lost."""
        kind, body = frame["kind"], frame["body"]
        if kind == 1:
            if self.select is not None and "subsets" not in body["features"]:
                raise Refused(f"{body['server']} has no feature `subsets`: leave out --select")
            return None
        if kind == 2:
            # A selection has a reply before its catalog.
            self.answered = self.answered or (self.select is None and body["scope"] != "Changes")
            self.update_catalog(frame["epoch"], body)
        elif kind == 8 and body["request"] == 1:
            raise Refused(body["text"])
        elif kind == 11 and body["id"] == self.request:
            self.answered = True
            self.show_subscribed(body)
        elif not self.answered:
            return []
        elif self.live and wire.is_numbered(kind):
            if frame["sequence"] - 1 - frame["skipped"] > self.position:
                return None
            if frame["sequence"] > self.position:
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

    def show_subscribed(self, body):
        if body["extent"] == "Wider":
            # This client does not evaluate selectors, so it cannot leave out the others.
            note = "since its viewers have too many different subscriptions: all are printed"
            print(f"the server sends more than {self.select!r} selects, {note}", file=sys.stderr)
        elif body["series"] == 0:
            print(f"no series matches {self.select!r} yet; series that match later will be sent", file=sys.stderr)

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


def opened(url):
    return connect(url, max_size=wire.MAX_MESSAGE, compression=None, subprotocols=[wire.SUBPROTOCOL])


def watch(viewer, url, window_us):
    """Yields rows until the connection ends."""
    with opened(f"{url}?start=request") as socket:
        for message in socket:
            rows = viewer.rows(wire.decode_frame(message))
            if rows is None:
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


# Queries --------------------------------------------------------------------------------------------------------------


def moment(text):
    """Parses a time: relative to now (a function of now, in microseconds), or ISO 8601."""
    relative = re.fullmatch(r"-(\d+(?:\.\d+)?)([smhd])", text)
    if text == "now":
        return lambda now: now
    if relative:
        return lambda now: now - round(float(relative[1]) * UNITS[relative[2]])
    try:
        at = datetime.datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text))
    except ValueError:
        message = f"must be `now`, such as -90s, -10m, -1.5h or -2d, or ISO 8601 such as 2026-01-31T12:00:00Z, found {text!r}"
        raise argparse.ArgumentTypeError(message) from None
    at = at if at.tzinfo else at.replace(tzinfo=datetime.timezone.utc)
    return lambda now: (at - EPOCH) // MICROSECOND


def iso(at):
    return (EPOCH + at * MICROSECOND).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Query:
    """A query and the blocks of its answer so far. Pure: takes frames, and returns the request when it can be sent."""

    ID = 1

    def __init__(self, select, start, end, columns):
        self.select, self.start, self.end, self.columns = select, start, end, columns
        self.viewer, self.blocks, self.is_complete = Viewer(), [], False
        self.is_sent = False
        # By the server's clock, to which relative times refer.
        self.now = None

    def take(self, frame):
        """Returns the request when the catalog is complete, otherwise None."""
        kind, body = frame["kind"], frame["body"]
        if kind == 1:
            self.now = frame["sent_us"]
            if "queries" not in body["features"]:
                raise Refused(f"{body['server']} does not answer queries")
        elif kind == 2:
            self.viewer.update_catalog(frame["epoch"], body)
            if self.viewer.revision and not self.is_sent:
                self.is_sent = True
                return wire.query(self.ID, self.select, self.start(self.now), self.end(self.now), self.columns)
        elif kind == 8 and body["request"] == 4 and body["id"] == self.ID:
            raise Refused(body["text"])
        elif kind == 9:
            raise Refused(f"the server ends the connection: {body['text']}")
        elif kind == 10 and body["query"] == self.ID and body["part"] != "Coarse":
            self.blocks += body["blocks"]
            self.is_complete = body["part"] == "Last"
        return None

    def series(self):
        """Returns group, descriptor, step and buckets (time and fields by name) of each series, sorted by names."""
        found, unknown = {}, set()
        for block in self.blocks:
            group = self.viewer.groups.get(block["group"])
            for series in block["series"]:
                descriptor = self.viewer.series.get(series["series"])
                if group is None or descriptor is None or series["first"] is None:
                    unknown.add(series["series"])
                    continue
                buckets = found.setdefault(series["series"], (group["name"], descriptor, block["step_us"], {}))[3]
                for bucket, at in enumerate(block["times_us"]):
                    if not wire.is_missing(series["first"][bucket]):
                        buckets[at] = {name: series[name] and series[name][bucket] for name in wire.FIELDS}
        if unknown:
            print(f"{len(unknown)} series left out: the catalog does not describe them, or their encoding is unknown", file=sys.stderr)
        return sorted(
            ((group, series, step, sorted(buckets.items())) for group, series, step, buckets in found.values()),
            key=lambda entry: (entry[0], entry[1]["name"], entry[1]["labels"], entry[1]["id"]),
        )


def ask(query, url):
    """Sends the query and reads its whole answer."""
    with opened(f"{url}?window=0") as socket:
        while not query.is_complete:
            request = query.take(wire.decode_frame(socket.recv(timeout=SILENCE)))
            if request is not None:
                socket.send(request)


def number(name, value):
    """A count is a whole number. A field of unknown encoding is empty."""
    if value is None:
        return ""
    return str(int(value)) if name == "count" and math.isfinite(value) else repr(value)


def print_csv(series):
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["time", "group", "series", "labels", *wire.FIELDS])
    for group, descriptor, _, buckets in series:
        labels = json.dumps(dict(descriptor["labels"]), ensure_ascii=False)
        for at, fields in buckets:
            writer.writerow([iso(at), group, descriptor["name"], labels, *(number(name, fields[name]) for name in wire.FIELDS)])


def print_tables(series):
    for place, (group, descriptor, step, buckets) in enumerate(series):
        labels = ", ".join(f"{key}={value}" for key, value in descriptor["labels"])
        what = f"summaries of {step / 1e6:g} s" if step else "rows"
        print(("\n" if place else "") + f"{group}  {descriptor['name']}  {{{labels}}}  {len(buckets)} {what}")
        shown = wire.FIELDS if step else ("first",)
        titles = wire.FIELDS if step else ("value",)
        table = [("time", *titles)]
        for at, fields in buckets:
            table.append((iso(at), *(number(name, fields[name]) for name in shown)))
        widths = [max(map(len, column)) for column in zip(*table)]
        for cells in table:
            print("  " + "  ".join(cell.rjust(width) for cell, width in zip(cells, widths)))


def run_query(options):
    query = Query(options.select, options.start, options.end, options.columns)
    try:
        ask(query, options.url)
    except Refused as refused:
        sys.exit(str(refused))
    except ConnectionClosed as closed:
        sys.exit(f"connection lost: {closed}")
    except TimeoutError:
        sys.exit(f"the server sent nothing for {SILENCE} s")
    except wire.ProtocolError as error:
        sys.exit(f"invalid message: {error}")
    except (OSError, InvalidHandshake) as error:
        sys.exit(f"cannot connect: {error}")
    try:
        (print_csv if options.csv else print_tables)(query.series())
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader, such as `head`, has read enough. Python flushes standard output once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def with_values(arguments):
    """Joins an option and a value such as -10m, which argparse takes for another option."""
    joined = []
    for argument in arguments:
        if joined and joined[-1] in ("--from", "--to"):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", help="the stream, such as ws://127.0.0.1:9000/stream")
    parser.add_argument("--window", type=float, default=0.0, help="seconds of history to request")
    parser.add_argument("--select", metavar="SELECTOR", help="receive these series only, such as 'cpu.*', live or with --from")
    parser.add_argument("--group", help="print this group only")
    parser.add_argument("--count", type=int, help="stop after this number of rows")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    asking = parser.add_argument_group("queries", "With --from, the rows or summaries of a range of time are printed, sorted by series.")
    asking.add_argument("--from", dest="start", type=moment, metavar="TIME", help="such as -10m, -2d (before now), or 2026-01-31T12:00:00Z")
    asking.add_argument("--to", dest="end", type=moment, metavar="TIME", help="end of the range; now by default")
    asking.add_argument("--columns", type=int, help="number of columns: about one summary for each, or fewer than two rows; 80 by default")
    asking.add_argument("--csv", action="store_true", help="print CSV, in place of tables")
    options = parser.parse_args(with_values(sys.argv[1:]))
    if options.start is not None:
        if options.json or options.group or options.count is not None or options.window:
            parser.error("--window, --group, --count and --json are for live rows: leave them out, or leave out --from")
        options.end = options.end or moment("now")
        options.select = "*" if options.select is None else options.select
        options.columns = 80 if options.columns is None else options.columns
        if not 0 <= options.columns < 1 << 32:
            parser.error(f"--columns must be 1 to the limit of the server, found {options.columns}")
        return run_query(options)
    if options.end or options.columns is not None or options.csv:
        parser.error("--to, --columns and --csv need --from")
    viewer, left, pause = Viewer(options.select), options.count, 0.25
    while True:
        try:
            for row in watch(viewer, options.url, int(options.window * 1e6)):
                pause = 0.25
                if options.group not in (None, row[1]):
                    continue
                print(show(row, options.json), flush=True)
                if left is not None and (left := left - 1) <= 0:
                    return
        except Refused as refused:
            sys.exit(str(refused))
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
