//! What can stand where a line ends.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Arg, ArgAction, Command, ValueHint};
use clap_complete::CompletionCandidate;
use clap_complete::engine::{self, ArgValueCompleter};

use super::daemon::Peek;
use super::line::words;
use super::names::{Names, Sources};
use super::offered::{Offer, OfferKind, is_word};
use super::script::Script;
use crate::base::dirs;

/// Stands for whatever files there are, and is no name of any.
const FILES: &str = "\u{0}files";

/// What to tell a shell whose line is this up to the cursor, one thing in each line.
pub fn offers(command: Command, shell: Script, line: &str) -> Vec<String> {
    let words = words(line);
    let written = words.last().map(String::as_str).unwrap_or_default();
    let told = all(command, &words);
    told.iter().map(|offer| shell.line(offer, written)).collect()
}

fn all(command: Command, words: &[String]) -> Vec<Offer> {
    let Some((written, before)) = words.split_last() else { return Vec::new() };
    let of_the_shell = |kind| vec![Offer { kind, text: String::new(), description: String::new() }];
    // Behind `--` stands a command of the user's.
    match before.iter().position(|word| word == "--") {
        Some(at) if at + 1 == before.len() => return of_the_shell(OfferKind::Programs),
        Some(_) => return of_the_shell(OfferKind::Files),
        None => {}
    }
    let sources = Sources {
        daemon: Peek {
            socket: named(before, "--socket").or_else(|| variable("CALLMUX_SOCKET")),
            ..Peek::default()
        },
        config: named(before, "--config").or_else(|| variable("CALLMUX_CONFIG")),
        tool: first(&command, before),
        server: named(before, "--server").map(|path| path.display().to_string()),
    };
    let command = prepared(command, &Arc::new(sources), &Arc::from(before));
    let args = words.iter().map(OsString::from).collect();
    let index = before.len();
    let Ok(found) = engine::complete(&mut command.clone(), args, index, None) else {
        return Vec::new();
    };
    let mut offers: Vec<Offer> = found.iter().filter_map(offer).collect();
    if offers.iter().any(|offer| offer.kind == OfferKind::Files) {
        return of_the_shell(OfferKind::Files);
    }
    // Who has begun no option wants none, as long as there is something else.
    if written.is_empty() && offers.iter().any(|offer| offer.kind == OfferKind::Name) {
        offers.retain(|offer| offer.kind == OfferKind::Name);
    }
    offers
}

fn offer(found: &CompletionCandidate) -> Option<Offer> {
    let text = found.get_value().to_str()?.to_owned();
    if text.ends_with(FILES) {
        return Some(Offer { kind: OfferKind::Files, text, description: String::new() });
    }
    let description = found.get_help().map(ToString::to_string).unwrap_or_default();
    let kind = if text.starts_with('-') { OfferKind::Option } else { OfferKind::Name };
    is_word(&text).then_some(Offer { kind, text, description })
}

/// The command, each of whose arguments knows what can stand for it.
fn prepared(command: Command, sources: &Arc<Sources>, before: &Arc<[String]>) -> Command {
    let command = command.mut_args(|arg| of_argument(arg, sources, before));
    command.mut_subcommands(|verb| prepared(verb, sources, before))
}

fn of_argument(arg: Arg, sources: &Arc<Sources>, before: &Arc<[String]>) -> Arg {
    if let Some(names) = arg.get::<Names>().copied() {
        let (sources, before) = (sources.clone(), before.clone());
        let is_list = matches!(arg.get_action(), ArgAction::Append);
        return arg.add(ArgValueCompleter::new(move |written: &OsStr| {
            let Some(written) = written.to_str() else { return Vec::new() };
            let mut all = sources.all(names, written);
            // What is named already is not named twice.
            let is_begun = |name: &str| {
                let json = name.replace('=', ":=");
                before.iter().any(|word| word.starts_with(name) || word.starts_with(&json))
            };
            let is_new = |name: &String| match name.strip_suffix('=') {
                Some(_) => !is_begun(name),
                None => !is_list || !before.contains(name),
            };
            all.retain(|(name, _)| name.starts_with(written) && is_new(name));
            let candidate = |(name, description): (String, String)| {
                CompletionCandidate::new(name).help(Some(description.into()))
            };
            all.into_iter().map(candidate).collect()
        }));
    }
    if arg.get_value_hint() == ValueHint::Unknown {
        return arg;
    }
    arg.add(ArgValueCompleter::new(|_: &OsStr| vec![CompletionCandidate::new(FILES)]))
}

/// The word that stands first behind the verb.
fn first(command: &Command, words: &[String]) -> Option<String> {
    let mut verb = command;
    let mut words = words.iter().skip(1);
    while let Some(word) = words.next() {
        if let Some(option) = word.strip_prefix('-') {
            let is_it = |arg: &&Arg| match option.strip_prefix('-') {
                Some(long) => arg.get_long() == Some(long),
                None => arg.get_short().is_some_and(|short| option.ends_with(short)),
            };
            let mut all = verb.get_arguments().chain(command.get_arguments());
            if all.find(is_it).is_some_and(|arg| arg.get_action().takes_values()) {
                words.next();
            }
        } else if let Some(next) = verb.find_subcommand(word) {
            verb = next;
        } else {
            return Some(word.clone());
        }
    }
    None
}

/// The value that a line gives to an option.
fn named(words: &[String], option: &str) -> Option<PathBuf> {
    for (at, word) in words.iter().enumerate() {
        let Some(rest) = word.strip_prefix(option) else { continue };
        let next = words.get(at + 1).filter(|_| rest.is_empty());
        if let Some(value) = rest.strip_prefix('=').or(next.map(String::as_str)) {
            return Some(dirs::expand_home(value));
        }
    }
    None
}

fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
