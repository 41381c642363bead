//! A client as agents are: a child process on stdin and stdout, and JSON lines.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::ends::Ends;
use super::home::Home;
use super::step::{StepError, StepResult};

/// A client behind a real bridge.
#[derive(Debug)]
pub(super) struct DemoClient {
    bridge: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last_id: u64,
    ends: Ends,
    answers: HashMap<u64, Value>,
}

impl DemoClient {
    pub(super) fn start(home: &Home) -> StepResult<Self> {
        let mut command = home.command();
        command.arg("bridge").arg("--socket").arg(home.socket());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let ends = home.ends().clone();
        let mut bridge = ends.spawn(&mut command, "starting the bridge")?;
        let input = bridge.stdin.take();
        let output = BufReader::new(
            bridge.stdout.take().ok_or(StepError::Missing("the bridge has no stdout"))?,
        );
        let mut client = Self { bridge, input, output, last_id: 0, ends, answers: HashMap::new() };
        client.request(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "callmux-demo", "version": env!("CARGO_PKG_VERSION") },
            }),
        )?;
        client.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
        Ok(client)
    }

    pub(super) fn pid(&self) -> u32 {
        self.bridge.id()
    }

    fn write(&mut self, message: &Value) -> StepResult<()> {
        let input =
            self.input.as_mut().ok_or(StepError::Missing("the bridge's input is closed"))?;
        writeln!(input, "{message}")
            .map_err(|error| StepError::when("writing to the bridge")(&error))
    }

    /// Sends a request and does not wait.
    pub(super) fn send(&mut self, method: &str, params: &Value) -> StepResult<u64> {
        self.last_id += 1;
        let id = self.last_id;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        Ok(id)
    }

    /// Starts a tool call.
    pub(super) fn start_call(&mut self, tool: &str, arguments: &Value) -> StepResult<u64> {
        self.send("tools/call", &json!({ "name": tool, "arguments": arguments }))
    }

    /// The answer to request `id`.
    pub(super) fn answer(&mut self, id: u64) -> StepResult<Value> {
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return Ok(answer["result"].clone());
            }
            let mut line = String::new();
            let read = self
                .output
                .read_line(&mut line)
                .map_err(|error| StepError::when("reading from the bridge")(&error))?;
            if read == 0 {
                return Err(StepError::BridgeEnded);
            }
            let message: Value = serde_json::from_str(&line)
                .map_err(|error| StepError::when("from the bridge")(&error))?;
            if let Some(id) = message["id"].as_u64() {
                self.answers.insert(id, message);
            }
        }
    }

    pub(super) fn request(&mut self, method: &str, params: &Value) -> StepResult<Value> {
        let id = self.send(method, params)?;
        self.answer(id)
    }

    pub(super) fn call(&mut self, tool: &str, arguments: &Value) -> StepResult<Value> {
        let id = self.start_call(tool, arguments)?;
        self.answer(id)
    }
}

impl Drop for DemoClient {
    fn drop(&mut self) {
        drop(self.input.take());
        // It ends by itself, and by a signal only before that.
        drop(self.bridge.wait());
        self.ends.forget(&self.bridge);
    }
}
