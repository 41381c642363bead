//! A process of the daemon, cut loose from who starts it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Resource, setrlimit};
use tokio::net::unix::pipe::Receiver;

use crate::base::{children, core_dump, descriptors, executable, program};
use crate::lasting;
use crate::process::orphans;

/// What is about who starts it, its terminal and its unit, and not about the user.
const NOT_OURS: [&str; 11] = [
    "CALLMUX_NO_SPAWN",
    "CALLMUX_SOCKET",
    "INVOCATION_ID",
    "JOURNAL_STREAM",
    "MANAGERPID",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "SYSTEMD_EXEC_PID",
    "TERM",
    "_",
];
/// The variable that names a config, as a person writes it.
const CONFIG: &str = "CALLMUX_CONFIG";

/// Starts it, for the socket at a path. `log`: what becomes its stderr. What is returned is its stdout.
pub(super) fn spawn(socket: &Path, log: Option<File>) -> io::Result<Receiver> {
    let (from, to) = io::pipe()?;
    let mut command = Command::new(ourselves());
    command.args(["serve", "--on-demand", "--socket"]).arg(socket).current_dir("/");
    command.stdin(Stdio::null()).stdout(to).stderr(log.map_or_else(Stdio::null, Stdio::from));
    for name in NOT_OURS.iter().chain(&program::OF_THE_DAEMON).chain([&orphans::MARK]) {
        command.env_remove(name);
    }
    if let Some(config) = std::env::var_os(CONFIG)
        && let Ok(config) = std::path::absolute(config)
    {
        command.env(CONFIG, config);
    }
    cut_loose(&mut command);
    let started = children::start(&mut command);
    // It holds our end of the pipe until then.
    drop(command);
    let (mut first, _mark) = started?;
    first.wait()?;
    Receiver::from_owned_fd(OwnedFd::from(from))
}

/// Our program, also where it was taken away. What goes away starts no daemon where there is one that stays.
fn ourselves() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let lasting = lasting::plan(&path).ok().flatten().filter(|plan| !plan.is_work());
    let own = || executable::find(env!("CARGO_PKG_NAME"), "".as_ref());
    let found = lasting.map(|plan| plan.path).or_else(own);
    found.unwrap_or_else(|| "/proc/self/exe".into())
}

/// Gives it a session of its own, whoever takes in orphans for its parent, and the limits that we were given.
/// Clients end a server with its group, its session, or all that are below it.
fn cut_loose(command: &mut Command) {
    let core = core_dump::limit_before();
    let in_child = move || {
        if let Some(limit) = core {
            setrlimit(Resource::Core, limit)?;
        }
        descriptors::give_back();
        descriptors::close_others();
        rustix::process::setsid()?;
        leave_parent()
    };
    #[expect(unsafe_code, reason = "runs between fork and exec; makes only system calls")]
    // SAFETY: the closure allocates nothing and takes no lock (signal-safety(7)).
    unsafe {
        command.pre_exec(in_child);
    }
}

/// Goes on in a child, and ends.
fn leave_parent() -> io::Result<()> {
    #[expect(unsafe_code, reason = "no safe wrapper of fork(2) exists")]
    // SAFETY: there is one thread, in which nothing but system calls is made before execve(2).
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(()),
        #[expect(unsafe_code, reason = "no safe wrapper of _exit(2) exists")]
        // SAFETY: ends this process and runs nothing of it.
        _ => unsafe { libc::_exit(0) },
    }
}
