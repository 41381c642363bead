//! What is told of the processes of a server.

use crate::api::ServerRuns;
use crate::process::Resident;
use crate::servers::Server;

/// So many lines of all together.
const LINES_MAX: usize = 64;

/// Of a server and its instances. Files of the kernel are read.
pub(super) fn of<'a>(servers: impl Iterator<Item = &'a Server>) -> ServerRuns {
    let mut told = ServerRuns::default();
    for server in servers {
        let status = server.status();
        let resident = status.pid.map(Resident::of).unwrap_or_default();
        told.count = told.count.saturating_add(status.runs.count);
        told.processes += resident.processes;
        told.memory_bytes = told.memory_bytes.saturating_add(resident.bytes);
        let place = server.name.workplace().map(|place| format!("{place}: ")).unwrap_or_default();
        let lines = status.runs.last_words.lines();
        let left = LINES_MAX - told.last_words.len();
        told.last_words.extend(lines.into_iter().take(left).map(|line| format!("{place}{line}")));
    }
    told
}
