mod edits;
mod files;

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::change::Wish;
use super::client::{Grammar, KnownClient, Sign};
use super::{CLIENTS, Launch, Surroundings};

/// Writes a file in place, as programs do that do not know better.
fn write(path: &Path, text: impl AsRef<[u8]>) {
    let mut file = std::fs::File::create(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_ref()).unwrap();
}

/// A home with nothing in it.
fn around(dir: &Path) -> Surroundings {
    let home = dir.join("home");
    std::fs::create_dir_all(home.join("bin")).unwrap();
    std::fs::create_dir_all(dir.join("project")).unwrap();
    Surroundings {
        config: home.join(".config"),
        records: dir.join("state/clients"),
        directory: dir.join("project"),
        path: home.join("bin").into(),
        variables: BTreeMap::new(),
        home,
    }
}

/// Leaves a sign of the client, and of nothing that could be run in place of an edit.
fn install(around: &Surroundings, client: &KnownClient) {
    let is_good = |sign: &&Sign| matches!(sign, Sign::Program(_)) == (client.id != "claude-code");
    let sign = client.signs.iter().rfind(is_good).or(client.signs.first());
    match sign.unwrap() {
        Sign::There(place) => std::fs::create_dir_all(around.of(*place)).unwrap(),
        Sign::Program(name) => {
            let path = around.home.join("bin").join(name);
            write(&path, "");
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

fn bridge() -> Wish {
    Wish {
        launch: Launch::bridge("/opt/bin/callmux"),
        addresses: vec!["http://127.0.0.1:4860/mcp".into()],
        run: Vec::new(),
        replace: false,
        by_entry: false,
    }
}

/// Files of a client that can be edited, each with what is special about it.
fn states(client: &KnownClient) -> Vec<(&'static str, String)> {
    match client.format {
        Grammar::Json => json_states(client.keys[0]),
        Grammar::Toml => toml_states(),
        Grammar::Yaml => yaml_states(),
    }
}

fn json_states(key: &str) -> Vec<(&'static str, String)> {
    let with = |text: &str| text.replace("KEY", key);
    let others = with(
        "{\n  \"a\": [1, 2.50, 1e400, \"\\u00e9\"],\n  \"KEY\": {\n    \"other\": {\"command\": \"x\", \"args\": []}\n  },\n  \"z\": null\n}\n",
    );
    let history = format!("{{\n  \"h\": \"{}\",\n  \"KEY\": {{}}\n}}", "x".repeat(1 << 20));
    vec![
        ("empty", String::new()),
        ("space", " \n".into()),
        ("only a comment", "// mine".into()),
        ("empty object", "{}".into()),
        ("empty object in a line", "{}\n".into()),
        ("empty object with space", "{ }".into()),
        ("empty object in two lines", "{\n}\n".into()),
        ("CRLF", others.replace('\n', "\r\n")),
        ("BOM", format!("\u{feff}{others}")),
        ("tabs", others.replace("  ", "\t")),
        ("four spaces", others.replace("  ", "    ")),
        ("no line break at the end", others.trim_end().into()),
        ("one line", with("{\"a\":1,\"KEY\":{\"other\":{\"command\":\"x\"}}}")),
        ("one line, no servers", with("{\"a\":1,\"KEY\":{}}")),
        ("one line, without the key", "{\"a\": 1}".into()),
        ("without the key", "{\n  \"a\": 1\n}\n".into()),
        ("no servers", with("{\n  \"a\": 1,\n  \"KEY\": {}\n}\n")),
        ("no servers in two lines", with("{\n  \"a\": 1,\n  \"KEY\": {\n  }\n}\n")),
        ("servers open in the line", with("{\n  \"KEY\": { \"o\": {} }, // c\n  \"b\": 1\n}\n")),
        (
            "comments",
            with(
                "// top\n{ // first\n  /* a */ \"a\": 1, // one\n  \"KEY\": { // mine\n    // the other\n    \"other\": {\"command\": \"x\"} // last\n    /* end */\n  }\n}\n// bye",
            ),
        ),
        ("comments, no servers", with("{\n  \"KEY\": { // none\n    // yet\n  }\n}\n")),
        ("comment in the line", with("{ \"KEY\": { /* none */ } }")),
        (
            "trailing commas",
            with("{\n  \"KEY\": {\n    \"other\": {\"command\": \"x\",},\n  },\n}\n"),
        ),
        (
            "the same key elsewhere",
            with("{\n  \"x\": {\"KEY\": {\"callmux\": 1}},\n  \"y\": \"\\\"KEY\\\": {\"\n}\n"),
        ),
        ("large", with(&history)),
        ("others", others),
    ]
}

fn toml_states() -> Vec<(&'static str, String)> {
    let others = "# mine\nmodel = \"x\" # why\n\n[mcp_servers.other]\ncommand = \"y\"\nargs = [\n  \"a\", # first\n]\n\n[projects.\"/a b\"]\ntrust_level = \"trusted\"\n";
    vec![
        ("empty", String::new()),
        ("only a comment", "# mine".into()),
        ("others", others.into()),
        ("CRLF", others.replace('\n', "\r\n")),
        ("BOM", format!("\u{feff}{others}")),
        ("no line break at the end", others.trim_end().into()),
        ("tabs", "[a]\n\tb = 1\n\n\n".into()),
        ("without the key", "a = 1\n".into()),
        ("keys with dots", "mcp_servers.other.command = \"x\"\n".into()),
        ("dates and numbers", "d = 1979-05-27T07:32:00Z\nn = 1_000\nf = 1e10\n".into()),
    ]
}

fn yaml_states() -> Vec<(&'static str, String)> {
    let others = "# mine\nGOOSE_MODEL: x # why\nextensions:\n  developer:\n    enabled: true\n    args:\n      - a\n    type: builtin\n  # between\n  memory: {type: builtin, enabled: false}\nz: |\n  text\n  extensions:\n";
    vec![
        ("empty", String::new()),
        ("only a comment", "# mine".into()),
        ("others", others.into()),
        ("four spaces", "extensions:\n    a:\n        enabled: true\n".into()),
        ("CRLF", others.replace('\n', "\r\n")),
        ("BOM", format!("\u{feff}{others}")),
        ("no line break at the end", "a: 1\nextensions:\n  b:\n    c: 1".into()),
        ("without the key", "a: 1\n".into()),
        ("no servers", "extensions:\nb: 1\n".into()),
        ("no servers, comment", "extensions: # none\n\nb: 1\n".into()),
        ("anchors", "a: &x {b: 1}\nextensions:\n  o: *x\n".into()),
    ]
}

#[test]
fn rows_are_told_apart() {
    let mut ids: Vec<&str> = CLIENTS.iter().map(|client| client.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), CLIENTS.len());
    assert!(CLIENTS.iter().all(|client| !client.signs.is_empty() && !client.user.is_empty()));
}
