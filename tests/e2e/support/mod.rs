//! What the tests stand on: a sandbox with a home of its own, the real daemon, real clients.

pub mod daemon;
pub mod far;
pub mod http;
pub mod lines;
pub mod oauth;
pub mod raw;
pub mod speaker;
pub mod wires;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

pub use daemon::Daemon;
pub use http::Http;
pub use lines::Lines;

/// Nothing takes longer unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The program under test.
pub fn callmux() -> &'static str {
    env!("CARGO_BIN_EXE_callmux")
}

/// The server that misbehaves on demand.
pub fn hostile() -> PathBuf {
    example("hostile-server")
}

/// The server with a bit of everything.
pub fn every() -> PathBuf {
    example("every-server")
}

/// The server with a tool for each thing that a meta-tool has to cope with.
pub fn tools() -> PathBuf {
    example("tools-server")
}

/// `cargo test` builds the examples beside the program.
fn example(name: &str) -> PathBuf {
    let path = Path::new(callmux()).parent().unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is missing; run `cargo build --examples`", path.display());
    path
}

/// A directory of its own with everything that XDG names.
pub struct Sandbox {
    dir: tempfile::TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        // The path of a unix socket is short, so the directory's must be too.
        let dir = tempfile::Builder::new().prefix("cmx").tempdir_in("/tmp").unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        overwrite(&path, text);
    }

    pub fn socket(&self) -> PathBuf {
        self.path("callmux/mcp.sock")
    }

    /// The program, living in this sandbox.
    pub fn command(&self) -> Command {
        let mut command = Command::new(callmux());
        let home = self.dir.path();
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home);
        command.env("XDG_RUNTIME_DIR", home).env("XDG_CACHE_HOME", self.path("cache"));
        command.env("XDG_CONFIG_HOME", self.path("config")).current_dir(home);
        command
    }
}

/// Writes a file in place.
pub fn overwrite(path: &Path, text: &str) {
    let mut file = std::fs::File::create(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

/// A config with these servers: name, command line.
pub fn config(servers: &[(&str, &[&str])]) -> String {
    // Most tests are about what passes, not about what callmux adds.
    format!("exposure = \"no-meta\"\nmax_result = \"0B\"\n{}", tables(servers))
}

/// The sections of these servers alone.
pub fn tables(servers: &[(&str, &[&str])]) -> String {
    let mut text = String::new();
    for (name, words) in servers {
        let args: Vec<String> = words[1..].iter().map(|word| format!("{word:?}")).collect();
        text +=
            &format!("[servers.{name}]\ncommand = {:?}\nargs = [{}]\n", words[0], args.join(", "));
    }
    text
}

/// Waits until `condition` gives a value.
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain for: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// The processes below `pid`, however deep.
pub fn descendants(pid: u32) -> Vec<u32> {
    let children = |pid: u32| -> Vec<u32> {
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let lists =
            tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| {
                list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>()
            })
            .collect()
    };
    let mut all = children(pid);
    let mut next = 0;
    while next < all.len() {
        let below = children(all[next]);
        all.extend(below);
        next += 1;
    }
    all
}

/// Whether the process is there and not a zombie.
pub fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}
