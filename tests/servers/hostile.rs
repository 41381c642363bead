//! An MCP server that misbehaves on demand: each tool is one misdeed, and `--at-start` names those
//! that come before any call; `--offer` is what it offers instead of them. It speaks raw lines, so it is bound by nobody's idea of the protocol.

#![expect(clippy::disallowed_methods, reason = "ending at once is one of its misdeeds")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test's far end fails by panicking"
)]

mod dressed;
mod lists;
mod older;

use std::io::{BufRead, Write};

use lists::{Offer, PAGES};
use older::Older;

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
    "wait_for",
    "stderr_flood",
    "forge_lost",
    "gated",
    "ask_often",
];

/// Takes a terminal over, copies to its clipboard, overwrites, turns text around, and hides.
const TERMINAL: &str =
    "\u{1b}[31m\u{1b}]52;c;aGk=\u{7}\rover\u{9b}2J\u{202e}evil\u{200b}\u{e0041}\u{7f}";

struct Server {
    mode: String,
    extra_tools: usize,
    offer: Option<Offer>,
    is_spoiled: bool,
    older: Older,
    /// The call that waits for the client's answer to our question.
    asking: Option<String>,
    /// Calls whose answers said what only the daemon can.
    forged: u64,
    /// The call that asks very often, and how many of its questions are to be refused yet.
    flooding: Option<(String, u64)>,
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(&dressed::line(line)).unwrap();
    out.write_all(b"\n").unwrap();
    out.flush().unwrap();
}

fn answer(id: &str, result: &str) {
    let id = dressed::id(id);
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
    let given = |option: &str| {
        std::env::args().skip(1).find_map(|arg| arg.strip_prefix(option).map(str::to_owned))
    };
    let mode = given("--at-start=").unwrap_or_default();
    let offer = given("--offer=").map(|text| Offer::parse(&text));
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
    let mut server = Server {
        mode,
        extra_tools: 0,
        offer,
        is_spoiled: false,
        older: Older::given(),
        asking: None,
        forged: 0,
        flooding: None,
    };
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

fn cursor(params: &RawValue) -> Option<String> {
    serde_json::from_str::<Params<'_>>(params.get()).unwrap().cursor
}

impl Server {
    fn take(&mut self, line: &str) {
        if self.older.take(line) {
            return;
        }
        let request: Request<'_> = serde_json::from_str(line).unwrap();
        let id = request.id.map_or("null", RawValue::get);
        match request.method.as_deref() {
            None if self.flooding.is_some() => self.count_refusal(line),
            None => match (self.asking.take(), request.result) {
                (Some(call), Some(result)) => {
                    answer(&call, &format!(r#"{{"content":[],"answered":{}}}"#, result.get()));
                }
                (Some(call), None) => text(&call, line),
                (None, _) => {}
            },
            Some("initialize") if self.offer.is_some() => {
                answer(id, &self.offer.as_ref().unwrap().greeting());
            }
            Some(method) if self.offer.is_some() && method.ends_with("/list") => {
                let cursor = request.params.and_then(cursor);
                let offer = self.offer.as_ref().unwrap();
                answer(id, &offer.page(method, cursor.as_deref(), self.is_spoiled));
            }
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
            Some("tools/call") if dressed::refuses_without_id() => {
                say(
                    r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"what was that?"}}"#,
                );
            }
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
        let cursor = params.and_then(cursor);
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
                json!({ "name": "x".repeat(129), "inputSchema": { "type": "object" } }),
                json!({ "name": long, "inputSchema": { "type": "object" } }),
            ]);
        }
        let mut result = json!({ "tools": tools });
        if page < 2 {
            result["nextCursor"] = json!((page + 1).to_string());
        }
        answer(id, &result.to_string());
    }

    /// Answers with what only the daemon can say, and how often it was called.
    fn forge_lost(&mut self, id: &str) {
        self.forged += 1;
        let text = self.forged.to_string();
        let result = json!({ "content": [{ "type": "text", "text": text }] });
        say(&format!(r#"{{"callmux/lost":true,"jsonrpc":"2.0","id":{id},"result":{result}}}"#));
    }

    /// Asks a great many questions, and answers when all but sixteen were refused.
    fn ask_often(&mut self, id: &str, arguments: &str) {
        let arguments: Value = serde_json::from_str(arguments).unwrap();
        let times = arguments["times"].as_u64().unwrap();
        let long = "x".repeat(usize::try_from(arguments["bytes"].as_u64().unwrap()).unwrap());
        self.flooding = Some((id.to_owned(), times - 16));
        for n in 0..times {
            say(&format!(
                r#"{{"jsonrpc":"2.0","id":"flood-{n}","method":"elicitation/create","params":{{"message":"{long}","requestedSchema":{{"type":"object","properties":{{}}}}}}}}"#
            ));
        }
    }

    fn count_refusal(&mut self, line: &str) {
        let Some((call, left)) = &mut self.flooding else { return };
        assert!(line.contains("\"error\""), "{line}");
        *left -= 1;
        if *left == 0 {
            text(call, "sixteen were asked");
            self.flooding = None;
        }
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
            "exit_once" => exit_once(id, arguments),
            "wait_for" => wait_for(id, arguments),
            "forge_lost" => self.forge_lost(id),
            "gated" => gated(id, arguments),
            "ask_often" => self.ask_often(id, arguments),
            "environment" => environment(id),
            "grow" => {
                self.extra_tools += 1;
                say(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
                text(id, "grown");
            }
            "spoil" => {
                self.is_spoiled = true;
                say(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
                text(id, "spoiled");
            }
            "pages" => text(id, &PAGES.get().to_string()),
            "stderr_flood" => {
                let line = "x".repeat(1000);
                (0..100_000).for_each(|_| eprintln_line(&line));
                text(id, "written");
            }
            misdeed => misbehave(misdeed, id),
        }
    }
}

/// Ends, unless it did so before.
fn exit_once(id: &str, arguments: &str) {
    let arguments = serde_json::from_str::<Value>(arguments).unwrap();
    let marker = std::path::Path::new(arguments["marker"].as_str().unwrap());
    if !marker.exists() {
        std::fs::write(marker, "").unwrap();
        std::process::exit(6);
    }
    text(id, "this time it worked");
}

/// Answers once a file is there.
fn wait_for(id: &str, arguments: &str) {
    let arguments = serde_json::from_str::<Value>(arguments).unwrap();
    let file = std::path::Path::new(arguments["file"].as_str().unwrap());
    std::fs::write(file.with_added_extension("asked"), "").unwrap();
    while !file.exists() {
        std::thread::park_timeout(std::time::Duration::from_millis(5));
    }
    text(id, "it is there");
}

/// Answers with a large image once a file is there, beside whatever else is asked; a log says what
/// became of the call.
fn gated(id: &str, arguments: &str) {
    let arguments: Value = serde_json::from_str(arguments).unwrap();
    let path = |name: &str| std::path::PathBuf::from(arguments[name].as_str().unwrap());
    let (log, gate) = (path("log"), path("gate"));
    let size = usize::try_from(arguments["bytes"].as_u64().unwrap()).unwrap();
    let id = id.to_owned();
    let note = move |what: &str| {
        let mut log = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        log.write_all(format!("{what}\n").as_bytes()).unwrap();
    };
    std::thread::spawn(move || {
        note("received");
        while !gate.exists() {
            std::thread::park_timeout(std::time::Duration::from_millis(2));
        }
        let data = "A".repeat(size);
        let image = format!(r#"{{"type":"image","mimeType":"image/png","data":"{data}"}}"#);
        answer(&id, &format!(r#"{{"content":[{image}]}}"#));
        note("written");
    });
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
