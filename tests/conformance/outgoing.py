"""The suite's scenarios for a client: callmux is the client, in front of a server of the suite."""

import os
import sys
from pathlib import Path

from official import REVISIONS, judge

DRIVER = Path(__file__).resolve().parent / "client.py"


async def run(stage, subject, binary):
    env = {**stage.rig.env, "PYTHONDONTWRITEBYTECODE": "1"}
    if binary:
        env["CALLMUX_CONFORMANCE_CLIENT"] = binary
    for revision in REVISIONS:
        out = stage.rig.home / f"results-{subject}-{revision}"
        words = ["--command", f"{sys.executable} {DRIVER}"]
        found, took = await stage.suite.run("client", words, revision, out, env)
        counted, others = stage.suite.required(revision, "client")
        note = ""
        if not binary:
            # The stand-in has no credentials.
            counted = [scenario for scenario in counted if not scenario.startswith("auth/")]
            others = {scenario: why for scenario, why in others.items() if not scenario.startswith("auth/")}
            note = ", without authorization"
        judge(stage.book, stage.table, subject, revision, (counted, others), found, took, note=note)


async def client(stage):
    # Without callmux first: then what fails with it fails because of it.
    await run(stage, "stand-in", None)
    if not await stage.knows_url():
        return stage.book.skip("callmux as a client of HTTP servers", "this callmux has no servers by url")
    await run(stage, "client", stage.rig.binary)
