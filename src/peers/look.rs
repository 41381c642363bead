//! A look at a process: its program, its unit, its directory, as far as the kernel shows them to us.
//!
//! Most connections come of our own program, as a bridge or a command line, and what is asked about is who
//! started that. So a process of ours stands for the nearest one above it that is none. What the
//! service manager started, or adopted, was started by nobody who can be told.
//!
//! Our own processes show their directory and their program to root alone (see [`crate::base::core_dump`]);
//! those are known by their name, and the directory is that of the process that they stand for.

use std::fs::read_link;
use std::path::Path;
use std::time::Duration;

use super::script::{Script, script};
use super::stat::{self, Stat};
use crate::base::peer_facts::KnownFact;
use crate::base::{executable, file};

/// Processes above one that are looked at.
const ABOVE_MAX: usize = 64;
/// The arguments of a process lie in its memory, which may be on a disk that does not answer.
const ARGUMENTS_WITHIN: Duration = Duration::from_millis(500);
/// How the kernel marks what is not there any more.
const DELETED: &str = " (deleted)";
/// The program that starts the others, and adopts what is left of them.
const MANAGER: &str = "systemd";
/// How the names of units end that run programs.
const UNITS: [&str; 2] = [".service", ".scope"];

/// What is known of a process.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub exe: KnownFact,
    pub unit: KnownFact,
    pub cwd: KnownFact,
}

/// Looks at a process as long as it is this one.
pub(super) fn look(process: &Stat) -> Seen {
    let (exe, cwd) = subject(process).and_then(|of| program(&of)).unwrap_or_default();
    let unit = KnownFact::one(unit_of(process.pid));
    if process.is_still() { Seen { exe, unit, cwd } } else { Seen::default() }
}

/// The process that it stands for: the nearest that is none of ours. `None`: not known.
fn subject(process: &Stat) -> Option<Stat> {
    let mut at = process.clone();
    for _ in 0..ABOVE_MAX {
        if !is_ours(&at) {
            let is_manager = || exe(at.pid).is_none_or(|path| name_of(&path) == MANAGER);
            let is_adopted = at.pid != process.pid && (at.pid == 1 || is_manager());
            return (!is_adopted).then_some(at);
        }
        let above = Stat::of(at.parent)?;
        // A process has this parent only as long as that is there.
        let now = Stat::of(at.pid)?;
        if (now.started, now.parent) != (at.started, above.pid) {
            return None;
        }
        at = above;
    }
    None
}

/// Whether it is a process of our program. One that does not show its program is known by its name.
pub(super) fn is_ours(process: &Stat) -> bool {
    match exe(process.pid) {
        Some(path) => {
            name_of(&path) == env!("CARGO_PKG_NAME")
                || executable::own().is_some_and(|own| own == Path::new(&path))
        }
        None => *process.comm == *env!("CARGO_PKG_NAME"),
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Its program and its directory, if their paths are those of files that we see, too.
fn program(process: &Stat) -> Option<(KnownFact, KnownFact)> {
    let path = exe(process.pid);
    let cwd = linked(process.pid, "cwd").filter(|path| !path.ends_with(DELETED));
    let mut told = KnownFact::one(path);
    let found =
        told.names.first().and_then(|path| script(path, || arguments(process.pid), cwd.as_deref()));
    match found {
        Some(Script::Named(name)) => told.names.push(name.into()),
        Some(Script::Unclear) => told.is_all = false,
        Some(Script::Nothing) | None => {}
    }
    let is_here = root_of("self").is_some_and(|own| root_of(process.pid) == Some(own));
    (is_here && process.is_still()).then(|| (told, KnownFact::one(cwd)))
}

/// The path of its program, also if another file is there by now.
fn exe(pid: u32) -> Option<String> {
    let path = linked(pid, "exe")?;
    Some(path.strip_suffix(DELETED).map(str::to_owned).unwrap_or(path))
}

fn linked(pid: u32, name: &str) -> Option<String> {
    let path = read_link(format!("/proc/{pid}/{name}")).ok()?;
    path.into_os_string().into_string().ok()
}

fn arguments(pid: u32) -> Option<Vec<String>> {
    let path = format!("/proc/{pid}/cmdline");
    let read = move || stat::read(pid, "cmdline");
    let bytes = file::within_for(Path::new(&path), ARGUMENTS_WITHIN, read)??;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

/// What lies at `/` for a process: the device and the directory on it. In a container it is another, and
/// its paths say nothing here.
fn root_of(pid: impl std::fmt::Display) -> Option<(String, String)> {
    let text = stat::read(pid, "mountinfo")?;
    let text = String::from_utf8_lossy(&text);
    let mut fields = text.lines().rev().map(|line| line.split(' ').collect::<Vec<_>>());
    let last = fields.find(|fields| fields.get(4) == Some(&"/"))?;
    Some(((*last.get(2)?).to_owned(), (*last.get(3)?).to_owned()))
}

/// The innermost unit whose control group it is in.
fn unit_of(pid: u32) -> Option<String> {
    unit(&String::from_utf8(stat::read(pid, "cgroup")?).ok()?)
}

/// The same in the lines of cgroups(7), of either version.
fn unit(groups: &str) -> Option<String> {
    let path = |line: &'_ str, is_wanted: fn(&str, &str) -> bool| -> Option<String> {
        let (number, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        is_wanted(number, controllers).then(|| path.to_owned())
    };
    let second = groups.lines().find_map(|line| path(line, |number, _| number == "0"));
    let first = || groups.lines().find_map(|line| path(line, |_, of| of == "name=systemd"));
    let of = |path: String| {
        let is_unit = |name: &&str| UNITS.iter().any(|end| name.ends_with(end));
        let parts = (!path.ends_with(DELETED)).then(|| path.rsplit('/'))?;
        parts.into_iter().find(is_unit).map(str::to_owned)
    };
    second.and_then(of).or_else(|| first().and_then(of))
}

#[cfg(test)]
mod tests {
    use super::{look, program, subject, unit};
    use crate::base::children;
    use crate::peers::stat::Stat;
    use std::process::{Command, Stdio};

    #[test]
    fn the_innermost_unit_is_told() {
        for (groups, expected) in [
            (
                "0::/user.slice/user-1.slice/user@1.service/app.slice/app-x.scope\n",
                Some("app-x.scope"),
            ),
            ("0::/user.slice/user@1.service/app.slice/a.service/payload\n", Some("a.service")),
            (
                "2:cpu:/x.scope\n1:name=systemd:/user.slice/session-3.scope\n0::/\n",
                Some("session-3.scope"),
            ),
            ("0::/user.slice/user@1.service/app.slice/x.scope (deleted)\n", None),
            ("0::/\n", None),
            ("0::/user.slice/a.slice\n", None),
            ("", None),
            ("garbage", None),
        ] {
            assert_eq!(unit(groups).as_deref(), expected, "{groups}");
        }
    }

    #[test]
    fn a_process_is_its_program_and_its_directory() {
        let dir = tempfile::tempdir().unwrap().keep().canonicalize().unwrap();
        let mut command = Command::new("sleep");
        command.arg("60").stdin(Stdio::null()).current_dir(&dir);
        let (mut child, _mark) = children::start(&mut command).unwrap();
        let stat = Stat::of(child.id()).unwrap();
        assert_eq!(subject(&stat).as_ref(), Some(&stat), "it stands for itself");
        let (exe, cwd) = program(&stat).unwrap();
        assert!(exe.is_all && exe.names.len() == 1 && exe.names[0].starts_with('/'), "{exe:?}");
        assert_eq!(*cwd.names[0], *dir.to_str().unwrap());
        let earlier = Stat { started: stat.started - 1, ..stat.clone() };
        assert_eq!(look(&earlier), super::Seen::default(), "it was another process");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(look(&stat), super::Seen::default(), "it is gone");
        std::fs::remove_dir(&dir).unwrap();
    }
}
