//! What a client gets of a server must be what it would get directly, in its own era's words.

use super::{Cell, Way};
use crate::support::speaker::{CAPABILITIES, Era, Speaker, Wrong, same};
use crate::support::{raw, until};

/// What a model of JSON would lose or change.
const ODD: &str = r#"{"zz":1e400,"aa":9007199254740993,"tenth":0.1,"esc":"\u0041\/","lone":"\ud800","n":null,"a":{"z":[],"a":{}}}"#;

impl Cell<'_> {
    pub fn name(&self, own: &str) -> String {
        format!("{}{own}", self.prefix)
    }

    /// A server's result as this client is to read it.
    pub fn seen(&self, result: &str, is_read: bool) -> String {
        const KIND: &str = r#""resultType":"complete","#;
        let inner = result.strip_prefix('{').unwrap();
        match (self.client.era, self.server) {
            (Era::Legacy, Era::Modern) => format!("{{{}", inner.strip_prefix(KIND).unwrap()),
            (Era::Modern, Era::Legacy) => {
                let hints = if is_read { r#""ttlMs":0,"cacheScope":"private","# } else { "" };
                format!("{{{KIND}{hints}{inner}")
            }
            _ => result.to_owned(),
        }
    }

    /// The same request on both sides has the same result. `members`: of `params`, with `NAME` where
    /// the target's name is.
    fn compare(&mut self, method: &str, members: &str, name: &str) -> Result<(), Wrong> {
        let expected = self.direct.result(method, &members.replace("NAME", name))?;
        let shown = if name.contains("://") { name.to_owned() } else { self.name(name) };
        let found = self.client.result(method, &members.replace("NAME", &shown))?;
        let expected = self.seen(&expected, method == "resources/read");
        same(method, &found, &expected)
    }

    /// Every definition is there as the server wrote it, but for its name.
    fn compare_list(&mut self, method: &str, member: &str) -> Result<(), Wrong> {
        let expected = self.direct.list(method, member)?;
        let found = self.client.list(method, member)?;
        for definition in &expected {
            let own = format!(r#""name":{}"#, raw::get(definition, &["name"]).unwrap());
            let shown = format!(r#""name":"{}"#, self.prefix);
            let is_named = ["tools", "prompts"].contains(&member);
            let own = if is_named { own } else { "no such text".to_owned() };
            let named = own.replacen(r#""name":""#, &shown, 1);
            let definition = definition.replacen(&own, &named, 1);
            if !found.contains(&definition) {
                return Err(format!("{method} lacks {definition}; it has {found:?}"));
            }
        }
        if self.way == Way::Inline && expected.len() != found.len() {
            return Err(format!("{method} has too much: {found:?}"));
        }
        Ok(())
    }

    /// An error's code, and that the server's own members are in it.
    fn refuses(&mut self, method: &str, members: &str, code: i64) -> Result<(), Wrong> {
        let answer = self.client.request(method, members)?;
        let found = raw::get(&answer, &["error", "code"]).unwrap_or(&answer);
        same(&format!("the code for {method} {members}"), found, &code.to_string())
    }
}

pub fn tools(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    cell.compare_list("tools/list", "tools")?;
    cell.compare("tools/call", &format!(r#""zz":{ODD},"name":"NAME","arguments":{ODD}"#), "echo")?;
    cell.compare("tools/call", r#""name":"NAME""#, "echo")?;
    let unknown = cell.name("no_such_tool");
    cell.refuses("tools/call", &format!(r#""name":"{unknown}""#), -32602)?;
    // What the server is told of the client.
    cell.client.meta = format!(r#","x/y":{ODD}"#);
    let tool = cell.name("meta");
    let result = cell.client.call(&tool, "{}")?;
    cell.client.meta.clear();
    let meta = raw::get(&result, &["meta"]).unwrap_or("{}");
    same("_meta", raw::get(meta, &["x/y"]).unwrap_or_default(), ODD)?;
    let member = |name: &str| {
        raw::get(meta, &[&format!("io.modelcontextprotocol/{name}")]).unwrap_or("").to_owned()
    };
    let (version, capabilities) = match cell.server {
        Era::Modern => (r#""2026-07-28""#, CAPABILITIES),
        Era::Legacy => ("", ""),
    };
    same("the version", &member("protocolVersion"), version)?;
    same("the capabilities", &member("clientCapabilities"), capabilities)
}

pub fn resources(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    cell.compare_list("resources/list", "resources")?;
    cell.compare_list("resources/templates/list", "resourceTemplates")?;
    for uri in ["every://a", "every://item/x%20y?z=%C3%A9"] {
        cell.compare("resources/read", &format!(r#""uri":"NAME","zz":{ODD}"#), uri)?;
    }
    let code = if cell.client.era == Era::Modern { -32602 } else { -32002 };
    cell.refuses("resources/read", r#""uri":"every://none""#, code)
}

pub fn prompts(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    cell.compare_list("prompts/list", "prompts")?;
    let members = r#""name":"NAME","arguments":{"who":"\u0041 é","how":"x"}"#;
    cell.compare("prompts/get", members, "greet")?;
    cell.compare("prompts/get", r#""name":"NAME""#, "bare")?;
    let unknown = cell.name("no_such_prompt");
    cell.refuses("prompts/get", &format!(r#""name":"{unknown}""#), -32602)
}

pub fn completion(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    let context = format!(r#""context":{{"arguments":{{"x":"y"}},"zz":{ODD}}}"#);
    let argument = r#""argument":{"name":"who","value":"\u00e9"}"#;
    let prompt =
        format!(r#""ref":{{"type":"ref/prompt","name":"NAME","zz":1e400}},{argument},{context}"#);
    cell.compare("completion/complete", &prompt, "greet")?;
    let template = format!(r#""ref":{{"type":"ref/resource","uri":"NAME"}},{argument}"#);
    cell.compare("completion/complete", &template, "every://item/{id}")
}

/// Calls `progress`: what came before the answer, and the result.
fn watch(
    client: &mut Speaker<'_>,
    tool: &str,
    token: &str,
) -> Result<(Vec<String>, String), Wrong> {
    client.meta = format!(r#","progressToken":{token}"#);
    let id = client.start_call(tool, r#"{"n":20}"#);
    client.meta.clear();
    let answer = client.answer(&id)?;
    let result = raw::get(&answer, &["result"]).unwrap_or(&answer).to_owned();
    Ok((client.inbox.drain(..).collect(), result))
}

pub fn progress(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    let tool = cell.name("progress");
    for token in [r#""p \u00e9""#, "7"] {
        let (expected, result) = watch(cell.direct, "progress", token)?;
        let (found, own_result) = watch(&mut cell.client, &tool, token)?;
        same("progress", &found.join("\n"), &expected.join("\n"))?;
        same("the result", &own_result, &cell.seen(&result, false))?;
        if expected.len() != 20 {
            return Err(format!("no progress but {found:?}"));
        }
    }
    Ok(())
}

impl Cell<'_> {
    /// How often the ledger has a line that begins like this.
    pub fn noted(&self, line: &str) -> usize {
        let text = std::fs::read_to_string(&self.ledger).unwrap_or_default();
        text.lines().filter(|found| found.starts_with(line)).count()
    }

    pub fn wait_noted(&self, line: &str, times: usize) {
        until(&format!("{line} in the ledger"), || (self.noted(line) >= times).then_some(()));
    }
}

pub fn cancel(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    let (tool, echo) = (cell.name("slow"), cell.name("echo"));
    let (started, cancelled) = (cell.noted("started slow"), cell.noted("cancelled slow"));
    let id = cell.client.start_call(&tool, "{}");
    cell.wait_noted("started slow", started + 1);
    let other = cell.client.start_call(&tool, "{}");
    cell.wait_noted("started slow", started + 2);
    cell.client.wire.cancel(&id);
    cell.wait_noted("cancelled slow", cancelled + 1);
    cell.client.call(&echo, "{}")?;
    if cell.noted("cancelled slow") != cancelled + 1 {
        return Err("the other call was taken back, too".to_owned());
    }
    cell.client.wire.cancel(&other);
    cell.wait_noted("cancelled slow", cancelled + 2);
    Ok(())
}

pub fn logging(cell: &mut Cell<'_>) -> Result<(), Wrong> {
    let tool = cell.name("log");
    let levels = |cell: &mut Cell<'_>| -> Result<Vec<String>, Wrong> {
        cell.client.call(&tool, "{}")?;
        let told = cell.client.inbox.drain(..);
        let mut levels = Vec::new();
        for message in told {
            same("the message", &raw::text(&message, &["method"]), "notifications/message")?;
            same("its data", raw::get(&message, &["params", "data"]).unwrap_or(""), "1e400")?;
            levels.push(raw::text(&message, &["params", "level"]));
        }
        Ok(levels)
    };
    let all = levels(cell)?;
    // Without a level a legacy server decides, and a modern one says nothing.
    let expected = if (cell.client.era, cell.server) == (Era::Legacy, Era::Legacy) { 8 } else { 0 };
    if all.len() != expected {
        return Err(format!("without a level there are {all:?}"));
    }
    match cell.client.era {
        Era::Legacy => {
            cell.client.result("logging/setLevel", r#""level":"error""#)?;
        }
        Era::Modern => {
            cell.client.meta += r#","io.modelcontextprotocol/logLevel":"error""#;
        }
    }
    let some = levels(cell)?;
    cell.client.meta.clear();
    same("the levels", &some.join(" "), "error critical alert emergency")?;
    if cell.server == Era::Legacy {
        cell.wait_noted("request logging/setLevel", 1);
    }
    Ok(())
}
