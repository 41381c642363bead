//! `server.json`, as the registry of MCP servers has it, of every date of its schema.
//!
//! The schema of 2025-07-09 writes its keys with `_`, the later ones as camelCase; those before say `registry_name`
//! and `name` for what is `registryType` and `identifier` now. A registry answers with the document inside of
//! `server`, and what it says of it itself in `_meta`.

use super::error::{PackageError, refused};
use crate::base::quoted;
use crate::json::Json;

/// So many packages, remotes, arguments, variables and choices are read, each.
const ITEMS_MAX: usize = 200;
/// The longest text of it, in bytes.
const TEXT_MAX: usize = 16 << 10;
/// What a registry says of a document is here.
const OFFICIAL: &str = "io.modelcontextprotocol.registry/official";

/// A server as it is described.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) name: String,
    pub(super) version: Option<String>,
    /// `active`, `deprecated`, `deleted`.
    pub(super) status: Option<String>,
    pub(super) packages: Vec<ListedPackage>,
    pub(super) remotes: Vec<ListedRemote>,
}

/// A program that can be had.
#[derive(Debug)]
pub(super) struct ListedPackage {
    /// `npm`, `pypi`, `oci`, `nuget`, `mcpb`, `cargo`.
    pub(super) registry: String,
    pub(super) identifier: String,
    pub(super) version: Option<String>,
    pub(super) sha256: Option<String>,
    /// The registry that keeps it, where that is not the usual one.
    pub(super) base_url: Option<String>,
    pub(super) transport: String,
    /// For what runs it.
    pub(super) runtime: Vec<ListedInput>,
    /// For the server itself.
    pub(super) arguments: Vec<ListedInput>,
    pub(super) variables: Vec<ListedInput>,
}

/// A server at an address.
#[derive(Debug)]
pub(super) struct ListedRemote {
    /// `streamable-http` or `sse`.
    pub(super) transport: String,
    pub(super) url: ListedInput,
    pub(super) headers: Vec<ListedInput>,
}

/// How an argument stands in a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArgumentKind {
    Positional,
    /// Its name comes before its value.
    Named,
}

/// A value, or what it has to be.
#[derive(Debug)]
pub(super) struct ListedInput {
    /// Of a variable, header or option.
    pub(super) name: String,
    pub(super) kind: ArgumentKind,
    pub(super) value: Option<String>,
    pub(super) default: Option<String>,
    pub(super) description: String,
    pub(super) format: String,
    pub(super) choices: Vec<String>,
    pub(super) is_required: bool,
    pub(super) is_secret: bool,
    /// An option that takes a value.
    pub(super) takes_value: bool,
    /// What stands in braces in the value.
    pub(super) variables: Vec<ListedInput>,
}

impl Listing {
    /// Whether a document is one.
    pub(super) fn is_in(tree: &Json) -> bool {
        let tree = tree.get("server").filter(|server| server.is_object()).unwrap_or(tree);
        let schema = tree.get("$schema").and_then(Json::as_str).unwrap_or_default();
        let has_list = |key: &str| tree.get(key).is_some_and(|list| list.as_array().is_some());
        schema.ends_with("/server.schema.json")
            || (tree.get("name").is_some_and(|name| name.as_str().is_some())
                && (has_list("packages") || has_list("remotes")))
    }

    /// Reads it.
    pub(super) fn read(tree: &Json) -> Result<Self, PackageError> {
        let inner = tree.get("server").filter(|server| server.is_object());
        let server = inner.unwrap_or(tree);
        let name = text(server, &["name"]).ok_or_else(|| wrong("name", "a text"))?;
        let metas = [tree.get("_meta"), server.get("_meta")];
        let status = metas.iter().flatten().find_map(|meta| text(meta.get(OFFICIAL)?, &["status"]));
        let mut packages = Vec::new();
        for package in list(server, &["packages"])? {
            packages.push(ListedPackage::read(package)?);
        }
        let mut remotes = Vec::new();
        for remote in list(server, &["remotes"])? {
            remotes.push(ListedRemote::read(remote)?);
        }
        let status = status.or_else(|| text(server, &["status"]));
        Ok(Self { name, version: version(server), status, packages, remotes })
    }
}

/// Where the document says it: in the server, or at first in `version_detail`.
fn version(server: &Json) -> Option<String> {
    let old = server.get("version_detail").or_else(|| server.get("versionDetail"));
    text(server, &["version"]).or_else(|| text(old?, &["version"]))
}

impl ListedPackage {
    fn read(package: &Json) -> Result<Self, PackageError> {
        let registry = text(package, &["registryType", "registry_type", "registry_name"]);
        let registry = registry.ok_or_else(|| wrong("packages: registryType", "a text"))?;
        let identifier = text(package, &["identifier", "name"]);
        let transport = package.get("transport");
        Ok(Self {
            registry,
            identifier: identifier.ok_or_else(|| wrong("packages: identifier", "a text"))?,
            version: text(package, &["version"]).filter(|version| !version.is_empty()),
            sha256: text(package, &["fileSha256", "file_sha256"]),
            base_url: text(package, &["registryBaseUrl", "registry_base_url"]),
            transport: transport
                .and_then(|transport| text(transport, &["type"]))
                .unwrap_or_else(|| "stdio".to_owned()),
            runtime: inputs(package, &["runtimeArguments", "runtime_arguments"])?,
            arguments: inputs(package, &["packageArguments", "package_arguments"])?,
            variables: inputs(package, &["environmentVariables", "environment_variables"])?,
        })
    }
}

impl ListedRemote {
    fn read(remote: &Json) -> Result<Self, PackageError> {
        let transport = text(remote, &["type", "transport_type", "transportType"]);
        let transport = transport.ok_or_else(|| wrong("remotes: type", "a text"))?;
        let url = text(remote, &["url"]).ok_or_else(|| wrong("remotes: url", "a text"))?;
        let variables = variables(remote)?;
        let mut read = ListedInput::read(&Json::Object(Vec::new()), "url", true)?;
        (read.value, read.variables) = (Some(url), variables);
        // At first it was called after HTTP alone.
        let transport = match transport.as_str() {
            "streamable" | "http" => "streamable-http".to_owned(),
            _ => transport,
        };
        Ok(Self { transport, url: read, headers: inputs(remote, &["headers"])? })
    }
}

impl ListedInput {
    /// `is_top`: it may have variables of its own.
    fn read(tree: &Json, name: &str, is_top: bool) -> Result<Self, PackageError> {
        let flag = |keys: &[&str]| find(tree, keys).and_then(Json::as_bool).unwrap_or_default();
        let is_named = text(tree, &["type"]).is_some_and(|kind| kind == "named");
        let format = text(tree, &["format"]).unwrap_or_default();
        let mut choices = Vec::new();
        for choice in list(tree, &["choices"])? {
            choices.push(scalar(choice).ok_or_else(|| wrong("choices", "a list of texts"))?);
        }
        let hint = text(tree, &["valueHint", "value_hint"]);
        let value = value_of(tree, "value")?;
        let default = value_of(tree, "default")?;
        let is_secret = flag(&["isSecret", "is_secret"]);
        let has_form = hint.is_some()
            || find(tree, &["placeholder"]).is_some()
            || !choices.is_empty()
            || !matches!(format.as_str(), "" | "boolean");
        Ok(Self {
            name: text(tree, &["name"]).or(hint).unwrap_or_else(|| name.to_owned()),
            kind: if is_named { ArgumentKind::Named } else { ArgumentKind::Positional },
            takes_value: value.is_some() || default.is_some() || is_secret || has_form,
            value,
            default,
            description: text(tree, &["description"]).unwrap_or_default(),
            format,
            choices,
            is_required: flag(&["isRequired", "is_required"]),
            is_secret,
            variables: if is_top { variables(tree)? } else { Vec::new() },
        })
    }
}

fn variables(tree: &Json) -> Result<Vec<ListedInput>, PackageError> {
    let members = tree.get("variables").and_then(Json::as_object).unwrap_or_default();
    if members.len() > ITEMS_MAX {
        return Err(wrong("variables", "a table of a few"));
    }
    members
        .iter()
        .map(|(name, variable)| {
            let mut read = ListedInput::read(variable, name, false)?;
            name.clone_into(&mut read.name);
            Ok(read)
        })
        .collect()
}

fn inputs(tree: &Json, keys: &[&str]) -> Result<Vec<ListedInput>, PackageError> {
    let items = list(tree, keys)?.iter().enumerate();
    items.map(|(at, item)| ListedInput::read(item, &format!("arg{}", at + 1), true)).collect()
}

fn find<'a>(tree: &'a Json, keys: &[&str]) -> Option<&'a Json> {
    keys.iter().find_map(|key| tree.get(key)).filter(|value| **value != Json::Null)
}

fn text(tree: &Json, keys: &[&str]) -> Option<String> {
    let text = find(tree, keys)?.as_str()?;
    (text.len() <= TEXT_MAX).then(|| text.to_owned())
}

/// A text, number or truth value as a text.
fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if text.len() <= TEXT_MAX => Some(text.clone()),
        Json::Number(number) => Some(number.as_str().to_owned()),
        Json::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

fn value_of(tree: &Json, key: &str) -> Result<Option<String>, PackageError> {
    let value = find(tree, &[key]);
    value.map(|value| scalar(value).ok_or_else(|| wrong(key, "a text"))).transpose()
}

fn list<'a>(tree: &'a Json, keys: &[&str]) -> Result<&'a [Json], PackageError> {
    match find(tree, keys) {
        None => Ok(&[]),
        Some(Json::Array(items)) if items.len() <= ITEMS_MAX => Ok(items),
        Some(_) => Err(wrong(keys.first().copied().unwrap_or_default(), "a list of a few")),
    }
}

fn wrong(key: &str, wanted: &str) -> PackageError {
    refused(format!(
        "it is no server.json that callmux understands: `{}` has to be {wanted}; write the command behind `--`",
        quoted(key)
    ))
}
