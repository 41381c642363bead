//! How the server greets: as an older one does, or one that refuses what `initialize` says.
//!
//! `--discover=` and `--with=` say what it does about a question that it does not like: `exit`, `silence`,
//! `close` its output, `stuck`, after which it reads no more, or a line to answer with, in which `ID` stands
//! for the id. `--refuse=` says what of `initialize` it does not like: `form`, `elicitation`, or the only
//! revision that it does like; it may be several words. `--told=` is a file for every greeting.

use std::io::Write;

use serde_json::{Value, json};

pub struct Older {
    discover: Option<String>,
    refuse: String,
    with: String,
    told: Option<String>,
}

impl Older {
    /// As the arguments of the program say.
    pub fn given() -> Self {
        let given = |option: &str| {
            std::env::args().skip(1).find_map(|arg| arg.strip_prefix(option).map(str::to_owned))
        };
        Self {
            discover: given("--discover="),
            refuse: given("--refuse=").unwrap_or_default(),
            with: given("--with=").unwrap_or_default(),
            told: given("--told="),
        }
    }

    /// Greets, if this is a greeting that it has something to say about. Else it gives it back.
    pub fn take(&self, line: &str) -> bool {
        // Of other messages not all can be read so.
        let Ok(message) = serde_json::from_str::<Value>(line) else { return false };
        let method = message["method"].as_str().unwrap_or_default();
        if !["server/discover", "initialize"].contains(&method) {
            return false;
        }
        if let Some(path) = &self.told {
            let mut told =
                std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
            let elicitation = &message["params"]["capabilities"]["elicitation"];
            let revision = message["params"]["protocolVersion"].as_str().unwrap_or("discover");
            let pid = std::process::id();
            told.write_all(format!("{pid} {revision} {elicitation}\n").as_bytes()).unwrap();
        }
        match (method, &self.discover) {
            ("server/discover", Some(what)) => react(what, &message["id"]),
            ("initialize", _) if self.refuses(&message["params"]) => {
                react(&self.with, &message["id"]);
            }
            ("initialize", _) if !self.refuse.is_empty() => {
                let result = json!({
                    "protocolVersion": message["params"]["protocolVersion"],
                    "capabilities": { "tools": {} },
                    "serverInfo": { "name": "older", "version": "1" },
                });
                super::answer(&message["id"].to_string(), &result.to_string());
            }
            _ => return false,
        }
        true
    }

    fn refuses(&self, params: &Value) -> bool {
        let elicitation = &params["capabilities"]["elicitation"];
        self.refuse.split_whitespace().any(|word| match word {
            "form" => !elicitation["form"].is_null(),
            "elicitation" => !elicitation.is_null(),
            revision => params["protocolVersion"] != *revision,
        })
    }
}

fn react(what: &str, id: &Value) {
    match what {
        "exit" => {
            super::eprintln_line("Error: expect initialized request");
            std::process::exit(1);
        }
        "silence" => {}
        "close" => {
            drop(super::rustix_close_stdout());
            super::sleep_forever();
        }
        "stuck" => super::sleep_forever(),
        line => super::say(&line.replace("ID", &id.to_string())),
    }
}
