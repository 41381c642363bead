"""An installation in the user's home, without a package."""

import os

from clients import Bridge
from lib import EXAMPLES, HOME, UNITS, ctl, expect, given, is_active, run, same, show

TREE = "/share/tree"


def works():
    expect(not os.path.exists("/usr/bin/callmux"), "there is still a package")
    os.environ["PREFIX"] = str(HOME / ".local")
    os.environ["UNITDIR"] = str(UNITS)
    run("sh", f"{TREE}/packaging/stage", f"{TREE}/callmux")
    ctl("daemon-reload")
    ctl("enable", "--now", "callmux.socket")
    # The user manager's PATH has no ~/.local/bin, so the config names the path.
    binary = HOME / ".local/bin/callmux"
    given(EXAMPLES.replace('"callmux"', f'"{binary}"'))
    same("the first call", Bridge().value("counter__increment"), {"value": 1})
    expect(is_active(), "the service is not active")
    expect(str(binary) in show("ExecStart"), f"it runs {show('ExecStart')}")
    ctl("disable", "--now", "callmux.socket", "callmux.service")


CHECKS = [("an installation in the home directory works", works)]
