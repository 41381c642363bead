"""Real agents beside servers with one odd definition each: they see every tool that is to be seen, and call one.

Their model is a stand-in on this machine: it notes the tools that it is offered, asks for one call, and
says after that that it is done.
"""

import asyncio
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from odd_server import kinds
from rig import HERE

# One odd definition each. Without callmux any one of them costs Claude Code all tools of its server.
ODD = ["o01", "o05", "o09", "o11", "o17", "o29", "o41", "o42", "o60", "o62"]
DEADLINE = 90


class Model(ThreadingHTTPServer):
    """Answers as the APIs do that the agents speak, always in a stream."""

    def __init__(self, wish, arguments=None):
        super().__init__(("127.0.0.1", 0), Turn)
        self.wish, self.offered, self.results = wish, set(), []
        self.arguments = json.dumps(arguments or {})
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Turn(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, media="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        self.answer(b'{"data":[],"models":[]}')

    do_HEAD = do_GET

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if "/count_tokens" in self.path:
            return self.answer(b'{"input_tokens":1}')
        way = of_messages if "/messages" in self.path else of_responses
        events = "".join(f"event: {data['type']}\ndata: {json.dumps(data)}\n\n" for data in way(self.server, asked))
        self.answer(events.encode(), "text/event-stream")


def of_messages(model, asked):
    """Anthropic's Messages API."""
    model.offered |= {tool["name"].removeprefix("mcp__callmux__") for tool in asked.get("tools", []) if "callmux" in tool["name"]}
    parts = [part for message in asked["messages"] if isinstance(message["content"], list) for part in message["content"]]
    results = [json.dumps(part) for part in parts if part["type"] == "tool_result"]
    model.results += results
    wanted = f"mcp__callmux__{model.wish}"
    if any(tool["name"] == wanted for tool in asked.get("tools", [])) and not results:
        block, stop = {"type": "tool_use", "id": "toolu_1", "name": wanted, "input": {}}, "tool_use"
        delta = {"type": "input_json_delta", "partial_json": model.arguments}
    else:
        block, stop = {"type": "text", "text": ""}, "end_turn"
        delta = {"type": "text_delta", "text": "done"}
    about = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"], "content": []}
    usage = {"input_tokens": 1, "output_tokens": 1}
    yield {"type": "message_start", "message": {**about, "stop_reason": None, "usage": usage}}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {"stop_reason": stop}, "usage": usage}
    yield {"type": "message_stop"}


def of_responses(model, asked):
    """OpenAI's Responses API, where the tools of a server are a namespace."""
    spaces = [tool for tool in asked.get("tools", []) if tool.get("type") == "namespace"]
    own = [space for space in spaces if space["name"] == "mcp__callmux"]
    model.offered |= {tool["name"] for space in own for tool in space["tools"]}
    results = [json.dumps(item) for item in asked["input"] if item.get("type") == "function_call_output"]
    model.results += results
    if own and not results:
        call = {"name": model.wish, "namespace": "mcp__callmux", "arguments": model.arguments, "call_id": "call_1"}
        item = {"type": "function_call", "id": "fc_1", **call}
    else:
        item = {"type": "message", "role": "assistant", "id": "m", "content": [{"type": "output_text", "text": "done"}]}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    yield {"type": "response.created", "response": {"id": "r"}}
    yield {"type": "response.output_item.done", "item": item}
    yield {"type": "response.completed", "response": {"id": "r", "usage": usage}}


def config():
    lines = ['list_timeout = "30s"', 'exposure = "no-meta"']
    for name in ODD:
        args = json.dumps([str(HERE / "odd_server.py"), name])
        lines += [f"[servers.{name}]", f"command = {json.dumps(sys.executable)}", f"args = {args}"]
    return "\n".join(lines) + "\n"


def expected():
    """What a legacy client is to be offered of them: the healthy tool of each, and the odd one if it can be mended."""
    shown = [item for list_, becomes, _, item in kinds() if (list_, becomes) == ("tools", "shown")]
    odd = {f"{name}__{name}" for name in ODD if any(item.startswith(f'{{"name":"{name}"') for item in shown)}
    return odd | {f"{name}__healthy" for name in ODD}


async def run(rig, command, env):
    process = await asyncio.create_subprocess_exec(
        *command, stdin=-3, stdout=-1, stderr=-2, cwd=rig.home, env={**rig.env, **env}
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), DEADLINE)
    except TimeoutError:
        process.kill()
        out, _ = await process.communicate()
    return out.decode(errors="replace")


async def claude(rig, model, to):
    server = {key: to[key] for key in ("command", "args", "env") if key in to}
    if "url" in to:
        server = {"type": "http", "url": to["url"], "headers": {"Authorization": f"Bearer {to['token']}"}}
    config = json.dumps({"mcpServers": {"callmux": server}})
    program = next(rig.scratch.glob("agents/node_modules/@anthropic-ai/claude-code-linux-*/claude"))
    words = ["-p", "hi", "--mcp-config", config, "--strict-mcp-config", "--allowedTools", "mcp__callmux"]
    quiet = {"DISABLE_TELEMETRY": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    # Else it looks for tools when it wants one, and its model is offered none.
    env = {"ANTHROPIC_BASE_URL": model.url, "ANTHROPIC_API_KEY": "none", "ENABLE_TOOL_SEARCH": "false", **quiet}
    return await run(rig, [str(program), *words], env)


async def codex(rig, model, to):
    home = rig.home / "codex"
    home.mkdir(exist_ok=True)
    if "url" in to:
        server = f'url = {json.dumps(to["url"])}\nbearer_token_env_var = "CALLMUX_TOKEN"\n'
    else:
        env = ", ".join(f"{key} = {json.dumps(value)}" for key, value in to["env"].items())
        server = f'command = {json.dumps(to["command"])}\nargs = {json.dumps(to["args"])}\nenv = {{ {env} }}\n'
    (home / "config.toml").write_text(
        # The tools of a server are offered as they are to models of that time; to newer ones they are a search.
        'model = "gpt-4.1"\nmodel_provider = "stand-in"\n'
        f'[model_providers.stand-in]\nname = "stand-in"\nbase_url = "{model.url}/v1"\nwire_api = "responses"\n'
        'env_key = "STAND_IN_KEY"\n'
        f"[mcp_servers.callmux]\n{server}"
    )
    program = next(rig.scratch.glob("agents/node_modules/@openai/codex-linux-*/vendor/*/bin/codex"))
    words = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "hi"]
    return await run(rig, [str(program), *words], {"CODEX_HOME": str(home), "STAND_IN_KEY": "none", "CALLMUX_TOKEN": to.get("token", "")})


async def check(book, rig):
    daemon = await rig.daemon("agents", config())
    await daemon.settled(len(ODD))
    for name, agent in (("Claude Code", claude), ("Codex", codex)):
        model = Model(f"{ODD[0]}__healthy")
        said = await agent(rig, model, daemon.way("bridge"))
        missing, more = expected() - model.offered, {tool for tool in model.offered if tool[:1] == "o"} - expected()
        title = f"{name} beside {len(ODD)} servers with one odd tool each"
        book.check(f"{title}: all {len(expected())} tools are there", not missing, f"without {sorted(missing)}: {said[-500:]}")
        book.check(f"{title}: and no other", not more, str(sorted(more)))
        is_answered = any("healthy" in result for result in model.results)
        book.check(f"{title}: a call is answered", is_answered, f"{model.results[:1]}: {said[-500:]}")
        model.shutdown()
    await daemon.stop()
