//! The resources that clients want to hear about.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, Weak};

use crate::base::{Lock, ServerName, Tasks};
use crate::wire::RpcError;
use crate::wire::error::code;

/// Resources of all servers that can be wanted at once.
const OPEN_MAX: usize = 4096;
/// What their URIs come to at the most, in bytes.
const BYTES_MAX: usize = 4 << 20;

/// All subscriptions. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Subscriptions {
    open: Arc<Lock<HashMap<ResourceKey, Weak<Subscription>>>>,
    tasks: Tasks,
}

type ResourceKey = (ServerName, Box<str>);

/// A resource that somebody wants to hear about, for as long as the value lives.
#[derive(Debug)]
pub struct Subscription {
    pub server: ServerName,
    /// As the server knows it.
    pub uri: Box<str>,
    tasks: Tasks,
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

/// A subscription that was asked for.
#[derive(Debug)]
pub enum Begun {
    /// It was there.
    Known(Arc<Subscription>),
    /// It is kept from now on.
    New(Arc<Subscription>),
}

impl Subscriptions {
    fn lock(&self) -> MutexGuard<'_, HashMap<ResourceKey, Weak<Subscription>>> {
        self.open.lock()
    }

    /// Joins the subscription to a resource that is there, or begins one that `keep` keeps.
    pub fn begin<K: Future<Output = ()> + Send + 'static>(
        &self,
        server: &ServerName,
        uri: &str,
        keep: impl FnOnce() -> K,
    ) -> Result<Begun, RpcError> {
        let key: ResourceKey = (server.clone(), uri.into());
        let mut open = self.lock();
        if let Some(known) = open.get(&key).and_then(Weak::upgrade) {
            return Ok(Begun::Known(known));
        }
        open.retain(|_, subscription| subscription.strong_count() > 0);
        let bytes: usize = open.keys().map(|(_, uri)| uri.len()).sum();
        if open.len() >= OPEN_MAX || bytes + uri.len() > BYTES_MAX {
            let message = "too many resources are subscribed to already";
            return Err(RpcError::new(code::INTERNAL, message));
        }
        let tasks = self.tasks.child();
        let subscription =
            Arc::new(Subscription { server: key.0.clone(), uri: key.1.clone(), tasks });
        open.insert(key, Arc::downgrade(&subscription));
        subscription.tasks.spawn_until_stopped("resource subscription", keep());
        Ok(Begun::New(subscription))
    }
}
