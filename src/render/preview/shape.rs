//! What a value is, without the value: its kind, its names, and where its arrays are.

use crate::json::{Json, JsonKind, Path, Slice};

/// About how long a shape may become, in bytes.
const LEN_MAX: usize = 600;
const KEYS_MAX: usize = 20;
/// What the names of an object may take of the whole.
const KEYS_LEN_MAX: usize = 240;
const SAMPLE_KEYS_MAX: usize = 12;
const SAMPLE_LEN_MAX: usize = 160;
const ARRAYS_MAX: usize = 8;
const DEPTH_MAX: usize = 5;
/// How many values are looked at in the search for arrays.
const VISITS_MAX: usize = 2000;

/// `{"type":"array","total","sampleKeys"?}`, `{"type":"string","totalChars"}`,
/// `{"type":"object","total","keys","arrays"?,"suggestedPath"?}` or `{"type":"value"}`.
pub(super) fn shape(value: Slice<'_>) -> Json {
    match value.kind() {
        JsonKind::Array => Json::Object(array(None, &FoundArray::of(value))),
        JsonKind::String => {
            let chars = value.text().unwrap_or_default().chars().count();
            Json::object([("type", "string".into()), ("totalChars", chars.into())])
        }
        JsonKind::Object => object(value),
        _ => Json::object([("type", "value".into())]),
    }
}

/// An array, and how many items it has.
struct FoundArray<'a> {
    array: Slice<'a>,
    total: usize,
}

impl<'a> FoundArray<'a> {
    fn of(array: Slice<'a>) -> Self {
        Self { array, total: array.items().count() }
    }
}

fn array(path: Option<&Path>, found: &FoundArray<'_>) -> Vec<(String, Json)> {
    let mut out = Vec::new();
    if let Some(path) = path {
        out.push(("path".to_owned(), path.to_string().into()));
    }
    out.push(("type".to_owned(), "array".into()));
    out.push(("total".to_owned(), found.total.into()));
    if let Some(first) = found.array.items().next().filter(|it| it.members().next().is_some()) {
        out.push(("sampleKeys".to_owned(), names(first, SAMPLE_KEYS_MAX, SAMPLE_LEN_MAX)));
    }
    out
}

/// The leading names that fit.
fn names(object: Slice<'_>, count: usize, mut room: usize) -> Json {
    let fits = |name: &Slice<'_>| {
        let rest = room.checked_sub(name.len() + 1);
        room = rest.unwrap_or_default();
        rest.is_some()
    };
    let names = object.members().map(|(name, _)| name).take(count).take_while(fits);
    Json::Array(names.map(Slice::to_json_or_text).collect())
}

fn object(value: Slice<'_>) -> Json {
    let mut out = vec![
        ("type".to_owned(), Json::from("object")),
        ("total".to_owned(), value.members().count().into()),
        ("keys".to_owned(), names(value, KEYS_MAX, KEYS_LEN_MAX)),
    ];
    let mut found = find_arrays(value);
    // The first of the largest is where the data is: a list of names may be longer than it.
    let largest = found.iter().rev().max_by_key(|(_, found)| found.array.len());
    let suggested = largest.map(|(path, _)| path.to_string()).filter(|path| path.len() <= 100);
    found.truncate(ARRAYS_MAX);
    let suggested_len = suggested.as_ref().map_or(0, |path| path.len() + 30);
    let mut room = LEN_MAX.saturating_sub(Json::Object(out.clone()).len() + suggested_len + 12);
    let mut arrays = Vec::new();
    for (path, found) in found {
        let mut array = array(Some(&path), &found);
        if Json::Object(array.clone()).len() >= room {
            array.retain(|(name, _)| name != "sampleKeys");
        }
        let array = Json::Object(array);
        if let Some(rest) = room.checked_sub(array.len() + 1) {
            room = rest;
            arrays.push(array);
        }
    }
    if !arrays.is_empty() {
        out.push(("arrays".to_owned(), Json::Array(arrays)));
    }
    out.extend(suggested.map(|path| ("suggestedPath".to_owned(), path.into())));
    Json::Object(out)
}

/// Arrays that are members of the value or of what lies in it, nearest first; what lies in an array
/// is not looked at.
fn find_arrays(value: Slice<'_>) -> Vec<(Path, FoundArray<'_>)> {
    let mut found = Vec::new();
    let mut level = vec![(Path::default(), value)];
    let mut visits = VISITS_MAX;
    for _ in 0..DEPTH_MAX {
        let mut next = Vec::new();
        for (path, value) in level {
            for (name, value) in value.members() {
                let Some(left) = visits.checked_sub(1) else { return found };
                visits = left;
                let path = || path.join(name.text().unwrap_or_default());
                match value.kind() {
                    // Longer ones are never told.
                    _ if name.len() > LEN_MAX => {}
                    JsonKind::Array if value.items().next().is_some() => {
                        found.push((path(), FoundArray::of(value)));
                    }
                    JsonKind::Object => next.push((path(), value)),
                    _ => {}
                }
            }
        }
        level = next;
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Json, LEN_MAX, Path};
    use crate::json::Doc;
    use crate::render::sample;

    fn shape(value: &Json) -> Json {
        super::shape(Doc::of(value).root())
    }

    #[test]
    fn shapes_tell_what_there_is() {
        let check = |json: &str, expected: &str| {
            assert_eq!(shape(&Json::parse(json).unwrap()).to_string(), expected);
        };
        check("5", r#"{"type":"value"}"#);
        check(r#""äb""#, r#"{"type":"string","totalChars":2}"#);
        check("[]", r#"{"type":"array","total":0}"#);
        check(r#"[{"a":1,"b":2}]"#, r#"{"type":"array","total":1,"sampleKeys":["a","b"]}"#);
        check(
            r#"{"n":1,"d":{"x.y":[1,2,3]},"e":[],"f":[{"id":1}]}"#,
            concat!(
                r#"{"type":"object","total":4,"keys":["n","d","e","f"],"arrays":["#,
                r#"{"path":"f","type":"array","total":1,"sampleKeys":["id"]},"#,
                r#"{"path":"d[\"x.y\"]","type":"array","total":3}],"#,
                r#""suggestedPath":"f"}"#
            ),
        );
    }

    #[test]
    fn shapes_are_small() {
        let name = |index: usize| format!("a rather long name of a member {index}");
        let items = |index| Json::Array(vec![Json::object([(&*name(index), Json::Null)]); 3]);
        let value = Json::Object((0..200).map(|index| (name(index), items(index))).collect());
        assert!(shape(&value).len() <= LEN_MAX, "{}", shape(&value));
        let long = Json::Object(vec![("x".repeat(5000), Json::Array(vec![Json::Null]))]);
        assert!(shape(&long).len() <= LEN_MAX);
        let many = Json::Array(vec![Json::Object(vec![("y".repeat(5000), Json::Null)])]);
        assert!(shape(&many).len() <= LEN_MAX);
    }

    proptest! {
        #[test]
        fn paths_lead_to_arrays(value in sample::json()) {
            let shape = shape(&value);
            prop_assert!(shape.len() <= LEN_MAX);
            for array in shape.get("arrays").and_then(Json::as_array).unwrap_or_default() {
                let path = Path::parse(array.get("path").unwrap().as_str().unwrap()).unwrap();
                // Of two members with one name a path leads to the last.
                let is_array = path.find(&value).is_some_and(|it| it.as_array().is_some());
                prop_assert!(is_array || sample::has_twice(&value));
            }
        }
    }
}
