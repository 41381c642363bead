//! An MCP server that misbehaves on demand: each tool is one misdeed, and `--at-start` names those
//! that come before any call. It speaks raw lines, so it is bound by nobody's idea of the protocol.

#![expect(clippy::disallowed_methods, reason = "ending at once is one of its misdeeds")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's far end fails by panicking"
)]

use std::io::{BufRead, Write};

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// A request with its parts as they are written.
#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Params<'a> {
    name: Option<String>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
    cursor: Option<String>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    token: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Mirror<'a> {
    #[serde(borrow)]
    value: &'a RawValue,
}

const TOOLS: &[&str] = &[
    "mirror",
    "received",
    "progress",
    "ask",
    "twice",
    "strangers",
    "bad_utf8",
    "not_json",
    "half_line",
    "giant_line",
    "flood",
    "stop_reading",
    "close_output",
    "exit",
    "exit_once",
    "crash",
    "hang",
    "grow",
    "environment",
    "big",
    "stderr_flood",
];

/// Takes a terminal over, copies to its clipboard, overwrites, turns text around, and hides.
const TERMINAL: &str =
    "\u{1b}[31m\u{1b}]52;c;aGk=\u{7}\rover\u{9b}2J\u{202e}evil\u{200b}\u{e0041}\u{7f}";

struct Server {
    mode: String,
    extra_tools: usize,
    /// The call that waits for the client's answer to our question.
    asking: Option<String>,
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).unwrap();
    out.write_all(b"\n").unwrap();
    out.flush().unwrap();
}

fn answer(id: &str, result: &str) {
    say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#));
}

fn text(id: &str, text: &str) {
    answer(id, &json!({ "content": [{ "type": "text", "text": text }] }).to_string());
}

/// Writes until nobody reads any more.
fn write_forever(chunk: &[u8]) {
    let mut out = std::io::stdout().lock();
    while out.write_all(chunk).is_ok() {}
}

fn sleep_forever() -> ! {
    loop {
        std::thread::park();
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mode =
        args.find_map(|arg| arg.strip_prefix("--at-start=").map(str::to_owned)).unwrap_or_default();
    match mode.as_str() {
        "banner" => (0..20).for_each(|n| println!("Server starting, step {n} ...")),
        "never_ready" => sleep_forever(),
        "exit" => std::process::exit(7),
        "terminal_words" => {
            eprintln_line(TERMINAL);
            std::process::exit(9);
        }
        "words" => {
            eprintln_line("cannot open the database");
            std::process::exit(9);
        }
        _ => {}
    }
    let mut server = Server { mode, extra_tools: 0, asking: None };
    for line in std::io::stdin().lock().lines() {
        server.take(&line.unwrap());
    }
    if server.mode == "ignores_the_end" {
        sleep_forever();
    }
}

fn eprintln_line(text: &str) {
    let mut err = std::io::stderr().lock();
    err.write_all(format!("{text}\n").as_bytes()).unwrap();
}

impl Server {
    fn take(&mut self, line: &str) {
        let request: Request<'_> = serde_json::from_str(line).unwrap();
        let id = request.id.map_or("null", RawValue::get);
        match request.method.as_deref() {
            None => match (self.asking.take(), request.result) {
                (Some(call), Some(result)) => {
                    answer(&call, &format!(r#"{{"content":[],"answered":{}}}"#, result.get()));
                }
                (Some(call), None) => text(&call, line),
                (None, _) => {}
            },
            Some("initialize") if self.mode == "terminal_error" => {
                let error = json!({ "code": -32603, "message": TERMINAL });
                say(&json!({ "jsonrpc": "2.0", "id": request.id, "error": error }).to_string());
            }
            Some("initialize") if self.mode == "terminal" => {
                eprintln_line(TERMINAL);
                let result = json!({
                    "protocolVersion": TERMINAL,
                    "capabilities": { "tools": {} },
                    "serverInfo": { "name": TERMINAL, "version": TERMINAL },
                    "instructions": TERMINAL,
                });
                answer(id, &result.to_string());
            }
            Some("tools/list") if self.mode == "terminal" => {
                let tool = |name: String| json!({ "name": name, "description": TERMINAL, "inputSchema": { "type": "object" } });
                let names = ["fine".to_owned(), TERMINAL.to_owned(), "\u{202e}".to_owned()];
                answer(id, &json!({ "tools": names.map(tool) }).to_string());
            }
            Some("initialize") => answer(
                id,
                r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"hostile","version":"1"},"instructions":"Beware."}"#,
            ),
            Some("tools/list") => self.list(id, request.params),
            Some("tools/call") => self.call(id, request.params.unwrap().get(), line),
            Some("ping") => answer(id, "{}"),
            Some(_) if request.id.is_some() && self.mode != "silent" => {
                say(&format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32601,"message":"no"}}}}"#
                ));
            }
            Some(_) => {}
        }
    }

    /// Three pages, whatever the number of tools.
    fn list(&self, id: &str, params: Option<&RawValue>) {
        let cursor =
            params.and_then(|p| serde_json::from_str::<Params<'_>>(p.get()).unwrap().cursor);
        let page: usize = cursor.and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
        let mut names: Vec<String> = TOOLS.iter().map(|name| (*name).to_owned()).collect();
        names.extend((0..self.extra_tools).map(|n| format!("extra_{n}")));
        let size = names.len().div_ceil(3);
        let definition = |name: &String| {
            let schema = json!({ "type": "object" });
            let is_safe = name == "exit_once";
            json!({ "name": name, "inputSchema": schema, "annotations": { "readOnlyHint": is_safe } })
        };
        let mut tools: Vec<Value> =
            names.iter().skip(page * size).take(size).map(definition).collect();
        if self.mode == "bad_definitions" && page == 0 {
            let long = "l".repeat(60);
            tools.extend([
                json!({ "name": "no schema" }),
                json!({ "name": "boolean_schema", "inputSchema": true }),
                json!({ "name": "x".repeat(129), "inputSchema": {} }),
                json!({ "name": long, "inputSchema": {} }),
            ]);
        }
        let mut result = json!({ "tools": tools });
        if page < 2 {
            result["nextCursor"] = json!((page + 1).to_string());
        }
        answer(id, &result.to_string());
    }

    fn call(&mut self, id: &str, params: &str, line: &str) {
        let params: Params<'_> = serde_json::from_str(params).unwrap();
        let arguments = params.arguments.map_or("{}", RawValue::get);
        let token = params.meta.and_then(|meta| meta.token).map(RawValue::get);
        match params.name.as_deref().unwrap() {
            "mirror" => {
                let mirror: Mirror<'_> = serde_json::from_str(arguments).unwrap();
                answer(id, mirror.value.get());
            }
            "received" => text(id, line),
            "progress" => {
                for n in 0..50 {
                    let token = token.unwrap_or("0");
                    say(&format!(
                        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{n}}}}}"#
                    ));
                }
                text(id, "done");
            }
            "ask" => {
                self.asking = Some(id.to_owned());
                say(
                    r#"{"jsonrpc":"2.0","id":"question-1","method":"elicitation/create","params":{"message":"Your name?","requestedSchema":{"type":"object","properties":{}}}}"#,
                );
            }
            "twice" => {
                text(id, "first");
                text(id, "second");
            }
            "strangers" => {
                for stranger in ["999999", "\"1\"", "null", "1.5"] {
                    answer(stranger, "{}");
                }
                text(id, "mine");
            }
            "big" => {
                let size =
                    serde_json::from_str::<Value>(arguments).unwrap()["bytes"].as_u64().unwrap();
                text(id, &"x".repeat(usize::try_from(size).unwrap()));
            }
            "exit_once" => {
                let arguments = serde_json::from_str::<Value>(arguments).unwrap();
                let marker = std::path::Path::new(arguments["marker"].as_str().unwrap());
                if !marker.exists() {
                    std::fs::write(marker, "").unwrap();
                    std::process::exit(6);
                }
                text(id, "this time it worked");
            }
            "environment" => environment(id),
            "grow" => {
                self.extra_tools += 1;
                say(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
                text(id, "grown");
            }
            "stderr_flood" => {
                let line = "x".repeat(1000);
                (0..100_000).for_each(|_| eprintln_line(&line));
                text(id, "written");
            }
            misdeed => misbehave(misdeed, id),
        }
    }
}

fn environment(id: &str) {
    let names: Vec<String> = std::env::vars().map(|(name, _)| name).collect();
    let fds: Vec<String> = std::fs::read_dir("/proc/self/fd")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    // The directory that is being read is one of them.
    let cwd = std::env::current_dir().unwrap();
    text(id, &json!({ "names": names, "fds": fds.len() - 1, "cwd": cwd }).to_string());
}

/// The misdeeds after which nothing good comes any more.
fn misbehave(misdeed: &str, id: &str) {
    match misdeed {
        "bad_utf8" => {
            let mut out = std::io::stdout().lock();
            out.write_all(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":\"").as_bytes())
                .unwrap();
            out.write_all(b"\xff\"}\n").unwrap();
            out.flush().unwrap();
        }
        "not_json" => say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[}}}}"#)),
        "half_line" => {
            let mut out = std::io::stdout().lock();
            out.write_all(format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"res").as_bytes()).unwrap();
            out.flush().unwrap();
            std::process::exit(0);
        }
        // A gibibyte would be next; the reader is expected to have had enough long before.
        "giant_line" => write_forever(&[b'x'; 8192]),
        "flood" => write_forever(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/noise\"}\n"),
        "stop_reading" => sleep_forever(),
        "close_output" => {
            drop(rustix_close_stdout());
            sleep_forever();
        }
        "exit" => std::process::exit(5),
        "crash" => std::process::abort(),
        "hang" => {}
        other => panic!("no such misdeed: {other}"),
    }
}

/// Points stdout elsewhere, so that the pipe has no writer left.
fn rustix_close_stdout() -> std::io::Result<()> {
    let null = std::fs::OpenOptions::new().write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdout(&null)?;
    Ok(())
}
