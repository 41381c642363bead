//! A daemon with two servers of the fixture and a client, and what tests ask of them.

use serde_json::{Value, json};

use crate::support::{Daemon, Lines, Sandbox, tools, until};

/// What a config has beside the two servers.
#[derive(Default, Clone, Copy)]
pub struct Setup<'a> {
    /// Keys at the top.
    pub top: &'a str,
    /// Keys of `[servers.one]`, and of `[servers.two]`.
    pub one: &'a str,
    pub two: &'a str,
    /// Further arguments of the second server.
    pub args_two: &'a str,
    /// Further sections.
    pub tail: &'a str,
}

pub struct Rig {
    pub client: Lines,
    pub daemon: Daemon,
    pub sandbox: Sandbox,
}

impl Rig {
    pub fn new() -> Self {
        Self::of(Setup::default())
    }

    pub fn top(top: &str) -> Self {
        Self::of(Setup { top, ..Setup::default() })
    }

    pub fn of(setup: Setup<'_>) -> Self {
        let sandbox = Sandbox::new();
        configure(&sandbox, setup);
        let daemon = Daemon::start(&sandbox);
        for server in ["one", "two"] {
            daemon.wait_for("server_ready", |fact| fact["server"] == server);
        }
        let client = Lines::bridge(&sandbox);
        Self { client, daemon, sandbox }
    }

    /// A further client that calls itself `name`.
    pub fn client(&self, name: &str) -> Lines {
        let mut command = self.sandbox.command();
        command.arg("bridge");
        let mut client = Lines::start(command);
        client.greet_as(name, &json!({}));
        client
    }

    /// A new config, in force.
    pub fn reconfigure(&self, setup: Setup<'_>) {
        let reloads = || self.daemon.count("config_reloaded", |_| true);
        let before = reloads();
        configure(&self.sandbox, setup);
        until("the new config", || (reloads() > before).then_some(()));
    }

    /// The result of a call, whatever it says.
    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        result(&self.client.call(tool, arguments))
    }

    /// The payload of a meta-tool that did what it was asked.
    pub fn payload(&mut self, tool: &str, arguments: &Value) -> Value {
        payload(&self.call(tool, arguments))
    }

    /// What a search found: a line for each tool, and the same for programs.
    pub fn searched(&mut self, arguments: &Value) -> Value {
        let result = self.call("callmux_search_tools", arguments);
        assert!(result["isError"].is_null(), "{result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        let found = result["structuredContent"].clone();
        let line = |tool: &Value| {
            let [name, signature] = ["tool", "signature"].map(|key| tool[key].as_str().unwrap());
            let about = tool["description"].as_str().map(|about| format!(" — {about}"));
            format!("{name}{signature}{}", about.unwrap_or_default())
        };
        let tools: Vec<String> = found["results"].as_array().unwrap().iter().map(line).collect();
        let is_told = |line: &str| line.starts_with("No tool") || line.contains(" more match, of ");
        let lines: Vec<&str> = text.lines().filter(|line| !is_told(line)).collect();
        assert_eq!(lines, tools, "{text}");
        found
    }

    /// The error of a meta-tool that did not.
    pub fn error(&mut self, tool: &str, arguments: &Value) -> Value {
        error(&self.call(tool, arguments))
    }

    /// The names that a client lists.
    pub fn names(&mut self) -> Vec<String> {
        names(&mut self.client)
    }

    /// The definition of a tool that is listed.
    pub fn tool(&mut self, name: &str) -> Value {
        let tools = list(&mut self.client);
        let found = tools.iter().find(|tool| tool["name"] == name).cloned();
        found.unwrap_or_else(|| panic!("{name} is not listed"))
    }

    /// What a server wrote down.
    pub fn log(&self, server: &str) -> Vec<Value> {
        let text = std::fs::read_to_string(self.sandbox.path(&format!("{server}.log")));
        let text = text.unwrap_or_default();
        // The last line may be half written.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The calls that servers really got, by their tools.
    pub fn executed(&self) -> Vec<String> {
        let lines = ["one", "two"].into_iter().flat_map(|server| self.log(server));
        lines.filter_map(|line| line["tool"].as_str().map(str::to_owned)).collect()
    }

    /// Waits until a server got `count` calls of a tool.
    pub fn wait_for_calls(&self, server: &str, tool: &str, count: usize) {
        until(&format!("{count} calls of {tool}"), || {
            let calls = self.log(server).iter().filter(|line| line["tool"] == tool).count();
            (calls >= count).then_some(())
        });
    }

    /// Waits until a server was told of `count` cancellations.
    pub fn wait_for_cancels(&self, server: &str, count: usize) {
        until(&format!("{count} cancellations"), || {
            let lines = self.log(server);
            let told = lines.iter().filter(|line| !line["cancelled"].is_null()).count();
            (told >= count).then_some(())
        });
    }

    /// Takes back a request of the client.
    pub fn cancel(&mut self, id: u64) {
        self.client.write(
            &json!({
                "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id },
            })
            .to_string(),
        );
    }
}

fn configure(sandbox: &Sandbox, setup: Setup<'_>) {
    let Setup { top, one, two, args_two, tail } = setup;
    let command = tools().display().to_string();
    let server = |name: &str, args: &str, keys: &str| {
        let log = sandbox.path(&format!("{name}.log")).display().to_string();
        format!(
            "[servers.{name}]\ncommand = \"{command}\"\nargs = [\"--log\", \"{log}\", \"--name\", \"{name}\"{args}]\n{keys}\n"
        )
    };
    let (one, two) = (server("one", "", one), server("two", args_two, two));
    // Most tests are about tools that are there, whatever they cost.
    let exposure = if top.contains("exposure") { "" } else { "exposure = \"full\"\n" };
    let text = format!("{exposure}{top}\n{one}{two}{tail}\n");
    sandbox.write("config/callmux/config.toml", &text);
}

/// The result in an answer.
pub fn result(answer: &Value) -> Value {
    assert!(answer["error"].is_null(), "{answer}");
    answer["result"].clone()
}

/// What a result of a meta-tool says, once as text and once as fields.
pub fn payload(result: &Value) -> Value {
    assert!(result["isError"].is_null(), "{result}");
    let text = result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{result}"));
    let said: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(said, result["structuredContent"]);
    said
}

/// What a refusal says.
pub fn error(result: &Value) -> Value {
    assert_eq!(result["isError"], true, "{result}");
    let text = result["content"][0]["text"].as_str().unwrap();
    let said: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    said["error"].clone()
}

/// The text of a result.
pub fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{result}"))
}

/// The JSON in a text of a result.
pub fn json_text(result: &Value) -> Value {
    serde_json::from_str(text(result)).unwrap_or_else(|error| panic!("{error}: {result}"))
}

pub fn list(client: &mut Lines) -> Vec<Value> {
    let answer = client.request("tools/list", &json!({}));
    result(&answer)["tools"].as_array().unwrap().clone()
}

pub fn names(client: &mut Lines) -> Vec<String> {
    list(client).iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

/// The value with its durations at 0: they are numbers, and no two runs have the same.
pub fn masked(mut value: Value) -> Value {
    mask(&mut value);
    value
}

fn mask(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask),
        Value::Object(members) => {
            for (name, value) in members {
                if ["durationMs", "totalDurationMs"].contains(&name.as_str()) {
                    assert!(value.is_u64(), "{name} is {value}");
                    *value = json!(0);
                } else {
                    mask(value);
                }
            }
        }
        _ => {}
    }
}
