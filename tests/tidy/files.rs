//! The files of a room and what each imports of the others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{code, rust_files, source};

/// Where a module is: `["front", "http", "sse"]`. That of a room's `mod.rs` is the room alone.
pub type Module = Vec<String>;

/// All modules, with their code. What only tests have is not among them.
pub fn modules() -> BTreeMap<Module, String> {
    let mut found = BTreeMap::new();
    for path in rust_files(&source()) {
        let module = module_of(&path);
        let is_test = module.iter().any(|part| part == "tests" || part == "simulation");
        if !module.is_empty() && !is_test {
            found.insert(module, code(&fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

fn module_of(path: &Path) -> Module {
    let inside = path.strip_prefix(source()).unwrap().with_extension("");
    let parts = inside.iter().map(|part| part.to_str().unwrap().to_owned());
    let module: Module = parts.collect();
    match module.split_last() {
        Some((last, room)) if last == "mod" => room.to_vec(),
        _ => module,
    }
}

/// Which modules each one imports. What `mod.rs` passes on counts as imported from where it is
/// declared.
pub fn imports(modules: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let passed_on = passed_on(modules);
    let mut edges = BTreeMap::new();
    for (module, text) in modules {
        let mut of_it = BTreeSet::new();
        let own = statements(text).filter(|(is_passed_on, _)| !is_passed_on);
        let rest = without_statements(text);
        let used = own.flat_map(|(_, tree)| paths(tree)).chain(inline(&rest));
        for path in used {
            let Some((mut found, rest)) = resolve(modules, module, &path) else { continue };
            if let Some(name) = rest.first() {
                while let Some(next) = passed_on.get(&(found.clone(), name.clone())) {
                    found.clone_from(next);
                }
            }
            if found != *module && modules.contains_key(&found) {
                of_it.insert(found);
            }
        }
        edges.insert(module.clone(), of_it);
    }
    edges
}

/// What each module passes on by `pub use`: its name there → the module that declares it.
fn passed_on(modules: &BTreeMap<Module, String>) -> BTreeMap<(Module, String), Module> {
    let mut found = BTreeMap::new();
    for (module, text) in modules {
        let trees = statements(text).filter(|(is_passed_on, _)| *is_passed_on);
        for path in trees.flat_map(|(_, tree)| paths(tree)) {
            if let Some((from, rest)) = resolve(modules, module, &path)
                && let Some(name) = rest.first()
            {
                found.insert((module.clone(), name.clone()), from);
            }
        }
    }
    found
}

/// The trees of all `use` statements, and whether they pass on what they name.
fn statements(text: &str) -> impl Iterator<Item = (bool, &str)> {
    text.match_indices("use ").filter_map(|(at, _)| {
        let before = text[..at].rsplit('\n').next().unwrap_or_default().trim();
        let is_statement = before.is_empty() || before.starts_with("pub");
        let tree = text[at + "use ".len()..].split(';').next().unwrap_or_default();
        is_statement.then_some((before.starts_with("pub"), tree))
    })
}

fn without_statements(text: &str) -> String {
    let mut rest = text.to_owned();
    for (_, tree) in statements(text) {
        rest = rest.replacen(tree, "", 1);
    }
    rest
}

/// The paths of a tree of imports.
fn paths(tree: &str) -> Vec<Vec<String>> {
    let parts = |text: &str| -> Vec<String> {
        let named = text.split(" as ").next().unwrap_or_default();
        named
            .split("::")
            .map(|part| part.trim().to_owned())
            .filter(|part| !part.is_empty())
            .collect()
    };
    let Some((head, rest)) = tree.split_once('{') else { return vec![parts(tree)] };
    let body = rest.rsplit_once('}').map_or(rest, |(body, _)| body);
    let (mut found, mut depth, mut from) = (Vec::new(), 0, 0);
    let ends = body.char_indices().chain([(body.len(), ',')]);
    for (at, c) in ends {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let one = &body[from..at];
                if !one.trim().is_empty() {
                    found.extend(paths(one).into_iter().map(|path| [parts(head), path].concat()));
                }
                from = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// Paths in the code itself.
fn inline(text: &str) -> impl Iterator<Item = Vec<String>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices("::").filter_map(move |(at, _)| {
        let start = text[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
        let is_first = !text[..start].ends_with(':');
        let end =
            text[start..].find(|c| !is_word(c) && c != ':').map_or(text.len(), |len| start + len);
        let path = text[start..end].split("::").map(str::to_owned).collect();
        is_first.then_some(path)
    })
}

/// The module that a path leads to from `module`, and what is left of the path there.
fn resolve(
    modules: &BTreeMap<Module, String>,
    module: &Module,
    path: &[String],
) -> Option<(Module, Vec<String>)> {
    let mut rest = path;
    let mut found = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "super" | "self" => module.clone(),
        child => {
            let is_child = modules.contains_key(&[&module[..], &[child.to_owned()]].concat());
            return is_child.then(|| descend(modules, module.clone(), path));
        }
    };
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "super" => _ = found.pop(),
            "crate" | "self" => {}
            _ => break,
        }
        rest = after;
    }
    Some(descend(modules, found, rest))
}

fn descend(
    modules: &BTreeMap<Module, String>,
    mut found: Module,
    mut rest: &[String],
) -> (Module, Vec<String>) {
    while let Some((first, after)) = rest.split_first() {
        let next = [&found[..], std::slice::from_ref(first)].concat();
        if !modules.contains_key(&next) {
            break;
        }
        (found, rest) = (next, after);
    }
    (found, rest.to_vec())
}

/// Modules of one room that lead to each other.
pub fn circles(edges: &BTreeMap<Module, BTreeSet<Module>>) -> Vec<BTreeSet<Module>> {
    let reached = |from: &Module| {
        let (mut found, mut open) = (BTreeSet::new(), vec![from.clone()]);
        while let Some(module) = open.pop() {
            for next in edges.get(&module).into_iter().flatten() {
                if next[0] == from[0] && found.insert(next.clone()) {
                    open.push(next.clone());
                }
            }
        }
        found
    };
    let reach: BTreeMap<&Module, BTreeSet<Module>> =
        edges.keys().map(|from| (from, reached(from))).collect();
    let circle_of = |from: &Module| -> BTreeSet<Module> {
        let leads_back = |to: &&Module| reach.get(to).is_some_and(|reach| reach.contains(from));
        reach[from].iter().filter(leads_back).cloned().collect()
    };
    let all: BTreeSet<_> = edges.keys().map(circle_of).filter(|circle| circle.len() > 1).collect();
    all.into_iter().collect()
}

#[test]
fn a_circle_is_seen() {
    let text = |text: &str| text.to_owned();
    let at = |path: &str| -> Module { path.split('/').map(str::to_owned).collect() };
    let modules = BTreeMap::from([
        (at("a"), text("mod x;\npub mod y;\nmod z;\npub use y::Thing;\n")),
        (at("a/x"), text("use super::{Thing, z};\n")),
        (at("a/y"), text("use crate::a::z::Other as Else;\n")),
        (at("a/z"), text("fn f() { super::x::g() }\n")),
        (at("b"), text("use crate::a::{x, y};\n")),
    ]);
    let circles = circles(&imports(&modules));
    assert_eq!(circles, [BTreeSet::from([at("a/x"), at("a/y"), at("a/z")])]);
}
