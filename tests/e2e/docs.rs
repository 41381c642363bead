//! What the pages of `docs` show is done, each page in a home of its own, from its top to its end.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Output;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::page::{Block, Part, exists, parts};
use crate::support::processes::daemons_at;
use crate::support::{Sandbox, callmux, until};

/// What pages use beside callmux.
const TOOLS: [&str; 6] = ["sh", "cat", "ls", "rm", "chmod", "mkdir"];

fn docs() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect();
    pages.sort();
    pages
}

/// A home, and whoever runs in it.
struct Reader {
    sandbox: Sandbox,
    page: String,
    /// What the last commands printed.
    said: String,
}

impl Reader {
    fn of(page: &Path) -> Self {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.path("bin")).unwrap();
        symlink(callmux(), sandbox.path("bin/callmux")).unwrap();
        let path = std::env::var_os("PATH").unwrap();
        for tool in TOOLS {
            let found = std::env::split_paths(&path).map(|dir| dir.join(tool));
            let found = found.into_iter().find(|path| path.exists()).unwrap();
            symlink(found, sandbox.path("bin").join(tool)).unwrap();
        }
        let page = page.file_name().unwrap().to_string_lossy().into_owned();
        Self { sandbox, page, said: String::new() }
    }

    fn write(&self, path: &str, text: &str) {
        self.sandbox.write(path.strip_prefix("~/").unwrap_or(path), text);
    }

    fn shell(&self, script: &str) -> (Option<i32>, String) {
        let mut shell = self.sandbox.program("sh");
        // As a reader has it: with what the specification of XDG says where nothing is set.
        for name in ["XDG_CONFIG_HOME", "XDG_CACHE_HOME", "CALLMUX_NO_SPAWN", "CALLMUX_LOG_LEVEL"] {
            shell.without(name);
        }
        shell.env("PATH", self.sandbox.path("bin")).args(["-ec", script]);
        let Output { status, stdout, stderr } = shell.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (status.code(), text(&stdout) + &text(&stderr))
    }

    fn commands(&mut self, block: &Block) {
        if block.marked("not run:").is_some() {
            assert!(block.text.lines().filter(|line| exists(line)).count() > 0, "{block:?}");
            return;
        }
        let code = block.marked("exit ").map_or(0, |code| code.parse().unwrap());
        let (found, said) = self.shell(&block.text);
        assert_eq!(found, Some(code), "{}:\n{}\n{said}", self.page, block.text);
        self.said = said;
    }

    fn config(&self, block: &Block) {
        if let Some(path) = block.marked("file ") {
            self.write(path, &block.text);
            let (code, said) = self.shell("callmux config check");
            assert_eq!(code, Some(0), "{}:\n{}\n{said}", self.page, block.text);
            return;
        }
        let reader = Self::of(Path::new(&self.page));
        reader.write("~/.config/callmux/config.toml", &block.text);
        let (code, said) = reader.shell("callmux config check");
        assert_eq!(code, Some(0), "{}:\n{}\n{said}", self.page, block.text);
    }

    fn block(&mut self, block: &Block) {
        match &*block.language {
            "sh" => self.commands(block),
            "toml" => self.config(block),
            "json" => {
                let parsed: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
                assert!(parsed.is_ok(), "{}: {block:?}", self.page);
                if let Some(path) = block.marked("file ") {
                    self.write(path, &block.text);
                }
            }
            // What was said just now; `…` stands for anything.
            "text" => {
                for line in block.text.lines() {
                    let is_it = |said: &str| {
                        let mut rest = Some(said);
                        for part in line.split('…') {
                            rest = rest.and_then(|rest| Some(rest.split_once(part)?.1));
                        }
                        rest.is_some()
                    };
                    let said = &self.said;
                    assert!(said.lines().any(is_it), "{}: `{line}` is not in:\n{said}", self.page);
                }
            }
            // Those of proxies are tried by `tests/pages/run`.
            "ini" | "yaml" | "nginx" | "caddyfile" => {}
            other => panic!("{}: who tries {other}?", self.page),
        }
    }
}

impl Reader {
    fn end_daemons(&self) {
        let socket = self.sandbox.socket();
        for pid in daemons_at(&socket) {
            // It may have ended.
            _ = kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL);
        }
        until("the end of every daemon", || daemons_at(&socket).is_empty().then_some(()));
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.end_daemons();
    }
}

fn walk(name: &str) {
    let page = docs().into_iter().find(|page| page.ends_with(name)).unwrap();
    let mut reader = Reader::of(&page);
    for part in parts(&page) {
        match part {
            Part::Given { path, text } => reader.write(&path, &text),
            Part::Block(block) => reader.block(&block),
            Part::NoDaemon => reader.end_daemons(),
        }
    }
}

macro_rules! pages {
    ($($test:ident: $page:literal,)*) => {
        const PAGES: &[&str] = &[$($page),*];
        $(
            #[test]
            fn $test() {
                walk($page);
            }
        )*
    };
}

pages! {
    access: "access.md",
    api: "api.md",
    approvals: "approvals.md",
    audit: "audit.md",
    clients: "clients.md",
    context: "context.md",
    dashboard: "dashboard.md",
    getting_started: "getting-started.md",
    history: "history.md",
    meta_only: "meta-only.md",
    metrics: "metrics.md",
    migrating: "migrating.md",
    one_daemon: "one-daemon.md",
    recipes: "recipes.md",
    remote_servers: "remote-servers.md",
    secrets: "secrets.md",
    servers: "servers.md",
    team: "team.md",
    threat_model: "threat-model.md",
    uninstall: "uninstall.md",
}

#[test]
fn every_page_is_walked_and_linked() {
    let names: Vec<String> = docs()
        .iter()
        .map(|page| page.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, PAGES);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for name in &names {
        assert!(readme.contains(&format!("(docs/{name})")), "README.md does not lead to {name}");
    }
    for page in docs() {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let path = link.split('#').next().unwrap();
            let is_there = path.starts_with("https://") || root.join("docs").join(path).exists();
            assert!(is_there, "{}: {link} leads nowhere", page.display());
        }
    }
}
