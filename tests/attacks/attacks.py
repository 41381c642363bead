"""The attacks. Each returns in words what became of it, and raises `Gained` if it got its way."""

import contextlib
import encodings.idna  # noqa: F401  A stranger cannot read our Python any more.
import json
import os
import secrets
import struct
import threading
import time
import traceback

from rig import expect, until
from wire import Response, Session, connect, head

ALL = {}
STRANGER = 65534
PATIENCE = 60


def attack(**given):
    """`given`: how the daemon is started."""

    def enter(function):
        function.given = given
        ALL[function.__name__] = function
        return function

    return enter


def as_stranger(function):
    """Runs it as another user of this machine."""
    expect(os.getuid() == 0, "only root can act as another user")
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            function()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(child, 0)
    expect(status == 0, "the stranger's own program failed")


def together(count, function):
    """In so many threads; the first error is raised here."""
    errors = []

    def run(number):
        try:
            function(number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def usable(daemon):
    reply = Session(daemon.socket).open("after").call("calm__now")
    expect("result" in reply, f"another session gets {str(reply)[:200]}")


class Bridge:
    """A client of a real bridge."""

    def __init__(self, daemon, **capabilities):
        self.process = daemon.bridge()
        # Whoever never gets an answer is told so by the bridge's end.
        self.watchdog = threading.Timer(PATIENCE, self.process.kill)
        self.watchdog.daemon = True
        self.watchdog.start()
        params = {"protocolVersion": "2025-06-18", "capabilities": capabilities, "clientInfo": {"name": "b", "version": "1"}}
        self.say({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": params})
        self.read()
        self.say({"jsonrpc": "2.0", "method": "notifications/initialized"})

    def say(self, message):
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def call(self, number, name, **arguments):
        self.say({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": name, "arguments": arguments}})

    def read(self):
        line = self.process.stdout.readline()
        expect(line, f"the bridge ended, or had nothing to say for {PATIENCE} s")
        return json.loads(line)

    def answer(self, number):
        """The response to this call; questions on the way are answered."""
        while True:
            message = self.read()
            if message.get("id") == number and "method" not in message:
                return message
            if "method" in message and "id" in message:
                said = {"role": "assistant", "content": {"type": "text", "text": "no"}, "model": "m"}
                self.say({"jsonrpc": "2.0", "id": message["id"], "result": said})

    def end(self):
        self.watchdog.cancel()
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(30)


@attack()
def stranger_calls_and_goes(daemon):
    params = {"name": "bad__count", "arguments": {}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()

    def go():
        for _ in range(100):
            with contextlib.suppress(OSError), connect(daemon.port) as stream:
                session = head("POST", "/mcp", len(body), Mcp_Session_Id=secrets.token_hex(16))
                stream.sendall(session + body + head("GET", "/mcp"))

    as_stranger(go)
    daemon.rest()
    count = daemon.counted("call count")
    expect(count == 0, f"{count} of 100 calls of another user were carried out")
    return "0 of 100 calls carried out"


@attack()
def stranger_connects(daemon):
    def go():
        for _ in range(4000):
            with contextlib.suppress(OSError), connect(daemon.port) as stream:
                stream.recv(1)

    as_stranger(go)
    return "4,000 connections of another user"


@attack()
def connects_over_tcp(daemon):
    for _ in range(4000):
        with connect(daemon.port) as stream:
            stream.sendall(head("GET", "/health"))
            Response(stream.makefile("rb"))
    return "4,000 connections of one's own"


@attack(keys="trusted = true\n")
def forged_mark(daemon):
    bridge = Bridge(daemon)
    bridge.call(1, "bad__replay")
    reply, ran = bridge.answer(1), None
    bridge.end()
    ran = daemon.counted("call replay")
    expect("result" in reply, f"the answer became {str(reply)[:200]}")
    expect(ran == 1, f"the tool ran {ran} times")
    return "one call, one answer"


@attack()
def sixty_thousand_tools(daemon):
    Session(daemon.socket).open("x").call("bad__grow")
    until(lambda: daemon.counted("listed grow"), "the long list")
    daemon.rest()
    names, size = Session(daemon.socket).open("y").tools()
    expect(len(names) == len(set(names)), "a name is listed twice")
    return f"{len(names)} tools listed, {size / 1e6:.1f} MB"


@attack()
def endless_pages(daemon):
    Session(daemon.socket).open("x").call("bad__endless")
    until(lambda: daemon.counted("listed endless"), "the first page")
    daemon.rest()
    pages = daemon.counted("listed endless")
    usable(daemon)
    return f"{pages} pages of 15 MB were read"


@attack()
def silent_client(daemon):
    bridge = Bridge(daemon)
    for number in range(6):
        bridge.call(number, "bad__image")
    daemon.rest()
    sizes = {}
    for _ in range(6):
        message = bridge.read()
        sizes[message["id"]] = len(json.dumps(message))
    bridge.end()
    expect(len(sizes) == 6 and min(sizes.values()) > 14_000_000, f"answers of {sizes} bytes")
    return "six images of 14 MB arrived"


@attack()
def twelve_thousand_questions(daemon):
    bridge = Bridge(daemon, sampling={})
    bridge.call(1, "bad__ask")
    daemon.rest()
    reply = bridge.answer(1)
    bridge.end()
    expect("result" in reply, f"the call became {str(reply)[:200]}")
    return "the call was answered"


@attack()
def wrong_definitions(daemon):
    Session(daemon.socket).open("x").call("bad__wrong")
    until(lambda: daemon.counted("listed wrong"), "the wrong list")
    daemon.rest()
    lines = len(daemon.written())
    size = len(daemon.verb("doctor").stdout)
    expect(lines < 100, f"{lines} lines in the log")
    expect(size < 20_000, f"doctor printed {size} bytes")
    return f"{lines} lines in the log, doctor prints {size} bytes"


@attack()
def mapping_bomb(daemon):
    session = Session(daemon.socket).open("x")
    mapping = {f"a{n}": "$json" for n in range(60)}
    steps = [{"tool": "bad__json"}, {"tool": "bad__count", "inputMapping": mapping}]
    reply = session.call("callmux_pipeline", steps=steps)
    size = len(json.dumps(reply))
    expect(size < 1_000_000, f"the agent gets {size} bytes")
    return f"the agent gets {size} bytes"


@attack()
def fifo_in_config(daemon):
    os.mkfifo(daemon.home / "CONFIG_HOME" / "pipe", 0o600)
    stuck = '[servers.stuck]\nurl = "http://127.0.0.1:9/mcp"\nheaders = { A = "${file:pipe}" }\n'
    daemon.config.write_text(daemon.usual + stuck)
    first = daemon.verb("reload", "--wait")
    daemon.config.write_text(daemon.usual)
    second = daemon.verb("reload", "--wait")
    expect(second.returncode == 0, f"a later reload fails: {second.stderr}")
    return f"reloads ended with {first.returncode} and {second.returncode}"


@attack()
def stderr_flood(daemon):
    Session(daemon.socket).open("x").call("bad__stderr")
    daemon.rest()
    size = sum(map(len, daemon.written()))
    expect(size < 2_000_000, f"the log grew by {size} bytes")
    return f"the log has {size} bytes"


@attack()
def readers_of_many_numbers(daemon):
    session = Session(daemon.socket).open("x")
    reply = session.call("bad__numbers")["result"]
    shown = json.dumps(reply)
    expect(len(shown) < 200_000, "the whole result was shown")
    at = shown.index('r_')
    ref = shown[at : at + next(n for n, c in enumerate(shown[at:]) if not (c.isalnum() or c == "_"))]

    def read(number):
        one = Session(daemon.socket).open(f"reader{number}")
        reply = one.call("callmux_get_result", ref=ref, path=f"[{number * 1000}]")
        expect("result" in reply, str(reply)[:200])

    together(4, read)
    return f"four readers of {ref}"


@attack()
def slow_heads(daemon):
    streams = []
    for n in range(300):
        stream = connect(daemon.port if n % 2 else daemon.socket)
        stream.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Le")
        streams.append(stream)
    usable(daemon)
    for stream in streams:
        stream.settimeout(90)
    ended = 0
    for stream in streams:
        with contextlib.suppress(ConnectionError):
            while stream.recv(4096):
                pass
        ended += 1
    return f"{ended} heads that never end were given up"


@attack(descriptors=512)
def idle_connections(daemon):
    streams = []
    for _ in range(1000):
        with contextlib.suppress(OSError):
            streams.append(connect(daemon.socket))
    done = daemon.verb("restart", "calm")
    expect(done.returncode == 0, f"a server cannot restart: {done.stderr}")
    usable(daemon)
    for stream in streams:
        stream.close()
    return "a server restarts beside 1,000 idle connections"


@attack()
def unknown_names(daemon):
    session = Session(daemon.socket).open("x")
    calls = [{"tool": f"bad__{'q' * 20_000}{n}"} for n in range(150)]
    reply = session.call("callmux_parallel", calls=calls)
    size = len(json.dumps(reply))
    expect(size < 1_000_000, f"the answer has {size} bytes")
    return f"the answer has {size} bytes"


@attack(mode="chatty")
def long_texts(daemon):
    session = Session(daemon.socket).open("x")
    told = len(json.dumps(session.hello))
    names, size = session.tools()
    expect(told < 1_000_000, f"initialize answers with {told} bytes")
    expect(size < 1_500_000, f"tools/list answers with {size} bytes")
    return f"{told} bytes at initialize, {len(names)} tools in {size} bytes"


@attack()
def one_session_takes_all_places(daemon):
    threads = []
    for n in range(40):
        def hang(n=n):
            with contextlib.suppress(OSError, ValueError, IndexError):
                session = Session(daemon.socket).open("greedy")
                session.call("callmux_parallel", calls=[{"tool": "bad__hang"}] * 200, max_concurrency=200)

        threads.append(threading.Thread(target=hang, daemon=True))
        threads[-1].start()
    daemon.rest()
    reply = Session(daemon.socket).open("modest").call("bad__count")
    expect("result" in reply, f"another session is refused: {str(reply)[:200]}")
    return "another session's call was answered"


@attack()
def body_of_fifty_megabytes(daemon):
    stream = connect(daemon.socket)
    stream.sendall(head("POST", "/mcp", 50_000_000, Expect="100-continue"))
    first = Response(stream.makefile("rb")).status
    stream.close()
    expect(first == 413, f"`Expect: 100-continue` is answered with {first}")
    stream = connect(daemon.socket)
    stream.sendall(head("POST", "/mcp", 50_000_000))
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(50):
            stream.sendall(b"x" * 1_000_000)
    try:
        status = Response(stream.makefile("rb")).status
    except ConnectionError as error:
        status = str(error)
    return f"100-continue gets 413, a sent body {status}"


@attack()
def killed_bridges(daemon):
    for n in range(4200):
        with connect(daemon.socket) as stream:
            stream.sendall(head("GET", "/link", Connection="upgrade", Upgrade="callmux-link/1"))
            hello = {"link": secrets.token_hex(16), "epoch": 1, "seen": 0, "cwd": "/", "version": "x"}
            text = json.dumps(hello).encode()
            reader = stream.makefile("rb")
            while reader.readline() not in (b"\r\n", b""):
                pass
            stream.sendall(struct.pack("<IBQQ", 17 + len(text), 1, 0, 0) + text)
            if len(reader.read(21)) < 21:
                break
    bridge = Bridge(daemon)
    bridge.call(1, "calm__now")
    expect("result" in bridge.answer(1), "a new bridge is not served")
    bridge.end()
    return "a new bridge is served beside 4,200 killed ones"


@attack()
def large_keys(daemon):
    session = Session(daemon.socket).open("x", title="t" * 3_000_000)
    for n in range(10):
        session.ask("resources/subscribe", uri=f"file:///{n}/" + "u" * 3_900_000)
    reply = session.call("callmux_call", tool="n" * 3_900_000)
    size = len(json.dumps(reply))
    expect(size < 100_000, f"an error of {size} bytes")
    sessions = [Session(daemon.socket).open(f"c{n}", title="t" * 3_000_000) for n in range(40)]
    usable(daemon)
    return f"{len(sessions)} long client names, ten long URIs; an unknown name's error has {size} bytes"
