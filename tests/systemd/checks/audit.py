"""The journal: fields, message ids, priorities, completeness, the catalogue."""

import collections
import json
import os
import queue
import secrets
import shutil
import signal
import threading

from clients import Bridge, NoAnswer, http_call, outcome
from fleet import config, entry, unit_of
from lib import CONFIG, EXAMPLES, HOME, SERVICE, Failed, ctl, expect, facts, given, journal, main_pid, run, same, until

CALL = "a1f0c6de5b7e4b0fa3a5d0c1e2f30018"
LEVELS = collections.defaultdict(lambda: "6") | {
    "config_refused": "3",
    "server_unusable": "3",
    "listener_refused": "3",
    "server_failed": "4",
    "server_misbehaved": "4",
    "server_wrote_too_much": "4",
    "definition_refused": "4",
    "peer_refused": "4",
    "client_behind": "4",
    "client_given_up": "4",
    "facts_lost": "4",
    "calls_missing": "4",
    "call_finished": "7",
}
BURST = 12_000
IN_FLIGHT = 64
# Lines of a server, and calls after them.
FLOOD = 200_000
CALLS = 40
# The earlier one first.
RECORDS = [HOME / ".local/state/callmux/audit" / name for name in ("calls.1.jsonl", "calls.jsonl")]


def call_entries(having=""):
    """The entries of calls in the record of calls whose line has this text."""
    lines = [line for path in RECORDS if path.exists() for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines if '"call_id"' in line and having in line]


def fields_of_a_call():
    given()
    seen = {entry["CALLMUX_CALL_ID"] for entry in facts("call_finished")}
    bridge = Bridge()
    bridge.value("counter__increment", {"by": 5})
    bridge.call("failing__fail")

    def found(tool):
        entries = journal(f"CALLMUX_TOOL={tool}")
        return [entry for entry in entries if entry["CALLMUX_CALL_ID"] not in seen]

    (entry,) = until("the call is in the journal", lambda: found("counter__increment"))
    same("MESSAGE_ID", entry["MESSAGE_ID"], CALL)
    same("SYSLOG_IDENTIFIER", entry["SYSLOG_IDENTIFIER"], "callmux")
    same("PRIORITY", entry["PRIORITY"], "7")
    same("CALLMUX_OUTCOME", entry["CALLMUX_OUTCOME"], "done")
    same("CALLMUX_SERVER", entry["CALLMUX_SERVER"], "counter")
    same("_SYSTEMD_USER_UNIT", entry["_SYSTEMD_USER_UNIT"], "callmux.service")
    for name in ("CALL_ID", "DURATION_US", "PRINCIPAL", "REQUEST_BYTES", "REPLY_BYTES", "SESSION"):
        expect(entry.get(f"CALLMUX_{name}"), f"the entry has no CALLMUX_{name}")
    expect('"by"' not in str(entry), "the entry has the call's arguments")
    (entry,) = until("the failed call is in the journal", lambda: found("failing__fail"))
    same("CALLMUX_OUTCOME", entry["CALLMUX_OUTCOME"], "tool_error")
    ours = sorted(name for name in entry if name.startswith("CALLMUX_"))
    return ", ".join(ours)


def calls_are_complete():
    """More than journald's default rate lets through."""
    given()
    bridge = Bridge()
    bridge.value("counter__value")
    before = len(journal(f"MESSAGE_ID={CALL}"))
    lost = len(facts("facts_lost"))
    waiting = collections.deque()
    for _ in range(BURST):
        if len(waiting) == IN_FLIGHT:
            take(waiting.popleft())
        waiting.append(bridge.start_call("counter__value"))
    for answer in waiting:
        take(answer)
    count = lambda: len(journal(f"MESSAGE_ID={CALL}")) - before
    try:
        until("every call is in the journal", lambda: count() >= BURST, seconds=20)
    except Failed:
        raise Failed(
            f"{count()} of {BURST} calls are in the journal; facts_lost was written "
            f"{len(facts('facts_lost')) - lost} times"
        ) from None
    return f"{count()} entries of {BURST} calls"


def take(answer):
    try:
        same("a call in the burst", outcome(answer.get(timeout=60)), "done")
    except queue.Empty:
        raise Failed("a call in the burst was not answered within 60 s") from None


def entries_of(tool, since):
    """Entries of calls of `tool` that are not in `since`, by their ids."""
    entries = journal(f"CALLMUX_TOOL={tool}", f"MESSAGE_ID={CALL}")
    return {entry["CALLMUX_CALL_ID"] for entry in entries} - since


def drowned(prefix):
    """A server that writes much, as if each line were of another priority, and then calls."""
    given(entry("alpha") + entry("loud"))
    before = entries_of("alpha__read", set())
    bridge = Bridge()
    bridge.value("loud__shout", {"line": f"{prefix}wer andern eine Grube graebt", "times": FLOOD})
    for number in range(CALLS):
        bridge.value("alpha__read", {"nonce": str(number)})
    found = lambda: entries_of("alpha__read", before)
    try:
        until("every call is in the journal", lambda: len(found()) == CALLS, 10)
    except Failed:
        raise Failed(f"{len(found())} of {CALLS} calls are in the journal") from None
    return f"{CALLS} entries of {CALLS} calls after {FLOOD} lines"


def drowned_at_every_level():
    """journald has a pool for each of five classes of priorities."""
    return "; ".join(f"{prefix!r}: {drowned(prefix)}" for prefix in ("<7>", "<6>", "<4>", "<3>", "<2>", ""))


def lines_of_servers():
    """Found by the server's name, by its unit, and by its field, with the priorities it gave them."""
    given(entry("alpha"))
    bridge, mark = Bridge(), secrets.token_hex(8)
    # Neither an emergency of the machine, nor of the priority that entries of calls have.
    given_for = {"": "6", "<0>": "3", "<3>": "3", "<4>": "4", "<5>": "5", "<6>": "6", "<7>": "6"}
    for prefix in given_for:
        bridge.value("alpha__shout", {"line": f"{prefix}{mark} of {prefix[1:2]}"})
    unit = unit_of("alpha")
    ways = {"-t": ["-t", "mcp-alpha"], "-u": ["-u", unit], "": ["CALLMUX_SERVER=alpha"]}
    for option, words in ways.items():
        written = lambda: [e for e in journal(*words) if mark in e["MESSAGE"]]
        shows = f"`journalctl --user {' '.join(words)}` shows them"
        found = until(shows, lambda: len(written()) == len(given_for) and written(), 10)
    lines = {f"{mark} of {prefix[1:2]}".rstrip(): priority for prefix, priority in given_for.items()}
    same("what it wrote", {e["MESSAGE"]: e["PRIORITY"] for e in found}, lines)
    same("its CALLMUX_SERVER", {e["CALLMUX_SERVER"] for e in found}, {"alpha"})
    loud = [e for e in journal("-t", "mcp-alpha", "-p", "warning") if mark in e["MESSAGE"]]
    same("lines with `-p warning`", len(loud), 3)
    status = ctl("status", "--no-pager", unit).stdout
    expect(mark in status, f"`systemctl status {unit}` does not show it:\n{status}")
    return ", ".join(" ".join(words) for words in ways.values())


def lines_outlive_us():
    """What a server writes while the daemon is away, and after that, is found."""
    given(entry("alpha"))
    bridge, seen = Bridge(), []
    pid = bridge.value("alpha__read", {"nonce": "1"})["pid"]

    def kill():
        daemon = main_pid()
        os.kill(daemon, signal.SIGKILL)
        until("another daemon", lambda: main_pid() not in (0, daemon))

    for change in (lambda: ctl("restart", SERVICE), kill, kill, lambda: ctl("restart", SERVICE)):
        change()
        mark = secrets.token_hex(8)
        same("the server", bridge.value("alpha__shout", {"line": mark})["pid"], pid)
        seen.append(mark)
        lines = lambda: [entry["MESSAGE"] for entry in journal("-t", "mcp-alpha")]
        until("the line is in the journal", lambda: mark in lines(), 10)
    return f"{len(seen)} lines after as many restarts and kills"


def what_is_left_out_is_counted():
    """The flood is bounded, and told."""
    given(entry("loud"))
    mark = secrets.token_hex(8)
    Bridge().value("loud__shout", {"line": mark, "times": FLOOD})
    written = lambda: len([e for e in journal("-t", "mcp-loud") if mark in e["MESSAGE"]])

    def told():
        entries = facts("server_wrote_too_much", f"_PID={main_pid()}")
        return sum(int(entry["CALLMUX_LINES"]) for entry in entries)

    until("every line is written or counted", lambda: written() + told() == FLOOD)
    expect(written() < 1000, f"{written()} of {FLOOD} lines are in the journal")
    return f"{written()} lines written, {told()} counted in {len(facts('server_wrote_too_much'))} entries"


def limits_of_lines_are_the_config_s():
    """A server that may write few lines, and then more, without a new process."""
    given(entry("loud", keys="log_burst = 3\nlog_rate = 0\n"))
    bridge, mark = Bridge(), secrets.token_hex(8)
    pid = bridge.value("loud__read", {"nonce": "1"})["pid"]
    written = lambda word: [e for e in journal("-t", "mcp-loud") if f"{mark} {word}" in e["MESSAGE"]]
    # What the server writes when it begins counts, too.
    bridge.value("loud__shout", {"line": f"{mark} few", "times": 100})
    until("what is left out is told", lambda: facts("server_wrote_too_much", f"_PID={main_pid()}"))
    few = len(written("few"))
    expect(0 < few <= 3, f"{few} lines of 3 are in the journal")
    CONFIG.write_text(entry("loud", keys="log_burst = 1000\nlog_rate = 0\n"))
    ctl("reload", SERVICE)
    same("its process", bridge.value("loud__shout", {"line": f"{mark} many", "times": 900})["pid"], pid)
    until("all lines are written", lambda: len(written("many")) == 900)
    return f"{few} lines of 100, and then 900 of 900"


def recorded(tool):
    """The ids of calls of `tool` in the daemon's own record."""
    lines = [line for path in RECORDS if path.exists() for line in path.read_text().splitlines()]
    entries = [json.loads(line) for line in lines if line]
    return {entry["call_id"] for entry in entries if entry.get("tool") == tool}


def cut_off_is_recorded():
    """A call over plain HTTP, which nobody goes on with."""
    given()
    begun, before = threading.Event(), recorded("slow__wait")

    def call():
        try:
            http_call("slow__wait", {"seconds": 60, "steps": 600}, on_progress=begun.set)
        except (NoAnswer, OSError, Failed):
            pass  # As it must be.

    threading.Thread(target=call, daemon=True).start()
    expect(begun.wait(30), "the call did not reach its server within 30 s")
    daemon = main_pid()
    os.kill(daemon, signal.SIGKILL)
    until("another daemon", lambda: main_pid() not in (0, daemon))
    until("the call is in the record", lambda: recorded("slow__wait") - before)
    # What would come twice would come with the next start.
    ctl("restart", SERVICE)
    lines = [line for path in RECORDS if path.exists() for line in path.read_text().splitlines()]
    entries = [json.loads(line) for line in lines if '"slow__wait"' in line]
    (entry,) = [entry for entry in entries if entry["call_id"] not in before]
    same("how it ended", entry["outcome"], "outcome_unknown")
    same("the server", entry["server"], "slow")
    expect("checks" in entry["client"], f"the client is {entry['client']!r}")
    return f"{entry['client']}: {entry['outcome']}"


def record_is_complete():
    """Whatever becomes of the journal, and of the daemon."""
    given(entry("alpha"))
    bridge, before = Bridge(), recorded("alpha__read")
    for _ in range(3):
        for number in range(CALLS):
            bridge.value("alpha__read", {"nonce": str(number)})
        until("they are in the record", lambda: (len(recorded("alpha__read") - before)) % CALLS == 0)
        daemon = main_pid()
        os.kill(daemon, signal.SIGKILL)
        until("another daemon", lambda: main_pid() not in (0, daemon))
    after = recorded("alpha__read") - before
    same("calls in the record", len(after), 3 * CALLS)
    numbers = [json.loads(line)["sequence"] for line in RECORDS[1].read_text().splitlines() if "sequence" in line]
    same("numbers given twice", len(numbers) - len(set(numbers)), 0)
    same("modes", [oct(path.stat().st_mode & 0o777) for path in RECORDS if path.exists()][-1], "0o600")
    return f"{len(after)} calls over three kills"


def use_up_the_rate():
    """Another program of the user writes more at the level of calls than journald takes."""
    # From a unit of the same user manager: that is what journald counts.
    flood = (
        "import socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
        r"d = b'PRIORITY=7\nSYSLOG_IDENTIFIER=flood\nMESSAGE=x\n';"
        f"[s.sendto(d, '/run/systemd/journal/socket') for _ in range({FLOOD})]"
    )
    run("systemd-run", "--user", "--wait", "--quiet", "/usr/bin/python3", "-c", flood)


def until_journald_takes_calls():
    """What comes after a flood would else lose its entries, if it comes soon enough."""
    # One that stays: journald does not count whoever is gone before it has looked whose they are.
    asks = (
        "import socket, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM);"
        r"d = b'PRIORITY=7\nSYSLOG_IDENTIFIER=after-the-flood\nMESSAGE=x\n';"
        "[(s.sendto(d, '/run/systemd/journal/socket'), time.sleep(0.2)) for _ in range(600)]"
    )
    run("systemd-run", "--user", "--quiet", "--unit=after-the-flood", "/usr/bin/python3", "-c", asks)
    until("journald takes what is as important as a call", lambda: journal("-t", "after-the-flood"), 90)
    run("systemctl", "--user", "stop", "after-the-flood.service")


def loss_is_noticed():
    """What journald takes at the level of calls is used up."""
    given(entry("alpha"))
    bridge = Bridge()
    bridge.value("alpha__read", {"nonce": "0"})
    told = len(facts("calls_missing"))
    # journald counts anew every 30 seconds, from the first entry after those. Where that falls
    # between flood and calls it takes all of them, and the next flood stands early in its count.
    for _ in range(3):
        seen, kept = entries_of("alpha__read", set()), recorded("alpha__read")
        use_up_the_rate()
        for number in range(CALLS):
            bridge.value("alpha__read", {"nonce": str(number)})
        doctor = run("callmux", "doctor", check=False).stdout
        missing = CALLS - len(entries_of("alpha__read", seen))
        if missing > 0:
            break
    expect(missing > 0, "the journal took everything, so this check shows nothing")
    expect(f"did not take {missing} entries" in doctor, f"{missing} are missing; doctor says {doctor!r}")
    expect(str(RECORDS[1]) in doctor, f"doctor does not say where they are: {doctor!r}")
    status = run("callmux", "status", check=False).stdout
    expect(f"{missing} entries of calls are not in the journal" in status, f"status says {status!r}")
    entries = until("there is a fact", lambda: facts("calls_missing")[told:])
    same("facts", [entry["CALLMUX_MISSING"] for entry in entries], [str(missing)])
    same("calls in the record", len(recorded("alpha__read") - kept), CALLS)
    until_journald_takes_calls()
    return f"{missing} of {CALLS} were missing; all are in the record"


def priorities():
    """Over everything that all checks before this one caused."""
    given()
    bridge = Bridge()
    bridge.call("failing__crash")
    until("the crash is in the journal", lambda: facts("server_failed"))
    entries = journal("-t", "callmux", "_TRANSPORT=journal")
    wrong = [
        f"{entry['CALLMUX_FACT']} has {entry['PRIORITY']}"
        for entry in entries
        if "CALLMUX_FACT" in entry and entry["PRIORITY"] != LEVELS[entry["CALLMUX_FACT"]]
    ]
    expect(not wrong, "; ".join(sorted(set(wrong))))
    kinds = {entry["CALLMUX_FACT"] for entry in entries if "CALLMUX_FACT" in entry}
    return f"{len(entries)} entries of {len(kinds)} kinds"


def no_duplicates():
    calls = collections.Counter(entry["CALLMUX_CALL_ID"] for entry in facts("call_finished"))
    twice = [call for call, count in calls.items() if count > 1]
    expect(not twice, f"{len(twice)} calls have two entries, such as {twice[:1]}")
    # A daemon that writes to the journal and to stderr as well would show up here. What `ExecReload=` prints
    # is another process.
    daemons = {entry["_PID"] for entry in facts("daemon_started")}
    by_stderr = [line for line in journal("-t", "callmux", "_TRANSPORT=stdout") if line["_PID"] in daemons]
    expect(not by_stderr, f"{len(by_stderr)} lines on stderr, such as {by_stderr[:1]}")
    starts = collections.Counter(entry["_PID"] for entry in facts("daemon_started"))
    expect(all(count == 1 for count in starts.values()), "a start is written twice")
    return f"{len(calls)} calls, {len(starts)} starts, each once"


def journal_shows_what_was_cut_off():
    """The hashes do not show that the last records are missing; the journal's entries do."""
    given("[audit]\nfile = true\nrequired = true\n" + EXAMPLES)
    bridge = Bridge()
    for _ in range(20):
        bridge.value("counter__increment", {"by": 1})
    verify = lambda: run("callmux", "audit", "verify", "--json", check=False)
    compared = lambda: json.loads(verify().stdout)["journal"]
    until("the journal has an entry of each", lambda: compared().get("entries") == 20)
    done = verify()
    same("the exit code", done.returncode, 0)
    before = json.loads(done.stdout)
    same("records, calls that are open", (before["records"], before["open"]), (20, 0))
    same("records without an entry", before["journal"]["records_without_entry"], 0)
    ctl("stop", "callmux.socket", SERVICE)
    (segment,) = (HOME / ".local/state/callmux/audit").glob("segment-*.jsonl")
    lines = segment.read_text().splitlines(keepends=True)
    segment.write_text("".join(lines[:-6]))
    done = run("callmux", "audit", "verify", check=False)
    expect("entries of 3 calls whose records are gone" in done.stdout, done.stdout)
    same("the exit code", done.returncode, 1)
    shutil.rmtree(segment.parent)
    return done.stdout.splitlines()[1]


def catalogue():
    text = run("journalctl", "--user", "-x", "--no-pager", "-n1", f"MESSAGE_ID={CALL}").stdout
    expect("How a call can end:" in text, f"`journalctl -x` shows no explanation:\n{text}")
    expect("@CALLMUX_" not in text, f"the explanation has holes:\n{text}")
    # Every kind that has an entry by now.
    kinds = {entry["MESSAGE_ID"]: entry["CALLMUX_FACT"] for entry in facts_of_all()}
    for message_id, fact in kinds.items():
        text = run(
            "journalctl", "--user", "-x", "--no-pager", "-n1", f"MESSAGE_ID={message_id}"
        ).stdout
        expect("Subject: " in text, f"{fact} is not explained")
        expect("@CALLMUX_" not in text, f"the explanation of {fact} has holes:\n{text}")
    return f"{len(kinds)} kinds explained"


def facts_of_all():
    return [entry for entry in journal("-t", "callmux") if "CALLMUX_FACT" in entry]


CHECKS = [
    ("the journal has the fields of a call", fields_of_a_call),
    ("the journal has every call of a burst", calls_are_complete),
    ("no server drowns the entries of calls", drowned_at_every_level),
    ("a server's lines are found, each with the priority that it said", lines_of_servers),
    ("a server's lines outlive restarts and kill -9 of the daemon", lines_outlive_us),
    ("what a server writes too much is left out and counted", what_is_left_out_is_counted),
    ("log_burst and log_rate hold at once", limits_of_lines_are_the_config_s),
    ("the record of calls has every call, over kill -9 of the daemon", record_is_complete),
    ("a call over HTTP that kill -9 cuts off has one entry", cut_off_is_recorded),
    ("the journal's priorities are right", priorities),
    ("nothing is in the journal twice", no_duplicates),
    ("the journal shows which records were cut off", journal_shows_what_was_cut_off),
    # Last but one: for half a minute the journal takes no more entries of calls.
    ("what the journal does not take is noticed, told and recorded", loss_is_noticed),
    ("journalctl -x explains", catalogue),
]
