//! The page for a browser that runs no script: bare tables, made here.

use crate::api::{Finding, ServerReport, Status};
use crate::base::visible;

/// Characters of one text that somebody else wrote.
const TEXT_MAX: usize = 400;

/// Asks for a code. `is_wrong`: one was given that opens nothing.
pub fn entrance(is_wrong: bool) -> String {
    let wrong = "<p role=\"alert\"><strong>This code opens nothing:</strong> it was used, is older than a minute, \
                 was revoked, or is of another daemon.</p>";
    let wrong = if is_wrong { wrong } else { "" };
    let form = "<p>Run <code>callmux dashboard --print</code> and give the part of its link behind \
                <code>#code=</code>. It can be used once, within a minute.</p>\
                <form method=\"post\" action=\"plain\"><p><label for=\"code\">Code</label> \
                <input id=\"code\" name=\"code\" autocomplete=\"off\" required size=\"50\"> \
                <button>Enter</button></p></form>";
    document("Enter", &format!("{wrong}{form}"))
}

/// The page of what the daemon answered.
pub fn of_answer(answer: &[u8]) -> serde_json::Result<String> {
    serde_json::from_slice(answer).map(|told| status(&told))
}

/// How everything is.
pub fn status(status: &Status) -> String {
    let servers: String = status.servers.iter().map(row).collect();
    let findings: String = status.findings.iter().map(finding).collect();
    let findings = if findings.is_empty() {
        "<p>There is nothing to be done.</p>".to_owned()
    } else {
        format!("<ul>{findings}</ul>")
    };
    let Status { version, pid, sessions, calls, tools, .. } = status;
    let body = format!(
        "<p>{}</p><h2>What to do</h2>{findings}<h2>Servers</h2>\
         <table border=\"1\"><caption>Servers: <code>callmux status</code></caption><thead><tr>\
         <th scope=\"col\">Server</th><th scope=\"col\">State</th><th scope=\"col\">Why</th>\
         <th scope=\"col\">Tools</th><th scope=\"col\">In flight</th><th scope=\"col\">Process</th></tr></thead>\
         <tbody>{servers}</tbody></table>\
         <p>callmux {}, process {pid}: {sessions} sessions, {calls} calls run, {tools} tools. \
         <a href=\"plain\">Look again</a></p>\
         <form method=\"post\" action=\"plain\"><p><button name=\"leave\" value=\"1\">Leave</button></p></form>",
        sentence(status),
        shown(version),
    );
    document("Now", &body)
}

/// One sentence of health.
pub fn sentence(status: &Status) -> String {
    let down: Vec<String> = status
        .servers
        .iter()
        .filter(|server| server.is_down())
        .map(|server| shown(&server.title()))
        .collect();
    let all = status.servers.len();
    match down.len() {
        0 if all == 0 => "There is no server yet.".to_owned(),
        0 => format!("All {all} servers are as they should be."),
        1 => format!("{} of {all} servers is down: {}.", 1, down[0]),
        count => format!("{count} of {all} servers are down: {}.", down.join(", ")),
    }
}

fn row(server: &ServerReport) -> String {
    let pid = server.pid.map_or_else(|| "–".to_owned(), |pid| pid.to_string());
    let reason = server.reason.as_deref().map(shown).unwrap_or_default();
    let mut row = format!(
        "<tr><th scope=\"row\">{}</th><td>{}</td><td>{reason}</td><td>{}</td><td>{}</td><td>{pid}</td></tr>",
        shown(&server.title()),
        shown(server.phase.as_str()),
        server.tools,
        server.load.in_flight,
    );
    row.extend(server.instances.iter().map(self::row));
    row
}

fn finding(finding: &Finding) -> String {
    let Finding { severity, message, remedy, .. } = finding;
    format!(
        "<li><strong>{}</strong>: {}. {}</li>",
        shown(severity.as_str()),
        shown(message),
        shown(remedy)
    )
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} – callmux</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" href=\"app.css\"></head>\
         <body class=\"plain\"><main><h1>callmux</h1>{body}</main></body></html>\n"
    )
}

/// Text of others as text: what would be markup is none, and what hides is shown.
fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible::line(text).chars().take(TEXT_MAX) {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}
