//! What is generated from our own tables: completions and manual pages.

use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Cli;
use crate::base::file;
use crate::completion::{Script, offers, script};
use crate::facts::{self, FieldNames};
use crate::keys::{self, DefaultValue, ValueKind};
use crate::manual::{pages, roff};
use crate::terminal::{Exit, print};

pub(super) fn completions(shell: Shell) -> Exit {
    let text = match shell {
        Shell::Bash => script(Script::Bash).to_owned(),
        Shell::Zsh => script(Script::Zsh).to_owned(),
        Shell::Fish => script(Script::Fish).to_owned(),
        // These know the verbs and the options.
        other => {
            let mut out = Vec::new();
            clap_complete::generate(other, &mut Cli::command(), "callmux", &mut out);
            String::from_utf8_lossy(&out).into_owned()
        }
    };
    print::lines(text.trim_end());
    Exit::Fine
}

/// Says to a shell what can stand where the line ends.
pub(super) fn complete(shell: Script, line: &str) -> Exit {
    let offers = offers(Cli::command(), shell, line);
    if !offers.is_empty() {
        print::lines(&offers.join("\n"));
    }
    Exit::Fine
}

/// Writes callmux(1), a page for each verb, callmux.toml(5) and callmux.journal(7).
pub(super) fn man(dir: &Path) -> Exit {
    match write_pages(dir) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            print::error(&format!("{}: {error}", dir.display()));
            Exit::System
        }
    }
}

fn write_pages(dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    pages(dir, &Cli::command(), "")?;
    file::publish(&dir.join("callmux.toml.5"), config_page().as_bytes())?;
    file::publish(&dir.join("callmux.journal.7"), journal_page().as_bytes())
}

fn config_page() -> String {
    let mut out = String::from(
        ".TH callmux.toml 5\n.SH NAME\ncallmux.toml \\- what callmux runs\n.SH SYNOPSIS\n\
         ~/.config/callmux/config.toml\n.br\n~/.config/callmux/conf.d/*.toml\n.SH DESCRIPTION\n\
         TOML files, read in the order of their names after config.toml. A key that is set twice, or \
         that does not exist, is an error; callmux config check names every error with its place.\n\
         .PP\nIn every text, ${NAME} stands for an environment variable, ${NAME:\\-text} for one with \
         a default, ${file:PATH} for the content of a file and ${cred:NAME} for a systemd credential; \
         in [servers.*], ${cmd:PROGRAM ARGUMENT…} stands for what the program prints. Programs run \
         without a shell, with quotes as in one, each time the config is read; they have 10 s. \
         $${ is a literal ${. Durations are written as \"30s\" or \"5m\", sizes as \"64KiB\".\n",
    );
    for (section, keys, doc) in keys::SECTIONS {
        let title = if section.is_empty() {
            "TOP OF THE FILE".to_owned()
        } else {
            keys::heading(section, "NAME")
        };
        out += &format!(".SH \"{}\"\n{}\n", roff(&title), roff(doc));
        for key in *keys {
            let default = match key.default {
                DefaultValue::Value(value) => format!("default: {value}"),
                DefaultValue::Unset => "no default".to_owned(),
            };
            out += &format!(
                ".TP\n\\fB{}\\fR ({}, {})\n{}\n",
                roff(key.name),
                roff(&kind_title(key.kind, str::to_owned)),
                roff(&default),
                roff(key.doc)
            );
        }
    }
    out += ".SH EXAMPLE\n.nf\n[servers.github]\ncommand = \"npx\"\nargs = [\"\\-y\", \"@modelcontextprotocol/server\\-github\"]\nenv = { GITHUB_TOKEN = \"${file:github\\-token}\" }\n.fi\n.SH SEE ALSO\ncallmux(1)\n";
    out
}

fn journal_page() -> String {
    let mut out = String::from(
        ".TH callmux.journal 7\n.SH NAME\ncallmux.journal \\- what callmux writes to the journal\n\
         .SH SYNOPSIS\njournalctl \\-\\-user \\-t callmux\n.br\n\
         journalctl \\-\\-user CALLMUX_FACT=call_finished CALLMUX_SERVER=github\n.SH DESCRIPTION\n\
         Each entry of callmux is a fact: something that happened. Its name, its level, its \
         MESSAGE_ID and its fields stay what they are from one version to the next; its sentence \
         (MESSAGE) may change. On stderr, with \\-\\-log\\-format json, a fact is an object with fact, \
         level, message and the fields below, in lower case and without CALLMUX_.\n.PP\n\
         What stands here of a fact, journalctl \\-x shows below its entry. \
         Entries of the level debug are in the journal whatever the level, for they are the audit: \
         each call, and each line that a server wrote. Where a fact repeats itself, it is told a few times, and then now and \
         then with CALLMUX_REPEATED, the number of times that it was not told. Entries of calls \
         have CALLMUX_SEQUENCE, by which it is seen that the journal has them all.\n.PP\n\
         Which run of the daemon wrote an entry, journald adds by itself, as _SYSTEMD_INVOCATION_ID: \
         that of the run that is there now is what systemctl \\-\\-user show \\-P InvocationID \
         callmux.service says.\n.SH FACTS\n",
    );
    for (about, fields) in facts::all() {
        let fields: Vec<String> = fields.iter().map(field).collect();
        let fields = if fields.is_empty() { "none".to_owned() } else { fields.join(", ") };
        out += &format!(
            ".SS {} ({})\n{}.\n.PP\nMESSAGE_ID={}\n.br\nFields: {}.\n.PP\n.nf\n{}\n.fi\n.PP\nSee {}.\n",
            roff(about.name),
            about.level.as_str(),
            with_fields(about.subject),
            about.message_id,
            roff(&fields),
            with_fields(about.text),
            about.documentation.replace("man:", "").replace(' ', ", "),
        );
    }
    out +=
        ".SH SEE ALSO\ncallmux(1), callmux.toml(5), journalctl(1), systemd.journal\\-fields(7)\n";
    out
}

/// A text in roff in which `@CALLMUX_X@` stands for a field.
fn with_fields(text: &str) -> String {
    let mut parts = text.split("@CALLMUX_");
    let mut out = roff(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once('@').unwrap_or((part, ""));
        out += &format!("\\fICALLMUX_{name}\\fR{}", roff(rest));
    }
    out
}

/// A field as it is listed.
fn field(names: &FieldNames) -> String {
    let all: Vec<String> = names.any_of.iter().map(|name| format!("CALLMUX_{name}")).collect();
    let more = if names.is_always { "" } else { " (not always)" };
    format!("{}{more}", all.join(" or "))
}

/// The type as a person reads it; what can be chosen is listed.
fn kind_title(kind: ValueKind, shown: fn(&str) -> String) -> String {
    let ValueKind::Choice(choices) = kind else { return kind.title().to_owned() };
    let choices: Vec<String> = choices.iter().map(|choice| shown(choice)).collect();
    format!("one of {}", choices.join(", "))
}

/// The table of keys for the README.
pub(super) fn keys_table() -> String {
    let mut out = String::from("| key | type | default | |\n| --- | --- | --- | --- |\n");
    for (section, keys, _) in keys::SECTIONS {
        for key in *keys {
            let name = if section.is_empty() {
                key.name.to_owned()
            } else {
                format!("{section}.{}", key.name)
            };
            let default = match key.default {
                DefaultValue::Value(value) => format!("`{value}`"),
                DefaultValue::Unset => String::new(),
            };
            out += &format!(
                "| `{}` | {} | {default} | {} |\n",
                name.replace("[*]", "[]").replace('*', "NAME"),
                kind_title(key.kind, |choice| format!("`{choice}`")),
                key.doc
            );
        }
    }
    out
}

#[cfg(test)]
mod tests;
