//! Asking the daemon over its unix socket.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::args_daemon::DaemonArgs;
use super::exit::Exit;
use super::print;
use super::runtime::runtime;
use crate::api::Failure;
use crate::base::dirs;

/// What the daemon answered.
pub(super) struct DaemonAnswer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error(
        "XDG_RUNTIME_DIR is not set and {} does not exist; name the daemon's socket with --socket",
        dirs::run_user().display()
    )]
    NoSocket,
    #[error(
        "no daemon is listening on {} ({error}); `systemctl --user start callmux.socket` or `callmux serve` starts one",
        .socket.display()
    )]
    NoDaemon { socket: PathBuf, error: std::io::Error },
    #[error("the daemon gave no answer: {0}")]
    Broken(#[from] hyper::Error),
    #[error("the daemon answered with {0}: {1}")]
    Unexpected(StatusCode, String),
    #[error("the daemon answered in a way that this version does not know: {0}")]
    Unreadable(#[from] serde_json::Error),
    #[error("no runtime: {0}")]
    Runtime(std::io::Error),
}

impl DaemonAnswer {
    /// The body as what it has to be.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Exit> {
        serde_json::from_slice(&self.body).map_err(|error| fail(&NoAnswer::Unreadable(error)))
    }

    /// What the daemon says went wrong.
    pub(super) fn unexpected(&self) -> Exit {
        let told = serde_json::from_slice(&self.body).ok().map(|Failure { error }| error);
        match (self.status, told) {
            (StatusCode::NOT_FOUND | StatusCode::CONFLICT, Some(message)) => {
                print::error(&message);
                Exit::Failed
            }
            (status, message) => fail(&NoAnswer::Unexpected(status, message.unwrap_or_default())),
        }
    }
}

fn fail(error: &NoAnswer) -> Exit {
    print::error(&error.to_string());
    match error {
        NoAnswer::Runtime(_) => Exit::System,
        _ => Exit::Unavailable,
    }
}

/// Sends a request without a body. What goes wrong is printed.
pub(super) fn ask(args: &DaemonArgs, method: Method, path: &str) -> Result<DaemonAnswer, Exit> {
    tell(args, method, path, Bytes::new())
}

/// Sends a request. What goes wrong is printed.
pub(super) fn tell(
    args: &DaemonArgs,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<DaemonAnswer, Exit> {
    let socket = args.socket.clone().or_else(dirs::socket);
    let outcome = match (socket, runtime()) {
        (None, _) => Err(NoAnswer::NoSocket),
        (_, Err(error)) => Err(NoAnswer::Runtime(error)),
        (Some(socket), Ok(runtime)) => runtime.block_on(request(&socket, method, path, body)),
    };
    outcome.map_err(|error| fail(&error))
}

async fn request(
    socket: &Path,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<DaemonAnswer, NoAnswer> {
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|error| NoAnswer::NoDaemon { socket: socket.to_path_buf(), error })?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Host", "localhost")
        .body(Full::new(body))
        .expect("a path of ours is a path");
    let answer = async move {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(DaemonAnswer { status, body })
    };
    // The connection ends when its sender is dropped.
    tokio::join!(answer, connection).0
}
