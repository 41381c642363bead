//! The manual page of each verb: what its arguments say, and what no `--help` has room for.

use std::io;
use std::path::Path;

use clap_mangen::Man;

use super::examples::EXAMPLES;
use crate::base::file;

const FILES: &[(&str, &str)] = &[
    (
        "~/.config/callmux/config.toml, ~/.config/callmux/conf.d/*.toml, ~/.config/callmux/patch.d/*.toml",
        "the config: callmux.toml(5)",
    ),
    (
        "$XDG_RUNTIME_DIR/callmux/mcp.sock",
        "where the daemon listens; without such a directory callmux-UID/mcp.sock below the temporary one",
    ),
    (
        "~/.local/state/callmux/daemon.log",
        "the log of a daemon that was started on demand, and daemon.log.1 before it",
    ),
    (
        "~/.local/state/callmux/audit/calls.jsonl",
        "every call, beside the journal: callmux.journal(7)",
    ),
    (
        "~/.local/state/callmux/clients",
        "what the files of clients were before callmux changed them",
    ),
    (
        "~/.local/state/callmux/changes",
        "what callmux changed of the config: callmux-config-undo(1)",
    ),
    ("~/.local/state/callmux/history.db", "what happened: callmux-events(1)"),
    ("~/.local/state/callmux", "the last good config, large results, tokens of logins"),
    ("~/.cache/callmux", "what may be deleted"),
];

const ENVIRONMENT: &[(&str, &str)] = &[
    ("CALLMUX_CONFIG", "the config, in place of ~/.config/callmux"),
    ("CALLMUX_SOCKET", "the daemon's socket"),
    ("CALLMUX_NO_SPAWN", "1: start no daemon where systemd does not"),
    ("CALLMUX_LOG_LEVEL", "error, warning, info or debug"),
    (
        "XDG_CONFIG_HOME, XDG_STATE_HOME, XDG_CACHE_HOME, XDG_RUNTIME_DIR",
        "where the files above are",
    ),
    (
        "HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY, SSL_CERT_FILE",
        "how the daemon reaches servers by address",
    ),
    ("NO_COLOR", "no colour on terminals"),
];

const STATUS: &[(&str, &str)] = &[
    ("0", "fine"),
    ("1", "what was asked for did not succeed; of status and doctor: something is not well"),
    ("64", "the command line is wrong"),
    ("65", "the config, or a file of data, is wrong"),
    ("69", "not available: no daemon answers"),
    ("71", "the machine does not let us"),
    ("74", "of call: nobody knows whether the call had its effect"),
    (
        "75",
        "nothing was done, and it may be tried again: of call, it was not sent; of serve, the daemon is to be started anew",
    ),
    ("124", "of call: no answer in the time that was given for it"),
    ("129, 130, 143", "of call: taken back because of SIGHUP, SIGINT, SIGTERM"),
];

/// Text in roff: backslashes and leading dots mean something there.
pub fn roff(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-").replace("\n.", "\n\\&.")
}

/// Writes the page of `command`, and those of the verbs below it. `words`: how it is called, after
/// `callmux`.
pub fn pages(dir: &Path, command: &clap::Command, words: &str) -> io::Result<()> {
    let called = format!("callmux {words}").trim_end().to_owned();
    let page = called.replace(' ', "-");
    let verbs: Vec<&clap::Command> =
        command.get_subcommands().filter(|verb| !verb.is_hide_set()).collect();
    let mut shown = command.clone();
    if !words.is_empty() {
        shown = shown.name(page.clone()).bin_name(called).disable_version_flag(true);
    }
    let mut out = Vec::new();
    Man::new(shown).date("").render(&mut out)?;
    out.extend(more(words, &verbs).into_bytes());
    file::publish(&dir.join(format!("{page}.1")), &out)?;
    for verb in verbs {
        pages(dir, verb, format!("{words} {}", verb.get_name()).trim_start())?;
    }
    Ok(())
}

fn more(words: &str, verbs: &[&clap::Command]) -> String {
    let list = |title: &str, rows: &[(&str, &str)]| {
        let rows = rows.iter().map(|(name, text)| format!(".TP\n{}\n{}\n", roff(name), roff(text)));
        format!(".SH {title}\n{}", rows.collect::<String>())
    };
    let mut out = String::new();
    if let Some((_, examples)) = EXAMPLES.iter().find(|(verb, _)| *verb == words) {
        out += ".SH EXAMPLES\n";
        for (line, text) in *examples {
            out += &format!("{}:\n.PP\n.nf\n    {}\n.fi\n.PP\n", roff(text), roff(line));
        }
    }
    out += &list("FILES", FILES);
    out += &list("ENVIRONMENT", ENVIRONMENT);
    out += &list("\"EXIT STATUS\"", STATUS);
    let own = format!("callmux {words}").trim_end().replace(' ', "-");
    let mut see: Vec<String> =
        verbs.iter().map(|verb| format!("{own}-{}(1)", verb.get_name())).collect();
    if let Some((above, _)) = own.rsplit_once('-').filter(|_| words.contains(' ')) {
        see.push(format!("{above}(1)"));
    } else if !words.is_empty() {
        see.push("callmux(1)".to_owned());
    }
    see.extend(["callmux.toml(5)", "callmux.journal(7)"].map(str::to_owned));
    out + &format!(".SH \"SEE ALSO\"\n{}\n", roff(&see.join(", ")))
}
