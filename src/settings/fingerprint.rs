//! Numbers for what a server was started with. They never leave the machine's memory and its caches,
//! and nothing of a secret can be read from them.

use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::auth::{Auth, Grant};
use super::program::{Limits, Sandbox};
use super::remote::Transport;
use super::server::ServerConfig;
use crate::base::{Secret, fingerprint};

/// Of everything that makes the process what it is. The words are spelled out: a server goes on over
/// an upgrade only if both versions of ours write the same ones.
pub fn of_start(config: &ServerConfig) -> u64 {
    let env =
        config.program.env.iter().flat_map(|(name, value)| [name.as_str(), "=", value.expose()]);
    let cwd = config.program.cwd.as_ref().map(|cwd| cwd.display().to_string()).unwrap_or_default();
    let bounds = format!(
        "{} {} {}",
        limits(config.program.limits),
        sandbox(config.program.sandbox),
        config.max_message
    );
    let transport = config.remote.transport.map(transport);
    let socket = config.remote.socket.as_ref().map(|socket| socket.display().to_string());
    let headers = config
        .remote
        .headers
        .iter()
        .flat_map(|(name, value)| [name.as_str(), ": ", value.expose()]);
    let words = std::iter::once(config.program.command.expose())
        .chain(config.program.args.iter().map(Secret::expose))
        .chain(env)
        .chain(config.program.inherit_env.iter().map(String::as_str))
        .chain(config.remote.url.iter().map(Secret::expose))
        .chain(headers)
        .map(str::to_owned)
        .chain([cwd, bounds, auth(&config.remote.auth)])
        .chain(transport.map(str::to_owned))
        .chain(socket);
    fingerprint(words.flat_map(|word| [word.into_bytes(), vec![0]].concat()))
}

/// Of what decides which server is spoken with.
pub fn of_program(config: &ServerConfig) -> u64 {
    let words = std::iter::once(&config.program.command)
        .chain(&config.program.args)
        .chain(&config.remote.url);
    let words = words.map(|word| word.expose().as_bytes());
    let socket = config.remote.socket.iter().map(|path| path.as_os_str().as_bytes());
    fingerprint(words.chain(socket).flat_map(|word| word.iter().copied().chain([0])))
}

fn limits(limits: Limits) -> String {
    let Limits { memory_max, tasks_max, cpu_weight, runtime_max } = limits;
    format!(
        "Limits {{ memory_max: {}, tasks_max: {}, cpu_weight: {}, runtime_max: {} }}",
        some(memory_max),
        some(tasks_max),
        some(cpu_weight),
        some(runtime_max.map(duration)),
    )
}

fn some(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "None".to_owned(), |value| format!("Some({})", value.to_string()))
}

fn duration(duration: Duration) -> String {
    match duration.subsec_nanos() {
        0 => format!("{}s", duration.as_secs()),
        nanos => format!("{}s {nanos}ns", duration.as_secs()),
    }
}

fn sandbox(sandbox: Sandbox) -> &'static str {
    match sandbox {
        Sandbox::None => "None",
        Sandbox::Net => "Net",
        Sandbox::Strict => "Strict",
    }
}

fn transport(transport: Transport) -> &'static str {
    match transport {
        Transport::StreamableHttp => "StreamableHttp",
        Transport::Sse => "Sse",
    }
}

/// What a server offers may depend on who asks. Secrets are left out, for they may change.
fn auth(auth: &Auth) -> String {
    match auth {
        Auth::Unsaid | Auth::None => "None".to_owned(),
        Auth::Bearer(_) => "Bearer".to_owned(),
        Auth::Command { words, .. } => format!("Command of {} words", words.len()),
        Auth::Oauth(oauth) => {
            let grant = match oauth.grant {
                Grant::AuthorizationCode => "authorization code",
                Grant::ClientCredentials => "client credentials",
            };
            let client = oauth.client_id.as_deref().unwrap_or_default();
            let url = oauth.client_metadata_url.as_deref().unwrap_or_default();
            format!("Oauth {grant} {client} {url} {}", oauth.scopes.join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::of_start;
    use crate::config::Location;

    /// Another number restarts the servers of everybody who upgrades.
    #[test]
    fn it_is_that_of_the_last_release() {
        for (number, text) in [
            (0xb004_e410_799d_b3f5, "command = \"cat\"\n"),
            (
                0x29fa_4588_6ffb_4e41,
                "command = \"cat\"\nargs = [\"-u\", \"b\"]\nenv = { A = \"1\", B = \"2\" }\n\
                 inherit_env = [\"X\"]\ncwd = \"/tmp\"\n",
            ),
            (
                0x08cd_5934_48a1_ca63,
                "command = \"cat\"\nmemory_max = \"64MiB\"\ntasks_max = 7\ncpu_weight = 50\n\
                 runtime_max = \"90s\"\nsandbox = \"net\"\nmax_message = \"2MiB\"\n",
            ),
            (
                0x60a1_b445_2880_f0ed,
                "command = \"cat\"\nsandbox = \"strict\"\nruntime_max = \"1h\"\n",
            ),
        ] {
            let (dir, text) = (tempfile::tempdir().unwrap(), format!("[servers.a]\n{text}"));
            let path = dir.path().join("config.toml");
            crate::base::file::replace(&path, text.as_bytes()).unwrap();
            let config = Location::named(dir.path()).read().config.unwrap();
            let server = config.servers.values().next().unwrap();
            assert_eq!(of_start(server), number, "{text}");
        }
    }
}
