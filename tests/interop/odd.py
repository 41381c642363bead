"""One odd definition in one server costs no client the lists of all servers.

The official SDKs are the judges: each refuses a whole list for one item that it cannot read.
"""

import asyncio
import json
import sys

from odd_server import HEALTHY, kinds
from rig import HERE
from same import CLIENTS

KEYS = {"tools": "tools", "prompts": "prompts", "resources": "resources", "templates": "resourceTemplates"}
# Kinds that the strictest of the SDKs has to refuse, so that it is worth asking.
REFUSED_MIN = 60


def shown_as(list_, definition):
    """How clients know the item."""
    item = json.loads(definition)
    if list_ in ("tools", "prompts"):
        return f"odd__{item['name']}"
    return item["uri" if list_ == "resources" else "uriTemplate"]


def neighbours(servers):
    """Nine healthy servers: those there are, some of them twice."""
    named = [(server.name, server) for server in servers]
    twice = [(f"{server.name}2", server) for server in servers if server.name in ("time", "thinking", "filesystem", "memory")]
    return (named + twice)[:9]


def config_of(named):
    lines = ['list_timeout = "30s"', 'exposure = "no-meta"']
    commands = {name: (*server.command(), server.env, server.rig.env["HOME"]) for name, server in named}
    commands["odd"] = (sys.executable, [str(HERE / "odd_server.py")], {}, str(HERE))
    for name, (command, args, env, cwd) in commands.items():
        env = ", ".join(f"{key} = {json.dumps(value)}" for key, value in env.items())
        lines += [f"[servers.{name}]", f"command = {json.dumps(command)}", f"args = {json.dumps(args)}"]
        lines += [f"cwd = {json.dumps(cwd)}", f"env = {{ {env} }}"]
    return "\n".join(lines) + "\n"


async def lists(driver, conn, to, era):
    await driver("open", conn=conn, to=to, era=era)
    found = (await driver("lists", conn=conn))["lists"]
    leaving = asyncio.ensure_future(driver("close", conn=conn))
    return found, leaving


async def check(book, rig, servers, clients):
    named = neighbours(servers)
    for _, server in named:
        server.reset()
    daemon = await rig.daemon("odd", config_of(named))
    await daemon.settled(len(named) + 1)
    odd = kinds()
    expected = {key: set() for key in KEYS.values()}
    for list_, healthy in HEALTHY.items():
        expected[KEYS[list_]].add(shown_as(list_, healthy))
        expected[KEYS[list_]] |= {shown_as(list_, item) for kind, becomes, _, item in odd if kind == list_ and becomes != "left out"}
    ts1 = await rig.driver("ts1") if any(name == "ts1" for name, *_ in clients) else None
    if ts1:
        await judged(book, rig, ts1, odd)
        for name, server in named:
            found, leaving = await lists(ts1, f"odd: direct {name}", server.direct(), "legacy")
            expected["tools"] |= {f"{name}__{tool}" for tool in found["tools"]}
            await leaving
    for name, era, open_as, _ in clients:
        driver, title = await rig.driver(name), f"odd: {name} {era}"
        found, leaving = await lists(driver, title, daemon.way("tcp"), open_as)
        for key in KEYS.values():
            refused = isinstance(found[key], str)
            book.check(f"{title}: {key} of ten servers are not refused", not refused, found[key] if refused else "")
            missing = expected[key] - set(found[key])
            book.check(f"{title}: all healthy and mended {key} are there", not missing, str(sorted(missing)[:5]))
            known = {item for item in found[key] if item.startswith("odd")} - expected[key]
            book.check(f"{title}: nothing else of the odd {key} is there", not known, str(sorted(known)[:5]))
        await leaving
        await called(book, driver, title, daemon, open_as)


async def judged(book, rig, driver, odd):
    """That the judge refuses what nobody mended."""
    refused = []
    for list_, key in KEYS.items():
        items = [item for kind, _, _, item in odd if kind == list_]
        refused += (await driver("judge", list=key, items=items))["refused"]
    count = sum(refused)
    book.check(f"odd: the SDK refuses {count} of {len(odd)} kinds of items as they come", count >= REFUSED_MIN)
    direct = rig.program([str(HERE / "odd_server.py")], sys.executable)
    found, leaving = await lists(driver, "odd: direct", direct, "legacy")
    for key in KEYS.values():
        book.check(f"odd: {key} with such items are refused without callmux", isinstance(found[key], str))
    await leaving


async def called(book, driver, title, daemon, open_as):
    """A tool without the output schema that it had still has results."""
    conn = f"{title}: a call"
    await driver("open", conn=conn, to=daemon.way("tcp"), era=open_as)
    await driver("lists", conn=conn)
    for tool in ("o36", "o40", "o43"):
        answer = await driver("call", conn=conn, name=f"odd__{tool}", args={})
        content = answer.get("result", {}).get("structuredContent")
        book.check(f"{title}: results of {tool} keep their structuredContent", content == {"called": tool}, str(answer))
    await driver("close", conn=conn)
