//! What is told of a server and its newest version.

use std::path::Path;

use serde::{Serialize, Serializer};

use super::changes::ToolChanges;
use crate::base::ServerName;
use crate::packages::pin::Pin;
use crate::terminal::{Exit, print};

/// So many characters of a version are shown.
const VERSION_MAX: usize = 19;

/// How it is with a server.
#[derive(Debug, Serialize)]
pub struct UpdateReport {
    #[serde(serialize_with = "as_text")]
    pub(super) name: ServerName,
    file: String,
    /// `npm`, `PyPI`, `NuGet`, `image`, `bundle`.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pinned: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) newest: Option<String>,
    pub(super) state: UpdateState,
    /// Why it is not known, or not switched to.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tools: Option<ToolChanges>,
    /// What the person should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) told: Vec<String>,
    /// Nobody could be asked.
    #[serde(skip)]
    pub(super) is_unavailable: bool,
    /// It is for a program.
    #[serde(skip)]
    is_silent: bool,
}

fn as_text<S: Serializer>(name: &ServerName, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(name.as_str())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum UpdateState {
    /// It has no version that callmux could look up.
    NotPinned,
    Newest,
    /// There is a newer one, and it was not switched to.
    Outstanding,
    Updated,
    /// The newer one does not start, or does not fit.
    Refused,
    /// What is newest could not be found out.
    Unknown,
}

impl UpdateReport {
    /// Of which nothing is known yet. `is_silent`: it is for a program, which reads it as a whole.
    pub(super) fn of(name: &ServerName, path: &Path, is_silent: bool) -> Self {
        Self {
            name: name.clone(),
            file: path.display().to_string(),
            source: None,
            package: None,
            pinned: None,
            newest: None,
            state: UpdateState::NotPinned,
            reason: None,
            tools: None,
            told: Vec::new(),
            is_unavailable: false,
            is_silent,
        }
    }

    pub(super) fn has(&mut self, pin: &Pin) {
        self.source = Some(pin.source.as_str());
        self.package = Some(pin.identifier.clone()).filter(|name| !name.is_empty());
        self.pinned = Some(pin.version.clone());
    }

    /// It ends so, and that is told.
    pub(super) fn ends(&mut self, state: UpdateState, reason: &str) {
        (self.state, self.reason) = (state, Some(reason.to_owned()));
        self.print();
    }

    /// Whether there is a version of it at all.
    pub fn is_pinned(&self) -> bool {
        self.state != UpdateState::NotPinned
    }

    /// What a program makes of it.
    pub fn exit(&self) -> Exit {
        match self.state {
            UpdateState::Newest | UpdateState::Updated => Exit::Fine,
            UpdateState::Outstanding => Exit::Outstanding,
            UpdateState::Unknown if self.is_unavailable => Exit::Unavailable,
            UpdateState::NotPinned | UpdateState::Refused | UpdateState::Unknown => Exit::Failed,
        }
    }

    /// Tells a person.
    pub(super) fn print(&self) {
        if self.is_silent {
            return;
        }
        let short = |version: &Option<String>| {
            // Nobody reads a whole digest.
            version.as_deref().map_or_else(String::new, |version| {
                version.get(..VERSION_MAX).unwrap_or(version).to_owned()
            })
        };
        let (pinned, newest) = (short(&self.pinned), short(&self.newest));
        let what = [self.source, self.package.as_deref()].into_iter().flatten();
        let what = what.chain([&*pinned]).filter(|word| !word.is_empty());
        let what = what.collect::<Vec<_>>().join(" ");
        let name = &self.name;
        match (self.state, &self.reason) {
            (UpdateState::Newest, _) => print::line(&format!("{name}: {what} is the newest")),
            (UpdateState::NotPinned, Some(why)) => {
                print::error(&format!("{name} is not pinned: {why}"));
            }
            (UpdateState::Refused, Some(why)) => {
                print::error(&format!("{name}: {what}, newest {newest}: not switched: {why}"));
            }
            (_, Some(why)) => print::error(&format!("{name}: {what}: {why}")),
            _ => print::line(&format!("{name}: {what}, newest {newest}")),
        }
        self.told.iter().for_each(|line| print::note(&format!("  {line}")));
        if let Some(tools) = &self.tools {
            tools.print();
        }
    }
}
