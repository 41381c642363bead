//! What is kept of a login: one private file for each server, in the state directory.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rmcp::transport::auth::{
    AuthError, CredentialRefreshGuard, CredentialStore, StoredCredentials,
};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::error::CredentialError;
use crate::base::{Lock, ServerName, dirs, file};

/// The version of the file.
const VERSION: u32 = 1;
/// The largest file, in bytes.
const FILE_MAX: u64 = 1024 * 1024;
/// How long others may renew the same tokens before one gives up.
const ALONE_WITHIN: Duration = Duration::from_mins(1);
/// How often to look whether they are done.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What is kept. Tokens and clients are of no use with another authorization server than theirs
/// (2026-07-28, "Authorization Server Binding"), nor with another origin.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredLogin {
    version: u32,
    /// Scheme, host and port of the server.
    origin: String,
    /// Of the authorization server, if it named itself.
    pub(super) issuer: Option<String>,
    pub(super) client: OauthClient,
    /// The scopes that were asked for.
    pub(super) asked: Vec<String>,
    pub(super) tokens: Option<StoredCredentials>,
}

/// Whom the authorization server knows us as.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct OauthClient {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    pub(super) redirect: String,
    /// It is there because we asked for it.
    pub(super) is_registered: bool,
}

/// The file of one server, with its content in memory. Cloning shares it.
#[derive(Clone)]
pub(super) struct Store {
    path: Option<PathBuf>,
    origin: String,
    kept: Arc<Lock<Option<StoredLogin>>>,
}

impl Store {
    /// Reads the file. One of another version or origin counts as none, and so does one that others may
    /// read or write.
    pub(super) fn of(server: &ServerName, origin: String) -> Self {
        let path = dirs::state().map(|dir| dir.join(format!("credentials/{server}.json")));
        Self::at(path, origin)
    }

    fn at(path: Option<PathBuf>, origin: String) -> Self {
        let store = Self { path, origin, kept: Arc::default() };
        *store.lock() = store.read();
        store
    }

    fn read(&self) -> Option<StoredLogin> {
        let read = file::read_private(self.path.as_ref()?, FILE_MAX);
        let bytes = read.inspect_err(|error| match &error.problem {
            file::Problem::Io(why) if why.kind() == io::ErrorKind::NotFound => {}
            _ => tracing::warn!(%error, "tokens are not used"),
        });
        let bytes = Zeroizing::new(bytes.ok()?);
        let kept: StoredLogin = serde_json::from_slice(&bytes).ok()?;
        (kept.version == VERSION && kept.origin == self.origin).then_some(kept)
    }

    /// Keeps others that know the file from renewing what is in it: one refresh token may be good for
    /// one renewal.
    fn alone(&self) -> io::Result<Option<File>> {
        let Some(path) = &self.path else { return Ok(None) };
        file::make_dir(path.parent().ok_or(io::ErrorKind::InvalidInput)?)?;
        let file = lock_file(&path.with_extension("lock"))?;
        let until = Instant::now() + ALONE_WITHIN;
        while let Err(error) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if error != rustix::io::Errno::WOULDBLOCK || Instant::now() > until {
                return Err(error.into());
            }
            std::thread::sleep(LOOK_EVERY);
        }
        if let Some(kept) = self.read() {
            *self.lock() = Some(kept);
        }
        Ok(Some(file))
    }

    fn lock(&self) -> MutexGuard<'_, Option<StoredLogin>> {
        self.kept.lock()
    }

    pub(super) fn kept(&self) -> Option<StoredLogin> {
        self.lock().clone()
    }

    /// The scopes of the tokens there are, whoever wrote them.
    pub(super) fn granted(&self) -> Vec<String> {
        let kept = self.read().or_else(|| self.kept());
        kept.and_then(|kept| kept.tokens).map(|tokens| tokens.granted_scopes).unwrap_or_default()
    }

    /// Begins anew: with this client, and without tokens until the next [`CredentialStore::save`],
    /// which is when it is written.
    pub(super) fn begin(&self, issuer: Option<String>, client: OauthClient, asked: Vec<String>) {
        let origin = self.origin.clone();
        let kept = StoredLogin { version: VERSION, origin, issuer, client, asked, tokens: None };
        *self.lock() = Some(kept);
    }

    /// A store of its own for a login, so that the tokens there are hold until it succeeds.
    pub(super) fn apart(&self) -> Self {
        Self { kept: Arc::default(), ..self.clone() }
    }

    /// Takes over what another store of the same server has.
    pub(super) fn take(&self, other: &Self) {
        *self.lock() = other.kept();
    }

    fn write(&self, kept: Option<&StoredLogin>) -> Result<(), CredentialError> {
        let Some(path) = &self.path else { return Ok(()) };
        let written = match kept {
            Some(kept) => serde_json::to_vec(kept)
                .map_err(io::Error::from)
                .and_then(|json| file::replace(path, &Zeroizing::new(json))),
            None => match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        };
        let told = |error: io::Error| {
            CredentialError::NotWritten(path.display().to_string(), error.to_string())
        };
        written.map_err(told)
    }

    /// Forgets everything.
    pub(super) fn forget(&self) -> Result<(), CredentialError> {
        *self.lock() = None;
        self.write(None)
    }

    /// Forgets the tokens; the client stays known.
    pub(super) fn forget_tokens(&self) -> Result<(), CredentialError> {
        let mut kept = self.lock();
        if let Some(kept) = kept.as_mut() {
            kept.tokens = None;
        }
        self.write(kept.as_ref())
    }
}

/// Opens the file that is locked; it is never read, and nobody is waited for at a pipe in its place.
fn lock_file(path: &Path) -> io::Result<File> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .custom_flags(flags)
        .open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::other(format!("{} is no regular file; take it away", path.display())))
}

#[async_trait]
impl CredentialStore for Store {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        Ok(self.kept().and_then(|kept| kept.tokens))
    }

    async fn save(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        let mut kept = self.lock();
        let Some(kept) = kept.as_mut() else { return Ok(()) };
        kept.tokens = Some(credentials);
        if let Err(error) = self.write(Some(kept)) {
            // They hold until the daemon ends.
            let error = error.to_string();
            tracing::warn!(error, "tokens are not kept");
        }
        Ok(())
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.forget_tokens().map_err(|error| AuthError::CredentialStoreError(error.to_string()))
    }

    async fn acquire_refresh_guard(&self) -> Result<Option<CredentialRefreshGuard>, AuthError> {
        let store = self.clone();
        let alone = tokio::task::spawn_blocking(move || store.alone()).await;
        let failed = |error: String| AuthError::CredentialStoreError(error);
        let file = alone.map_err(|error| failed(error.to_string()))?;
        Ok(file.map_err(|error| failed(error.to_string()))?.map(CredentialRefreshGuard::new))
    }
}

#[cfg(test)]
mod tests {
    use super::{OauthClient, Store};
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use rmcp::transport::auth::{CredentialStore, StoredCredentials};
    use rustix::fs::{CWD, FileType, Mode, mknodat};

    #[tokio::test]
    async fn tokens_are_those_of_one_origin() {
        let dir = tempfile::tempdir().unwrap();
        let path = || Some(dir.path().join("credentials/a.json"));
        let store = Store::at(path(), "https://a".to_owned());
        let redirect = "http://127.0.0.1:1/".to_owned();
        let client = OauthClient { id: "c".into(), secret: None, redirect, is_registered: true };
        store.begin(Some("https://as".to_owned()), client, vec![]);
        store.save(StoredCredentials::new("c".into(), None, vec![], None)).await.unwrap();
        let issuer = |origin: &str| Store::at(path(), origin.to_owned()).kept()?.issuer;
        assert_eq!(issuer("https://a").as_deref(), Some("https://as"));
        assert_eq!(issuer("https://b"), None);
        let mode = |mode| Permissions::from_mode(mode);
        std::fs::set_permissions(path().unwrap(), mode(0o640)).unwrap();
        assert_eq!(issuer("https://a"), None, "others may know them");
        std::fs::set_permissions(path().unwrap(), mode(0o600)).unwrap();
        assert!(issuer("https://a").is_some());
        store.forget().unwrap();
        assert_eq!(issuer("https://a"), None);
    }

    #[test]
    fn a_pipe_in_place_of_a_file_keeps_nobody_waiting() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.json");
        for path in [path.clone(), path.with_extension("lock")] {
            mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        }
        let store = Store::at(Some(path), "https://a".to_owned());
        assert!(store.kept().is_none());
        // Without a reader such a pipe cannot be opened for writing at all (fifo(7)).
        assert!(store.alone().is_err());
    }
}
