//! What a server is called that nobody named.

use url::{Host, Url};

use crate::base::ServerName;
use crate::remedy::foreign::heading_name;

/// Parts of a package's name that say no more than what it is.
const NOISE: [&str; 4] = ["mcp", "server", "modelcontextprotocol", "claude"];
/// Parts of a host's name that do so.
const NOISE_OF_HOSTS: [&str; 5] = ["mcp", "api", "www", "app", "server"];

/// A name made of that of a package, a repository or a title: `@x/server-notes` is `notes`.
pub(super) fn of_package(name: &str) -> ServerName {
    let last =
        |text: &str| text.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let own = last(name);
    let scope = name.rsplit('/').nth(1).unwrap_or_default().trim_start_matches('@');
    let is_noise = |part: &&str| !NOISE.contains(&part.to_ascii_lowercase().as_str());
    let meaningful = |text: &str| {
        let parts: Vec<&str> = text.split(['-', '_', '.', ' ']).filter(is_noise).collect();
        parts.join("-")
    };
    let found = [meaningful(&own), meaningful(scope), own.clone()];
    parsed(found.iter().find(|text| text.chars().any(char::is_alphanumeric)).map_or("", |t| t))
}

/// A name made of an address.
pub(super) fn of_url(url: &str) -> ServerName {
    let host = Url::parse(url).ok().and_then(|url| url.host().map(|host| host.to_owned()));
    let Some(Host::Domain(host)) = host else { return parsed("remote") };
    let labels: Vec<&str> = host.split('.').collect();
    let own = &labels[..labels.len().saturating_sub(1).max(1)];
    let is_own = |label: &&&str| !NOISE_OF_HOSTS.contains(*label);
    parsed(own.iter().find(is_own).or(own.last()).copied().unwrap_or_default())
}

/// A name made of a command line: the package that a runner runs, else the program.
pub(super) fn of_command(words: &[String]) -> ServerName {
    let program = words.first().map(String::as_str).unwrap_or_default();
    let own = program.rsplit('/').next().unwrap_or_default();
    let args = &words[1.min(words.len())..];
    let runs = |word: &&String| {
        !word.starts_with('-') && !matches!(word.as_str(), "run" | "x" | "dlx" | "exec" | "tool")
    };
    let package = match own {
        "docker" | "podman" => args.iter().rev().find(|word| word.contains('/')).or(args.last()),
        "npx" | "bunx" | "uvx" | "pipx" | "pnpm" | "yarn" | "bun" | "dnx" => args.iter().find(runs),
        "uv" | "node" | "python" | "python3" | "deno" | "go" => args.iter().rev().find(runs),
        _ => None,
    };
    let Some(package) = package else { return of_package(own) };
    let at = package.char_indices().skip(1).find(|(_, c)| matches!(c, '@' | ':' | '=' | '['));
    let name = &package[..at.map_or(package.len(), |(at, _)| at)];
    of_package(name.trim_end_matches(".js").trim_end_matches(".py"))
}

/// The nearest to it that is a name.
pub(super) fn parsed(text: &str) -> ServerName {
    let name = heading_name(text);
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphanumeric()).trim_end_matches('_');
    ServerName::parse(&name.to_lowercase())
        .or_else(|_| ServerName::parse("server"))
        .expect("`server` is a name")
}
