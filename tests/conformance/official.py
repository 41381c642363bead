"""The official suite: how it is run, what it asks for, and what its results say."""

import asyncio
import json
import os
import re
import time
from pathlib import Path

PACKAGE = "npm/node_modules/@modelcontextprotocol/conformance"
LEGACY, MODERN = "2025-11-25", "2026-07-28"
REVISIONS = [LEGACY, MODERN]
# Every scenario has its own limit; this is for a suite that hangs.
DEADLINE = 900


def required(package, revision, leg):
    """The scenarios that count, and those that do not with the reason why."""
    counted, others, section = [], {}, None
    for line in (package / "requirements" / f"{revision}.yaml").read_text().splitlines():
        if head := re.match(r"(\w+):\s*$", line):
            section = head[1]
        elif entry := re.match(r"  - scenario: (\S+)", line):
            scenario = entry[1]
        elif (entry := re.match(r"    leg: (\S+)", line)) and entry[1] == leg:
            others[scenario] = ""
        elif (entry := re.match(r"    reason: (\S+)", line)) and scenario in others:
            others[scenario] = entry[1]
        elif section == leg and (entry := re.match(r"  - (\S+)\s*$", line)):
            counted.append(entry[1])
    return counted, others


class Result:
    """What the suite found in one scenario."""

    def __init__(self, checks, complaints=()):
        def of(status):
            return [check for check in checks if check["status"] == status]

        self.passed, self.failed, self.warned = len(of("SUCCESS")), of("FAILURE"), of("WARNING")
        self.complaints = list(complaints)

        self.made = {check["id"] for check in of("SUCCESS") + self.failed + self.warned}

    def is_only(self, check, words):
        """Whether this one check failed, and in these words."""
        return [one["id"] for one in self.failed] == [check] and bool(re.match(words, self.failed[0].get("errorMessage", "")))

    def good(self):
        # Nothing that failed is not enough where nothing was looked at.
        return not self.failed and not self.complaints and self.passed > 0

    def lines(self):
        nothing = ["nothing was checked"] if not self.failed and not self.passed else []
        return [told(check) for check in self.failed] + self.complaints + nothing


def told(check):
    why = " ".join(str(check.get("errorMessage") or check.get("description") or "").split())
    return f"{check['id']}: {why if len(why) <= 300 else why[:300] + '…'}"


class Suite:
    def __init__(self, scratch):
        self.node, self.package = os.environ["CALLMUX_CONFORMANCE_NODE"], Path(scratch) / PACKAGE

    def required(self, revision, leg):
        return required(self.package, revision, leg)

    async def run(self, leg, words, revision, out, env):
        """All scenarios of a revision: name → Result, and the seconds it took."""
        began, out = time.monotonic(), Path(out)
        out.mkdir(parents=True)
        command = [self.node, self.package / "dist/index.js", leg, *words, "--requirements", revision, "-o", out]
        with open(f"{out}.log", "wb") as log:
            process = await asyncio.create_subprocess_exec(
                *map(str, command), stdin=-3, stdout=log, stderr=log, env=env, cwd=out
            )
            try:
                await asyncio.wait_for(process.wait(), DEADLINE)
            except asyncio.TimeoutError:
                pass
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        return results(out, leg), time.monotonic() - began


def results(out, leg):
    found = {}
    for path in sorted(out.glob("**/checks.json")):
        name = str(path.parent.relative_to(out))
        name = re.sub(r"-\d{4}-\d\d-\d\dT[-\d]+Z$", "", name)
        if leg == "server":
            name = name.removeprefix("server-")
        said = path.with_name("stderr.txt")
        complaints = [line for line in said.read_text().splitlines() if line.startswith("client: ")] if said.exists() else []
        found[name] = Result(json.loads(path.read_text()), complaints)
    return found


class Table:
    """The figures of all parts, for the end."""

    def __init__(self):
        self.rows = []

    def add(self, subject, revision, passed, counted, others, took, note):
        self.rows.append(f"{subject:<16} {revision}  {passed:>2}/{counted}{note}, unscored {others}, {took:.1f} s")
        print(f"----  {self.rows[-1]}", flush=True)

    def close(self):
        print("\n" + "\n".join(self.rows))


def judge(book, table, subject, revision, required, found, took, impossible=(), alone=(), note=""):
    """One line per scenario. `impossible` are failures that stand for nothing callmux could do;
    `alone` is what the server gets without it."""
    (counted, others), passed, excused = required, 0, 0
    for scenario in counted:
        what, result = f"{subject} {revision}: {scenario}", found.get(scenario)
        if result and scenario in impossible and result.is_only(*impossible[scenario][:2]):
            excused += 1
            print(f"n/a   {what}: {impossible[scenario][2]}", flush=True)
            continue
        lines = result.lines() if result else ["the suite has no result of it"]
        good = bool(result and result.good())
        passed += book.check(what, good, "\n      ".join(lines))
        for warning in result.warned if result else []:
            print(f"      warning: {told(warning)}", flush=True)
        if good and scenario in alone and (left_out := alone[scenario].made - result.made):
            print(f"      not checked, unlike at the server alone: {' '.join(sorted(left_out))}", flush=True)
    good = 0
    for scenario, reason in others.items():
        result = found.get(scenario)
        good += bool(result and result.good())
        verdict = "no result" if not result else f"{result.passed} passed, {len(result.failed)} failed"
        print(f"note  {subject} {revision}: {scenario} ({reason}): {verdict}", flush=True)
    note += f", {excused} impossible" if excused else ""
    table.add(subject, revision, passed, len(counted), f"{good}/{len(others)}", took, note)
