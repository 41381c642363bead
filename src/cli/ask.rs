//! Asking the daemon over its unix socket.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::args_daemon::DaemonArgs;
use crate::activation::{self, NotStarted, SpawnArgs, remedy};
use crate::api::ProblemDetails;
use crate::base::runtime::runtime;
use crate::base::runtime_dir::NoPlace;
use crate::base::{Span, runtime_dir};
use crate::doctor::unit::{SERVICE, UnitState};
use crate::settings::Complaint;
use crate::terminal::{Exit, print};

/// How long a look at the daemon may take. It may have to be started first.
const LOOKED_WITHIN: Duration = Duration::from_secs(30);
/// And something that it is to do: servers that end slowly, a person who logs in.
const DONE_WITHIN: Duration = Duration::from_mins(15);
/// How often systemd is asked meanwhile whether there will be an answer.
const LOOK_EACH: Duration = Duration::from_millis(1500);

/// What the daemon answered.
pub(super) struct DaemonAnswer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error(transparent)]
    NoSocket(#[from] NoPlace),
    #[error(
        "no daemon is listening on {} ({error}){}; {}",
        .socket.display(), behind(.how.as_deref()), remedy()
    )]
    NoDaemon { socket: PathBuf, error: std::io::Error, how: Option<String> },
    #[error("no daemon is listening on {}: {why}", .socket.display())]
    NotStarted { socket: PathBuf, why: NotStarted },
    #[error("the daemon gave no answer: {0}")]
    Broken(#[from] hyper::Error),
    /// How the unit that should answer fails.
    #[error(
        "{} is there, but the daemon behind it does not start: {SERVICE}: {how}; `journalctl --user -u {SERVICE} -n 20` has its last words, and `callmux doctor` what to do",
        .socket.display()
    )]
    NotStarting { socket: PathBuf, how: String },
    #[error("{} took the request, and there is no answer after {}; `callmux doctor` looks for the reason", .socket.display(), Span(*.within))]
    Late { socket: PathBuf, within: Duration },
    #[error(
        "the daemon that runs is of another version than this command; `systemctl --user restart callmux` starts the one that is installed, and sessions survive it"
    )]
    Older,
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

    /// Prints what it is, if it is not 200.
    pub(super) fn if_fine(self) -> Result<Self, Exit> {
        if self.status == StatusCode::OK { Ok(self) } else { Err(self.unexpected()) }
    }

    /// What the daemon says went wrong.
    pub(super) fn unexpected(&self) -> Exit {
        let told: Option<ProblemDetails> = serde_json::from_slice(&self.body).ok();
        let message = told.map(|problem| problem.line());
        match (self.status, message) {
            (
                StatusCode::NOT_FOUND | StatusCode::CONFLICT | StatusCode::FORBIDDEN,
                Some(message),
            ) => {
                print::error(&message);
                Exit::Failed
            }
            (StatusCode::NOT_FOUND, None) => fail(&NoAnswer::Older),
            (status, message) => fail(&NoAnswer::Unexpected(status, message.unwrap_or_default())),
        }
    }

    /// What is wrong with the config that was to be read.
    pub(super) fn complaints(&self) -> Result<Vec<Complaint>, Exit> {
        self.read::<ProblemDetails>().map(|problem| problem.complaints)
    }
}

fn behind(how: Option<&str>) -> String {
    how.map_or_else(String::new, |how| format!("; {SERVICE} failed: {how}"))
}

/// How the unit that should answer fails, if it does.
fn unit_failure() -> Option<String> {
    UnitState::ask(SERVICE).and_then(|unit| unit.failure())
}

/// Prints why there is no answer.
pub(super) fn fail(error: &NoAnswer) -> Exit {
    print::error(&error.to_string());
    match error {
        NoAnswer::Runtime(_) => Exit::System,
        _ => Exit::Unavailable,
    }
}

/// Has a daemon run where only we can see to that. What goes wrong is printed.
pub(super) fn bring_up(args: &DaemonArgs, how: SpawnArgs) -> Result<(), Exit> {
    let socket = args.socket.clone().map_or_else(runtime_dir::socket, Ok);
    let brought = socket.map_err(NoAnswer::NoSocket).and_then(|socket| {
        let runtime = runtime().map_err(NoAnswer::Runtime)?;
        let brought = runtime.block_on(activation::bring_up(&socket, how));
        brought.map_err(|why| NoAnswer::NotStarted { socket, why })
    });
    brought.map(drop).map_err(|error| fail(&error))
}

/// Sends a request without a body. What goes wrong is printed.
pub(super) fn ask(args: &DaemonArgs, method: Method, path: &str) -> Result<DaemonAnswer, Exit> {
    tell(args, method, path, Bytes::new())
}

/// The same for what is answered with 200 where it went well. Whatever else is answered is printed, too.
pub(super) fn asked(args: &DaemonArgs, method: Method, path: &str) -> Result<DaemonAnswer, Exit> {
    ask(args, method, path)?.if_fine()
}

/// Sends a request. What goes wrong is printed.
pub(super) fn tell(
    args: &DaemonArgs,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<DaemonAnswer, Exit> {
    try_to_tell(args, method, path, body).map_err(|error| fail(&error))
}

/// Sends a request, and says nothing of what goes wrong.
pub(super) fn try_to_tell(
    args: &DaemonArgs,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<DaemonAnswer, NoAnswer> {
    let socket = args.socket.clone().map_or_else(runtime_dir::socket, Ok)?;
    let within = if method == Method::GET { LOOKED_WITHIN } else { DONE_WITHIN };
    let runtime = runtime().map_err(NoAnswer::Runtime)?;
    runtime.block_on(async {
        tokio::select! {
            answer = request(&socket, method, path, body) => answer,
            error = watch(&socket, within) => Err(error),
        }
    })
}

/// Completes when it is of no use to wait any longer. A socket that systemd holds takes requests whether
/// or not the daemon behind it can be started.
async fn watch(socket: &Path, within: Duration) -> NoAnswer {
    let began = Instant::now();
    let mut before = None;
    while began.elapsed() < within {
        tokio::time::sleep(LOOK_EACH.min(within.saturating_sub(began.elapsed()))).await;
        // Once may be a restart that succeeds.
        let now = unit_failure();
        if let (Some(how), true) = (&now, before == now) {
            return NoAnswer::NotStarting { socket: socket.to_path_buf(), how: how.clone() };
        }
        before = now;
    }
    NoAnswer::Late { socket: socket.to_path_buf(), within }
}

async fn request(
    socket: &Path,
    method: Method,
    path: &str,
    body: Bytes,
) -> Result<DaemonAnswer, NoAnswer> {
    let stream = UnixStream::connect(socket).await.map_err(|error| {
        let (socket, how) = (socket.to_path_buf(), unit_failure());
        NoAnswer::NoDaemon { socket, error, how }
    })?;
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
