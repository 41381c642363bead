//! The file that an import writes.

use super::draft::ServerDraft;
use super::general::GeneralKeys;
use crate::config::show::{bare, quoted};
use crate::json::Json;

/// How each such file begins.
pub(super) const MARK: &str = "# Written by `callmux import`";

/// The text of a file with these servers, and with what is about more than one in the sections that `fit`.
pub(super) fn file(
    from: &str,
    drafts: &[ServerDraft],
    general: &GeneralKeys,
    fits: impl Fn(&str) -> bool,
) -> String {
    let mut out = format!("{MARK} from {from}.\n");
    out += &sections(general, fits);
    for draft in drafts {
        out += &format!("\n{}", server(draft));
    }
    out
}

/// The sections that fit, each below an empty line.
pub(super) fn sections(general: &GeneralKeys, fits: impl Fn(&str) -> bool) -> String {
    let mut out = String::new();
    for section in general.sections().into_iter().filter(|section| fits(section)) {
        let keys: Vec<_> = general.0.iter().filter(|known| known.section == section).collect();
        if !section.is_empty() && !keys.is_empty() {
            let parts: Vec<String> = GeneralKeys::parts(section).into_iter().map(bare).collect();
            out += &format!("\n[{}]\n", parts.join("."));
        }
        for known in keys {
            out += &line(&known.key, &known.value);
        }
    }
    out
}

/// The section of one server.
pub fn server(draft: &ServerDraft) -> String {
    let lines: String = draft.keys.iter().map(|(key, value)| line(key, value)).collect();
    format!("[servers.{}]\n{lines}", bare(&draft.name))
}

fn line(key: &str, value: &Json) -> String {
    written(value).map(|value| format!("{} = {value}\n", bare(key))).unwrap_or_default()
}

/// The value as TOML; nothing for null, which TOML does not have.
fn written(value: &Json) -> Option<String> {
    Some(match value {
        Json::Null | Json::Written(_) => return None,
        Json::String(text) => quoted(text),
        Json::Bool(bool) => bool.to_string(),
        Json::Number(number) => number.as_str().to_owned(),
        Json::Array(items) => {
            format!("[{}]", items.iter().filter_map(written).collect::<Vec<_>>().join(", "))
        }
        Json::Object(members) => {
            let member = |(name, value): &(String, Json)| {
                written(value).map(|value| format!("{} = {value}", bare(name)))
            };
            let members: Vec<String> = members.iter().filter_map(member).collect();
            if members.is_empty() {
                "{}".to_owned()
            } else {
                format!("{{ {} }}", members.join(", "))
            }
        }
    })
}
