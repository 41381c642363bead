//! How a package is run, with its version pinned.

use super::error::{PackageError, refused};
use super::form::{PackageKind, PackageName};
use super::image::{self, RegistryAsked};
use super::listing::{ArgumentKind, ListedInput, ListedPackage};
use super::registry::Registries;
use super::values::Values;
use crate::base::quoted;
use crate::imports::located::locate;
use crate::json::Json;

/// Options of npx that only say how it does what it does.
pub(super) const OF_NPX: [&str; 5] = ["-y", "--yes", "-q", "--quiet", "--prefer-offline"];
/// And of uvx; the second ones take a value.
pub(super) const OF_UVX: [&str; 3] = ["-q", "--quiet", "--isolated"];
pub(super) const OF_UVX_WITH_VALUE: [&str; 2] = ["-p", "--python"];
/// Options of docker that give the container nothing of the machine.
const OF_DOCKER: [&str; 6] = ["-i", "--interactive", "--rm", "--init", "--read-only", "-it"];
/// Those with a value, which is looked at.
const OF_DOCKER_WITH_VALUE: [&str; 20] = [
    "-e",
    "--env",
    "-v",
    "--volume",
    "--mount",
    "-p",
    "--publish",
    "--network",
    "--net",
    "-w",
    "--workdir",
    "-u",
    "--user",
    "--platform",
    "-m",
    "--memory",
    "--cpus",
    "--tmpfs",
    "--name",
    "--pull",
];
/// What a container must not get unasked.
const TOO_MUCH: [&str; 3] = ["docker.sock", "podman.sock", "containerd.sock"];

/// A program and its arguments, as the config has them.
pub(super) struct PackageCommand {
    pub(super) program: &'static str,
    pub(super) args: Vec<String>,
    /// What it is, for who reads the file.
    pub(super) from: String,
}

/// What runs a package that was named by itself. `asked`: how the registry of an image is, which its name says.
pub(super) fn of_name(
    package: &PackageName,
    registries: &Registries,
    asked: RegistryAsked<'_>,
) -> Result<PackageCommand, PackageError> {
    let name = &package.identifier;
    if package.kind == PackageKind::Oci {
        let image = image::pinned(name, package.version.as_deref(), asked)?;
        let mut args: Vec<String> = ["run", "-i", "--rm"].map(str::to_owned).into();
        let from = of_image(package, &image);
        args.push(image);
        return Ok(PackageCommand { program: container_runner(), args, from });
    }
    let pinned = registries.pin(package)?;
    let version = &pinned.version;
    let integrity = pinned.integrity.map_or_else(String::new, |text| format!(" ({text})"));
    let (program, args, registry) = match package.kind {
        PackageKind::Npm => {
            // Without the second, npx asks the registry again at each start, and waits for it.
            let args = ["-y", "--prefer-offline"].map(str::to_owned);
            ("npx", args.into_iter().chain([format!("{name}@{version}")]).collect(), "npm")
        }
        _ => ("uvx", vec![format!("{name}@{version}")], "PyPI"),
    };
    Ok(PackageCommand {
        program,
        args,
        from: format!("From {registry}: {name} {version}{integrity}."),
    })
}

fn of_image(package: &PackageName, image: &str) -> String {
    let tag = package.version.as_deref().unwrap_or("latest");
    format!("From {}:{tag}, which was {image} then.", package.identifier)
}

/// Docker, or what takes its words.
fn container_runner() -> &'static str {
    let is_here = |program: &&str| locate(program).is_some();
    ["docker", "podman"].into_iter().find(is_here).unwrap_or("docker")
}

/// Why a package cannot be run here; `None`: it can.
pub(super) fn obstacle(package: &ListedPackage) -> Option<String> {
    if package.transport != "stdio" {
        return Some("it listens on an address: start it, and add that address".to_owned());
    }
    let program = match package.registry.as_str() {
        "npm" => "npx",
        "pypi" => "uvx",
        "oci" => container_runner(),
        "nuget" => "dnx",
        "mcpb" => {
            let has_digest = package.sha256.as_deref().is_some_and(image::is_sha256);
            return (!has_digest)
                .then(|| "its SHA-256 is not said: download it, and add the file".to_owned());
        }
        _ => {
            return Some(
                "callmux has no runner for it: install it, and add its command".to_owned(),
            );
        }
    };
    let usual = match package.registry.as_str() {
        "npm" => ["https://registry.npmjs.org", ""],
        "pypi" => ["https://pypi.org", ""],
        "oci" => ["https://docker.io", ""],
        _ => ["https://api.nuget.org", "https://api.nuget.org/v3/index.json"],
    };
    let base = package.base_url.as_deref().map(|url| url.trim_end_matches('/'));
    if let Some(base) = base.filter(|base| !usual.contains(base) && package.registry != "oci") {
        return Some(format!("it is kept at {}: add its command", quoted(base)));
    }
    locate(program).is_none().then(|| format!("there is no {program} here: install it"))
}

/// What runs a package that a listing has. `asked`: as in [`of_name`].
pub(super) fn of_listed(
    package: &ListedPackage,
    (registries, asked): (&Registries, RegistryAsked<'_>),
    given: &dyn Fn(&str) -> bool,
    values: &mut Values<'_>,
) -> Result<PackageCommand, PackageError> {
    let kind = match package.registry.as_str() {
        "pypi" => PackageKind::Pypi,
        "oci" => PackageKind::Oci,
        _ => PackageKind::Npm,
    };
    let version = package.version.as_deref();
    let name = if kind == PackageKind::Oci {
        image_of(package)?
    } else {
        PackageName::new(kind, &package.identifier, version)?
    };
    let is_nuget = package.registry == "nuget";
    if is_nuget && !version.is_some_and(super::registry::is_exact) {
        return Err(refused(
            "a package of NuGet has to name its version; write the command behind `--`",
        ));
    }
    let mut command = if is_nuget {
        let version = version.unwrap_or_default();
        let from = format!("From NuGet: {} {version}.", package.identifier);
        let args =
            vec![format!("{}@{version}", package.identifier), "--yes".to_owned(), "--".to_owned()];
        PackageCommand { program: "dnx", args, from }
    } else {
        of_name(&name, registries, asked)?
    };
    let mut runtime = arguments(&package.runtime, given, values)?;
    judge(command.program, &runtime)?;
    runtime.retain(|word| !command.args.contains(word));
    if kind == PackageKind::Oci {
        by_environment(&mut runtime, values)?;
    }
    for variable in &package.variables {
        let name = variable_name(&variable.name)?;
        if let Some(value) = values.of(variable, given(name))? {
            values.draft.set_member("env", name, Json::from(value));
        }
        let is_set = values.draft.get("env").is_some_and(|env| env.get(name).is_some());
        if kind == PackageKind::Oci
            && (is_set || given(name))
            && !runtime.iter().any(|word| word == name)
        {
            runtime.extend(["-e".to_owned(), name.to_owned()]);
        }
    }
    // Before what is run.
    let at = command.args.len() - 1;
    command.args.splice(at..at, runtime);
    command.args.extend(arguments(&package.arguments, given, values)?);
    Ok(command)
}

/// The image that a listing names, with its tag or digest.
pub(super) fn image_of(package: &ListedPackage) -> Result<PackageName, PackageError> {
    let word = format!("oci:{}", package.identifier);
    let parsed = PackageName::parse(&word)?;
    let mut name = parsed.ok_or_else(|| refused("it names no image"))?;
    // Later schemas have it in the identifier, earlier ones apart.
    let host = package.base_url.as_deref().and_then(|url| url.strip_prefix("https://"));
    let host = host.map(|host| host.trim_end_matches('/')).filter(|host| *host != "docker.io");
    if let Some(host) = host.filter(|host| !name.identifier.starts_with(*host)) {
        name.identifier = format!("{host}/{}", name.identifier);
    }
    name.version = name.version.or_else(|| package.version.clone());
    PackageName::new(PackageKind::Oci, &name.identifier, name.version.as_deref())
}

fn variable_name(name: &str) -> Result<&str, PackageError> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // What decides which program runs, and what it loads, is not a server's to say.
    let decides =
        ["PATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "NODE_OPTIONS", "PYTHONPATH", "BASH_ENV"];
    if is_name && !decides.contains(&name) {
        Ok(name)
    } else {
        Err(refused(format!(
            "it sets the variable `{}`, which callmux lets no package set; write the command behind `--`",
            quoted(name)
        )))
    }
}

/// Arguments in words.
fn arguments(
    inputs: &[ListedInput],
    given: &dyn Fn(&str) -> bool,
    values: &mut Values<'_>,
) -> Result<Vec<String>, PackageError> {
    let mut words = Vec::new();
    for input in inputs {
        let is_flag = input.kind == ArgumentKind::Named && !input.takes_value;
        if is_flag && input.format != "boolean" && !input.is_required {
            words.push(input.name.clone());
            continue;
        }
        let Some(value) = values.of(input, given(&input.name))? else { continue };
        match input.kind {
            ArgumentKind::Positional => words.push(value),
            ArgumentKind::Named if input.format == "boolean" => {
                words.extend((value == "true").then(|| input.name.clone()));
            }
            ArgumentKind::Named => words.extend([input.name.clone(), value]),
        }
    }
    let has_secret = words.iter().any(|word| word.contains("${file:"));
    if has_secret {
        values.draft.set("secret_args", Json::from(true));
    }
    Ok(words)
}

/// Has values for a container pass through the environment: arguments are for everybody to read.
fn by_environment(words: &mut [String], values: &mut Values<'_>) -> Result<(), PackageError> {
    for at in 1..words.len() {
        if matches!(words[at - 1].as_str(), "-e" | "--env")
            && let Some((name, value)) = words[at].split_once('=')
        {
            let name = variable_name(name)?.to_owned();
            values.draft.set_member("env", &name, Json::from(value));
            words[at] = name;
        }
    }
    let has_secret = words.iter().any(|word| word.contains("${file:"));
    if !has_secret {
        values.draft.remove("secret_args");
    }
    Ok(())
}

/// What a runner is told gives a package no more than it needs.
fn judge(runner: &str, words: &[String]) -> Result<(), PackageError> {
    let too_much = |word: &str| {
        refused(format!(
            "it wants {runner} to be told `{}`, which callmux passes on for no package; if that is meant, write the \
             command behind `--`",
            quoted(word)
        ))
    };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (option, inline) = match word.split_once('=') {
            Some((option, value)) if option.starts_with('-') => (option, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        let (flags, with_value): (&[&str], &[&str]) = match runner {
            "npx" => (&OF_NPX, &[]),
            "uvx" => (&OF_UVX, &OF_UVX_WITH_VALUE),
            "docker" | "podman" => (&OF_DOCKER, &OF_DOCKER_WITH_VALUE),
            _ => (&["--yes"], &[]),
        };
        if flags.contains(&option) || (option == "run" && flags.contains(&"--rm")) {
            continue;
        }
        if !with_value.contains(&option) {
            return Err(too_much(word));
        }
        let value = inline.or_else(|| words.next().cloned()).ok_or_else(|| too_much(word))?;
        if is_too_much(option, &value) {
            return Err(too_much(&format!("{option} {value}")));
        }
    }
    Ok(())
}

/// Whether a container gets the machine with it.
fn is_too_much(option: &str, value: &str) -> bool {
    let source = match option {
        "-v" | "--volume" => value.split(':').next().unwrap_or_default(),
        "--mount" => {
            let mut parts = value.split(',');
            let source = |part: &&str| part.starts_with("source=") || part.starts_with("src=");
            parts
                .find(source)
                .and_then(|part| part.split_once('='))
                .map_or("", |(_, source)| source)
        }
        "--network" | "--net" if value.starts_with("container:") => return true,
        _ => return false,
    };
    let root = source.trim_end_matches(['/', '.']);
    TOO_MUCH.iter().any(|socket| value.contains(socket))
        || (source.starts_with('/')
            && matches!(
                root,
                "" | "/etc" | "/root" | "/home" | "/proc" | "/sys" | "/dev" | "/var" | "/run"
            ))
        || source.contains("..")
}
