"""What schemathesis finds in the management API, and what it cannot ask."""

import http.client
import json
import os
import re
import subprocess
import sys

import jsonschema_rs

from rig import Home, Passage, until

DIR = os.environ["CALLMUX_API_DIR"]
EXAMPLES = os.environ.get("CALLMUX_API_EXAMPLES", "10")
SEED = os.environ.get("CALLMUX_API_SEED")
# Names that are there, so that what is asked for is done. What is made up instead is of another run.
THERE = """
[[operations]]
include-path-regex = "^/api/v1/servers/"
parameters = { "path.name" = "counter" }

[[operations]]
include-path-regex = "^/api/v1/tools/"
parameters = { "path.name" = "counter__increment" }

[[operations]]
include-path = "/api/v1/arguments"
parameters = { "query.tool" = "counter__increment" }

[[operations]]
include-path = "/api/v1/access/test"
parameters = { "query.tool" = "counter__increment" }
"""
# With the state that is, the list of approvals is answered once it is another, or after 20 s: that is asked for
# below. Any other state is answered at once.
NO_WAIT = """
[[operations]]
include-path = "/api/v1/approvals"
parameters = { "query.since" = 7 }
"""
# What a schema cannot say: which moments and cursors there are, what a whole config may have in it, which state of a
# section is meant. All of these are refused as the document has it.
MEANING = """
[[operations]]
include-path-regex = "^/api/v1/history"
checks.positive_data_acceptance.expected-statuses = ["2xx", "400"]

[[operations]]
include-path-regex = "^/api/v1/(plan|config/.*)$"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "412", "422", "428"]

# A server may just have been stopped by another request.
[[operations]]
include-path = "/api/v1/tools/call"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", "503"]
"""
# It has no end, which schemathesis would wait for: it is asked for below.
STREAM = "^/api/v1/events$"

passed, failed = 0, []


def check(what, holds, why=""):
    global passed
    if holds:
        passed += 1
        print(f"ok      {what}", flush=True)
    else:
        failed.append(what)
        print(f"FAIL    {what}{': ' if why else ''}{why}", flush=True)


def schemathesis(name, port, token, extra="", document=None):
    """Runs it; True if it found nothing. `document`: what is read in place of the daemon's own."""
    said = os.path.join(DIR, "said")
    os.makedirs(said, exist_ok=True)
    config = os.path.join(said, f"{name}.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(NO_WAIT + MEANING + extra)
    words = [os.path.join(os.path.dirname(sys.executable), "schemathesis"), "--config-file", config, "run",
             document or f"http://127.0.0.1:{port}/api/v1/openapi.json", "--url", f"http://127.0.0.1:{port}", "--no-color", "--continue-on-failure",
             "--max-examples", EXAMPLES, "--exclude-path-regex", STREAM, "--phases", "examples,coverage,fuzzing",
             "--checks", "all", "--request-timeout", "30", "--output-sanitize", "true"]
    words += ["--seed", SEED] if SEED else ["--generation-deterministic"]
    if token:
        words += ["-H", f"Authorization: Bearer {token}"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=240, cwd=said)
    text = done.stdout + done.stderr
    with open(os.path.join(said, f"{name}.txt"), "w", encoding="utf-8") as file:
        file.write(text)
    cases = re.search(r"(\d+) generated", text)
    count = int(cases[1]) if cases else 0
    tested = re.search(r"Tested: (\d+)", text)
    print(f"        {name}: {count} requests to {tested[1] if tested else 0} endpoints")
    if done.returncode == 0 and count:
        return True
    print("\n".join(f"        {line}" for line in text.splitlines()[-120:]))
    return False


def conforms(document, path, method, answer):
    """Whether an answer is as the document says."""
    status, headers, text = answer
    responses = document["paths"][path][method]["responses"]
    response = responses.get(str(status), responses["default"])
    kind = headers.get("content-type", "").split(";")[0]
    if kind not in response["content"]:
        return False
    schema = {**response["content"][kind]["schema"], "components": document["components"]}
    return jsonschema_rs.is_valid(schema, json.loads(text))


def asked_apart(home, document):
    """What schemathesis cannot ask, or does not."""
    until("both servers", lambda: list(home.phases().values()).count("ready") == 2)
    path = "/api/v1/approvals"
    state = json.loads(home.ask("GET", path, home.token)[2])["state"]
    answer = home.ask("GET", f"{path}?since={state}", home.token)
    check("the list of approvals that waits ends", answer[0] == 200 and conforms(document, path, "get", answer), answer[2])
    refused = home.ask("GET", "/api/v1/events", None)
    check("the stream of events is refused without a token", refused[0] == 401 and conforms(document, "/api/v1/events", "get", refused), refused[2])
    connection = http.client.HTTPConnection("127.0.0.1", home.port, timeout=60)
    connection.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {home.token}"})
    answer = connection.getresponse()
    first = answer.fp.readline() and answer.fp.readline()
    kinds = document["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]
    check("the stream of events begins", (answer.status, first) == (200, b"retry: 2000\n") and answer.headers["content-type"] in kinds, first)
    connection.close()
    allowed = {}
    for path, methods in document["paths"].items():
        if "{" in path:
            continue
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]:
            if method.lower() not in methods and not (method == "HEAD" and "get" in methods):
                status, headers, _ = home.ask(method, path, home.token)
                if status != 405 or set(headers.get("allow", "").lower().split(", ")) - {"head"} != set(methods):
                    allowed[f"{method} {path}"] = (status, headers.get("allow"))
    check("another method is answered with 405 and what is allowed", not allowed, allowed)
    head = [path for path, methods in document["paths"].items() if "get" in methods and not path.endswith(("/events", "/approvals"))
            and not any(one.get("required") for one in methods["get"].get("parameters", []))
            if home.ask("HEAD", path, home.token)[::2] != (200, "")]
    check("HEAD is GET without a body", not head, head)
    changes = [(path, method) for path, methods in document["paths"].items() for method in methods if method != "get"]
    may = {path: home.ask(method.upper(), path.replace("{name}", "counter").replace("{id}", "1"), home.reader)[0] for path, method in changes}
    check("who may look may change nothing", set(may.values()) == {403}, may)


def main():
    home = Home()
    passage = Passage(home.socket)
    try:
        document = json.loads(home.ask("GET", "/api/v1/openapi.json", home.token)[2])
        check("schemathesis over TCP, with made-up names", schemathesis("made-up", home.port, home.token))
        check("schemathesis over TCP, with names that are there", schemathesis("there", home.port, home.token, THERE))
        # It speaks TCP alone, so its bytes are passed on. There is nothing to log in to at the unix socket: whoever may
        # open it is the daemon's user. So the document is read without the token that it wants; no check is left out.
        open_to_us = os.path.join(home.dir, "openapi.json")
        with open(open_to_us, "w", encoding="utf-8") as file:
            json.dump({name: part for name, part in document.items() if name != "security"}, file)
        check("schemathesis over the unix socket", schemathesis("unix", passage.port, None, THERE, open_to_us))
        for name in ["counter", "notes"]:
            home.ask("POST", f"/api/v1/servers/{name}/start", home.token)
        asked_apart(home, document)
        check("both servers are there after all that", list(home.phases().values()).count("ready") == 2, home.phases())
        check("nothing in it panicked", "panicked" not in home.said())
        check("neither token is told", not any(token in home.said() for token in (home.token, home.reader)))
    except Exception as error:  # noqa: BLE001, whatever it is fails the suite
        check("the suite", False, repr(error))
    finally:
        passage.close()
        code = home.end()
        check("the daemon ends as it should", code == 0, code)
        home.remove()
    print(f"\n{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


sys.exit(main())
