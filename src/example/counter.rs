//! Counts. Its number is gone when its process is, which shows whether a process was kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use super::tools::{ExampleTool, tool, value};

pub(super) fn tools() -> Vec<ExampleTool> {
    let number = Arc::new(AtomicI64::new(0));
    let shared = [number.clone(), number.clone(), number];
    let [increment, read, reset] = shared;
    vec![
        tool(
            "increment",
            "Adds to the counter and returns its new value.",
            &json!({ "by": { "type": "integer", "default": 1 } }),
            &[],
            move |input| {
                let by = input.arguments.get("by").and_then(Value::as_i64).unwrap_or(1);
                let value_now = increment.fetch_add(by, Ordering::Relaxed).wrapping_add(by);
                async move { value(json!({ "value": value_now })) }
            },
        ),
        tool("value", "The counter's value.", &json!({}), &[], move |_| {
            let value_now = read.load(Ordering::Relaxed);
            async move { value(json!({ "value": value_now })) }
        }),
        tool("reset", "Sets the counter to zero.", &json!({}), &[], move |_| {
            reset.store(0, Ordering::Relaxed);
            async { value(json!({ "value": 0 })) }
        }),
    ]
}
