#!/usr/bin/env python3
"""Prints the rows of a Kymograph feed server as they arrive, one per line; or closed buckets of summaries; or a range of time.

    python3 docs/examples/kymograph_client.py ws://127.0.0.1:9000/stream --window 5 --group cpu.cores
    python3 docs/examples/kymograph_client.py ws://127.0.0.1:9000/stream --window 5 --select 'cpu.*'
    python3 docs/examples/kymograph_client.py ws://127.0.0.1:9000/stream --window 60 --select 'cpu.*' --step 1s
    python3 docs/examples/kymograph_client.py ws://127.0.0.1:9000/stream --select 'cpu.*' --from -10m --columns 80 --csv

Written from docs/PROTOCOL.md alone. Reconnects after a lost connection and resumes at its position. With --select, the server
sends the rows of these series only; with --step, their summaries in buckets. A query ends with its connection.
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
from kymograph_viewer import Bucket, Refused, Viewer

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
#: Microseconds of the units of a step.
STEP_UNITS = {"us": 1, "ms": 1_000, **UNITS}
#: Seconds after which a server that sends nothing is given up. It sends live frames and heartbeats while it answers a query.
SILENCE = 30


def opened(url):
    return connect(url, max_size=wire.MAX_MESSAGE, compression=None, subprotocols=[wire.SUBPROTOCOL])


def watch(viewer, url, window_us):
    """Yields rows and closed buckets until the connection ends."""
    with opened(f"{url}?start=request") as socket:
        for message in socket:
            found = viewer.take(wire.decode_frame(message))
            if found is None:
                socket.send(viewer.subscribe(window_us))
                continue
            yield from found


def step(text):
    """Parses the length of a bucket, in microseconds."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(us|ms|s|m|h|d)", text)
    length = round(float(found[1]) * STEP_UNITS[found[2]]) if found else 0
    if length <= 0:
        raise argparse.ArgumentTypeError(f"must be such as 500ms, 1s, 5m, 1h or 1d, found {text!r}")
    return length


def finite(values):
    """Values that JSON can represent: None for others."""
    return {name: value if value is not None and math.isfinite(value) else None for name, value in values.items()}


def show_row(row, as_json):
    at, group, values = row
    if as_json:
        return json.dumps({"time_us": at, "group": group, "values": finite(values)})
    # NaN is a missing value.
    values_text = "  ".join(f"{name}={value!r}" for name, value in values.items() if not math.isnan(value))
    return f"{at / 1e6:.6f}  {group}  {values_text}"


def show_bucket(bucket, as_json):
    """A line for each series; as JSON, one for the bucket."""
    if as_json:
        series = [
            {"id": series["id"], "name": series["name"], "labels": dict(series["labels"]), **finite(fields)}
            for series, fields in bucket.series
        ]
        return json.dumps({"time_us": bucket.time_us, "step_us": bucket.step_us, "group": bucket.group, "series": series})
    lines = []
    for series, fields in bucket.series:
        is_known = fields["sum"] is not None and fields["count"] is not None
        shown = {**fields, "mean": fields["sum"] / fields["count"] if is_known else None}
        words = "  ".join(f"{name}={number(name, shown[name])}" for name in ("min", "max", "mean", "last"))
        lines.append(f"{bucket.time_us / 1e6:.6f}  {bucket.group}  {series['name']}  {words}")
    return "\n".join(lines)


def csv_lines(found, viewer):
    """The lines of a row or of a bucket, as those of a query: all fields of a row are its value, and it counts as one."""
    if isinstance(found, Bucket):
        return [csv_line(found.time_us, found.group, *series) for series in found.series]
    at, group, values = found
    described = {(viewer.groups[series["group"]]["name"], series["name"]): series for series in viewer.series.values()}
    fields = {name: {**dict.fromkeys(wire.FIELDS, value), "count": 1} for name, value in values.items() if not math.isnan(value)}
    return [csv_line(at, group, described[group, name], fields[name]) for name in fields if (group, name) in described]


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


CSV_HEADER = ["time", "group", "series", "labels", *wire.FIELDS]


def csv_line(at, group, descriptor, fields):
    labels = json.dumps(dict(descriptor["labels"]), ensure_ascii=False)
    return [iso(at), group, descriptor["name"], labels, *(number(name, fields[name]) for name in wire.FIELDS)]


def csv_writer():
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(CSV_HEADER)
    return writer


def print_csv(series):
    writer = csv_writer()
    for group, descriptor, _, buckets in series:
        writer.writerows(csv_line(at, group, descriptor, fields) for at, fields in buckets)


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
    parser.add_argument(
        "--step",
        type=step,
        metavar="LENGTH",
        help="print closed buckets of this length, such as 500ms, 1s or 5m, in place of rows: minimum, maximum, mean and last value of each "
        "series. A group comes as rows nevertheless if a bucket has fewer than eight of its intervals or more than a quarter of the server's "
        "history, if the group has more than 1,024 series, or if its source merges late rows",
    )
    parser.add_argument("--group", help="print this group only")
    parser.add_argument("--count", type=int, help="stop after this number of rows or buckets")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    asking = parser.add_argument_group("queries", "With --from, the rows or summaries of a range of time are printed, sorted by series.")
    asking.add_argument("--from", dest="start", type=moment, metavar="TIME", help="such as -10m, -2d (before now), or 2026-01-31T12:00:00Z")
    asking.add_argument("--to", dest="end", type=moment, metavar="TIME", help="end of the range; now by default")
    asking.add_argument("--columns", type=int, help="number of columns: about one summary for each, or fewer than two rows; 80 by default")
    asking.add_argument("--csv", action="store_true", help="print CSV, in place of tables; also with --step")
    options = parser.parse_args(with_values(sys.argv[1:]))
    if options.start is not None:
        if options.json or options.group or options.count is not None or options.window or options.step:
            parser.error("--window, --step, --group, --count and --json are for live rows: leave them out, or leave out --from")
        options.end = options.end or moment("now")
        options.select = "*" if options.select is None else options.select
        options.columns = 80 if options.columns is None else options.columns
        if not 0 <= options.columns < 1 << 32:
            parser.error(f"--columns must be 1 to the limit of the server, found {options.columns}")
        return run_query(options)
    if options.end or options.columns is not None:
        parser.error("--to and --columns need --from")
    if options.csv and (options.json or not options.step):
        parser.error("--csv needs --from or --step, and no --json")
    viewer, left, pause = Viewer(options.select, options.step or 0), options.count, 0.25
    writer = csv_writer() if options.csv else None
    while True:
        try:
            for found in watch(viewer, options.url, int(options.window * 1e6)):
                pause = 0.25
                is_bucket = isinstance(found, Bucket)
                if options.group not in (None, found.group if is_bucket else found[1]):
                    continue
                if writer:
                    writer.writerows(csv_lines(found, viewer))
                else:
                    print((show_bucket if is_bucket else show_row)(found, options.json))
                sys.stdout.flush()
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
