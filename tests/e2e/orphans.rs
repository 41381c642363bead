//! What servers leave behind where they are children of the daemon: processes in sessions of their own,
//! some of which ignore SIGTERM. None outlives its server.

use rustix::process::{Pid, Signal, kill_process};

use crate::support::processes::{descendants, is_alive, of_process, state};
use crate::support::{Daemon, Sandbox, callmux, tables, until};

/// How long a sleeper of this number sleeps: nobody else does for just as long.
fn time(number: u32) -> String {
    format!("600.{}{number}", std::process::id())
}

fn sleepers(number: u32) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let words = format!("sleep\n{}\n", time(number));
    pids.filter(|pid| of_process(*pid, "cmdline") == words && is_alive(*pid)).collect()
}

/// A server that leaves one behind whose parent has ended, and two that ignore SIGTERM below it.
fn script(number: u32) -> String {
    let time = time(number);
    let deaf = format!("trap '' TERM; sleep {time} & exec sleep {time}");
    format!(
        "(setsid sleep {time} &); setsid sh -c \"{deaf}\" & exec {} example-server counter",
        callmux()
    )
}

fn three(number: u32) -> Vec<u32> {
    until("three processes of a server", || Some(sleepers(number)).filter(|found| found.len() == 3))
}

fn gone(pids: &[u32]) {
    until("they are gone", || pids.iter().all(|pid| !is_alive(*pid)).then_some(()));
}

#[test]
fn nothing_that_left_the_group_outlives_its_server() {
    let sandbox = Sandbox::new();
    let (one, two) = (script(1), script(2));
    let servers = [("one", &["sh", "-c", &*one][..]), ("two", &["sh", "-c", &*two][..])];
    let keys = "stop_timeout = \"300ms\"\n[servers.two]";
    let config = tables(&servers).replace("[servers.two]", keys);
    sandbox.write("config/callmux/config.toml", &config);
    let mut daemon = Daemon::start(&sandbox);
    for server in ["one", "two"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    let (first, others) = (three(1), three(2));
    let leader = i32::try_from(daemon.server_pid("one")).unwrap();
    kill_process(Pid::from_raw(leader).unwrap(), Signal::KILL).unwrap();
    gone(&first);
    daemon.wait_for_count("server_ready", 2, |fact| fact["server"] == "one");
    let second = three(1);
    let stopped = sandbox.command().args(["stop", "one"]).output().unwrap();
    assert!(stopped.status.success(), "{stopped:?}");
    gone(&second);
    assert!(others.iter().all(|pid| is_alive(*pid)), "they are another server's");
    until("nobody is left to be waited for", || {
        descendants(daemon.pid()).iter().all(|pid| state(*pid) != Some('Z')).then_some(())
    });
    assert_eq!(daemon.stop(), Some(0));
    gone(&others);
    assert_eq!((sleepers(1), sleepers(2)), (Vec::new(), Vec::new()));
}

/// Those that end by themselves are let go of.
#[test]
fn no_zombie_stays_of_what_a_server_left_behind() {
    let sandbox = Sandbox::new();
    let script = format!(
        "for n in 1 2 3 4 5; do (setsid sleep 0.2 &); done; exec {} example-server counter",
        callmux()
    );
    let daemon = Daemon::with(&sandbox, &[("one", &["sh", "-c", &script])]);
    let server = daemon.server_pid("one");
    until("only the server is left", || {
        (descendants(daemon.pid()) == [server] && is_alive(server)).then_some(())
    });
}
