//! A client's file is looked at, and changed.

use std::path::PathBuf;
use std::time::Duration;

use super::client::{EntryShape, KnownClient, NAME, Scope};
use super::edit::Site;
use super::entry::{Launch, Standing, entry};
use super::error::{ClientError, EditError};
use super::lock::ClaudeLock;
use super::places::Surroundings;
use super::record::{ChangeRecord, Kept, Records};
use super::splice::Splice;
use super::target::ClientFile;
use super::{json, toml, yaml};
use crate::base::{file, program};
use crate::json::Json;

/// So often a file is looked at anew that others change meanwhile.
const TRIES: usize = 3;
/// How long a client's own verb may take.
const VERB_WITHIN: Duration = Duration::from_mins(1);

/// A client, and which of its files is meant.
#[derive(Debug, Clone, Copy)]
pub struct Seat<'a> {
    pub client: &'static KnownClient,
    pub scope: Scope,
    pub around: &'a Surroundings,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    pub launch: Launch,
    /// Where callmux listens.
    pub addresses: Vec<String>,
    /// The servers that callmux runs, by their names there.
    pub run: Vec<(String, Launch)>,
    /// Their entries go, as does one under our name that is not ours.
    pub replace: bool,
    /// `run` has the names of the entries in the client's file, and no others are meant.
    pub by_entry: bool,
}

/// A client's file as it is.
#[derive(Debug, Clone)]
pub struct FileLook {
    pub target: ClientFile,
    /// `None`: it is not there.
    pub text: Option<String>,
    pub site: Site,
    tree: Json,
}

/// What is to become of a file.
#[derive(Debug, Clone)]
pub struct Plan {
    pub look: FileLook,
    /// `None`: the file goes.
    pub after: Option<String>,
    /// The servers whose entries go.
    pub taken: Vec<String>,
    action: &'static str,
}

/// The arguments of Claude Code's own verb, which takes the file's lock.
type Verb = Vec<String>;

impl Seat<'_> {
    /// The file as it is.
    pub fn look(&self) -> Result<FileLook, ClientError> {
        let path = self.around.file(self.client, self.scope);
        let path = path.ok_or(ClientError::NoProject(self.client.shown))?;
        let target = ClientFile::at(&path)?;
        let text = target.read()?;
        let site = Site { format: self.client.format, keys: self.client.keys.to_vec() };
        let read = text.as_deref().map_or(Ok(Json::Null), |text| site.read(text));
        let tree = read.map_err(|what| at(&target, text.as_deref().unwrap_or_default(), what))?;
        let site = Site { keys: self.keys(&tree), ..site };
        Ok(FileLook { target, text, site, tree })
    }

    /// opencode has two forms; that of the file is kept.
    fn keys(&self, tree: &Json) -> Vec<&'static str> {
        let servers = tree.get("mcp").and_then(|mcp| mcp.get("servers"));
        let is_server =
            |value: &Json| value.get("type").is_some_and(|kind| kind.as_str().is_some());
        let is_second = servers.is_some_and(|servers| servers.is_object() && !is_server(servers));
        match self.client.shape {
            EntryShape::Opencode if is_second => vec!["mcp", "servers"],
            _ => self.client.keys.to_vec(),
        }
    }

    fn entry(&self, launch: &Launch, site: &Site) -> Result<Json, ClientError> {
        let entry = entry(self.client.shape, launch);
        let entry = entry.ok_or(ClientError::NoAddress(self.client.shown))?;
        // The second form has no `enabled`.
        let is_second = matches!(self.client.shape, EntryShape::Opencode) && site.keys.len() > 1;
        Ok(match entry {
            Json::Object(mut members) if is_second => {
                members.retain(|(key, _)| key != "enabled");
                Json::Object(members)
            }
            entry => entry,
        })
    }

    /// The text to paste into a file of this client.
    pub fn snippet(&self, launch: &Launch) -> Result<String, ClientError> {
        let site = self
            .look()
            .map(|look| look.site)
            .unwrap_or(Site { format: self.client.format, keys: self.client.keys.to_vec() });
        let entry = self.entry(launch, &site)?;
        Ok(match site.format {
            super::client::Grammar::Json => {
                json::pretty(&json::nested(&site.keys, &entry), "", "  ", "\n")
            }
            super::client::Grammar::Toml => toml::block(&site.keys, &entry, "\n"),
            super::client::Grammar::Yaml => {
                format!("{}:\n{}", site.keys.join("."), yaml::block(&entry, "  ", "\n"))
            }
        })
    }

    /// What has to be done to attach it; `None`: nothing, it is attached already.
    pub fn attaching(&self, wish: &Wish) -> Result<Option<Plan>, ClientError> {
        let look = self.look()?;
        let path = || look.target.path.clone();
        let is_here = look.text.is_some() || self.around.sign(self.client).is_some();
        if !is_here {
            let KnownClient { id, shown, .. } = self.client;
            return Err(ClientError::NotHere { id, shown, path: look.target.path });
        }
        let mut taken = if wish.replace { look.twice(wish) } else { Vec::new() };
        match look.standing(wish) {
            Standing::Attached { .. } if taken.is_empty() => return Ok(None),
            Standing::Absent | Standing::Attached { .. } => {}
            Standing::Otherwise { .. } if wish.replace => taken.push(NAME.to_owned()),
            Standing::Otherwise { says, .. } => {
                return Err(ClientError::Otherwise { path: path(), says });
            }
        }
        look.target.permit()?;
        let edited =
            |what: EditError| at(&look.target, look.text.as_deref().unwrap_or_default(), what);
        let mut text = look.text.clone().unwrap_or_default();
        for name in &taken {
            text = look.site.without(&text, name).map_err(edited)?;
        }
        if !matches!(look.standing(wish), Standing::Attached { .. }) {
            let entry = self.entry(&wish.launch, &look.site)?;
            text = look.site.with(&text, &entry).map_err(edited)?;
        }
        Ok(Some(Plan { after: Some(text), taken, action: "attach", look }))
    }

    /// What has to be done to take our entry out; `None`: nothing, there is none.
    pub fn detaching(&self, wish: &Wish) -> Result<Option<Plan>, ClientError> {
        let look = self.look()?;
        match look.standing(wish) {
            Standing::Absent => return Ok(None),
            Standing::Otherwise { says, is_ours: false } => {
                return Err(ClientError::NotOurs { path: look.target.path.clone(), says });
            }
            Standing::Attached { .. } | Standing::Otherwise { .. } => {}
        }
        look.target.permit()?;
        let text = look.text.clone().unwrap_or_default();
        let taken = vec![NAME.to_owned()];
        let last = self.records().last(&look.target.real);
        let last = last.filter(|kept| kept.record.action == "attach");
        // As it was, if nobody but us wrote it since; else what we put there, as we put it there.
        if let Some(kept) = last.as_ref().filter(|kept| kept.after().as_ref() == Some(&text)) {
            let before = kept.before().filter(|_| kept.record.was_there);
            let is_clean = before.as_deref().is_none_or(|before| {
                let servers = look.site.read(before);
                servers
                    .is_ok_and(|tree| look.site.servers(&tree).iter().all(|(name, _)| name != NAME))
            });
            // Entries that were replaced do not come back by taking ours out.
            let only_ours = kept.record.splice.as_ref().is_some_and(|splice| splice.removed == 0);
            if is_clean && only_ours {
                return Ok(Some(Plan { after: before, taken, action: "detach", look }));
            }
        }
        let splice = last.and_then(|kept| kept.record.splice);
        let undone = splice.and_then(|splice| look.site.undone(&text, &splice));
        let after = match undone {
            Some(text) => text,
            None => {
                let edited = look.site.without(&text, NAME);
                edited.map_err(|what| at(&look.target, &text, what))?
            }
        };
        Ok(Some(Plan { after: Some(after), taken, action: "detach", look }))
    }

    /// What stands above the user's entry in this project, and starts something else.
    pub fn shadow(&self, wish: &Wish) -> Option<String> {
        if self.scope == Scope::Project {
            return None;
        }
        if self.client.id == "claude-code" {
            let directory = self.around.directory.to_str()?;
            let local = self.look().ok().and_then(|look| look.local(directory));
            if let Some(local) = local.filter(|local| !local.is_same(&wish.launch)) {
                return Some(format!("its local scope here starts `{}`", local.line()));
            }
        }
        let project = Self { scope: Scope::Project, ..*self };
        let look = project.look().ok()?;
        match look.standing(wish) {
            Standing::Otherwise { says, .. } => {
                Some(format!("{} starts `{says}`", look.target.path.display()))
            }
            Standing::Absent | Standing::Attached { .. } => None,
        }
    }

    /// The servers in the file that callmux runs as well.
    pub fn twice(&self, wish: &Wish) -> Option<String> {
        let names = self.look().ok()?.twice(wish);
        (!names.is_empty()).then(|| names.join(", "))
    }

    pub(super) fn records(&self) -> Records {
        Records::of(&self.around.records, self.client.id)
    }

    /// Does what was planned, and says where what was before is kept. `again`: plans anew when the file has
    /// changed meanwhile.
    pub fn carry_out(
        &self,
        plan: Plan,
        again: impl Fn() -> Result<Option<Plan>, ClientError>,
    ) -> Result<Option<PathBuf>, ClientError> {
        let _alone = self.alone()?;
        let mut plan = plan;
        let is_claude = self.client.id == "claude-code" && self.scope == Scope::User;
        if let Some((claude, verb)) = self.own_verb(&plan, is_claude) {
            return self.by_verb(&plan, &claude, verb).map(Some);
        }
        for _ in 0..TRIES {
            let held = is_claude.then(|| ClaudeLock::take(&plan.look.target.real)).transpose()?;
            if plan.look.target.read()? == plan.look.text {
                let kept = self.keep(&plan, plan.after.as_deref())?;
                match &plan.after {
                    Some(text) => plan.look.target.write(text)?,
                    None => plan.look.target.remove()?,
                }
                return Ok(Some(kept.backup()));
            }
            drop(held);
            match again()? {
                Some(next) => plan = next,
                None => return Ok(None),
            }
        }
        Err(ClientError::Restless(plan.look.target.path))
    }

    fn keep(&self, plan: &Plan, after: Option<&str>) -> Result<Kept, ClientError> {
        let before = plan.look.text.as_deref();
        let record = ChangeRecord {
            path: plan.look.target.real.clone(),
            action: plan.action.to_owned(),
            was_there: before.is_some(),
            splice: after.map(|after| Splice::between(before.unwrap_or_default(), after)),
        };
        let kept = self.records().keep(record, before.unwrap_or_default());
        kept.map_err(|error| ClientError::ChangeRecord { path: self.around.records.clone(), error })
    }

    /// The client's own verb, if it has one that does just what was planned.
    fn own_verb(&self, plan: &Plan, is_claude: bool) -> Option<(PathBuf, Verb)> {
        let claude = self.around.program("claude").filter(|_| is_claude)?;
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let verb = match plan.action {
            "attach" if plan.taken.is_empty() => {
                let after = plan.look.site.read(plan.after.as_deref()?).ok()?;
                let servers = plan.look.site.servers(&after);
                let (_, entry) = servers.iter().find(|(name, _)| name == NAME)?;
                words(&["mcp", "add-json", NAME, &json::compact(entry), "-s", "user"])
            }
            "detach" if plan.after.is_some() => words(&["mcp", "remove", NAME, "-s", "user"]),
            _ => return None,
        };
        Some((claude, verb))
    }

    fn by_verb(
        &self,
        plan: &Plan,
        claude: &std::path::Path,
        verb: Verb,
    ) -> Result<PathBuf, ClientError> {
        let failed = |why: String| ClientError::Verb { program: "claude mcp".into(), why };
        let mut words = vec![claude.display().to_string()];
        words.extend(verb);
        let before = plan.look.target.read()?;
        let plan = Plan { look: FileLook { text: before, ..plan.look.clone() }, ..plan.clone() };
        // Should we be killed meanwhile, this is what is known.
        let first = self.keep(&plan, plan.after.as_deref())?;
        let done = program::carry_out(&words, &self.around.home, VERB_WITHIN);
        // What its file says counts: some say nothing when all is well.
        let look = self.look()?;
        let is_there = look.site.servers(&look.tree).iter().any(|(name, _)| name == NAME);
        if is_there != (plan.action == "attach") {
            first.forget();
            let why = done.err().unwrap_or_else(|| "it said so, but its file does not".into());
            return Err(failed(why));
        }
        let kept = self.keep(&plan, look.text.as_deref())?;
        first.forget();
        Ok(kept.backup())
    }

    /// What the last change of ours would be undone to: the file as it was before.
    pub fn undoing(&self) -> Result<(Plan, Kept), ClientError> {
        let path = self.around.file(self.client, self.scope);
        let path = path.ok_or(ClientError::NoProject(self.client.shown))?;
        let target = ClientFile::at(&path)?;
        let nothing = || ClientError::NothingToUndo(self.client.shown);
        let kept = self.records().last(&target.real).ok_or_else(nothing)?;
        let text = target.read()?;
        let before = kept.before().ok_or_else(nothing)?;
        let before = kept.record.was_there.then_some(before);
        if text == before {
            // It was never made, or somebody took it back.
            kept.forget();
            return self.undoing();
        }
        if text != kept.after() {
            let (id, path) = (self.client.id, target.path);
            return Err(ClientError::Changed { id, path, backup: kept.backup() });
        }
        target.permit()?;
        let site = Site { format: self.client.format, keys: self.client.keys.to_vec() };
        let look = FileLook { target, text, site, tree: Json::Null };
        Ok((Plan { look, after: before, taken: Vec::new(), action: "undo" }, kept))
    }

    /// Undoes it.
    pub fn undo(&self, plan: &Plan, kept: &Kept) -> Result<(), ClientError> {
        let _alone = self.alone()?;
        let target = &plan.look.target;
        let is_claude = self.client.id == "claude-code" && self.scope == Scope::User;
        let _held = is_claude.then(|| ClaudeLock::take(&target.real)).transpose()?;
        if target.read()? != plan.look.text {
            return Err(ClientError::Restless(target.path.clone()));
        }
        match &plan.after {
            Some(text) => target.write(text)?,
            None => target.remove()?,
        }
        kept.forget();
        Ok(())
    }

    /// The directory of records is locked: two of us do not change files at once.
    pub(super) fn alone(&self) -> Result<std::fs::File, ClientError> {
        let path = self.around.records.clone();
        let failed = |error| ClientError::ChangeRecord { path: path.clone(), error };
        file::make_dir(&path).map_err(failed)?;
        let dir = std::fs::OpenOptions::new().read(true).open(&path).map_err(failed)?;
        dir.lock().map_err(failed)?;
        Ok(dir)
    }
}

impl FileLook {
    /// What of ours is in it.
    pub fn standing(&self, wish: &Wish) -> Standing {
        let servers = self.site.servers(&self.tree);
        let entry = servers.iter().find(|(name, _)| name == NAME).map(|(_, entry)| entry);
        Standing::of(entry, &wish.launch, &wish.addresses)
    }

    /// The servers in it that callmux runs as well.
    pub fn twice(&self, wish: &Wish) -> Vec<String> {
        let is_run = |name: &str, entry: &Json| {
            let is_it = |launch: &Launch, (known, other): &(String, Launch)| {
                launch.is_same(other) && (!wish.by_entry || known == name)
            };
            Launch::read(entry)
                .is_some_and(|launch| wish.run.iter().any(|other| is_it(&launch, other)))
        };
        let found = self.site.servers(&self.tree).iter();
        found
            .filter(|(name, entry)| name != NAME && is_run(name, entry))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Whether a server in it starts the program at `path`.
    pub fn names(&self, path: &std::path::Path) -> bool {
        let is_it = |entry: &Json| match Launch::read(entry) {
            Some(Launch::Program(command, _)) => std::path::Path::new(&command) == path,
            _ => false,
        };
        self.site.servers(&self.tree).iter().any(|(_, entry)| is_it(entry))
    }

    /// The same under the keys of a scope that Claude Code keeps in its user's file.
    pub fn local(&self, directory: &str) -> Option<Launch> {
        let project = self.tree.get("projects")?.get(directory)?;
        Launch::read(project.get("mcpServers")?.get(NAME)?)
    }
}

fn at(target: &ClientFile, text: &str, what: EditError) -> ClientError {
    let path = target.path.clone();
    match what {
        EditError::Syntax { at, what } => {
            let before = text.get(..at).unwrap_or(text);
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            ClientError::Text { path, line, column, what }
        }
        what => ClientError::Edit { path, what },
    }
}
