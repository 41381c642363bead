//! A record as an event of the Open Cybersecurity Schema Framework: API Activity
//! (<https://schema.ocsf.io/1.3.0/classes/api_activity>).

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

const CLASS: u64 = 6003;
const CATEGORY: u64 = 6;

/// The event of a record, which was written at this time. None of what is missing.
pub(super) fn event(record: &Value, at: SystemTime) -> Option<Value> {
    if record["event"] != "call" {
        return None;
    }
    let kind = record["kind"].as_str().unwrap_or_default();
    // What a tool does nobody can say for it.
    let activity: u64 = if matches!(kind, "prompt" | "resource") { 2 } else { 99 };
    let millis = at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let is_done = record["outcome"] == "done";
    let mut event = json!({
        "activity_id": activity,
        "activity_name": if activity == 2 { "Read" } else { operation(kind) },
        "category_uid": CATEGORY,
        "class_uid": CLASS,
        "type_uid": CLASS * 100 + activity,
        "severity_id": 1,
        "time": u64::try_from(millis).unwrap_or(u64::MAX),
        "duration": record["duration_us"].as_u64().unwrap_or_default() / 1000,
        "status_id": if is_done { 1 } else { 2 },
        "status": if is_done { "Success" } else { "Failure" },
        "status_code": record["outcome"],
        "actor": {
            "user": { "uid": record["principal"], "name": record["principal"] },
            "app_name": record["client"],
        },
        "api": { "operation": operation(kind), "service": { "name": record["server"] } },
        "resources": [{ "name": record["target"], "type": kind }],
        "src_endpoint": { "interface_name": record["via"] },
        "metadata": {
            "version": "1.3.0",
            "product": {
                "name": "callmux",
                "vendor_name": "callmux",
                "version": env!("CARGO_PKG_VERSION"),
            },
            "uid": record["call_id"],
        },
        "observables": [
            { "name": "actor.user.name", "type_id": 4, "value": record["principal"] },
            { "name": "resources[].name", "type_id": 0, "value": record["target"] },
        ],
    });
    let unmapped = ["session", "decision", "rule", "bytes_in", "bytes_out", "trace_id"];
    for member in unmapped.into_iter().filter(|member| !record[*member].is_null()) {
        event["unmapped"][member] = record[member].clone();
    }
    if !record["request_id"].is_null() {
        event["api"]["request"] = json!({ "uid": record["request_id"] });
    }
    leave_out_nothing(&mut event);
    Some(event)
}

/// Without members that are null, and without objects that have no others: the schema wants texts and
/// numbers, or no member.
fn leave_out_nothing(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.values_mut().for_each(leave_out_nothing);
            members.retain(|_, value| {
                !value.is_null() && value.as_object().is_none_or(|inner| !inner.is_empty())
            });
        }
        Value::Array(items) => items.iter_mut().for_each(leave_out_nothing),
        _ => {}
    }
}

/// The method of MCP.
fn operation(kind: &str) -> &'static str {
    match kind {
        "tool" => "tools/call",
        "prompt" => "prompts/get",
        "resource" => "resources/read",
        "completion" => "completion/complete",
        "subscription" => "resources/subscribe",
        "task" | "tasks" => "tasks",
        "log_level" => "logging/setLevel",
        "roots" => "notifications/roots/list_changed",
        "administration" => "administration",
        _ => "request",
    }
}

#[cfg(test)]
mod tests {
    use super::event;
    use serde_json::json;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_call_is_api_activity() {
        let record = json!({
            "event": "call", "kind": "tool", "target": "a__b", "server": "a", "outcome": "denied",
            "principal": "token:ci", "client": "c 1", "rule": "r", "request_id": "7",
            "duration_us": 1500, "call_id": "x-1", "via": "link",
        });
        let at = UNIX_EPOCH + Duration::from_millis(1234);
        let event = event(&record, at).unwrap();
        assert_eq!((&event["class_uid"], &event["type_uid"]), (&json!(6003), &json!(600_399)));
        assert_eq!((&event["time"], &event["status_id"]), (&json!(1234), &json!(2)));
        assert_eq!(event["api"]["request"]["uid"], "7");
        assert_eq!(event["unmapped"], json!({ "rule": "r" }));
        assert!(super::event(&json!({ "event": "gap" }), at).is_none());
        // Of what is nobody's there is no server, and a client need not say what it is called.
        let record = json!({ "event": "call", "kind": "tool", "target": "?", "outcome": "refused",
            "principal": "user:1", "server": null });
        let event = super::event(&record, at).unwrap();
        assert_eq!(event["api"], json!({ "operation": "tools/call" }));
        assert!(!event.to_string().contains("null"), "{event}");
    }
}
