//! The file that `callmux server add` writes.

use super::args_server::{AddArgs, AuthType};
use crate::base::{ServerName, program};
use crate::config::show::{bare, quoted};
use crate::imports::located;
use crate::terminal::{Exit, print};

/// How each such file begins.
pub(super) const MARK: &str = "# Written by `callmux server add`";

/// The text for these arguments, and what the person who adds it should know.
pub(super) fn of(name: &ServerName, args: &AddArgs) -> Result<(String, Vec<String>), Exit> {
    let mut told = Vec::new();
    let mut needs = None;
    let mut out = format!(
        "{MARK}; `callmux server remove {name}` takes it away.\n[servers.{}]\n",
        bare(name.as_str())
    );
    let mut set = |key: &str, value: String| out += &format!("{key} = {value}\n");
    match (&args.url, args.command.split_first()) {
        (Some(url), _) => set("url", quoted(url)),
        (None, None) => return Err(usage("name its `--url`, or its program behind `--`")),
        (None, Some((program, words))) => {
            let located = located::locate(program).ok_or_else(|| {
                print::error(&format!("there is no program `{program}` that can be run from here"));
                Exit::Failed
            })?;
            set("command", quoted(&located.path));
            if located.path != *program {
                let path = &located.path;
                told.push(format!("`{program}` is {path} here, and that is what is written"));
            }
            needs = located.needs;
            if !words.is_empty() {
                set("args", list(words));
            }
        }
    }
    if let Some(auth) = args.auth {
        set("auth", auth_of(auth, args)?);
    }
    let headers = pairs(&args.header, ':', "--header", "NAME:VALUE")?;
    let mut env = pairs(&args.env, '=', "--env", "NAME=VALUE")?;
    if let Some(path) = needs.as_deref().filter(|_| env.iter().all(|(name, _)| *name != "PATH")) {
        env.push(("PATH", path));
        told.push("the PATH of this shell is written, too: services have a shorter one".to_owned());
    }
    for (key, pairs) in [("headers", headers), ("env", env)] {
        if !pairs.is_empty() {
            let members =
                pairs.iter().map(|(name, value)| format!("{} = {}", bare(name), quoted(value)));
            set(key, format!("{{ {} }}", members.collect::<Vec<_>>().join(", ")));
        }
    }
    if let Some(prefix) = &args.prefix {
        set("prefix", quoted(prefix));
    }
    if let Some(tools) = &args.tools {
        set("tools", list(tools));
    }
    Ok((out, told))
}

fn usage(message: &str) -> Exit {
    print::error(message);
    Exit::Usage
}

fn list(words: &[String]) -> String {
    format!("[{}]", words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", "))
}

fn pairs<'a>(
    texts: &'a [String],
    between: char,
    option: &str,
    form: &str,
) -> Result<Vec<(&'a str, &'a str)>, Exit> {
    // What it is may be a secret.
    let split = |text: &'a String| text.split_once(between).map(|(n, v)| (n.trim(), v));
    let found = texts.iter().map(split).collect::<Option<Vec<_>>>();
    let found = found.ok_or_else(|| usage(&format!("`{option}` is written as {form}")))?;
    let trimmed = |(name, value): (&'a str, &'a str)| match between {
        ':' => (name, value.trim()),
        _ => (name, value),
    };
    Ok(found.into_iter().map(trimmed).collect())
}

fn auth_of(auth: AuthType, args: &AddArgs) -> Result<String, Exit> {
    match (auth, &args.token, &args.token_command) {
        (AuthType::Oauth, None, None) => Ok(quoted("oauth")),
        (AuthType::Bearer, Some(token), None) => {
            Ok(format!("{{ type = \"bearer\", token = {} }}", quoted(token)))
        }
        (AuthType::Command, None, Some(line)) => {
            let words = program::words(line).map_err(|why| usage(&format!("`{line}`: {why}")))?;
            Ok(format!("{{ type = \"command\", command = {} }}", list(&words)))
        }
        _ => Err(usage(
            "`--token` goes with `--auth bearer`, which needs it, and `--token-command` with \
             `--auth command`; `oauth` takes neither",
        )),
    }
}
