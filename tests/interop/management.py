"""The management API of the npm callmux, asked by its own client over TCP."""

import asyncio
import json
from pathlib import Path

from told import token

HERE = Path(__file__).parent
CONFIG = """
[servers.counter]
command = {binary}
args = ["example-server", "counter"]

[[access.rules]]
principals = ["token:operator"]
endpoints = ["admin"]
effect = "allow"
"""
EXPECTED = [
    "/management/v1", "add_server", "added", "counter,extra", "updated", "add", "restarted", "cache_cleared",
    "delete_server", "deleted", "error: the config has no [servers.extra]",
]


async def check(book, rig):
    place = rig.home / "management"
    (place / "conf.d").mkdir(parents=True)
    daemon = await rig.daemon("management", "")
    await daemon.stop()
    (place / "config.toml").write_text(CONFIG.format(binary=json.dumps(rig.binary)))
    daemon.config = place
    operator = token(rig, place, "operator")
    await daemon.start()
    await daemon.settled(1)
    client = await asyncio.create_subprocess_exec(
        "node", HERE / "management.mjs", rig.scratch / "npm/node_modules/callmux/dist/index.js",
        f"http://127.0.0.1:{daemon.port}/management/v1", operator, rig.binary, stdout=-1, stderr=-1,
    )
    out, err = await client.communicate()
    told = json.loads(out) if client.returncode == 0 else err.decode()
    book.check("the client of the npm callmux manages servers here", told == EXPECTED, str(told)[-600:])
    await daemon.stop()
