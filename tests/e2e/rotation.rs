//! A token is replaced while its clients call without a pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use serde_json::{Value, json};

use crate::support::{Daemon, Http, Sandbox, callmux, until};

/// Clients that call at once; together they make some hundred calls a second.
const CLIENTS: usize = 4;
/// Calls of each that are waited for at least between two changes.
const CALLS: usize = 100;

/// Clients that call with a token, one call after the other, until they are told to end.
struct Callers {
    is_over: Arc<AtomicBool>,
    /// Calls that were answered well.
    done: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Heard>>,
}

/// What one of them got: how its calls were answered, in their order.
#[derive(Debug, Default)]
struct Heard {
    statuses: Vec<u16>,
    wrong: Vec<String>,
}

impl Callers {
    fn start(daemon: &Daemon, token: &str) -> Self {
        let (is_over, done) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let clients = (0..CLIENTS)
            .map(|_| {
                let (is_over, done) = (is_over.clone(), done.clone());
                let (mut http, proof) = (Http::tcp(daemon), format!("Bearer {token}"));
                thread::spawn(move || {
                    let mut heard = Heard::default();
                    while !is_over.load(Ordering::SeqCst) {
                        let params = json!({ "name": "counter__value", "arguments": {} });
                        let headers = [("Authorization", proof.as_str())];
                        let reply = http.modern("tools/call", &params, &headers);
                        heard.statuses.push(reply.status);
                        if reply.status == 200 {
                            if !reply.json()["result"]["content"].is_array() {
                                heard.wrong.push(reply.body);
                            }
                            done.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    heard
                })
            })
            .collect();
        Self { is_over, done, clients }
    }

    /// Waits until they have made so many calls more.
    fn go_on(&self, calls: usize) {
        let least = self.done.load(Ordering::SeqCst) + calls;
        until("more calls", || (self.done.load(Ordering::SeqCst) >= least).then_some(()));
    }

    fn end(self) -> Vec<Heard> {
        self.is_over.store(true, Ordering::SeqCst);
        self.clients.into_iter().map(|client| client.join().unwrap()).collect()
    }
}

/// `callmux token …`, and the daemon has taken it in.
fn change(sandbox: &Sandbox, daemon: &Daemon, args: &[&str]) -> String {
    let before = daemon.count("config_reloaded", |_| true);
    let output = sandbox.command().arg("token").args(args).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn status(daemon: &Daemon, token: &str) -> u16 {
    let params = json!({ "name": "counter__value", "arguments": {} });
    let proof = format!("Bearer {token}");
    Http::tcp(daemon).modern("tools/call", &params, &[("Authorization", &proof)]).status
}

/// Every call is answered well up to some moment, and none after it.
fn check_cut(heard: &[Heard]) {
    for Heard { statuses, wrong } in heard {
        assert!(wrong.is_empty(), "{wrong:?}");
        let good = statuses.iter().take_while(|status| **status == 200).count();
        assert!(good > 0 && statuses[good..].iter().all(|status| *status == 401), "{statuses:?}");
    }
}

fn counting(sandbox: &Sandbox) -> Daemon {
    Daemon::with(sandbox, &[("counter", &[callmux(), "example-server", "counter"])])
}

#[test]
fn no_call_fails_while_a_token_is_replaced_and_every_one_after_its_grace() {
    let sandbox = Sandbox::new();
    let daemon = counting(&sandbox);
    let first = change(&sandbox, &daemon, &["new", "ci"]);
    let old = Callers::start(&daemon, &first);
    old.go_on(CALLS);
    let second = change(&sandbox, &daemon, &["rotate", "ci", "--grace", "1h"]);
    let new = Callers::start(&daemon, &second);
    // Within its grace the old one is as good as the new one.
    old.go_on(CALLS);
    new.go_on(CALLS);
    // Once its grace is over, the daemon lets nobody in with it, whoever is under way.
    let third = change(&sandbox, &daemon, &["rotate", "ci", "--grace", "0s"]);
    for token in [&first, &second] {
        assert_eq!(status(&daemon, token), 401);
    }
    let last = Callers::start(&daemon, &third);
    last.go_on(CALLS);
    let (old, new) = (old.end(), new.end());
    check_cut(&old);
    check_cut(&new);
    change(&sandbox, &daemon, &["revoke", "ci"]);
    assert_eq!(status(&daemon, &third), 401);
    let last = last.end();
    check_cut(&last);
    // What was answered well was done, in the name of the token and of nobody else.
    let good = |heard: &[Heard]| -> usize {
        heard.iter().flat_map(|heard| &heard.statuses).filter(|status| **status == 200).count()
    };
    let calls = good(&old) + good(&new) + good(&last);
    let of_ci = |fact: &Value| fact["principal"] == "token:ci" && fact["outcome"] == "done";
    daemon.wait_for_count("call_finished", calls, of_ci);
    assert_eq!(daemon.count("call_finished", |_| true), calls, "and no other");
}

/// The daemon's clock says when: a grace of a second ends without anybody's doing.
#[test]
fn a_grace_ends_by_itself_and_for_all_clients_for_good() {
    let sandbox = Sandbox::new();
    let daemon = counting(&sandbox);
    let first = change(&sandbox, &daemon, &["new", "ci"]);
    let callers = Callers::start(&daemon, &first);
    callers.go_on(CALLS);
    let second = change(&sandbox, &daemon, &["rotate", "ci", "--grace", "1s"]);
    until("the end of the grace", || (status(&daemon, &first) == 401).then_some(()));
    assert_eq!(status(&daemon, &second), 200);
    check_cut(&callers.end());
    assert_eq!(status(&daemon, &first), 401);
}
