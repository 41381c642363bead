//! What was probably meant by a word that is no verb, or an option that is none of ours.

use clap::{Command, CommandFactory};

use super::args::Cli;
use crate::base::nearest::nearest;
use crate::base::quoted;
use crate::manual::{NPM_OPTIONS, OTHERS};

/// What does what an option of the npm callmux did, if one stands before any verb, or behind its verb
/// `instructions`.
fn explain_option(words: &[String]) -> Option<String> {
    let mut before = words.iter().skip(1).take_while(|word| *word != "--").peekable();
    if before.peek().is_some_and(|word| *word == "instructions") {
        let is_one = |word: &&String| ["--profile", "--format"].contains(&word.as_str());
        let option = before.find(is_one)?;
        let what =
            "`callmux instructions --client NAME` is for one client, such as claude-code or codex";
        return Some(format!("there is no option `{option}`; {what}"));
    }
    let cli = Cli::command();
    let mut before = before.take_while(|word| cli.find_subcommand(word).is_none());
    let option = before.find(|word| word.starts_with('-') && !is_before_verbs(&cli, word))?;
    let name = option.split('=').next().unwrap_or(option);
    let (_, what) = NPM_OPTIONS.iter().find(|(names, _)| names.contains(&name))?;
    Some(format!("there is no option `{name}` before a verb; {what}"))
}

/// Whether it is one that stands there.
fn is_before_verbs(cli: &Command, word: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word).trim_start_matches('-');
    cli.get_arguments().any(|arg| arg.get_long() == Some(name))
}

/// What to say of the words behind `callmux` if the first of them that is none of its options is no verb.
pub(super) fn explain(words: &[String]) -> Option<String> {
    explain_option(words).or_else(|| explain_verb(words))
}

fn explain_verb(words: &[String]) -> Option<String> {
    let cli = Cli::command();
    let takes_value =
        ["--log-level", "--log-format", "--tools", "--cache", "--exposure", "--max-result"];
    let mut words = words.iter().skip(1);
    let word = loop {
        let word = words.next()?;
        match word.as_str() {
            "--" => return None,
            option if takes_value.contains(&option) => _ = words.next(),
            option if option.starts_with('-') => {}
            _ => break word,
        }
    };
    if cli.find_subcommand(word).is_some() {
        return None;
    }
    let other = OTHERS.iter().find(|(words, _)| words.contains(&word.as_str()));
    let verbs = cli.get_subcommands().filter(|verb| !verb.is_hide_set());
    let near = nearest(word, verbs.map(|verb| (verb.get_name(), verb.get_name())));
    let said = match (other, near) {
        (Some((_, what)), _) => (*what).to_owned(),
        (None, Some(verb)) => format!("did you mean `callmux {verb}`?"),
        (None, None) => "`callmux --help` shows all".to_owned(),
    };
    Some(format!("there is no verb `{}`; {said}", quoted(word)))
}

#[cfg(test)]
mod tests;
