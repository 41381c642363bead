//! Command lines as READMEs have them: `claude mcp add …` and its like, or the server's own.

use std::path::Path;

use super::error::{PackageError, refused};
use super::naming;
use super::snippet::{self, PASTED};
use crate::base::quoted;
use crate::imports::ForeignFile;
use crate::json::Json;

/// Words by which a line is more than one command.
const OPERATORS: [&str; 9] = ["|", "||", "&&", "&", ";", ">", ">>", "<", "2>&1"];
/// Programs that write into files of clients instead of running a server.
const INSTALLERS: [&str; 5] =
    ["@smithery/cli", "install-mcp", "add-mcp", "mcp-installer", "mcp-get"];
/// Options with a value that decides nothing here: where the client writes it, what it tells its user.
const WITH_VALUE: [&str; 7] = [
    "-s",
    "--scope",
    "--timeout",
    "--description",
    "--callback-port",
    "--client-id",
    "--exclude-tools",
];
/// And those without one.
const FLAGS: [&str; 6] = ["--trust", "--client-secret", "-y", "--yes", "--force", "-f"];

/// The server of a line.
pub(super) fn read(words: &[String]) -> Result<ForeignFile, PackageError> {
    let words = match words {
        [sudo, rest @ ..] if sudo == "sudo" => rest,
        words => words,
    };
    let is_more = |word: &&String| {
        OPERATORS.contains(&word.as_str()) || word.ends_with(';') || word.starts_with("$(")
    };
    if let Some(word) = words.iter().find(is_more) {
        let word = quoted(word);
        return Err(refused(format!(
            "`{word}` is for a shell, and none runs here; paste the one command, with its values in place"
        )));
    }
    let texts: Vec<&str> = words.iter().map(String::as_str).collect();
    match texts.as_slice() {
        [_, "mcp", "add-json", rest @ ..] => as_json(rest),
        [client, "mcp", "add", rest @ ..] => added(client, rest),
        [_, rest @ ..] if rest.contains(&"--add-mcp") => {
            let at = rest.iter().position(|word| *word == "--add-mcp").unwrap_or_default();
            let text = rest.get(at + 1).ok_or_else(|| lacks("the JSON behind `--add-mcp`"))?;
            snippet::read(text)
        }
        _ => command(words),
    }
}

fn lacks(what: &str) -> PackageError {
    refused(format!("the line lacks {what}; paste the whole line"))
}

/// A server's own command line.
fn command(words: &[String]) -> Result<ForeignFile, PackageError> {
    let (program, args) = words.split_first().ok_or_else(|| lacks("a program"))?;
    let installer = args.iter().find(|word| {
        INSTALLERS
            .iter()
            .any(|name| word.as_str() == *name || word.starts_with(&format!("{name}@")))
    });
    if let Some(word) = installer {
        return Err(refused(format!(
            "`{}` writes into files of clients instead of running a server; name the server itself: its package as \
             npm:NAME or pypi:NAME, its address, or its command behind `--`",
            quoted(word)
        )));
    }
    let entry = Json::object([("command", text(program)), ("args", list(args.iter()))]);
    let name = naming::of_command(words);
    Ok(ForeignFile::of_line(Path::new(PASTED), name.as_str(), entry))
}

/// `… mcp add-json NAME JSON`.
fn as_json(words: &[&str]) -> Result<ForeignFile, PackageError> {
    let mut plain = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "-s" | "--scope" => _ = words.next(),
            word if word.starts_with('-') => {}
            word => plain.push(word),
        }
    }
    let [name, json] = plain.as_slice() else { return Err(lacks("a name and its JSON")) };
    let file = ForeignFile::of_text(Path::new(PASTED), json, None)?;
    Ok(if file.is_one() { file.named(name) } else { file })
}

/// What `… mcp add` was told.
#[derive(Debug, Default)]
struct AddLine<'a> {
    name: Option<&'a str>,
    target: Option<&'a str>,
    args: Vec<&'a str>,
    env: Vec<(String, Json)>,
    headers: Vec<(String, Json)>,
    /// Members of the entry.
    more: Vec<(String, Json)>,
}

/// `CLIENT mcp add …`, as Claude Code, Codex, Gemini and others have it.
fn added(client: &str, words: &[&str]) -> Result<ForeignFile, PackageError> {
    let mut told = AddLine::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        at += 1;
        if *word == "--" {
            let mut rest = words[at..].iter().copied();
            told.target = told.target.or_else(|| rest.next());
            told.args.extend(rest);
            break;
        }
        if word.starts_with('-') && word.len() > 1 {
            at = told.option(word, words, at).map_err(|UnknownOption(word)| {
                refused(format!(
                    "`{client} mcp add` has no option `{}` that callmux knows; give the server's program behind `--`",
                    quoted(word)
                ))
            })?;
        } else if told.name.is_none() {
            told.name = Some(word);
        } else if told.target.is_none() {
            told.target = Some(word);
            if !is_address(word) {
                let rest = &words[at..];
                let rest = rest.strip_prefix(&["--"]).unwrap_or(rest);
                told.args.extend(rest);
                break;
            }
        } else {
            told.args.push(word);
        }
    }
    told.file()
}

/// An option that says nothing here, or is not written as it should be.
struct UnknownOption<'a>(&'a str);

fn is_address(word: &str) -> bool {
    word.starts_with("https://") || word.starts_with("http://")
}

impl<'a> AddLine<'a> {
    /// Takes an option, whose values may begin at `at`; where the next word is. `Err`: it is unknown.
    fn option(
        &mut self,
        word: &'a str,
        words: &[&'a str],
        at: usize,
    ) -> Result<usize, UnknownOption<'a>> {
        let (option, inline) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (option, Some(value)),
            _ => (word, None),
        };
        if FLAGS.contains(&option) {
            return Ok(at);
        }
        let (value, mut next) = match inline {
            Some(value) => (value, at),
            None => (words.get(at).copied().ok_or(UnknownOption(word))?, at + 1),
        };
        match option {
            "-e" | "--env" => {
                // Some take several behind one option.
                let mut value = Some(value);
                while let Some((name, text)) = value.and_then(variable) {
                    self.env.push((name.to_owned(), Json::from(text)));
                    value = words.get(next).copied().filter(|word| variable(word).is_some());
                    next += usize::from(value.is_some());
                }
            }
            "-H" | "--header" => {
                let (name, text) = value.split_once(':').ok_or(UnknownOption(word))?;
                self.headers.push((name.trim().to_owned(), Json::from(text.trim())));
            }
            "-t" | "--transport" | "--type" => self.member("type", Json::from(value)),
            "--name" => self.name = Some(value),
            "--url" | "--command" => self.target = Some(value),
            "--args" => self.args.extend(value.split(',')),
            "--cwd" => self.member("cwd", Json::from(value)),
            "--bearer-token-env-var" => self.member("bearer_token_env_var", Json::from(value)),
            "--include-tools" => self.member("tools", list(value.split(','))),
            option if WITH_VALUE.contains(&option) => {}
            option => return Err(UnknownOption(option)),
        }
        Ok(next)
    }

    fn member(&mut self, key: &str, value: Json) {
        self.more.push((key.to_owned(), value));
    }

    fn file(self) -> Result<ForeignFile, PackageError> {
        let target = self.target.ok_or_else(|| lacks("the server's address or program"))?;
        let mut entry = if is_address(target) {
            vec![("url".to_owned(), Json::from(target))]
        } else {
            let args = list(self.args.iter().copied());
            vec![("command".to_owned(), Json::from(target)), ("args".to_owned(), args)]
        };
        for (key, table) in [("env", self.env), ("headers", self.headers)] {
            if !table.is_empty() {
                entry.push((key.to_owned(), Json::Object(table)));
            }
        }
        entry.extend(self.more);
        let name = self.name.ok_or_else(|| lacks("the server's name"))?;
        Ok(ForeignFile::of_line(Path::new(PASTED), name, Json::Object(entry)))
    }
}

/// `NAME=VALUE`.
fn variable(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, value))
}

fn text(word: &str) -> Json {
    Json::from(word)
}

fn list<T: AsRef<str>>(words: impl Iterator<Item = T>) -> Json {
    Json::Array(words.map(|word| Json::from(word.as_ref())).collect())
}
