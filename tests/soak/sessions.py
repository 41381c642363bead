"""What a client does: one thing after the other, each answer compared with what it must be."""

import asyncio
import json
import random
import time

from wires import Cut



def text(answer):
    return answer["result"]["content"][0]["text"]


def line(n):
    return f"{n}: {'ERROR' if n % 10 == 0 else 'nothing'} happened"


class Session:
    """`lanes` things are done at the same time, over one wire."""

    def __init__(self, rig, wire, lanes, seed):
        self.rig, self.book, self.wire, self.lanes = rig, rig.book, wire, lanes
        self.random = random.Random(seed)
        self.goes = asyncio.Event()
        self.goes.set()
        self.resting = 0
        self.opening = asyncio.Lock()
        self.nonces = 0
        self.is_over = False
        self.deeds = [self.echo] * 6 + [self.mutate] * 4 + [self.count, self.wait, self.tools]
        self.deeds += [self.parallel, self.batch, self.pipeline, self.large]
        if wire.name.startswith("paged-"):
            self.deeds += [self.pages] * 3
        if hasattr(wire, "pause"):
            self.deeds += [self.slow_reader]

    def nonce(self):
        self.nonces += 1
        return f"{self.wire.name}/{self.nonces}"

    async def run(self):
        await self.open()
        await asyncio.gather(*(self.lane() for _ in range(self.lanes)))
        await self.wire.close()

    async def lane(self):
        while not self.is_over:
            if not self.goes.is_set():
                self.resting += 1
                await self.goes.wait()
                self.resting -= 1
                continue
            deed = self.random.choice(self.deeds)
            try:
                await deed()
            except Cut:
                self.book.cuts += 1
                await self.open()
            except (KeyError, IndexError, TypeError, ValueError) as error:
                self.book.bad(f"{self.wire.name}: {deed.__name__}: no such answer: {error!r}")
            # Others are to have their turn, and nobody is to be drowned.
            await asyncio.sleep(self.random.random() / 50)

    async def open(self):
        async with self.opening:
            while self.wire.is_cut:
                try:
                    await self.wire.open()
                except Cut:
                    continue

    async def call(self, tool, arguments, servers=()):
        """The answer to a call; `None` if it says that it failed for a reason that we know."""
        began = time.monotonic()
        answer = await self.wire.request("tools/call", {"name": tool, "arguments": arguments})
        self.book.calls += 1
        failure = answer.get("result", {}).get("_meta", {}).get("callmux/failure")
        if failure is None and "error" not in answer and not answer["result"].get("isError"):
            return answer
        server = failure["server"] if failure and "server" in failure else tool.split("__")[0]
        self.explain(server, began, answer)
        return None

    def explain(self, server, began, what):
        self.book.failed += 1
        if not self.book.is_explained(server, began):
            self.book.bad(f"{self.wire.name}: failed for no reason: {json.dumps(what)[:400]}")

    def expect(self, what, found, expected):
        if found != expected:
            self.book.bad(f"{self.wire.name}: {what} is {str(found)[:200]}, not {str(expected)[:200]}")

    async def echo(self):
        server = self.random.choice(("legacy", "modern"))
        given = {"nonce": self.nonce(), "n": [1.5, None, "é"]}
        if answer := await self.call(f"{server}__echo", given):
            self.expect("an echo", answer["result"]["structuredContent"]["zeta"], given)

    async def mutate(self):
        """The server writes down what it did."""
        nonce = self.nonce()
        self.book.sent[nonce] = False
        if await self.call("tools__mutate", {"nonce": nonce}):
            self.book.sent[nonce] = True

    async def count(self):
        if answer := await self.call("counter__increment", {"by": 1}):
            if answer["result"]["structuredContent"]["value"] < 1:
                self.book.bad(f"{self.wire.name}: the counter counts wrong: {answer}")

    async def wait(self):
        if answer := await self.call("slow__wait", {"seconds": 0.05, "steps": 2}):
            self.expect("the wait", text(answer), "waited 0.05 s in 2 steps")

    async def tools(self):
        answer = await self.wire.request("tools/list", {})
        names = {tool["name"] for tool in answer["result"]["tools"]}
        wanted = {"legacy__echo", "modern__echo", "tools__mutate", "callmux_parallel"}
        if not wanted <= names:
            self.book.bad(f"{self.wire.name}: the list lacks {wanted - names}")

    async def payload(self, tool, arguments):
        answer = await self.call(tool, arguments)
        return answer and json.loads(text(answer))

    def entry(self, entry, began, given):
        """One result among several."""
        if "error" in entry or "result" not in entry:
            self.explain("tools", began, entry)
        else:
            self.expect("an echo of several", entry["result"], given)

    async def parallel(self):
        began, all_given = time.monotonic(), [{"nonce": self.nonce()} for _ in range(8)]
        calls = [{"tool": "tools__echo", "arguments": given} for given in all_given]
        if found := await self.payload("callmux_parallel", {"calls": calls}):
            self.expect("the number of results", len(found["results"]), 8)
            for entry, given in zip(found["results"], all_given):
                self.entry(entry, began, given)

    async def batch(self):
        began, all_given = time.monotonic(), [{"nonce": self.nonce()} for _ in range(8)]
        items = [{"arguments": given} for given in all_given]
        if found := await self.payload("callmux_batch", {"tool": "tools__echo", "items": items}):
            self.expect("the number of results", len(found["results"]), 8)
            for entry, given in zip(found["results"], all_given):
                self.entry(entry, began, given)

    async def pipeline(self):
        began, nonce = time.monotonic(), self.nonce()
        steps = [
            {"tool": "tools__say", "arguments": {"text": nonce}},
            {"tool": "tools__echo", "arguments": {}, "inputMapping": {"heard": "$text"}},
        ]
        if found := await self.payload("callmux_pipeline", {"steps": steps}):
            if found["status"] == "completed":
                self.expect("the end of a pipeline", found["finalResult"], {"heard": nonce})
            else:
                self.explain("tools", began, found)

    async def large(self):
        """A result of about 1 MiB: whole, or what stands for it."""
        lines = 50_000 + self.random.randrange(5_000)
        answer = await self.call("tools__bigtext", {"lines": lines})
        if answer is None:
            return
        found = text(answer)
        if self.wire.name.startswith("paged-"):
            self.expect("what is shortened", json.loads(found)["_callmux"]["truncated"], True)
            return
        self.expect("a large text", found, "\n".join(map(line, range(lines))))

    async def pages(self):
        """A stored result is read here and there."""
        rows = 15_000 + self.random.randrange(3_000)
        answer = await self.call("tools__bigarr", {"rows": rows})
        if answer is None:
            return
        reference = json.loads(text(answer))["_callmux"]["ref"]
        for _ in range(4):
            offset = self.random.randrange(rows - 100)
            wanted = {"ref": reference, "offset": offset, "limit": 100, "fields": ["id"]}
            page = await self.payload("callmux_get_result", wanted)
            if page is None:
                return
            ids = [row["id"] for row in page["data"]]
            self.expect("a page", ids, list(range(offset, offset + len(ids))))
            self.expect("the total", page["total"], rows)

    async def slow_reader(self):
        """Nothing is read for a while, with several large answers on their way."""
        await asyncio.gather(self.large(), self.large(), self.large(), self.wire.pause(1.5))
