"""The MCP Inspector's CLI: one process per request, so it is given a part of the calls only."""

import asyncio
import json

from rig import differ, short
from servers import LEGACY, MODERN, scrubbed

# server-everything offers these only to clients that can answer its questions. callmux says to
# servers that it can; the CLI of the Inspector says that it cannot.
ASKING = {"trigger-elicitation-request", "trigger-url-elicitation", "trigger-sampling-request"}
# The first call of each name that `servers.py` has, which is one that works.
CALLS = {
    "everything": ["get-structured-content", "get-annotated-message"],
    "filesystem": ["directory_tree"],
    "git": ["git_log"],
    "time": ["convert_time"],
}
MATRIX = [(way, era) for era in (LEGACY, MODERN) for way in ("tcp", "bridge")]


class Inspector:
    def __init__(self, rig, node):
        package = rig.scratch / "inspector/node_modules/@modelcontextprotocol/inspector"
        self.rig = rig
        self.command = [node, str(package / "clients/launcher/build/index.js"), "--cli", "--quiet", "--format", "json"]
        # Two cores, and each of these is a Node of its own.
        self.turn = asyncio.Semaphore(3)

    async def __call__(self, to, *words, era=None):
        words = [*words, *(["--protocol-era", era] if era else [])]
        if "url" in to:
            words += ["--transport", "http", "--server-url", to["url"]]
        else:
            for key, value in to["env"].items():
                words += ["-e", f"{key}={value}"]
            words += ["--cwd", to["cwd"], "--", to["command"], *to["args"]]
        async with self.turn:
            process = await asyncio.create_subprocess_exec(
                *self.command, *words, stdin=-3, stdout=-1, stderr=-1, env=self.rig.env, cwd=self.rig.home
            )
            out, err = await asyncio.wait_for(process.communicate(), 60)
        try:
            return {"exit": process.returncode, **json.loads(out)}
        except ValueError:
            return {"exit": process.returncode, "out": out.decode(errors="replace"), "err": err.decode(errors="replace")}

    def list(self, to, era=None):
        return self(to, "--method", "tools/list", era=era)

    def call(self, to, name, args, era=None):
        return self(to, "--method", "tools/call", "--tool-name", name, "--tool-args-json", json.dumps(args), era=era)


async def lists(book, inspector, daemon, servers):
    direct = await asyncio.gather(*(inspector.list(server.direct()) for server in servers))
    seen = await asyncio.gather(*(inspector.list(daemon.way(way), era) for way, era in MATRIX))
    expected = {
        f"{server.name}__{tool['name']}": {**tool, "name": f"{server.name}__{tool['name']}"}
        for server, answer in zip(servers, direct)
        for tool in answer.get("result", {}).get("tools", [])
    }
    for (way, era), answer in zip(MATRIX, seen):
        if era == MODERN:
            # This revision has no `execution`, so its SDK drops it; the direct list is a legacy one.
            expected = {name: {k: v for k, v in tool.items() if k != "execution"} for name, tool in expected.items()}
        tools = {tool["name"]: tool for tool in answer.get("result", {}).get("tools", [])}
        plain = {name: tool for name, tool in tools.items() if name.removeprefix("everything__") not in ASKING}
        wrong = differ(expected, plain)
        title = f"inspector {era}, {way}: {len(expected)} tools are the servers' own"
        book.check(title, expected and not wrong and answer["exit"] == 0, wrong or short(answer))


async def calls(book, inspector, daemon, server, one):
    direct = await inspector.call(server.direct(), one["name"], one["args"])
    for way, era in MATRIX:
        seen = await inspector.call(daemon.way(way), f"{server.name}__{one['name']}", one["args"], era)
        # Which of these members the CLI prints depends on the era it spoke, not on the answer.
        for answer in (direct, seen):
            for member in ("resultType", "_meta"):
                answer.get("result", {}).pop(member, None)
        wrong = differ(scrubbed(direct, one["scrub"]), scrubbed(seen, one["scrub"]))
        good = not wrong and "result" in direct
        what = f"inspector {era}, {way}: {server.name} {one['name']} ends as it does directly"
        book.check(what, good, wrong or short(direct))


async def check(book, rig, daemon, servers, node):
    inspector = Inspector(rig, node)
    for server in servers:
        server.reset()
    chosen = [
        (server, next(one for one in server.calls() if one["name"] == name))
        for server in servers
        for name in CALLS.get(server.name, [])
    ]
    failing = {"name": "get-structured-content", "args": {"location": "Paris"}, "scrub": []}
    chosen += [(server, failing) for server in servers if server.name == "everything"]
    rounds = [calls(book, inspector, daemon, server, one) for server, one in chosen]
    for failed in await asyncio.gather(lists(book, inspector, daemon, servers), *rounds, return_exceptions=True):
        if failed:
            book.check("the inspector runs", False, repr(failed))
