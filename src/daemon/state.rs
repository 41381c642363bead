//! Everything that lives as long as the daemon.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::options::Keeper;
use super::program::Program;
use super::schedule::Schedule;
use super::settings::Settings;
use super::takeover::{Tables, Takeover};
use super::under_way::UnderWay;
use super::watch::Watch;
use crate::admin::desk::Answer;
use crate::approvals::Approvals;
use crate::audit::{Bounds, SecretTexts};
use crate::base::{Count, ServerName, Tasks, dirs};
use crate::connection::Board;
use crate::facts;
use crate::front::{Front, wants};
use crate::history::{self, History, HistoryBounds, HistoryWanted};
use crate::instances::{Ground, Instances};
use crate::meta::own_tools;
use crate::mux::Hub;
use crate::pins::Store;
use crate::process::units::Units;
use crate::results::{self, Results};
use crate::servers::Server;
use crate::servers::control::Control;
use crate::servers::driver::{self, Setup};
use crate::servers::running::LeftServer;
use crate::settings::access::{ArgumentsKept, Counted};
use crate::settings::{Caps, Complaint, Config, Plan};
use crate::telemetry::{AuditWanted, Recorder};
use crate::wire::Topic;
use crate::world::World;

/// Everything that lives as long as the daemon.
pub(super) struct Daemon {
    pub(super) front: Arc<Front>,
    /// The servers' tasks.
    pub(super) servers: Tasks,
    /// The accept loops and the connections.
    pub(super) connections: Tasks,
    pub(super) recorder: Recorder,
    pub(super) world: watch::Sender<Arc<World>>,
    /// Our hold on each server of the world.
    pub(super) controls: BTreeMap<ServerName, Control>,
    pub(super) succession: Succession,
    pub(super) changed: Arc<Notify>,
    pub(super) settings: Settings,
    pub(super) watching: Watching,
    pub(super) reloading: Reloading,
    /// The config at the start.
    pub(super) began_with: Arc<Config>,
    pub(super) started: Instant,
    pub(super) last_status: String,
    pub(super) history: History,
}

/// What lies between an earlier process of ours, this one and the next.
pub(super) struct Succession {
    pub(super) keeper: Keeper,
    /// Ours, as it lay on disk when we began.
    pub(super) program: Option<Program>,
    pub(super) units: Option<Units>,
    /// Servers that an earlier process of ours left, until they are started here.
    pub(super) left: BTreeMap<ServerName, LeftServer>,
    /// Told when the servers are left to the next process of ours.
    pub(super) leaving: CancellationToken,
}

/// How changes of the config are noticed.
pub(super) struct Watching {
    /// Missing where the config comes from no file.
    pub(super) watch: Option<Watch>,
    /// Why changes may go unnoticed, as it was told.
    pub(super) unwatched: Option<String>,
}

/// When the config is read again, and who waits for it.
pub(super) struct Reloading {
    pub(super) schedule: Schedule,
    /// systemd waits to hear that the config was read.
    pub(super) was_asked: bool,
    /// Operators who wait for the same.
    pub(super) waiting: Vec<Answer<Result<Plan, Vec<Complaint>>>>,
    /// What is being read now.
    pub(super) reading: Option<UnderWay>,
    /// Those who are told what came of it.
    pub(super) attending: Vec<Answer<Result<Plan, Vec<Complaint>>>>,
}

/// Where results that are too large for their clients go. Those of the one client of stdio are its own and
/// end with it.
fn open_results(settings: &Settings, keeper: Keeper) -> Results {
    let Caps { entries, entry_bytes, total_bytes } = settings.in_force().results;
    let dir = settings.location().filter(|_| keeper != Keeper::Client).and_then(|_| dirs::state());
    let caps = results::store::Caps {
        entries,
        entry_bytes: entry_bytes as u64,
        total_bytes: total_bytes as u64,
        owner_bytes: total_bytes as u64,
    };
    Results::open(dir.map(|dir| dir.join("results")), caps)
}

/// Calls that wait for a person. The one client of stdio shares nothing with others.
fn approvals(settings: &Settings, keeper: Keeper) -> Approvals {
    let dir = settings.location().filter(|_| keeper != Keeper::Client).and_then(|_| dirs::state());
    dir.map(|dir| Approvals::kept_in(&dir)).unwrap_or_default()
}

/// Where it is written down what clients do. The one client of stdio is nobody whom others trust.
pub(super) fn keep_audit(recorder: &Recorder, config: &Config, keeper: Keeper) {
    let audited = config.access.audited;
    let dir = dirs::state().filter(|_| audited.file && keeper != Keeper::Client);
    let bounds = Bounds { total: audited.max_total as u64, age: audited.keep };
    recorder.keep_audit(AuditWanted {
        place: dir.map(|dir| (dir.join("audit"), bounds)),
        is_required: audited.required,
        arguments: audited.arguments,
        secrets: match audited.arguments {
            ArgumentsKept::Redacted => SecretTexts::new(config.secrets()),
            _ => SecretTexts::default(),
        },
    });
}

/// Where it can be looked up what happened. The one client of stdio has none of its own.
pub(super) fn keep_history(
    history: &History,
    recorder: &Recorder,
    config: &Config,
    keeper: Keeper,
) {
    let kept = config.access.history;
    let dir = dirs::state().filter(|_| kept.enabled && keeper != Keeper::Client);
    let wanted = dir.map(|dir| HistoryWanted {
        path: dir.join(history::FILE),
        bounds: HistoryBounds {
            rows: kept.max_rows as u64,
            age: kept.keep,
            bytes: kept.max_bytes as u64,
        },
        arguments: kept.arguments,
        secrets: SecretTexts::new(config.secrets()),
    });
    history.follow(wanted, recorder);
}

/// Where it stands what was accepted of servers. Those of a command line have no name of their own by which they would
/// be known again.
fn pins(settings: &Settings) -> Store {
    let state = settings.location().and_then(|_| dirs::state());
    Store::below(state.as_deref())
}

impl Daemon {
    pub(super) fn build(
        settings: Settings,
        recorder: Recorder,
        takeover: Takeover,
        history: History,
    ) -> Self {
        let config = settings.in_force().clone();
        let world =
            World::new(config.clone(), BTreeMap::new(), own_tools(&config), settings.complaint());
        let (world, receiver) = watch::channel(Arc::new(world));
        let changed = Arc::new(Notify::new());
        let (servers, board, leaving) = (Tasks::new(), Board::default(), CancellationToken::new());
        let instances = Instances::on(Ground {
            units: takeover.units.clone(),
            leaving: leaving.clone(),
            board: board.clone(),
            tasks: servers.clone(),
            recorder: recorder.clone(),
            pins: pins(&settings),
            changed: changed.clone(),
        });
        let hub = Hub::new(
            receiver,
            recorder.clone(),
            takeover.tables.calls,
            takeover.tables.acts,
            (board, instances),
            (open_results(&settings, takeover.keeper), approvals(&settings, takeover.keeper)),
        );
        let Tables { links, sessions, wants, .. } = takeover.tables;
        let front = Front::new(hub, changed.clone(), links, (sessions, wants));
        if takeover.keeper != Keeper::Client
            && let Some(state) = dirs::state().filter(|_| settings.location().is_some())
        {
            front.token_uses.keep_in(state);
        }
        let mut daemon = Self {
            front,
            servers,
            connections: Tasks::new(),
            recorder,
            world,
            controls: BTreeMap::new(),
            changed,
            watching: Watching {
                watch: settings.location().map(|_| Watch::new()),
                unwatched: None,
            },
            settings,
            reloading: Reloading {
                schedule: Schedule::new(Instant::now()),
                was_asked: false,
                waiting: Vec::new(),
                reading: None,
                attending: Vec::new(),
            },
            began_with: config.clone(),
            started: Instant::now(),
            last_status: String::new(),
            history,
            succession: Succession {
                keeper: takeover.keeper,
                program: Program::current(),
                units: takeover.units,
                left: takeover.servers,
                leaving,
            },
        };
        daemon.count(config.access.counted);
        let servers = daemon.start_all(&config);
        let world =
            World::new(config.clone(), servers, own_tools(&config), daemon.settings.complaint());
        daemon.world.send_replace(Arc::new(world));
        daemon.front.take_up(takeover.links, takeover.sessions);
        wants::resume(&daemon.front, takeover.wants);
        daemon
    }

    /// Starts the servers of the first config, and goes on with the instances that were left.
    fn start_all(&mut self, config: &Config) -> BTreeMap<ServerName, Server> {
        let mut servers = BTreeMap::new();
        for (name, _) in config.servers.iter().filter(|(_, server)| server.enabled) {
            self.start(name, config, &mut servers, None, true);
        }
        let instances = &self.front.hub.instances;
        instances.follow(config, |_| true, |_| false);
        for (name, left) in std::mem::take(&mut self.succession.left) {
            instances.adopt(&name, left);
        }
        servers
    }

    /// Starts the server of this name, in place of the one `before` it.
    pub(super) fn start(
        &mut self,
        name: &ServerName,
        config: &Config,
        servers: &mut BTreeMap<ServerName, Server>,
        before: Option<Server>,
        up: bool,
    ) {
        let setup = Setup {
            name: name.clone(),
            config: config.servers[name].clone(),
            offer: before.and_then(|server| server.status().offer.clone()),
            up,
            units: self.succession.units.clone(),
            left: self.succession.left.remove(name),
            leaving: self.succession.leaving.clone(),
            board: self.front.hub.board.clone(),
            pins: pins(&self.settings),
        };
        let (recorder, changed) = (self.recorder.clone(), self.changed.clone());
        let (server, control) = driver::start(setup, &self.servers, recorder, changed);
        servers.insert(name.clone(), server);
        self.controls.insert(name.clone(), control);
    }

    /// Makes this the world from now on.
    pub(super) fn show(&self, world: World) {
        let tools = world.catalog.tools.len();
        let left_out = world.catalog.left_out.clone();
        let old = self.world.send_replace(Arc::new(world));
        for left_out in left_out.iter().filter(|it| !old.catalog.left_out.contains(it)) {
            let (server, definition) = (left_out.server.clone(), None);
            let message = left_out.to_string();
            self.recorder.record(facts::DefinitionsRefused { server, definition, message });
        }
        let tool = Topic::Tools.index();
        if self.world.borrow().versions[tool] != old.versions[tool] {
            self.recorder.record(facts::ToolsChanged { tools });
        }
    }

    /// Whether calls and requests are counted from now on.
    pub(super) fn count(&self, counted: Counted) {
        // The one client of stdio is nobody's collector.
        let is_on = counted.enabled && self.succession.keeper != Keeper::Client;
        self.recorder.count(is_on);
        self.front.counts.set(is_on);
    }

    pub(super) fn sessions(&self) -> usize {
        self.front.sessions.len() + self.front.links.len() + self.front.sse.len()
    }

    /// The line for `systemctl status`.
    pub(super) fn status(&self) -> String {
        let world = self.world.borrow();
        let ready = world.servers.values().filter(|server| server.status().live.is_some()).count();
        let sessions = Count::of(self.sessions(), "session");
        let servers = Count::of(world.servers.len(), "server");
        let tools = Count::of(world.catalog.tools.len(), "tool");
        let counts = format!("{ready} of {servers} ready, {tools}, {sessions}");
        match self.config_status() {
            Some(complaint) => format!("{complaint}; {counts}"),
            None => counts,
        }
    }
}
