//! Definitions of a schema that nothing refers to: readers pay for them, and no value depends on them
//! (JSON Schema 2020-12, core, section 8.2.4).

use std::collections::HashSet;

use crate::json::Json;

/// The members that hold definitions, of 2020-12 and of those before 2019-09.
const HOLDERS: [&str; 2] = ["$defs", "definitions"];
/// What lets a reference lead anywhere but down from the root.
const UNSURE: [&str; 7] =
    ["$anchor", "$dynamicAnchor", "$dynamicRef", "$id", "$recursiveAnchor", "$recursiveRef", "id"];
/// Values that are looked at; a larger schema stays as it is.
const VISITS_MAX: usize = 20_000;

/// The schema without what nothing in it refers to; `None` where that is all of it, or where it cannot
/// be told.
pub fn without_unreferenced(schema: &Json) -> Option<Json> {
    let Json::Object(members) = schema else { return None };
    if !HOLDERS.iter().any(|holder| schema.get(holder).is_some_and(Json::is_object)) {
        return None;
    }
    let mut search = Search { open: Vec::new(), visits: VISITS_MAX };
    for (name, value) in members {
        if !HOLDERS.contains(&name.as_str()) {
            search.look(name, value)?;
        }
    }
    let mut used: HashSet<(&str, String)> = HashSet::new();
    while let Some(reference) = search.open.pop() {
        let (holder, name) = match target(reference)? {
            ReferenceTarget::Elsewhere => continue,
            ReferenceTarget::Definition(holder, name) => (holder, name),
        };
        let definition = schema.get(holder).and_then(|all| all.get(&name));
        if used.insert((holder, name))
            && let Some(definition) = definition
        {
            search.look("", definition)?;
        }
    }
    let is_used = |holder: &str, name: &str| {
        used.iter().any(|(of, known)| *of == holder && known.as_str() == name)
    };
    let mut is_less = false;
    let mut kept = Vec::with_capacity(members.len());
    for (name, value) in members {
        let Some(definitions) = value.as_object().filter(|_| HOLDERS.contains(&name.as_str()))
        else {
            kept.push((name.clone(), value.clone()));
            continue;
        };
        let some: Vec<(String, Json)> =
            definitions.iter().filter(|(of, _)| is_used(name, of)).cloned().collect();
        is_less |= some.len() < definitions.len();
        if !some.is_empty() {
            kept.push((name.clone(), Json::Object(some)));
        }
    }
    is_less.then_some(Json::Object(kept))
}

/// Where a reference leads.
enum ReferenceTarget {
    Definition(&'static str, String),
    /// To the root, or to another part of it that stays.
    Elsewhere,
}

/// `None`: that cannot be told.
fn target(reference: &str) -> Option<ReferenceTarget> {
    let path = reference.strip_prefix('#')?;
    if path.is_empty() {
        return Some(ReferenceTarget::Elsewhere);
    }
    let path = path.strip_prefix('/')?;
    // An escaped character of a URI (RFC 3986, section 2.1) may be part of any name.
    if path.contains('%') {
        return None;
    }
    let mut steps = path.split('/');
    let first = steps.next()?;
    let Some(holder) = HOLDERS.into_iter().find(|holder| *holder == first) else {
        return Some(ReferenceTarget::Elsewhere);
    };
    // RFC 6901, section 4.
    let name = steps.next()?.replace("~1", "/").replace("~0", "~");
    Some(ReferenceTarget::Definition(holder, name))
}

/// The references of what is reached. Those in data, such as a default, count, too: it costs little.
struct Search<'a> {
    open: Vec<&'a str>,
    visits: usize,
}

impl<'a> Search<'a> {
    fn look(&mut self, name: &str, value: &'a Json) -> Option<()> {
        let mut waiting = vec![(name, value)];
        while let Some((name, value)) = waiting.pop() {
            self.visits = self.visits.checked_sub(1)?;
            match value {
                Json::String(text) if name == "$ref" => self.open.push(text),
                Json::String(_) | Json::Bool(_) if UNSURE.contains(&name) => return None,
                Json::Array(items) => waiting.extend(items.iter().map(|item| ("", item))),
                Json::Object(members) => {
                    waiting.extend(members.iter().map(|(name, value)| (name.as_str(), value)));
                }
                _ => {}
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::without_unreferenced;
    use crate::json::Json;

    fn check(schema: &Value, expected: Option<&Value>) {
        let schema = Json::parse(&schema.to_string()).unwrap();
        let kept = without_unreferenced(&schema).map(|kept| kept.to_string());
        assert_eq!(kept, expected.map(Value::to_string), "{schema}");
    }

    #[test]
    fn what_nothing_refers_to_goes() {
        let used = json!({ "properties": { "a": { "$ref": "#/$defs/a" } } });
        let with = |defs: Value| {
            let mut schema = used.clone();
            schema["$defs"] = defs;
            schema
        };
        check(&with(json!({ "a": {}, "b": {} })), Some(&with(json!({ "a": {} }))));
        // By another one, in a circle, and by its parts.
        let circle = json!({ "a": { "items": { "$ref": "#/$defs/b/items" } }, "b": { "items": { "$ref": "#/$defs/a" } } });
        check(&with(circle), None);
        check(&with(json!({ "a": {} })), None);
        let none = json!({ "type": "object", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": {} } });
        check(&none, Some(&json!({ "type": "object" })));
        let old = json!({ "$ref": "#/definitions/a~1b", "definitions": { "a/b": {}, "c": {} } });
        check(&old, Some(&json!({ "$ref": "#/definitions/a~1b", "definitions": { "a/b": {} } })));
        // A parameter of that name is no reference.
        let named = json!({ "properties": { "$ref": { "type": "string" }, "$id": {} }, "$defs": { "a": {} } });
        check(&named, Some(&json!({ "properties": { "$ref": { "type": "string" }, "$id": {} } })));
    }

    #[test]
    fn where_it_cannot_be_told_everything_stays() {
        for more in [
            json!({ "$id": "https://example.org/a" }),
            json!({ "properties": { "a": { "$anchor": "x" } } }),
            json!({ "properties": { "a": { "$dynamicRef": "#x" } } }),
            json!({ "properties": { "a": { "$ref": "#x" } } }),
            json!({ "properties": { "a": { "$ref": "other.json" } } }),
            json!({ "properties": { "a": { "$ref": "#/$defs" } } }),
            json!({ "properties": { "a": { "$ref": "#/$defs/%61" } } }),
        ] {
            let mut schema = more.clone();
            schema["$defs"] = json!({ "a": {}, "b": {} });
            check(&schema, None);
        }
        check(&json!(true), None);
        check(&json!({ "$defs": true }), None);
    }

    proptest! {
        /// What was valid stays valid, and what was not stays wrong.
        #[test]
        fn no_value_is_judged_otherwise(
            references in prop::collection::vec((0..6_usize, 0..6_usize), 0..8),
            root in prop::collection::vec(0..6_usize, 0..3),
            value in prop_oneof![
                Just(json!({ "p0": 1 })), Just(json!({ "p0": "x", "p1": { "p2": 1 } })), Just(json!({})),
                Just(json!({ "p0": { "p1": { "p0": 5 } } })),
            ],
        ) {
            let types = ["string", "integer", "object", "object", "boolean", "object"];
            let mut defs: Value = json!({});
            for (at, kind) in types.iter().enumerate() {
                let mut properties = json!({});
                for (place, (_, to)) in references.iter().enumerate().filter(|(_, (from, _))| *from == at) {
                    properties[format!("p{}", place % 3)] = json!({ "$ref": format!("#/$defs/d{to}") });
                }
                defs[format!("d{at}")] = json!({ "type": kind, "properties": properties });
            }
            let mut properties = json!({});
            for (place, to) in root.iter().enumerate() {
                properties[format!("p{place}")] = json!({ "$ref": format!("#/$defs/d{to}") });
            }
            let schema = json!({ "type": "object", "properties": properties, "$defs": defs });
            let kept = without_unreferenced(&Json::parse(&schema.to_string()).unwrap());
            let kept: Value = kept.map_or(schema.clone(), |it| serde_json::from_str(&it.to_string()).unwrap());
            prop_assert_eq!(jsonschema::is_valid(&kept, &value), jsonschema::is_valid(&schema, &value));
        }
    }
}
