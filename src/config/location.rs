//! Where a config is, and one reading of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::complaint::Complaint;
use super::load;
use super::model::Config;
use super::reference::Sources;
use super::source::{self, Text};
use crate::base::{ServerName, dirs};

/// Where a config is: a file, or a directory with `config.toml` and `conf.d/*.toml`.
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

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that is read first.
    pub fn main_file(&self) -> PathBuf {
        if self.is_dir() { self.path.join("config.toml") } else { self.path.clone() }
    }

    /// What is gone for a moment is still what it was: only a file is no directory.
    fn is_dir(&self) -> bool {
        self.path.is_dir() || (self.optional && !self.path.exists())
    }

    /// Reads the files without looking at what they say.
    pub fn texts(&self) -> Result<Vec<Text>, Vec<Complaint>> {
        let (texts, complaints) = self.read_texts(&mut BTreeSet::new());
        if complaints.is_empty() { Ok(texts) } else { Err(complaints) }
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
        Reading { config, texts, consulted }
    }

    /// Makes a config of texts that were read here earlier.
    pub fn reread(&self, texts: &[Text]) -> Result<Config, Vec<Complaint>> {
        load::from_texts(texts, &Sources::of_process(self.base()))
    }

    /// The file of its own that a server of this name has; `None`: the config is one file.
    pub fn dropin(&self, server: &ServerName) -> Option<PathBuf> {
        let name = format!("{server}.toml");
        self.is_dir().then(|| self.path.join(source::DROPINS).join(name))
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
        if self.is_dir() {
            consulted.insert(self.path.join(source::DROPINS));
        }
        if self.optional && !self.path.exists() {
            return (Vec::new(), Vec::new());
        }
        let files = match source::files(&self.path) {
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
