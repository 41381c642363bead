//! What a signal ends: the processes of the demo, which its home is tidied up behind.

use std::process::{Child, Command};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use super::step::{StepError, StepResult};
use crate::base::runtime::runtime;

/// The processes that are ended by what ends us. Steps that wait for one of them fail then, and what
/// is behind them takes the rest away.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    pids: Vec<u32>,
    is_ended: bool,
}

impl Ends {
    /// From here on SIGTERM, SIGINT and SIGHUP end the demo in order.
    pub(super) fn watch() -> StepResult<Self> {
        let ends = Self::default();
        let failed = |error: std::io::Error| StepError::when("waiting for signals")(&error);
        let runtime = runtime().map_err(failed)?;
        let guard = runtime.enter();
        let kinds = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()];
        let signals: Result<Vec<_>, _> = kinds.into_iter().map(signal).collect();
        let mut signals = signals.map_err(failed)?;
        drop(guard);
        let watching = ends.clone();
        std::thread::spawn(move || {
            let [terminate, interrupt, hangup] = &mut signals[..] else { return };
            loop {
                runtime.block_on(async {
                    tokio::select! {
                        _ = terminate.recv() => {}
                        _ = interrupt.recv() => {}
                        _ = hangup.recv() => {}
                    }
                });
                watching.end();
            }
        });
        Ok(ends)
    }

    /// Starts a process, unless all is being ended.
    pub(super) fn spawn(&self, command: &mut Command, what: &'static str) -> StepResult<Child> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_ended {
            return Err(StepError::Ended);
        }
        let child = command.spawn().map_err(|error| StepError::when(what)(&error))?;
        state.pids.push(child.id());
        Ok(child)
    }

    /// The process is about to be waited for: its number may be another's soon.
    pub(super) fn forget(&self, child: &Child) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.pids.retain(|pid| *pid != child.id());
    }

    pub(super) fn is_ended(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_ended
    }

    fn end(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.is_ended = true;
        state.pids.iter().for_each(|pid| send(*pid, Signal::TERM));
    }
}

/// Sends a signal; a process that is gone already is fine.
pub(super) fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        _ = kill_process(pid, signal);
    }
}
