"""A real daemon in a home of its own, and a way for TCP to its unix socket."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

BIN = os.environ["CALLMUX_BIN"]
# What hangs is given up after so many seconds; nothing that works waits for it.
PATIENCE = 60

CONFIG = f"""
[servers.counter]
command = "{BIN}"
args = ["example-server", "counter"]

[servers.notes]
command = "{BIN}"
args = ["example-server", "notes"]

[servers.broken]
command = "/no/such/program"

[dashboard]
enabled = true

[history]
enabled = true

[[access.rules]]
id = "operator"
principals = ["token:operator"]
endpoints = ["admin"]
effect = "allow"

[[access.rules]]
id = "looking"
principals = ["token:reader"]
endpoints = ["admin:read"]
effect = "allow"

[[access.rules]]
id = "mine"
principals = ["user:*"]
effect = "allow"
"""


def vacant():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, holds):
    """Waits for a fact."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            if found := holds():
                return found
        except OSError as error:
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: {error}") from error
        if time.monotonic() > end:
            raise RuntimeError(f"waited for {what}")
        time.sleep(0.05)


class Home:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="callmux-api-")
        at = lambda name: os.path.join(self.dir, name)  # noqa: E731
        for name in ["config/callmux", "run", "state", "cache", "data"]:
            os.makedirs(at(name), mode=0o700)
        self.socket, self.port = at("run/mcp.sock"), vacant()
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": self.dir, "XDG_CONFIG_HOME": at("config"), "XDG_RUNTIME_DIR": at("run"),
            "XDG_STATE_HOME": at("state"), "XDG_CACHE_HOME": at("cache"), "XDG_DATA_HOME": at("data"),
            "CALLMUX_SOCKET": self.socket, "CALLMUX_NO_SPAWN": "1",
        }
        with open(at("config/callmux/config.toml"), "w", encoding="utf-8") as config:
            config.write(CONFIG)
        self.token, self.reader = self.new_token("operator"), self.new_token("reader")
        self.log = open(at("log"), "w+", encoding="utf-8")
        words = ["serve", "--log-format", "json", "--socket", self.socket, "--listen", f"127.0.0.1:{self.port}"]
        self.daemon = subprocess.Popen([BIN, *words], env=self.environment, stderr=self.log, stdout=subprocess.DEVNULL)
        until("the daemon", lambda: self.ask("GET", "/ready", None)[0] == 200)

    def new_token(self, name):
        made = subprocess.run([BIN, "token", "new", name], env=self.environment, capture_output=True, text=True, check=True)
        return made.stdout.strip()

    def ask(self, method, path, token, **more):
        """Status, headers and text of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request(method, path, headers={**headers, **more})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def phases(self):
        status = json.loads(self.ask("GET", "/api/v1/status", self.token)[2])
        return {server["name"]: server["phase"] for server in status["servers"]}

    def said(self):
        with open(self.log.name, encoding="utf-8") as log:
            return log.read()

    def end(self):
        """How the daemon ended."""
        self.daemon.send_signal(signal.SIGTERM)
        try:
            code = self.daemon.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.daemon.kill()
            code = self.daemon.wait()
        self.log.close()
        return code

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


class Passage:
    """Bytes from a TCP port to a unix socket and back."""

    def __init__(self, path):
        self.path = path
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.path)
            for one, other in [(near, far), (far, near)]:
                threading.Thread(target=self.pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def pass_on(one, other):
        try:
            while some := one.recv(65536):
                other.sendall(some)
        except OSError:
            pass
        # Whoever waits for more is told that there is none.
        for end in (one, other):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()
