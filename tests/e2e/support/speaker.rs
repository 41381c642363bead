//! A client of either era on any wire, which compares texts and changes none.

use std::collections::VecDeque;

use super::raw;
use super::wires::Wire;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    Legacy,
    Modern,
}

/// Why something is not as it should be.
pub type Wrong = String;

/// What every client here can do.
pub const CAPABILITIES: &str =
    r#"{"sampling":{},"elicitation":{"form":{},"url":{}},"roots":{"listChanged":true}}"#;

/// A client that has said hello.
pub struct Speaker<'a> {
    pub wire: Box<dyn Wire + 'a>,
    pub era: Era,
    /// What came and was not taken yet.
    pub inbox: VecDeque<String>,
    last_id: u64,
    /// Further members of every request's `_meta`, each with a comma before it.
    pub meta: String,
}

/// `_meta` of a modern request, without braces.
pub fn modern_meta() -> String {
    format!(
        r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{{"name":"test","version":"1"}},"io.modelcontextprotocol/clientCapabilities":{CAPABILITIES}"#
    )
}

impl<'a> Speaker<'a> {
    /// Says hello.
    pub fn greet(wire: Box<dyn Wire + 'a>, era: Era) -> Result<Self, Wrong> {
        let mut speaker =
            Self { wire, era, inbox: VecDeque::new(), last_id: 0, meta: String::new() };
        match era {
            Era::Legacy => {
                let params = format!(
                    r#""protocolVersion":"2025-11-25","capabilities":{CAPABILITIES},"clientInfo":{{"name":"test","version":"1"}}"#
                );
                let answer = speaker.request("initialize", &params)?;
                same(
                    "the revision",
                    &raw::text(&answer, &["result", "protocolVersion"]),
                    "2025-11-25",
                )?;
                speaker.wire.send(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
            }
            Era::Modern => {
                let answer = speaker.request("server/discover", "")?;
                let versions = raw::get(&answer, &["result", "supportedVersions"]);
                if !versions.is_some_and(|versions| versions.contains("2026-07-28")) {
                    return Err(format!("no discovery: {answer}"));
                }
            }
        }
        Ok(speaker)
    }

    /// Sends a request and returns its id, as it is written. `members`: of `params`, without braces.
    pub fn send(&mut self, method: &str, members: &str) -> String {
        self.last_id += 1;
        // Both kinds of ids.
        let id = match self.last_id % 2 {
            0 => self.last_id.to_string(),
            _ => format!("\"é {}\"", self.last_id),
        };
        let meta = match self.era {
            Era::Legacy => self.meta.trim_start_matches(',').to_owned(),
            Era::Modern => modern_meta() + &self.meta,
        };
        let meta = if meta.is_empty() { String::new() } else { format!(r#""_meta":{{{meta}}}"#) };
        let comma = if meta.is_empty() || members.is_empty() { "" } else { "," };
        self.wire.send(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{members}{comma}{meta}}}}}"#
        ));
        id
    }

    pub fn start_call(&mut self, tool: &str, arguments: &str) -> String {
        self.send("tools/call", &format!(r#""name":"{tool}","arguments":{arguments}"#))
    }

    /// The next message that fits; others stay, in their order.
    pub fn take(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> Result<String, Wrong> {
        if let Some(at) = self.inbox.iter().position(|message| fits(message)) {
            return Ok(self.inbox.remove(at).unwrap());
        }
        loop {
            match self.wire.next() {
                Some(message) if fits(&message) => return Ok(message),
                Some(message) => self.inbox.push_back(message),
                None => {
                    return Err(format!("waited in vain for {what}; came: {:?}", self.inbox));
                }
            }
        }
    }

    /// A notification or a request with this method.
    pub fn take_method(&mut self, method: &str) -> Result<String, Wrong> {
        self.take(method, |message| raw::text(message, &["method"]) == method)
    }

    /// The response to the request with this id.
    pub fn answer(&mut self, id: &str) -> Result<String, Wrong> {
        self.take(&format!("the answer to {id}"), |message| {
            raw::get(message, &["id"]) == Some(id) && raw::get(message, &["method"]).is_none()
        })
    }

    /// The response, whole.
    pub fn request(&mut self, method: &str, members: &str) -> Result<String, Wrong> {
        let id = self.send(method, members);
        self.answer(&id)
    }

    /// The result, as it is written.
    pub fn result(&mut self, method: &str, members: &str) -> Result<String, Wrong> {
        let answer = self.request(method, members)?;
        let result = raw::get(&answer, &["result"]);
        result.map(str::to_owned).ok_or_else(|| format!("{method} has no result: {answer}"))
    }

    pub fn call(&mut self, tool: &str, arguments: &str) -> Result<String, Wrong> {
        self.result("tools/call", &format!(r#""name":"{tool}","arguments":{arguments}"#))
    }

    /// All items of a list, page by page.
    pub fn list(&mut self, method: &str, member: &str) -> Result<Vec<String>, Wrong> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.result(method, &cursor)?;
            all.extend(raw::items(&page, &[member]).into_iter().map(str::to_owned));
            match raw::get(&page, &["nextCursor"]) {
                Some(next) => cursor = format!(r#""cursor":{next}"#),
                None => return Ok(all),
            }
        }
    }

    /// A modern client opens a subscription; the rest of the filter without braces.
    pub fn listen(&mut self, filter: &str) -> Result<String, Wrong> {
        let id = self.send("subscriptions/listen", &format!(r#""notifications":{{{filter}}}"#));
        let first = self.take_method("notifications/subscriptions/acknowledged")?;
        let meta = ["params", "_meta", "io.modelcontextprotocol/subscriptionId"];
        same("the subscription's id", raw::get(&first, &meta).unwrap_or_default(), &id)?;
        same(
            "what is granted",
            raw::get(&first, &["params", "notifications"]).unwrap_or_default(),
            &format!("{{{filter}}}"),
        )?;
        Ok(id)
    }

    /// Nothing came that was not taken.
    pub fn is_silent(&self) -> Result<(), Wrong> {
        if self.inbox.is_empty() { Ok(()) } else { Err(format!("too much came: {:?}", self.inbox)) }
    }
}

/// Two texts that must be one.
pub fn same(what: &str, found: &str, expected: &str) -> Result<(), Wrong> {
    if found == expected {
        return Ok(());
    }
    Err(format!("{what} is\n    {found}\n  and should be\n    {expected}"))
}
