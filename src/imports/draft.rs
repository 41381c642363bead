//! A server of ours in the making.

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::Secret;
use crate::clients::Launch;
use crate::json::Json;
use crate::settings::ServerConfig;

/// Where a server was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftOrigin {
    pub file: PathBuf,
    /// What leads to it there beside the usual key: a project of Claude Code.
    pub place: String,
    /// Its name there.
    pub name: String,
    /// What it starts there.
    pub launch: Option<Launch>,
}

/// A text that is to lie in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HiddenText {
    /// The file's name below the directory of secrets.
    pub name: String,
    pub text: Secret,
}

/// A server as the config is to have it.
#[derive(Debug, Clone)]
pub struct ServerDraft {
    pub name: String,
    /// The first is the one it was made of; the others are the same.
    pub origins: Vec<DraftOrigin>,
    /// Keys of `[servers.NAME]`, in the order in which they are written.
    pub keys: Vec<(String, Json)>,
    pub hidden: Vec<HiddenText>,
    /// The same as the config has it, secrets and all.
    pub config: Option<Arc<ServerConfig>>,
}

impl ServerDraft {
    /// One of which nothing is said yet.
    pub fn new(name: String, origin: DraftOrigin) -> Self {
        let (keys, hidden) = (Vec::new(), Vec::new());
        Self { name, origins: vec![origin], keys, hidden, config: None }
    }

    pub fn get(&self, key: &str) -> Option<&Json> {
        self.keys.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        self.keys.iter_mut().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Sets a key that is not set yet; `false`: it is.
    pub fn set(&mut self, key: &str, value: Json) -> bool {
        let is_new = self.get(key).is_none();
        if is_new {
            self.keys.push((key.to_owned(), value));
        }
        is_new
    }

    pub fn remove(&mut self, key: &str) {
        self.keys.retain(|(name, _)| name != key);
    }

    /// The member `name` of the table `key`, which is made if there is none; `false`: it is there already.
    pub fn set_member(&mut self, key: &str, name: &str, value: Json) -> bool {
        self.set(key, Json::Object(Vec::new()));
        let Some(Json::Object(members)) = self.get_mut(key) else { return false };
        let is_new = members.iter().all(|(known, _)| known != name);
        if is_new {
            members.push((name.to_owned(), value));
        }
        is_new
    }

    /// Adds texts to a list, each once.
    pub(super) fn extend(&mut self, key: &str, texts: impl IntoIterator<Item = String>) {
        self.set(key, Json::Array(Vec::new()));
        let Some(Json::Array(items)) = self.get_mut(key) else { return };
        for text in texts {
            let text = Json::from(text);
            if !items.contains(&text) {
                items.push(text);
            }
        }
    }
}
