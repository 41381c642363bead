//! From files to [`Config`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::common::Common;
use super::patch;
use super::source::Text;
use crate::base::ServerName;
use crate::keys;
use crate::keys::reference::Sources;
use crate::keys::section::Section;
use crate::keys::tree::{self, Node, Table, Value};
use crate::settings::access::Oidc;
use crate::settings::complaint::{Complaint, Place};
use crate::settings::config::Config;
use crate::settings::view::Exposure;

mod access;
mod agents;
mod auth;
mod common;
mod http;
mod named;
mod networks;
mod oauth;
mod oidc;
mod proxy;
mod recipes;
mod remote;
mod server;
mod whole;

#[cfg(test)]
mod tests;

/// Makes a config of texts that were read, each by the path it came from.
///
/// Everything that is wrong is returned at once, in the order of the files.
pub fn from_texts(texts: &[Text], sources: &Sources) -> Result<Config, Vec<Complaint>> {
    let merged = merge_with_remarks(texts, &mut sources.remarks.borrow_mut())?;
    whole::typed(merged, sources)
}

/// The issuer of these texts, whatever else is wrong with them. No program of theirs runs.
pub fn issuer(texts: &[Text], sources: &Sources) -> Option<Arc<Oidc>> {
    let Value::Table(mut access) = merge(texts).ok()?.remove("access")?.value else { return None };
    let (mut complaints, mut unresolved) = (Vec::new(), Vec::new());
    let (complaints, unresolved) = (&mut complaints, &mut unresolved);
    oidc::read(access.remove("oidc")?, &mut named::Named { sources, complaints, unresolved })
}

/// Merges the texts without looking at the keys.
pub fn merge(texts: &[Text]) -> Result<Table, Vec<Complaint>> {
    merge_with_remarks(texts, &mut Vec::new())
}

/// The same, with what is to say of texts that can be used all the same.
pub fn merge_with_remarks(
    texts: &[Text],
    remarks: &mut Vec<Complaint>,
) -> Result<Table, Vec<Complaint>> {
    let mut complaints = Vec::new();
    let mut merged = Table::new();
    let mut patches = Vec::new();
    for Text { path, text } in texts {
        let table = tree::parse(&path.as_path().into(), text, &mut complaints);
        if patch::is_patch(path) {
            patches.push(table);
        } else {
            // `[servers]` of one file joins `[servers]` of another; `[servers.x]` does not.
            tree::merge(&mut merged, table, "", 1, &mut complaints);
        }
    }
    for table in patches {
        patch::apply(&mut merged, table, &mut complaints, remarks);
    }
    complaints.sort();
    if complaints.is_empty() { Ok(merged) } else { Err(complaints) }
}

/// The config that holds when no file sets anything.
pub fn empty() -> Config {
    let sources = Sources::of_process(PathBuf::from("/"));
    whole::typed(Table::new(), &sources).expect("the defaults are a valid config")
}

/// The config of `callmux -- command …` or `callmux -- URL`: one server, whose tools keep their
/// names, with the environment and the directory of the caller. `None` without a command.
pub fn inline(command: &[String], cwd: Option<PathBuf>) -> Option<Config> {
    let at = Place::of_file(&Path::new("command line").into());
    let node = |value| Node { at: at.clone(), value };
    // Arguments of a shell are no config texts: a `${` in them stands for itself.
    let text = |text: &str| node(Value::Text(text.replace("${", "$${")));
    let (program, args) = command.split_first()?;
    let variables = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let mut server = BTreeMap::from([
        ("prefix".to_owned(), text("")),
        // The usual client kills us 4 s after it closed our input.
        ("stop_timeout".to_owned(), text("1s")),
    ]);
    let is_remote = args.is_empty() && remote::is_url(program);
    if is_remote {
        server.insert("url".to_owned(), text(program));
        // There is nobody to log in to it.
        server.insert("auth".to_owned(), text("none"));
    } else {
        let inherited = variables.map(|name| text(&name)).collect();
        server.insert("command".to_owned(), text(program));
        server.insert(
            "args".to_owned(),
            node(Value::List(args.iter().map(|arg| text(arg)).collect())),
        );
        server.insert("inherit_env".to_owned(), node(Value::List(inherited)));
    }
    let mut config = empty();
    // What stands in for one server is not to be told from it.
    config.everybody.exposure = Exposure::NoMeta;
    config.everybody.max_result = 0;
    let mut complaints = Vec::new();
    let sources = Sources::of_process(PathBuf::from("/"));
    let name = "servers.default".to_owned();
    let section =
        Section::new(name, node(Value::Table(server)), keys::SERVER, &sources, &mut complaints);
    let mut server = server::read(section, &config, &Common::default());
    server.program.cwd = cwd.filter(|_| !is_remote);
    // What is wrong with the words is told when the server cannot be started.
    server.unresolved.extend(complaints);
    let name = ServerName::parse("default").expect("a valid name");
    config.servers.insert(name, Arc::new(server));
    Some(config)
}
