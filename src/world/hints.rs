//! What is believed of what servers say of their tools.

use crate::access::ToolHints;
use crate::servers::{Item, Server};

/// The hints of a tool, if its server is taken at its word (`trusted`); else none.
pub fn hints(server: &Server, item: &Item) -> ToolHints {
    if !server.config.policy.trusted {
        return ToolHints::default();
    }
    ToolHints { is_read_only: item.is_read_only, is_idempotent: item.is_repeatable }
}
