//! What a server may not see: the profiles of `sandbox = …` as properties of its unit.
//!
//! A user manager can only take away what a user namespace lets it take away, and older ones
//! ignore what they cannot do. So every profile asks for a user namespace, without which the start
//! fails, and afterwards it is looked whether the namespaces are really there.

use std::path::{Path, PathBuf};

use zbus::Variant;

use super::StartError;
use super::launch::Launch;
use crate::base::dirs;
use crate::config::{Sandbox, ServerConfig};

/// The properties of the profile.
pub(super) fn properties<'a>(
    config: &ServerConfig,
    launch: &Launch,
) -> Vec<(&'a str, Variant<'a>)> {
    let text = |text: &str| Variant::from(text.to_owned());
    if config.sandbox == Sandbox::None {
        return Vec::new();
    }
    let mut out = vec![
        ("NoNewPrivileges", Variant::from(true)),
        ("PrivateUsers", Variant::from(true)),
        ("ProtectSystem", text("strict")),
        ("ProtectHome", text("tmpfs")),
        ("PrivateTmp", Variant::from(true)),
        ("PrivateDevices", Variant::from(true)),
        ("ProtectControlGroups", Variant::from(true)),
        ("RestrictSUIDSGID", Variant::from(true)),
        ("LockPersonality", Variant::from(true)),
    ];
    // Home is empty but for what it works on and what it is made of.
    let home = dirs::home();
    let is_hidden = |path: &Path| home.as_ref().is_some_and(|home| path.starts_with(home));
    let mounts = |paths: Vec<PathBuf>| -> Vec<(String, String, bool, u64)> {
        let path = |path: PathBuf| path.display().to_string();
        paths.into_iter().map(path).map(|path| (path.clone(), path, true, 0)).collect()
    };
    if is_hidden(&launch.cwd) && Some(&launch.cwd) != home.as_ref() {
        out.push(("BindPaths", Variant::from(mounts(vec![launch.cwd.clone()]))));
    }
    let real = launch.program.canonicalize().unwrap_or_else(|_| launch.program.clone());
    let dirs = [launch.program.parent(), real.parent()].into_iter().flatten();
    let needed: Vec<PathBuf> = dirs.filter(|dir| is_hidden(dir)).map(Path::to_path_buf).collect();
    if !needed.is_empty() {
        out.push(("BindReadOnlyPaths", Variant::from(mounts(needed))));
    }
    if config.sandbox == Sandbox::Strict {
        out.push(("PrivateNetwork", Variant::from(true)));
    }
    out
}

/// Whether the process has the namespaces that its profile asked for.
pub(super) fn check(config: &ServerConfig, pid: u32) -> Result<(), StartError> {
    let wanted: &[&str] = match config.sandbox {
        Sandbox::None => &[],
        Sandbox::Net => &["user", "mnt"],
        Sandbox::Strict => &["user", "mnt", "net"],
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
            config.sandbox.as_str(),
        ))),
    }
}
