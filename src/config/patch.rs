//! Patch files: what callmux changes for somebody of what another file says. That file stays as it is.
//!
//! One has the keys that are to be others, under the name of the section that they are of, and `unset`: what
//! is to be as if nobody had written it, a whole section included. What it is about may have gone since.

use std::path::Path;

use toml_edit::Key;

use crate::keys::tree::{Node, Table, Value};
use crate::settings::complaint::Complaint;

/// The directory of patch files beside the main one.
pub const PATCHES: &str = "patch.d";
/// The key with the paths of what is taken away.
pub const UNSET: &str = "unset";
/// Sections of the config that have a name each, and that a patch file can be about.
pub const NAMED: [&str; 3] = ["servers", "clients", "recipes"];

/// Whether the file at this path changes what others say.
pub fn is_patch(path: &Path) -> bool {
    path.parent().and_then(Path::file_name).is_some_and(|dir| dir == PATCHES)
}

/// Changes `into` by the table of one such file. `remarks`: what in it is about nothing that is there.
pub(super) fn apply(
    into: &mut Table,
    mut patch: Table,
    complaints: &mut Vec<Complaint>,
    remarks: &mut Vec<Complaint>,
) {
    let unset = patch.remove(UNSET);
    for (kind, node) in patch {
        match node.value {
            Value::Table(sections) if NAMED.contains(&kind.as_str()) => {
                for (name, section) in sections {
                    change(into, [&kind, &name], section, remarks);
                }
            }
            _ => complaints.push(Complaint {
                at: node.at,
                key: kind,
                message: format!(
                    "a patch file has `{UNSET}`, and sections of {}; write this in `config.toml`",
                    NAMED.join(", ")
                ),
            }),
        }
    }
    for path in unset.iter().flat_map(paths) {
        match path {
            Ok(path) => take(into, &path),
            Err(complaint) => complaints.push(complaint),
        }
    }
}

fn change(into: &mut Table, [kind, name]: [&str; 2], section: Node, remarks: &mut Vec<Complaint>) {
    let there = into.get_mut(kind).and_then(table_mut).and_then(|all| all.get_mut(name));
    match (there.and_then(table_mut), section.value) {
        (Some(there), Value::Table(keys)) => replace(there, keys),
        // What is no table is told as what it stands for.
        (Some(_), value) => {
            if let Some(all) = into.get_mut(kind).and_then(table_mut) {
                all.insert(name.to_owned(), Node { at: section.at, value });
            }
        }
        (None, _) => remarks.push(Complaint {
            at: section.at,
            key: format!("{kind}.{name}"),
            message: "nothing of this name is written anywhere else any more, so this changes \
                      nothing; delete it"
                .to_owned(),
        }),
    }
}

/// Members of tables are changed one by one, anything else as a whole.
fn replace(there: &mut Table, keys: Table) {
    for (name, node) in keys {
        match (there.get_mut(&name).and_then(table_mut), node.value) {
            (Some(inner), Value::Table(members)) => replace(inner, members),
            (_, value) => drop(there.insert(name, Node { at: node.at, value })),
        }
    }
}

fn table_mut(node: &mut Node) -> Option<&mut Table> {
    if let Value::Table(table) = &mut node.value { Some(table) } else { None }
}

/// Takes away what is at a path; what is not there is away already.
fn take(into: &mut Table, path: &[String]) {
    let Some((last, before)) = path.split_last() else { return };
    let mut table = into;
    for name in before {
        let Some(inner) = table.get_mut(name).and_then(table_mut) else { return };
        table = inner;
    }
    table.remove(last);
}

/// The paths of `unset`, each as the names that lead there.
fn paths(node: &Node) -> Vec<Result<Vec<String>, Complaint>> {
    let Value::List(items) = &node.value else {
        return vec![Err(wrong(node))];
    };
    items.iter().map(|item| path(item).ok_or_else(|| wrong(item))).collect()
}

fn path(node: &Node) -> Option<Vec<String>> {
    let Value::Text(text) = &node.value else { return None };
    let path: Vec<String> =
        Key::parse(text).ok()?.into_iter().map(|key| key.get().to_owned()).collect();
    (path.len() > 1 && NAMED.contains(&path[0].as_str())).then_some(path)
}

fn wrong(node: &Node) -> Complaint {
    Complaint {
        at: node.at.clone(),
        key: UNSET.to_owned(),
        message: "it is a list of paths below `servers`, `clients` or `recipes`, such as \
                  [\"servers.github.env.LEVEL\"]"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests;
