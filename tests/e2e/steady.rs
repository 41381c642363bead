//! Lists stay what they are, byte for byte, whatever dies; and each real change is told once.

use crate::support::speaker::{Era, Speaker};
use crate::support::wires::{Sse, Streamable, Wire};
use crate::support::{Daemon, Lines, Sandbox, every, raw, until};

const LISTS: [&str; 4] =
    ["tools/list", "prompts/list", "resources/list", "resources/templates/list"];
const CLIENTS: usize = 20;

fn config(sandbox: &Sandbox) {
    let path = every();
    let path = path.to_str().unwrap();
    let servers: [(&str, &[&str]); 2] =
        [("old", &[path, "--legacy"]), ("new", &[path, "--modern"])];
    sandbox.write("config/callmux/config.toml", &crate::support::config(&servers));
}

/// A daemon with a legacy and a modern server, both ready.
fn start(sandbox: &Sandbox) -> Daemon {
    let daemon = Daemon::start(sandbox);
    for server in ["old", "new"] {
        daemon.wait_for("server_ready", |fact| fact["server"] == server);
    }
    daemon
}

fn bridge(sandbox: &Sandbox) -> Box<dyn Wire> {
    let mut command = sandbox.command();
    command.arg("bridge");
    Box::new(Lines::start(command))
}

/// The results of all lists.
fn lists(client: &mut Speaker<'_>) -> Vec<String> {
    LISTS.iter().map(|method| client.result(method, "").unwrap()).collect()
}

#[test]
fn lists_are_the_same_bytes_whatever_dies() {
    let sandbox = Sandbox::new();
    config(&sandbox);
    let mut daemon = start(&sandbox);
    let mut old = Speaker::greet(bridge(&sandbox), Era::Legacy).unwrap();
    let mut new = Speaker::greet(bridge(&sandbox), Era::Modern).unwrap();
    let filter = r#""toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true"#;
    new.listen(filter).unwrap();
    let expected = [lists(&mut old), lists(&mut new)];
    assert!(expected[0].iter().all(|list| list.contains("x-odd")), "{expected:?}");
    let mut check = |daemon: &Daemon, when: &str| {
        assert_eq!([lists(&mut old), lists(&mut new)], expected, "{when}, over the bridge");
        for (era, expected) in [(Era::Legacy, &expected[0]), (Era::Modern, &expected[1])] {
            let wires: [Box<dyn Wire + '_>; 2] = [
                Box::new(Streamable::tcp(daemon, era == Era::Modern)),
                Box::new(Streamable::unix(daemon, era == Era::Modern)),
            ];
            for wire in wires {
                let mut client = Speaker::greet(wire, era).unwrap();
                assert_eq!(&lists(&mut client), expected, "{when}, over HTTP");
            }
        }
        // A new bridge, too.
        let mut client = Speaker::greet(bridge(&sandbox), Era::Legacy).unwrap();
        assert_eq!(lists(&mut client), expected[0], "{when}, over a new bridge");
        assert!(
            old.is_silent().is_ok() && new.is_silent().is_ok(),
            "{:?} {:?}",
            old.inbox,
            new.inbox
        );
    };
    check(&daemon, "at first");
    for server in ["old", "new"] {
        let pid = rustix::process::Pid::from_raw(daemon.server_pid(server).cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        check(&daemon, "while a server is dead");
        until("the server's next process", || {
            (daemon.count("server_ready", |fact| fact["server"] == server) == 2).then_some(())
        });
        check(&daemon, "after a server's end");
    }
    for round in 0..2 {
        if round == 0 {
            assert_eq!(daemon.stop(), Some(0));
        } else {
            daemon.kill();
        }
        daemon = start(&sandbox);
        check(&daemon, "after a restart");
    }
}

/// One client of each kind in turn, which hears of changes.
fn listener<'a>(number: usize, sandbox: &Sandbox, daemon: &'a Daemon) -> Speaker<'a> {
    let (wire, era): (Box<dyn Wire + 'a>, Era) = match number % 7 {
        0 => (bridge(sandbox), Era::Legacy),
        1 => (bridge(sandbox), Era::Modern),
        2 => (Box::new(Streamable::tcp(daemon, false)), Era::Legacy),
        3 => (Box::new(Streamable::tcp(daemon, true)), Era::Modern),
        4 => (Box::new(Streamable::unix(daemon, false)), Era::Legacy),
        5 => (Box::new(Streamable::unix(daemon, true)), Era::Modern),
        _ => (Box::new(Sse::open(daemon)), Era::Legacy),
    };
    let mut client = Speaker::greet(wire, era).unwrap();
    match era {
        Era::Legacy => {
            lists(&mut client);
        }
        Era::Modern => {
            let filter =
                r#""toolsListChanged":true,"promptsListChanged":true,"resourcesListChanged":true"#;
            client.listen(filter).unwrap();
        }
    }
    client
}

/// Each client hears once of a change of this topic.
fn all_hear(clients: &mut [Speaker<'_>], topic: &str) {
    let method = format!("notifications/{topic}/list_changed");
    for (number, client) in clients.iter_mut().enumerate() {
        client.take_method(&method).unwrap_or_else(|error| panic!("client {number}: {error}"));
    }
}

/// Nobody heard more than was taken.
fn all_are_silent(clients: &mut [Speaker<'_>]) {
    for client in clients.iter_mut() {
        client.call("old__echo", "{}").unwrap();
    }
    for (number, client) in clients.iter().enumerate() {
        client.is_silent().unwrap_or_else(|error| panic!("client {number}: {error}"));
    }
}

#[test]
fn each_client_hears_of_each_change_once() {
    let sandbox = Sandbox::new();
    config(&sandbox);
    let daemon = start(&sandbox);
    let mut clients: Vec<_> =
        (0..CLIENTS).map(|number| listener(number, &sandbox, &daemon)).collect();
    let mut changing = Speaker::greet(bridge(&sandbox), Era::Modern).unwrap();
    for server in ["old", "new"] {
        for (tool, key, topic) in [
            ("add_tool", "name", "tools"),
            ("add_prompt", "name", "prompts"),
            ("add_resource", "uri", "resources"),
        ] {
            let value = format!(r#"{{"{key}":"every://{server}"}}"#);
            let value = if key == "name" { value.replace("every://", "added_") } else { value };
            changing.call(&format!("{server}__{tool}"), &value).unwrap();
            all_hear(&mut clients, topic);
        }
        all_are_silent(&mut clients);
    }
    // What was added goes with the process.
    let pid = rustix::process::Pid::from_raw(daemon.server_pid("new").cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    for topic in ["tools", "prompts", "resources"] {
        all_hear(&mut clients, topic);
    }
    all_are_silent(&mut clients);
    // A tool that never was is no change, and neither is one whose definition is the same.
    for tool in ["remove_tool", "add_tool"] {
        changing.call(&format!("old__{tool}"), r#"{"name":"added_old"}"#).unwrap();
        if tool == "remove_tool" {
            all_hear(&mut clients, "tools");
        }
    }
    all_hear(&mut clients, "tools");
    changing.call("old__remove_tool", r#"{"name":"no_such_tool"}"#).unwrap();
    changing.call("old__add_prompt", r#"{"name":"last"}"#).unwrap();
    all_hear(&mut clients, "prompts");
    all_are_silent(&mut clients);
}

#[test]
fn a_subscription_over_a_bridge_outlives_daemons() {
    let sandbox = Sandbox::new();
    config(&sandbox);
    let mut daemon = start(&sandbox);
    let mut clients: Vec<_> = [Era::Legacy, Era::Modern]
        .into_iter()
        .map(|era| Speaker::greet(bridge(&sandbox), era).unwrap())
        .collect();
    // Both servers have it, so that the name says whose it is.
    let uri = |server: &str| format!("callmux://{server}/every://a");
    clients[0].result("resources/subscribe", &format!(r#""uri":"{}""#, uri("old"))).unwrap();
    clients[0].result("resources/subscribe", &format!(r#""uri":"{}""#, uri("new"))).unwrap();
    let filter = format!(r#""resourceSubscriptions":["{}","{}"]"#, uri("old"), uri("new"));
    clients[1].listen(&filter).unwrap();
    for round in 0..3 {
        for server in ["old", "new"] {
            clients[1].call(&format!("{server}__touch"), r#"{"uri":"every://a"}"#).unwrap();
            for client in &mut clients {
                let told = client.take_method("notifications/resources/updated").unwrap();
                assert_eq!(raw::text(&told, &["params", "uri"]), uri(server), "round {round}");
            }
        }
        all_are_silent(&mut clients);
        if round < 2 {
            daemon.kill();
            daemon = start(&sandbox);
            for client in &mut clients {
                until("the bridge to be back and to have said what it wants", || {
                    client.call("old__touch", r#"{"uri":"every://a"}"#).unwrap();
                    client.call("new__touch", r#"{"uri":"every://a"}"#).unwrap();
                    let heard =
                        |server| client.inbox.iter().any(|told| told.contains(&uri(server)));
                    (heard("old") && heard("new")).then_some(())
                });
            }
            // What was said meanwhile is of no interest, as long as it was that.
            for client in &mut clients {
                client.call("old__echo", "{}").unwrap();
                client.call("new__echo", "{}").unwrap();
                let is_update = |told: &String| told.contains("notifications/resources/updated");
                assert!(client.inbox.drain(..).all(|told| is_update(&told)), "round {round}");
            }
        }
    }
}

#[test]
fn a_change_over_a_restart_is_told_once() {
    let sandbox = Sandbox::new();
    config(&sandbox);
    let mut daemon = start(&sandbox);
    let mut clients: Vec<_> = [Era::Legacy, Era::Modern]
        .into_iter()
        .map(|era| Speaker::greet(bridge(&sandbox), era).unwrap())
        .collect();
    lists(&mut clients[0]);
    clients[1].listen(r#""toolsListChanged":true"#).unwrap();
    clients[0].call("old__add_tool", r#"{"name":"added"}"#).unwrap();
    all_hear(&mut clients, "tools");
    for client in &mut clients {
        assert!(
            raw::items(&lists(client)[0], &["tools"]).iter().any(|tool| tool.contains("added"))
        );
    }
    daemon.kill();
    // The servers ended with the daemon, and what was added with them.
    daemon = start(&sandbox);
    all_hear(&mut clients, "tools");
    all_are_silent(&mut clients);
    clients[0].call("new__add_tool", r#"{"name":"more"}"#).unwrap();
    all_hear(&mut clients, "tools");
    all_are_silent(&mut clients);
    drop(daemon);
}
