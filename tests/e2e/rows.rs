//! Faults of the test plan, row by row: those that no other test shows.
//!
//! A test in `rows/` that shows a row bears its name. [`ELSEWHERE`] names the tests elsewhere that
//! show the others, [`NOT_HERE`] says why a row, or a part of it, has no test.

mod ends;
mod kept;
mod much;
mod words;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{Sandbox, callmux, config};

const MAIN: &str = "config/callmux/config.toml";

/// The rows. `A-gone` is "client gone before accept": whoever asks and is gone before we look at who it
/// is gets nothing done.
const ROWS: [&str; 45] = [
    "S19", "S28", "R07", "R09", "R24", "C05", "F01", "F04", "F06", "F09", "F17", "F19", "A04",
    "A-gone", "T02", "T13", "T14", "T15", "T16", "T17", "T18", "T19", "E03", "E04", "E05", "E07",
    "E08", "E15", "E16", "E17", "E22", "K02", "K04", "K05", "K06", "K07", "O02", "O05", "O06",
    "O07", "O10", "O11", "O12", "O14", "O19",
];

/// Row, file below `tests` (or of the sources), test.
const ELSEWHERE: [(&str, &str, &str); 24] = [
    ("A-gone", "e2e/door.rs", "nothing_is_done_for_a_client_that_is_gone_before_it_is_accepted"),
    ("A04", "e2e/door.rs", "nothing_is_done_for_another_user_over_tcp"),
    ("E04", "../src/peers/connections/tests.rs", "a_head_that_drips_is_cut_off"),
    ("E05", "e2e/door.rs", "idle_connections_give_way_and_servers_can_still_be_started"),
    ("T13", "e2e/terminal.rs", "nothing_a_server_says_acts_on_a_terminal"),
    ("E15", "e2e/slow_clients.rs", "calls_that_hang_take_nobody_elses_place"),
    ("T17", "systemd/checks/sandbox.py", "keeps"),
    ("E08", "systemd/checks/sandbox.py", "memory_limit_kills"),
    ("E22", "systemd/checks/audit.py", "loss_is_noticed"),
    ("O02", "systemd/checks/audit.py", "record_is_complete"),
    ("F04", "../src/fuzz/http.rs", "http"),
    ("F06", "../src/fuzz/config.rs", "config"),
    ("S19", "../src/process/child.rs", "a_leader_that_ends_takes_its_group_with_it"),
    ("F09", "e2e/meta/arguments.rs", "j04_files_are_read_below_the_roots_alone"),
    ("F17", "../src/servers/machine/tests.rs", "random_lives_never_break_the_rules"),
    ("A04", "systemd/checks/strangers.py", "tcp"),
    ("T16", "../src/base/secret.rs", "debug_hides_the_text"),
    ("T16", "e2e/canary.rs", "no_secret_is_found_where_it_does_not_belong"),
    ("T19", "e2e/meta/search.rs", "a_server_that_is_about_everything_is_not_found_first"),
    ("K02", "soak/sessions.py", "lane"),
    ("K04", "soak/mischief.py", "reload"),
    ("K05", "../src/base/pulse.rs", "it_ticks_only_while_there_is_much_to_do"),
    ("O14", "systemd/checks/ends.py", "busy_is_not_hung"),
    ("O10", "../src/daemon/last_good.rs", "what_was_good_comes_back_without_its_secrets"),
];

/// Why a row, or what of it no test shows, is not shown.
const NOT_HERE: [(&str, &str); 19] = [
    ("S19", "a group is signalled before its leader is reaped, so no number is anybody else's yet"),
    (
        "R24",
        "no machine is booted anew here; what a boot starts is the socket, which the checks do",
    ),
    ("F01", "hours of fuzzing are for a release (`fuzz/run 3600`): a run of the tests has seconds"),
    ("F19", "mutants take hours; a run of the tests has minutes"),
    ("T02", "descriptions are shown as servers write them: what is hidden in one is not judged"),
    ("T14", "no advisory is to be had without a network; `Cargo.lock` is in the tree"),
    ("T15", "what a launcher such as npx fetches is the user's choice and not looked at"),
    ("T19", "who has every word is found by every word; only that others come first is shown"),
    ("E03", "the keys of our tables are hashed with a secret of each process (SipHash of std)"),
    ("E08", "where a machine has no controllers of its own the check is skipped aloud"),
    ("E16", "an input that costs more than its size allows is what the fuzz targets look for"),
    ("E17", "its 200 MiB of memory are not held: 22 MiB of definitions take some 270 MiB"),
    (
        "K06",
        "eight hours are for nobody's patience; a call of a day differs in nothing but its end",
    ),
    ("K07", "dhat is another allocator; the soak measures what the one that is shipped keeps"),
    ("O05", "no field of ours is long: each is cut down before it is written"),
    ("O06", "files are replaced by a rename, never changed; a full disk needs a disk of our own"),
    (
        "O11",
        "nothing but the end of a token asks for the time of day; all limits use another clock",
    ),
    ("O12", "no machine is put to sleep here"),
    (
        "O19",
        "whether processes outlive a logout is up to systemd-logind; the unit has no say in it",
    ),
];

/// The rows that a test in `rows/` bears the name of.
fn shown(text: &str) -> impl Iterator<Item = String> {
    let tests = text.split("#[test]\nfn ").skip(1);
    tests.map(|test| test.split('_').next().unwrap().to_uppercase())
}

#[test]
fn every_row_is_shown_or_has_its_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    for (row, path, test) in ELSEWHERE {
        let text = read(path);
        let is_there = [format!("fn {test}("), format!("def {test}(")];
        assert!(is_there.iter().any(|found| text.contains(found)), "{row}: {path}: {test}");
    }
    let mut rows: BTreeSet<String> = ELSEWHERE.iter().map(|(row, ..)| (*row).to_owned()).collect();
    rows.extend(NOT_HERE.iter().map(|(row, _)| (*row).to_owned()));
    for file in ["ends", "kept", "much", "words"] {
        rows.extend(shown(&read(&format!("e2e/rows/{file}.rs"))));
    }
    let all: BTreeSet<String> = ROWS.into_iter().map(str::to_owned).collect();
    assert_eq!(rows, all);
}

/// A config of counters with these names.
fn counters(names: &[String]) -> String {
    let words = [callmux(), "example-server", "counter"];
    let servers: Vec<(&str, &[&str])> =
        names.iter().map(|name| (name.as_str(), &words[..])).collect();
    config(&servers)
}

fn run(sandbox: &Sandbox, args: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox.command().args(args).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn status(sandbox: &Sandbox) -> Value {
    serde_json::from_str(&run(sandbox, &["status", "--json"]).1).unwrap()
}
