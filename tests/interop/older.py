"""A real server of before July 2026, made with rmcp 1.7: it ends when it is asked anything before `initialize`."""

BINARY = "rmcp17/debug/rmcp17-server"


async def check(book, rig, clients):
    to = rig.program(["--plain", "--", str(rig.scratch / BINARY)])
    for name, era, open_as, _ in clients:
        driver, conn = await rig.driver(name), f"older-{name}-{open_as}"
        # The first one finds out how it is to be asked; the others know.
        await driver("open", conn=conn, to=to, era=open_as)
        outcome = await driver("call", conn=conn, name="echo", args={"message": "grüße"})
        content = outcome.get("result", outcome).get("content", [{}])
        said = content[0].get("text") == "Echo: grüße"
        book.check(f"{name} {era}: a server on rmcp 1.7 is called", said, str(outcome)[:500])
        await driver("close", conn=conn)
