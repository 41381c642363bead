"""What a collector of metrics gets, read by the parser of Prometheus' own client for Python."""

import asyncio
import json
import urllib.request

from rig import until

CONFIG = """
[metrics]
enabled = true

[servers.counter]
command = {binary}
args = ["example-server", "counter"]
"""
CALLS = 5
# The environment that has the parser is not the one that runs this.
READER = """
import json, sys
from prometheus_client.parser import text_string_to_metric_families

families = [
    [family.name, family.type, [[sample.name, sample.labels, sample.value] for sample in family.samples]]
    for family in text_string_to_metric_families(sys.stdin.read())
]
print(json.dumps(families))
"""


def call(port, name):
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }
    params = {"name": name, "arguments": {}, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    headers = {
        "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": name,
    }
    request = urllib.request.Request(f"http://127.0.0.1:{port}/mcp", body, headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        response.read()


def scrape(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as response:
        return response.headers["Content-Type"], response.read().decode()


async def parsed(python, text):
    reader = await asyncio.create_subprocess_exec(str(python), "-c", READER, stdin=-1, stdout=-1, stderr=-1)
    out, err = await reader.communicate(text.encode())
    if reader.returncode:
        raise RuntimeError(err.decode())
    return {name: (kind, samples) for name, kind, samples in json.loads(out)}


async def check(book, rig, has):
    if "pypi" not in has:
        return book.skip("metrics as Prometheus reads them", "its parser is from PyPI")
    daemon = await rig.daemon("metrics", CONFIG.format(binary=json.dumps(rig.binary)))
    await daemon.settled(1)
    for _ in range(CALLS):
        await asyncio.to_thread(call, daemon.port, "counter__increment")
    await check_text(book, rig.scratch / "venv/bin/python", daemon.port)
    await daemon.stop()


async def check_text(book, python, port):
    wanted = f'callmux_calls_total{{server="counter",tool="counter__increment",outcome="done"}} {CALLS}\n'
    told = lambda: next((got for got in [scrape(port)] if wanted in got[1]), None)
    kind, text = await until(told, "calls that are counted")
    book.check("the type of what is told is that of Prometheus", kind.startswith("text/plain; version=0.0.4"), kind)
    families = await parsed(python, text)
    described = {line.split()[2]: line.split()[3] for line in text.splitlines() if line.startswith("# TYPE ")}
    # The parser names a counter without its end.
    ended = lambda name, kind: name + "_total" if kind == "counter" else name
    read = {ended(name, kind): kind for name, (kind, _) in families.items()}
    book.check("each family is read as what it is described as", read == described, f"{read} {described}")
    lines = sum(1 for line in text.splitlines() if not line.startswith("#"))
    samples = sum(len(samples) for _, samples in families.values())
    book.check("each line is a sample", samples == lines, f"{samples} of {lines}")
    _, histogram = families["callmux_call_duration_seconds"]
    of = {"server": "counter", "tool": "counter__increment"}
    own = [(name, labels, value) for name, labels, value in histogram if of.items() <= labels.items()]
    buckets = [value for name, _, value in own if name.endswith("_bucket")]
    count = [value for name, _, value in own if name.endswith("_count")]
    good = buckets == sorted(buckets) and len(buckets) == 17 and [buckets[-1]] == count == [CALLS]
    book.check("calls fall into buckets that grow", good, f"{buckets} {count}")
