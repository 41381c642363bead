//! Tools of ours, which no server has.

use std::sync::Arc;

use bytes::Bytes;

/// Tools of ours, which are listed beside those of the servers and called by no server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnTools(pub Vec<OwnTool>);

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnTool {
    pub name: Arc<str>,
    /// As it is listed: a JSON object.
    pub definition: Bytes,
    /// It is listed since the config says so of it alone.
    pub is_recipe: bool,
}
