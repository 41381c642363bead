"""`callmux setup` where a user manager is, with the units of a package or with its own, and back."""

import hashlib
import json
import os
import shutil

from lib import HOME, ctl, expect, is_active, run, same, show

SOCKET = "callmux.socket"
CURSOR = HOME / ".cursor/mcp.json"
CODEX = HOME / ".codex/config.toml"


def program():
    """The package's, or one that is brought along."""
    if os.path.exists("/usr/bin/callmux"):
        return "/usr/bin/callmux"
    path = HOME / ".local/bin/callmux"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy("/share/tree/callmux", path)
    return str(path)


def furnish(binary):
    for path in (CURSOR, CODEX):
        path.parent.mkdir(parents=True, exist_ok=True)
    counter = {"command": binary, "args": ["example-server", "counter"]}
    CURSOR.write_text(json.dumps({"mcpServers": {"counter": counter}}, indent="\t"))
    CODEX.write_text(
        f'model = "x" # mine\n\n[mcp_servers.clock]\ncommand = "{binary}"\n'
        'args = ["example-server", "time"]\n'
    )


def tree():
    """Every file, link and directory of the home that is a person's, with what is in it."""
    found = {}
    for top in (".config", ".cursor", ".codex"):
        for path in sorted((HOME / top).rglob("*")):
            if path.is_symlink():
                found[str(path)] = f"-> {os.readlink(path)}"
            elif path.is_file():
                found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
            else:
                found[str(path)] = "directory"
    return found


def units():
    enabled = ctl("is-enabled", SOCKET, check=False).stdout.strip()
    return enabled, is_active(SOCKET), is_active()


def there_and_back():
    binary = program()
    furnish(binary)
    for once in ("the first time", "the second time"):
        before, units_before = tree(), units()
        done = run(binary, "setup", "--yes", check=False)
        same(f"the exit code {once}", (done.returncode, done.stderr), (0, done.stderr))
        expect(is_active(SOCKET), f"the socket is not active {once}: {done.stdout}")
        same("the socket", ctl("is-enabled", SOCKET).stdout.strip(), "enabled")
        called = run(binary, "call", "counter__increment", "by=2").stdout
        expect("2" in called, f"the call said {called!r}")
        expect(binary in show("ExecStart"), f"systemd runs {show('ExecStart')}")
        for path in (CURSOR, CODEX):
            text = path.read_text()
            expect("example-server" not in text and "bridge" in text, f"{path} says {text}")
        again = run(binary, "setup", "--yes")
        expect("nothing" in again.stdout.lower(), f"a second set-up said {again.stdout}")
        run(binary, "setup", "--undo")
        after = tree()
        differ = {k for k in before.keys() | after.keys() if before.get(k) != after.get(k)}
        same(f"what differs {once}", differ, set())
        same(f"the units {once}", units(), units_before)
    for path in (CURSOR, CODEX):
        shutil.rmtree(path.parent)
    return f"with {binary}"


CHECKS = [("setup enables the socket, proves a call and takes everything back", there_and_back)]
