"""60 configs that must be refused. What the complaint says is not looked at, but who is told."""

FINE = '[servers.time]\ncommand = "callmux"\nargs = ["example-server", "time"]\n'
HEAD = '[servers.time]\ncommand = "callmux"\n'

SYNTAX = [
    "[",
    "=",
    "[servers.time",
    "[[servers.time]\n",
    "servers\n",
    'call_timeout = "5m\n',
    "call_timeout = \n",
    'call_timeout = "5m" list_timeout = "5s"\n',
    'call_timeout = "\\q"\n',
    "call_timeout = 5m\n",
    'drain_timeout = """10s\n',
    HEAD + 'args = ["example-server" "time"]\n',
    HEAD + 'args = ["example-server", "time"\n',
    HEAD + 'env = { A = "1" B = "2" }\n',
    HEAD + 'cwd = "\x01"\n',
    "key with spaces = 1\n",
    "[servers.time]\ncommand: callmux\n",
    '{"mcpServers": {"time": {"command": "callmux"}}}\n',
    "mcpServers:\n  time:\n    command: callmux\n",
]

DOUBLED = [
    'call_timeout = "5m"\ncall_timeout = "6m"\n',
    HEAD + 'command = "callmux"\n',
    FINE + FINE,
    HEAD + 'env = { A = "1", A = "2" }\n',
    'servers.time.command = "callmux"\n' + HEAD,
]

TYPES = [
    "call_timeout = 5\n",
    'call_timeout = ["5m"]\n',
    "servers = 1\n",
    "http = true\n",
    "[servers]\ntime = 1\n",
    "[servers.time]\ncommand = 1\n",
    HEAD + 'args = "example-server time"\n',
    HEAD + "args = [1]\n",
    HEAD + 'env = ["A=1"]\n',
    HEAD + "env = { A = 1 }\n",
    HEAD + 'enabled = "yes"\n',
    HEAD + "tools = true\n",
    HEAD + 'aliases = ["a"]\n',
]

KEYS = [
    'cal_timeout = "5m"\n',
    'timeout = "5m"\n',
    "[server.time]\n",
    '[http]\nport = "4860"\n',
    HEAD + 'comand = "callmux"\n',
    HEAD + 'environment = { A = "1" }\n',
    HEAD + "disabled = true\n",
    "[servers.time]\nargs = []\n",
]

VALUES = [
    'call_timeout = ""\n',
    'call_timeout = "-5m"\n',
    'drain_timeout = "soon"\n',
    '[http]\nmax_body = "4"\n',
    '[http]\nmax_body = "9999GiB"\n',
    '[http]\nlisten = ["0.0.0.0:4860"]\n',
    '[http]\nlisten = ["localhost"]\n',
    HEAD + 'cwd = "relative"\n',
    HEAD + 'max_message = "-1B"\n',
    '[servers."a b"]\ncommand = "callmux"\n',
]

BYTES = [
    b"\xff\xfe" + FINE.encode("utf-16-le"),
    FINE.encode() + b"# caf\xe9\n",
    FINE.encode() + b"\0",
    b"# " + b"x" * (10 << 20) + b"\n",
    b"call_timeout = " + b"[" * 10_000 + b"]" * 10_000 + b"\n",
]

ALL = [text.encode() for text in SYNTAX + DOUBLED + TYPES + KEYS + VALUES] + BYTES
