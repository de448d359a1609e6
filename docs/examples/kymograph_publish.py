#!/usr/bin/env python3
"""Sends rows of values to a Kymograph feed server that has the source `publish`. Needs Python only, and no other file.

    some-program | python3 kymograph_publish.py ws://127.0.0.1:9000 --publisher worker --group queue

reads lines `NAME VALUE [TIME]`, with TIME in seconds since 1970. Consecutive lines of one TIME are one row; so are lines without TIME that
follow each other within 50 ms, until a name comes again. In a program:

    publisher = Publisher("ws://127.0.0.1:9000", "worker")
    queue = publisher.group("queue", unit="{job}", interval=0.1)
    queue.row({"waiting": 3, "running": 1})
    publisher.close()

Written from docs/PROTOCOL.md alone. A thread sends sixty times a second, reconnects after a lost connection, and sends again what the
server does not hold. The buffer is bounded; when it is full, the oldest rows are dropped and counted in `lost`.
"""

import argparse
import base64
import collections
import hashlib
import math
import os
import queue
import random
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

PATH, SUBPROTOCOL, VERSION = "/v1/publish", "kymograph.2", 2
MAX_MESSAGE = 65536
#: Values of a message: raw, so that it stays below MAX_MESSAGE with the heads of its columns.
MAX_MESSAGE_VALUES = 6000
MAX_SERIES = 2048
#: Close codes after which the same program would be refused again.
FINAL = {1003, 1007, 1009, 4409, 4426}
#: Seconds after which a server that sends nothing is given up. It states the held position each second.
SILENCE = 5
TURN = 1 / 60
#: Seconds after a line without a time in which further ones belong to its row.
ROW_OPEN = 0.05


class PublishError(Exception):
    """The connection failed, or the server refused it. `is_final`: it would refuse it again."""

    def __init__(self, text, is_final=False):
        super().__init__(text)
        self.is_final = is_final


# Messages -------------------------------------------------------------------------------------------------------------


def varint(number):
    if number < 251:
        return bytes([number])
    for first, form, limit in ((251, "<H", 1 << 16), (252, "<I", 1 << 32), (253, "<Q", 1 << 64)):
        if number < limit:
            return bytes([first]) + struct.pack(form, number)
    raise ValueError(f"number must fit 64 bits, found {number}")


def signed(number):
    return varint(2 * number if number >= 0 else -2 * number - 1)


def sized(data):
    return varint(len(data)) + data


def text(value):
    return sized(value.encode())


def message(kind, body):
    return b"KY" + bytes([VERSION, kind]) + struct.pack("<I", len(body)) + body


def open_message(publisher, run):
    return message(6, text(publisher) + varint(run))


def group_descriptor(number, name, title, unit, interval_us, bounds="Auto", prominence="Overview", rank=0):
    """`bounds` is `Auto`, `FromZero`, or a pair of numbers; `prominence` is `Overview` or `Detail`."""
    if isinstance(bounds, str):
        ends = varint(("Auto", "FromZero").index(bounds))
    else:
        ends = varint(2) + struct.pack("<dd", *bounds)
    place = varint(("Overview", "Detail").index(prominence)) + varint(rank)
    return sized(varint(number) + text(name) + text(title) + text(unit) + varint(interval_us) + ends + place)


def series_descriptor(number, group, name, labels, kind="Gauge"):
    """`labels` is a list of pairs."""
    kind = ("Gauge", "Counter", "Bucket", "State").index(kind)
    labels = b"".join(text(key) + text(value) for key, value in labels)
    return sized(varint(number) + varint(group) + text(name) + varint(kind) + sized(labels))


def announce(groups, series):
    """Of encoded descriptors, by rising ids."""
    return message(7, sized(b"".join(groups)) + sized(b"".join(series)))


def block(group, times_us, columns):
    """Times and columns in full length. `columns` are pairs of a series and its bytes, by rising ids."""
    times = struct.pack(f"<{len(times_us)}q", *times_us)
    columns = b"".join(varint(series) + b"\0" + sized(values) for series, values in columns)
    return b"\0" + varint(group) + varint(len(times_us)) + b"\0" + sized(times) + sized(columns)


def rows(number, lost, blocks):
    return message(8, varint(number) + varint(lost) + signed(0) + sized(b"".join(blocks)))


def end(series):
    return message(9, sized(b"".join(map(varint, series))))


class Reader:
    """Reads the fields of a body."""

    def __init__(self, data):
        self.data, self.offset = data, 0

    def take(self, count):
        taken = self.data[self.offset : self.offset + count]
        if len(taken) < count:
            raise PublishError("a message of the server is cut off")
        self.offset += count
        return taken

    def varint(self):
        first = self.take(1)[0]
        form = {251: "<H", 252: "<I", 253: "<Q"}.get(first)
        return struct.unpack(form, self.take(struct.calcsize(form)))[0] if form else first

    def text(self):
        return self.take(self.varint()).decode(errors="replace")


def answer(data):
    """Returns kind and body of a message of the server; only the kinds that a publisher needs have a body."""
    if data[:3] != b"KY" + bytes([VERSION]) or len(data) < 32:
        raise PublishError("a message of the server is not of this protocol")
    kind, reader = data[3], Reader(data[32:])
    if kind == 13:
        return kind, {name: reader.varint() for name in ("run", "number", "dropped")}
    if kind == 14:
        reader.take(reader.varint())
        reader.take(reader.varint())
        return kind, {"text": reader.text()}
    if kind == 9:
        reader.varint()
        return kind, {"retry_after_us": reader.varint(), "text": reader.text()}
    return kind, None


# A WebSocket (RFC 6455) ------------------------------------------------------------------------------------------------


class WebSocket:
    """A client's connection. Every call ends within a few seconds."""

    def __init__(self, url, token=None, context=None):
        parts = urllib.parse.urlsplit(url if "://" in url else "ws://" + url)
        if parts.scheme not in ("ws", "http", "wss", "https") or not parts.hostname:
            raise PublishError(f"an address must have the form ws://HOST:PORT, found {url!r}", is_final=True)
        port = parts.port or 9000
        path = parts.path.rstrip("/")
        path = path if path.endswith(PATH) else path + PATH
        self.socket = socket.create_connection((parts.hostname, port), timeout=SILENCE)
        if parts.scheme in ("wss", "https"):
            context = context or ssl.create_default_context()
            self.socket = context.wrap_socket(self.socket, server_hostname=parts.hostname)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data, self.fragments, self.heard = bytearray(), bytearray(), time.monotonic()
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        self.handshake(f"{host}:{port}", path, token)

    def handshake(self, host, path, token):
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket"]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", f"Sec-WebSocket-Protocol: {SUBPROTOCOL}"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.data:
            if not self.fill(SILENCE):
                raise PublishError("the server does not answer")
        head, _, rest = bytes(self.data).partition(b"\r\n\r\n")
        status, *headers = head.decode(errors="replace").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in headers)}
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        if " 101" not in status or fields.get("sec-websocket-accept") != accept.decode():
            raise PublishError(f"the server answered {status}: {rest.decode(errors='replace').strip()[:200]}")
        self.data = bytearray(rest)

    def fill(self, seconds):
        """Reads bytes that arrive within this time. Returns false if none do."""
        self.socket.settimeout(max(seconds, 0.0001))
        try:
            read = self.socket.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        if not read:
            raise PublishError("the server has closed the connection")
        self.data += read
        self.heard = time.monotonic()
        return True

    def send(self, data, opcode=2):
        length = len(data)
        head = bytes([0x80 | opcode])
        if length < 126:
            head += bytes([0x80 | length])
        else:
            head += struct.pack(">BH", 0x80 | 126, length) if length < 65536 else struct.pack(">BQ", 0x80 | 127, length)
        mask = os.urandom(4)
        repeated = mask * (length // 4 + 1)
        masked = int.from_bytes(data, "little") ^ int.from_bytes(repeated[:length], "little")
        self.socket.settimeout(SILENCE)
        self.socket.sendall(head + mask + masked.to_bytes(length, "little"))

    def receive(self, seconds):
        """Returns the next binary message; None if none arrives within this time."""
        until = time.monotonic() + seconds
        while True:
            frame = self.frame()
            if frame is None:
                if time.monotonic() - self.heard > SILENCE:
                    raise PublishError(f"the server has sent nothing for {SILENCE} s")
                if not self.fill(until - time.monotonic()):
                    return None
                continue
            is_last, opcode, data = frame
            if opcode == 8:
                code, reason = (struct.unpack(">H", data[:2])[0], data[2:].decode(errors="replace")) if data else (1005, "")
                raise PublishError(f"closed by the server with {code}: {reason}", is_final=code in FINAL)
            if opcode == 9:
                self.send(data, opcode=10)
            elif opcode in (0, 2):
                self.fragments += data
                if len(self.fragments) > MAX_MESSAGE:
                    raise PublishError("a message of the server is too long")
                if is_last:
                    whole, self.fragments = bytes(self.fragments), bytearray()
                    return whole

    def frame(self):
        """Removes a whole WebSocket frame from the bytes that were read: final, opcode, payload."""
        if len(self.data) < 2:
            return None
        length, head = self.data[1] & 127, 2
        if length >= 126:
            form = ">H" if length == 126 else ">Q"
            head += struct.calcsize(form)
            if len(self.data) < head:
                return None
            (length,) = struct.unpack_from(form, self.data, 2)
        if length > MAX_MESSAGE:
            raise PublishError("a message of the server is too long")
        if len(self.data) < head + length:
            return None
        first, payload = self.data[0], bytes(self.data[head : head + length])
        del self.data[: head + length]
        return first >> 7 == 1, first & 15, payload

    def close(self):
        try:
            self.send(struct.pack(">H", 1000), opcode=8)
        except OSError:
            pass
        self.socket.close()


# A publisher ----------------------------------------------------------------------------------------------------------


class Group:
    """Series that are measured together. A series is announced with its first value."""

    def __init__(self, publisher, number, name, title, unit, interval, bounds, prominence, rank):
        self.publisher, self.number, self.name = publisher, number, name
        interval_us = max(1, round(interval * 1e6))
        self.descriptor = group_descriptor(number, name, title, unit, interval_us, bounds, prominence, rank)
        # Ids by name; rows that are not encoded yet.
        self.series, self.rows, self.newest = {}, [], None

    def row(self, values, at=None):
        """Appends a row: values by name of series, at a time in seconds since 1970 (default: now). Never waits.

        Raises ValueError for a row that is not later than the last one, or has a series too many."""
        with self.publisher.changed:
            time_us = round((time.time() if at is None else at) * 1e6)
            if self.newest is not None and time_us <= self.newest:
                if at is not None:
                    raise ValueError(f"a row of group {self.name!r} must be later than the last one, found {at}")
                time_us = self.newest + 1
            row = {self.publisher.series_id(self, name): float(value) for name, value in values.items()}
            self.newest = time_us
            self.rows.append((time_us, row))
            self.publisher.add_bytes(16 + 16 * len(row))


class Publisher:
    """Sends rows to one server. `lost` counts rows that were dropped, `refused` those that the server dropped because of their
    times; `error` is the text of the last error; `is_over` is true if the server has refused the publisher for good."""

    def __init__(self, url, name, token=None, buffer_bytes=16 << 20, context=None):
        self.url, self.name, self.token, self.buffer_bytes, self.context = url, name, token, buffer_bytes, context
        self.run = random.SystemRandom().randrange(1, 1 << 53)
        self.changed = threading.Condition()
        self.groups, self.series = {}, []
        # Messages (number, rows, bytes) that are not held; bytes of rows that are not encoded.
        self.messages, self.message_bytes, self.row_bytes = collections.deque(), 0, 0
        self.number = self.lost = self.refused = 0
        self.error, self.is_over, self.ends_at, self.has_worked = None, False, None, False
        self.thread = threading.Thread(target=self.work, name="kymograph-publish", daemon=True)
        self.thread.start()

    def group(self, name, unit="", interval=1.0, title=None, bounds="Auto", prominence="Overview", rank=0):
        """A group of this name, which is made if there is none. `interval` is the intended time between rows, in seconds.

        A page shows groups of `prominence` `Detail` after all others, and orders those of one prominence by `rank`."""
        with self.changed:
            if name not in self.groups:
                number = len(self.groups) + 1
                described = (title or name, unit, interval, bounds, prominence, rank)
                self.groups[name] = Group(self, number, name, *described)
            return self.groups[name]

    def flush(self, timeout=5.0):
        """Waits until the server holds all rows. Returns false if the time is over first."""
        with self.changed:
            return self.changed.wait_for(lambda: self.is_held() or self.is_over, timeout) and self.is_held()

    def close(self, timeout=1.0):
        """Sends what waits, for at most this long, and ends. Returns false if rows are left."""
        with self.changed:
            self.ends_at = time.monotonic() + timeout
        self.thread.join(timeout + SILENCE)
        return self.is_held()

    def is_held(self):
        return not self.messages and not self.row_bytes

    def waiting(self):
        """Returns the number of rows that the server does not hold."""
        with self.changed:
            return sum(rows for _, rows, _ in self.messages) + sum(len(group.rows) for group in self.groups.values())

    # The rest is called with the lock `changed`, or by the thread.

    def series_id(self, group, name):
        if name not in group.series:
            if len(group.series) >= MAX_SERIES:
                raise ValueError(f"group {group.name!r} has {MAX_SERIES} series, the limit for a group")
            # A row that was not encoded has no value of it.
            self.series.append((group, name))
            group.series[name] = len(self.series)
        return group.series[name]

    def add_bytes(self, count):
        self.row_bytes += count
        if self.row_bytes > min(self.buffer_bytes // 4, 1 << 20):
            self.encode()
        while self.message_bytes + self.row_bytes > self.buffer_bytes and self.messages:
            _, dropped, data = self.messages.popleft()
            self.message_bytes -= len(data)
            self.lost += dropped

    def encode(self):
        """Encodes the rows that wait. Rows of different series are different blocks."""
        for group in self.groups.values():
            taken, group.rows = group.rows, []
            while taken:
                names = taken[0][1].keys()
                count = max(1, MAX_MESSAGE_VALUES // (len(names) + 1))
                same = next((place for place, (_, row) in enumerate(taken[:count]) if row.keys() != names), len(taken[:count]))
                part, taken = taken[:same], taken[same:]
                columns = [
                    (series, struct.pack(f"<{same}d", *(row[series] for _, row in part))) for series in sorted(names)
                ]
                self.number += 1
                data = rows(self.number, self.lost, [block(group.number, [at for at, _ in part], columns)])
                self.messages.append((self.number, same, data))
                self.message_bytes += len(data)
        self.row_bytes = 0

    def work(self):
        pause = 0.25
        while not self.is_over:
            try:
                self.connection()
                break
            except (PublishError, OSError) as error:
                with self.changed:
                    self.error, self.is_over = str(error), getattr(error, "is_final", False)
                    is_ending = self.ends_at is not None and time.monotonic() >= self.ends_at
                    self.changed.notify_all()
                if is_ending or self.is_over:
                    break
                time.sleep(pause * random.uniform(0.5, 1) if self.ends_at is None else TURN)
                pause = 0.25 if self.has_worked else min(2 * pause, 10)
        with self.changed:
            self.is_over = True
            self.changed.notify_all()

    def connection(self):
        """Sends until the publisher is closed."""
        self.has_worked = False
        link = WebSocket(self.url, self.token, self.context)
        try:
            link.send(open_message(self.name, self.run))
            sent = None
            while sent is None:
                sent = self.take(link.receive(SILENCE))
            groups = series = 0
            while True:
                with self.changed:
                    self.encode()
                    messages = [entry for entry in self.messages if entry[0] > sent][:16]
                    announced = list(self.groups.values())[groups:], self.series[series:]
                    groups, series = len(self.groups), len(self.series)
                    if self.ends_at is not None and (self.is_held() or time.monotonic() >= self.ends_at):
                        return
                self.announce(link, *announced)
                for sent, _, data in messages:
                    link.send(data)
                received = link.receive(0 if len(messages) == 16 else TURN)
                while received is not None:
                    self.take(received)
                    received = link.receive(0)
        finally:
            link.close()

    def announce(self, link, groups, series):
        """Announces groups before their series, in messages of some hundreds."""
        for place in range(0, len(groups), 50):
            link.send(announce([group.descriptor for group in groups[place : place + 50]], []))
        first = len(self.series) - len(series) + 1
        described = [
            series_descriptor(number, group.number, name, [("series", name)])
            for number, (group, name) in enumerate(series, first)
        ]
        for place in range(0, len(described), 50):
            link.send(announce([], described[place : place + 50]))

    def take(self, data):
        """Takes an answer. Returns the number that the server holds, if it says so."""
        kind, body = answer(data) if data is not None else (None, None)
        with self.changed:
            if kind == 13 and body["run"] == self.run:
                self.has_worked, self.refused = True, body["dropped"]
                while self.messages and self.messages[0][0] <= body["number"]:
                    self.message_bytes -= len(self.messages.popleft()[2])
                self.changed.notify_all()
                return body["number"]
            if kind in (9, 14):
                self.error = body["text"]
        return None


# Command line ---------------------------------------------------------------------------------------------------------


def read_line(line):
    """Returns name, value and time (None: now) of a line."""
    fields = line.rsplit(None, 2)
    if len(fields) == 3 and is_number(fields[1]) and is_number(fields[2]):
        return fields[0], float(fields[1]), float(fields[2])
    name, value = line.rsplit(None, 1)
    return name, float(value), None


def is_number(field):
    try:
        float(field)
    except ValueError:
        return False
    return True


def lines_of(file):
    """Yields the lines of a file, and None when no line has come for a moment. Empty lines are left out."""
    lines = queue.Queue(10_000)

    def read():
        for line in file:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=ROW_OPEN)
        except queue.Empty:
            line = None
        if line == "":
            return
        if line is None or line.strip():
            yield line


def rows_of(lines):
    """Yields rows: values by name, and the time (None: now); and None when nothing has come for a moment. Consecutive lines of one time
    share a row, in which a name occurs once."""
    row, at = {}, None
    for line in lines:
        if line is None:
            if row and at is None:
                yield row, at
                row = {}
            yield None
            continue
        try:
            name, value, line_at = read_line(line)
        except ValueError:
            print(f"expected `NAME VALUE [TIME]`, found {line.strip()!r}", file=sys.stderr)
            continue
        if row and (line_at != at or name in row):
            yield row, at
            row = {}
        row[name], at = value, line_at
    if row:
        yield row, at


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="such as ws://127.0.0.1:9000")
    parser.add_argument("--publisher", required=True, help="the name of this program, the same at each start")
    parser.add_argument("--group", required=True, help="the name of the group")
    parser.add_argument("--unit", default="", help="the unit of the values, in UCUM: By, s, 1")
    parser.add_argument("--interval", type=float, default=1.0, help="the intended seconds between rows [default: 1]")
    parser.add_argument("--token-file", help="a file with a token of the role publish")
    arguments = parser.parse_args()
    if not (math.isfinite(arguments.interval) and 0 < arguments.interval <= 86400):
        parser.error(f"--interval must be above 0 and at most 86400, found {arguments.interval}")
    token = open(arguments.token_file, encoding="ascii").read().strip() if arguments.token_file else None
    publisher = Publisher(arguments.url, arguments.publisher, token)
    group = publisher.group(arguments.group, arguments.unit, arguments.interval)
    stated = None
    try:
        for found in rows_of(lines_of(sys.stdin)):
            if found is not None:
                try:
                    group.row(*found)
                except ValueError as error:
                    print(error, file=sys.stderr)
            if publisher.error != stated:
                stated = publisher.error
                print(f"{stated}; trying again" if not publisher.is_over else stated, file=sys.stderr)
            if publisher.is_over:
                break
    except KeyboardInterrupt:
        pass
    is_complete = publisher.close(10)
    if not is_complete or publisher.lost:
        lost = publisher.lost + publisher.waiting()
        print(f"{lost} rows did not reach the server; last error: {publisher.error}", file=sys.stderr)
    sys.exit(0 if is_complete and not publisher.lost else 1)


if __name__ == "__main__":
    main()
