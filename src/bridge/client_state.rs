//! What the client told a daemon for good: a new daemon has to hear it, too.

use std::collections::BTreeMap;

use crate::wire::{Message, Method, object};

/// Resources that are remembered at the most.
const SUBSCRIPTIONS_MAX: usize = 1024;

/// The client's handshake, log level and subscriptions.
#[derive(Debug, Default)]
pub(super) struct ClientState {
    pub(super) initialize: Option<Message>,
    pub(super) initialized: Option<Message>,
    level: Option<Message>,
    /// By the resource's URI, as written.
    subscriptions: BTreeMap<Box<str>, Message>,
}

impl ClientState {
    /// Notes a message of the client.
    pub(super) fn note(&mut self, message: &Message) {
        let uri = || message.params().and_then(|params| object::get(params, "uri"));
        match message.method() {
            Some(Method::Initialize) => self.initialize = Some(message.clone()),
            Some(Method::Initialized) => self.initialized = Some(message.clone()),
            Some(Method::SetLevel) => self.level = Some(message.clone()),
            Some(Method::ResourcesSubscribe) => {
                if let Some(uri) = uri().filter(|_| self.subscriptions.len() < SUBSCRIPTIONS_MAX) {
                    self.subscriptions.insert(uri.into(), message.clone());
                }
            }
            Some(Method::ResourcesUnsubscribe) => {
                uri().and_then(|uri| self.subscriptions.remove(uri));
            }
            _ => {}
        }
    }

    /// The requests that say it again, without the handshake.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Message> {
        self.level.iter().chain(self.subscriptions.values())
    }
}
