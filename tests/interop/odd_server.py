"""A server whose definitions are wrong in one way each: those of odd.txt, or only the tool that it is given. It
has no SDK, for none lets them out."""

import json
import sys
from pathlib import Path

METHODS = {
    "tools/list": ("tools", "tools"),
    "prompts/list": ("prompts", "prompts"),
    "resources/list": ("resources", "resources"),
    "resources/templates/list": ("templates", "resourceTemplates"),
}
ONLY = sys.argv[1] if __name__ == "__main__" and sys.argv[1:] else None
HEALTHY = {
    "tools": '{"name":"healthy","inputSchema":{"type":"object"}}',
    "prompts": '{"name":"healthy"}',
    "resources": '{"uri":"odd:healthy","name":"healthy"}',
    "templates": '{"uriTemplate":"odd:healthy/{x}","name":"healthy"}',
}


def kinds():
    """Of each line of odd.txt: list, what becomes of it, what is wrong, the definition as text."""
    lines = (Path(__file__).parent / "odd.txt").read_text().splitlines()
    return [line.split(" | ", 3) for line in lines if line and not line.startswith("#")]


def result(method, params):
    if method == "initialize":
        capabilities = {"tools": {}, "prompts": {}, "resources": {}}
        about = {"protocolVersion": "2025-11-25", "capabilities": capabilities}
        return json.dumps({**about, "serverInfo": {"name": "odd", "version": "1"}})
    if method == "tools/call":
        return json.dumps({"content": [], "structuredContent": {"called": params["name"]}})
    if method in METHODS:
        list_, member = METHODS[method]
        odd = [kind[3] for kind in kinds() if kind[0] == list_]
        if ONLY:
            odd = [item for item in odd if item.startswith(f'{{"name":"{ONLY}"')]
        definitions = odd + [HEALTHY[list_]]
        return f'{{"{member}":[{",".join(definitions)}]}}'
    return "{}" if method == "ping" else None


def main():
    for line in sys.stdin:
        message = json.loads(line)
        if "id" not in message or "method" not in message:
            continue
        found = result(message["method"], message.get("params"))
        body = f'"result":{found}' if found else '"error":{"code":-32601,"message":"method not found"}'
        print(f'{{"jsonrpc":"2.0","id":{json.dumps(message["id"])},{body}}}', flush=True)


if __name__ == "__main__":
    main()
