//! What everybody can see of processes: their command lines and environments.

use std::collections::HashMap;
use std::path::Path;

use super::watch::Watch;

/// The processes below `pid`, however deep, each with its parent.
fn below(pid: u32) -> Vec<(u32, u32)> {
    let children = |parent: u32| -> Vec<(u32, u32)> {
        let tasks =
            std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
        let lists =
            tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
        lists
            .flat_map(|list| {
                let pids = list.split_whitespace().map(|pid| (pid.parse().unwrap(), parent));
                pids.collect::<Vec<_>>()
            })
            .collect()
    };
    let mut all = children(pid);
    let mut next = 0;
    while next < all.len() {
        let below = children(all[next].0);
        all.extend(below);
        next += 1;
    }
    all
}

/// The processes below `pid`, however deep.
pub fn descendants(pid: u32) -> Vec<u32> {
    below(pid).into_iter().map(|(pid, _)| pid).collect()
}

/// What a process does, as proc_pid_stat(5) has it; `None` if there is no such process.
pub fn state(pid: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// Whether the process is there. A zombie is not, once all its threads have ended: until then it
/// holds its files.
pub fn is_alive(pid: u32) -> bool {
    let has_threads = || stat(pid, 17).is_some_and(|threads| threads > 1);
    state(pid).is_some_and(|state| state != 'Z' || has_threads())
}

/// A file of a process, a line for each of its texts.
pub fn of_process(pid: u32, name: &str) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/{name}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', "\n")
}

/// The programs that run with a command line that fits, a line for each of its words. What one of them
/// has just started is not among them: until execve(2) it has the command line of its parent.
fn programs(fits: impl Fn(&str) -> bool) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let all: Vec<u32> = pids.filter(|pid| fits(&of_process(*pid, "cmdline"))).collect();
    let is_program = |pid: &u32| stat(*pid, 1).is_some_and(|parent| !all.contains(&parent));
    all.iter().copied().filter(is_program).collect()
}

/// A number of what proc_pid_stat(5) says of a process, counted from its state; `None` if there is no
/// such process.
pub fn stat(pid: u32, field: usize) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(field)?.parse().ok()
}

/// The command line and the environment of one program. Between the two it may have become another
/// (execve(2)); then they are read again.
fn shown(pid: u32) -> (String, String) {
    loop {
        let words = of_process(pid, "cmdline");
        let environment = of_process(pid, "environ");
        if of_process(pid, "cmdline") == words {
            return (words, environment);
        }
    }
}

/// Who may have what in its environment.
pub struct Owners<'a> {
    /// What the test gave the program itself.
    pub given: &'a [String],
    /// Everything below the program may have that, too.
    pub is_inherited: bool,
    /// The servers, by their processes.
    pub servers: HashMap<u32, String>,
}

/// Keeps what can be seen of a process and of those below it, without what they were given.
pub fn look_at(watch: &Watch, pid: u32, owners: &Owners<'_>) {
    let own = of_process(pid, "cmdline");
    let ours = without(&of_process(pid, "environ"), owners.given);
    watch.heard.said(format!("the environment of `{}`", own.replace('\n', " ")), ours);
    let tables: Vec<toml::Table> =
        watch.configs().iter().filter_map(|text| text.parse().ok()).collect();
    let all = below(pid);
    let parents: HashMap<u32, u32> = all.iter().copied().collect();
    for (child, _) in &all {
        let (words, environment) = shown(*child);
        let chain = std::iter::successors(Some(*child), |pid| parents.get(pid).copied());
        let server = chain.into_iter().find_map(|pid| owners.servers.get(&pid));
        let is_it = |name: &str, command: &str| match server {
            Some(server) => server == name,
            // It has just been started, and the log does not tell of it yet.
            None => words.lines().next().is_some_and(|word| word.ends_with(command)),
        };
        let mut given = named(&tables, is_it);
        // Between fork(2) and execve(2) it is the program still.
        if owners.is_inherited || words == own {
            given.extend(owners.given.iter().cloned());
        }
        let place = words.replace('\n', " ");
        let environment = without(&environment, &given);
        watch.heard.said(format!("the environment of `{place}`"), environment);
        watch.heard.said(format!("the command line of `{place}`"), words);
    }
    watch.heard.said("the command line of the program", own);
}

/// The variables that configs give the servers that fit: name, command.
fn named(configs: &[toml::Table], fits: impl Fn(&str, &str) -> bool) -> Vec<String> {
    let tables = configs.iter().filter_map(|config| config.get("servers")?.as_table());
    let servers = tables.flatten().filter(|(name, server)| {
        let command = server.get("command").and_then(toml::Value::as_str);
        command.is_some_and(|command| fits(name, command))
    });
    let variables = servers.filter_map(|(_, server)| server.get("env")?.as_table());
    variables.flat_map(|env| env.keys().cloned()).collect()
}

fn without(environment: &str, given: &[String]) -> String {
    let is_given = |line: &str| {
        line.split_once('=').is_some_and(|(name, _)| given.iter().any(|given| given == name))
    };
    environment.lines().filter(|line| !is_given(line)).collect::<Vec<_>>().join("\n")
}

/// The daemons that were started on demand for the socket at this path.
pub fn daemons_at(socket: &Path) -> Vec<u32> {
    let socket = socket.display().to_string();
    programs(|words| {
        words.contains("\nserve\n--on-demand\n") && words.lines().any(|word| word == socket)
    })
}
