//! A program on a terminal, and somebody who types at it.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};

use super::{Sandbox, until};

/// A line for a shell that runs on a terminal of 80 columns. What it shows is kept.
pub struct Pty {
    child: Child,
    keys: Option<ChildStdin>,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Pty {
    pub fn start(sandbox: &Sandbox, line: &str) -> Self {
        // Who starts the tests in the background of a shell has them ignore Ctrl-C, and all they start.
        let mut script = sandbox.program("env");
        script.args(["--default-signal=INT,QUIT", "script"]);
        let line = format!("stty cols 80 rows 24; exec {line}");
        script.args(["-qec", &line, "/dev/null"]).env("SHELL", "/bin/sh");
        let mut child = script.stdin(Stdio::piped()).spawn();
        let (keys, mut output) = (child.stdin.take(), child.stdout.take().unwrap());
        let shown = Arc::new(Mutex::new(Vec::new()));
        let sink = shown.clone();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                sink.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self { child, keys, shown, reader: Some(reader) }
    }

    /// Everything that was shown so far.
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown.lock().unwrap()).replace('\r', "")
    }

    /// Types a line once so much of a text is shown.
    pub fn answer(&mut self, after: &str, line: &str) {
        until(&format!("{after}, and not only {}", self.shown()), || {
            self.shown().contains(after).then_some(())
        });
        self.keys.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }

    /// The exit code and all that was shown.
    pub fn finish(mut self) -> (Option<i32>, String) {
        let status =
            until("the end of what runs on the terminal", || self.child.try_wait().unwrap());
        self.keys = None;
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        (status.code(), self.shown())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
