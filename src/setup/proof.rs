//! A client's bridge, and a first call through it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::error::SetupError;
use crate::base::children::{self, Started};
use crate::base::executable;

/// How long servers may take until they are ready.
const WITHIN: Duration = Duration::from_mins(1);
const LOOK_EACH: Duration = Duration::from_millis(100);

/// What a client finds behind its bridge.
#[derive(Debug)]
pub(super) struct BridgeProof {
    /// The tools of all servers.
    pub(super) tools: usize,
    /// Servers that were to be there and are not ready.
    pub(super) missing: Vec<String>,
}

/// Calls `callmux_status` as a client does, until the servers of these names are ready. `program`: what clients
/// start, if it is not what runs.
pub(super) fn prove(program: Option<&Path>, servers: &[String]) -> Result<BridgeProof, SetupError> {
    let mut bridge = BridgeClient::start(program)?;
    let deadline = Instant::now() + WITHIN;
    bridge.request(
        "initialize",
        &json!({
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "callmux-setup", "version": env!("CARGO_PKG_VERSION") },
        }),
        deadline,
    )?;
    bridge.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
    loop {
        let call = json!({ "name": "callmux_status", "arguments": { "detail": true, "outputFormat": "json" } });
        let said = bridge.request("tools/call", &call, deadline)?;
        let text = said["content"][0]["text"].as_str().unwrap_or_default();
        let status: Value = serde_json::from_str(text).unwrap_or_default();
        let all = status["servers"].as_array().cloned().unwrap_or_default();
        let is_ready = |name: &&String| {
            let is_it = |server: &Value| {
                server["name"] == **name
                    && matches!(server["state"].as_str(), Some("connected" | "idle"))
            };
            !all.iter().any(is_it)
        };
        let missing: Vec<String> = servers.iter().filter(is_ready).cloned().collect();
        let counts = all.iter().filter_map(|server| server["toolCount"].as_u64());
        let tools = usize::try_from(counts.sum::<u64>()).unwrap_or_default();
        if missing.is_empty() || Instant::now() > deadline {
            return Ok(BridgeProof { tools, missing });
        }
        std::thread::sleep(LOOK_EACH);
    }
}

struct BridgeClient {
    child: Child,
    _mark: Started,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    last_id: u64,
}

impl BridgeClient {
    fn start(program: Option<&Path>) -> Result<Self, SetupError> {
        let program = program.map(Path::to_path_buf).or_else(executable::own);
        let mut command = Command::new(program.ok_or(SetupError::Bridge("where is it?"))?);
        command.arg("bridge").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let started = children::start(&mut command);
        let (mut child, mark) = started.map_err(|_| SetupError::Bridge("it does not start"))?;
        let (sender, lines) = channel();
        let output = child.stdout.take();
        // It ends with the bridge.
        std::thread::spawn(move || {
            for line in
                output.into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok)
            {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        Ok(Self { child, _mark: mark, input, lines, last_id: 0 })
    }

    fn write(&mut self, message: &Value) -> Result<(), SetupError> {
        let ended = || SetupError::Bridge("it ended");
        let input = self.input.as_mut().ok_or_else(ended)?;
        writeln!(input, "{message}").map_err(|_| ended())
    }

    fn request(
        &mut self,
        method: &str,
        params: &Value,
        deadline: Instant,
    ) -> Result<Value, SetupError> {
        self.last_id += 1;
        let id = self.last_id;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(LOOK_EACH);
            let line = self.lines.recv_timeout(left);
            let line = line.map_err(|_| SetupError::Bridge("it is silent, or ended"))?;
            let mut message: Value = serde_json::from_str(&line).unwrap_or_default();
            if message["id"] == id {
                return Ok(message["result"].take());
            }
        }
    }
}

impl Drop for BridgeClient {
    fn drop(&mut self) {
        drop(self.input.take());
        // With its input closed it ends by itself.
        drop(self.child.wait());
    }
}
