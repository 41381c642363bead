//! Questions on a real terminal.

use crate::support::canary::CANARY;
use crate::support::{Pty, Sandbox, callmux};

/// A server that asks for a key, which is not shown, and how the terminal is afterwards.
fn add(sandbox: &Sandbox) -> Pty {
    let document = "tests/data/server-json/2025-07-09/secret.json";
    sandbox.write("bin/npx", "#!/bin/sh\n");
    let path = sandbox.path("bin/npx");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(path, mode).unwrap();
    let line = format!(
        "sh -c 'trap : INT; PATH={}:$PATH {} server add {}/{document} --no-probe; echo ended $?; stty -a'",
        sandbox.path("bin").display(),
        callmux(),
        env!("CARGO_MANIFEST_DIR"),
    );
    Pty::start(sandbox, &line)
}

const QUESTION: &str = "(A key of your account): ";

/// Whether the terminal shows what is typed, and makes signals.
fn is_as_before(shown: &str) -> bool {
    let said: Vec<&str> = shown.split_whitespace().collect();
    ["echo", "isig", "icanon"].iter().all(|mode| said.contains(mode))
}

#[test]
fn a_secret_that_is_typed_is_not_shown() {
    let sandbox = Sandbox::new();
    let mut terminal = add(&sandbox);
    terminal.answer(QUESTION, &format!("{CANARY}\n"));
    let (_, shown) = terminal.finish();
    assert!(shown.contains("ended 0") && is_as_before(&shown), "{shown}");
    assert!(!shown.contains(CANARY), "it was shown");
    let kept = sandbox.path("config/callmux/secrets/secret-ACME_API_KEY");
    assert_eq!(std::fs::read_to_string(kept).unwrap().trim_end(), CANARY);
}

#[test]
fn who_leaves_a_question_has_the_terminal_as_it_was() {
    // Ctrl-C, and the end of input.
    for (keys, code) in [("half\u{3}", "ended 130"), ("\u{4}", "ended 1")] {
        let sandbox = Sandbox::new();
        let mut terminal = add(&sandbox);
        terminal.answer(QUESTION, keys);
        let (_, shown) = terminal.finish();
        assert!(shown.contains(code) && is_as_before(&shown), "{keys:?}: {shown}");
        assert!(!sandbox.path("config/callmux/conf.d").exists(), "{keys:?}: nothing is added");
    }
}
