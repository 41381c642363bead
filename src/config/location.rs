//! Where a config is, and one reading of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::load;
use super::patch::PATCHES;
use super::source::{self, Text};
use crate::base::trust::{self, Distrust};
use crate::base::{ServerName, dirs, file};
use crate::keys::reference::Sources;
use crate::settings::access::Oidc;
use crate::settings::complaint::Complaint;
use crate::settings::config::Config;
use crate::settings::server::ServerConfig;

/// Where a config is: a file, or a directory with `config.toml`, `conf.d/*.toml` and `patch.d/*.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    path: PathBuf,
    /// Nothing at `path` is a config without servers.
    optional: bool,
}

/// What one reading found.
#[derive(Debug)]
pub struct Reading {
    /// The config, or everything that is wrong with it.
    pub config: Result<Config, Vec<Complaint>>,
    /// The files that could be read, in their order.
    pub texts: Vec<Text>,
    /// Every file that decided about the outcome, whether it was there or not.
    pub consulted: BTreeSet<PathBuf>,
    /// The file that is read first.
    pub main_file: PathBuf,
    /// What is used although it should not be as it is.
    pub remarks: Vec<Complaint>,
}

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Directory,
    Other,
    Nothing,
    /// That cannot be said: it does not answer.
    Hangs,
}

impl Location {
    /// A path that a person named.
    pub fn named(path: &Path) -> Self {
        Self { path: std::path::absolute(path).unwrap_or_else(|_| path.into()), optional: false }
    }

    /// The path that is named, or the user's own, where there need be nothing yet.
    pub fn chosen(named: Option<&Path>) -> Option<Self> {
        let usual = || Some(Self { path: dirs::config()?, optional: true });
        named.map(Self::named).or_else(usual)
    }

    /// Whether it is the user's own, which a daemon reads that was told of no other.
    pub fn is_usual(&self) -> bool {
        self.optional
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that is read first.
    pub fn main_file(&self) -> PathBuf {
        if self.is_dir() { self.path.join("config.toml") } else { self.path.clone() }
    }

    /// What is gone for a moment is still what it was: only a file is no directory.
    fn is_dir(&self) -> bool {
        match self.shape() {
            Shape::Directory => true,
            Shape::Other => false,
            Shape::Nothing | Shape::Hangs => self.optional,
        }
    }

    fn shape(&self) -> Shape {
        let path = self.path.clone();
        match file::within(&self.path, move || path.metadata()) {
            Some(Ok(found)) if found.is_dir() => Shape::Directory,
            Some(Ok(_)) => Shape::Other,
            Some(Err(_)) => Shape::Nothing,
            None => Shape::Hangs,
        }
    }

    /// Reads the files without looking at what they say.
    pub fn texts(&self) -> Result<Vec<Text>, Vec<Complaint>> {
        let (texts, complaints) = self.read_texts(&mut BTreeSet::new());
        if complaints.is_empty() { Ok(texts) } else { Err(complaints) }
    }

    /// The issuer of these texts (see [`load::issuer`]).
    pub fn issuer(&self, texts: &[Text]) -> Option<Arc<Oidc>> {
        load::issuer(texts, &Sources::of_process(self.base()))
    }

    /// Reads everything.
    pub fn read(&self) -> Reading {
        let mut consulted = BTreeSet::new();
        let (texts, mut complaints) = self.read_texts(&mut consulted);
        let sources = Sources::of_process(self.base());
        // What the other files say is wrong too is told at the same time.
        let config = match load::from_texts(&texts, &sources) {
            Ok(config) if complaints.is_empty() => Ok(config),
            Ok(_) => Err(complaints),
            Err(more) => {
                complaints.extend(more);
                complaints.sort();
                Err(complaints)
            }
        };
        consulted.extend(sources.consulted.into_inner());
        let mut remarks = sources.remarks.into_inner();
        remarks.extend(
            config.iter().flat_map(|config| config.servers.values()).filter_map(open_program),
        );
        remarks.sort();
        remarks.dedup();
        Reading { config, texts, consulted, main_file: self.main_file(), remarks }
    }

    /// Makes a config of texts that were read here earlier.
    pub fn reread(&self, texts: &[Text]) -> Result<Config, Vec<Complaint>> {
        load::from_texts(texts, &Sources::of_process(self.base()))
    }

    /// The file of its own that a server of this name has; `None`: the config is one file.
    pub fn dropin(&self, server: &ServerName) -> Option<PathBuf> {
        self.dropin_of(server.as_str())
    }

    /// The file of its own that something of this name has; `None`: the config is one file.
    pub fn dropin_of(&self, name: &str) -> Option<PathBuf> {
        let name = format!("{name}.toml");
        self.is_dir().then(|| self.path.join(source::DROPINS).join(name))
    }

    /// The file that changes what others say of something of this name; `None`: the config is one file.
    pub fn patch_of(&self, kind: &str, name: &str) -> Option<PathBuf> {
        let name = format!("{kind}.{name}.toml");
        self.is_dir().then(|| self.path.join(PATCHES).join(name))
    }

    /// What the config would be if this file held `text`, or, without one, were not there.
    pub fn read_as_if(&self, path: &Path, text: Option<&str>) -> Result<Config, Vec<Complaint>> {
        let mut texts = self.texts()?;
        texts.retain(|text| text.path != path);
        texts.extend(text.map(|text| Text { path: path.into(), text: text.to_owned() }));
        self.reread(&texts)
    }

    /// Where relative paths in references start.
    fn base(&self) -> PathBuf {
        let dir = if self.is_dir() { Some(self.path.as_path()) } else { self.path.parent() };
        dir.unwrap_or(Path::new("/")).to_path_buf()
    }

    fn read_texts(&self, consulted: &mut BTreeSet<PathBuf>) -> (Vec<Text>, Vec<Complaint>) {
        consulted.insert(self.main_file());
        let is_dir = self.is_dir();
        if is_dir {
            consulted.insert(self.path.join(source::DROPINS));
            consulted.insert(self.path.join(PATCHES));
        }
        match self.shape() {
            Shape::Nothing if self.optional => return (Vec::new(), Vec::new()),
            Shape::Hangs => {
                return (Vec::new(), vec![Complaint::of_file(&self.path, &file::Problem::Hangs)]);
            }
            _ => {}
        }
        let files = match source::files(&self.path, is_dir) {
            Ok(files) => files,
            Err(complaint) => return (Vec::new(), vec![complaint]),
        };
        let (mut texts, mut complaints) = (Vec::new(), Vec::new());
        for path in files {
            match source::read(&path) {
                Ok(text) => texts.push(Text { path: path.clone(), text }),
                Err(complaint) => complaints.push(complaint),
            }
            consulted.insert(path);
        }
        (texts, complaints)
    }
}

/// What is to say about a server's program that everybody could exchange for another.
fn open_program(server: &Arc<ServerConfig>) -> Option<Complaint> {
    let program = dirs::expand_home(server.program.command.expose());
    if !program.is_absolute() {
        return None;
    }
    let at = program.clone();
    let judged = file::within(&program, move || {
        trust::judge_way(&at)?;
        at.metadata().map_or(Ok(()), |found| trust::judge(&at, &found))
    });
    match judged {
        // Groups of administrators share directories of programs.
        Some(Err(distrust @ Distrust::Everybody(_))) => {
            Some(Complaint::of_file(&program, &distrust))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
