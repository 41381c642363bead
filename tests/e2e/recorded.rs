//! What `callmux` makes of a daemon's answers, word for word. They were recorded, so that both sides of an
//! upgrade go on understanding each other: `tests/recorded` has them.

use std::path::PathBuf;
use std::process::Output;

use crate::cli::is_fresh;
use crate::support::Sandbox;
use crate::support::far::{Far, Out, Seen};

/// The arguments, and what is answered to each request: its verb and path, the status, the file.
type Case = (&'static [&'static str], &'static [(&'static str, &'static str, &'static str)]);

const CASES: &[Case] = &[
    (&["status"], &[("GET /api/v1/status", "200 OK", "status")]),
    (&["status", "--json"], &[("GET /api/v1/status", "200 OK", "status")]),
    (&["status"], &[("GET /api/v1/status", "200 OK", "status_refused")]),
    (&["doctor"], &[("GET /api/v1/status", "200 OK", "status")]),
    (&["doctor", "--json"], &[("GET /api/v1/status", "200 OK", "status")]),
    (&["doctor"], &[("GET /api/v1/status", "200 OK", "status_refused")]),
    (&["list", "-d"], &[("GET /api/v1/tools", "200 OK", "tools")]),
    (&["list", "--json"], &[("GET /api/v1/tools", "200 OK", "tools")]),
    (&["list"], &[("GET /api/v1/tools", "200 OK", "tools_none")]),
    (&["reload"], &[("POST /api/v1/reload?wait=false", "202 Accepted", "reload_asked")]),
    (&["reload", "--wait"], &[("POST /api/v1/reload", "200 OK", "plan")]),
    (&["reload", "--wait"], &[("POST /api/v1/reload", "422 No", "plan_refused")]),
    (&["config", "plan"], &[("GET /api/v1/plan", "200 OK", "plan")]),
    (&["config", "plan", "--json"], &[("GET /api/v1/plan", "200 OK", "plan")]),
    (&["config", "plan", "--json"], &[("GET /api/v1/plan", "422 No", "plan_refused")]),
    (&["start", "counter"], &[("POST /api/v1/servers/counter/start", "200 OK", "start_ready")]),
    (&["start", "broken"], &[("POST /api/v1/servers/broken/start", "200 OK", "start_waiting")]),
    (&["restart", "broken"], &[("POST /api/v1/servers/broken/restart", "200 OK", "start_waiting")]),
    (&["stop", "halted"], &[("POST /api/v1/servers/halted/stop", "200 OK", "stop_stopped")]),
    (&["stop", "counter"], &[("POST /api/v1/servers/counter/stop", "200 OK", "start_ready")]),
    (&["stop", "none"], &[("POST /api/v1/servers/none/stop", "404 Not Found", "no_server")]),
    (&["restart", "x"], &[("POST /api/v1/servers/x/restart", "404 Not Found", "no_verb")]),
    (&["start", "x"], &[("POST /api/v1/servers/x/start", "503 No", "no_server")]),
    (&["retry"], &[("POST /api/v1/retry", "200 OK", "retry")]),
    (&["retry"], &[("POST /api/v1/retry", "200 OK", "retry_none")]),
    (&["retry", "x"], &[("POST /api/v1/servers/x/retry", "200 OK", "retry_none")]),
    (
        &["login", "counter", "--no-browser"],
        &[
            ("POST /api/v1/servers/counter/login", "200 OK", "consent"),
            ("POST /api/v1/servers/counter/login/wait", "200 OK", "start_ready"),
        ],
    ),
    (
        &["login", "broken", "--no-browser"],
        &[
            ("POST /api/v1/servers/broken/login", "200 OK", "consent"),
            ("POST /api/v1/servers/broken/login/wait", "200 OK", "start_waiting"),
        ],
    ),
    (&["login", "x"], &[("POST /api/v1/servers/x/login", "409 Conflict", "no_login")]),
    (&["logout", "x"], &[("POST /api/v1/servers/x/logout", "200 OK", "logout")]),
    (&["logout", "x"], &[("POST /api/v1/servers/x/logout", "200 OK", "logout_kept")]),
    (&["dashboard", "--print"], &[("POST /api/v1/dashboard/code", "409 Conflict", "no_address")]),
    (
        &["dashboard", "--print"],
        &[("POST /api/v1/dashboard/code", "404 Not Found", "no_dashboard")],
    ),
    (&["stop", "counter"], &[("POST /api/v1/servers/counter/stop", "403 No", "not_allowed")]),
    (&["reload"], &[("POST /api/v1/reload?wait=false", "503 No", "draining")]),
    // A daemon of another version has words of its own.
    (&["status"], &[("GET /api/v1/status", "200 OK", "status_unknown")]),
    (&["doctor"], &[("GET /api/v1/status", "200 OK", "status_unknown")]),
    (&["doctor", "--json"], &[("GET /api/v1/status", "200 OK", "status_unknown")]),
    (&["start", "counter"], &[("POST /api/v1/servers/counter/start", "200 OK", "start_unknown")]),
];

fn recorded(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(name)
}

fn answer(seen: &Seen, out: &mut Out, answers: &[(&str, &str, &str)]) {
    let asked = format!("{} {}", seen.verb, seen.path);
    match answers.iter().find(|(request, ..)| *request == asked) {
        Some((_, status, file)) => {
            let body = std::fs::read_to_string(recorded(&format!("{file}.json"))).unwrap();
            out.whole(status, &["Content-Type: application/json"], body.trim_end());
        }
        None => out.whole("500 Nobody asks for that", &[], ""),
    }
}

#[test]
fn what_a_daemon_answered_is_told_word_for_word() {
    let mut told = String::new();
    for (args, answers) in CASES {
        let sandbox = Sandbox::new();
        let socket = sandbox.socket();
        std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
        let _daemon =
            Far::on(&socket, move |seen: &Seen, out: &mut Out| answer(seen, out, answers));
        let Output { status, stdout, stderr } = sandbox.command().args(*args).output().unwrap();
        let files: Vec<&str> = answers.iter().map(|(_, _, file)| *file).collect();
        told += &format!("$ callmux {} # {}\n", args.join(" "), files.join(", "));
        told += &String::from_utf8(stdout).unwrap();
        told += &String::from_utf8(stderr).unwrap();
        told += &format!("exit {}\n\n", status.code().unwrap());
    }
    is_fresh(&recorded("told.txt"), &told);
}
