//! A program that lives in a sandbox; what it says is kept and searched for secrets.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;

use super::watch::Watch;

pub struct Program {
    command: Command,
    pub watch: Arc<Watch>,
    /// The variables that only this program is given.
    given: Vec<String>,
}

impl Program {
    /// `path`, with nothing in its environment but where the sandbox is.
    pub fn new(path: &str, watch: &Arc<Watch>) -> Self {
        let (mut command, home) = (Command::new(path), watch.home());
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("XDG_CACHE_HOME", home.join("cache"))
            .env("XDG_CONFIG_HOME", home.join("config"))
            // Whatever can be told is told.
            .env("CALLMUX_LOG_LEVEL", "debug")
            // A test starts its daemon itself, and ends it; those of `activation` are about the other ones.
            .env("CALLMUX_NO_SPAWN", "1")
            .current_dir(home)
            .stdin(Stdio::null());
        Self { command, watch: watch.clone(), given: Vec::new() }
    }

    pub fn arg(&mut self, word: impl AsRef<OsStr>) -> &mut Self {
        self.command.arg(word);
        self
    }

    pub fn args<S: AsRef<OsStr>>(&mut self, words: impl IntoIterator<Item = S>) -> &mut Self {
        self.command.args(words);
        self
    }

    pub fn env(&mut self, name: &str, value: impl AsRef<OsStr>) -> &mut Self {
        self.command.env(name, value);
        self.given.push(name.to_owned());
        self
    }

    /// It has no such variable.
    pub fn without(&mut self, name: &str) -> &mut Self {
        self.command.env_remove(name);
        self
    }

    pub fn current_dir(&mut self, dir: impl AsRef<Path>) -> &mut Self {
        self.command.current_dir(dir);
        self
    }

    /// It runs as this user, which only root can have.
    pub fn uid(&mut self, uid: u32) -> &mut Self {
        self.command.uid(uid).gid(uid);
        self
    }

    pub fn stdin(&mut self, stdin: impl Into<Stdio>) -> &mut Self {
        self.command.stdin(stdin);
        self
    }

    /// The variables that were given to it.
    pub fn given(&self) -> Vec<String> {
        self.given.clone()
    }

    /// How it is called.
    pub fn name(&self) -> String {
        let words = self.command.get_args().map(|word| word.to_string_lossy().into_owned());
        format!("callmux {}", words.collect::<Vec<_>>().join(" "))
    }

    /// Runs it to its end.
    pub fn output(&mut self) -> std::io::Result<Output> {
        let output = self.command.output()?;
        for (stream, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let place = format!("the {stream} of `{}`", self.name());
            self.watch.heard.said(place, String::from_utf8_lossy(bytes));
        }
        Ok(output)
    }

    pub fn status(&mut self) -> std::io::Result<ExitStatus> {
        Ok(self.output()?.status)
    }

    /// Starts it; stdout is the caller's, stderr is kept.
    pub fn spawn(&mut self) -> Child {
        let log = std::fs::File::create(self.watch.log(&self.name())).unwrap();
        self.command.stdout(Stdio::piped()).stderr(log).spawn().unwrap()
    }

    /// Starts it with this in the place of stdout; stderr is kept.
    pub fn spawn_onto(&mut self, stdout: impl Into<Stdio>) -> Child {
        let log = std::fs::File::create(self.watch.log(&self.name())).unwrap();
        self.command.stdout(stdout).stderr(log).spawn().unwrap()
    }

    /// Starts it; both streams are the caller's, who has them searched.
    pub fn spawn_heard(&mut self) -> Child {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }
}
