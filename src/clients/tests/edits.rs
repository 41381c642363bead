//! Edits of texts that nobody thought of.

use proptest::prelude::*;

use crate::clients::client::Grammar;
use crate::clients::edit::Site;
use crate::clients::splice::Splice;
use crate::json::Json;

fn space() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "",
        "",
        "",
        " ",
        "\n",
        "\r\n",
        "\t",
        "/* c, } */",
        "// c {\n",
        "  ",
    ]);
    prop::collection::vec(parts, 0..3).prop_map(|parts| parts.concat())
}

/// A value, in all the ways that it can be written.
fn value() -> impl Strategy<Value = String> {
    let scalars = vec!["1", "-2.50e3", "true", "null", "\"x\"", "\"{ \\\" // é\"", "\"\""];
    let leaf = prop::sample::select(scalars).prop_map(str::to_owned);
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            (
                prop::collection::vec((space(), inner.clone(), space()), 0..4),
                space(),
                any::<bool>()
            )
                .prop_map(|(items, end, comma)| joined('[', &items, &end, comma, ']')),
            object(inner),
        ]
    })
}

fn object(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let keys = prop::sample::subsequence(vec!["a", "mcpServers", "callmux2", "é\\n", "b"], 0..4);
    let values = prop::collection::vec((space(), inner, space(), space()), 4);
    (keys, values, space(), any::<bool>()).prop_map(|(keys, values, end, comma)| {
        let members: Vec<(String, String, String)> = keys
            .iter()
            .zip(values)
            .map(|(key, (a, value, b, c))| (a, format!("\"{key}\":{b}{value}"), c))
            .collect();
        joined('{', &members, &end, comma, '}')
    })
}

fn joined(
    open: char,
    items: &[(String, String, String)],
    end: &str,
    comma: bool,
    close: char,
) -> String {
    let texts: Vec<String> = items.iter().map(|(a, item, b)| format!("{a}{item}{b}")).collect();
    let comma = if comma && !items.is_empty() { "," } else { "" };
    format!("{open}{}{comma}{end}{close}", texts.join(","))
}

fn entry() -> Json {
    Json::parse(r#"{"command": "callmux", "args": ["bridge"]}"#).unwrap()
}

proptest! {
    #[test]
    fn json_is_only_added_to(begin in space(), text in object(value()), end in space()) {
        let text = format!("{begin}{text}{end}");
        let site = Site { format: Grammar::Json, keys: vec!["mcpServers"] };
        let tree = site.read(&text).unwrap();
        let Ok(after) = site.with(&text, &entry()) else {
            let servers = tree.get("mcpServers");
            prop_assert!(servers.is_some_and(|servers| !servers.is_object()), "{}", text);
            return Ok(());
        };
        let splice = Splice::between(&text, &after);
        prop_assert_eq!(splice.removed, 0);
        prop_assert_eq!(splice.applied(&text), Some(after.clone()));
        prop_assert_eq!(site.undone(&after, &splice), Some(text));
        // And without a memory of it.
        prop_assert!(site.without(&after, "callmux").is_ok(), "{}", after);
    }

    #[test]
    fn any_member_of_json_goes_alone(text in object(value())) {
        let site = Site { format: Grammar::Json, keys: Vec::new() };
        let tree = site.read(&text).unwrap();
        for (name, _) in tree.as_object().unwrap() {
            let without = site.without(&text, name);
            prop_assert!(without.is_ok(), "{} in {}", name, text);
        }
    }

    #[test]
    fn no_text_stops_an_edit(text in ".{0,60}") {
        for format in [Grammar::Json, Grammar::Toml, Grammar::Yaml] {
            let site = Site { format, keys: vec!["mcpServers"] };
            if let Ok(after) = site.with(&text, &entry()) {
                prop_assert_eq!(Splice::between(&text, &after).removed, 0);
                prop_assert_eq!(site.without(&after, "mcpServers").is_ok(), false);
            }
            drop(site.without(&text, "callmux"));
        }
    }

    #[test]
    fn splices_lead_from_one_text_to_the_other(a in "[aé\n]{0,12}", b in "[aé\n]{0,12}") {
        prop_assert_eq!(Splice::between(&a, &b).applied(&a), Some(b));
    }
}
