//! Calls that a person is asked about.

mod desktop;

use serde_json::{Value, json};

use crate::access::Holder;
use crate::support::http::modern_body;
use crate::support::{Daemon, Http, Lines, Pty, Sandbox, callmux, tools};

const RULES: &str = r#"
[[access.rules]]
id = "careful"
tools = ["tools__*"]
effect = "ask"

[[access.rules]]
id = "rest"
effect = "allow"
"#;

/// A daemon with a server that a person is asked about, which writes down what it was really asked.
struct Asked {
    sandbox: Sandbox,
    daemon: Daemon,
}

fn begin(more: &str) -> Asked {
    let sandbox = Sandbox::new();
    let log = sandbox.path("log");
    let server = format!(
        "[servers.tools]\ncommand = {:?}\nargs = [\"--log\", {:?}]\n",
        tools().display().to_string(),
        log.display().to_string()
    );
    sandbox.write("config/callmux/config.toml", &format!("{server}{RULES}{more}"));
    let daemon = Daemon::start(&sandbox);
    daemon.wait_for("server_ready", |fact| fact["server"] == "tools");
    Asked { sandbox, daemon }
}

impl Asked {
    /// What the server really got.
    fn calls(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.sandbox.path("log")).unwrap_or_default();
        let name = |line: &str| serde_json::from_str::<Value>(line).unwrap()["tool"].to_string();
        log.lines().map(name).collect()
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let output = self.sandbox.command().args(words).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// The same in a terminal of its own, as a person has it.
    fn at_terminal(&self, words: &str) -> (Option<i32>, String) {
        Pty::start(&self.sandbox, &format!("{} {words}", callmux())).finish()
    }

    /// The questions that wait.
    fn waiting(&self) -> Vec<Value> {
        let (code, out, err) = self.run(&["approvals", "--json"]);
        assert_eq!(code, Some(0), "{err}");
        serde_json::from_str::<Value>(&out).unwrap()["approvals"].as_array().unwrap().clone()
    }

    /// A client in a session of its own, which an agent has as well.
    fn agent(&self) -> Lines {
        let mut command = self.sandbox.program("setsid");
        command.args(["--wait", "sh", "-c", "\"$0\" bridge; exit $?", callmux()]);
        Lines::start(command)
    }
}

fn text(answer: &Value) -> String {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

const FORM: &str = r#"{"elicitation":{}}"#;

fn said(decision: &str) -> Value {
    json!({ "action": "accept", "content": { "decision": decision } })
}

/// A call of a client that shows its person the question, and what comes of what they say.
fn call_and_say(client: &mut Lines, arguments: &Value, said: &Value) -> Value {
    let id = client.start_call("tools__echo", arguments);
    let question = client.take("a question", |line| line.contains("elicitation/create"));
    let question: Value = serde_json::from_str(&question).unwrap();
    let message = question["params"]["message"].as_str().unwrap();
    assert!(message.starts_with("May `tools__echo` of server tools be called?"), "{message}");
    assert!(message.contains("the access rule careful") && !message.contains('\u{1b}'));
    client.write(&json!({ "jsonrpc": "2.0", "id": question["id"], "result": said }).to_string());
    client.answer(id)
}

#[test]
fn a_client_that_can_show_a_form_asks_its_person() {
    let asked = begin("");
    let mut client = Lines::bridge(&asked.sandbox);
    client.greet(&serde_json::from_str(FORM).unwrap());
    let no = [said("deny"), json!({ "action": "decline" }), json!({ "action": "cancel" })];
    for (at, no) in no.iter().enumerate() {
        let arguments = json!({ "text": format!("{at}\u{1b}") });
        let refused = call_and_say(&mut client, &arguments, no);
        assert!(text(&refused).contains("approval_denied"), "{refused}");
        // Whoever was refused is not asked about the very same at once.
        let again = client.call("tools__echo", &arguments);
        assert!(text(&again).contains("approval_denied"), "{again}");
    }
    assert_eq!(asked.calls(), Vec::<String>::new());
    let arguments = json!({ "text": "x" });
    for _ in 0..2 {
        let done = call_and_say(&mut client, &arguments, &said("once"));
        assert_eq!(done["result"]["isError"], Value::Null, "{done}");
    }
    call_and_say(&mut client, &json!({ "text": "y" }), &said("hour"));
    let done = client.call("tools__echo", &json!({ "text": "z" }));
    assert_eq!(done["result"]["isError"], Value::Null, "of the same tool: {done}");
    assert_eq!(asked.calls().len(), 4);
    let told = |name: &str| asked.daemon.count(name, |_| true);
    assert_eq!((told("approval_asked"), told("approval_answered")), (6, 6));
    asked.daemon.expect_count("call_finished", 6, |fact| {
        fact["outcome"] == "unapproved" && fact["rule"] == "careful"
    });
}

#[test]
fn a_modern_client_is_asked_by_the_end_of_a_round() {
    let asked = begin("");
    let mut client = Http::unix(&asked.daemon);
    let capabilities: Value = serde_json::from_str(FORM).unwrap();
    let mut call = |more: &Value| {
        let mut params = json!({ "name": "tools__echo", "arguments": { "text": "x" } });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut body: Value = serde_json::from_str(&modern_body("tools/call", &params)).unwrap();
        body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] =
            capabilities.clone();
        let headers = [
            ("MCP-Protocol-Version", "2026-07-28"),
            ("Mcp-Method", "tools/call"),
            ("Mcp-Name", "tools__echo"),
        ];
        client.post(&body.to_string(), &headers).json()["result"].clone()
    };
    let question = call(&json!({}));
    assert_eq!(question["resultType"], "input_required", "{question}");
    let asked_for = &question["inputRequests"]["callmux-approval"];
    assert_eq!(asked_for["method"], "elicitation/create", "{question}");
    let mut answer = |decision: Value| {
        let responses = json!({ "callmux-approval": decision });
        call(&json!({ "requestState": question["requestState"], "inputResponses": responses }))
    };
    let done = answer(said("once"));
    assert_eq!(
        (&done["resultType"], &done["isError"]),
        (&json!("complete"), &Value::Null),
        "{done}"
    );
    // One word is for one call, whoever repeats what was said.
    let again = answer(said("once"));
    assert_eq!(again["resultType"], "input_required", "{again}");
    assert_eq!(asked.calls().len(), 1);
}

/// The id of the question that a refused call is told.
fn id_of(refused: &Value) -> String {
    let told: Value = serde_json::from_str(&text(refused)).unwrap();
    assert_eq!(told["error"]["code"], "approval_required", "{refused}");
    told["error"]["details"]["approval"].as_str().unwrap().to_owned()
}

#[test]
fn what_no_client_asks_is_answered_at_a_terminal_and_not_by_the_agent() {
    let asked = begin("");
    let mut agent = asked.agent();
    agent.greet(&json!({}));
    let arguments = json!({ "text": "x" });
    let id = id_of(&agent.call("tools__echo", &arguments));
    assert_eq!(id_of(&agent.call("tools__echo", &arguments)), id, "it is one question");
    let waiting = asked.waiting();
    assert_eq!((waiting.len(), &waiting[0]["calls"][0]["name"]), (1, &json!("tools__echo")));

    let (code, _, err) = asked.run(&["approvals", "approve", "00000000"]);
    assert!(code == Some(1) && err.contains("no question `00000000` waits"), "{err}");
    let (code, shown) = asked.at_terminal(&format!("approvals approve {id}"));
    assert!(shown.contains("allowed once") && code == Some(0), "{shown}");
    let done = agent.call("tools__echo", &arguments);
    assert_eq!(done["result"]["isError"], Value::Null, "{done}");
    let next = id_of(&agent.call("tools__echo", &arguments));
    assert_ne!(next, id);
    let (code, out, err) = asked.run(&["approvals", "deny", &next]);
    assert!(code == Some(0) && out.contains("refused"), "{err}");
    assert!(text(&agent.call("tools__echo", &arguments)).contains("approval_denied"));
    assert_eq!(asked.calls().len(), 1);
}

#[test]
fn an_agent_does_not_answer_for_its_person() {
    let asked = begin("");
    // This test is the agent: the bridge and the shell are its children.
    let mut client = Lines::bridge(&asked.sandbox);
    client.greet(&json!({}));
    let id = id_of(&client.call("tools__echo", &json!({ "text": "x" })));
    let (code, _, err) = asked.run(&["approvals", "approve", &id]);
    assert!(code == Some(1) && err.contains("under the client that asks"), "{err}");
    let (code, shown) = asked.at_terminal(&format!("approvals approve {id} --for hour"));
    assert!(shown.contains("under the client that asks") && code == Some(1), "{shown}");
    let mut http = Http::tcp(&asked.daemon);
    let reply = http.post_to(&format!("/api/v1/approvals/{id}/once"), "", &[]);
    assert!(reply.status == 403 || reply.status == 404, "{}", reply.body);
    assert_eq!(asked.calls(), Vec::<String>::new());
}

#[test]
fn an_answer_for_good_is_a_file_of_the_config() {
    let asked = begin("");
    let mut agent = asked.agent();
    agent.greet(&json!({}));
    let id = id_of(&agent.call("tools__echo", &json!({})));
    let verdict = |expected: &str| {
        let (_, out, err) = asked.run(&["access", "test", "tools__echo", "--json"]);
        let told: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{err}"));
        assert_eq!(told["verdicts"][0]["effect"], expected, "{out}");
    };
    verdict("ask");
    let before = asked.daemon.count("config_reloaded", |_| true);
    let (code, shown) = asked.at_terminal(&format!("approvals approve {id} --for always"));
    assert!(shown.contains("allowed for good") && code == Some(0), "{shown}");
    asked.daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    verdict("allow");
    let done = agent.call("tools__echo", &json!({ "text": "other" }));
    assert_eq!(done["result"]["isError"], Value::Null, "{done}");
    let _other = id_of(&agent.call("tools__counter", &json!({})));
}

#[test]
fn who_holds_a_token_is_not_asked_about_its_own_calls() {
    let asked = begin("");
    let before = asked.daemon.count("config_reloaded", |_| true);
    let (code, token, err) = asked.run(&["token", "new", "ci"]);
    assert_eq!(code, Some(0), "{err}");
    asked.daemon.wait_for_count("config_reloaded", before + 1, |_| true);
    let mut holder = Holder::new(Http::tcp(&asked.daemon), token.trim());
    let params = json!({
        "protocolVersion": "2025-11-25", "capabilities": { "elicitation": {} },
        "clientInfo": { "name": "test", "version": "1" },
    });
    let reply = holder.ask("initialize", &params);
    holder.http.session = reply.header("mcp-session-id").map(str::to_owned);
    let refused = holder.call("tools__echo", &json!({}));
    let _id = id_of(&refused);
    assert_eq!(asked.waiting()[0]["principal"], "token:ci");
    assert_eq!(asked.calls(), Vec::<String>::new());
}

#[test]
fn a_question_outlives_the_daemon() {
    let Asked { sandbox, mut daemon } = begin("");
    let mut client = Http::unix(&daemon).legacy(&json!({}));
    let id = id_of(&client.call("tools__echo", &json!({})).json());
    daemon.kill();
    let asked = Asked { daemon: Daemon::start(&sandbox), sandbox };
    asked.daemon.wait_for("daemon_ready", |_| true);
    let waiting = asked.waiting();
    assert_eq!(waiting[0]["id"], json!(id));
}

#[test]
fn no_way_leads_around_a_person() {
    let asked = begin("[recipes.both]\ntool = \"tools__echo\"\nitems = [{ text = \"r\" }]\n");
    let mut agent = asked.agent();
    agent.greet(&json!({}));
    let call = json!({ "tool": "tools__echo", "arguments": { "text": "p" } });
    for (tool, arguments) in [
        ("callmux_parallel", json!({ "calls": [call] })),
        ("callmux_batch", json!({ "tool": "tools__echo", "items": [{ "text": "b" }] })),
        ("callmux_pipeline", json!({ "steps": [call] })),
        ("callmux_call", call.clone()),
        ("callmux_recipe_run", json!({ "recipe": "both", "name": "both" })),
    ] {
        let answer = agent.call(tool, &arguments).to_string();
        assert!(
            answer.contains("approval_required") || answer.contains("unknown"),
            "{tool}: {answer}"
        );
    }
    assert_eq!(asked.calls(), Vec::<String>::new());
    assert!(!asked.waiting().is_empty());
}

#[test]
fn a_call_waits_for_who_looks() {
    let asked = begin("");
    let mut agent = asked.agent();
    agent.greet(&json!({}));
    let mut person = Pty::start(&asked.sandbox, &format!("{} approvals watch", callmux()));
    // It may come before anybody looks; the person sees it all the same.
    let first = agent.start_call("tools__echo", &json!({ "text": "first" }));
    person.answer("[d]eny? ", "o\n");
    person.answer("allowed once", "");
    drop(agent.answer(first));
    // From now on somebody looks.
    let second = agent.start_call("tools__echo", &json!({ "text": "second" }));
    person.answer("second", "d\n");
    assert!(text(&agent.answer(second)).contains("approval_denied"));
    let third = agent.start_call("tools__echo", &json!({ "text": "third" }));
    person.answer("third", "h\n");
    assert_eq!(agent.answer(third)["result"]["isError"], Value::Null);
    person.answer("allowed for an hour", "\u{3}");
}

#[test]
fn many_calls_at_once_are_one_question() {
    let asked = begin("");
    let mut client = Lines::bridge(&asked.sandbox);
    client.greet(&serde_json::from_str(FORM).unwrap());
    let call = |n: u32| json!({ "tool": "tools__echo", "arguments": { "n": n } });
    let calls: Vec<Value> = (0..20).map(call).collect();
    let mut run = |decision: &str| {
        let id = client.start_call("callmux_parallel", &json!({ "calls": calls }));
        let question = client.take("a question", |line| line.contains("elicitation/create"));
        let question: Value = serde_json::from_str(&question).unwrap();
        let message = question["params"]["message"].as_str().unwrap();
        assert!(message.starts_with("May these 20 calls be made?\n- tools__echo"), "{message}");
        let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": said(decision) });
        client.write(&answer.to_string());
        let answer = client.answer(id);
        let told: Value = serde_json::from_str(&text(&answer)).unwrap();
        (told["succeeded"].clone(), told["failed"].clone())
    };
    assert_eq!(run("once"), (json!(20), json!(0)));
    assert_eq!(run("deny"), (json!(0), json!(20)));
    assert_eq!(asked.calls().len(), 20);
    assert_eq!(asked.daemon.count("approval_asked", |_| true), 2);
}

#[test]
fn a_command_line_asks_nobody_at_its_own_terminal() {
    let asked = begin("");
    let (_, out, err) = asked.run(&["call", "tools__echo", "text=x"]);
    assert!((out.clone() + &err).contains("approval_required"), "{out}{err}");
    let (_, shown) = asked.at_terminal("call tools__echo text=x");
    assert!(shown.contains("approval_required"), "{shown}");
    // Nor does its shell answer once it has ended.
    let id = asked.waiting()[0]["id"].as_str().unwrap().to_owned();
    let (code, shown) = asked.at_terminal(&format!("approvals approve {id}"));
    assert!(shown.contains("under the client that asks") && code == Some(1), "{shown}");
    assert_eq!(asked.calls(), Vec::<String>::new());
}
