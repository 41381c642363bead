//! `callmux serve`, `callmux stdio`, `callmux -- command …`, `callmux -- URL`, `callmux example-server`.

use std::path::PathBuf;
use std::time::Duration;

use super::args::{LogArgs, ServeArgs};
use super::log::{Verbosity, start_log};
use crate::activation;
use crate::base::runtime::runtime;
use crate::base::{Tasks, descriptors, dirs, memory};
use crate::config::Location;
use crate::daemon::sockets::Inherited;
use crate::daemon::{
    self, Ended, Options, Presence, Serve, Settings, SocketError, SocketPlace, sockets,
};
use crate::example::{self, Example};
use crate::facts::Level;
use crate::settings::Complaint;
use crate::settings::network::Listen;
use crate::standalone::{self, InlineArgs, NotServed, StdioArgs};
use crate::telemetry::Recorder;
use crate::terminal::{Exit, print};

/// Set to 1 by systemd where we were started again after a failure and are to say more
/// (systemd.service(5), `RestartMode=debug`).
const DEBUG_INVOCATION: &str = "DEBUG_INVOCATION";
/// For so long whoever was cut off writes what is for debuggers, too.
const DEBUGGED_FOR: Duration = Duration::from_mins(1);

pub(super) fn serve(args: &ServeArgs, log: &LogArgs) -> Exit {
    let record = dirs::state().map(|dir| dir.join("audit"));
    let presence = Presence::note();
    let cut_off = presence.as_ref().and_then(Presence::cut_off).map(str::to_owned);
    let is_debugged = std::env::var_os(DEBUG_INVOCATION).is_some_and(|value| value == "1");
    let default = if is_debugged { Level::Debug } else { Level::Info };
    let (recorder, writer, diagnostics) = start_log(log, default, record.as_deref());
    let exit = serve_with(args, &recorder, cut_off, diagnostics);
    drop(recorder);
    drop(writer);
    if let Some(presence) = presence {
        presence.end();
    }
    exit
}

fn serve_with(
    args: &ServeArgs,
    recorder: &Recorder,
    cut_off: Option<String>,
    diagnostics: Verbosity,
) -> Exit {
    descriptors::raise();
    memory::settle();
    let inherited = sockets::inherited(recorder);
    let location = Location::chosen(args.config.as_deref());
    let settings = if inherited.is_some() || args.on_demand {
        // Clients wait at the sockets: they are served, with the reason.
        Settings::read_or_stand_in(location, dirs::state())
    } else {
        // A person waits in front of it and sees at once what is wrong.
        match Settings::read(location, dirs::state()) {
            Ok(settings) => settings,
            Err(complaints) => return refuse(&complaints),
        }
    };
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::System, &format!("no runtime: {error}")),
    };
    let outcome = runtime.block_on(async {
        let tasks = Tasks::new();
        if cut_off.is_some() {
            let debug = diagnostics.debug_for(DEBUGGED_FOR);
            tasks.spawn_until_stopped("diagnostics after a crash", debug);
        }
        if args.on_demand {
            tasks.spawn_until_stopped("log", activation::log::keep_small());
        }
        let (serve, place) = listen(args, inherited, &settings, recorder)
            .map_err(|error| (Exit::Unavailable, error.to_string()))?;
        if args.on_demand {
            activation::ready::tell().map_err(|error| (Exit::System, error.to_string()))?;
        }
        let ended = run(settings, serve, recorder, cut_off).await;
        // Not before nobody of ours is left.
        drop(place);
        ended
    });
    finish(outcome)
}

/// The sockets of systemd, or our own.
fn listen(
    args: &ServeArgs,
    inherited: Option<Inherited>,
    settings: &Settings,
    recorder: &Recorder,
) -> Result<(Serve, Option<SocketPlace>), SocketError> {
    if let Some(Inherited { sockets, stored }) = inherited {
        let listeners =
            sockets.and_then(|sockets| sockets::adopt(sockets, settings.in_force(), recorder))?;
        return Ok((Serve::Inherited { listeners, stored }, None));
    }
    let config = settings.in_force();
    let asked = args.listen.iter().map(|address| Listen::from(*address));
    let listen: Vec<Listen> = config.http.listen.iter().copied().chain(asked).collect();
    let lenient = args.on_demand.then_some(recorder);
    let (listeners, place) = sockets::bind(args.socket.as_deref(), &listen, config, lenient)?;
    let serve = if args.on_demand { Serve::OnDemand(listeners) } else { Serve::Bound(listeners) };
    Ok((serve, Some(place)))
}

/// One server on stdin and stdout.
pub(super) fn inline(args: &InlineArgs, command: &[String], log: &LogArgs) -> Exit {
    alone(log, |cwd, recorder| standalone::inline(args, command, cwd, recorder))
}

/// All servers of a config on stdin and stdout.
pub(super) fn stdio(args: &StdioArgs, log: &LogArgs) -> Exit {
    descriptors::raise();
    alone(log, |cwd, recorder| standalone::stdio(args, cwd, recorder))
}

fn alone(
    log: &LogArgs,
    serve: impl FnOnce(Option<PathBuf>, &Recorder) -> Result<Ended, NotServed>,
) -> Exit {
    #[expect(
        clippy::disallowed_methods,
        reason = "servers are to run where their client started us"
    )]
    let cwd = std::env::current_dir().ok();
    let (recorder, writer, _) = start_log(log, Level::Warning, None);
    let exit = match serve(cwd, &recorder) {
        Ok(ended) => finish(Ok(ended)),
        Err(NotServed::Config(complaints)) => refuse(&complaints),
        Err(error @ NotServed::NoCommand) => fail(Exit::Usage, &error.to_string()),
        Err(error @ NotServed::System(_)) => fail(Exit::System, &error.to_string()),
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
    cut_off: Option<String>,
) -> Result<Ended, (Exit, String)> {
    let options = Options { settings, serve, recorder: recorder.clone(), cut_off };
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
