"""The servers of the survival checks, their units, and what the two leave behind."""

import collections
import json
import os
import pathlib
import shutil

from lib import HOME, SERVICE, ctl, same, until

SCRIPT = pathlib.Path(__file__).with_name("ledger_server.py")
LEDGER = HOME / "ledger"
SERVERS = ("alpha", "beta", "gamma", "delta")

BINARY = pathlib.Path("/usr/bin/callmux")
# As the package brought it.
ORIGINAL = pathlib.Path("/share/tree/callmux")
# Where root reads what to install; see `guest`.
INSTALLER = pathlib.Path("/run/callmux-installer")


def entry(name, *flags, keys=""):
    """The config of one ledger server."""
    args = json.dumps([str(SCRIPT), name, str(LEDGER), *flags])
    return f'[servers.{name}]\ncommand = "/usr/bin/python3"\nargs = {args}\n{keys}'


def config(servers=SERVERS, keys=""):
    return "".join(entry(name, keys=keys) for name in servers)


def new_ledger():
    """Servers that run already go on writing to this one."""
    LEDGER.write_text("")


def ledger():
    """How often each nonce is in the ledger."""
    return collections.Counter(LEDGER.read_text().split())


def units(server="*"):
    """The units of `server`, with their states. Also those that failed and are only remembered."""
    found = ctl("list-units", "--all", "--output=json", f"app-callmux-{server}-*.service").stdout
    return {unit["unit"]: unit["active"] for unit in json.loads(found)}


def unit_of(server):
    found = units(server)
    same(f"the number of units of server {server}", len(found), 1)
    return next(iter(found))


def marked(mark):
    """The user's processes with `mark` in their arguments, by pid and start time."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
            if entry.stat().st_uid == os.getuid() and mark.encode() in words:
                start = (entry / "stat").read_text().rsplit(")", 1)[1].split()[19]
                found[int(entry.name), start] = words.replace(b"\0", b" ").decode().strip()
        except (OSError, IndexError):
            continue  # It ended while we looked.
    return found


def is_alive(pid):
    return pathlib.Path(f"/proc/{pid}").exists()


def stored_fds():
    """What systemd keeps for the daemon."""
    return int(ctl("show", "-P", "NFileDescriptorStore", SERVICE).stdout)


def install(program):
    """Has root put another program in the place of callmux as packages do: by rename."""
    before = BINARY.stat().st_ino
    with INSTALLER.open("w") as installer:
        installer.write(f"{program}\n")
    until("the program is replaced", lambda: BINARY.stat().st_ino != before)


def install_original():
    install(ORIGINAL)


def install_another_build():
    """The same program in a file that differs, as the next version's would."""
    another = HOME / "another-callmux"
    shutil.copyfile(ORIGINAL, another)
    with another.open("ab") as file:
        file.write(os.urandom(16))
    install(another)
    another.unlink()
