//! What was probably meant by a word that is no verb.

use clap::CommandFactory;

use super::args::Cli;
use crate::base::nearest::nearest;
use crate::base::quoted;

/// Verbs of other programs, and what does the same here.
const OTHERS: &[(&[&str], &str)] = &[
    (
        &["add", "install"],
        "`callmux setup` takes over what your clients have, `callmux server add NAME -- COMMAND …` adds a server; `callmux demo` shows how it all works",
    ),
    (&["run"], "`callmux call TOOL NAME=VALUE …` calls a tool; `callmux list` lists them"),
    (
        &["ls", "search"],
        "`callmux tools` lists the tools of all servers, `callmux tools search WORDS` finds some",
    ),
    (&["servers", "mcp"], "`callmux server list` lists the servers, `callmux status` how they are"),
    (&["remove", "rm", "delete"], "`callmux server remove NAME` takes a server away"),
    (
        &["clients", "attach", "detach"],
        "`callmux client attach NAME` has a client use callmux; `callmux client list` lists those it knows",
    ),
    (
        &["up", "enable"],
        "`callmux daemon install` has systemd start the daemon when it is needed, `callmux serve` runs one here",
    ),
    (&["log", "journal"], "`callmux logs` shows what happened"),
    (&["help"], "`callmux --help` shows all verbs, `callmux VERB --help` one of them"),
];

/// What to say of the words behind `callmux` if the first of them that is none of its options is no verb.
pub(super) fn explain(words: &[String]) -> Option<String> {
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
