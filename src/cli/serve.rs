//! `callmux serve`, `callmux -- command …`, `callmux -- URL`, `callmux example-server`.

use std::path::Path;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::args::{LogArgs, LogFormat, LogLevel, ServeArgs};
use super::exit::Exit;
use super::print;
use super::runtime::runtime;
use crate::base::{descriptors, dirs, memory};
use crate::config::{self, Location};
use crate::daemon::sockets::Inherited;
use crate::daemon::{self, Ended, Options, Serve, Settings, sockets};
use crate::example::{self, Example};
use crate::settings::Complaint;
use crate::telemetry::{Diagnostics, Format, Level, Recorder, Sink, Threshold, recorder};

pub(super) fn serve(args: &ServeArgs, log: &LogArgs) -> Exit {
    let record = dirs::state().map(|dir| dir.join("audit"));
    let (recorder, writer) = start_log(log, Level::Info, record.as_deref());
    let exit = serve_with(args, &recorder);
    drop(recorder);
    drop(writer);
    exit
}

fn serve_with(args: &ServeArgs, recorder: &Recorder) -> Exit {
    descriptors::raise();
    memory::settle();
    let inherited = sockets::inherited(recorder);
    let location = Location::chosen(args.config.as_deref());
    let settings = match &inherited {
        // systemd holds the sockets and clients wait at them: they are served, with the reason.
        Some(_) => Settings::read_or_stand_in(location, dirs::state()),
        // A person waits in front of it and sees at once what is wrong.
        None => match Settings::read(location, dirs::state()) {
            Ok(settings) => settings,
            Err(complaints) => return refuse(&complaints),
        },
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::System, &format!("no runtime: {error}")),
    };
    let outcome = runtime.block_on(async {
        let is_inherited = inherited.is_some();
        let mut stored = Vec::new();
        let listeners = match inherited {
            Some(Inherited { sockets, stored: found }) => {
                stored = found;
                sockets.and_then(|sockets| sockets::adopt(sockets, recorder))
            }
            None => {
                let configured = settings.in_force().http.listen.as_slice();
                let addresses = [configured, &args.listen].concat();
                sockets::bind(args.socket.as_deref(), &addresses)
            }
        };
        let listeners = listeners.map_err(|error| (Exit::Unavailable, error.to_string()))?;
        let serve = if is_inherited {
            Serve::Inherited { listeners, stored }
        } else {
            Serve::Bound(listeners)
        };
        run(settings, serve, recorder).await
    });
    finish(outcome)
}

/// One server on stdin and stdout.
pub(super) fn inline(command: &[String], log: &LogArgs) -> Exit {
    #[expect(
        clippy::disallowed_methods,
        reason = "the server is to run where its client started us"
    )]
    let cwd = std::env::current_dir().ok();
    let Some(config) = config::load::inline(command, cwd) else {
        return fail(Exit::Usage, "`--` must be followed by a command");
    };
    memory::settle();
    let (recorder, writer) = start_log(log, Level::Warning, None);
    let exit = match runtime() {
        Ok(runtime) => {
            finish(runtime.block_on(run(Settings::fixed(config), Serve::Stdio, &recorder)))
        }
        Err(error) => fail(Exit::System, &format!("no runtime: {error}")),
    };
    drop(recorder);
    drop(writer);
    exit
}

pub(super) fn example(example: Example) -> Exit {
    let outcome =
        runtime().map_err(Into::into).and_then(|runtime| runtime.block_on(example::run(example)));
    match outcome {
        Ok(()) => Exit::Fine,
        Err(error) => fail(Exit::Failed, &error.to_string()),
    }
}

async fn run(
    settings: Settings,
    serve: Serve,
    recorder: &Recorder,
) -> Result<Ended, (Exit, String)> {
    let options = Options { settings, serve, recorder: recorder.clone() };
    daemon::run(options).await.map_err(|error| (Exit::System, error.to_string()))
}

fn finish(outcome: Result<Ended, (Exit, String)>) -> Exit {
    match outcome {
        Ok(Ended::Stopped) => Exit::Fine,
        Ok(Ended::Again) => Exit::Again,
        Ok(Ended::GivenUp(why)) => fail(Exit::System, &why.to_string()),
        Err((exit, message)) => fail(exit, &message),
    }
}

fn fail(exit: Exit, message: &str) -> Exit {
    print::error(message);
    exit
}

/// Says everything that is wrong with a config.
pub(super) fn refuse(complaints: &[Complaint]) -> Exit {
    for complaint in complaints {
        print::error(&complaint.to_string());
    }
    Exit::BadConfig
}

/// Starts the recorder and the diagnostics. `default`: the level when none is asked for. `record`: see
/// [`Recorder::start`].
pub(super) fn start_log(
    log: &LogArgs,
    default: Level,
    record: Option<&Path>,
) -> (Recorder, recorder::Writer) {
    let level = match log.log_level {
        None => default,
        Some(LogLevel::Error) => Level::Error,
        Some(LogLevel::Warning) => Level::Warning,
        Some(LogLevel::Info) => Level::Info,
        Some(LogLevel::Debug) => Level::Debug,
    };
    let sink = match log.log_format {
        LogFormat::Json => Sink::stderr(Format::Json),
        LogFormat::Text => Sink::detect(),
    };
    start_diagnostics(sink, level);
    // Who asks for a level gets that; a daemon in a shell tells of each call as it does in the journal.
    let acts = log.log_level.is_none() && default == Level::Info;
    Recorder::start(sink, Threshold { level, acts }, record)
}

/// What the code says to whoever debugs it; `CALLMUX_LOG` has a filter of its own
/// (`callmux=trace`).
fn start_diagnostics(sink: Sink, level: Level) {
    let default = if level == Level::Debug { "callmux=debug" } else { "callmux=warn" };
    let filter = EnvFilter::try_from_env("CALLMUX_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    // What it says to debuggers has authorization codes in it, so it does not even to them.
    let quiet = "rmcp::transport::auth=error".parse();
    let filter = filter.add_directive(quiet.expect("a directive of ours is one"));
    let journal = if sink.is_journal() { tracing_journald::layer().ok() } else { None };
    let layer = match journal {
        Some(journal) => journal.with_syslog_identifier("callmux".to_owned()).boxed(),
        None => {
            let layer = tracing_subscriber::fmt::layer().with_writer(|| Diagnostics);
            layer.with_ansi(false).boxed()
        }
    };
    // A second start in one process keeps the first.
    drop(tracing_subscriber::registry().with(filter).with(layer).try_init());
}
