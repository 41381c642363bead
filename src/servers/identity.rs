//! Who a server is, as it says itself, and what we say of ourselves.

use serde::{Deserialize, Serialize};

use crate::base::clip::clipped;
use crate::definitions::shortened;
use crate::wire::{Era, ServerCapabilities, object, translate};

/// Characters of a server's name and version.
const NAME_MAX: usize = 200;

/// The name we give.
pub(super) const OUR_NAME: &str = "callmux";

/// What a server said about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub era: Era,
    /// As the server named it.
    pub revision: String,
    /// `serverInfo.name` and `serverInfo.version`.
    pub name: String,
    pub version: String,
    /// As far as they are passed on.
    pub instructions: Option<String>,
    /// What was wrong with them.
    #[serde(default)]
    pub instructions_remark: Option<String>,
    pub capabilities: ServerCapabilities,
}

impl Identity {
    /// Of a result that says who the server is, in this era and revision.
    pub(super) fn read(era: Era, revision: &str, result: &str) -> Self {
        let [capabilities, info, instructions, meta] =
            object::members(result, ["capabilities", "serverInfo", "instructions", "_meta"])
                .unwrap_or_default();
        let in_meta = meta.and_then(|json| {
            let [info] = object::members(json, ["io.modelcontextprotocol/serverInfo"]).ok()?;
            info
        });
        let [name, version] = info.or(in_meta).map_or([None, None], |json| {
            object::members(json, ["name", "version"]).unwrap_or_default()
        });
        let text = |json: Option<&str>| {
            json.and_then(object::string).map(|text| clipped(&text, NAME_MAX)).unwrap_or_default()
        };
        let instructions = instructions.and_then(object::string);
        let instructions =
            instructions.as_deref().map(|instructions| shortened("instructions", instructions));
        let (instructions, instructions_remark) = instructions.unzip();
        Self {
            era,
            revision: revision.to_owned(),
            name: text(name),
            version: text(version),
            instructions: instructions.map(std::borrow::Cow::into_owned),
            instructions_remark: instructions_remark.flatten(),
            capabilities: ServerCapabilities::parse(capabilities.unwrap_or("{}")),
        }
    }
}

/// The members of `_meta` for requests of our own; nothing for a legacy server.
pub fn own_meta(identity: &Identity) -> Option<String> {
    (identity.era == Era::Modern).then(|| translate::modern_meta(&client_info(), "{}"))
}

/// The `clientInfo` we give when no client's call is the reason.
pub fn client_info() -> String {
    client_info_as(OUR_NAME)
}

/// The same under another name.
pub(super) fn client_info_as(name: &str) -> String {
    format!(r#"{{"name":"{name}","version":"{}"}}"#, env!("CARGO_PKG_VERSION"))
}
