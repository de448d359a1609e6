"""The state of a viewer of Kymograph: catalog, position, what was passed on. Pure: it takes frames, and returns rows, buckets and requests.

Written from docs/PROTOCOL.md alone. Requires only the standard library.
"""

import dataclasses
import math
import sys

import kymograph_wire as wire


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


@dataclasses.dataclass
class Bucket:
    """A bucket of one group: its start, its length, and the fields of each series. A field is None if it is not known."""

    # The id of the group, and fields by the ids of series. When it is passed on: the name of the group, and pairs of descriptor and fields.
    group: int | str
    time_us: int
    step_us: int
    series: dict | list
    is_closed: bool

    def fingerprint(self):
        return hash((self.step_us, tuple((series, *fields.values()) for series, fields in self.series.items())))


class Buckets:
    """The buckets of the groups that are sent as summaries. Takes blocks and updates, and returns each bucket when it is closed.

    A program that also keeps open buckets drops those without a sum at the end of an answer, except those in `begun`."""

    # Of closed buckets of a group, the last ones are remembered: a resume repeats some of them.
    REMEMBERED = 4096

    def __init__(self):
        # By group: the bucket that the last update has begun since the answer began. Updates that begin none refer to it.
        self.begun = {}
        # By group: the times of the last block of the answer, and its buckets, which the next block may extend by other series.
        self.gathered = {}
        # By group: the fingerprints of buckets that were passed on, by their rising start times.
        self.passed = {}

    def restart(self):
        """Begins an answer. The buckets that were passed on stay: a program that keeps buckets drops those that are replaced."""
        self.begun, self.gathered = {}, {}

    def history(self, blocks, updates):
        """Takes a part of the history, in which each update begins the open bucket of a group, and lists its series."""
        closed = [bucket for block in blocks for bucket in self.take_block(block)]
        for update in updates:
            closed += self.flush(update["group"])
            if self.can_apply([update]):
                closed += self.update([update])
        return closed

    def end(self):
        """Ends the answer."""
        return [bucket for group in list(self.gathered) for bucket in self.flush(group)]

    def take_block(self, block):
        """Returns the buckets of the blocks before it, if they are complete."""
        group, times, closed = block["group"], block["times_us"], []
        if not times:
            return closed
        if group not in self.gathered or self.gathered[group][0] != times:
            closed = self.flush(group)
            self.gathered[group] = times, [Bucket(group, at, block["step_us"], {}, True) for at in times]
        for series in block["series"]:
            for place, bucket in enumerate(self.gathered[group][1]):
                if series["first"] is None or not wire.is_missing(series["first"][place]):
                    bucket.series[series["series"]] = {name: series[name] and series[name][place] for name in wire.FIELDS}
        return closed

    def flush(self, group):
        _, buckets = self.gathered.pop(group, ((), []))
        return [bucket for bucket in buckets if self.is_new(bucket)]

    def is_new(self, bucket):
        """Returns false if a closed bucket was passed on before."""
        passed, fingerprint = self.passed.setdefault(bucket.group, {}), bucket.fingerprint()
        if passed.get(bucket.time_us) == fingerprint:
            return False
        # It replaces those that begin at the same time or later.
        while passed and next(reversed(passed)) >= bucket.time_us:
            passed.popitem()
        passed[bucket.time_us] = fingerprint
        if len(passed) > self.REMEMBERED:
            del passed[next(iter(passed))]
        return True

    def can_apply(self, updates):
        """Returns false if an update needs a bucket of its group and none has begun, or one of another number of series: a frame was lost."""
        sizes = {group: len(bucket.series) for group, bucket in self.begun.items()}
        for update in updates:
            group, begins = update["group"], update["begins"]
            if begins and begins["series"] is not None:
                sizes[group] = update["series"]
            if sizes.get(group) != update["series"]:
                return False
        return True

    def update(self, updates):
        """Takes the updates of a frame."""
        closed = []
        for update in updates:
            bucket = self.apply(update)
            if bucket.is_closed and self.is_new(bucket):
                closed.append(dataclasses.replace(bucket, series={series: dict(fields) for series, fields in bucket.series.items()}))
        return closed

    def apply(self, update):
        """Returns the bucket that the update has begun or changed."""
        group, begins, decimals = update["group"], update["begins"], update["decimals"]
        bucket = self.begun.get(group)
        if begins:
            if begins["series"] is None:
                # It follows the open bucket: same step, same series, and first values by their difference to the last ones.
                step, held = bucket.step_us, {series: fields["last"] for series, fields in bucket.series.items()}
            else:
                step, held = begins["step_us"], dict.fromkeys(begins["series"], 0.0)
            firsts = [wire.restored(*values, decimals) for values in zip(held.values(), update["first"])]
            series = {
                series: {**dict.fromkeys(("first", "last", "min", "max"), first), "sum": None, "count": None}
                for series, first in zip(held, firsts)
            }
            bucket = self.begun[group] = Bucket(group, begins["start_us"], step, series, False)
        for name, sign in (("last", 1), ("min", -1), ("max", 1)):
            for fields, stated in zip(bucket.series.values(), update[name]):
                if stated is not None:
                    fields[name] = wire.restored(fields[name], stated, decimals, sign)
        for fields, total, count in zip(bucket.series.values(), update["sum"], update["count"]):
            fields.update(sum=total, count=float(count))
        bucket.is_closed = update["closed"]
        return bucket


class Viewer:
    """State of a viewer: catalog, position, and the rows and buckets that were passed on."""

    def __init__(self, select=None, step_us=0):
        # A selector; None for everything. With a step, groups are sent as summaries, if the server can send them so.
        self.select, self.step_us = "*" if step_us and select is None else select, step_us
        self.groups, self.series, self.passed, self.buckets = {}, {}, {}, Buckets()
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
        # The selection and the step never change, so that the viewer holds all of its rows and buckets up to its position: none are added.
        subset = {"id": self.request, "selection": self.select, "added": [], "step_us": self.step_us}
        subset = None if self.select is None else subset
        if self.position is None:
            return wire.subscribe_window(window_us, subset)
        return wire.subscribe_after(self.epoch, self.position, window_us, self.revision, subset)

    def take(self, frame):
        """Returns the new rows of a frame (time, group, values by series), and its closed buckets. None if a subscription is due: at the
        start, and if frames were lost."""
        kind, body = frame["kind"], frame["body"]
        if kind == 1:
            if self.select is not None and "subsets" not in body["features"]:
                raise Refused(f"{body['server']} has no feature `subsets`: leave out --select")
            if self.step_us and "summaries" not in body["features"]:
                raise Refused(f"{body['server']} has no feature `summaries`: leave out --step")
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
                if kind in wire.SAMPLES and not self.buckets.can_apply(body["updates"]):
                    return None
                self.position = frame["sequence"]
                if kind in wire.SAMPLES:
                    rows = self.new_rows([*self.unpack(body["blocks"]), *self.gather(body["list"])])
                    return [*rows, *self.named(self.buckets.update(body["updates"]))]
                self.show_entry(frame)
        elif kind in (64, 65):
            self.show_entry(frame)
        elif kind == 4:
            rows = self.new_rows(self.unpack(body["blocks"], is_history=True))
            if body["part"] == "Last":
                self.position, self.live = frame["sequence"], True
                return [*rows, *self.named(self.buckets.end())]
            return rows
        elif kind == 12 and not self.live:
            return self.named(self.buckets.history(body["blocks"], body["open"]))
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
            self.epoch, self.position, self.passed, self.entry, self.buckets = epoch, None, {}, 0, Buckets()
        if catalog["scope"] != "Changes":
            self.buckets.restart()
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

    def named(self, buckets):
        """Returns buckets with the name of their group and the descriptors of their series. What the catalog does not describe, and
        buckets without values, are left out."""
        found = []
        for bucket in buckets:
            series = [(self.series[series], fields) for series, fields in bucket.series.items() if series in self.series]
            if bucket.group in self.groups and series:
                found.append(dataclasses.replace(bucket, group=self.groups[bucket.group]["name"], series=series))
        return found

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
