//! What an interpreter runs, by its command line.

use std::path::{Component, Path, PathBuf};

/// What the arguments of an interpreter name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Script {
    /// No file: what it runs stands in its arguments, or comes on its input.
    Nothing,
    /// This file, by its absolute path, or this module.
    Named(String),
    /// It cannot be told.
    Unclear,
}

/// An interpreter whose arguments are understood.
#[derive(Debug)]
struct Interpreter {
    names: &'static [&'static str],
    /// Options without a value that stand for themselves.
    flags: &'static [&'static str],
    /// Those behind which the program itself stands.
    inline: &'static [&'static str],
    /// The one behind which a module is named.
    module: Option<&'static str>,
    /// A first argument that is none of the script's, and its own verb.
    verb: Option<&'static str>,
}

const INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &["node", "nodejs"],
        flags: &[
            "--no-warnings",
            "--no-deprecation",
            "--enable-source-maps",
            "--expose-gc",
            "--trace-warnings",
            "--use-system-ca",
            "--experimental-strip-types",
        ],
        inline: &["-e", "--eval", "-p", "--print", "-pe", "-i", "--interactive"],
        module: None,
        verb: None,
    },
    Interpreter {
        names: &["bun", "deno"],
        flags: &["-A", "--allow-all", "--no-prompt", "--smol"],
        inline: &["-e", "--eval", "-p", "--print"],
        module: None,
        verb: Some("run"),
    },
    Interpreter {
        names: &["python", "pypy"],
        flags: &["-B", "-E", "-I", "-O", "-OO", "-P", "-S", "-b", "-d", "-s", "-u", "-v", "-x"],
        inline: &["-c", "-i"],
        module: Some("-m"),
        verb: None,
    },
    Interpreter {
        names: &["sh", "bash", "dash", "zsh"],
        flags: &["-e", "-u", "-x", "-eu", "-ex", "-l", "--login", "-p", "--norc", "--noprofile"],
        inline: &["-c", "-ec", "-lc", "-s", "-i"],
        module: None,
        verb: None,
    },
];

/// What the program at this path runs; `None` if it is no interpreter. `arguments`: those of its process
/// with the program's own name, if they can be read. `cwd`: the directory that it works in.
pub(super) fn script(
    program: &str,
    arguments: impl FnOnce() -> Option<Vec<String>>,
    cwd: Option<&str>,
) -> Option<Script> {
    let interpreter = interpreter(program)?;
    let Some(arguments) = arguments() else { return Some(Script::Unclear) };
    Some(interpreter.runs(&arguments, cwd))
}

/// The one of this name: the versions of some are parts of their names.
fn interpreter(program: &str) -> Option<&'static Interpreter> {
    let name = program.rsplit('/').next()?.trim_start_matches('-');
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    INTERPRETERS.iter().find(|interpreter| interpreter.names.contains(&name))
}

impl Interpreter {
    fn runs(&self, arguments: &[String], cwd: Option<&str>) -> Script {
        let Some((own, mut rest)) = arguments.split_first() else { return Script::Unclear };
        // A process can write another title over its arguments.
        if interpreter(own).is_none_or(|by_name| !std::ptr::eq(by_name, self)) {
            return Script::Unclear;
        }
        if let (Some(verb), Some((first, behind))) = (self.verb, rest.split_first())
            && first == verb
        {
            rest = behind;
        }
        while let Some((first, behind)) = rest.split_first() {
            let first = first.as_str();
            if first == "-" || self.inline.contains(&first) {
                return Script::Nothing;
            }
            if Some(first) == self.module {
                return behind.first().cloned().map_or(Script::Unclear, Script::Named);
            }
            if first == "--" || !first.starts_with('-') {
                let file = if first == "--" { behind.first() } else { rest.first() };
                return file.map_or(Script::Nothing, |file| absolute(file, cwd));
            }
            let has_value = first.starts_with("--") && first.contains('=');
            if !has_value && !self.flags.contains(&first) {
                return Script::Unclear;
            }
            rest = behind;
        }
        Script::Nothing
    }
}

/// The path as it is written, without what leads nowhere else. The file system is not asked, so `..` is
/// understood only where no link can come before it.
fn absolute(file: &str, cwd: Option<&str>) -> Script {
    let is_absolute = file.starts_with('/');
    let Some(start) = (if is_absolute { Some("/") } else { cwd }) else { return Script::Unclear };
    let (mut path, mut has_named) = (PathBuf::from(start), is_absolute);
    for part in Path::new(file).components() {
        match part {
            Component::Normal(name) => {
                path.push(name);
                has_named = true;
            }
            Component::ParentDir if has_named => return Script::Unclear,
            Component::ParentDir => {
                path.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    path.to_str().map_or(Script::Unclear, |path| Script::Named(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Script, script};

    #[test]
    fn the_script_is_what_the_interpreter_takes_for_it() {
        let named = |name: &str| Some(Script::Named(name.to_owned()));
        for (program, line, expected) in [
            ("/usr/bin/node", "node /usr/bin/claude --resume", named("/usr/bin/claude")),
            ("/usr/bin/node", "node ./cli.js", named("/home/me/work/cli.js")),
            ("/usr/bin/node", "node ../cli.js", named("/home/me/cli.js")),
            ("/usr/bin/node", "node x/../cli.js", Some(Script::Unclear)),
            ("/usr/bin/node", "node --no-warnings --a=b -- c.js", named("/home/me/work/c.js")),
            // The value of an option is not taken for the script, nor what comes behind it.
            ("/usr/bin/node", "node -r /usr/bin/claude evil.js", Some(Script::Unclear)),
            ("/usr/bin/node", "node evil.js /usr/bin/claude", named("/home/me/work/evil.js")),
            ("/usr/bin/node", "node -e 1 /usr/bin/claude", Some(Script::Nothing)),
            ("/usr/bin/node", "node", Some(Script::Nothing)),
            // A title that was written over the arguments.
            ("/usr/bin/node", "claude", Some(Script::Unclear)),
            ("/usr/bin/node", "python3 /usr/bin/claude", Some(Script::Unclear)),
            ("/usr/bin/node", "", Some(Script::Unclear)),
            ("/opt/bun", "bun run a.ts", named("/home/me/work/a.ts")),
            ("/usr/bin/python3.12", "python3 -u -m aider.main", named("aider.main")),
            ("/usr/bin/python3.12", "python3 -m", Some(Script::Unclear)),
            ("/usr/bin/python3.12", "/usr/bin/python3.12 -X dev a.py", Some(Script::Unclear)),
            ("/bin/bash", "-bash", Some(Script::Nothing)),
            ("/bin/sh", "sh -c /usr/bin/claude", Some(Script::Nothing)),
            ("/usr/bin/claude", "claude /usr/bin/other", None),
        ] {
            let arguments = || Some(line.split_whitespace().map(str::to_owned).collect());
            let found = script(program, arguments, Some("/home/me/work"));
            assert_eq!(found, expected, "{program}: {line}");
        }
        let relative = || Some(vec!["node".to_owned(), "cli.js".to_owned()]);
        assert_eq!(script("node", relative, None), Some(Script::Unclear));
        assert_eq!(script("node", || None, Some("/")), Some(Script::Unclear));
    }
}
