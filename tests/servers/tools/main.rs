//! An MCP server with one tool for each thing that a meta-tool has to cope with. It writes down every
//! call that it really got, so that a test can tell what was carried out.
//!
//! `--log FILE`: one JSON line for each call and each cancellation. `--name N`: what it calls itself.
//! `--paged`: the list comes in pages. `--down-while FILE`: it ends at once while there is such a file.

#![expect(clippy::unwrap_used, reason = "a test's far end fails by panicking")]

mod answers;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, Write};
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use answers::Given;

/// Tools on one page.
const PAGE: usize = 5;

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    method: Option<String>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Params<'a> {
    name: String,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    cursor: Option<String>,
    #[serde(borrow, rename = "requestId")]
    request: Option<&'a RawValue>,
}

#[derive(Debug, Default)]
struct Options {
    log: Option<String>,
    name: String,
    is_paged: bool,
}

/// What calls leave behind.
#[derive(Debug, Default)]
struct State {
    has_more: bool,
    counted: u64,
    value: u64,
    waiting: HashMap<String, usize>,
    released: HashSet<String>,
    cancelled: HashSet<String>,
}

#[derive(Debug, Default)]
struct Server {
    options: Options,
    state: Mutex<State>,
    changed: Condvar,
}

fn main() -> ExitCode {
    let mut options = Options { name: "tools".to_owned(), ..Options::default() };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--log" => options.log = args.next(),
            "--name" => options.name = args.next().unwrap(),
            "--paged" => options.is_paged = true,
            "--down-while" if std::path::Path::new(&args.next().unwrap()).exists() => {
                return ExitCode::FAILURE;
            }
            _ => {}
        }
    }
    let server = Arc::new(Server { options, ..Server::default() });
    for line in std::io::stdin().lock().lines() {
        take(&server, &line.unwrap());
    }
    ExitCode::SUCCESS
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn answer(id: &str, result: &str) {
    say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#));
}

fn refuse(id: &str, error: &Value) {
    say(&format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#));
}

fn take(server: &Arc<Server>, line: &str) {
    let request: Request<'_> = serde_json::from_str(line).unwrap();
    let params = request.params.map_or("{}", RawValue::get);
    let params: Params<'_> = serde_json::from_str(params).unwrap();
    let id = request.id.map(RawValue::get);
    match (request.method.as_deref(), id) {
        (Some("initialize"), Some(id)) => {
            let name = &server.options.name;
            let result = json!({
                "protocolVersion": "2025-11-25", "capabilities": { "tools": { "listChanged": true } },
                "serverInfo": { "name": name, "version": "1" },
            });
            answer(id, &result.to_string());
        }
        (Some("tools/list"), Some(id)) => server.list(id, params.cursor.as_deref()),
        (Some("tools/call"), Some(id)) => {
            let arguments = params.arguments.map_or("{}", RawValue::get).to_owned();
            server.note(&format!(r#"{{"tool":{:?},"arguments":{arguments}}}"#, params.name));
            let (server, id, name) = (server.clone(), id.to_owned(), params.name);
            // Whoever waits keeps nobody else waiting.
            if ["slow", "meet", "hold"].contains(&name.as_str()) {
                std::thread::spawn(move || server.call(&id, &name, &arguments));
            } else {
                server.call(&id, &name, &arguments);
            }
        }
        (Some("notifications/cancelled"), _) => {
            let id = params.request.map_or("null", RawValue::get);
            server.state.lock().unwrap().cancelled.insert(id.to_owned());
            server.changed.notify_all();
            server.note(&format!(r#"{{"cancelled":{id}}}"#));
        }
        (Some("ping"), Some(id)) => answer(id, "{}"),
        (Some(_), Some(id)) => refuse(id, &json!({ "code": -32601, "message": "no such method" })),
        _ => {}
    }
}

impl Server {
    fn note(&self, line: &str) {
        let Some(path) = &self.options.log else { return };
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        file.unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn list(&self, id: &str, cursor: Option<&str>) {
        let mut tools: Vec<&RawValue> = serde_json::from_str(include_str!("tools.json")).unwrap();
        let more =
            r#"{"name":"added","description":"It came later","inputSchema":{"type":"object"}}"#;
        if self.state.lock().unwrap().has_more {
            tools.push(serde_json::from_str(more).unwrap());
        }
        let tools: Vec<&str> = tools.into_iter().map(RawValue::get).collect();
        if !self.options.is_paged {
            return answer(id, &format!(r#"{{"tools":[{}]}}"#, tools.join(",")));
        }
        let start: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
        let end = (start + PAGE).min(tools.len());
        let next =
            if end < tools.len() { format!(r#","nextCursor":"{end}""#) } else { String::new() };
        answer(id, &format!(r#"{{"tools":[{}]{next}}}"#, tools[start..end].join(",")));
    }

    fn call(&self, id: &str, tool: &str, arguments: &str) {
        let given = Given::new(arguments);
        match tool {
            "fail" => refuse(
                id,
                &json!({ "code": -32050, "message": "it failed", "data": { "why": "asked to" } }),
            ),
            "slow" => {
                std::thread::sleep(Duration::from_millis(given.number("ms")));
                answer(id, &answers::text(&format!("slept {}", given.number("ms"))));
            }
            "meet" => {
                let all = usize::try_from(given.number("n")).unwrap();
                self.wait(id, "meet", |state| state.waiting["meet"] >= all);
            }
            "hold" => {
                let key = given.text("key");
                self.wait(id, "hold", |state| state.released.contains(&key));
            }
            "release" => {
                self.state.lock().unwrap().released.insert(given.text("key"));
                self.changed.notify_all();
                answer(id, &answers::text("released"));
            }
            "counter" => {
                let mut state = self.state.lock().unwrap();
                state.counted += 1;
                let found = json!({ "calls": state.counted, "value": state.value });
                answer(id, &answers::text(&found.to_string()));
            }
            "mutate" => {
                let mut state = self.state.lock().unwrap();
                state.value += 1;
                answer(id, &answers::text(&json!({ "value": state.value }).to_string()));
            }
            "addtool" => {
                self.state.lock().unwrap().has_more = given.flag("there");
                say(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#);
                answer(id, &answers::text("changed"));
            }
            other => match answers::of(other, &given) {
                Some(result) => answer(id, &result),
                None => refuse(id, &json!({ "code": -32602, "message": "no such tool" })),
            },
        }
    }

    /// Answers once `is_over`; never if the call is taken back.
    fn wait(&self, id: &str, place: &str, is_over: impl Fn(&State) -> bool) {
        let mut state = self.state.lock().unwrap();
        *state.waiting.entry(place.to_owned()).or_default() += 1;
        self.changed.notify_all();
        while !is_over(&state) {
            if state.cancelled.contains(id) {
                return;
            }
            state = self.changed.wait(state).unwrap();
        }
        answer(id, &answers::text("met"));
    }
}
