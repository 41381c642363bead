//! Which dialect a schema is written in.

use super::flaw::Flaw;
use crate::json::Json;

/// What differs between the dialects here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edition {
    /// Drafts 6 and 7, 2019-09: a list in `items` is one schema for each place.
    ListedItems,
    /// 2020-12, which MCP takes for the default.
    Modern,
}

impl Edition {
    /// What the root of a schema says.
    pub(super) fn of(root: &Json) -> Result<Self, Flaw> {
        let Some(named) = root.get("$schema") else { return Ok(Self::Modern) };
        let named = named.as_str().ok_or(Flaw::Dialect)?;
        let address = named.strip_prefix("https://").or_else(|| named.strip_prefix("http://"));
        let address = address.map(|address| address.strip_suffix('#').unwrap_or(address));
        match address {
            Some("json-schema.org/draft/2020-12/schema") => Ok(Self::Modern),
            Some(
                "json-schema.org/draft/2019-09/schema"
                | "json-schema.org/draft-07/schema"
                | "json-schema.org/draft-06/schema",
            ) => Ok(Self::ListedItems),
            _ => Err(Flaw::Dialect),
        }
    }
}
