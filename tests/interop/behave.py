"""What lists and results do not show: progress, cancellation, questions, changes, crowds, restarts."""

import asyncio
import json
import os
from contextlib import asynccontextmanager

from rig import short, until
from same import WAYS, order, tools_of, ways_of
from servers import MODERN, Everything

LONG = "trigger-long-running-operation"


def guarded(check):
    """A check that cannot even be carried out has failed; the others go on."""

    async def run(book, title, *arguments):
        try:
            await check(book, title, *arguments)
        except Exception as error:
            book.check(f"{title}: {check.__name__}", False, repr(error))

    return run


class Client:
    def __init__(self, driver, conn, prefix, greeting):
        self.driver, self.conn, self.prefix, self.greeting = driver, conn, prefix, greeting
        self.tally = {"unanswered": [], "repeated": []}

    def call(self, name, args, **options):
        return self.driver("call", conn=self.conn, name=self.prefix + name, args=args, **options)

    async def echo(self, text):
        outcome = await self.call("echo", {"message": text})
        return outcome.get("result", outcome)["content"][0]["text"] == f"Echo: {text}"

    async def names(self):
        return [tool["name"] for tool in tools_of((await self.driver("list", conn=self.conn))["pages"])]


OPENED = iter(range(1 << 30))


@asynccontextmanager
async def client(rig, daemon, name, open_as, way, server=None, **options):
    """A client that came in by `way`; `server` is the one that an inline callmux runs."""
    driver, conn = await rig.driver(name), f"behave-{next(OPENED)}"
    to = getattr(server, way)() if way in ("inline", "direct") else daemon.way(way)
    prefix = "" if way in ("inline", "direct") else "everything__"
    greeting = await driver("open", conn=conn, to=to, era=open_as, **options)
    opened = Client(driver, conn, prefix, greeting)
    try:
        yield opened
    finally:
        opened.tally = await driver("close", conn=conn)


@guarded
async def progress(book, title, rig, daemon, server, name, _era, open_as, way):
    async with client(rig, daemon, name, open_as, way, server) as one:
        outcome = await one.call(LONG, {"duration": 0.4, "steps": 8}, progress=True)
        expected = [["progress", step, 8] for step in range(1, 9)] + [["answer"]]
        book.check(f"{title}: progress comes in order and before the result", order(outcome) == expected, outcome)
        book.check(f"{title}: the SDK's callback sees progress", outcome["seen"] > 0, outcome)


@guarded
async def cancel(book, title, rig, daemon, server, name, _era, open_as, way):
    # server-everything asks for roots soon after its handshake. That would end a modern client's request,
    # and one that is taken back between two rounds leaves none open.
    async with client(rig, daemon, name, open_as, way, server, roots=False) as one:
        outcome = await one.call(LONG, {"duration": 5, "steps": 50}, cancel_after=2)
        book.check(f"{title}: a cancelled call ends for the client", "error" in outcome and not outcome["raw"], outcome)
        book.check(f"{title}: the next call works", await one.echo("next"))
        # Progress may be under way when the call is taken back, but soon there must be no more of
        # it, and server-everything goes on with it for the whole five seconds.
        expected = [["progress", step, 3] for step in (1, 2, 3)] + [["answer"]]
        for _ in range(5):
            after = await one.call(LONG, {"duration": 0.3, "steps": 3}, progress=True)
            if order(after) == expected:
                break
        book.check(f"{title}: nothing more is heard of the cancelled call", order(after) == expected, after)
    open_ = [request["method"] for request in one.tally["unanswered"]]
    book.check(f"{title}: the cancelled call is never answered", open_ == ["tools/call"], one.tally)


@guarded
async def questions(book, title, rig, daemon, server, name, _era, open_as, way):
    async with client(rig, daemon, name, open_as, way, server) as one:
        for tool, args, method, elicit in [
            ("trigger-sampling-request", {"prompt": "why?"}, "sampling/createMessage", None),
            ("trigger-elicitation-request", {}, "elicitation/create", None),
            ("trigger-elicitation-request", {}, "elicitation/create", "decline"),
            ("trigger-url-elicitation", {"url": "https://example.org/"}, "elicitation/create", None),
        ]:
            outcome = await one.call(tool, args, elicit=elicit)
            text = json.dumps(outcome.get("result"), ensure_ascii=False)
            what = f"{title}: {tool}{' (declined)' if elicit else ''}"
            said = {"trigger-sampling-request": "why?"}.get(tool, "declined" if elicit else "accept")
            good = order(outcome) == [["asked", method], ["answer"]] and said in text
            book.check(f"{what} asks the client and gets its answer", good, outcome)


@guarded
async def unknown(book, title, rig, daemon, server, name, _era, open_as, way):
    async with client(rig, daemon, name, open_as, way, server) as one:
        error = (await one.call("no-such-tool", {})).get("error", {})
        book.check(f"{title}: an unknown tool is -32602", error.get("code") == -32602, error)


async def each(book, rig, daemon, clients, checks):
    """Every check for every client and way, all at the same time except where it says not."""
    server = Everything(rig)
    async with client(rig, daemon, clients[0][0], "legacy", "direct", server) as one:
        said = one.greeting["instructions"]
    for check in checks:
        alone, together = [], []
        for name, era, open_as, _ in clients:
            for way in [*ways_of(name, era), "inline"]:
                expected = [said] if check is instructions else []
                one = check(book, f"{name} {era}, {way}", rig, daemon, server, *expected, name, era, open_as, way)
                # A stdio server does not say whose call a question belongs to: callmux asks nobody
                # while calls of several clients are running.
                (alone if check is questions and way != "inline" else together).append(one)
        await asyncio.gather(in_turn(alone), *together)


async def in_turn(rounds):
    for one in rounds:
        await one


async def cancellations_reach(book, log, count):
    """`log`: what callmux wrote to server-everything."""
    seen = lambda: [line for line in log.read_text().splitlines() if "notifications/cancelled" in line]
    try:
        await until(lambda: len(seen()) >= count, "cancellations", 10)
    except TimeoutError:
        pass
    ids = {json.loads(line)["params"]["requestId"] for line in seen()}
    book.check(f"the server hears of {count} cancelled calls, each once", len(seen()) == len(ids) == count, seen())


@guarded
async def changed(book, title, rig, daemon, gate, name, era, open_as, way):
    async with client(rig, daemon, name, open_as, way, gate, listen=era == MODERN) as one:
        before = await one.names()
        gate.listed()
        await one.driver("changed", conn=one.conn, more_than=0)
        after = await one.names()
        prefix = "" if way == "inline" else "late__"
        good = not before and after and all(name.startswith(prefix) for name in after)
        book.check(f"{title}: hears of changed tools", good, f"{before} → {after}")


@guarded
async def instructions(book, title, rig, daemon, server, direct, name, _era, open_as, way):
    """What a server tells agents reaches them: under its name, or from an only server as it is."""
    async with client(rig, daemon, name, open_as, way, server) as one:
        got = one.greeting.get("instructions") or ""
    good = got == direct if way == "inline" else f"# everything\n{direct}" in got
    book.check(f"{title}: the instructions are the server's own", good and direct, short(got))


async def negotiation(book, rig, daemon):
    for way in [*WAYS, "inline"]:
        async with client(rig, daemon, "ts2", "auto", way, Everything(rig)) as one:
            revision = one.greeting["revision"]
        book.check(f"ts2 auto, {way}: finds out that callmux speaks 2026-07-28", revision == "2026-07-28", revision)


async def leaving(book, rig, server):
    """A client that leaves closes stdin, waits, sends SIGTERM, waits, and sends SIGKILL ("Shutdown");
    both SDKs wait two seconds each time. callmux must not need the last, whatever its server does."""
    command, args = server.command()
    lingers = ["sh", "-c", '"$@"; exec sleep 4321', "sh", command, *args]
    process = await asyncio.create_subprocess_exec(
        rig.binary, "--plain", "--", *lingers, stdin=-1, stdout=-1, stderr=-3, env=rig.env, cwd=rig.home, limit=1 << 26
    )
    client_info = {"name": "interop", "version": "1.0.0"}
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client_info}
    hello = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
    for request in (hello, {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}):
        process.stdin.write(json.dumps(request).encode() + b"\n")
        await asyncio.wait_for(process.stdout.readline(), 30)
    process.stdin.close()
    await until(lambda: any(line.startswith("sleep 4321") for line in rig.processes().values()), "the end of input")
    process.terminate()
    try:
        code = await asyncio.wait_for(process.wait(), 2)
    except asyncio.TimeoutError:
        process.kill()
        code = await process.wait()
    what = "an inline callmux whose client left ends on SIGTERM, not on the client's SIGKILL"
    book.check(what, code >= 0, f"exit code {code} two seconds after SIGTERM")


class Gate:
    """A server that starts only once its clients have seen a list without its tools."""

    def __init__(self, rig, server, name):
        self.rig, self.path, self.seen = rig, rig.home / f"gate-{name}", 0
        command, args = server.command()
        waits = 'until [ -e "$0" ]; do sleep 0.05; done; exec "$@"'
        self.args = ["-c", waits, str(self.path), command, *args]

    def inline(self):
        return self.rig.program(["--plain", "--", "sh", *self.args])

    def config(self):
        return f'list_timeout = "10ms"\nexposure = "no-meta"\n[servers.late]\ncommand = "sh"\nargs = {json.dumps(self.args)}\n'

    def listed(self):
        self.seen += 1

    async def lift(self, count):
        await until(lambda: self.seen >= count, "lists before the change", 30)
        self.path.touch()


async def changes(book, rig, clients, server):
    gate = Gate(rig, server, "daemon")
    daemon = await rig.daemon("late", gate.config())
    rounds = [(gate, way, client) for client in clients for way in ways_of(*client[:2])]
    gates = [Gate(rig, server, str(number)) for number in range(len(clients))]
    rounds += [(own, "inline", client) for own, client in zip(gates, clients)]
    hearing = [
        changed(book, f"{name} {era}, {way}", rig, daemon, gate, name, era, open_as, way)
        for gate, way, (name, era, open_as, _) in rounds
    ]
    lifting = [gate.lift(len(rounds) - len(gates)), *(own.lift(1) for own in gates)]
    ends = await asyncio.gather(*hearing, *lifting, return_exceptions=True)
    book.check("every client saw a list before the change", not any(ends), str(ends))
    book.check("a daemon that is told to stop ends with 0", await daemon.stop() == 0)


async def slow(book, rig, servers):
    """A start may take `start_timeout`, in either era; asking for the era must not use it up."""
    lines = []
    for server in servers:
        command, args = server.command()
        args = json.dumps(["-c", 'sleep 6; exec "$@"', "sh", command, *args])
        lines += [f"[servers.{server.name}]", 'command = "sh"', f"args = {args}"]
    daemon = await rig.daemon("slow", "\n".join(lines) + "\n")
    try:
        await daemon.settled(len(servers), 20)
    except TimeoutError:
        pass
    ready = [fact["server"] for fact in daemon.facts("server_ready")]
    said = [fact["message"] for fact in daemon.facts("server_failed")]
    for server in servers:
        what = f"a {server.speaks} server that takes 6 s to start ({server.name}) is ready"
        book.check(what, server.name in ready, "; ".join(said))
    book.check("a daemon with slow servers ends with 0", await daemon.stop() == 0)


async def crowd(book, rig, daemon, clients):
    """Clients of every kind at once; each must get the answers to its own questions."""
    async with ClientsOf(rig, daemon, clients) as crowd:
        async def ask(number, one):
            texts = [f"client {number} call {call} {'·' * (call * 97)}" for call in range(25)]
            return await asyncio.gather(*(one.echo(text) for text in texts))

        answers = await asyncio.gather(*(ask(number, one) for number, one in enumerate(crowd)))
        good = [sum(answer) for answer in answers]
        book.check(f"{len(crowd)} clients at once: each of {sum(map(len, answers))} answers goes to its asker",
                   all(map(all, answers)) and len(crowd) >= 8, str(good))
    bad = [one.tally for one in crowd if one.tally["unanswered"] or one.tally["repeated"]]
    book.check(f"{len(crowd)} clients at once: every request has one answer", not bad, str(bad))


class ClientsOf:
    def __init__(self, rig, daemon, clients):
        self.opening = [client(rig, daemon, name, open_as, way) for name, era, open_as, _ in clients for way in ways_of(name, era)]

    async def __aenter__(self):
        return await asyncio.gather(*(one.__aenter__() for one in self.opening))

    async def __aexit__(self, *why):
        await asyncio.gather(*(one.__aexit__(*why) for one in self.opening))


async def check(book, rig, daemon, log, servers, clients):
    some = [server for server in servers if server.name in ("memory", "time")]
    # It waits more than it works.
    slowly = asyncio.ensure_future(slow(book, rig, some))
    await each(book, rig, daemon, clients, [unknown, instructions, progress, cancel, questions])
    await cancellations_reach(book, log, sum(len(ways_of(*one[:2])) for one in clients))
    await crowd(book, rig, daemon, clients)
    await changes(book, rig, clients, some[0])
    await negotiation(book, rig, daemon)
    await leaving(book, rig, some[0])
    await slowly
