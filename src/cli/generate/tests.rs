use clap::{CommandFactory, Parser};

use crate::cli::args::Cli;
use crate::manual::EXAMPLES;

fn verbs(command: &clap::Command, words: &str, found: &mut Vec<String>) {
    found.push(words.to_owned());
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        verbs(verb, format!("{words} {}", verb.get_name()).trim_start(), found);
    }
}

#[test]
fn every_verb_has_examples_and_they_are_understood() {
    let mut wanted = Vec::new();
    verbs(&Cli::command(), "", &mut wanted);
    let found: Vec<&str> = EXAMPLES.iter().map(|(verb, _)| *verb).collect();
    assert_eq!(found, wanted);
    for (verb, examples) in EXAMPLES {
        for (line, _) in *examples {
            let words = crate::base::program::words(line).unwrap();
            let of_shell = |word: &String| ["|", ">", ">>"].contains(&word.as_str());
            let ours: Vec<_> = words.into_iter().take_while(|word| !of_shell(word)).collect();
            assert!(Cli::try_parse_from(&ours).is_ok(), "{line}");
            assert!(line.contains(verb), "{line}");
        }
    }
}
