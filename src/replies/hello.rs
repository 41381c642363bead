//! How we introduce ourselves: the results of `initialize` and `server/discover`.

use rmcp::model::{
    DiscoverResult, Implementation, InitializeResult, ProtocolVersion, ServerCapabilities,
};
use serde_json::{Value, json};

use crate::wire::Revision;

fn implementation() -> Implementation {
    let mut implementation = Implementation::new("callmux", env!("CARGO_PKG_VERSION"));
    implementation.title = Some("callmux".to_owned());
    implementation
}

fn version(revision: Revision) -> ProtocolVersion {
    let text = serde_json::Value::from(revision.as_str());
    serde_json::from_value(text).expect("a protocol version is a text")
}

/// What is said of a daemon that cannot be asked.
pub fn least_capabilities() -> Value {
    json!({ "tools": { "listChanged": true } })
}

/// The result of `initialize`, as JSON.
pub fn initialize(
    capabilities: &Value,
    instructions: Option<String>,
    revision: Revision,
) -> String {
    let mut result = InitializeResult::new(ServerCapabilities::default())
        .with_server_info(implementation())
        .with_protocol_version(version(revision));
    result.instructions = instructions;
    with_capabilities(serde_json::to_value(&result), capabilities)
}

/// The result of `server/discover`, as JSON.
pub fn discover(capabilities: &Value, instructions: Option<String>) -> String {
    let versions = Revision::ALL.into_iter().map(version).collect();
    let mut result = DiscoverResult::new(versions, ServerCapabilities::default())
        .with_server_info(implementation());
    result.instructions = instructions;
    with_capabilities(serde_json::to_value(&result), capabilities)
}

/// rmcp's model has no tasks of 2025-11-25.
fn with_capabilities(result: serde_json::Result<Value>, capabilities: &Value) -> String {
    let mut result = result.expect("our own result is JSON");
    result["capabilities"] = capabilities.clone();
    result.to_string()
}

#[cfg(test)]
mod tests {
    use super::{discover, initialize, least_capabilities};
    use crate::wire::Revision;

    #[test]
    fn both_results_have_their_required_members() {
        let result: serde_json::Value =
            serde_json::from_str(&initialize(&least_capabilities(), None, Revision::V2025_06_18))
                .unwrap();
        assert_eq!(result["protocolVersion"], "2025-06-18");
        assert_eq!(result["serverInfo"]["name"], "callmux");
        assert_eq!(result["capabilities"]["tools"]["listChanged"], true);
        let result: serde_json::Value =
            serde_json::from_str(&discover(&least_capabilities(), None)).unwrap();
        assert_eq!(result["supportedVersions"][0], "2026-07-28");
        assert_eq!(
            (&result["resultType"], &result["cacheScope"]),
            (&"complete".into(), &"private".into())
        );
        assert!(result["ttlMs"].is_number());
    }
}
