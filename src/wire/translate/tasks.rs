//! Ids of tasks: the server's own, with the server's name before it.

use crate::wire::{meta, object};
use serde_json::value::RawValue;

/// Between the server's name and its id.
const SEPARATOR: char = ':';

/// The server's name and its own id; `None` for what is no id of ours.
pub fn split(id: &str) -> Option<(&str, &str)> {
    id.split_once(SEPARATOR)
}

/// The id that clients see, as JSON. `own`: the server's, as a JSON string.
pub fn shown(server: &str, own: &str) -> String {
    let own = object::string(own).unwrap_or_default();
    serde_json::Value::from(format!("{server}{SEPARATOR}{own}")).to_string()
}

/// Where a result has ids of tasks: in itself, in the task it created, in the list of tasks, or in
/// the task it is related to (2025-11-25, "Tasks"; 2026-07-28, the tasks extension).
pub fn ids_in_result(result: &str) -> Vec<&str> {
    let names = ["taskId", "task", "tasks", "_meta"];
    let [own, task, tasks, related] = object::members(result, names).unwrap_or_default();
    let mut ids: Vec<&str> = own.into_iter().collect();
    ids.extend(task.and_then(|task| object::get(task, "taskId")));
    let tasks: Vec<&RawValue> =
        tasks.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    ids.extend(tasks.iter().filter_map(|task| object::get(task.get(), "taskId")));
    let related = related.and_then(|json| object::get(json, meta::RELATED_TASK));
    ids.extend(related.and_then(|json| object::get(json, "taskId")));
    ids.retain(|id| id.starts_with('"'));
    ids
}

#[cfg(test)]
mod tests {
    use super::{ids_in_result, shown, split};

    #[test]
    fn ids_are_found_and_carry_their_server() {
        let result = r#"{"task":{"taskId":"a"},"tasks":[{"taskId":"b"},7,{"taskId":8}],
            "_meta":{"io.modelcontextprotocol/related-task":{"taskId":"c"}},"taskId":"d:\"1"}"#;
        assert_eq!(ids_in_result(result), [r#""d:\"1""#, r#""a""#, r#""b""#, r#""c""#]);
        assert_eq!(shown("srv", r#""d:\"1""#), r#""srv:d:\"1""#);
        assert_eq!(split("srv:d:1"), Some(("srv", "d:1")));
        assert!(ids_in_result("7").is_empty() && split("x").is_none());
    }
}
