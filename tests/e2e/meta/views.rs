//! M: compressed definitions, and what single clients are shown.

use serde_json::{Value, json};

use super::rig::{Rig, Setup, json_text, list, names, result, text};

/// The value without its descriptions.
fn contract(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(contract).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(name, value)| *name != "description" || !value.is_string())
            .map(|(name, value)| (name.clone(), contract(value)))
            .collect(),
        other => other.clone(),
    }
}

fn of_servers(rig: &mut Rig) -> Vec<Value> {
    let tools = list(&mut rig.client).into_iter();
    tools.filter(|tool| !tool["name"].as_str().unwrap().starts_with("callmux_")).collect()
}

fn len(tools: &[Value]) -> usize {
    tools.iter().map(|tool| tool.to_string().len()).sum()
}

#[test]
fn m01_definitions_are_compressed_as_the_config_says() {
    let mut lengths = Vec::new();
    for top in [
        "schema_compression = \"off\"",
        "schema_compression = \"balanced\"",
        "schema_compression = \"aggressive\"",
    ] {
        lengths.push(len(&of_servers(&mut Rig::top(top))));
    }
    assert!(lengths[0] >= lengths[1] && lengths[1] > lengths[2], "{lengths:?}");

    let setup = Setup { one: "schema_compression = \"off\"", ..Setup::default() };
    let top = "schema_compression = \"aggressive\"\nmax_description = 40";
    let mut plain = Rig::new();
    let mut rig = Rig::of(Setup { top, ..setup });
    assert_eq!(rig.tool("one__strict"), plain.tool("one__strict"));
    assert_ne!(rig.tool("two__strict"), plain.tool("two__strict"));
    for tool in of_servers(&mut rig) {
        let description = tool["description"].as_str().unwrap_or_default();
        assert!(description.chars().count() <= 40, "{description}");
    }
}

#[test]
fn m02_what_binds_a_caller_is_untouched() {
    let whole: Vec<Value> = of_servers(&mut Rig::new()).iter().map(contract).collect();
    for mode in ["balanced", "aggressive"] {
        let mut rig = Rig::top(&format!("schema_compression = \"{mode}\""));
        let compressed: Vec<Value> = of_servers(&mut rig).iter().map(contract).collect();
        assert_eq!(compressed, whole, "{mode}");
        let said = json_text(&rig.call("one__strict", &json!({ "owner": "a", "n": 1 })));
        assert_eq!(said, json!({ "owner": "a", "n": 1 }));
    }
}

#[test]
fn m03_status_tells_what_compression_saves() {
    let mut rig = Rig::top("schema_compression = \"aggressive\"\nmax_description = 50");
    let told =
        rig.payload("callmux_status", &json!({ "detail": true }))["schemaCompression"].clone();
    assert_eq!(
        (&told["mode"], &told["maxDescriptionChars"], &told["tools"]),
        (&json!("aggressive"), &json!(50), &json!(46))
    );
    let number = |name: &str| told[name].as_i64().unwrap();
    assert_eq!(number("savedBytes"), number("originalBytes") - number("listedBytes"));
}

const CLIENTS: &str = r#"
[clients.lean]
exposure = "meta-only"
meta_tools = ["callmux_call", "callmux_get_result"]
max_result = "2KiB"

[clients."toon-*"]
output_format = "toon"
structured_content = false

[clients.toon-plain]
output_format = "json"
"#;

#[test]
fn clients_are_shown_what_their_section_says() {
    let mut rig = Rig::of(Setup { tail: CLIENTS, ..Setup::default() });
    assert_eq!(rig.names().len(), 2 * 23 + 11);
    let mut lean = rig.client("lean");
    assert_eq!(names(&mut lean), ["callmux_call", "callmux_get_result"]);
    let call = json!({ "tool": "one__bigarr", "arguments": { "rows": 100 } });
    let short = result(&lean.call("callmux_call", &call));
    assert_eq!(json_text(&short)["_callmux"]["truncated"], true);
    assert_eq!(json_text(&rig.call("callmux_call", &call)).as_array().unwrap().len(), 100);
    let mode =
        &json_text(&result(&lean.call("callmux_status", &json!({ "detail": true }))))["mode"];
    assert_eq!(mode, "meta-only");

    let calls = json!({ "calls": [call] });
    let mut toon = rig.client("toon-one");
    let said = result(&toon.call("callmux_parallel", &calls));
    assert!(text(&said).starts_with("status: completed"), "{}", text(&said));
    assert!(said["structuredContent"].is_null());
    // The exact name goes before a pattern, and what it leaves out is as for everybody.
    let mut plain = rig.client("toon-plain");
    let said = result(&plain.call("callmux_parallel", &calls));
    assert_eq!(json_text(&said), said["structuredContent"]);
}

#[test]
fn a_view_that_changes_is_announced_to_who_sees_it() {
    let mut rig = Rig::of(Setup { tail: CLIENTS, ..Setup::default() });
    let mut lean = rig.client("lean");
    let (before, everybody) = (names(&mut lean), rig.names());
    let tail = CLIENTS.replace("\"callmux_call\", ", "");
    rig.reconfigure(Setup { tail: &tail, ..Setup::default() });
    lean.take("the announcement", |line| line.contains("tools/list_changed"));
    assert_ne!(names(&mut lean), before);
    assert_eq!(names(&mut lean), ["callmux_get_result"]);
    assert_eq!(rig.names(), everybody);
}
