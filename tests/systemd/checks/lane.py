"""What a call costs with the journal as the audit, and without: figures, and no entry may be missing.

`guest` has journald take any number of entries while this runs.
"""

import json
import multiprocessing
import os
import pathlib
import re
import select
import socket
import time

from figures import Figures
from lib import SOCKET, Failed, drop_in, expect, given, main_pid, run, same, until
from load import HELLO

CALL = "a1f0c6de5b7e4b0fa3a5d0c1e2f30018"
# Sessions and the calls of all of them.
LANES = ((1, 10_000), (8, 20_000), (32, 30_000))
WARM_UP = 500
# Entries are on their way for so long, in seconds, if the journal has work.
ON_THEIR_WAY = 60
BODY = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "counter__value", "arguments": {}},
}
TICK = os.sysconf("SC_CLK_TCK")


class Session:
    """One session over the socket, which says the same again and again, in as few steps as Python can."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(SOCKET))
        head = self.exchange(message(HELLO))
        session = re.search(rb"mcp-session-id: *([^\r]+)", head, re.IGNORECASE)
        self.message = message(BODY, session[1].decode())

    def exchange(self, data):
        self.socket.sendall(data)
        return self.receive()

    def receive(self):
        answer = self.socket.recv(65536)
        while not is_whole(answer):
            more = self.socket.recv(65536)
            if not more:
                raise Failed(f"the connection ended after {answer!r}")
            answer += more
        if not answer.startswith(b"HTTP/1.1 200") or b'"error"' in answer:
            raise Failed(f"answered {answer!r}")
        return answer


def message(body, session=None):
    text = json.dumps(body).encode()
    head = (
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        "accept: application/json, text/event-stream\r\n"
    )
    if session:
        head += f"mcp-session-id: {session}\r\nmcp-protocol-version: 2025-06-18\r\n"
    return f"{head}content-length: {len(text)}\r\n\r\n".encode() + text


def is_whole(answer):
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = re.search(rb"content-length: *(\d+)", answer[:end], re.IGNORECASE)
    if length:
        return len(answer) >= end + 4 + int(length[1])
    return answer.endswith(b"0\r\n\r\n")


def load(sessions, calls):
    """Sessions that each call, wait for the answer and call again, from one process. Their time in
    seconds, and the process's own."""
    lanes = {}
    poll = select.epoll()
    for _ in range(sessions):
        session = Session()
        lanes[session.socket.fileno()] = session
        poll.register(session.socket, select.EPOLLIN)
    began, busy = time.monotonic(), time.process_time()
    left = calls
    for session in lanes.values():
        session.socket.sendall(session.message)
        left -= 1
    running = sessions
    while running:
        for number, _ in poll.poll():
            session = lanes[number]
            session.receive()
            if left > 0:
                session.socket.sendall(session.message)
                left -= 1
            else:
                running -= 1
    return time.monotonic() - began, time.process_time() - busy


def loaded(sessions, calls):
    """In a process of its own: nothing of what this one has is in its way."""
    with multiprocessing.Pool(1) as pool:
        return pool.apply(load, (sessions, calls))


def busy(pid):
    """The processor time of a process, without its children, in seconds."""
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / TICK


def looks_of(pid):
    """The processor time of a process's children that have ended, in seconds."""
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[13]) + int(words[14])) / TICK


def of_writer(pid):
    """The processor time of the daemon's thread that writes facts, in seconds."""
    for thread in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if (thread / "comm").read_text().strip() == "facts":
            return int((thread / "schedstat").read_text().split()[0]) / 1e9
    raise Failed("the daemon has no thread that writes facts")


def journald():
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "comm").read_text().strip() == "systemd-journal":
                return int(entry.name)
        except OSError:
            continue
    raise Failed("there is no journald")


def entries_since(pid, first):
    """How many of the entries of calls of this daemon, numbered from `first` on, the journal has."""
    arguments = ["--user", "-o", "cat", "--no-pager", "--output-fields=CALLMUX_SEQUENCE"]
    lines = run("journalctl", *arguments, f"MESSAGE_ID={CALL}", f"_PID={pid}").stdout.split()
    numbers = [int(line) for line in lines]
    same("entries that are there twice", len(numbers) - len(set(numbers)), 0)
    same("entries that are out of order", numbers, sorted(numbers))
    return sum(1 for number in numbers if number > first)


def last_number(pid):
    arguments = ["--user", "-o", "cat", "--no-pager", "-n1", "--output-fields=CALLMUX_SEQUENCE"]
    return int(run("journalctl", *arguments, f"MESSAGE_ID={CALL}", f"_PID={pid}").stdout)


def size():
    """The bytes and the entries of the user's journal."""
    text = run("journalctl", "--user", "--header").stdout
    files = [pathlib.Path(path) for path in re.findall(r"^File path: (.*)$", text, re.MULTILINE)]
    entries = [int(n) for n in re.findall(r"^Entry objects: (\d+)", text, re.MULTILINE)]
    expect(files and len(files) == len(entries), f"`journalctl --header` says\n{text}")
    return sum(path.stat().st_blocks * 512 for path in files), sum(entries)


def drive(figures, name, sessions, calls):
    daemon, journal = main_pid(), journald()
    before = busy(daemon), of_writer(daemon), busy(journal)
    took, own = loaded(sessions, calls)
    # Its own work after that belongs to the calls as well.
    time.sleep(1)
    micros = lambda seconds: seconds * 1e6 / calls
    figures.see(f"calls a second, {sessions} sessions{name}", calls / took)
    figures.see(f"of the daemon per call, {sessions} sessions{name}", micros(busy(daemon) - before[0]), "µs")
    writer = micros(of_writer(daemon) - before[1])
    return writer, micros(busy(journal) - before[2]), micros(own)


def lane():
    figures = Figures()
    queue = pathlib.Path("/proc/sys/net/unix/max_dgram_qlen").read_text()
    figures.see("datagrams that a socket holds", int(queue))
    try:
        drop_in("lane", "[Service]\nStandardError=null\n")
        given()
        loaded(1, WARM_UP)
        for sessions, calls in LANES:
            drive(figures, " without the journal", sessions, calls)
    finally:
        drop_in("lane", None)
    given()
    loaded(1, WARM_UP)
    daemon = main_pid()
    until("the first calls are in the journal", lambda: entries_since(daemon, 0) >= WARM_UP, ON_THEIR_WAY)
    began = size()
    for sessions, calls in LANES:
        first = last_number(daemon)
        writer, of_journald, of_load = drive(figures, "", sessions, calls)
        there = lambda: entries_since(daemon, first)
        try:
            until("every call is in the journal", lambda: there() >= calls, ON_THEIR_WAY)
        except Failed:
            pass
        figures.same(f"entries missing, {sessions} sessions", calls - there(), 0)
        figures.see(f"of that for writing, {sessions} sessions", writer, "µs")
        figures.see(f"of journald per call, {sessions} sessions", of_journald, "µs")
        figures.see(f"of the load itself per call, {sessions} sessions", of_load, "µs")
    same("the daemon", main_pid(), daemon)
    ended, before = size(), looks_of(daemon)
    # Otherwise old entries gave way.
    if ended[1] > began[1]:
        figures.see("of the journal per entry", (ended[0] - began[0]) / (ended[1] - began[1]), "bytes")
    # Now and then the daemon looks into the journal by itself; this is all at once.
    run("callmux", "doctor", check=False)
    looked = sum(calls for _, calls in LANES)
    figures.see("of a look into the journal per entry", (looks_of(daemon) - before) * 1e6 / looked, "µs")
    return figures.end()


CHECKS = [("the lane of calls, with the journal and without, loses no entry", lane)]
