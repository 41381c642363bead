//! Memory is short: what can be had again is forgotten. A FIFO stands in for the kernel, as systemd allows
//! it (systemd.io/MEMORY_PRESSURE).

use std::io::Write;

use serde_json::json;

use crate::support::{Daemon, Lines, Sandbox, callmux, config};

#[test]
fn what_is_kept_to_be_given_again_is_forgotten_when_memory_is_short() {
    let sandbox = Sandbox::new();
    let fifo = sandbox.path("pressure");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let counter: (&str, &[&str]) = ("counter", &[callmux(), "example-server", "counter"]);
    let keys = "[servers.counter]\ncache_ttl = \"1h\"\ncache_tools = [\"value\"]\n";
    let text = config(&[counter]).replace("[servers.counter]\n", keys);
    sandbox.write("config/callmux/config.toml", &text);
    let variable = ("MEMORY_PRESSURE_WATCH", fifo.to_str().unwrap());
    let daemon = Daemon::start_with(&sandbox, &[variable]);
    let mut client = Lines::bridge(&sandbox);
    for forgotten in 1..3 {
        client.call("counter__value", &json!({}));
        let mut told = std::fs::OpenOptions::new().write(true).open(&fifo).unwrap();
        told.write_all(b"!").unwrap();
        daemon.wait_for_count("memory_given_back", forgotten, |fact| fact["results"] == "1");
    }
}
