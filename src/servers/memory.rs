//! What is remembered of a server between its starts: the era it speaks, and its tools.
//!
//! A server that does not answer an unknown method costs the whole patience of the probe each
//! time, so the verdict is kept in the cache directory under a fingerprint of the command. Losing
//! the file costs one probe. The tools let a lazy server sleep until it is called.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::keep;
use super::tools::{Tool, ToolList};
use crate::base::{self, dirs, file};
use crate::config::ServerConfig;
use crate::wire::Era;

/// Where the verdict for one server is kept.
#[derive(Debug, Clone)]
pub struct Memory {
    path: Option<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Remembered {
    version: u32,
    era: String,
}

impl Memory {
    /// The memory of the server that `config` starts.
    pub fn of(config: &ServerConfig) -> Self {
        let name = format!("servers/{:016x}.json", fingerprint(config));
        Self { path: dirs::cache().map(|dir| dir.join(name)) }
    }

    #[cfg(test)]
    pub fn at(path: PathBuf) -> Self {
        Self { path: Some(path) }
    }

    /// The era this server spoke last time.
    pub fn era(&self) -> Option<Era> {
        let bytes = std::fs::read(self.path.as_ref()?).ok()?;
        let remembered: Remembered = serde_json::from_slice(&bytes).ok()?;
        [Era::Legacy, Era::Modern]
            .into_iter()
            .find(|era| remembered.version == 1 && era.as_str() == remembered.era)
    }

    /// Keeps the verdict. Failing to is harmless.
    pub fn remember(&self, era: Era) {
        if self.era() == Some(era) {
            return;
        }
        let remembered = Remembered { version: 1, era: era.as_str().to_owned() };
        if let (Some(path), Ok(json)) = (&self.path, serde_json::to_vec(&remembered))
            && let Err(error) = file::replace(path, &json)
        {
            tracing::debug!(%error, path = %path.display(), "the era of a server was not remembered");
        }
    }
}

/// What a server said when it last ran, under a fingerprint of its whole config.
#[derive(Debug, Clone)]
pub struct Catalog {
    path: Option<PathBuf>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Said {
    version: u32,
    instructions: Option<String>,
    tools: Vec<Box<RawValue>>,
}

impl Catalog {
    /// The memory of the server that `config` starts.
    pub fn of(config: &ServerConfig) -> Self {
        let name = format!("servers/{:016x}.tools.json", keep::mark(config));
        Self { path: dirs::cache().map(|dir| dir.join(name)) }
    }

    /// Its instructions and its tools.
    pub fn recall(&self) -> Option<(Option<String>, ToolList)> {
        let bytes = std::fs::read(self.path.as_ref()?).ok()?;
        let said: Said =
            serde_json::from_slice(&bytes).ok().filter(|said: &Said| said.version == 1)?;
        let definitions = said.tools.iter().map(|tool| tool.get());
        Some((said.instructions, ToolList::from_definitions(definitions)))
    }

    /// Keeps what it said. Failing to is harmless.
    pub fn keep(&self, instructions: Option<&str>, list: &ToolList) {
        let raw = |tool: &Tool| RawValue::from_string(tool.definition.to_string()).ok();
        let tools = list.tools.iter().filter_map(raw).collect();
        let said = Said { version: 1, instructions: instructions.map(str::to_owned), tools };
        let (Some(path), Ok(json)) = (&self.path, serde_json::to_vec(&said)) else { return };
        if std::fs::read(path).is_ok_and(|old| old == json) {
            return;
        }
        if let Err(error) = file::replace(path, &json) {
            tracing::debug!(%error, path = %path.display(), "the tools of a server were not remembered");
        }
    }
}

/// Nothing of a secret argument can be read from it.
fn fingerprint(config: &ServerConfig) -> u64 {
    let words = std::iter::once(&config.command).chain(&config.args);
    base::fingerprint(words.flat_map(|word| word.expose().bytes().chain([0])))
}
