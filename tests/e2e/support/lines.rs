//! A client on stdin and stdout: a bridge, or `callmux -- …`.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::processes::{Owners, look_at};
use super::watch::Watch;
use super::{Program, Sandbox, until};

/// A child process that is spoken to in lines. Every line it writes is kept until it is taken.
pub struct Lines {
    child: Child,
    input: Option<ChildStdin>,
    output: Arc<Mutex<VecDeque<String>>>,
    last_id: u64,
    watch: Arc<Watch>,
    given: Vec<String>,
}

impl Lines {
    pub fn start(mut command: Program) -> Self {
        let mut child = command.stdin(Stdio::piped()).spawn();
        let input = child.stdin.take();
        let output = Arc::new(Mutex::new(VecDeque::new()));
        let (stdout, sink) = (child.stdout.take().unwrap(), output.clone());
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                sink.lock().unwrap().push_back(line);
            }
        });
        let (watch, given) = (command.watch.clone(), command.given());
        Self { child, input, output, last_id: 0, watch, given }
    }

    /// A bridge that has greeted the daemon.
    pub fn bridge(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command();
        command.arg("bridge");
        let mut bridge = Self::start(command);
        bridge.greet(&json!({}));
        bridge
    }

    /// `callmux --plain -- words…`, greeted.
    pub fn inline(sandbox: &Sandbox, words: &[&str]) -> Self {
        let mut command = sandbox.command();
        command.args(["--plain", "--"]).args(words);
        let mut inline = Self::start(command);
        inline.greet(&json!({}));
        inline
    }

    pub fn greet(&mut self, capabilities: &Value) -> Value {
        self.greet_as("test", capabilities)
    }

    /// Greets as a client with this name.
    pub fn greet_as(&mut self, name: &str, capabilities: &Value) -> Value {
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": capabilities,
            "clientInfo": { "name": name, "version": "1" },
        });
        // No other request has this id: a bridge answers before its daemon has.
        let greeting =
            json!({ "jsonrpc": "2.0", "id": "greeting", "method": "initialize", "params": params });
        self.write(&greeting.to_string());
        let answer =
            self.take("the answer to the greeting", |line| line.contains(r#""id":"greeting""#));
        self.write(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        serde_json::from_str(&answer).unwrap()
    }

    pub fn write(&mut self, line: &str) {
        let input = self.input.as_mut().unwrap();
        input.write_all(line.as_bytes()).unwrap();
        input.write_all(b"\n").unwrap();
        input.flush().unwrap();
    }

    /// Sends a request and returns its id.
    pub fn send(&mut self, method: &str, params: &Value) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        self.write(
            &json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string(),
        );
        id
    }

    pub fn start_call(&mut self, tool: &str, arguments: &Value) -> u64 {
        self.send("tools/call", &json!({ "name": tool, "arguments": arguments }))
    }

    /// The next line that fits; others stay.
    pub fn take(&self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        until(what, || {
            let mut lines = self.output.lock().unwrap();
            let at = lines.iter().position(|line| fits(line))?;
            lines.remove(at)
        })
    }

    /// The next line, whatever it is.
    pub fn next(&self) -> String {
        self.take("a line", |_| true)
    }

    /// The next line, if it comes in time.
    pub fn next_within(&self, patience: Duration) -> Option<String> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(line) = self.output.lock().unwrap().pop_front() {
                return Some(line);
            }
            if Instant::now() > deadline {
                return None;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }

    /// The lines that are there and not taken.
    pub fn waiting(&self) -> Vec<String> {
        self.output.lock().unwrap().iter().cloned().collect()
    }

    pub fn answer(&self, id: u64) -> Value {
        let line = self.take(&format!("the answer to {id}"), |line| {
            let value: Value = serde_json::from_str(line).unwrap();
            value["id"] == id && value["method"].is_null()
        });
        serde_json::from_str(&line).unwrap()
    }

    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.send(method, params);
        self.answer(id)
    }

    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let id = self.start_call(tool, arguments);
        self.answer(id)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Keeps what can be seen of it from outside. What it runs itself has its environment.
    fn look(&self) {
        let owners = Owners { given: &self.given, is_inherited: true, servers: HashMap::default() };
        look_at(&self.watch, self.pid(), &owners);
    }

    /// Ends it as clients do, whose input stays open. Returns the exit code.
    pub fn signal(&mut self, signal: Signal) -> Option<i32> {
        self.look();
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let ended = until("the end after a signal", || self.child.try_wait().unwrap()).code();
        self.input = None;
        ended
    }

    /// The exit code, once it has ended by itself. It was looked at before, or is not.
    pub fn ended(&mut self) -> Option<i32> {
        let ended = until("the end", || self.child.try_wait().unwrap()).code();
        self.input = None;
        ended
    }

    /// Closes the input and returns the exit code.
    pub fn finish(&mut self) -> Option<i32> {
        self.look();
        self.input = None;
        until("the end after the input's end", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        if !std::thread::panicking() && self.input.is_some() {
            self.look();
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
