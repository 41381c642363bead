//! What is being done about a server.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::error::ListError;
use super::error::StartFailure;
use super::offer::Offer;
use super::refresh::Refresh;
use super::running::Running;
use crate::credentials::{Credential, CredentialError};
use crate::wire::ListKind;

/// Something that ends with a value.
pub(super) type Task<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What is offered after lists were read again, or looked at again.
pub(super) struct Refreshed {
    pub(super) offer: Offer,
    /// Bytes that were read; `None`: nothing was.
    pub(super) size: Option<usize>,
    pub(super) failures: Vec<(ListKind, ListError)>,
}

/// What is being done, each once at a time.
#[derive(Default)]
pub(super) struct Work {
    pub(super) starting: Option<Task<Result<(Running, Offer), StartFailure>>>,
    /// Ends with why the server ended, for people.
    pub(super) stopping: Option<Task<String>>,
    pub(super) refreshing: Option<Task<Refreshed>>,
    /// What is known is to be held against what was accepted again.
    pub(super) is_review_due: bool,
    pub(super) is_start_stale: bool,
    /// When lists that changed are read again.
    pub(super) refresh: Refresh,
}

/// Waits for what may not be under way, and clears it when it is done.
pub(super) async fn wait<T>(task: &mut Option<Task<T>>) -> T {
    let result = match task {
        Some(task) => task.await,
        None => std::future::pending().await,
    };
    *task = None;
    result
}

/// Completes when a person logged in or out.
pub(super) async fn identified(credential: &Result<Option<Arc<Credential>>, Arc<CredentialError>>) {
    match credential {
        Ok(Some(credential)) => credential.changed().await,
        _ => std::future::pending().await,
    }
}

pub(super) async fn until(alarm: Option<std::time::Instant>) {
    match alarm {
        Some(at) => tokio::time::sleep_until(Instant::from_std(at)).await,
        None => std::future::pending().await,
    }
}
