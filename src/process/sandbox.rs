//! What a server may not see: the profiles of `sandbox = …` as properties of its unit.
//!
//! A user manager can only take away what a user namespace lets it take away, and older ones
//! ignore what they cannot do. So every profile asks for a user namespace, without which the start
//! fails, and afterwards it is looked whether the namespaces are really there.
//!
//! Namespaces hide files; they do not hide who listens on a unix socket elsewhere: the user manager
//! and the bus, through which any program starts others outside, the journal, docker. So there are no
//! unix sockets in a sandbox but those that systemd hands over and pairs that it makes itself.

use std::path::{Path, PathBuf};

use zbus::Variant;

use super::error::StartError;
use super::launch::Launch;
use crate::base::dirs;
use crate::base::runtime_dir;
use crate::settings::{Sandbox, ServerConfig};

/// The families of sockets that a server may make: none that leads to a service of this machine but
/// over its network.
const FAMILIES: [&str; 3] = ["AF_INET", "AF_INET6", "AF_NETLINK"];
/// io_uring(7) makes sockets past every filter of system calls. Programs do without it where it is
/// missing.
const URING: [&str; 3] = ["io_uring_setup", "io_uring_enter", "io_uring_register"];
/// `PrivatePIDs=` is there from this version on.
const PRIVATE_PIDS_SINCE: u32 = 257;

/// The properties of the profile. `version`: the manager's.
pub(super) fn properties<'a>(
    config: &ServerConfig,
    launch: &Launch,
    version: u32,
) -> Vec<(&'a str, Variant<'a>)> {
    if config.program.sandbox == Sandbox::None {
        return Vec::new();
    }
    let text = |text: &str| Variant::from(text.to_owned());
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let mut out = vec![
        ("NoNewPrivileges", Variant::from(true)),
        ("PrivateUsers", Variant::from(true)),
        ("ProtectSystem", text("strict")),
        ("ProtectHome", text("tmpfs")),
        ("PrivateTmp", Variant::from(true)),
        ("PrivateDevices", Variant::from(true)),
        ("PrivateIPC", Variant::from(true)),
        ("ProtectControlGroups", Variant::from(true)),
        ("RestrictSUIDSGID", Variant::from(true)),
        ("LockPersonality", Variant::from(true)),
        ("KeyringMode", text("private")),
        ("RestrictAddressFamilies", Variant::from((true, texts(&FAMILIES)))),
        ("SystemCallFilter", Variant::from((false, texts(&URING)))),
        ("SystemCallErrorNumber", Variant::from(libc::ENOSYS)),
        ("SystemCallArchitectures", Variant::from(texts(&["native"]))),
        // `PrivateDevices=` leaves it as it is, with what programs of the user share there.
        (
            "TemporaryFileSystem",
            Variant::from(vec![("/dev/shm".to_owned(), "mode=1777".to_owned())]),
        ),
        ("InaccessiblePaths", Variant::from(ours())),
    ];
    out.extend(mounts(launch));
    if version >= PRIVATE_PIDS_SINCE {
        out.push(("PrivatePIDs", text("yes")));
    }
    if config.program.sandbox == Sandbox::Strict {
        out.push(("PrivateNetwork", Variant::from(true)));
    }
    out
}

/// Where our config, tokens and sockets are: hidden even where the server works in a directory above.
fn ours() -> Vec<String> {
    let all = [dirs::config(), dirs::state(), dirs::cache(), runtime_dir::sockets().ok()];
    // `-`: it need not be there.
    all.into_iter().flatten().map(|dir| format!("-{}", dir.display())).collect()
}

/// Home is empty but for what the server works on and what it is made of.
fn mounts<'a>(launch: &Launch) -> Vec<(&'a str, Variant<'a>)> {
    let Some(home) = dirs::home() else { return Vec::new() };
    let is_hidden = |path: &Path| path.starts_with(&home);
    let properties = |paths: Vec<PathBuf>| -> Vec<(String, String, bool, u64)> {
        let path = |path: PathBuf| path.display().to_string();
        paths.into_iter().map(path).map(|path| (path.clone(), path, true, 0)).collect()
    };
    let mut out = Vec::new();
    if is_hidden(&launch.cwd) && launch.cwd != home {
        out.push(("BindPaths", Variant::from(properties(vec![launch.cwd.clone()]))));
    }
    let real = launch.program.canonicalize().unwrap_or_else(|_| launch.program.clone());
    // What lies beside a program belongs to it, but not if that is all of home.
    let place = |program: &Path| {
        let dir = program.parent().filter(|dir| *dir != home);
        dir.unwrap_or(program).to_path_buf()
    };
    let needed: Vec<PathBuf> = [place(&launch.program), place(&real)]
        .into_iter()
        .filter(|place| is_hidden(place))
        .collect();
    if !needed.is_empty() {
        out.push(("BindReadOnlyPaths", Variant::from(properties(needed))));
    }
    out
}

/// Whether the process has the namespaces that its profile asked for.
pub(super) fn check(config: &ServerConfig, pid: u32) -> Result<(), StartError> {
    let wanted: &[&str] = match config.program.sandbox {
        Sandbox::None => &[],
        Sandbox::Net => &["user", "mnt", "ipc"],
        Sandbox::Strict => &["user", "mnt", "ipc", "net"],
    };
    let of =
        |process: &str, kind: &str| std::fs::read_link(format!("/proc/{process}/ns/{kind}")).ok();
    let lost = wanted.iter().find(|kind| {
        let theirs = of(&pid.to_string(), kind);
        theirs.is_some() && theirs == of("self", kind)
    });
    match lost {
        None => Ok(()),
        Some(kind) => Err(StartError::Unit(format!(
            "the sandbox `{}` has no effect here (no {kind} namespace of its own); set `sandbox = \"none\"` to do without",
            config.program.sandbox.as_str(),
        ))),
    }
}
