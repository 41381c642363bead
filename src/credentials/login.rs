//! A login that is under way, as who waits for it and who may give it up hold it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::callback::{Page, Visit};
use super::error::CredentialError;

/// What an authorization server says is shown up to this length, in characters.
const SAID_MAX: usize = 200;

/// How a login ended: `Err`, for people, says why there are no tokens.
pub(super) type Outcome = Result<(), CredentialError>;

/// A login that is under way. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Login {
    pub(super) url: Arc<str>,
    pub(super) outcome: watch::Receiver<Option<Outcome>>,
    pub(super) visits: mpsc::Sender<Visit>,
}

impl Login {
    /// Where a person gives their consent: `https`, or `http` on this machine.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for its end.
    pub async fn done(&mut self) -> Outcome {
        match self.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Ok(())),
            Err(_) => Err(CredentialError::GivenUp),
        }
    }

    /// Takes the address that a browser elsewhere was sent to, as a person pasted it.
    pub async fn paste(&self, address: &str) -> Outcome {
        let over = || CredentialError::LoginOver;
        let (page, shown) = oneshot::channel();
        let url = Url::parse(address.trim()).map_err(|_| CredentialError::NoAddress)?;
        self.visits.send(Visit { url, page }).await.map_err(|_| over())?;
        match shown.await.map_err(|_| over())? {
            Page::Done => Ok(()),
            Page::Failed(why) => Err(why),
            Page::Unknown => Err(CredentialError::OtherLogin),
        }
    }
}

/// The login of a server, as its owner holds it.
#[derive(Debug)]
pub(super) struct UnderWay {
    pub(super) login: Login,
    pub(super) stop: CancellationToken,
    /// Cancelled when its port is free again.
    pub(super) ended: CancellationToken,
}

/// What others say, fit for a line.
pub(super) fn said(text: &str) -> String {
    let line = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(SAID_MAX).collect()
}
