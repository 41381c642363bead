//! Opens a talk with the daemon, has it carry something, and ends it.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio::io::{DuplexStream, split};
use tokio::sync::oneshot;

use super::args::ReachArgs;
use super::signals::Interruption;
use super::talk::Talk;
use super::trouble::Trouble;
use crate::activation::{self, BroughtUp};
use crate::base::runtime::runtime;
use crate::base::runtime_dir;
use crate::bridge::{self, Joined, Options, Target, TokenSource};

/// Bytes on their way between a talk and its bridge.
const BETWEEN: usize = 256 << 10;
/// How long a call waits for a daemon that goes away, where nothing else is said.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a daemon may take to greet us, where nothing else is said. It may have to be started first.
const GREETED_WITHIN: Duration = Duration::from_secs(30);
/// How often a daemon may cut us off that was about to end.
const CUT_OFF_MAX: u32 = 50;
/// How often it is looked whether a daemon is there that was waited for.
const LOOK_EACH: Duration = Duration::from_millis(20);

/// What came of it, or why nothing did. `work` may be cut off between any two of its steps.
pub(super) fn run<T>(
    reach: &ReachArgs,
    work: impl AsyncFnOnce(&mut Talk) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let options = options(reach)?;
    let system = |error: std::io::Error| Trouble::System(error.to_string());
    runtime().map_err(system)?.block_on(async {
        let mut signals = Interruption::install().map_err(system)?;
        let began = Instant::now();
        let cut_off = async {
            let late = async {
                match reach.timeout {
                    Some(timeout) => tokio::time::sleep_until((began + timeout).into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                exit = signals.next() => Trouble::Ended(exit),
                () = late => Trouble::Late(reach.timeout.unwrap_or_default()),
            }
        };
        let mut cut_off = std::pin::pin!(cut_off);
        let (near, joined, far) = tokio::select! {
            joined = join(&options, reach.wait.map(|wait| began + wait)) => joined?,
            trouble = &mut cut_off => return Err(trouble),
        };
        let (done, has_done) = oneshot::channel::<()>();
        let talking = async {
            let mut talk = Talk::begin(near).await?;
            let outcome = tokio::select! {
                outcome = work(&mut talk) => outcome,
                trouble = &mut cut_off => Err(trouble),
            };
            if let Err(Trouble::Ended(_) | Trouble::Late(_)) = &outcome {
                talk.take_back("the shell takes the call back").await?;
            }
            drop(done);
            outcome
        };
        let bridging = joined.run(far, async { drop(has_done.await) });
        let (outcome, ended) = tokio::join!(talking, bridging);
        // What went wrong behind an answer is no matter.
        if let Err(error) = ended {
            tracing::debug!(%error, "the bridge of a call ended");
        }
        outcome
    })
}

fn options(reach: &ReachArgs) -> Result<Options, Trouble> {
    let target = match (&reach.url, &reach.socket) {
        (Some(url), _) => {
            let token = TokenSource::of(reach.token_file.clone());
            Target::from_url(url, token).map_err(|error| Trouble::Usage(error.to_string()))?
        }
        (None, Some(path)) => Target::Unix(path.clone()),
        (None, None) => Target::Unix(runtime_dir::socket()?),
    };
    #[expect(clippy::disallowed_methods, reason = "a shell is where it is")]
    let here = std::env::current_dir().unwrap_or_else(|_| "/".into());
    let cwd: PathBuf = reach.cwd.as_ref().map_or_else(|| here.clone(), |cwd| here.join(cwd));
    if !cwd.is_dir() {
        return Err(Trouble::Usage(format!("{} is no directory", cwd.display())));
    }
    let patience = reach.wait.unwrap_or(PATIENCE);
    Ok(Options { target, cwd, patience, spawn: reach.spawn })
}

/// Connects; until then, if there is a time. A daemon that can be started is.
async fn join(
    options: &Options,
    until: Option<Instant>,
) -> Result<(DuplexStream, Joined, tokio::io::ReadHalf<DuplexStream>), Trouble> {
    let mut cut_off = 0;
    loop {
        let (near, far) = tokio::io::duplex(BETWEEN);
        let (input, output) = split(far);
        // systemd takes connections for a daemon, whether or not that can be started.
        let within =
            until.map_or(GREETED_WITHIN, |until| until.saturating_duration_since(Instant::now()));
        let joining = bridge::join(options.clone(), output);
        let error = match tokio::time::timeout(within.max(LOOK_EACH), joining).await {
            Ok(Ok(joined)) => return Ok((near, joined, input)),
            Ok(Err(error)) => error,
            Err(_) => {
                return Err(Trouble::Silent { target: options.target.to_string(), within });
            }
        };
        let brought = match options.target.path().filter(|_| !bridge::is_refusal(&error)) {
            Some(socket) => activation::bring_up(socket, options.spawn).await,
            None => Ok(BroughtUp::Nobody),
        };
        // One that ends closes what it had taken in.
        let is_leaving = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
        let target = || options.target.to_string();
        match brought {
            Ok(BroughtUp::Daemon) => continue,
            _ if until.is_some_and(|until| Instant::now() < until) => {}
            Ok(BroughtUp::Nobody) if is_leaving && cut_off < CUT_OFF_MAX => cut_off += 1,
            Ok(BroughtUp::Nobody) => return Err(Trouble::NoDaemon { target: target(), error }),
            Err(why) => return Err(Trouble::NotStarted { target: target(), why }),
        }
        tokio::time::sleep(LOOK_EACH).await;
    }
}
