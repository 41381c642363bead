//! Keeps notes for as long as it lives.

use std::sync::Arc;

use serde_json::json;

use super::tools::{ExampleTool, string, tool, value};
use crate::base::Lock;

type Notes = Arc<Lock<Vec<String>>>;

fn read<T>(notes: &Notes, look: impl FnOnce(&mut Vec<String>) -> T) -> T {
    look(&mut notes.lock())
}

pub(super) fn tools() -> Vec<ExampleTool> {
    let notes = Notes::default();
    let [add, list, search] = [notes.clone(), notes.clone(), notes];
    vec![
        tool(
            "add",
            "Keeps a note and returns its number.",
            &json!({ "text": { "type": "string" } }),
            &["text"],
            move |input| {
                let added = string(&input.arguments, "text").map(|text| {
                    read(&add, |notes| {
                        notes.push(text.to_owned());
                        notes.len()
                    })
                });
                async move { value(json!({ "number": added? })) }
            },
        ),
        tool("list", "All notes, oldest first.", &json!({}), &[], move |_| {
            let all = read(&list, |notes| notes.clone());
            async move { value(json!({ "notes": all })) }
        }),
        tool(
            "search",
            "The notes that contain a text, whatever its case.",
            &json!({ "query": { "type": "string" } }),
            &["query"],
            move |input| {
                let found = string(&input.arguments, "query").map(|query| {
                    let query = query.to_lowercase();
                    read(&search, |notes| {
                        let hits = notes.iter().filter(|note| note.to_lowercase().contains(&query));
                        hits.cloned().collect::<Vec<String>>()
                    })
                });
                async move { value(json!({ "notes": found? })) }
            },
        ),
    ]
}
