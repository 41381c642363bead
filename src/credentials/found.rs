//! An authorization server that was found.

use rmcp::transport::auth::{AuthorizationManager, AuthorizationMetadata};

/// An authorization server, and what asks it.
pub(super) struct AuthorizationServer {
    pub(super) manager: AuthorizationManager,
    pub(super) metadata: AuthorizationMetadata,
    /// Nobody said anything: its endpoints are those that revision 2025-03-26 has for that case.
    pub(super) is_guessed: bool,
}
