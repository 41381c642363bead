//! Asking the daemon while somebody waits for a shell.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use crate::base::runtime::runtime;
use crate::base::runtime_dir;

/// How long a shell may wait. Then the config has to do.
const WITHIN: Duration = Duration::from_millis(400);

/// The daemon that is asked, if it runs: a look starts none.
#[derive(Debug)]
pub struct Peek {
    /// The socket that was named, else the usual one.
    pub socket: Option<PathBuf>,
    /// How long an answer may take.
    pub within: Duration,
}

impl Default for Peek {
    fn default() -> Self {
        Self { socket: None, within: WITHIN }
    }
}

impl Peek {
    /// What the daemon has at a path. `None`, whatever goes wrong.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Option<T> {
        if self.socket.is_none() && runtime_dir::runtime().is_some_and(|dir| would_be_started(&dir))
        {
            return None;
        }
        let socket = self.socket.clone().or_else(|| runtime_dir::socket().ok())?;
        let asked = async { tokio::time::timeout(self.within, request(&socket, path)).await.ok()? };
        serde_json::from_slice(&runtime().ok()?.block_on(asked)?).ok()
    }
}

/// Whether systemd listens for a daemon that does not run. To press a key must not start one, with all its
/// servers. The manager has a link for each unit that is active, for journald; without them the
/// daemon is asked.
fn would_be_started(runtime: &Path) -> bool {
    let is_active = |unit: &str| {
        let link = runtime.join("systemd/units").join(format!("invocation:callmux.{unit}"));
        link.symlink_metadata().is_ok()
    };
    is_active("socket") && !is_active("service")
}

async fn request(socket: &Path, path: &str) -> Option<Bytes> {
    let stream = UnixStream::connect(socket).await.ok()?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    let request = Request::get(path).header("Host", "localhost").body(Full::<Bytes>::default());
    let answer = async move {
        let response = sender.send_request(request.ok()?).await.ok()?;
        let is_fine = response.status().is_success();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        is_fine.then_some(body)
    };
    // The connection ends when its sender is dropped.
    tokio::join!(answer, connection).0
}

#[cfg(test)]
mod tests {
    use super::would_be_started;

    #[test]
    fn a_socket_of_systemd_is_left_alone_while_nothing_runs_behind_it() {
        let dir = tempfile::tempdir().unwrap();
        let units = dir.path().join("systemd/units");
        std::fs::create_dir_all(&units).unwrap();
        let link = |unit: &str| {
            let at = units.join(format!("invocation:callmux.{unit}"));
            std::os::unix::fs::symlink("0123456789abcdef", at).unwrap();
        };
        assert!(!would_be_started(dir.path()), "nobody listens, or the daemon itself");
        link("socket");
        assert!(would_be_started(dir.path()));
        link("service");
        assert!(!would_be_started(dir.path()));
    }
}
