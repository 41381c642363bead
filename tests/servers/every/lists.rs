//! What it offers, and what is read of it: prompts, resources, completion.

use crate::odd::ODD;
use crate::{Refusal, Request, Server, members, text};

const TOOLS: [&str; 14] = [
    "echo",
    "meta",
    "progress",
    "slow",
    "log",
    "sample",
    "elicit",
    "elicit_url",
    "roots",
    "add_tool",
    "remove_tool",
    "add_resource",
    "add_prompt",
    "touch",
];
/// Items on one page.
const PAGE: usize = 4;
const ICONS: &str =
    r#""icons":[{"src":"data:image/png;base64,AA==","sizes":["48x48"],"theme":"dark"}]"#;

pub fn template() -> String {
    format!(
        r#"{{{ODD},"uriTemplate":"every://item/{{id}}","name":"item","title":"Ítem",{ICONS},"annotations":{{"priority":0.1,"audience":["user","assistant"]}}}}"#
    )
}

impl Server {
    pub fn tool_list(&self) -> Vec<String> {
        let names = TOOLS.iter().copied().chain(self.tools.iter().map(String::as_str));
        let definition = |name: &str| {
            let name = serde_json::Value::from(name);
            format!(
                r#"{{{ODD},"title":"Tïtle","name":{name},{ICONS},"inputSchema":{{"type":"object","properties":{{"zeta":{{"const":1e400}},"alpha":{{"maximum":9007199254740993}}}}}},"annotations":{{"title":"7","x":[]}}}}"#
            )
        };
        names.map(definition).collect()
    }

    pub fn prompt_list(&self) -> Vec<String> {
        let names = ["greet", "bare"].into_iter().chain(self.prompts.iter().map(String::as_str));
        let definition = |name: &str| {
            let name = serde_json::Value::from(name);
            format!(
                r#"{{"name":{name},{ICONS},"arguments":[{{"name":"who","required":true,{ODD}}},{{"name":"how"}}],{ODD}}}"#
            )
        };
        names.map(definition).collect()
    }

    pub fn resource_list(&self) -> Vec<String> {
        let uris =
            ["every://a", "every://b"].into_iter().chain(self.resources.iter().map(String::as_str));
        let definition = |uri: &str| {
            let uri = serde_json::Value::from(uri);
            format!(
                r#"{{"size":9007199254740993,"uri":{uri},"name":"n","annotations":{{"priority":0.1}},{ICONS},{ODD}}}"#
            )
        };
        uris.map(definition).collect()
    }

    /// One page of a list.
    pub fn list(&self, request: &Request<'_>, member: &str, all: &[String]) {
        let start: usize = text(request.params.get("cursor")).parse().unwrap_or(0);
        let end = (start + PAGE).min(all.len());
        let items = all[start..end].join(",");
        let next =
            if end < all.len() { format!(r#","nextCursor":"{end}""#) } else { String::new() };
        self.answer_lasting(request.id, &format!(r#""{member}":[{items}]{next},{ODD}"#));
    }

    pub fn prompt(&self, request: &Request<'_>) -> Result<(), Refusal> {
        let name = text(request.params.get("name"));
        if !["greet", "bare"].contains(&name.as_str()) && !self.prompts.contains(&name) {
            return Err((-32602, format!("no such prompt: {name}")));
        }
        let arguments = request.params.get("arguments").map_or("null", |json| json.get());
        self.answer(
            request.id,
            &format!(
                r#""description":"d","messages":[{{"role":"user","content":{{"type":"hologram","of":{arguments},{ODD}}}}}],{ODD}"#
            ),
        );
        Ok(())
    }

    pub fn read(&self, request: &Request<'_>) -> Result<(), Refusal> {
        let uri = text(request.params.get("uri"));
        let known = ["every://a", "every://b"].contains(&uri.as_str())
            || uri.starts_with("every://item/")
            || self.resources.contains(&uri);
        if !known {
            let code = if self.is_modern { -32602 } else { -32002 };
            return Err((code, format!("no such resource: {uri}")));
        }
        let uri = serde_json::Value::from(uri);
        self.answer_lasting(
            request.id,
            &format!(
                r#""contents":[{{"uri":{uri},"text":"é","mimeType":"text/plain",{ODD}}}],{ODD}"#
            ),
        );
        Ok(())
    }

    pub fn complete(&self, request: &Request<'_>) -> Result<(), Refusal> {
        let part = |name: &str| members(request.params.get(name).map_or("{}", |json| json.get()));
        let (reference, argument) = (part("ref"), part("argument"));
        let known = match text(reference.get("type")).as_str() {
            "ref/prompt" => text(reference.get("name")) == "greet",
            "ref/resource" => text(reference.get("uri")) == "every://item/{id}",
            _ => false,
        };
        if !known {
            return Err((-32602, "no such reference".into()));
        }
        let value = argument.get("value").map_or("null", |json| json.get());
        let context = request.params.get("context").map_or("null", |json| json.get());
        self.answer(
            request.id,
            &format!(
                r#""completion":{{"values":[{value},"other"],"total":9007199254740993,"hasMore":false,"context":{context}}},{ODD}"#
            ),
        );
        Ok(())
    }
}
