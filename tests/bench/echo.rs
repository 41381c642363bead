//! The server behind everything: as fast as a server can be, so that what is measured is the way
//! to it.

use std::io::{BufRead, BufReader, Write};

use serde_json::{Value, json};

/// How long a call of `slow` takes.
pub const SLOW: std::time::Duration = std::time::Duration::from_millis(10);

/// Serves stdin and stdout with `tools` tools until the input ends.
pub fn run(tools: usize) {
    let mut input = BufReader::with_capacity(1 << 20, std::io::stdin());
    let mut output = std::io::stdout().lock();
    let echo = Echo::new(tools);
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).unwrap() > 0 {
        let answer = echo.answer(&line);
        if memchr::memmem::find(&line, b"\"slow\"").is_some() {
            answer.into_iter().for_each(answer_later);
        } else if let Some(answer) = answer {
            output.write_all(&answer).unwrap();
            output.write_all(b"\n").unwrap();
            // Several requests that came together are answered together.
            if input.buffer().is_empty() {
                output.flush().unwrap();
            }
        }
        line.clear();
    }
}

/// Answers in [`SLOW`], while others are answered at once. A short line is written whole.
fn answer_later(mut answer: Vec<u8>) {
    answer.push(b'\n');
    std::thread::spawn(move || {
        std::thread::sleep(SLOW);
        let mut output = std::fs::OpenOptions::new().write(true).open("/proc/self/fd/1").unwrap();
        output.write_all(&answer).unwrap();
    });
}

/// The text of the id: what stands behind `"id":` up to the next comma or brace.
fn id(line: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(line, b"\"id\":")? + 5;
    let end = line[at..].iter().position(|byte| matches!(byte, b',' | b'}'))?;
    Some(&line[at..at + end])
}

/// What it answers.
pub struct Echo {
    list: Vec<u8>,
    big: Vec<u8>,
}

impl Echo {
    pub fn new(tools: usize) -> Self {
        Self { list: list(tools), big: big(1 << 20) }
    }

    /// The response to a request; nothing to what is none.
    pub fn answer(&self, line: &[u8]) -> Option<Vec<u8>> {
        let id = id(line)?;
        let has = |text: &[u8]| memchr::memmem::find(line, text).is_some();
        let result: &[u8] = if has(b"\"tools/call\"") {
            if has(b"\"big\"") {
                &self.big
            } else {
                br#"{"content":[{"type":"text","text":"hello"}]}"#
            }
        } else if has(b"\"tools/list\"") {
            &self.list
        } else if has(b"\"initialize\"") {
            br#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"echo","version":"1"}}"#
        } else {
            let error = b",\"error\":{\"code\":-32601,\"message\":\"no\"}}";
            return Some([b"{\"jsonrpc\":\"2.0\",\"id\":", id, error].concat());
        };
        Some([b"{\"jsonrpc\":\"2.0\",\"id\":", id, b",\"result\":", result, b"}"].concat())
    }
}

fn list(tools: usize) -> Vec<u8> {
    let names = ["echo", "big", "slow"]
        .map(str::to_owned)
        .into_iter()
        .chain((3..tools).map(|n| format!("tool_{n:03}")));
    let tool = |name: String| {
        json!({
            "name": name,
            "description": "A tool of the benchmark, with a description of the usual length, which is about a hundred and fifty characters or some more than that.",
            "inputSchema": { "type": "object", "properties": {
                "text": { "type": "string", "description": "What is to be said, in as many words as it takes." },
                "repeat": { "type": "integer", "minimum": 1, "maximum": 100, "default": 1 },
                "style": { "type": "string", "enum": ["plain", "loud", "quiet", "formal"] },
                "options": { "type": "object", "properties": { "trim": { "type": "boolean" }, "limit": { "type": "integer" } } }
            }, "required": ["text"] }
        })
    };
    json!({ "tools": names.map(tool).collect::<Vec<Value>>() }).to_string().into_bytes()
}

fn big(bytes: usize) -> Vec<u8> {
    json!({ "content": [{ "type": "text", "text": "x".repeat(bytes) }] }).to_string().into_bytes()
}
