"""The servers behind callmux: how each is started, put into a known state, and called."""

import base64
import json
import re
import shutil
import subprocess

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
# Commits must be the same bytes each time they are made.
GIT_ENV = {
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{who}_{key}": value
       for who in ("AUTHOR", "COMMITTER")
       for key, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"), ("DATE", "2026-01-02T03:04:05+0000"))},
}
LEGACY, MODERN = "legacy", "modern"


def call(name, args=None, era=None, scrub=None):
    """One call. `era`: only clients of this era can make it. `scrub`: patterns of volatile text."""
    return {"name": name, "args": args or {}, "era": era, "scrub": scrub or []}


class Server:
    """`speaks`: the era that callmux finds out it speaks."""

    env, speaks = {}, LEGACY

    def __init__(self, rig):
        self.rig, self.dir = rig, rig.home / self.name

    def npm(self, package, *args):
        script = self.rig.scratch / f"npm/node_modules/@modelcontextprotocol/{package}/dist/index.js"
        return "node", [str(script), *map(str, args)]

    def pypi(self, package, *args):
        return str(self.rig.scratch / f"venv/bin/{package}"), list(map(str, args))

    def direct(self):
        command, args = self.command()
        return self.rig.program(args, command, self.env)

    def inline(self):
        command, args = self.command()
        return self.rig.program(["--plain", "--", command, *args], env=self.env)

    def reset(self):
        pass


class Everything(Server):
    name, needs = "everything", "npm"

    def command(self):
        return self.npm("server-everything")

    def calls(self):
        # Resources carry the time at which they were made.
        made_at = [(r"created at \d+:\d\d:\d\d.?[AP]M", "created at T")]
        # The prerequisite that comes with the error has an id that is drawn by lot.
        drawn = [(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID")]
        by_url = {"url": "https://example.org/a", "elicitationId": "e1"}
        return [
            call("echo", {"message": "grüße 🦀 \"quoted\" \\ \t and\nlines"}),
            call("echo", {"message": "x" * 100_000}),
            call("get-sum", {"a": 2, "b": 40}),
            call("get-sum", {"a": 0.1, "b": -1e21}),
            call("get-structured-content", {"location": "Chicago"}),
            call("get-annotated-message", {"messageType": "error", "includeImage": True}),
            call("get-annotated-message", {"messageType": "debug"}),
            call("get-tiny-image"),
            call("get-resource-links", {"count": 4}),
            call("get-resource-reference", {"resourceType": "Text", "resourceId": 3}, scrub=made_at),
            call("get-resource-reference", {"resourceType": "Blob", "resourceId": 2}, scrub=made_at),
            call("get-roots-list"),
            # Twice, so that it is off again for whoever comes next.
            call("toggle-subscriber-updates"),
            call("toggle-subscriber-updates"),
            call("trigger-long-running-operation", {"duration": 0.02, "steps": 2}),
            # Errors.
            call("echo"),
            call("get-sum", {"a": "x", "b": 2}),
            call("get-structured-content", {"location": "Paris"}),
            call("get-resource-links", {"count": 99}),
            call("get-resource-reference", {"resourceType": "Text", "resourceId": -1}),
            call("simulate-research-query", {"topic": "t"}),
            call("trigger-url-elicitation", {"url": "no url"}),
            # A JSON-RPC error with data the first time, a question to the client the second time.
            call("trigger-url-elicitation", {**by_url, "errorPath": True}, LEGACY, drawn),
            call("trigger-url-elicitation", {**by_url, "errorPath": True}, LEGACY),
            call("trigger-elicitation-request", {}, LEGACY),
            call("trigger-sampling-request", {"prompt": "what?", "maxTokens": 7}, LEGACY),
        ]


class Filesystem(Server):
    name, needs = "filesystem", "npm"

    def command(self):
        return self.npm("server-filesystem", self.dir)

    def reset(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        (self.dir / "sub/deep").mkdir(parents=True)
        (self.dir / "a.txt").write_text("one\ntwo\nthree\n")
        (self.dir / "sub/grüße.md").write_text("# Grüße 🦀\n")
        (self.dir / "sub/deep/pixel.png").write_bytes(PIXEL)
        (self.rig.home / "outside.txt").write_text("not yours\n")

    def calls(self):
        at = lambda name: str(self.dir / name)
        # The files are made anew for each client.
        times = [(r"(created|modified|accessed): [^\n\"\\]*", r"\1: T")]
        edit = {"path": at("a.txt"), "edits": [{"oldText": "two", "newText": "2"}]}
        return [
            call("list_allowed_directories"),
            call("list_directory", {"path": at("")}),
            call("list_directory_with_sizes", {"path": at(""), "sortBy": "size"}),
            call("directory_tree", {"path": at("")}),
            call("read_text_file", {"path": at("a.txt")}),
            call("read_text_file", {"path": at("a.txt"), "tail": 1}),
            call("read_multiple_files", {"paths": [at("a.txt"), at("missing"), at("sub/grüße.md")]}),
            call("read_media_file", {"path": at("sub/deep/pixel.png")}),
            call("write_file", {"path": at("new.txt"), "content": "new\r\nlines\u2028\n"}),
            call("read_text_file", {"path": at("new.txt")}),
            call("edit_file", {**edit, "dryRun": True}),
            call("edit_file", edit),
            call("read_text_file", {"path": at("a.txt")}),
            call("create_directory", {"path": at("made/here")}),
            call("move_file", {"source": at("new.txt"), "destination": at("made/moved.txt")}),
            call("search_files", {"path": at(""), "pattern": "**/*.txt"}),
            call("get_file_info", {"path": at("a.txt")}, scrub=times),
            # Errors.
            call("read_text_file", {"path": str(self.rig.home / "outside.txt")}),
            call("read_text_file", {"path": at("missing")}),
            call("read_text_file", {"path": at("a.txt"), "head": 1, "tail": 1}),
            call("edit_file", {"path": at("a.txt"), "edits": [{"oldText": "nowhere", "newText": ""}]}),
            call("write_file", {"path": at("b.txt")}),
        ]


class Memory(Server):
    name, needs = "memory", "npm"

    def command(self):
        return self.npm("server-memory")

    def __init__(self, rig):
        super().__init__(rig)
        self.file = rig.home / "memory.jsonl"
        self.env = {"MEMORY_FILE_PATH": str(self.file)}

    def reset(self):
        self.file.unlink(missing_ok=True)

    def calls(self):
        entity = lambda name, *said: {"name": name, "entityType": "person", "observations": list(said)}
        knows = {"from": "Ada", "to": "Grace", "relationType": "knows"}
        return [
            call("create_entities", {"entities": [entity("Ada", "likes 🦀"), entity("Grace")]}),
            call("create_relations", {"relations": [knows]}),
            call("add_observations", {"observations": [{"entityName": "Grace", "contents": ["found a bug"]}]}),
            call("read_graph"),
            call("search_nodes", {"query": "bug"}),
            call("open_nodes", {"names": ["Ada", "nobody"]}),
            call("delete_observations", {"deletions": [{"entityName": "Ada", "observations": ["likes 🦀"]}]}),
            call("delete_relations", {"relations": [knows]}),
            call("delete_entities", {"entityNames": ["Ada"]}),
            call("read_graph"),
            # Errors.
            call("add_observations", {"observations": [{"entityName": "nobody", "contents": ["x"]}]}),
            call("create_entities", {"entities": "none"}),
            call("open_nodes"),
        ]


class Thinking(Server):
    name, needs = "thinking", "npm"

    def command(self):
        return self.npm("server-sequential-thinking")

    def calls(self):
        # It counts the thoughts of everybody who ever called this process.
        history = [
            (r'thoughtHistoryLength(\\?)": ?\d+', r'thoughtHistoryLength\1": 0'),
            (r'branches(\\?)": ?\[[^\]]*\]', r'branches\1": []'),
        ]
        thought = {"thought": "first, think", "nextThoughtNeeded": True, "thoughtNumber": 1, "totalThoughts": 2}
        branch = {**thought, "thoughtNumber": 2, "branchFromThought": 1, "branchId": "b"}
        return [
            call("sequentialthinking", thought, scrub=history),
            call("sequentialthinking", branch, scrub=history),
            call("sequentialthinking", {**thought, "thoughtNumber": 5, "nextThoughtNeeded": "false"}, scrub=history),
            # Errors.
            call("sequentialthinking", {**thought, "thoughtNumber": 0}),
            call("sequentialthinking", {"thought": "alone"}),
        ]


class Git(Server):
    name, needs, speaks, env = "git", "pypi", MODERN, GIT_ENV

    def __init__(self, rig):
        super().__init__(rig)
        self.template = rig.home / "git-template"
        if shutil.which("git"):
            self.make_template()

    def command(self):
        return self.pypi("mcp-server-git", "--repository", self.dir)

    def make_template(self):
        self.template.mkdir()
        env = {**self.rig.env, **GIT_ENV}
        git = lambda *words: subprocess.run(["git", *words], cwd=self.template, env=env, check=True, capture_output=True)
        git("init", "--quiet", "--initial-branch=main")
        for number, text in enumerate(["one\n", "one\ntwo\n"]):
            (self.template / "a.txt").write_text(text)
            git("add", "a.txt")
            git("commit", "--quiet", "-m", f"Commit {number}: grüße")

    def reset(self):
        shutil.rmtree(self.dir, ignore_errors=True)
        shutil.copytree(self.template, self.dir)
        (self.dir / "a.txt").write_text("one\ntwo\nthree\n")
        (self.dir / "untracked.txt").write_text("new\n")

    def calls(self):
        here = lambda **args: {"repo_path": str(self.dir), **args}
        return [
            call("git_status", here()),
            call("git_log", here(max_count=5)),
            call("git_diff_unstaged", here()),
            call("git_add", here(files=["a.txt"])),
            call("git_diff_staged", here(context_lines=1)),
            call("git_commit", here(message="Three 🦀")),
            call("git_show", here(revision="HEAD")),
            call("git_diff", here(target="HEAD~1")),
            call("git_create_branch", here(branch_name="side")),
            call("git_checkout", here(branch_name="side")),
            call("git_branch", here(branch_type="local")),
            call("git_reset", here()),
            # Errors.
            call("git_show", here(revision="no-such-revision")),
            call("git_checkout", here(branch_name="--orphan")),
            call("git_status", {"repo_path": str(self.rig.home)}),
            call("git_log", here(max_count="many")),
            call("git_commit", here()),
        ]


class Time(Server):
    name, needs, speaks = "time", "pypi", MODERN

    def command(self):
        return self.pypi("mcp-server-time", "--local-timezone", "Europe/Vienna")

    def calls(self):
        # The day may change between two calls.
        today = [(r"\d{4}-\d\d-\d\dT", "DAY T"), (r"(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day", "DAY")]
        now = [*today, (r"DAY T\d\d:\d\d:\d\d", "NOW")]
        convert = {"source_timezone": "Asia/Kathmandu", "time": "16:30", "target_timezone": "Asia/Tokyo"}
        return [
            call("convert_time", convert, scrub=today),
            call("convert_time", {**convert, "source_timezone": "UTC"}, scrub=today),
            call("get_current_time", {"timezone": "UTC"}, scrub=now),
            # Errors.
            call("convert_time", {**convert, "time": "25:00"}),
            call("convert_time", {**convert, "target_timezone": "Mars/Olympus"}),
            call("get_current_time", {"timezone": 7}),
            call("get_current_time"),
        ]


SERVERS = [Everything, Filesystem, Memory, Thinking, Git, Time]


def scrubbed(value, patterns):
    """`value` without what is volatile. Blobs are looked into."""
    if not patterns:
        return value

    def open_blobs(value):
        if isinstance(value, dict):
            return {k: base64.b64decode(v).decode(errors="replace") if k == "blob" else open_blobs(v) for k, v in value.items()}
        return [open_blobs(one) for one in value] if isinstance(value, list) else value

    text = json.dumps(open_blobs(value), ensure_ascii=False)
    for pattern, replacement in patterns:
        text = re.sub(pattern, replacement, text)
    return json.loads(text)
