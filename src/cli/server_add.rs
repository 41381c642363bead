//! `callmux server add`.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use super::args_server::{AddArgs, AuthType, ReadyArgs, RegistryArgs, ScopeType, TransportType};
use super::serve::refuse;
use super::server_done::{Done, failed, finish, parse, say, shown};
use super::server_ready;
use crate::base::{Secret, ServerName, dirs, program};
use crate::config::Location;
use crate::json::Json;
use crate::packages::addition::{Addition, NewServer};
use crate::packages::bundle::BUNDLES;
use crate::packages::error::PackageError;
use crate::packages::form::{FORMS, Form, TEXT_MAX};
use crate::packages::given::Given;
use crate::packages::question::{PackageAnswers, PackageQuestion};
use crate::packages::registry::Registries;
use crate::packages::wishes::{WantedTransport, Wishes};
use crate::terminal::{Exit, ask, print};

pub(super) fn add(location: &Location, args: &AddArgs) -> Result<Exit, Exit> {
    let (name, given) = given(args)?;
    let wishes = wishes(args, name)?;
    let given_ahead = pairs(&args.set, '=', "--set", "NAME=VALUE")?;
    let mut answers = Answers { given: given_ahead, used: BTreeSet::new(), asks: !args.json };
    let planned = Addition::plan(location, given, &wishes, &mut answers);
    let mut addition = planned.map_err(|error| refusal(&error))?;
    addition.told.iter().for_each(|line| print::note(line));
    for (key, _) in answers.given.iter().filter(|(key, _)| !answers.used.contains(key)) {
        print::note(&format!("warning: `--set {key}=…` is for nothing that this server asks"));
    }
    if args.dry_run {
        show(args, &addition.servers);
        return Ok(Exit::Fine);
    }
    addition.write(location).map_err(|error| refusal(&error))?;
    let (mut exit, mut reports) = (Exit::Fine, Vec::new());
    for server in &addition.servers {
        let (ended, report) = look(location, args, server)?;
        reports.push(report);
        exit = if ended == Exit::Fine { exit } else { ended };
    }
    if args.json {
        print::json(&one_or_all(reports).to_string());
    }
    Ok(exit)
}

/// Tells what was added, and how it is.
fn look(
    location: &Location,
    args: &AddArgs,
    server: &NewServer,
) -> Result<(Exit, serde_json::Value), Exit> {
    let ReadyArgs { wait, no_probe, daemon } = &args.ready;
    let done = Done { name: server.name.clone(), path: server.file.clone(), verb: "added" };
    // A daemon of another config would never have it.
    let is_daemons = location.is_usual() || daemon.socket.is_some();
    if *wait || !no_probe && is_daemons && server_ready::is_served(daemon) {
        let ready = |name: &_| server_ready::at_daemon(daemon, name).map(Some);
        return finish(&done, Some(daemon), args.json, ready);
    }
    let probed = server.config.as_ref().filter(|_| !no_probe);
    let ready = |name: &_| probed.map(|server| server_ready::by_probe(name, server)).transpose();
    finish(&done, None, args.json, ready)
}

fn show(args: &AddArgs, servers: &[NewServer]) {
    let report = |server: &NewServer| {
        let secrets: Vec<_> = server.secrets().map(shown).collect();
        serde_json::json!({
            "name": server.name.as_str(), "file": shown(&server.file), "text": server.text,
            "secrets": secrets,
        })
    };
    let text: Vec<&str> = servers.iter().map(|server| server.text.trim_end()).collect();
    say(args.json, &one_or_all(servers.iter().map(report).collect()), &text.join("\n\n"));
}

/// Programs get one report for one server.
fn one_or_all(mut reports: Vec<serde_json::Value>) -> serde_json::Value {
    if reports.len() == 1 { reports.remove(0) } else { reports.into() }
}

fn refusal(error: &PackageError) -> Exit {
    if let PackageError::Config(complaints) = error {
        return refuse(complaints);
    }
    print::error(&error.to_string());
    match error {
        PackageError::Usage(_) => Exit::Usage,
        PackageError::Refused(_) | PackageError::Bundle(_) | PackageError::Config(_) => {
            Exit::Failed
        }
        PackageError::Import(_) => Exit::BadConfig,
        PackageError::Fetch { .. } => Exit::Unavailable,
        PackageError::File { .. } => Exit::System,
    }
}

fn usage(message: &str) -> Exit {
    print::error(message);
    Exit::Usage
}

/// The name that the server is to have, and what it is.
fn given(args: &AddArgs) -> Result<(Option<ServerName>, Given), Exit> {
    let mut words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    // A line that was pasted without quotes: its options are ours, too.
    let is_line = words.get(1..3) == Some(&["mcp", "add"]);
    if is_line {
        words.drain(..3);
    }
    let name = |word: &&str| parse(word).map(Some);
    if !args.command.is_empty() || args.url.is_some() {
        let given = match &args.url {
            Some(url) => Given::Url(url.clone()),
            None => Given::Command(args.command.clone()),
        };
        return match words.as_slice() {
            [] => Ok((None, given)),
            [word] => Ok((name(word)?, given)),
            [_, word, ..] => {
                Err(usage(&format!("`{word}` is one thing to add, and there is another")))
            }
        };
    }
    match words.as_slice() {
        [] => Err(usage(&format!("there is nothing to add; {FORMS}"))),
        [word] if ServerName::parse(word).is_ok() && !Path::new(word).is_file() => Err(usage(
            &format!("what is {word}? Give its `--url`, or what it is behind its name; {FORMS}"),
        )),
        [word] => Ok((None, form(word)?)),
        [word, what] => Ok((name(word)?, form(what)?)),
        [word, command @ ..] if is_line => Ok((
            name(word)?,
            Given::Command(command.iter().map(|word| (*word).to_owned()).collect()),
        )),
        [_, word, ..] => Err(usage(&format!(
            "there is more than a name and `{word}`; put quotes around a line that you paste, and a program behind `--`"
        ))),
    }
}

fn form(word: &str) -> Result<Given, Exit> {
    let text;
    let word = if word == "-" {
        text = typed()?;
        &text
    } else {
        word
    };
    Form::of(word).map(Given::Form).map_err(|error| refusal(&error))
}

/// What comes on stdin.
fn typed() -> Result<String, Exit> {
    use std::io::IsTerminal;
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        print::note("Paste it, then press Ctrl-D in a line of its own.");
    }
    let mut bytes = Vec::new();
    let read = stdin.take(TEXT_MAX as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(&format!("stdin: {error}")))?;
    String::from_utf8(bytes).map_err(|_| failed("stdin is not UTF-8"))
}

/// Who answers what a server asks.
struct Answers {
    given: Vec<(String, String)>,
    /// Keys of which somebody wanted to know.
    used: BTreeSet<String>,
    asks: bool,
}

impl PackageAnswers for Answers {
    fn given(&mut self, key: &str) -> Vec<String> {
        self.used.insert(key.to_owned());
        let of_key = self.given.iter().filter(|(known, _)| known == key);
        of_key.map(|(_, value)| value.clone()).collect()
    }

    fn ask(&mut self, question: &PackageQuestion) -> Option<Secret> {
        if !self.asks {
            return None;
        }
        let choices = match question.choices.as_slice() {
            [] => String::new(),
            choices => format!(" [{}]", choices.join("/")),
        };
        let may_skip = if question.is_required { "" } else { " (Enter: none)" };
        ask::line(&format!("{}{choices}{may_skip}: ", question.title), question.is_secret)
    }
}

fn wishes(args: &AddArgs, name: Option<ServerName>) -> Result<Wishes, Exit> {
    let how = &args.how;
    let auth = match (how.auth, &how.token, &how.token_command) {
        (None, ..) => None,
        (Some(AuthType::Oauth), None, None) => Some(Json::from("oauth")),
        (Some(AuthType::Bearer), Some(token), None) => {
            Some(typed_auth("bearer", "token", Json::from(token.as_str())))
        }
        (Some(AuthType::Command), None, Some(line)) => {
            let words = program::words(line).map_err(|why| usage(&format!("`{line}`: {why}")))?;
            let words = words.into_iter().map(Json::from).collect();
            Some(typed_auth("command", "command", Json::Array(words)))
        }
        _ => {
            return Err(usage(
                "`--token` goes with `--auth bearer`, which needs it, and `--token-command` with \
                 `--auth command`; `oauth` takes neither",
            ));
        }
    };
    let transport = how.transport.map(|transport| match transport {
        TransportType::Stdio => WantedTransport::Stdio,
        TransportType::Http => WantedTransport::StreamableHttp,
        TransportType::Sse => WantedTransport::Sse,
    });
    let scope = how.scope.and_then(|scope| match scope {
        ScopeType::Shared => Some("shared"),
        ScopeType::Cwd => Some("cwd"),
        ScopeType::User | ScopeType::Project | ScopeType::Local => None,
    });
    Ok(Wishes {
        name,
        registries: registries(&args.registries),
        bundles: dirs::data().map(|dir| dir.join(BUNDLES)),
        env: pairs(&how.env, '=', "--env", "NAME=VALUE")?,
        headers: pairs(&how.header, ':', "--header", "NAME:VALUE")?,
        auth,
        prefix: how.prefix.clone(),
        tools: how.tools.clone(),
        transport,
        scope: scope.map(str::to_owned),
        replaces: args.force,
    })
}

/// Where names are looked up.
pub(super) fn registries(at: &RegistryArgs) -> Registries {
    let usual = Registries::default();
    Registries {
        mcp: at.registry.clone().unwrap_or(usual.mcp),
        npm: at.npm_registry.clone().unwrap_or(usual.npm),
        pypi: at.pypi.clone().unwrap_or(usual.pypi),
    }
}

fn typed_auth(kind: &str, key: &str, value: Json) -> Json {
    Json::object([("type", Json::from(kind)), (key, value)])
}

fn pairs(
    texts: &[String],
    between: char,
    option: &str,
    form: &str,
) -> Result<Vec<(String, String)>, Exit> {
    // What it is may be a secret.
    let split = |text: &String| {
        let (name, value) = text.split_once(between)?;
        let value = if between == ':' { value.trim() } else { value };
        Some((name.trim().to_owned(), value.to_owned()))
    };
    let found = texts.iter().map(split).collect::<Option<Vec<_>>>();
    found.ok_or_else(|| usage(&format!("`{option}` is written as {form}")))
}
