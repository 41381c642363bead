//! How we introduce ourselves: the results of `initialize` and `server/discover`.

use rmcp::model::{
    DiscoverResult, Implementation, InitializeResult, ProtocolVersion, ServerCapabilities,
};

use crate::mux::World;
use crate::wire::Revision;

fn capabilities() -> ServerCapabilities {
    ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build()
}

fn implementation() -> Implementation {
    let mut implementation = Implementation::new("callmux", env!("CARGO_PKG_VERSION"));
    implementation.title = Some("callmux".to_owned());
    implementation
}

fn version(revision: Revision) -> ProtocolVersion {
    let text = serde_json::Value::from(revision.as_str());
    serde_json::from_value(text).expect("a protocol version is a text")
}

/// What the servers want agents to know, each under its name; a single server's as it is.
pub fn instructions(world: &World) -> Option<String> {
    let text = |server: &crate::servers::Server| {
        server.status().instructions.as_deref().map(str::to_owned)
    };
    let texts: Vec<(String, String)> = world
        .servers
        .values()
        .filter_map(|server| Some((server.name.to_string(), text(server)?)))
        .collect();
    match texts.as_slice() {
        [] => None,
        [(_, text)] if world.servers.len() == 1 => Some(text.clone()),
        texts => {
            let paragraphs: Vec<String> =
                texts.iter().map(|(name, text)| format!("# {name}\n{text}")).collect();
            Some(paragraphs.join("\n\n"))
        }
    }
}

/// The result of `initialize`, as JSON.
pub fn initialize(instructions: Option<String>, revision: Revision) -> String {
    let mut result = InitializeResult::new(capabilities())
        .with_server_info(implementation())
        .with_protocol_version(version(revision));
    result.instructions = instructions;
    serde_json::to_string(&result).expect("our own result is JSON")
}

/// The result of `server/discover`, as JSON.
pub fn discover(instructions: Option<String>) -> String {
    let versions = Revision::ALL.into_iter().map(version).collect();
    let mut result =
        DiscoverResult::new(versions, capabilities()).with_server_info(implementation());
    result.instructions = instructions;
    serde_json::to_string(&result).expect("our own result is JSON")
}

#[cfg(test)]
mod tests {
    use super::{discover, initialize};
    use crate::wire::Revision;

    #[test]
    fn both_results_have_their_required_members() {
        let result: serde_json::Value =
            serde_json::from_str(&initialize(None, Revision::V2025_06_18)).unwrap();
        assert_eq!(result["protocolVersion"], "2025-06-18");
        assert_eq!(result["serverInfo"]["name"], "callmux");
        assert_eq!(result["capabilities"]["tools"]["listChanged"], true);
        let result: serde_json::Value = serde_json::from_str(&discover(None)).unwrap();
        assert_eq!(result["supportedVersions"][0], "2026-07-28");
        assert_eq!(
            (&result["resultType"], &result["cacheScope"]),
            (&"complete".into(), &"private".into())
        );
        assert!(result["ttlMs"].is_number());
    }
}
