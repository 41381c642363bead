//! The file that `callmux server add` writes.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::args_server::{AddArgs, AuthType};
use super::exit::Exit;
use super::print;
use crate::base::{ServerName, program};
use crate::config::show::{bare, quoted};

/// How each such file begins.
pub(super) const MARK: &str = "# Written by `callmux server add`";
/// The `PATH` of systemd's user manager, where it was not given another.
const USUAL_PATH: [&str; 6] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The text for these arguments, and what the person who adds it should know.
pub(super) fn of(name: &ServerName, args: &AddArgs) -> Result<(String, Vec<String>), Exit> {
    let mut told = Vec::new();
    let mut out = format!(
        "{MARK}; `callmux server remove {name}` takes it away.\n[servers.{}]\n",
        bare(name.as_str())
    );
    let mut set = |key: &str, value: String| out += &format!("{key} = {value}\n");
    match (&args.url, args.command.split_first()) {
        (Some(url), _) => set("url", quoted(url)),
        (None, None) => return Err(usage("name its `--url`, or its program behind `--`")),
        (None, Some((program, words))) => {
            set("command", quoted(&located(program, &mut told)?));
            if !words.is_empty() {
                set("args", list(words));
            }
        }
    }
    if let Some(auth) = args.auth {
        set("auth", auth_of(auth, args)?);
    }
    let headers = pairs(&args.header, ':', "--header", "NAME:VALUE")?;
    let env = pairs(&args.env, '=', "--env", "NAME=VALUE")?;
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

/// The absolute path of a program as this shell knows it. The daemon has another `PATH`, and another
/// directory.
fn located(program: &str, told: &mut Vec<String>) -> Result<String, Exit> {
    let found = if program.contains('/') {
        std::path::absolute(program).ok().filter(|path| is_program(path))
    } else {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&path).filter(|dir| dir.is_absolute());
        places.map(|dir| dir.join(program)).find(|path| is_program(path))
    };
    let found: Option<String> = found.and_then(|path: PathBuf| path.to_str().map(str::to_owned));
    let Some(found) = found else {
        print::error(&format!("there is no program `{program}` that can be run from here"));
        return Err(Exit::Failed);
    };
    if found != program {
        told.push(format!("`{program}` is {found} here, and that is what is written"));
        let dir = Path::new(&found).parent().and_then(Path::to_str).unwrap_or_default();
        if !program.contains('/') && !USUAL_PATH.contains(&dir) {
            told.push(format!(
                "{dir} is not in the usual PATH of services; if the program starts others from there, \
                 add `--env PATH=\"$PATH\"`"
            ));
        }
    }
    Ok(found)
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
