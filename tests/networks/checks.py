"""What a daemon is to clients on other machines. Runs in network namespaces, made by `run`."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

CALLMUX = os.environ["CALLMUX_BIN"]
HOME = Path.home()
CONFIG = HOME / ".config/callmux"
PORT = 4861
# Nothing takes longer unless it hangs.
PATIENCE = 120
failed = []

# A client on another machine: one request over TLS or without, and what became of it, as JSON.
CLIENT = """
import json, socket, ssl, sys
address, port, authority, headers = json.loads(sys.argv[1])
try:
    stream = socket.create_connection((address, port), 60)
    if authority:
        stream = ssl.create_default_context(cafile=authority).wrap_socket(stream, server_hostname=address)
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    lines = ["POST /mcp HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += headers + ["Connection: close", "", ""]
    stream.sendall("\\r\\n".join(lines).encode() + body)
    heard = b""
    while piece := stream.recv(65536):
        heard += piece
except OSError as error:
    heard = b""
print(json.dumps(heard.decode("latin-1")))
"""


def check(what, is_so, why=""):
    print(f"{'ok' if is_so else 'FAILED'}: {what}{'' if is_so else f': {why}'}", flush=True)
    if not is_so:
        failed.append(what)


def run(*words, host=None, **variables):
    command = ["ip", "netns", "exec", host, *words] if host else list(words)
    env = {**os.environ, "XDG_RUNTIME_DIR": str(HOME), **variables}
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=PATIENCE, env=env)


def ask(host, address, *headers, authority=None, name="10.77.1.1"):
    """The status and the text of the answer; nothing if the connection was closed."""
    lines = [f"Host: {name}", *headers]
    told = run(sys.executable, "-c", CLIENT, json.dumps([address, PORT, authority, lines]), host=host)
    heard = json.loads(told.stdout or '""')
    return (int(heard.split()[1]), heard) if heard.startswith("HTTP/1.1 ") else (None, heard + told.stderr)


class Daemon:
    """One `callmux serve` with this of a config."""

    def __init__(self, text):
        server = f'[servers.counter]\ncommand = "{CALLMUX}"\nargs = ["example-server", "counter"]\n'
        (CONFIG / "config.toml").write_text(server + text)
        env = {**os.environ, "XDG_RUNTIME_DIR": str(HOME)}
        log = open(HOME / "log", "w")
        self.process = subprocess.Popen(
            [CALLMUX, "serve", "--log-format", "json"], env=env, stdin=subprocess.DEVNULL, stderr=log
        )
        self.wait_for("daemon_ready")

    def facts(self, name):
        lines = (HOME / "log").read_text().splitlines()
        facts = [json.loads(line) for line in lines if line.startswith("{")]
        return [fact for fact in facts if fact.get("fact") == name]

    def wait_for(self, name, fits=lambda fact: True):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if found := [fact for fact in self.facts(name) if fits(fact)]:
                return found[0]
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise TimeoutError(f"{name}: {(HOME / 'log').read_text()}")

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)


def over_tls(proof, authority):
    daemon = Daemon(
        f'[http]\nlisten = ["[::]:{PORT}"]\ntls_cert = "cert.pem"\ntls_key = "key.pem"\n'
        'allowed_hosts = ["10.77.1.1", "[fd77:1::1]"]\n'
        '[access.networks]\nallow = ["10.77.1.0/24", "fd77:1::/64"]\n'
    )
    # Past the door it lacks a session.
    for address, name in [("10.77.1.1", "10.77.1.1"), ("fd77:1::1", "[fd77:1::1]")]:
        status, said = ask("friend", address, proof, authority=authority, name=name)
        check(f"over TLS, from an allowed network, with a token: let in ({address})", status == 400, said)
        status, said = ask("friend", address, authority=authority, name=name)
        check(f"without a token: not known, whoever they are there ({address})", status == 401, said)
    status, said = ask("friend", "10.77.1.1", proof, authority=authority, name="evil.example")
    check("by a name that is none of ours: refused, with the remedy", status == 403 and "allowed_hosts" in said, said)
    status, said = ask("friend", "10.77.1.1", proof)
    check("without TLS: nothing of ours is said", status is None and "HTTP" not in said, said)
    for address in ("10.77.2.1", "fd77:2::1"):
        more = "X-Forwarded-For: 10.77.1.2"
        status, said = ask("stranger", address, proof, more, authority=authority)
        check(f"from another network, whatever they say of it: hung up on ({address})", status is None, said)
    told = daemon.wait_for("peer_refused", lambda fact: fact["cause"] == "network")
    check("the journal tells from where that was", told["reason"].startswith("10.77.2.2 "), told)
    status, said = ask(None, "127.0.0.1", proof, authority=authority)
    check("from loopback, which is in none of them: hung up on", status is None, said)
    words = [CALLMUX, "call", "counter__value", "--url", f"https://10.77.1.1:{PORT}", "--token-file", str(HOME / "ci")]
    done = run(*words, host="friend", SSL_CERT_FILE=authority)
    check("a call from another machine is answered", done.returncode == 0 and '"value"' in done.stdout, done.stderr)
    told = daemon.wait_for("call_finished")
    check("it is that of the token", told["principal"] == "token:ci", told)
    done = run(*words, host="friend", SSL_CERT_FILE=str(CONFIG / "other.pem"))
    check("who does not trust the certificate says nothing", done.returncode != 0, done.stdout)
    daemon.stop()


def behind_a_proxy(proof):
    daemon = Daemon(
        f'[http]\nlisten = ["10.77.1.1:{PORT}", "10.77.2.1:{PORT}"]\nbehind_proxy = true\n'
        'allowed_hosts = ["10.77.1.1"]\n[access.networks]\nallow = ["198.51.100.0/24"]\n'
        'trusted_proxies = ["10.77.1.2"]\n'
    )
    for said, expected in [
        ("198.51.100.7", 400), ("203.0.113.1, 198.51.100.7", 400), ("198.51.100.7, 203.0.113.1", 403), ("?", 403)
    ]:
        status, answer = ask("friend", "10.77.1.1", proof, f"X-Forwarded-For: {said}")
        check(f"a trusted proxy says `{said}`: {expected}", status == expected, answer)
    status, answer = ask("friend", "10.77.1.1", "X-Forwarded-For: 198.51.100.7")
    check("without a token nobody is the proxy's user", status == 401, answer)
    status, answer = ask("stranger", "10.77.2.1", proof, "X-Forwarded-For: 198.51.100.7")
    check("past the proxy, without TLS: hung up on", status is None, answer)
    daemon.wait_for("peer_refused", lambda fact: fact["cause"] == "plain")
    daemon.stop()


def refused():
    for text, words in [
        (f'[http]\nlisten = ["10.77.1.1:{PORT}"]\n', "http.tls_cert"),
        (f'[http]\nlisten = ["10.77.1.1:{PORT}"]\nbehind_proxy = true\n', "callmux token new NAME"),
    ]:
        (CONFIG / "config.toml").write_text(text)
        done = run(CALLMUX, "serve")
        check(f"an address that lacks something is not served: {words}", words in done.stderr, done.stderr)
        status, said = ask("friend", "10.77.1.1")
        check("and nobody listens there", status is None, said)


def main():
    CONFIG.mkdir(parents=True)
    for name in ("cert", "other"):
        key = "key" if name == "cert" else "other-key"
        words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=mux".split()
        words += ["-addext", "subjectAltName=IP:10.77.1.1,IP:10.77.2.1,IP:fd77:1::1,IP:127.0.0.1"]
        words += ["-addext", "basicConstraints=critical,CA:FALSE"]
        words += ["-keyout", str(CONFIG / f"{key}.pem"), "-out", str(CONFIG / f"{name}.pem")]
        subprocess.run(words, check=True, capture_output=True)
    refused()
    run(CALLMUX, "token", "new", "ci", "--into", str(HOME / "ci"))
    proof = f"Authorization: Bearer {(HOME / 'ci').read_text().strip()}"
    over_tls(proof, str(CONFIG / "cert.pem"))
    behind_a_proxy(proof)
    print(f"{len(failed)} failed" if failed else "all held")
    return 1 if failed else 0


sys.exit(main())
