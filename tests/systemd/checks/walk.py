"""From nothing to a tool call by the lines of the README, as they stand there, on a machine that has never seen
callmux: its user has systemd, a login shell, and Node.js as nvm installs it."""

import json
import pathlib
import re
import shutil
import subprocess

from lib import CONFIG, HOME, Failed, Skipped, ctl, expect, run, same, until

SHARE = pathlib.Path("/share")
README = (SHARE / "README.md").read_text()
CHECKOUT = HOME / "callmux"
NODE = SHARE / "node"
# A package of npm with a program, as `npm install --global` lays it out.
NOTES = """#!/usr/bin/env node
const say = (message) => console.log(JSON.stringify({ jsonrpc: '2.0', ...message }));
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) return;
  const tool = { name: 'write', inputSchema: { type: 'object', properties: { text: { type: 'string' } } } };
  const results = {
    initialize: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'notes', version: '1' } },
    'tools/list': { tools: [tool] },
    'tools/call': { content: [{ type: 'text', text: `noted by node ${process.version}` }] },
  };
  const result = results[method];
  say(result ? { id, result } : { id, error: { code: -32601, message: `no ${method}` } });
});
"""


def block(language, having):
    """The block of the README in this language with this text."""
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL) if having in text]
    expect(len(found) == 1, f"the README has {len(found)} blocks in {language} with {having!r}")
    return found[0]


def shell(script, cwd=HOME, timeout=120):
    """What the user types in a terminal of their own: an interactive login shell."""
    # Bash says that it has no terminal, on its stderr.
    command = ["setsid", "bash", "-lic", f"cd {cwd}\n{script}"]
    try:
        done = subprocess.run(command, stdin=-3, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failed(f"`{script}` took longer than {timeout} s") from None
    said = " / ".join((done.stdout + done.stderr).splitlines())
    expect(done.returncode == 0, f"`{' '.join(script.split())}` ended with {done.returncode}: {said}")
    return said


def node():
    """Node.js where nvm puts it, found by what nvm writes into .bashrc."""
    version = NODE.exists() and run(str(NODE / "bin/node"), "--version", check=False).stdout.strip()
    if not version:
        raise Skipped("there is no Node.js on this machine that runs in the container")
    home = HOME / f".nvm/versions/node/{version}"
    shutil.copytree(NODE, home, symlinks=True)
    package = home / "lib/node_modules/notes-server"
    package.mkdir(parents=True)
    (package / "index.js").write_text(NOTES)
    (package / "index.js").chmod(0o755)
    (package / "package.json").write_text('{"name":"notes-server","version":"1.0.0","bin":{"notes-server":"index.js"}}')
    for name, target in (("npx", "npm/bin/npx-cli.js"), ("notes-server", "notes-server/index.js")):
        link = home / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(f"../lib/node_modules/{target}")
    with open(HOME / ".bashrc", "a") as file:
        file.write(f'\nexport NVM_DIR="$HOME/.nvm"\nexport PATH="{home}/bin:$PATH"\n')
    return version


def call(entry, tool, arguments):
    """What a client gets that starts the bridge as its entry says."""
    about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "walk", "version": "1"}}
    messages = [
        {"id": 1, "method": "initialize", "params": about},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": tool, "arguments": arguments}},
    ]
    words = " ".join([entry["command"], *entry["args"]])
    bridge = subprocess.Popen(["setsid", "bash", "-lic", f"exec {words}"], stdin=-1, stdout=-1, stderr=-3, text=True)
    try:
        for message in messages:
            bridge.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
        bridge.stdin.flush()
        for line in bridge.stdout:
            answer = json.loads(line)
            if answer.get("id") == 2:
                return answer
        raise Failed(f"the bridge ended before {tool} was answered")
    finally:
        bridge.stdin.close()
        bridge.wait(20)


def from_nothing():
    expect(not shutil.which("callmux"), "callmux is there already")
    shutil.copytree(SHARE / "tree", CHECKOUT)
    (CHECKOUT / "target/release").mkdir(parents=True)
    (CHECKOUT / "callmux").rename(CHECKOUT / "target/release/callmux")
    version = node()
    build, install = block("sh", "packaging/stage").split("\n", 1)
    # That there is Rust, and that it builds, is the business of the first two commands.
    same("the line that builds", build, "cargo build --release")
    shell(f"set -e\n{install}", CHECKOUT)
    CONFIG.parent.mkdir(parents=True)
    CONFIG.write_text(block("toml", "[servers.time]"))
    entry = json.loads(block("json", "mcpServers"))["mcpServers"]["callmux"]
    answer = call(entry, "time__now", {})
    expect("content" in answer.get("result", {}) and not answer["result"].get("isError"), f"time__now: {answer}")
    (line,) = set(re.findall(r"`(callmux server add notes[^`]*)`", README))
    line = " ".join(line.split())
    said = shell(line)
    expect("1 tool" in said, f"`{line}` says: {said}")
    answer = call(entry, "notes__write", {"text": "x"})
    same("what it answered", answer["result"]["content"][0]["text"], f"noted by node {version}")
    return f"systemd {run('systemctl', '--version').stdout.split()[1]}, node {version}; time__now and notes__write"


def leaves_nothing():
    """What was installed works without the checkout, and goes away as it came."""
    shutil.rmtree(CHECKOUT, ignore_errors=True)
    expect("callmux" in shell("callmux --version"), "`callmux --version` says something else")
    ctl("disable", "--now", "callmux.socket")
    ctl("stop", "callmux.service")
    until("no server runs", lambda: "mcp-" not in ctl("list-units", "--no-legend", "callmux-*").stdout)


CHECKS = [
    ("from nothing to a tool call by the README's lines", from_nothing),
    ("what the README installs can be ended", leaves_nothing),
]
