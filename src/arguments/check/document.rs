//! Which dialect a schema is written in, and what its references lead to.

use std::collections::{BTreeMap, HashMap};

use crate::json::Json;

/// The dialects, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dialect {
    Draft4,
    Draft6,
    Draft7,
    Draft2019,
    /// What MCP takes for the default.
    Draft2020,
}

impl Dialect {
    /// The dialect that a `$schema` names.
    fn of(uri: &str) -> Option<Self> {
        let name = uri.strip_prefix("https").or_else(|| uri.strip_prefix("http"))?;
        match name.strip_prefix("://json-schema.org/")?.trim_end_matches('#') {
            "draft-04/schema" => Some(Self::Draft4),
            "draft-06/schema" => Some(Self::Draft6),
            "draft-07/schema" => Some(Self::Draft7),
            "draft/2019-09/schema" => Some(Self::Draft2019),
            "draft/2020-12/schema" => Some(Self::Draft2020),
            _ => None,
        }
    }

    /// Whether a keyword means something in this dialect.
    pub(super) fn has(self, keyword: &str) -> bool {
        match keyword {
            "const" | "contains" | "propertyNames" => self >= Self::Draft6,
            "contentEncoding" | "contentMediaType" => {
                matches!(self, Self::Draft6 | Self::Draft7)
            }
            "if" => self >= Self::Draft7,
            "$recursiveRef" => self == Self::Draft2019,
            "dependentRequired"
            | "dependentSchemas"
            | "maxContains"
            | "minContains"
            | "unevaluatedItems"
            | "unevaluatedProperties" => self >= Self::Draft2019,
            "$dynamicRef" | "prefixItems" => self >= Self::Draft2020,
            _ => true,
        }
    }

    /// Whether nothing beside a `$ref` is read.
    pub(super) fn reads_references_alone(self) -> bool {
        self <= Self::Draft7
    }
}

/// A whole schema, as far as references into it go.
pub(super) struct Document<'s> {
    root: &'s Json,
    pub(super) dialect: Dialect,
    id: Option<&'s str>,
    anchors: BTreeMap<&'s str, &'s Json>,
    /// Embedded resources move what a reference means; none is followed then.
    has_resources: bool,
    /// The members of objects on the way to what was referred to, by their addresses: a schema may have
    /// as many references as members.
    members: HashMap<usize, BTreeMap<&'s str, &'s Json>>,
}

/// What a reference leads to.
pub(super) enum Referent<'s> {
    Schema(&'s Json),
    /// Something that is a schema but is not looked at.
    Foreign,
}

impl<'s> Document<'s> {
    /// `None` if the schema is in a dialect of its own.
    pub(super) fn new(root: &'s Json) -> Option<Self> {
        let dialect = match root.get("$schema") {
            Some(uri) => Dialect::of(uri.as_str()?)?,
            None => Dialect::Draft2020,
        };
        let key = if dialect == Dialect::Draft4 { "id" } else { "$id" };
        let id = root.get(key).and_then(Json::as_str).map(|id| id.trim_end_matches('#'));
        let (anchors, members) = (BTreeMap::new(), HashMap::new());
        let mut document = Self { root, dialect, id, anchors, has_resources: false, members };
        document.scan(root, key);
        Some(document)
    }

    /// Notes what can be referred to by name. The depth is what [`Json::parse`] lets through.
    fn scan(&mut self, value: &'s Json, key: &str) {
        let members = match value {
            Json::Array(items) => return items.iter().for_each(|item| self.scan(item, key)),
            Json::Object(members) => members,
            _ => return,
        };
        for (name, inner) in members {
            match (name.as_str(), inner) {
                ("const" | "default" | "enum" | "examples", _) => {}
                ("$anchor" | "$dynamicAnchor", Json::String(anchor)) => {
                    self.anchors.entry(anchor).or_insert(value);
                }
                (name, Json::String(id)) if name == key => match id.strip_prefix('#') {
                    Some(anchor) if !anchor.is_empty() => {
                        self.anchors.entry(anchor).or_insert(value);
                    }
                    _ => self.has_resources |= !std::ptr::eq(value, self.root),
                },
                _ => self.scan(inner, key),
            }
        }
    }

    /// Whether a `$schema` within the document changes the dialect.
    pub(super) fn is_in_other_dialect(&self, schema: &Json) -> bool {
        let uri = schema.get("$schema").and_then(Json::as_str);
        uri.is_some_and(|uri| Dialect::of(uri) != Some(self.dialect))
    }

    /// What `reference` leads to; `None` if that is nothing within the document.
    pub(super) fn target(&mut self, reference: &str) -> Option<Referent<'s>> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if self.has_resources {
            return Some(Referent::Foreign);
        }
        if !base.is_empty() && Some(base) != self.id {
            return Dialect::of(base).map(|_| Referent::Foreign);
        }
        let fragment = decoded(fragment)?;
        let found = match fragment.as_str() {
            "" => Some(self.root),
            pointer if pointer.starts_with('/') => self.find(&pointer[1..]),
            anchor => self.anchors.get(anchor).copied(),
        };
        found.map(Referent::Schema)
    }

    /// What a JSON pointer without its first slash leads to (RFC 6901).
    fn find(&mut self, pointer: &str) -> Option<&'s Json> {
        pointer.split('/').try_fold(self.root, |value, step| match value {
            Json::Object(members) => {
                let of = || members.iter().map(|(name, value)| (name.as_str(), value)).collect();
                let address = std::ptr::from_ref(value).addr();
                let members = self.members.entry(address).or_insert_with(of);
                members.get(step.replace("~1", "/").replace("~0", "~").as_str()).copied()
            }
            Json::Array(items) => items.get(step.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

/// The text that a fragment of a URI stands for (RFC 3986, section 2.1).
fn decoded(fragment: &str) -> Option<String> {
    let mut parts = fragment.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (code, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(code, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
