//! Everything that mcpmux can do, row by row: MX-01 to MX-59.
//!
//! A test that shows a row here bears its number. [`ELSEWHERE`] names the tests elsewhere that show
//! the others, [`NOT_OURS`] the rows that callmux means to be otherwise, and why.

mod credentials;
mod logins;
mod servers;
mod settings;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::support::far::{Far, Out, Seen, modern, said};
use crate::support::{Daemon, Lines, Sandbox};

const MAIN: &str = "config/callmux/config.toml";

/// Row, file below `tests` (or of the sources), test.
const ELSEWHERE: [(u32, &str, &str); 33] = [
    (1, "e2e/inline.rs", "a_server_keeps_its_names_and_goes_with_its_client"),
    (2, "e2e/http.rs", "a_legacy_session_from_its_greeting_to_its_end"),
    (3, "e2e/bad_input.rs", "bad_requests_are_refused_with_the_right_status"),
    (5, "e2e/cli.rs", "exit_codes_mean_something"),
    (6, "e2e/bad_input.rs", "browsers_are_kept_out_of_every_endpoint"),
    (7, "e2e/bad_input.rs", "browsers_are_kept_out_of_every_endpoint"),
    (8, "e2e/bridging.rs", "a_daemon_that_is_told_to_stop_lets_calls_finish"),
    (13, "e2e/cli.rs", "exit_codes_mean_something"),
    (14, "e2e/servers.rs", "the_tools_of_all_servers_are_listed"),
    (14, "e2e/servers.rs", "without_a_usable_server_there_is_nothing_to_list"),
    (15, "e2e/servers.rs", "the_tools_of_all_servers_are_listed"),
    (16, "e2e/servers.rs", "any_server_at_an_address_is_listed"),
    (18, "e2e/matrix.rs", "the_whole_matrix"),
    (18, "e2e/operators.rs", "the_doctor_names_every_definition_that_is_not_shown"),
    (21, "e2e/hostile.rs", "a_server_inherits_three_descriptors_and_a_closed_environment"),
    (22, "e2e/hostile.rs", "a_flood_on_stderr_is_read_and_cut_down"),
    (25, "e2e/oauth.rs", "tokens_that_are_given_or_printed_are_sent"),
    (29, "../src/credentials/command.rs", "a_program_that_hangs_is_ended"),
    (34, "e2e/oauth.rs", "many_calls_at_the_end_of_a_token_renew_it_once"),
    (34, "e2e/oauth.rs", "a_refresh_token_that_is_refused_asks_for_a_login"),
    (36, "e2e/oauth.rs", "only_the_right_address_ends_a_login"),
    (41, "e2e/oauth.rs", "a_login_is_asked_for_once_and_outlives_the_daemon"),
    (42, "e2e/oauth.rs", "a_login_is_asked_for_once_and_outlives_the_daemon"),
    (43, "e2e/oauth.rs", "a_login_is_asked_for_once_and_outlives_the_daemon"),
    (44, "e2e/oauth.rs", "a_login_is_asked_for_once_and_outlives_the_daemon"),
    (45, "e2e/remote.rs", "a_server_that_is_not_there_is_waited_for"),
    (46, "e2e/servers.rs", "what_waits_for_its_next_try_is_tried_now"),
    (51, "e2e/remote_ways.rs", "a_silent_connection_is_looked_after"),
    (52, "e2e/servers.rs", "a_server_that_stays_down_is_told_three_times"),
    (54, "systemd/checks/activation.py", "first_call"),
    (55, "systemd/checks/restarts.py", "newcomers"),
    (56, "systemd/checks/activation.py", "first_call"),
    (57, "systemd/checks/activation.py", "start_does_not_wait_for_servers"),
];

/// What of a row is not to be had here, and why.
const NOT_OURS: [(u32, &str); 19] = [
    (3, "the path is `/mcp`; a client is given the whole address, so nothing is won by another"),
    (4, "without an address the unix socket is served: who reaches it is known"),
    (5, "what is no loopback address is refused, not warned about"),
    (8, "calls may take `drain_timeout`, 10 s, to end, not 5 s"),
    (9, "there is one place, and `conf.d`: which file counts must not depend on where one stands"),
    (10, "an unset variable stops its server and is named; it is not the empty text"),
    (
        18,
        "a tool without an input schema breaks the protocol: it is left out, and the doctor names it",
    ),
    (
        19,
        "servers have `instructions` of their own, which are passed on; there is no `description`",
    ),
    (21, "a server gets a closed environment and what its `env` and `inherit_env` name"),
    (29, "what the program says on stderr may hold the secret, so nobody is shown it"),
    (
        31,
        "the name in a registration is always callmux: the person who consents should know who asks",
    ),
    (35, "no key turns the check of the issuer off"),
    (38, "a browser is opened by `callmux login` alone, never by the daemon"),
    (39, "the opener is a child of the user's shell, outside of the service"),
    (40, "a login begins when a person says so; until then the server says `login needed`"),
    (41, "nothing waits for a consent; `callmux login` gives up after ten minutes"),
    (42, "tokens are kept in the state directory and outlive a reboot; that cannot be turned off"),
    (47, "a server is always tried again; `enabled = false` or `callmux stop` ends that"),
    (57, "the daemon is ready when it serves: a server that hangs must not hold up the others"),
];

#[test]
fn every_row_is_shown_or_has_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    for (row, path, test) in ELSEWHERE {
        let text = read(path);
        let is_there = [format!("fn {test}("), format!("def {test}(")];
        assert!(is_there.iter().any(|text_| text.contains(text_)), "MX-{row}: {path}: {test}");
    }
    let mut rows: BTreeSet<u32> = ELSEWHERE.iter().map(|(row, ..)| *row).collect();
    rows.extend(NOT_OURS.iter().map(|(row, _)| *row));
    for file in ["credentials", "logins", "servers", "settings"] {
        let text = read(&format!("e2e/mx/{file}.rs"));
        let names = text.split("#[test]\nfn mx").skip(1);
        rows.extend(names.map(|name| name[..2].parse::<u32>().unwrap()));
    }
    let missing: Vec<u32> = (1..=59).filter(|row| !rows.contains(row)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Says what it was sent.
fn echo(seen: &Seen, out: &mut Out) {
    out.json(&seen.result(&said(&seen.text)));
}

fn far_echo() -> Far {
    Far::start(modern(echo))
}

/// A daemon with this config, once these servers are ready.
fn started(sandbox: &Sandbox, config: &str, ready: &[&str]) -> Daemon {
    sandbox.write(MAIN, config);
    let daemon = Daemon::start(sandbox);
    for name in ready {
        daemon.wait_for("server_ready", |fact| fact["server"] == *name);
    }
    daemon
}

fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("no text: {answer}"))
}

/// The names of the tools that a client lists.
fn tools(client: &mut Lines) -> BTreeSet<String> {
    let list = client.request("tools/list", &json!({}));
    let tools = list["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn status(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&run(sandbox, &["status", "--json"]).1).unwrap()
}
