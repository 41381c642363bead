//! What is written of what happens, and how much is said to whoever debugs us.

use std::path::Path;
use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use super::args::{LogArgs, LogFormat, LogLevel};
use crate::facts::{Level, Threshold};
use crate::telemetry::{Format, Recorder, Sink, recorder};
use crate::terminal::Diagnostics;

/// Starts the recorder and the diagnostics. `default`: the level when none is asked for. `record`: see
/// [`Recorder::start`].
pub(super) fn start_log(
    log: &LogArgs,
    default: Level,
    record: Option<&Path>,
) -> (Recorder, recorder::Writer, Verbosity) {
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
    let verbosity = start_diagnostics(sink, level);
    // Who asks for a level gets that; a daemon in a shell tells of each call as it does in the journal.
    let acts = log.log_level.is_none() && default >= Level::Info;
    let (recorder, writer) = Recorder::start(sink, Threshold { level, acts }, record);
    (recorder, writer, verbosity)
}

/// How much is said to whoever debugs us.
pub(super) struct Verbosity(Option<Handle<EnvFilter, Registry>>);

impl Verbosity {
    /// Says all of it for so long.
    pub(super) async fn debug_for(self, time: Duration) {
        let Some(handle) = self.0 else { return };
        drop(handle.reload(filter(Level::Debug)));
        tokio::time::sleep(time).await;
        drop(handle.reload(filter(Level::Info)));
    }
}

fn filter(level: Level) -> EnvFilter {
    let filter = if level == Level::Debug { "callmux=debug" } else { "callmux=warn" };
    discreet(EnvFilter::new(filter))
}

/// What this crate says to debuggers has authorization codes in it, so it does not even to them.
fn discreet(filter: EnvFilter) -> EnvFilter {
    let quiet = "rmcp::transport::auth=error".parse();
    filter.add_directive(quiet.expect("a directive of ours is one"))
}

/// What the code says to whoever debugs it; `CALLMUX_LOG` has a filter of its own
/// (`callmux=trace`), which stays.
fn start_diagnostics(sink: Sink, level: Level) -> Verbosity {
    let own = EnvFilter::try_from_env("CALLMUX_LOG").ok();
    let may_change = own.is_none() && level != Level::Debug;
    let filter = own.map_or_else(|| filter(level), discreet);
    let (filter, handle) = reload::Layer::new(filter);
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
    Verbosity(may_change.then_some(handle))
}
