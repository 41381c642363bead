//! Takes its time and says how far it is.

use std::time::Duration;

use rmcp::model::ProgressNotificationParam;
use serde_json::{Value, json};

use super::tools::{ExampleTool, Output, ToolInput, failure, text, tool};

pub(super) fn tools() -> Vec<ExampleTool> {
    vec![tool(
        "wait",
        "Waits, and reports progress after each of its steps.",
        &json!({
            "seconds": { "type": "number", "default": 1, "maximum": 3600 },
            "steps": { "type": "integer", "default": 10, "minimum": 1, "maximum": 1000 }
        }),
        &[],
        wait,
    )]
}

async fn wait(input: ToolInput) -> Output {
    let seconds =
        input.arguments.get("seconds").and_then(Value::as_f64).unwrap_or(1.0).clamp(0.0, 3600.0);
    let steps = input.arguments.get("steps").and_then(Value::as_u64).unwrap_or(10).clamp(1, 1000);
    let steps = u32::try_from(steps).unwrap_or(1000);
    let pause = Duration::from_secs_f64(seconds) / steps;
    let token = input.context.meta.get_progress_token();
    for step in 1..=steps {
        tokio::select! {
            () = input.context.ct.cancelled() => return failure("cancelled"),
            () = tokio::time::sleep(pause) => {}
        }
        if let Some(token) = token.clone() {
            let progress =
                ProgressNotificationParam::new(token, f64::from(step)).with_total(f64::from(steps));
            // A client that is gone needs no progress.
            drop(input.context.peer.notify_progress(progress).await);
        }
    }
    text(format!("waited {seconds} s in {steps} steps"))
}
