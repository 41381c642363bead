//! Fails in every way a well-meaning server can.

use rmcp::ErrorData;
use serde_json::{Value, json};

use super::tools::{ExampleTool, failure, text, tool};

pub(super) fn tools() -> Vec<ExampleTool> {
    vec![
        tool("fail", "Answers that it failed.", &json!({}), &[], |_| async {
            failure("this tool always fails")
        }),
        tool("refuse", "Answers with a protocol error.", &json!({}), &[], |_| async {
            Err(ErrorData::internal_error("this tool always refuses", None))
        }),
        tool("hang", "Never answers.", &json!({}), &[], |_| async {
            std::future::pending::<()>().await;
            text("")
        }),
        tool(
            "crash",
            "Ends its process without an answer.",
            &json!({ "code": { "type": "integer", "default": 3 } }),
            &[],
            |input| async move {
                let code = input.arguments.get("code").and_then(Value::as_i64).unwrap_or(3);
                #[expect(
                    clippy::disallowed_methods,
                    reason = "ending at once is what this tool is for"
                )]
                std::process::exit(i32::try_from(code).unwrap_or(3));
            },
        ),
    ]
}
