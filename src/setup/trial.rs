//! Each server is started once, or dialled, before anything is changed for it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;

use super::error::SetupError;
use crate::base::ServerName;
use crate::base::runtime::runtime;
use crate::servers::error::{StartFailure, Step};
use crate::servers::{Probe, probe};
use crate::settings::ServerConfig;
use crate::wire::ListKind;

/// So many are tried at once: each may be a program that downloads itself.
const AT_ONCE: usize = 8;
/// So long one may take; a person waits.
const WITHIN: Duration = Duration::from_secs(45);
/// The name that servers get to know.
const NAME: &str = "callmux-setup";

/// How a server did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TrialEnd {
    Ready {
        tools: usize,
    },
    /// A person has to log in to it first.
    Login,
    /// It is not to be started.
    Disabled,
    Broken(String),
}

impl TrialEnd {
    /// A word for programs.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "ready",
            Self::Login => "login",
            Self::Disabled => "disabled",
            Self::Broken(_) => "broken",
        }
    }
}

/// Tries all of them, and calls `done` with each as it ends.
pub(super) fn trials(
    servers: Vec<(String, Arc<ServerConfig>)>,
    mut done: impl FnMut(&str, &TrialEnd),
) -> Result<Vec<(String, TrialEnd)>, SetupError> {
    let runtime = runtime().map_err(SetupError::Runtime)?;
    runtime.block_on(async {
        let tries = servers.into_iter().map(|(name, config)| trial(name, config));
        let mut ends = futures_util::stream::iter(tries).buffer_unordered(AT_ONCE);
        let mut all = Vec::new();
        while let Some((name, end)) = ends.next().await {
            done(&name, &end);
            all.push((name, end));
        }
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(all)
    })
}

async fn trial(name: String, config: Arc<ServerConfig>) -> (String, TrialEnd) {
    if !config.enabled {
        return (name, TrialEnd::Disabled);
    }
    let Ok(server) = ServerName::parse(&name) else {
        return (name, TrialEnd::Broken("its name is no name".to_owned()));
    };
    if let Some(missing) = config.unresolved.first() {
        return (name, TrialEnd::Broken(missing.message.clone()));
    }
    let mut config = (*config).clone();
    config.supervision.start_timeout = config.supervision.start_timeout.min(WITHIN);
    let look = Probe { server, config: Arc::new(config), name: NAME, first: None };
    let end = match probe(look).await {
        Ok((_, offer)) => TrialEnd::Ready { tools: offer.list(ListKind::Tools).items.len() },
        Err(StartFailure { step: Step::Login, .. }) => TrialEnd::Login,
        Err(failure) => TrialEnd::Broken(failure.to_string()),
    };
    (name, end)
}
