//! What is generated from our own tables: completions and manual pages.

use std::io;
use std::path::Path;

use clap::CommandFactory;

use super::args::Cli;
use super::exit::Exit;
use super::print;
use crate::base::file;
use crate::config::keys::{self, DefaultValue};

pub(super) fn completions(shell: clap_complete::Shell) -> Exit {
    let mut out = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "callmux", &mut out);
    print::lines(String::from_utf8_lossy(&out).trim_end());
    Exit::Fine
}

/// Writes callmux(1), a page for each verb, and callmux.toml(5).
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
    let command = Cli::command();
    page(dir, "callmux.1", command.clone())?;
    for verb in command.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let name = format!("callmux-{}", verb.get_name());
        let bin_name = format!("callmux {}", verb.get_name());
        let verb = verb.clone().name(name.clone()).bin_name(bin_name).disable_version_flag(true);
        page(dir, &format!("{name}.1"), verb)?;
    }
    file::publish(&dir.join("callmux.toml.5"), config_page().as_bytes())
}

fn page(dir: &Path, name: &str, command: clap::Command) -> io::Result<()> {
    let mut out = Vec::new();
    clap_mangen::Man::new(command).date("").render(&mut out)?;
    file::publish(&dir.join(name), &out)
}

/// Text in roff: backslashes and leading dots mean something there.
fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace("\n.", "\n\\&.")
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
            format!("[{}]", section.replace('*', "NAME"))
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
                key.kind.title(),
                roff(&default),
                roff(key.doc)
            );
        }
    }
    out += ".SH EXAMPLE\n.nf\n[servers.github]\ncommand = \"npx\"\nargs = [\"\\-y\", \"@modelcontextprotocol/server\\-github\"]\nenv = { GITHUB_TOKEN = \"${file:github\\-token}\" }\n.fi\n.SH SEE ALSO\ncallmux(1)\n";
    out
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
                name.replace('*', "NAME"),
                key.kind.title(),
                key.doc
            );
        }
    }
    out
}
