//! What the tests stand on: a sandbox with a home of its own, the real daemon, real clients.

pub mod canary;
pub mod daemon;
pub mod desktop;
pub mod far;
pub mod http;
pub mod issuer;
pub mod lines;
pub mod oauth;
pub mod operators;
pub mod page;
pub mod processes;
pub mod program;
pub mod pty;
pub mod raw;
pub mod speaker;
pub mod tls;
pub mod watch;
pub mod wires;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub use canary::CANARY;
pub(crate) use canary::canary;
pub use daemon::Daemon;
pub use http::Http;
pub use lines::Lines;
pub use processes::{descendants, is_alive};
pub use program::Program;
pub use pty::Pty;
use watch::Watch;

/// Nothing takes longer unless it hangs, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_mins(2);

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

/// A directory of its own with everything that XDG names. Its end is a test of its own: no secret was
/// let out, see [`Watch`].
pub struct Sandbox {
    pub watch: Arc<Watch>,
}

impl Sandbox {
    pub fn new() -> Self {
        Self { watch: Arc::new(Watch::new()) }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.watch.home().join(name)
    }

    /// Puts a file there at once: whoever reads it meanwhile finds it as it was or as it is to be.
    pub fn write(&self, name: &str, text: &str) {
        static WRITTEN: AtomicUsize = AtomicUsize::new(0);
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let fresh = self.path(&format!(".fresh-{}", WRITTEN.fetch_add(1, Ordering::Relaxed)));
        overwrite(&fresh, text);
        std::fs::rename(fresh, &path).unwrap();
        self.watch.wrote(path, text);
    }

    pub fn socket(&self) -> PathBuf {
        self.path("callmux/mcp.sock")
    }

    /// The program, living in this sandbox.
    pub fn command(&self) -> Program {
        self.program(callmux())
    }

    /// Another one that does.
    pub fn program(&self, path: &str) -> Program {
        Program::new(path, &self.watch)
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

/// Whether there is a program of this name on this machine.
pub fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).exists())
}

/// Said past the harness, which keeps what a test prints that passes.
pub fn skipped(why: &str) {
    use std::io::Write;
    std::io::stderr().write_all(format!("SKIPPED: {why}\n").as_bytes()).unwrap();
}
