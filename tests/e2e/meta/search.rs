//! I: `callmux_search_tools`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::rig::{Rig, Setup};
use crate::support::far::{Far, Out, Seen, modern, said};
use crate::support::{Daemon, Lines, Sandbox};

fn found(payload: &Value) -> Vec<&str> {
    let results = payload["results"].as_array().unwrap();
    results.iter().map(|result| result["tool"].as_str().unwrap()).collect()
}

#[test]
fn i01_a_search_answers_with_names_signatures_and_descriptions() {
    let mut rig = Rig::of(Setup {
        one: "tools = [\"strict\", \"say\", \"ping\"]",
        two: "tools = [\"strict\"]",
        ..Setup::default()
    });
    let query = json!({ "query": "open an issue", "server": "one", "limit": 1 });
    let all = rig.searched(&query);
    assert_eq!((&all["found"], &all["totalTools"]), (&json!(1), &json!(4)));
    let result = &all["results"][0];
    assert_eq!(result["tool"], "one__strict");
    assert_eq!(result["description"], "Open an issue in a repository");
    let signature = result["signature"].as_str().unwrap();
    for part in ["owner", "n", "flag", "tags"] {
        assert!(signature.contains(part), "{signature}");
    }
    let both = rig.searched(&json!({ "query": "open an issue" }));
    let mut names = found(&both);
    names.sort_unstable();
    assert_eq!(names[..2], ["one__strict", "two__strict"]);

    let cut = json!({ "query": "open an issue", "limit": 1, "descriptionMaxLength": 5 });
    let all = rig.searched(&cut);
    assert_eq!(all["results"][0]["description"], "Open…");
    // Without a query it lists everything by name.
    let all = rig.searched(&json!({ "limit": 50 }));
    assert_eq!(found(&all), ["one__ping", "one__say", "one__strict", "two__strict"]);
    assert_eq!(all["found"], 4);
    let none = json!({ "query": "xyzzy quux" });
    let said = rig.call("callmux_search_tools", &none)["content"][0]["text"].clone();
    assert_eq!(said, "No tool fits `xyzzy quux`.");
    let none = rig.searched(&none);
    assert_eq!((&none["found"], &none["results"]), (&json!(0), &json!([])));
    assert_eq!(none["unmatched"], json!(["xyzzy quux"]));
    // A call that names a format gets what programs get.
    let plain = json!({ "query": "open an issue", "outputFormat": "json" });
    assert_eq!(found(&rig.payload("callmux_search_tools", &plain)).len(), 2);
    let error = rig.error("callmux_search_tools", &json!({ "query": "a", "server": "three" }));
    assert_eq!(error["code"], "server_not_found");
    assert_eq!(error["details"]["availableServers"], json!(["one", "two"]));
}

#[test]
fn i01_a_search_gives_few_unless_more_are_wanted() {
    let mut rig = Rig::new();
    for (more, count) in [(json!({}), 5), (json!({ "limit": 3 }), 3), (json!({ "limit": 46 }), 46)]
    {
        let all = rig.searched(&more);
        assert_eq!((found(&all).len(), &all["found"]), (count, &json!(46)), "{more}");
    }
    for limit in [0, 51] {
        let error = rig.error("callmux_search_tools", &json!({ "limit": limit }));
        assert_eq!(error["details"]["expected"], "a whole number from 1 to 50");
    }
    let several = json!({ "queries": ["take a picture", "read the log"], "server": "one" });
    let all = rig.searched(&several);
    let names = found(&all);
    assert!(names.contains(&"one__image") && names.contains(&"one__bigtext"), "{names:?}");
    // The limit is that of each query.
    let each = json!({ "queries": ["take a picture", "read the log"], "limit": 1 });
    let all = rig.searched(&each);
    assert_eq!(found(&all).len(), 2, "{all}");
}

#[test]
fn i02_common_words_find_the_tool() {
    let mut rig = Rig::new();
    for (query, tool) in [
        ("file a bug report", "one__strict"),
        ("create issues", "one__strict"),
        ("pictures", "one__image"),
        ("process id", "one__pid"),
        ("make the value larger", "one__mutate"),
        ("how often was it called", "one__counter"),
        ("text_or_int", "one__text_or_int"),
        ("one__ping", "one__ping"),
    ] {
        let wanted = json!({ "query": query, "server": "one", "limit": 3 });
        let all = rig.searched(&wanted);
        assert!(found(&all).contains(&tool), "{query}: {:?}", found(&all));
    }
}

#[test]
fn m04_a_search_sees_what_compression_leaves_out() {
    let mut rig = Rig::top("schema_compression = \"aggressive\"\nexposure = \"meta-only\"");
    let wanted = json!({ "query": "who owns the repository", "limit": 4 });
    let all = rig.searched(&wanted);
    assert!(found(&all).contains(&"one__strict"), "{all}");
    let description = "Open an issue in a repository";
    let strict = all["results"].as_array().unwrap().iter().find(|it| it["tool"] == "one__strict");
    assert_eq!(strict.unwrap()["description"], description);
}

/// A list with these tools: name, description.
pub fn listing(tools: Vec<(String, String)>) -> Far {
    let rest = modern(|seen: &Seen, out: &mut Out| out.json(&seen.result(&said("here"))));
    let tools: Vec<Value> = tools
        .into_iter()
        .map(|(name, about)| {
            json!({ "name": name, "description": about, "inputSchema": { "type": "object" } })
        })
        .collect();
    let list =
        json!({ "resultType": "complete", "ttlMs": 0, "cacheScope": "private", "tools": tools });
    Far::start(move |seen, out| match seen.method() {
        "tools/list" => out.json(&seen.result(&list)),
        _ => rest(seen, out),
    })
}

#[test]
fn a_server_that_is_about_everything_is_not_found_first() {
    let verbs =
        ["create", "delete", "read", "update", "list", "send", "move", "copy", "open", "close"];
    let things =
        ["issue", "file", "page", "mail", "event", "ticket", "user", "branch", "table", "image"];
    let own: Vec<(String, String)> = verbs
        .iter()
        .flat_map(|verb| things.iter().map(move |thing| (verb, thing)))
        .map(|(verb, thing)| (format!("{verb}_{thing}"), format!("{verb} one {thing}")))
        .collect();
    // Each word many times over, some 10,000 in all.
    let words = [&verbs[..], &things].concat().join(" ");
    let greedy = (0..5).map(|n| (format!("all_{n}"), format!("{words} ").repeat(500)));
    let (sandbox, honest, greedy) =
        (Sandbox::new(), listing(own.clone()), listing(greedy.collect()));
    let urls = [("honest", honest.url()), ("greedy", greedy.url())];
    let text = urls.map(|(name, url)| format!("[servers.{name}]\nurl = {url:?}\n")).concat();
    sandbox.write("config/callmux/config.toml", &text);
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for_count("server_ready", 2, |_| true);
    let mut bridge = Lines::bridge(&sandbox);
    let mut search = |query: &str| -> Vec<String> {
        let wanted = json!({ "query": query, "limit": 5 });
        let found = bridge.call("callmux_search_tools", &wanted);
        let results = found["result"]["structuredContent"]["results"].as_array().unwrap();
        results.iter().map(|result| result["tool"].as_str().unwrap().to_owned()).collect()
    };
    let mut wrong = BTreeSet::new();
    for (name, about) in &own {
        let expected = format!("honest__{name}");
        for query in [&expected, name, about] {
            let found = search(query);
            if found[0] != expected {
                wrong.insert(format!("{query}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of 300: {wrong:#?}", wrong.len());
}
