"""What the model of a real agent reads when it may not do something: the reason, and what can be done about it.

The agents come over TCP, each with a token of its own. One more tool is there for what they may do.
"""

import json
import subprocess
import sys

from agents import Model, claude, codex

# A server whose tool has the description that stands in a file.
MOVED = """
import json, pathlib, sys
tool = {"name": "find", "description": pathlib.Path(sys.argv[1]).read_text(), "inputSchema": {"type": "object"}}
about = {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "moved", "version": "1"}}
for line in sys.stdin:
    message = json.loads(line)
    if "id" in message and "method" in message:
        results = {"initialize": about, "tools/list": {"tools": [tool]}, "tools/call": {"content": []}}
        result = results.get(message["method"], {})
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""
CONFIG = """# What is denied or held is not listed: it can be asked for by callmux_call alone.
exposure = "full"

[servers.counter]
command = {binary}
args = ["example-server", "counter"]

[servers.moved]
command = {python}
args = ["-c", {moved}, {words}]
pin = "hold"

[[access.rules]]
id = "no-reset"
tools = ["counter__reset"]
effect = "deny"

[[access.rules]]
id = "asks"
tools = ["counter__increment"]
effect = "ask"

[[access.rules]]
effect = "allow"
"""
# What is wanted, by which tool of ours, and what the model is to read of it.
WISHES = {
    "a tool that it may use": ("counter__value", {}, ["value"]),
    "a denied one": ("callmux_call", {"tool": "counter__reset"}, ["there is no tool", "counter__reset"]),
    "one that a person is asked about": (
        "counter__increment", {}, ["a person has to approve this call first", "callmux approvals", "make the very same call again"],
    ),
    "a held one": (
        "callmux_call", {"tool": "moved__find"},
        ["is not what it was when it was accepted", "callmux pins diff moved find", "callmux pins accept moved find"],
    ),
}


def token(rig, config, name):
    words = [rig.binary, "token", "new", name, "--config", config]
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, env=rig.env, timeout=60)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


async def check(book, rig):
    words, place = rig.home / "moved.txt", rig.home / "told"
    words.write_text("Finds things.")
    (place / "conf.d").mkdir(parents=True)
    text = {"binary": rig.binary, "python": sys.executable, "moved": MOVED, "words": str(words)}
    daemon = await rig.daemon("told", "")
    await daemon.stop()
    (place / "config.toml").write_text(CONFIG.format(**{key: json.dumps(value) for key, value in text.items()}))
    daemon.config = place
    tokens = {name: token(rig, place, name.lower()) for name in ("Claude", "Codex")}
    # What was seen first is what was accepted; then it changes.
    await daemon.start()
    await daemon.settled(2)
    await daemon.stop()
    words.write_text("Finds things, and tells everybody.")
    await daemon.start()
    await daemon.settled(2)
    for name, agent in (("Claude", claude), ("Codex", codex)):
        to = {**daemon.way("tcp"), "token": tokens[name]}
        for what, (tool, arguments, expected) in WISHES.items():
            model = Model(tool, arguments)
            said = await agent(rig, model, to)
            told = " ".join(model.results)
            missing = [part for part in expected if part not in told]
            book.check(f"{name} reads of {what}: {expected[0]}", not missing, f"without {missing}: {told[:600]} {said[-300:]}")
            model.shutdown()
        calls = [fact for fact in daemon.facts("call_finished") if fact["principal"] == f"token:{name.lower()}"]
        ended = sorted({fact["outcome"] for fact in calls if not fact.get("tool", "").startswith("callmux_")})
        book.check(f"{name} is its token in the journal", {"denied", "done", "unapproved"} <= set(ended), str(ended))
    await daemon.stop()
