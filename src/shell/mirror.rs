//! What is said and asked while a request runs, shown to whoever sits at the terminal.

use std::cell::RefCell;

use super::person::Person;
use super::question::{AskedField, ServerQuestion};
use crate::json::Json;
use crate::terminal::print;
use crate::wire::{Message, Method, object};

/// How often a field is asked for that was not given as it has to be.
const TRIES_MAX: usize = 5;

/// Shows what comes beside the answer.
pub(super) struct Mirror<'a> {
    /// What was asked for: servers ask in its name.
    name: &'a str,
    progress: RefCell<print::Progress>,
    /// Progress is told in lines of their own.
    in_lines: bool,
}

impl<'a> Mirror<'a> {
    pub(super) fn new(name: &'a str, wants_progress: bool) -> Self {
        let in_lines = wants_progress && !print::is_watched();
        Self { name, progress: RefCell::default(), in_lines }
    }

    /// Whether progress is shown to anybody.
    pub(super) fn shows_progress(&self) -> bool {
        self.in_lines || print::is_watched()
    }

    /// Takes what was shown for a while away.
    pub(super) fn end(&self) {
        self.progress.borrow_mut().clear();
    }

    /// Shows a notification.
    pub(super) fn hear(&self, message: &Message) {
        if message.method() != Some(&Method::Progress) {
            return;
        }
        let text = progress(message.params().unwrap_or("{}"));
        if self.in_lines {
            print::note(&text);
        } else {
            self.progress.borrow_mut().show(&text);
        }
    }

    /// Puts a server's question to the person, and makes the response of what they say.
    pub(super) async fn answer(&self, question: Message) -> String {
        self.end();
        let asked = ServerQuestion::read(question.params().unwrap_or("{}"));
        let result = match Person::find() {
            Some(mut person) => self.put(&asked, &mut person).await,
            None => {
                let said = &asked.message;
                print::note(&format!(
                    "{} asks: {said}: declined, because there is no terminal to answer at",
                    self.name
                ));
                None
            }
        };
        let result = match result {
            Some(content) => Json::object([("action", "accept".into()), ("content", content)]),
            None => Json::object([("action", "decline".into())]),
        };
        let id = question.id().unwrap_or("null");
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#)
    }

    /// The content of the answer; `None`: the person declines.
    async fn put(&self, asked: &ServerQuestion, person: &mut Person) -> Option<Json> {
        print::note(&format!("{} asks: {} (Ctrl-D declines)", self.name, asked.message));
        let has_consented = |line: &str| matches!(line.trim(), "y" | "Y" | "yes");
        if let Some(url) = &asked.url {
            print::note(&format!("  {url}"));
            let line = person.line("  Open it, and say whether you did [y/N]: ").await?;
            return has_consented(&line).then(|| Json::Object(Vec::new()));
        }
        if asked.fields.is_empty() {
            let line = person.line("  Do you agree? [y/N]: ").await?;
            return has_consented(&line).then(|| Json::Object(Vec::new()));
        }
        let mut content = Vec::new();
        for field in &asked.fields {
            if let Some(value) = put_field(field, person).await? {
                content.push((field.name.clone(), value));
            }
        }
        Some(Json::Object(content))
    }
}

/// The value of a field, if it gets one; the outer `None`: the person declines.
async fn put_field(field: &AskedField, person: &mut Person) -> Option<Option<Json>> {
    if let Some(description) = &field.description {
        print::note(&format!("  {description}"));
    }
    for _ in 0..TRIES_MAX {
        let line = person.line(&format!("  {}: ", field.prompt())).await?;
        match field.read(line.trim()) {
            Ok(value) => return Some(value),
            Err(unfit) => print::note(&format!("  {unfit}")),
        }
    }
    None
}

/// The parameters of `notifications/progress` in words.
fn progress(params: &str) -> String {
    let [done, total, message] =
        object::members(params, ["progress", "total", "message"]).unwrap_or_default();
    let done = done.unwrap_or("0");
    let count = total.map_or_else(|| done.to_owned(), |total| format!("{done} of {total}"));
    match message.and_then(object::string) {
        Some(message) => format!("{count}: {message}"),
        None => count,
    }
}

#[cfg(test)]
mod tests {
    use super::progress;

    #[test]
    fn progress_is_told_as_it_was_written() {
        assert_eq!(
            progress(r#"{"progress":1.10,"total":1e400,"message":"é"}"#),
            "1.10 of 1e400: é"
        );
        assert_eq!(progress(r#"{"progress":3}"#), "3");
        assert_eq!(progress("[]"), "0");
    }
}
