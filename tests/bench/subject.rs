//! What is measured: programs that are started, found ready, weighed and ended.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::drive::Way;

/// A running program with a way in.
pub struct Subject {
    pub child: Child,
    pub way: Way,
    /// The name of the echo tool behind it.
    pub tool: &'static str,
    dir: Option<PathBuf>,
}

/// This very program in another role.
fn own(role: &[&str]) -> Vec<String> {
    let program = std::env::current_exe().unwrap().display().to_string();
    std::iter::once(program).chain(role.iter().map(|word| (*word).to_owned())).collect()
}

pub fn callmux() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_callmux"))
}

/// A directory for one run.
pub fn scratch(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("cmb-{}-{name}", std::process::id()));
    drop(std::fs::remove_dir_all(&dir));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// A port that is free now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits until a connection is accepted.
fn wait_for(way: &Way) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !way.is_open() {
        assert!(Instant::now() < deadline, "{way:?} does not open");
        std::thread::park_timeout(Duration::from_micros(200));
    }
}

impl Subject {
    /// The bare forwarder in front of one server.
    pub fn floor(tools: usize) -> Self {
        Self::floor_of(1, tools)
    }

    /// The same in front of several.
    pub fn floor_of(servers: usize, tools: usize) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let server = own(&["echo-server", &tools.to_string()]);
        let words = own(&["floor", &address, &servers.to_string()]);
        let child = Command::new(&words[0]).args(&words[1..]).args(&server).spawn().unwrap();
        let way = Way::Tcp(address);
        wait_for(&way);
        Self { child, way, tool: "echo", dir: None }
    }

    /// callmux in front of `servers` servers, reached by TCP.
    pub fn callmux(servers: usize, tools: usize) -> Self {
        Self::callmux_and(servers, tools, "")
    }

    /// The same with these further keys for the last server.
    pub fn callmux_and(servers: usize, tools: usize, keys: &str) -> Self {
        let server = own(&["echo-server", &tools.to_string()]);
        let table = |n: usize| {
            format!("[servers.s{n}]\ncommand = {:?}\nargs = {:?}\n", server[0], &server[1..])
        };
        let tables: String = (0..servers).map(table).collect();
        let name = format!("{servers}-{tools}-{}", keys.len());
        Self::callmux_with(&name, &(tables + keys))
    }

    /// The fastest server over HTTP itself.
    pub fn remote() -> Self {
        Self::listening("remote-server", &[])
    }

    /// One as people write them.
    pub fn usual() -> Self {
        Self::listening("usual-server", &[])
    }

    /// A bare forwarder to it.
    pub fn hop(remote: &Self) -> Self {
        let Way::Tcp(address) = &remote.way else { panic!("it is reached by TCP") };
        Self::listening("hop", &[address])
    }

    fn listening(role: &str, rest: &[&str]) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let words = own(&[&[role, &address], rest].concat());
        let child = Command::new(&words[0]).args(&words[1..]).spawn().unwrap();
        let way = Way::Tcp(address);
        wait_for(&way);
        Self { child, way, tool: "echo", dir: None }
    }

    /// callmux in front of that server.
    pub fn callmux_to(remote: &Self) -> Self {
        let Way::Tcp(address) = &remote.way else { panic!("it is reached by TCP") };
        Self::callmux_with("remote", &format!("[servers.s0]\nurl = \"http://{address}/mcp\"\n"))
    }

    fn callmux_with(name: &str, tables: &str) -> Self {
        let dir = scratch(&format!("callmux-{name}"));
        // The floor sends whole results and lists nothing of its own.
        let config = format!("exposure = \"no-meta\"\nmax_result = \"0B\"\n{tables}");
        std::fs::File::create(dir.join("config.toml")).unwrap();
        std::io::Write::write_all(
            &mut std::fs::OpenOptions::new().write(true).open(dir.join("config.toml")).unwrap(),
            config.as_bytes(),
        )
        .unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let mut command = Command::new(callmux());
        command.args(["serve", "--log-level", "error", "--listen", &address, "--config"]).arg(&dir);
        command.env("XDG_RUNTIME_DIR", &dir).env("XDG_CACHE_HOME", dir.join("cache"));
        command.env("XDG_STATE_HOME", dir.join("state"));
        let child = command.stdin(Stdio::null()).spawn().unwrap();
        let way = Way::Tcp(address);
        wait_for(&way);
        Self { child, way, tool: "s0__echo", dir: Some(dir) }
    }

    /// The npm callmux, if it can be had.
    pub fn npm(tools: usize) -> Option<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench/npm");
        let program = root.join("node_modules/.bin/callmux");
        if !program.exists() {
            std::fs::create_dir_all(&root).ok()?;
            let install = Command::new("npm")
                .args(["install", "--silent", "callmux@0.24.3"])
                .current_dir(&root)
                .status();
            install.ok().filter(std::process::ExitStatus::success)?;
        }
        let port = free_port().to_string();
        let mut command = Command::new(program);
        command.args(["--listen", &port, "--"]).args(own(&["echo-server", &tools.to_string()]));
        let child = command
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let way = Way::Tcp(format!("127.0.0.1:{port}"));
        wait_for(&way);
        Some(Self { child, way, tool: "echo", dir: None })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The unix socket of a callmux.
    pub fn unix(&self) -> Way {
        Way::Unix(self.dir.as_ref().unwrap().join("callmux/mcp.sock"))
    }

    /// A bridge to a callmux.
    pub fn bridge(&self) -> Way {
        Way::Bridge(self.dir.as_ref().unwrap().join("callmux/mcp.sock"))
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        drop(self.child.wait());
        if let Some(dir) = &self.dir {
            drop(std::fs::remove_dir_all(dir));
        }
    }
}

/// The server itself, without anything between.
pub fn direct(tools: usize) -> Way {
    Way::Server(own(&["echo-server", &tools.to_string()]))
}

/// Proportional set size in KiB (proc_pid_smaps_rollup(5)).
pub fn pss_kib(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap_or("Pss: 0 kB");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

/// Processor time of all threads so far (proc_pid_schedstat(5)).
pub fn cpu(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let nanos = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// Keeps a process, its threads and its children on these cores.
pub fn pin(pid: u32, cores: std::ops::Range<usize>) {
    let mut set = rustix::thread::CpuSet::new();
    cores.clone().for_each(|core| set.set(core));
    let children =
        std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
        pin(child, cores.clone());
    }
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    for task in tasks {
        let tid = task
            .file_name()
            .to_str()
            .and_then(|tid| tid.parse().ok())
            .and_then(rustix::process::Pid::from_raw);
        _ = rustix::thread::sched_setaffinity(tid, &set);
    }
}
