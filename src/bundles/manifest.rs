//! The manifest of a bundle (MCPB, versions 0.1 to 0.4; DXT before).

use super::error::{BundleError, refused};
use crate::base::quoted;
use crate::json::Json;

/// So many settings, arguments and variables it may have, each.
const ITEMS_MAX: usize = 200;

/// What a bundle says of itself.
#[derive(Debug)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    /// `node`, `python`, `binary`, `uv`.
    pub kind: String,
    pub entry_point: Option<String>,
    pub command: Option<String>,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    pub settings: Vec<BundleSetting>,
}

/// What the person is to say.
#[derive(Debug, PartialEq)]
pub struct BundleSetting {
    pub key: String,
    /// `string`, `number`, `boolean`, `directory`, `file`.
    pub kind: String,
    pub title: String,
    pub is_required: bool,
    pub is_secret: bool,
    pub is_multiple: bool,
    pub default: Vec<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

impl Manifest {
    pub fn read(text: &str) -> Result<Self, BundleError> {
        let tree = Json::parse(text)
            .map_err(|error| refused(format!("its manifest.json is no JSON: {error}")))?;
        let format = of(&tree, "manifest_version").or_else(|| of(&tree, "dxt_version"));
        match format.as_deref() {
            Some("0.1" | "0.2" | "0.3" | "0.4") => {}
            Some(other) => {
                return Err(refused(format!(
                    "its manifest is of version {}, and callmux knows 0.1 to 0.4; look for a newer callmux",
                    quoted(other)
                )));
            }
            None => return Err(wrong("manifest_version")),
        }
        for_linux(&tree)?;
        let server = tree.get("server").ok_or_else(|| wrong("server"))?;
        let config = server.get("mcp_config").unwrap_or(&Json::Null);
        let overrides = config.get("platform_overrides").and_then(|all| all.get("linux"));
        let here = |key: &str| overrides.and_then(|one| one.get(key)).or_else(|| config.get(key));
        let mut env: Vec<(String, String)> = Vec::new();
        for table in [config.get("env"), overrides.and_then(|one| one.get("env"))] {
            for (name, value) in members(table, "env")? {
                let value = scalar(value).ok_or_else(|| wrong("server.mcp_config.env"))?;
                env.retain(|(known, _)| known != name);
                env.push((name.clone(), value));
            }
        }
        let settings = members(tree.get("user_config"), "user_config")?;
        Ok(Self {
            name: of(&tree, "name").ok_or_else(|| wrong("name"))?,
            version: of(&tree, "version").ok_or_else(|| wrong("version"))?,
            kind: of(server, "type").ok_or_else(|| wrong("server.type"))?,
            entry_point: of(server, "entry_point"),
            command: here("command").and_then(Json::as_str).map(str::to_owned),
            args: texts(here("args"), "server.mcp_config.args")?,
            env,
            settings: settings.iter().map(setting).collect::<Result<_, _>>()?,
        })
    }

    /// Whether it is started as another is, and asks for the same.
    pub fn is_run_like(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.entry_point == other.entry_point
            && self.command == other.command
            && self.args == other.args
            && self.env == other.env
            && self.settings == other.settings
    }
}

/// It has to be made for this system.
fn for_linux(tree: &Json) -> Result<(), BundleError> {
    let platforms = tree.get("compatibility").and_then(|all| all.get("platforms"));
    let platforms = texts(platforms, "compatibility.platforms")?;
    if platforms.is_empty() || platforms.iter().any(|name| name == "linux") {
        return Ok(());
    }
    let all = platforms.join(", ");
    Err(refused(format!(
        "it is made for {} and not for linux; look for another build",
        quoted(&all)
    )))
}

fn setting((key, tree): &(String, Json)) -> Result<BundleSetting, BundleError> {
    let flag = |name: &str| tree.get(name).and_then(Json::as_bool).unwrap_or_default();
    let number = |name: &str| match tree.get(name) {
        Some(Json::Number(number)) => Some(number.as_f64()),
        _ => None,
    };
    let kind = of(tree, "type").unwrap_or_else(|| "string".to_owned());
    if !matches!(kind.as_str(), "string" | "number" | "boolean" | "directory" | "file") {
        return Err(wrong(&format!("user_config.{key}.type")));
    }
    let is_key =
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    if !is_key {
        return Err(wrong(&format!("user_config.{key}")));
    }
    let default = match tree.get("default") {
        None | Some(Json::Null) => Vec::new(),
        Some(list @ Json::Array(_)) => texts(Some(list), "user_config")?,
        Some(value) => vec![scalar(value).ok_or_else(|| wrong("user_config"))?],
    };
    Ok(BundleSetting {
        key: key.clone(),
        kind,
        title: of(tree, "title").or_else(|| of(tree, "description")).unwrap_or_else(|| key.clone()),
        is_required: flag("required"),
        is_secret: flag("sensitive"),
        is_multiple: flag("multiple"),
        default,
        min: number("min"),
        max: number("max"),
    })
}

fn of(tree: &Json, key: &str) -> Option<String> {
    let text = tree.get(key)?.as_str()?;
    (!text.is_empty() && text.len() <= 4096).then(|| text.to_owned())
}

fn scalar(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.as_str().to_owned()),
        Json::Bool(bool) => Some(bool.to_string()),
        _ => None,
    }
}

fn texts(list: Option<&Json>, key: &str) -> Result<Vec<String>, BundleError> {
    match list {
        None | Some(Json::Null) => Ok(Vec::new()),
        Some(Json::Array(items)) if items.len() <= ITEMS_MAX => {
            items.iter().map(|item| scalar(item).ok_or_else(|| wrong(key))).collect()
        }
        Some(_) => Err(wrong(key)),
    }
}

fn members<'a>(table: Option<&'a Json>, key: &str) -> Result<&'a [(String, Json)], BundleError> {
    match table {
        None | Some(Json::Null) => Ok(&[]),
        Some(Json::Object(members)) if members.len() <= ITEMS_MAX => Ok(members),
        Some(_) => Err(wrong(key)),
    }
}

fn wrong(key: &str) -> BundleError {
    refused(format!(
        "`{}` in its manifest.json is missing, or is not what callmux understands; tell its author",
        quoted(key)
    ))
}
