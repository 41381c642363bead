//! systemd's user manager over D-Bus (org.freedesktop.systemd1(5)).

use std::collections::BTreeSet;
use std::pin::Pin;

use rustix::process::Signal;
use zbus::OwnedObjectPath;
use zbus::Variant;
use zbus::export::futures_core::Stream;
use zbus::proxy::CacheProperties;

use super::bus;

/// The names of our units.
const PATTERN: &str = "app-callmux-*.service";

/// A unit as the manager lists it: its name is first.
type Listed =
    (String, String, String, String, String, String, OwnedObjectPath, u32, String, OwnedObjectPath);

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn subscribe(&self) -> zbus::Result<()>;
    fn start_transient_unit(
        &self,
        name: &str,
        mode: &str,
        properties: &[(&str, Variant<'_>)],
        auxiliary: &[(&str, Vec<(&str, Variant<'_>)>)],
    ) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn kill_unit(&self, name: &str, whom: &str, signal: i32) -> zbus::Result<()>;
    fn ref_unit(&self, name: &str) -> zbus::Result<()>;
    fn unref_unit(&self, name: &str) -> zbus::Result<()>;
    fn get_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    #[zbus(name = "GetUnitByPID")]
    fn get_unit_by_pid(&self, pid: u32) -> zbus::Result<OwnedObjectPath>;
    fn list_units_by_patterns(
        &self,
        states: &[&str],
        patterns: &[&str],
    ) -> zbus::Result<Vec<Listed>>;
    #[zbus(property)]
    fn version(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn environment(&self) -> zbus::Result<Vec<String>>;
    #[zbus(signal)]
    fn job_removed(
        &self,
        id: u32,
        job: OwnedObjectPath,
        unit: String,
        result: String,
    ) -> zbus::Result<()>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Unit",
    default_service = "org.freedesktop.systemd1"
)]
trait Unit {
    #[zbus(property)]
    fn active_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn load_state(&self) -> zbus::Result<String>;
    #[zbus(property)]
    fn triggered_by(&self) -> zbus::Result<Vec<String>>;
    #[zbus(property)]
    fn job(&self) -> zbus::Result<(u32, OwnedObjectPath)>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Service",
    default_service = "org.freedesktop.systemd1"
)]
trait Service {
    #[zbus(property, name = "MainPID")]
    fn main_pid(&self) -> zbus::Result<u32>;
    #[zbus(property)]
    fn result(&self) -> zbus::Result<String>;
    #[zbus(property, name = "ExecMainPID")]
    fn exec_main_pid(&self) -> zbus::Result<u32>;
    #[zbus(property)]
    fn exec_main_code(&self) -> zbus::Result<i32>;
    #[zbus(property)]
    fn exec_main_status(&self) -> zbus::Result<i32>;
}

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Job",
    default_service = "org.freedesktop.systemd1"
)]
trait Job {
    #[zbus(property)]
    fn job_type(&self) -> zbus::Result<String>;
}

/// The manager, and what it knows of us. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Units {
    manager: ManagerProxy<'static>,
    /// The sockets that start us: when they are stopped, so are the servers.
    pub part_of: Vec<String>,
    /// The manager's.
    pub version: u32,
}

/// How the main process of a unit ended (systemd.service(5), `$EXIT_CODE`).
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The number that the main process had.
    pub pid: u32,
    /// `CLD_EXITED`, `CLD_KILLED` or `CLD_DUMPED`; 0 if the unit is gone.
    pub code: i32,
    pub status: i32,
    /// `success`, or what the manager counts as the reason, such as `oom-kill`.
    pub result: String,
}

impl Units {
    /// The manager of this user, if we are a service of it.
    pub async fn connect() -> zbus::Result<Self> {
        let manager = manager().await?;
        manager.subscribe().await?;
        let own = manager.get_unit_by_pid(std::process::id()).await?;
        let own = unit(manager.inner().connection(), own).await?;
        let part_of = own.triggered_by().await?;
        let version = number(&manager.version().await?);
        Ok(Self { manager, part_of, version })
    }

    fn bus(&self) -> &zbus::Connection {
        self.manager.inner().connection()
    }

    /// Starts a transient service and waits until its program runs. The error is the manager's
    /// word for what became of the job.
    pub async fn start(&self, name: &str, properties: &[(&str, Variant<'_>)]) -> zbus::Result<()> {
        let mut removed = self.manager.receive_job_removed().await?;
        let job = self.manager.start_transient_unit(name, "fail", properties, &[]).await?;
        loop {
            let next = std::future::poll_fn(|cx| Pin::new(&mut removed).poll_next(cx)).await;
            let signal = next.ok_or(zbus::Error::InputOutput(std::sync::Arc::new(
                std::io::ErrorKind::ConnectionAborted.into(),
            )))?;
            let args = signal.args()?;
            if *args.job() != job {
                continue;
            }
            return match args.result().as_str() {
                "done" => Ok(()),
                other => Err(zbus::Error::Failure(other.to_owned())),
            };
        }
    }

    /// The number of the main process; `None` if there is none (any more).
    pub async fn main_pid(&self, name: &str) -> Option<u32> {
        let service = self.service(name).await.ok()?;
        service.main_pid().await.ok().filter(|pid| *pid != 0)
    }

    /// The unit stays to be asked how it ended, for as long as we are there.
    pub async fn refer(&self, name: &str) {
        drop(self.manager.ref_unit(name).await);
    }

    /// How the unit ended. Afterwards it may go.
    pub async fn outcome(&self, name: &str) -> Option<Outcome> {
        let service = self.service(name).await.ok()?;
        let outcome = Outcome {
            pid: service.exec_main_pid().await.ok()?,
            code: service.exec_main_code().await.ok()?,
            status: service.exec_main_status().await.ok()?,
            result: service.result().await.ok()?,
        };
        // Once for the start or the taking over; more is refused and does no harm.
        drop(self.manager.unref_unit(name).await);
        Some(outcome)
    }

    /// Whether nothing of the unit runs any more.
    pub async fn is_over(&self, name: &str) -> bool {
        let Ok(path) = self.manager.get_unit(name).await else { return true };
        let Ok(unit) = unit(self.bus(), path).await else { return true };
        unit.active_state().await.is_ok_and(|state| matches!(&*state, "failed" | "inactive"))
    }

    async fn service(&self, name: &str) -> zbus::Result<ServiceProxy<'static>> {
        let path = self.manager.get_unit(name).await?;
        ServiceProxy::builder(self.bus())
            .path(path)
            .cache_properties(CacheProperties::No)
            .build()
            .await
    }

    /// Sends a signal to every process of the unit.
    pub async fn kill(&self, name: &str, signal: Signal) {
        if let Err(error) = self.manager.kill_unit(name, "all", signal.as_raw()).await {
            tracing::debug!(%error, name, "a unit was not signalled");
        }
    }

    /// Ends every unit of ours that is not in `held`. Returns their names.
    pub async fn stop_strays(&self, held: &BTreeSet<String>) -> zbus::Result<Vec<String>> {
        let states = ["active", "activating", "reloading", "deactivating"];
        let listed = self.manager.list_units_by_patterns(&states, &[PATTERN]).await?;
        let strays: Vec<String> =
            listed.into_iter().map(|unit| unit.0).filter(|name| !held.contains(name)).collect();
        for name in &strays {
            self.manager.stop_unit(name, "replace").await?;
        }
        Ok(strays)
    }

    /// Whether systemd is about to start us again after it told us to stop.
    pub async fn are_we_restarted(&self) -> zbus::Result<bool> {
        let own = self.manager.get_unit_by_pid(std::process::id()).await?;
        let (id, path) = unit(self.bus(), own).await?.job().await?;
        if id == 0 {
            return Ok(false);
        }
        let job = JobProxy::builder(self.bus())
            .path(path)
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        Ok(job.job_type().await?.contains("restart"))
    }

    /// The names in the manager's environment, which every unit gets.
    pub async fn environment(&self) -> zbus::Result<Vec<String>> {
        let pairs = self.manager.environment().await?;
        let name = |pair: &String| pair.split('=').next().unwrap_or_default().to_owned();
        Ok(pairs.iter().map(name).collect())
    }
}

/// Whether the manager of this user answers.
pub async fn has_manager() -> bool {
    let asked = async { manager().await?.version().await };
    asked.await.is_ok()
}

/// Starts the socket unit of this name if it has failed or, unless `only_failed`, is not started.
/// Returns whether it was.
pub async fn start_socket(name: &str, only_failed: bool) -> zbus::Result<bool> {
    let manager = manager().await?;
    let path = manager.load_unit(name).await?;
    let unit = unit(manager.inner().connection(), path).await?;
    if unit.load_state().await? != "loaded" {
        return Ok(false);
    }
    let may_start = match unit.active_state().await?.as_str() {
        "failed" => true,
        "inactive" => !only_failed,
        _ => false,
    };
    if may_start {
        manager.start_unit(name, "replace").await?;
    }
    Ok(may_start)
}

/// The number in `257.13-1~deb13u1`.
fn number(version: &str) -> u32 {
    let digits = version.split(|c: char| !c.is_ascii_digit()).find(|digits| !digits.is_empty());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

async fn manager() -> zbus::Result<ManagerProxy<'static>> {
    let connection = bus::connect().await?;
    ManagerProxy::builder(&connection).cache_properties(CacheProperties::No).build().await
}

async fn unit(
    connection: &zbus::Connection,
    path: OwnedObjectPath,
) -> zbus::Result<UnitProxy<'static>> {
    UnitProxy::builder(connection).path(path).cache_properties(CacheProperties::No).build().await
}
