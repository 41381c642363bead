"""Writes the sets that a search of tools is measured on, in the format of `callmux search-quality`.

    sets.py WHEEL FOLDER

WHEEL is the package bfcl-eval of PyPI: functions, what people asked, and which functions answer it, by
people who never saw callmux. Nothing of it is kept in this repository.
"""

import json
import pathlib
import sys
import zipfile

CALLS = (
    "simple_python simple_java simple_javascript multiple parallel parallel_multiple "
    "live_simple live_multiple live_parallel live_parallel_multiple"
).split()
# The folder of a set of functions by the name that its tasks use.
CLASSES = {
    "GorillaFileSystem": "gorilla_file_system",
    "MathAPI": "math_api",
    "MessageAPI": "message_api",
    "TwitterAPI": "posting_api",
    "TicketAPI": "ticket_api",
    "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking",
    "VehicleControlAPI": "vehicle_control",
}


class Tools:
    """Tools by their ids, each once."""

    def __init__(self):
        self.of = {}

    def add(self, server, function):
        name = function["name"].replace(".", "_")
        tool_id = f"{server}:{name}"
        schema = json.loads(json.dumps(function["parameters"]).replace('"type": "dict"', '"type": "object"'))
        self.of.setdefault(tool_id, {
            "server": server,
            "tool": name,
            "tool_id": tool_id,
            "description": function.get("description", ""),
            "inputSchema": schema,
        })
        return tool_id


def rows(package, path):
    text = package.read(f"bfcl_eval/data/{path}").decode()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def said(turn):
    return " ".join(message["content"] for message in turn if message["role"] == "user")


def labelled(number, text, ids):
    labels = [{"tool_id": tool_id, "relevance": 2} for tool_id in sorted(ids)]
    return {"id": f"q{number}", "query": text, "labels": labels}


def single(package):
    """One wish each, and the functions that answer it."""
    tools, queries, asked = Tools(), [], set()
    for part in CALLS:
        answers = {row["id"]: row["ground_truth"] for row in rows(package, f"possible_answer/BFCL_v4_{part}.json")}
        for row in rows(package, f"BFCL_v4_{part}.json"):
            ids = {function["name"]: tools.add("api", function) for function in row["function"]}
            wanted = {ids[name] for call in answers[row["id"]] for name in call if name in ids}
            text = said(row["question"][0])
            if wanted and text.strip() and text not in asked:
                asked.add(text)
                queries.append(labelled(len(queries), text, wanted))
    return tools, queries


def several(package, others):
    """Of conversations: what was said in each turn, all of them as one task, and each with its calls in turn."""
    tools = Tools()
    tools.of.update(others.of)
    own = {}
    for server, path in CLASSES.items():
        for function in rows(package, f"multi_turn_func_doc/{path}.json"):
            own[server, function["name"]] = tools.add(server, function)
    answers = {row["id"]: row["ground_truth"] for row in rows(package, "possible_answer/BFCL_v4_multi_turn_base.json")}
    turns, tasks, conversations = [], [], []
    for row in rows(package, "BFCL_v4_multi_turn_base.json"):
        task, texts, conversation = set(), [], []
        for turn, calls in zip(row["question"], answers[row["id"]]):
            names = [call.split("(")[0].split(".")[-1] for call in calls]
            called = [own[server, name] for name in names for server in row["involved_classes"] if (server, name) in own]
            ids, text = set(called), said(turn)
            if ids and text.strip():
                conversation.append({"text": text, "tools": called})
                turns.append(labelled(len(turns), text, ids))
                task |= ids
                texts.append(text)
        if task:
            tasks.append(labelled(len(tasks), " ".join(texts), task))
            conversations.append({"turns": conversation})
    return tools, turns, tasks, conversations


def write(folder, name, tools, queries):
    (folder / f"{name}.json").write_text(json.dumps({"queries": queries}))
    (folder / f"{name}-tools.json").write_text(json.dumps({"tools": list(tools.of.values())}))
    print(f"{name}: {len(tools.of)} tools, {len(queries)} queries")


def main():
    wheel, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as package:
        tools, queries = single(package)
        write(folder, "single", tools, queries)
        more, turns, tasks, conversations = several(package, tools)
        write(folder, "turns", more, turns)
        write(folder, "tasks", more, tasks)
        (folder / "conversations.json").write_text(json.dumps({"tasks": conversations}))


if __name__ == "__main__":
    main()
