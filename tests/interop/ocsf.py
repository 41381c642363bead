"""What `callmux audit --ocsf` prints is what the schema of OCSF wants, and each refused call is in it once."""

import asyncio
import json
import subprocess
import urllib.error

from metrics import call
from rig import until

CONFIG = """
[audit]
file = true

[servers.counter]
command = {binary}
args = ["example-server", "counter"]

[[access.rules]]
id = "no-reset"
tools = ["counter__reset"]
effect = "deny"

[[access.rules]]
effect = "allow"

[access.limits]
calls_per_minute = 8
"""
CALLS = {"counter__value": 1, "counter__reset": 3, "nobody__knows": 2, "callmux_status": 1}
# So many are more than the limit lets through.
FLOOD = 12
# The environment that has the schemas is not the one that runs this.
READER = """
import json, sys
from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

wrong, checked, known = [], 0, {}
for line in sys.stdin:
    event = json.loads(line)
    kind = (event["metadata"]["version"], event["class_uid"])
    if kind not in known:
        schemas = OcsfJsonSchemaEmbedded(get_ocsf_schema(version=kind[0]))
        name = schemas.lookup_class_name_from_uid(class_uid=kind[1])
        known[kind] = Draft202012Validator(schemas.get_class_schema(class_name=name, profiles=[]))
    checked += 1
    wrong += [f"{error.json_path}: {error.message[:200]}" for error in known[kind].iter_errors(event)]
print(json.dumps([checked, wrong]))
"""


def output(words, env, text=b""):
    done = subprocess.run([str(word) for word in words], input=text, capture_output=True, env=env, timeout=120)
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return done.stdout


def refused(port, name):
    # One that comes too early has a status of its own.
    try:
        call(port, name)
    except urllib.error.HTTPError as error:
        error.close()


async def check(book, rig, has):
    if "pypi" not in has:
        return book.skip("events of OCSF", "its schemas are from PyPI")
    daemon = await rig.daemon("ocsf", CONFIG.format(binary=json.dumps(rig.binary)))
    await daemon.settled(1)
    wanted = list(CALLS.items()) + [("counter__increment", FLOOD)]
    for name, count in wanted:
        for _ in range(count):
            await asyncio.to_thread(refused, daemon.port, name)

    def events():
        text = output([rig.binary, "audit", "--ocsf"], rig.env)
        lines = [json.loads(line) for line in text.splitlines()]
        return (text, lines) if len(lines) >= sum(count for _, count in wanted) else None

    text, found = await until(events, "records of all calls")
    python = rig.scratch / "venv/bin/python"
    checked, wrong = json.loads(output([python, "-c", READER], rig.env, text))
    book.check(f"{checked} events are API Activity as its schema has it", checked and not wrong, "; ".join(wrong[:5]))
    codes = lambda name: sorted(e["status_code"] for e in found if e["resources"][0]["name"] == name)
    book.check("each denied call is one event", codes("counter__reset") == ["denied"] * 3, str(codes("counter__reset")))
    book.check("each unknown one, too, without its name", codes("?") == ["refused"] * 2, str(codes("?")))
    ended = codes("counter__increment")
    book.check("each that came too early is one", len(ended) == FLOOD and "limited" in ended, str(ended))
    fails = [e for e in found if e["status_code"] in ("denied", "refused", "limited") and e["status_id"] != 2]
    book.check("and all of them are failures", not fails, str(fails[:1]))
    book.check("no call is two events", len({e["metadata"]["uid"] for e in found}) == len(found), str(len(found)))
    await daemon.stop()
