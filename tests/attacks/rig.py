"""A daemon in a home of its own, what it uses of the machine, and a neighbour beside the attacker."""

import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from wire import Session, connect

HERE = Path(__file__).resolve().parent
BINARY = os.environ["CALLMUX_BIN"]
DEADLINE = 120


class Gained(Exception):
    """The attack got what it wanted."""


def expect(good, what):
    if not good:
        raise Gained(what)


def until(probe, what, deadline=DEADLINE):
    """Waits for a fact."""
    end = time.monotonic() + deadline
    while not (found := probe()):
        expect(time.monotonic() < end, f"not within {deadline} s: {what}")
        time.sleep(0.01)
    return found


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Daemon:
    """One `callmux serve` with a calm server and an attacking one."""

    def __init__(self, mode="", keys="", descriptors=None):
        self.home = Path(tempfile.mkdtemp(prefix="cmx-"))
        # Other users are to get as far as the port.
        self.home.chmod(0o711)
        self.log, self.socket, self.port = self.home / "asked", str(self.home / "s"), free_port()
        self.log.touch()
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "CALLMUX_ATTACK_LOG": str(self.log)}
        for name in ("RUNTIME_DIR", "CACHE_HOME", "CONFIG_HOME", "STATE_HOME"):
            path = self.home / name
            path.mkdir(mode=0o700)
            self.env[f"XDG_{name}"] = str(path)
        self.config = self.home / "CONFIG_HOME" / "config.toml"
        server = [sys.executable, "-B", str(HERE / "server.py"), mode]
        self.usual = (
            'call_timeout = "2m"\n'
            f'[servers.calm]\ncommand = "{BINARY}"\nargs = ["example-server", "time"]\n'
            f'[servers.bad]\ncommand = "{server[0]}"\nargs = {json.dumps(server[1:])}\n'
            f'env = {{ CALLMUX_ATTACK_LOG = "{self.log}" }}\n{keys}'
        )
        self.config.write_text(self.usual)

        # Run between fork and exec, which threads of ours can make hang: only where it is needed.
        limits = descriptors and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors)))
        words = ["serve", "--config", self.config, "--socket", self.socket, "--listen", f"127.0.0.1:{self.port}"]
        self.stderr = open(self.home / "stderr", "wb")
        self.process = subprocess.Popen(
            [BINARY, *map(str, words)], env=self.env, stderr=self.stderr, stdin=subprocess.DEVNULL, preexec_fn=limits or None
        )
        until(self.answers, "a daemon that answers")
        session = Session(self.socket).open("rig")
        until(lambda: "result" in session.call("calm__now"), "the calm server")
        until(lambda: self.counted("listed") > 0, "the attacking server")

    def answers(self):
        expect(self.process.poll() is None, "the daemon ended")
        try:
            connect(self.socket).close()
            return True
        except OSError:
            return False

    def counted(self, word):
        """How often the attacking server noted this."""
        return sum(line.startswith(word) for line in self.log.read_text().splitlines())

    def written(self):
        """The lines of the log, but those about the neighbour's calls: it gets one for each."""
        lines = (self.home / "stderr").read_bytes().splitlines()
        return [line for line in lines if b" callmux: calm__" not in line]

    def verb(self, *words, deadline=30):
        """One of callmux's own verbs against this daemon."""
        command = [BINARY, *words, "--socket", self.socket]
        try:
            return subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=deadline)
        except subprocess.TimeoutExpired:
            raise Gained(f"`callmux {' '.join(words)}` says nothing for {deadline} s") from None

    def bridge(self):
        return subprocess.Popen(
            [BINARY, "bridge", "--socket", self.socket],
            env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )

    def processor(self):
        """Seconds of processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rest(self):
        """Waits until the daemon has no more to do than the neighbour asks for, and the attacking
        server has nothing new to say."""
        def is_calm():
            before, size = self.processor(), self.log.stat().st_size
            time.sleep(1.5)
            return self.processor() - before < 0.25 and self.log.stat().st_size == size

        until(is_calm, "a daemon at rest")

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def peak(self):
        """The most memory it had since the peak was forgotten, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stderr.close()
        shutil.rmtree(self.home, ignore_errors=True)


class Neighbour:
    """Measures calls of another session while something goes on."""

    def __init__(self, daemon):
        words = [sys.executable, "-B", str(HERE / "neighbour.py"), daemon.socket]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def end(self):
        said, _ = self.process.communicate("", DEADLINE)
        expect(self.process.returncode == 0, "the neighbour's session ended")
        return json.loads(said)
