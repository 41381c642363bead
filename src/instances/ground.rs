//! What instances are started on.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::base::{ServerName, Tasks};
use crate::connection::Board;
use crate::pins::Store;
use crate::process::units::Units;
use crate::servers::control::Control;
use crate::servers::driver::{self, Setup};
use crate::servers::running::LeftServer;
use crate::servers::{Offer, Server};
use crate::settings::ServerConfig;
use crate::telemetry::Recorder;

/// The same for all of them.
#[derive(Debug, Clone)]
pub struct Ground {
    /// See [`Setup`].
    pub units: Option<Units>,
    pub leaving: CancellationToken,
    pub board: Board,
    pub tasks: Tasks,
    pub recorder: Recorder,
    /// See [`Setup`].
    pub pins: Store,
    /// Notified after every change of the status of one.
    pub changed: Arc<Notify>,
}

impl Ground {
    pub(super) fn start(
        &self,
        name: ServerName,
        config: Arc<ServerConfig>,
        offer: Option<Arc<Offer>>,
        left: Option<LeftServer>,
    ) -> (Server, Control) {
        let (units, leaving) = (self.units.clone(), self.leaving.clone());
        let (up, board, pins) = (true, self.board.clone(), self.pins.clone());
        let setup = Setup { name, config, offer, up, units, left, leaving, board, pins };
        driver::start(setup, &self.tasks, self.recorder.clone(), self.changed.clone())
    }
}
