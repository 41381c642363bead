"""A browser that the daemon has opened: the user manager runs it, in a unit of its own."""

import contextlib
import http.server
import json
import os
import pathlib
import signal
import threading

from lib import HOME, SERVICE, ctl, drop_in, expect, given, is_active, same, until

OPENED = HOME / "opened"
# It stays, as a browser does.
OPENER = f"""#!/bin/sh
{{ echo "$1"; echo "$DISPLAY"; echo $$; cat /proc/self/cgroup; }} >{OPENED}.new
mv {OPENED}.new {OPENED}
exec sleep 600
"""


class WantsLogin(http.server.BaseHTTPRequestHandler):
    """An MCP server that lets nobody in, and the authorization server that it names."""

    def answer(self, status, content, *headers):
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", len(body)), *headers):
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        base = f"http://{self.headers['Host']}"
        if self.path == "/resource":
            self.answer(200, {"resource": f"{base}/mcp", "authorization_servers": [base]})
        elif self.path == "/.well-known/oauth-authorization-server":
            ends = {f"{name}_endpoint": f"{base}/{name}" for name in ("authorization", "token")}
            methods = {"response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"]}
            self.answer(200, {"issuer": base, **ends, **methods})
        else:
            self.answer(404, {})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        about = f'Bearer resource_metadata="http://{self.headers["Host"]}/resource"'
        self.answer(401, {}, ("WWW-Authenticate", about))

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def desktop():
    """A manager that has a display, and `xdg-open` where the daemon looks for programs."""
    opener = HOME / "desktop/xdg-open"
    opener.parent.mkdir(exist_ok=True)
    opener.write_text(OPENER)
    opener.chmod(0o755)
    OPENED.unlink(missing_ok=True)
    ctl("set-environment", "DISPLAY=:99")
    drop_in("desktop", f"[Service]\nEnvironment=PATH={opener.parent}:/usr/bin\n")
    try:
        yield
    finally:
        ctl("unset-environment", "DISPLAY")
        drop_in("desktop", None)


def opened_by_the_manager():
    """`open_browser = "at_start"`: what is opened outlives the service, and is shown on its display."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), WantsLogin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    auth = '{ type = "oauth", client_id = "c", open_browser = "at_start" }'
    with desktop():
        given(f'[servers.far]\nurl = "{base}/mcp"\nauth = {auth}\n')
        ctl("start", SERVICE)
        until("the browser is opened", OPENED.exists)
        address, display, pid, group = OPENED.read_text().split("\n")[:4]
        try:
            expect(address.startswith(f"{base}/authorization?"), f"{address} is opened")
            same("its display", display, ":99")
            ctl("stop", "callmux.socket", SERVICE)
            expect(not is_active(), "the service runs on")
            expect(SERVICE not in group and pathlib.Path("/proc", pid).exists(), f"it ended: {group}")
        finally:
            os.kill(int(pid), signal.SIGKILL)
            server.shutdown()
    return group.rsplit("/", 1)[-1]


CHECKS = [("a browser for a login is the user manager's, not the service's", opened_by_the_manager)]
