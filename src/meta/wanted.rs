//! One call that an agent wants.

use std::time::Duration;

use super::input::Fields;
use super::mapping::Mapping;
use super::refusal::{NAME_MAX, invalid, too_long, wrong};
use crate::json::Json;
use crate::replies::ToolError;

/// Mappings of one step at the most.
const MAPPINGS_MAX: usize = 256;

/// One call that an agent wants.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    pub(super) tool: String,
    pub(super) server: Option<String>,
    /// An object.
    pub(super) arguments: Json,
    pub(super) timeout: Option<Duration>,
    /// Arguments that come from results of earlier steps.
    pub(super) mappings: Vec<(String, Mapping)>,
    /// Whether a step is not run if one of its mappings leads nowhere.
    pub(super) must_map: bool,
}

impl Wanted {
    /// A call without arguments, to look a name up by.
    pub(super) fn named(tool: &str, server: Option<&str>) -> Self {
        Self {
            tool: tool.to_owned(),
            server: server.map(str::to_owned),
            arguments: Json::Object(Vec::new()),
            timeout: None,
            mappings: Vec::new(),
            must_map: false,
        }
    }

    /// A call of `callmux_call`, or an entry of `calls` or `steps`.
    pub(super) fn decode(fields: &mut Fields, may_map: bool) -> Result<Self, ToolError> {
        let tool = fields.needed_name("tool")?;
        let server = fields.name("server")?;
        let mut wanted = Self::decode_rest(fields, may_map)?;
        (wanted.tool, wanted.server) = (tool, server);
        Ok(wanted)
    }

    /// Everything but `tool` and `server`.
    pub(super) fn decode_rest(fields: &mut Fields, may_map: bool) -> Result<Self, ToolError> {
        let timeout = fields.timeout()?;
        fields.cwd()?;
        let (mut mappings, mut must_map) = (Vec::new(), false);
        if may_map {
            let field = fields.at("inputMapping");
            if let Some(Json::Object(members)) = fields.table("inputMapping")? {
                if members.len() > MAPPINGS_MAX {
                    let expected = format!("an object of at most {MAPPINGS_MAX} members");
                    return Err(wrong(&field, &expected, format!("`{field}` must be {expected}")));
                }
                for (argument, value) in members {
                    if argument.len() > NAME_MAX {
                        return Err(too_long(&field, &argument, NAME_MAX));
                    }
                    let mapping = Mapping::decode(&format!("{field}.{argument}"), value)?;
                    mappings.push((argument, mapping));
                }
            }
            must_map = match fields.take("onMappingMissing") {
                None => false,
                Some(value) => match value.as_str() {
                    Some("fail") => true,
                    Some("continue") => false,
                    _ => {
                        let expected = "\"continue\" or \"fail\"";
                        return Err(invalid(
                            &fields.at("onMappingMissing"),
                            expected,
                            Some(&value),
                        ));
                    }
                },
            };
        }
        let arguments = match fields.table("arguments")? {
            Some(arguments) => {
                let mut known = vec!["tool", "server", "arguments", "timeoutMs", "cwd"];
                if may_map {
                    known.extend(["inputMapping", "onMappingMissing"]);
                }
                fields.finish(&known)?;
                arguments
            }
            None => {
                let rest = fields.rest();
                fields.notes.was_flat |= !rest.is_empty();
                Json::Object(rest)
            }
        };
        Ok(Self { arguments, timeout, mappings, must_map, ..Self::named("", None) })
    }
}
