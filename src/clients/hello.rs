//! What clients call themselves when they greet a server.

use super::client::KnownClient;

/// The beginnings of the names that clients are known to give in `clientInfo`, in small letters, without what is
/// neither letter nor digit.
const HELLOS: &[(&str, &[&str])] = &[
    ("claude-code", &["claudecode"]),
    ("claude-desktop", &["claudeai", "claudedesktop"]),
    ("codex", &["codex"]),
    ("cursor", &["cursor"]),
    ("vscode", &["visualstudiocode", "vscode"]),
    ("vscode-copilot", &["visualstudiocode", "vscode"]),
    ("copilot-cli", &["copilot", "githubcopilot"]),
    ("gemini", &["gemini"]),
    ("qwen", &["qwen"]),
    ("cline-cli", &["cline"]),
    ("kiro", &["kiro", "qdev"]),
];

/// Whether a client that calls itself so, name and version, is this one. Those of which it is not known are taken to
/// begin with the name that we give them.
pub fn is_hello_of(client: &KnownClient, title: &str) -> bool {
    let plain: String = title.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    match HELLOS.iter().find(|(id, _)| *id == client.id) {
        Some((_, starts)) => starts.iter().any(|start| plain.starts_with(start)),
        None => {
            let name = title.split([' ', '-', '_', '/']).next().unwrap_or_default();
            name.eq_ignore_ascii_case(client.id)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{HELLOS, is_hello_of};
    use crate::clients::CLIENTS;

    #[test]
    fn clients_are_known_by_what_they_say() {
        for (title, id) in [
            ("claude-code 2.1.4", "claude-code"),
            ("claude-ai 0.1.0", "claude-desktop"),
            ("codex-mcp-client 0.60", "codex"),
            ("cursor-vscode 1.0.0", "cursor"),
            ("Visual Studio Code 1.99.0", "vscode"),
            ("Visual-Studio-Code 1.99.0", "vscode"),
            ("windsurf-client 1.0.0", "windsurf"),
            ("gemini-cli-mcp-client 0.0.1", "gemini"),
            ("opencode 1.0", "opencode"),
            ("Zed 0.200", "zed"),
            ("goose 1.9", "goose"),
            ("amp 1", "amp"),
        ] {
            let found: Vec<&str> = CLIENTS
                .iter()
                .filter(|client| is_hello_of(client, title))
                .map(|client| client.id)
                .collect();
            assert!(found.contains(&id), "{title}: {found:?}");
            assert!(
                found.len() == 1 || found.iter().all(|id| id.contains("vscode")),
                "{title}: {found:?}"
            );
        }
        assert!(CLIENTS.iter().all(|client| !is_hello_of(client, "ampere 1")));
        for (id, _) in HELLOS {
            assert!(CLIENTS.iter().any(|client| client.id == *id), "{id}");
        }
    }
}
