"""The daemon is told to stop and started again while clients stay connected."""

import asyncio

from behave import LONG, client
from rig import until
from same import order
from servers import LEGACY, MODERN


async def finish(book, rig, daemon, log, opened):
    """Stops the daemon while each client has a call running."""
    before = log.read_text().count(LONG)
    calls = [asyncio.ensure_future(one.call(LONG, {"duration": 1.5, "steps": 3})) for one in opened]
    await until(lambda: log.read_text().count(LONG) >= before + len(calls), "calls that reached the server")
    daemon.terminate()
    for one, call in zip(opened, calls):
        outcome = await call
        text = str(outcome.get("result", {}).get("content"))
        book.check(f"{one.title}: a call that runs when the daemon is told to stop is finished",
                   "operation completed" in text, outcome)
    code = await asyncio.wait_for(daemon.process.wait(), 30)
    book.check("a daemon that is told to stop with calls running ends with 0", code == 0, str(code))


async def away(book, daemon, servers, opened):
    """Each client calls while there is no daemon, and again when there is one."""
    waiting = [asyncio.ensure_future(one.echo("while it is away")) for one in opened]
    await asyncio.sleep(0)
    await daemon.start()
    for one, answer in zip(opened, waiting):
        book.check(f"{one.title}: a call made while the daemon is away waits for it", await answer)
    await daemon.settled(servers)


async def again(book, opened, tools):
    for one in opened:
        try:
            book.check(f"{one.title}: the next call works without reconnecting", await one.echo("again"))
            names = await one.names()
            book.check(f"{one.title}: the list is the same as before", names == tools, f"{tools} → {names}")
            if one.greeting["era"] == LEGACY:
                # Only a daemon that was told again what the client can do may ask it.
                outcome = await one.call("trigger-sampling-request", {"prompt": "still there?"})
                good = order(outcome) == [["asked", "sampling/createMessage"], ["answer"]]
                book.check(f"{one.title}: can be asked as before", good, outcome)
        except Exception as error:
            book.check(f"{one.title}: works after a restart", False, repr(error))


async def check(book, rig, daemon, servers, log, clients):
    """Bridges outlive the daemon; modern HTTP has no session that could be lost."""
    wanted = [(*one, "bridge") for one in clients]
    wanted += [(*one, way) for one in clients for way in ("tcp", "unix") if one[1] == MODERN]
    contexts, opened = [], []
    try:
        for name, era, open_as, _, way in wanted:
            contexts.append(client(rig, daemon, name, open_as, way))
            one = await contexts[-1].__aenter__()
            one.title, one.way = f"{name} {era}, {way}", way
            opened.append(one)
            # The Python SDK lists after a call to a tool it does not know, and would do so when the
            # daemon has closed its sockets already.
            tools = await one.names()
        bridges = [one for one in opened if one.way == "bridge"]
        await finish(book, rig, daemon, log, opened)
        await away(book, daemon, servers, bridges)
        await again(book, opened, tools)
    except Exception as error:
        book.check("the daemon is stopped and started again", False, repr(error))
    finally:
        for context in contexts:
            try:
                await context.__aexit__(None, None, None)
            except Exception as error:
                book.check("a client can leave after a restart", False, repr(error))
    for one in opened:
        bad = one.tally["unanswered"] + one.tally["repeated"]
        book.check(f"{one.title}: every request has one answer over the restart", not bad, str(bad))
