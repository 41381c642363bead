use super::Location;
use crate::settings::Plan;
use crate::settings::plan::plan;

const BASE: &str = "[servers.a]\ncommand = \"x\"\n[servers.b]\ncommand = \"y\"\n";

fn between(old: &str, new: &str) -> Plan {
    let read = |text: &str| {
        let dir = tempfile::tempdir().unwrap();
        crate::base::file::replace(&dir.path().join("config.toml"), text.as_bytes()).unwrap();
        Location::named(dir.path()).read().config.unwrap()
    };
    plan(&read(old), &read(new))
}

/// The plan in one line: `+added -removed !restarted(keys) ~adjusted(keys) settings @start`.
fn brief(plan: &Plan) -> String {
    let mut words = Vec::new();
    words.extend(plan.added.iter().map(|name| format!("+{name}")));
    words.extend(plan.removed.iter().map(|name| format!("-{name}")));
    for (sign, changes) in [("!", &plan.restarted), ("~", &plan.adjusted)] {
        words.extend(changes.iter().map(|c| format!("{sign}{}({})", c.server, c.keys.join(","))));
    }
    words.extend(plan.settings.iter().cloned());
    words.extend(plan.at_next_start.iter().map(|key| format!("@{key}")));
    words.join(" ")
}

#[test]
fn a_plan_touches_only_what_differs() {
    let b = "[servers.b]\ncommand = \"y\"\n";
    let check = |new: &str, expected: &str| {
        let plan = between(BASE, new);
        assert_eq!(brief(&plan), expected, "{new}");
        assert_eq!(plan.is_empty(), expected.is_empty());
    };
    check(BASE, "");
    check(&format!("# a remark\n{BASE}"), "");
    check(&format!("{BASE}[servers.c]\ncommand = \"z\"\n"), "+c");
    check(b, "-a");
    check(&format!("[servers.a]\ncommand = \"x\"\nenabled = false\n{b}"), "-a");
    check(&format!("[servers.a]\ncommand = \"z\"\n{b}"), "!a(command)");
    check(
        &format!("[servers.a]\ncommand = \"x\"\nenv = {{ A = \"1\" }}\ntools = [\"t\"]\n{b}"),
        "!a(env,tools)",
    );
    check(
        &format!("[servers.a]\ncommand = \"x\"\nstop_timeout = \"1s\"\nprefix = \"p\"\n{b}"),
        "~a(prefix,stop_timeout)",
    );
    let remote =
        "url = \"http://h/\"\nheaders = { A = \"1\" }\ntransport = \"sse\"\nsocket = \"/s\"";
    let keys = "!a(command,url,transport,socket,headers)";
    check(&format!("[servers.a]\n{remote}\n{b}"), keys);
    check(
        &format!("call_timeout = \"1s\"\n{BASE}"),
        "~a(call_timeout) ~b(call_timeout) call_timeout",
    );
    check(
        &format!("{BASE}[http]\nmax_body = \"1KiB\"\nlisten = [\"127.0.0.1:1\"]\n"),
        "http.max_body @http.listen",
    );
}

#[test]
fn a_value_that_turns_up_starts_its_server() {
    let missing = "[servers.a]\ncommand = \"x\"\ntools = [\"${CALLMUX_TEST_NOT_SET}\"]\n";
    let there = "[servers.a]\ncommand = \"x\"\ntools = [\"t\"]\n";
    assert_eq!(brief(&between(missing, there)), "!a(servers.a.tools[0],tools)");
}

#[test]
fn no_value_is_in_a_plan() {
    let secret = "[servers.a]\ncommand = \"x\"\nenv = { T = \"canary\" }\n";
    let plan = between(BASE, secret);
    let told = format!("{plan:?}{}", serde_json::to_string(&plan).unwrap());
    assert!(!told.contains("canary"), "{told}");
}
