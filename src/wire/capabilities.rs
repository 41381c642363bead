//! What clients and servers say that they can do.

use serde::{Deserialize, Serialize};

use super::list::Topic;
use super::method::Method;
use super::object;

/// What a server declared in its answer to `initialize` or `server/discover`.
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of its own")]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct ServerCapabilities {
    json: String,
    has: [bool; 3],
    announces: [bool; 3],
    pub has_subscriptions: bool,
    pub has_completions: bool,
    pub has_logging: bool,
    /// Tasks as of 2025-11-25.
    pub has_tasks: bool,
    pub lists_tasks: bool,
    pub cancels_tasks: bool,
    /// Tasks as of 2026-07-28, where they are an extension.
    pub has_task_extension: bool,
}

/// Bytes of a server's declaration that are kept as it is written; of a longer one, what is read of it.
const KEPT_MAX: usize = 16 * 1024;

/// The extension's name.
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

impl ServerCapabilities {
    /// Reads the object as the server wrote it.
    pub fn parse(json: &str) -> Self {
        let get = |name| object::get(json, name).filter(|value| *value != "null");
        let is_true = |topic: Topic, name| {
            get(topic.capability()).and_then(|json| object::get(json, name)) == Some("true")
        };
        let tasks = get("tasks").filter(|json| object::is_object(json));
        Self {
            has: Topic::ALL.map(|topic| get(topic.capability()).is_some()),
            announces: Topic::ALL.map(|topic| is_true(topic, "listChanged")),
            has_subscriptions: is_true(Topic::Resources, "subscribe"),
            has_completions: get("completions").is_some(),
            has_logging: get("logging").is_some(),
            has_tasks: tasks.is_some(),
            lists_tasks: tasks.is_some_and(|json| object::get(json, "list").is_some()),
            cancels_tasks: tasks.is_some_and(|json| object::get(json, "cancel").is_some()),
            has_task_extension: get("extensions")
                .is_some_and(|json| object::get(json, TASKS_EXTENSION).is_some()),
            json: json.to_owned(),
        }
        .kept()
    }

    /// The same in few bytes.
    fn kept(mut self) -> Self {
        if self.json.len() > KEPT_MAX {
            let mut members = Vec::new();
            for topic in Topic::ALL.into_iter().filter(|topic| self.has(*topic)) {
                let subscribes = topic == Topic::Resources && self.has_subscriptions;
                members.push(format!(
                    r#""{}":{{"listChanged":{},"subscribe":{subscribes}}}"#,
                    topic.capability(),
                    self.announces(topic)
                ));
            }
            let flag = |has: bool, member: &str| has.then(|| member.to_owned());
            members.extend(flag(self.has_completions, r#""completions":{}"#));
            members.extend(flag(self.has_logging, r#""logging":{}"#));
            if self.has_tasks {
                let list = if self.lists_tasks { r#""list":{}"# } else { "" };
                let cancel = if self.cancels_tasks { r#""cancel":{}"# } else { "" };
                let comma = if self.lists_tasks && self.cancels_tasks { "," } else { "" };
                members.push(format!(r#""tasks":{{{list}{comma}{cancel}}}"#));
            }
            let extension = format!(r#""extensions":{{"{TASKS_EXTENSION}":{{}}}}"#);
            members.extend(self.has_task_extension.then_some(extension));
            self.json = format!("{{{}}}", members.join(","));
        }
        self
    }

    /// The same with topics that the server did not tell of.
    #[must_use]
    pub fn with(&self, topics: &[Topic]) -> Self {
        let all = object::all(&self.json).into_iter();
        let names = topics.iter().map(|topic| topic.capability());
        let others = all.filter(|(name, _)| !names.clone().any(|other| other == name));
        let others =
            others.map(|(name, value)| format!("{}:{value}", serde_json::Value::from(&*name)));
        let added = names.clone().map(|name| format!(r#""{name}":{{}}"#));
        Self::parse(&format!("{{{}}}", added.chain(others).collect::<Vec<_>>().join(",")))
    }

    /// Tasks of either era (2026-07-28 has them as an extension).
    pub fn has_any_tasks(&self) -> bool {
        self.has_tasks || self.has_task_extension
    }

    pub fn has(&self, topic: Topic) -> bool {
        self.has[topic.index()]
    }

    /// Whether it says when a list changes.
    pub fn announces(&self, topic: Topic) -> bool {
        self.announces[topic.index()]
    }
}

impl From<String> for ServerCapabilities {
    fn from(json: String) -> Self {
        Self::parse(&json)
    }
}

impl From<ServerCapabilities> for String {
    fn from(capabilities: ServerCapabilities) -> Self {
        capabilities.json
    }
}

/// What a client declares is kept as it wrote it up to this length, in bytes: it is kept for as long
/// as its session.
const JSON_MAX: usize = 4096;

/// What a client declared in `initialize`, or with a modern request.
#[expect(clippy::struct_excessive_bools, reason = "each is a capability of its own")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCapabilities {
    json: Box<str>,
    can_sample: bool,
    has_roots: bool,
    can_elicit_form: bool,
    can_elicit_url: bool,
}

impl Default for ClientCapabilities {
    fn default() -> Self {
        Self::parse("{}")
    }
}

impl ClientCapabilities {
    /// Reads the object as the client wrote it.
    pub fn parse(json: &str) -> Self {
        let json = if object::is_object(json) { json } else { "{}" };
        let get = |name| object::get(json, name);
        let elicitation = get("elicitation");
        let mode = |name| elicitation.and_then(|json| object::get(json, name)).is_some();
        let found = Self {
            can_sample: get("sampling").is_some(),
            has_roots: get("roots").is_some(),
            // 2025-11-25 ("Capabilities"): an empty object means forms.
            can_elicit_form: elicitation.is_some() && (mode("form") || !mode("url")),
            can_elicit_url: mode("url"),
            json: "".into(),
        };
        let json = if json.len() <= JSON_MAX { json.into() } else { found.known().into() };
        Self { json, ..found }
    }

    /// What we know of, as JSON.
    fn known(&self) -> String {
        let elicitation = match (self.can_elicit_form, self.can_elicit_url) {
            (false, false) => None,
            (true, false) => Some(r#""elicitation":{"form":{}}"#),
            (false, true) => Some(r#""elicitation":{"url":{}}"#),
            (true, true) => Some(r#""elicitation":{"form":{},"url":{}}"#),
        };
        let sampling = self.can_sample.then_some(r#""sampling":{}"#);
        let roots = self.has_roots.then_some(r#""roots":{}"#);
        let members: Vec<&str> = [sampling, roots, elicitation].into_iter().flatten().collect();
        format!("{{{}}}", members.join(","))
    }

    /// The object as the client wrote it.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// The capability that a client needs to answer a server's request.
    pub fn needed_for(method: &Method) -> &'static str {
        match method {
            Method::CreateMessage => "sampling",
            Method::RootsList => "roots",
            _ => "elicitation",
        }
    }

    /// Whether the client can answer this request of a server, which has these `params`.
    pub fn can_answer(&self, method: &Method, params: Option<&str>) -> bool {
        match method {
            Method::CreateMessage => self.can_sample,
            Method::RootsList => self.has_roots,
            Method::Elicit => {
                let mode = params.and_then(|json| object::get(json, "mode"));
                if mode == Some("\"url\"") { self.can_elicit_url } else { self.can_elicit_form }
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientCapabilities, ServerCapabilities};
    use crate::wire::Method;
    use crate::wire::list::Topic;

    #[test]
    fn a_server_can_what_it_says() {
        let json = r#"{"tools":{},"resources":{"subscribe":true,"listChanged":false},"prompts":{"listChanged":true},
            "tasks":{"list":{},"requests":{}},"extensions":{"io.modelcontextprotocol/tasks":{}}}"#;
        let found = ServerCapabilities::parse(json);
        assert_eq!(Topic::ALL.map(|topic| found.has(topic)), [true, true, true]);
        assert_eq!(Topic::ALL.map(|topic| found.announces(topic)), [false, true, false]);
        assert!(found.has_subscriptions && found.has_tasks && found.lists_tasks);
        assert!(!found.has_completions && !found.has_logging && !found.cancels_tasks);
        assert!(found.has_task_extension);
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<ServerCapabilities>(&text).unwrap(), found);
        assert!(!ServerCapabilities::parse("7").has_logging);
        assert!(!ServerCapabilities::parse(r#"{"tools":null}"#).has(Topic::Tools));
        for said in ["{}", "null", "[]", r#"{"tools":null,"logging":{}}"#] {
            let found = ServerCapabilities::parse(said).with(&[Topic::Tools, Topic::Prompts]);
            assert_eq!(Topic::ALL.map(|topic| found.has(topic)), [true, true, false], "{said}");
            let text = serde_json::to_string(&found).unwrap();
            assert_eq!(serde_json::from_str::<ServerCapabilities>(&text).unwrap(), found);
            assert_eq!(found.has_logging, said.contains("logging"));
        }
    }

    #[test]
    fn a_client_is_asked_only_what_it_can_answer() {
        let url = Some(r#"{"mode":"url"}"#);
        let check = |json: &str, expected: [bool; 4]| {
            let client = ClientCapabilities::parse(json);
            let found = [
                client.can_answer(&Method::CreateMessage, None),
                client.can_answer(&Method::RootsList, None),
                client.can_answer(&Method::Elicit, Some(r#"{"mode":"form"}"#)),
                client.can_answer(&Method::Elicit, url),
            ];
            assert_eq!(found, expected, "{json}");
        };
        check("{}", [false; 4]);
        check(r#"{"elicitation":{}}"#, [false, false, true, false]);
        check(r#"{"elicitation":{"url":{}}}"#, [false, false, false, true]);
        check(r#"{"elicitation":{"url":{},"form":{}},"sampling":{}}"#, [true, false, true, true]);
        check(r#"{"roots":{"listChanged":true}}"#, [false, true, false, false]);
        check("7", [false; 4]);
    }
}
