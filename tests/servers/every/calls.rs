//! Its tools.

use crate::odd::ODD;
use crate::{LOG_LEVEL, Refusal, Request, Server, members, say, text};

const LEVELS: [&str; 8] =
    ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

impl Server {
    pub fn call(&mut self, request: &Request<'_>) -> Result<(), Refusal> {
        let tool = text(request.params.get("name"));
        let arguments = request.params.get("arguments").map_or("{}", |json| json.get());
        let given = members(arguments);
        let done = format!(r#""content":[],{ODD}"#);
        match tool.as_str() {
            "echo" => {
                let members = format!(
                    r#""content":[{{"type":"text","text":"écho",{ODD}}}],"structuredContent":{{"zeta":{arguments},"alpha":1}},{ODD}"#
                );
                self.answer(request.id, &members);
            }
            "meta" => {
                let meta = request.params.get("_meta").map_or("null", |json| json.get());
                self.answer(request.id, &format!(r#"{done},"meta":{meta}"#));
            }
            "progress" => {
                let steps = given.get("n").and_then(|n| n.get().parse::<u64>().ok()).unwrap_or(1);
                if let Some(token) = request.meta.get("progressToken") {
                    for step in 1..=steps {
                        say(&format!(
                            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progress":{step}.10,"total":1e400,"progressToken":{},"message":"é",{ODD}}}}}"#,
                            token.get()
                        ));
                    }
                }
                self.answer(request.id, &done);
            }
            "slow" => {
                self.slow.insert(request.id.to_owned());
                self.note("started slow");
            }
            "log" => {
                self.log(request);
                self.answer(request.id, &done);
            }
            "sample" | "elicit" | "elicit_url" | "roots" => {
                return self.ask_or_go_on(request, &tool);
            }
            "add_tool" => {
                self.tools.push(text(given.get("name")));
                self.list_changed("tools");
                self.answer(request.id, &done);
            }
            "remove_tool" => {
                let name = text(given.get("name"));
                self.tools.retain(|tool| *tool != name);
                self.list_changed("tools");
                self.answer(request.id, &done);
            }
            "add_prompt" => {
                self.prompts.push(text(given.get("name")));
                self.list_changed("prompts");
                self.answer(request.id, &done);
            }
            "add_resource" => {
                self.resources.push(text(given.get("uri")));
                self.list_changed("resources");
                self.answer(request.id, &done);
            }
            "touch" => {
                self.updated(&text(given.get("uri")));
                self.answer(request.id, &done);
            }
            other if self.tools.iter().any(|tool| tool == other) => self.answer(request.id, &done),
            other => return Err((-32602, format!("no such tool: {other}"))),
        }
        Ok(())
    }

    /// One message of each level. A modern client says from which level on it wants them; to a legacy
    /// one this server, rudely, sends all.
    fn log(&self, request: &Request<'_>) {
        let wanted = text(request.meta.get(LOG_LEVEL));
        let from = match (self.is_modern, LEVELS.iter().position(|level| *level == wanted)) {
            (true, from) => from.unwrap_or(LEVELS.len()),
            (false, _) => 0,
        };
        for level in &LEVELS[from..] {
            say(&format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/message","params":{{"level":"{level}","logger":"é","data":1e400,{ODD}}}}}"#
            ));
        }
    }
}
