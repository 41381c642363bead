//! What the bridge is to do.

use crate::wire::Payload;

/// What is to be done.
#[derive(Debug)]
pub(super) enum BridgeAction {
    /// Write to the client.
    ToClient(Payload),
    /// Send over the link.
    ToDaemon(Payload),
    /// Send over the link as what an earlier daemon may have carried out.
    Again(Payload),
}
