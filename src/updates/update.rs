//! A server and its newest version: looked up, tried, put in place.

use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::changes::ToolChanges;
use super::error::{NotReady, NotSwitched, UpdateError};
use super::report::{UpdateReport, UpdateState};
use crate::base::ServerName;
use crate::clients::target::ClientFile;
use crate::config::Location;
use crate::packages::error::PackageError;
use crate::packages::newer::NewerVersion;
use crate::packages::pin::Pin;
use crate::packages::registry::Registries;
use crate::servers::{Offer, Probe, probe_here};
use crate::settings::{Config, ServerConfig};
use crate::terminal::print;

/// What is started for the first time is fetched first.
const START_WITHIN: Duration = Duration::from_mins(5);
/// The name that servers get to know.
const NAME: &str = "callmux-server-update";

/// Whether a newer one is switched to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateMode {
    Look,
    /// If a person agrees.
    Ask,
    Do,
}

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct UpdateWishes {
    pub mode: UpdateMode,
    /// For programs: nothing is told on the way.
    pub json: bool,
    /// The servers were named: one without a version is worth a word.
    pub are_named: bool,
}

/// Where it all is.
#[derive(Debug)]
pub struct UpdatePlace<'a> {
    pub location: &'a Location,
    pub config: Config,
    pub registries: Registries,
    pub bundles: Option<PathBuf>,
}

impl UpdatePlace<'_> {
    /// Looks at the server whose section stands in the file at `path`, tells what is found, and does what is wanted.
    pub fn one(
        &self,
        name: &ServerName,
        path: &Path,
        wishes: UpdateWishes,
    ) -> Result<UpdateReport, UpdateError> {
        let file = ClientFile::at(path)?;
        let text = file.read()?.unwrap_or_default();
        let mut report = UpdateReport::of(name, path, wishes.json);
        let bundles = self.bundles.as_deref();
        let Some(pin) = Pin::of(&text, name.as_str(), bundles) else {
            if wishes.are_named {
                let why = "nothing in its section says one version of a package";
                report.ends(UpdateState::NotPinned, why);
            }
            return Ok(report);
        };
        report.has(&pin);
        match pin.newer(name.as_str(), &self.registries, bundles) {
            Ok(Some(newer)) => {
                report.newest = Some(newer.version.clone());
                report.told.clone_from(&newer.told);
                if let Some(why) = self.judge((&file, &text), (&pin, newer), &mut report, wishes)? {
                    report.ends(UpdateState::Refused, &why.to_string());
                }
            }
            Ok(None) => {
                report.newest.clone_from(&report.pinned);
                report.state = UpdateState::Newest;
                report.print();
            }
            Err(error) => {
                report.is_unavailable = matches!(error, PackageError::Fetch { .. });
                report.ends(UpdateState::Unknown, &error.to_string());
            }
        }
        Ok(report)
    }

    /// Has the newer one show that it works before the file says it; gives why it is not taken.
    fn judge(
        &self,
        (file, text): (&ClientFile, &str),
        (pin, mut newer): (&Pin, NewerVersion),
        report: &mut UpdateReport,
        wishes: UpdateWishes,
    ) -> Result<Option<NotSwitched>, UpdateError> {
        let name = report.name.clone();
        let after = match newer.switched(pin, text, name.as_str()) {
            Ok(after) => after,
            Err(error) => return Ok(Some(error.into())),
        };
        if let Err(error) = newer.place() {
            return Ok(Some(error.into()));
        }
        let compared = self.location.read_as_if(&file.path, Some(&after));
        let compared = compared.map_err(UpdateError::Config);
        let compared = compared.and_then(|config| self.compare(&name, &config, report));
        match compared {
            Ok(Ok(changes)) => report.tools = changes,
            Ok(Err(why)) => {
                newer.discard();
                return Ok(Some(why.into()));
            }
            Err(error) => {
                newer.discard();
                return Err(error);
            }
        }
        report.state = UpdateState::Outstanding;
        report.print();
        let is_wanted = match wishes.mode {
            UpdateMode::Look => false,
            UpdateMode::Ask => agreed(&name),
            UpdateMode::Do => true,
        };
        if !is_wanted {
            newer.discard();
            return Ok(None);
        }
        if let Err(why) = switch(file, text, &after) {
            newer.discard();
            return Ok(Some(why));
        }
        newer.forget_others(pin);
        report.state = UpdateState::Updated;
        if !wishes.json {
            print::line(&format!("updated {name}: {}", file.path.display()));
        }
        Ok(None)
    }

    /// What changes in the tools, if that can be said; the inner `Err`: why the newer one cannot be used.
    fn compare(
        &self,
        name: &ServerName,
        new: &Config,
        report: &mut UpdateReport,
    ) -> Result<Result<Option<ToolChanges>, NotReady>, UpdateError> {
        // One after the other: they may want the same for themselves.
        let (before, after) = (look(name, &self.config)?, look(name, new)?);
        Ok(match (before, after) {
            (_, Err(why)) => Err(why),
            (Err(why), Ok(_)) => {
                report.told.push(format!(
                    "the pinned one is not ready ({why}), so nobody knows what changes in its tools"
                ));
                Ok(None)
            }
            (Ok(before), Ok(after)) => Ok(Some(ToolChanges::between(&before, &after))),
        })
    }
}

/// Starts a server as a config has it, and looks at what it offers.
fn look(name: &ServerName, config: &Config) -> Result<Result<Offer, NotReady>, UpdateError> {
    let Some(server) = config.servers.get(name) else { return Ok(Err(NotReady::Gone)) };
    if let Some(complaint) = server.unresolved.first() {
        return Ok(Err(NotReady::Unresolved(complaint.clone())));
    }
    let mut server = ServerConfig::clone(server);
    server.supervision.start_timeout = server.supervision.start_timeout.max(START_WITHIN);
    let look = Probe { server: name.clone(), config: Arc::new(server), name: NAME, first: None };
    Ok(probe_here(look)?.map(|(_, offer)| offer).map_err(NotReady::from))
}

/// Puts the text there, if what is there is still what was looked at.
fn switch(file: &ClientFile, before: &str, after: &str) -> Result<(), NotSwitched> {
    file.permit()?;
    if file.read()?.as_deref() != Some(before) {
        return Err(NotSwitched::Meanwhile(file.path.clone()));
    }
    Ok(file.write(after)?)
}

fn agreed(name: &ServerName) -> bool {
    print::note(&format!("Switch {name} to it? [y/N]"));
    let mut answer = String::new();
    drop(std::io::stdin().lock().read_line(&mut answer));
    matches!(answer.trim(), "y" | "Y" | "yes")
}
