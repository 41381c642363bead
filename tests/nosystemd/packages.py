"""The packages of npm and PyPI, from `setup` to a daemon that ends and leaves nothing: packages.py npm|wheel DIR.

DIR has the archives. Nothing is fetched: the runners of both registries are told to do without.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from checks import CURSOR, CONFIG, HOME, PATIENCE, PLACE, Client, check, daemons, entry, failed, processes, until, zombies

PACKAGES = Path(sys.argv[2])
LASTING = HOME / ".local/bin/callmux"
WORK = HOME / "work"


def said(*words, env=None):
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        env={**os.environ, **(env or {})}, cwd=WORK,
    )
    return done.returncode, done.stdout, done.stderr


class Npm:
    """`npx`, and what `npm install` puts into a project."""

    archives = sorted(PACKAGES.glob("*.tgz"))
    needs = "node", "npm", "npx"
    caches = ".npm", "work/node_modules", "work/package.json", "work/package-lock.json"
    # What it would ask a registry is of no interest here.
    env = {"npm_config_offline": "true", "npm_config_audit": "false", "npm_config_fund": "false", "npm_config_yes": "true"}

    def runner(self):
        return ["npm", "exec", *(f"--package={path}" for path in self.archives), "--", "callmux"]

    def install(self):
        code, out, err = said("npm", "install", *self.archives, env=self.env)
        check("npm: install", code == 0, out + err)
        return WORK / "node_modules/.bin/callmux"

    def more(self, program):
        signals(program)
        shutil.rmtree(WORK / "node_modules/@callmux")
        code, _, err = said(program, "--version")
        has_remedy = "is not installed" in err and "npm install --include=optional callmux" in err
        check("npm: without the platform's package it names the remedy", code == 69 and has_remedy, f"{code} {err}")
        about = WORK / "node_modules/callmux/package.json"
        about.write_text(json.dumps({**json.loads(about.read_text()), "optionalDependencies": {"@callmux/plan9-mips": "1"}}))
        code, _, err = said(program, "--version")
        has_remedy = "there are those for plan9-mips" in err and "cargo install" in err
        check("npm: and so where there is none", code == 69 and has_remedy, f"{code} {err}")


class Wheel:
    """`uvx`, and what `pip install` puts into an environment."""

    archives = sorted(PACKAGES.glob("*.whl"))
    needs = "python3",
    caches = ".cache/uv", ".cache/pip", "work/venv", ".local/share"
    env = {"UV_OFFLINE": "1", "UV_PYTHON_DOWNLOADS": "never", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}

    def runner(self):
        if shutil.which("uv"):
            return ["uv", "tool", "run", "--from", self.archives[0], "callmux"]
        print("SKIPPED: uvx: uv is not here; an environment of pip stands for it", flush=True)
        return [WORK / "venv/bin/callmux"]

    def install(self):
        if shutil.which("uv"):
            code, out, err = said("uv", "tool", "install", self.archives[0], env=self.env)
            check("wheel: uv tool install", code == 0 and LASTING.is_symlink(), out + err)
            code, out, err = said(LASTING, "client", "print", "claude-desktop")
            check("wheel: entries name the link that uv keeps", code == 0 and f'"{LASTING}"' in out and not err, out + err)
            said("uv", "tool", "uninstall", "callmux", env=self.env)
            check("wheel: uv tool uninstall", not LASTING.exists())
        code, out, err = said("python3", "-m", "venv", WORK / "venv")
        check("wheel: an environment", code == 0, out + err)
        code, out, err = said(WORK / "venv/bin/pip", "install", *self.archives, env=self.env)
        check("wheel: pip install", code == 0, out + err)
        return WORK / "venv/bin/callmux"

    def more(self, program):
        pass


def having(words):
    return [pid for pid, line in processes().items() if words in line]


def signals(program):
    """What starts the program passes on signals, and how it ends."""
    socket = WORK / "a.sock"
    words = [str(program), "serve", "--socket", str(socket)]
    daemon = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=WORK)
    until("a daemon behind the launcher", socket.exists)
    daemon.send_signal(signal.SIGTERM)
    ended = daemon.wait(PATIENCE)
    check("npm: SIGTERM reaches the program, which ends in order", ended == 0 and not having("a.sock"), ended)
    inline = subprocess.Popen([str(program), "--", "sleep", "600"], stdin=subprocess.PIPE, cwd=WORK)
    os.kill(until("the program behind the launcher", lambda: having("sleep 600"))[0], signal.SIGKILL)
    check("npm: its end by a signal is the launcher's", inline.wait(PATIENCE) == -signal.SIGKILL)
    code, *_ = said(program, "no-such-verb")
    check("npm: and so is its exit code", code == 64, code)


def tree():
    return {path: path.read_bytes() if path.is_file() else None for path in HOME.rglob("*")}


def set_up(kind, name):
    CURSOR.parent.mkdir()
    servers = {one: {"command": "callmux", "args": ["example-server", one]} for one in ("counter", "slow")}
    CURSOR.write_text(json.dumps({"mcpServers": servers}))
    before = tree()
    program = kind.install()
    code, out, err = said(program, "--version")
    check(f"{name}: installed, it runs", code == 0 and out.startswith("callmux "), out + err)
    runner = kind.runner()
    code, out, err = said(*runner, "--version", env=kind.env)
    check(f"{name}: run from its archive, too", code == 0 and out.startswith("callmux "), out + err)
    code, out, err = said(*runner, "setup", "--dry-run", env=kind.env)
    check(f"{name}: setup --dry-run says what is copied", code == 0 and f"copy callmux to {LASTING}" in out, out + err)
    check(f"{name}: and does not", not LASTING.exists() and not processes())
    code, out, err = said(*runner, "setup", "--yes", env=kind.env)
    check(f"{name}: setup proves a call", code == 0 and "first call" in out, out + err)
    check(f"{name}: the entry names what stays", entry()["command"] == str(LASTING), entry())
    code, out, err = said(program, "call", "counter__value")
    check(f"{name}: a call from a shell", code == 0, out + err)
    programs = [processes()[pid].split()[0] for pid in daemons()]
    check(f"{name}: the daemon is the program that stays", programs == [str(LASTING)], programs)
    kind.more(program)
    for cache in kind.caches:
        path = HOME / cache
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    return before


def used(name):
    """The client, once the cache is wiped."""
    client = Client(entry())
    client.call("counter__increment")
    held = client.send("tools/call", name="slow__wait", arguments={"seconds": 600})
    client.call("counter__value")
    os.kill(daemons()[0], signal.SIGKILL)
    answer = json.dumps(client.answer(held))
    check(f"{name}: a call under kill -9 is answered", "outcome_unknown" in answer, answer)
    value = client.call("counter__increment")["result"]
    check(f"{name}: and the session goes on", value.get("structuredContent") == {"value": 1}, value)
    check(f"{name}: the client ends its bridge", client.end() == 0)


def left(name, before):
    CONFIG.write_text('idle_exit = "300ms"\n')
    until("the end of the daemon that nobody needs", lambda: not processes())
    CONFIG.unlink()
    check(f"{name}: idle exit leaves no socket and no lock", not list(PLACE.iterdir()), list(PLACE.iterdir()))
    code, out, err = said(LASTING, "setup", "--undo")
    check(f"{name}: all of it is taken back", code == 0 and f"{LASTING} is gone" in out, out + err)
    # The log of the daemon, and what a bridge remembers, are no part of a setup.
    own = {HOME / ".local/state/callmux", HOME / ".cache/callmux"}
    more = {p for p in tree().keys() - before.keys() if not any(p == o or o in p.parents or p in o.parents for o in own)}
    check(f"{name}: nothing is left in the home", not more - {HOME / ".local/bin"}, more)
    check(f"{name}: and the client's file is as it was", CURSOR.read_bytes() == before[CURSOR])
    until("the end of every zombie", lambda: not zombies())


def main():
    name, kind = sys.argv[1], {"npm": Npm, "wheel": Wheel}[sys.argv[1]]()
    missing = [tool for tool in kind.needs if not shutil.which(tool)]
    if missing or not kind.archives:
        print(f"SKIPPED: the package for {name}: {', '.join(missing) or 'its archive'} is not here")
        return 0
    WORK.mkdir()
    try:
        before = set_up(kind, name)
        used(name)
        left(name, before)
    except Exception as error:
        check(f"{name}: the check runs to its end", False, repr(error))
    print(f"nosystemd: {name}: {len(failed)} failed: {'ok' if not failed else 'FAILED'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
