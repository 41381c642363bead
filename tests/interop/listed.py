"""Real clients after `callmux setup`: each says by its own verb that callmux is connected, and the daemon saw it.

A home of its own has a file for each of them with a server in it. Nobody is logged in anywhere.
"""

import asyncio
import json
import os
import re
import signal
from pathlib import Path

from agents import Model
from rig import until

DEADLINE = 90
IN_AGENTS = "claude-code", "codex"
QUIET = {
    "DISABLE_TELEMETRY": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1", "GEMINI_TELEMETRY_ENABLED": "false",
    "NO_COLOR": "1",
}
# The file of each, its name as a program, where that is, what its verb says, and how it calls itself to a server.
CLIENTS = {
    "claude-code": (".claude.json", "claude", "agents/node_modules/@anthropic-ai/claude-code-linux-*/claude",
                    "callmux: callmux bridge - ✔ Connected", "claude-code"),
    "codex": (".codex/config.toml", "codex", "agents/node_modules/@openai/codex-linux-*/vendor/*/bin/codex",
              "enabled", "codex-mcp-client"),
    "gemini": (".gemini/settings.json", "gemini", "clients/node_modules/.bin/gemini",
               "✓ callmux: callmux bridge (stdio) - Connected", "mcp-test-client"),
    "qwen": (".qwen/settings.json", "qwen", "clients/node_modules/.bin/qwen",
             "✓ callmux: callmux bridge (stdio) - Connected", "mcp-test-client"),
    "opencode": ("config/opencode/opencode.json", "opencode", "clients/node_modules/opencode-linux-*/bin/opencode",
                 "✓ callmux connected", "opencode"),
}


def furnish(home, model):
    """A server for each client; two have the same one."""
    counter = {"command": "callmux", "args": ["example-server", "counter"]}
    clock = {"command": "callmux", "args": ["example-server", "time"]}
    local = {"type": "local", "command": ["callmux", "example-server", "counter"], "enabled": True}
    files = {
        "claude-code": json.dumps({"mcpServers": {"counter": counter}}),
        "codex": 'model = "gpt-4.1"\nmodel_provider = "stand-in"\n'
        f'[model_providers.stand-in]\nname = "stand-in"\nbase_url = "{model.url}/v1"\nwire_api = "responses"\n'
        'env_key = "STAND_IN_KEY"\n'
        '[mcp_servers.notes]\ncommand = "callmux"\nargs = ["example-server", "notes"]\n',
        "gemini": json.dumps({"mcpServers": {"clock": clock}}),
        "qwen": json.dumps({"mcpServers": {"clock": clock}}),
        "opencode": json.dumps({"mcp": {"counter": local}}),
    }
    for name, text in files.items():
        path = home / CLIENTS[name][0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    # Gemini asks no server in a folder that nobody trusts.
    (home / ".gemini/trustedFolders.json").write_text(json.dumps({str(home / "work"): "TRUST_FOLDER"}))


class Home:
    def __init__(self, rig):
        self.home = rig.home / "listed"
        for name in ("bin", "work", "config", "run"):
            (self.home / name).mkdir(parents=True, mode=0o700)
        self.env = {key: value for key, value in rig.env.items() if key != "CALLMUX_NO_SPAWN"} | QUIET
        places = {"XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache"}
        self.env |= {variable: str(self.home / place) for variable, place in places.items()}
        # Codex gives its servers none of these, and they would go to the daemon of whoever runs this.
        script = "".join(f"export {variable}='{self.env[variable]}'\n" for variable in places)
        program = self.home / "bin/callmux"
        program.write_text(f"#!/bin/sh\n{script}exec '{rig.binary}' \"$@\"\n")
        program.chmod(0o755)
        self.env |= {"HOME": str(self.home), "PATH": f"{self.home / 'bin'}:{rig.env['PATH']}", "STAND_IN_KEY": "none"}

    async def said(self, *words):
        process = await asyncio.create_subprocess_exec(
            *map(str, words), stdin=-3, stdout=-1, stderr=-2, cwd=self.home / "work", env=self.env
        )
        try:
            out, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
        except asyncio.TimeoutError:
            process.kill()
            out, _ = await process.communicate()
        text = re.sub("\x1b\\[[0-9;]*m", "", out.decode(errors="replace"))
        return process.returncode, " ".join(text.split())

    def sessions(self, client):
        """How many the daemon has seen of it."""
        path = self.home / ".local/state/callmux/daemon.log"
        return path.read_text().count(f"session opened by {client} ") if path.exists() else 0

    def processes(self):
        mark, found = f"HOME={self.home}\0".encode(), []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                found += [int(entry.name)] if mark in (entry / "environ").read_bytes() + b"\0" else []
            except OSError:
                continue
        return found

    async def close(self, book):
        config = self.home / "config/callmux/config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text('idle_exit = "300ms"\n')
        try:
            await until(lambda: not self.processes(), "the end of the daemon that nobody needs")
        except TimeoutError:
            pass
        left = self.processes()
        log = self.home / ".local/state/callmux/daemon.log"
        last = log.read_text(errors="replace")[-3000:] if left and log.exists() else ""
        book.check("setup: the daemon ends once no client is there, and nothing is left", not left, f"{left}\n{last}")
        for pid in left:
            os.kill(pid, signal.SIGKILL)


async def check(book, rig, has):
    book.skip("crush after setup", "its package of npm downloads the program with a script, and no script of a package is run")
    home, model = Home(rig), Model("counter__value")
    programs = {}
    for name, (_, verb, place, *_) in CLIENTS.items():
        if ("agents" if name in IN_AGENTS else "clients") not in has:
            continue
        if not (program := next(rig.scratch.glob(place), None)):
            book.skip(f"{name} after setup", "there is no program of it for this machine")
            continue
        programs[name] = home.home / "bin" / verb
        programs[name].symlink_to(program)
    if not programs:
        return model.shutdown()
    furnish(home.home, model)
    code, out = await home.said("callmux", "setup", "--yes")
    book.check("setup: every client's servers are taken over, and a call is proven", code == 0 and "first call" in out, out)
    for name, program in programs.items():
        _, _, _, says, known = CLIENTS[name]
        before = home.sessions(known)
        if name == "codex":
            # Its verb asks no server; a turn does, and its model is shown what came.
            code, out = await home.said(program, "mcp", "list", "--json")
            book.check("setup: codex lists callmux", code == 0 and '"name": "callmux"' in out and says in out, out)
            await home.said(program, "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "hi")
            is_called = any("value" in result for result in model.results)
            book.check("setup: codex offers its model the tools, and a call is answered", is_called, str(model.offered)[:300])
        else:
            code, out = await home.said(program, "mcp", "list")
            book.check(f"setup: {name} says that callmux is connected", code == 0 and says in out, out[-500:])
        # Its log comes on a way of its own.
        await until(lambda: home.sessions(known) > before, f"setup: the daemon's word of {name}")
    model.shutdown()
    await home.close(book)
