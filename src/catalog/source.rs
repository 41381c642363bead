//! What the catalog is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::ServerName;
use crate::servers::{Offer, Server};
use crate::wire::ListKind;

/// A server and what it offers.
pub(super) type Source<'a> = (&'a Server, Option<Arc<Offer>>);

/// What each server offers, or last offered.
pub(super) fn offers(servers: &BTreeMap<ServerName, Server>) -> Vec<Option<Arc<Offer>>> {
    servers.values().map(|server| server.status().offer.clone()).collect()
}

/// For how long, by what the servers say, the merged list holds.
pub(super) fn shortest_ttl(sources: &[Source<'_>], kind: ListKind) -> Option<u64> {
    sources.iter().filter_map(|(_, offer)| offer.as_ref()?.list(kind).ttl_ms).min()
}
