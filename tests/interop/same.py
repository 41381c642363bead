"""Lists and results equal those of the server itself, except for what callmux owns."""

import asyncio
import time

from rig import differ
from servers import LEGACY, MODERN, scrubbed

STAMP = "io.modelcontextprotocol/serverInfo"
# Driver, era of the client, how it is opened, how it is opened to the server itself: a modern
# client cannot be pinned there, because most servers are legacy.
CLIENTS = [
    ("ts1", LEGACY, "legacy", "legacy"),
    ("ts2", LEGACY, "legacy", "legacy"),
    ("ts2", MODERN, "modern", "auto"),
    ("py", LEGACY, "legacy", "legacy"),
    ("py", MODERN, "auto", "auto"),
]
WAYS = ["tcp", "unix", "bridge"]


def ways_of(name, era):
    """How a client comes in. HTTP with SSE is old, and one SDK that speaks it is enough."""
    return [*WAYS, "sse"] if (name, era) == ("py", LEGACY) else WAYS


async def take(driver, conn, to, era, calls, prefix=""):
    """Everything that one client gets to see of one server."""
    greeting = await driver("open", conn=conn, to=to, era=era)
    listed = await driver("list", conn=conn)
    end = time.monotonic() + 30
    # On a busy machine a server may take longer than a list waits for it (`list_timeout`).
    while not tools_of(listed["pages"]) and time.monotonic() < end:
        listed = await driver("list", conn=conn)
    called = []
    for one in calls:
        called.append(await driver("call", conn=conn, name=prefix + one["name"], args=one["args"]))
    # A client may have to wait for the end of its server; nobody else needs to wait for that.
    leaving = asyncio.ensure_future(driver("close", conn=conn))
    return {"greeting": greeting, "pages": listed["pages"], "called": called, "leaving": leaving}


def tools_of(pages):
    return [tool for page in pages for tool in page["tools"]]


def list_wrong(direct, seen, era, prefix):
    """What is wrong with the list that came through callmux; None if nothing is."""
    added = {"resultType", "ttlMs", "cacheScope"} if era == MODERN else set()
    for page in seen["pages"]:
        if page.keys() - {"tools", "nextCursor"} != added:
            return f"the members of a {era} list are {sorted(page)}"
        if era == MODERN and (page["resultType"], page["cacheScope"]) != ("complete", "private"):
            return f"resultType {page['resultType']}, cacheScope {page['cacheScope']}"
        if era == MODERN and not (isinstance(page["ttlMs"], int) and page["ttlMs"] >= 0):
            return f"ttlMs {page['ttlMs']}"
    names = [tool["name"] for tool in tools_of(seen["pages"])]
    if names != sorted(names) or len(set(names)) != len(names):
        return f"the names are not sorted and unique: {names}"
    own = [tool for tool in tools_of(seen["pages"]) if tool["name"].startswith(prefix)]
    plain = {tool["name"].removeprefix(prefix): {**tool, "name": tool["name"].removeprefix(prefix)} for tool in own}
    return differ({tool["name"]: tool for tool in tools_of(direct["pages"])}, plain)


def owned(raw, era, speaks, stamp):
    """The direct answer as callmux is to hand it on: every difference that is its own is here."""
    if raw is None or raw.get("result") is None:
        return raw
    result = dict(raw["result"])
    if era == MODERN and speaks == LEGACY:
        result["resultType"] = "complete"
    if era == LEGACY and speaks == MODERN:
        # callmux speaks the modern era with this server, and there each result names its server.
        # What the direct legacy client lacks is therefore not callmux's word but the server's.
        result["_meta"] = {**result.get("_meta", {}), STAMP: stamp}
    return {**raw, "result": result}


def call_wrong(one, direct, seen, era, speaks, stamp):
    expected = owned(direct["raw"], era, speaks, stamp)
    found = differ(scrubbed(expected, one["scrub"]), scrubbed(seen["raw"], one["scrub"]), one["name"])
    if found:
        return found
    # What the SDK tells its user: it may dislike something that the wire comparison allows.
    error = lambda outcome: {k: outcome["error"][k] for k in ("code", "message")} if "error" in outcome else None
    found = differ(scrubbed(error(direct), one["scrub"]), scrubbed(error(seen), one["scrub"]), f"{one['name']} (SDK)")
    return found or differ(order(direct), order(seen), f"{one['name']} (order)")


def order(outcome):
    """What came in about a call. Roots are left out: server-everything asks for them 350 ms after
    its handshake, whatever runs then, and callmux answers that itself when no call is running."""
    return [event for event in outcome["timeline"] if event != ["asked", "roots/list"]]


async def compare(book, title, server, calls, direct, seen, era, prefix=""):
    stamp = direct["greeting"]["server"]
    wrong = list_wrong(direct, seen, era, prefix)
    count = len(tools_of(direct["pages"]))
    book.check(f"{title}: {count} tools are the server's own", not wrong and count > 0, wrong)
    wrongs = [
        wrong
        for one, d, s in zip(calls, direct["called"], seen["called"], strict=True)
        if (wrong := call_wrong(one, d, s, era, server.speaks, stamp))
    ]
    book.check(f"{title}: {len(calls)} calls end as they do directly", not wrongs, "\n      ".join(wrongs))
    tally = await seen["leaving"]
    bad = tally["unanswered"] + tally["repeated"]
    book.check(f"{title}: every request has one answer", not bad, str(bad))
    expected = "2026-07-28" if era == MODERN else "2025-11-25"
    book.check(f"{title}: speaks {expected}", seen["greeting"]["revision"] == expected, seen["greeting"]["revision"])


async def check(book, rig, daemon, server, clients):
    """All clients and ways for one server, one after the other: its state is shared."""
    seen = []
    for name, era, open_as, open_direct_as in clients:
        driver = await rig.driver(name)
        calls = [one for one in server.calls() if one["era"] in (None, era)]
        ways = {way: (daemon.way(way), open_as, f"{server.name}__") for way in ways_of(name, era)}
        ways = {"direct": (server.direct(), open_direct_as, ""), **ways, "inline": (server.inline(), open_as, "")}
        for way, (to, open_as, prefix) in ways.items():
            server.reset()
            title = f"{name} {era}, {way}: {server.name}"
            try:
                taken = await take(driver, title, to, open_as, calls, prefix)
                seen.append((title, way, taken, calls, era, prefix))
            except Exception as error:
                book.check(title, False, repr(error))
    direct = None
    for title, way, taken, calls, era, prefix in seen:
        try:
            if way == "direct":
                direct = taken
                await direct["leaving"]
            else:
                await compare(book, title, server, calls, direct, taken, era, prefix)
        except Exception as error:
            book.check(title, False, repr(error))
