//! Makes nodes of a schema.

use std::collections::{BTreeMap, HashMap};

use super::document::{Document, Referent};
use super::number::{whole, write_key};
use super::pattern::Pattern;
use super::rule::{Count, Node, NodeId, Rule};
use crate::json::{Json, Number};

/// The names of types (2020-12, validation, section 6.1.1).
const KINDS: &[&str] = &["array", "boolean", "integer", "null", "number", "object", "string"];

/// The members of a schema by name; of several with one name the last counts.
type Keywords<'s> = BTreeMap<&'s str, &'s Json>;

/// The nodes of a schema, the whole of it first. `None` if it is no schema, or refers to something
/// outside of itself.
pub(super) fn compile(schema: &Json) -> Option<Vec<Node>> {
    let document = Document::new(schema)?;
    let mut compiler =
        Compiler { document, nodes: Vec::new(), known: HashMap::new(), waiting: Vec::new() };
    compiler.place(schema);
    // One after the other, not one within the other: references make no deep stack.
    while let Some((id, schema)) = compiler.waiting.pop() {
        compiler.nodes[id] = compiler.node(schema)?;
    }
    Some(compiler.nodes)
}

struct Compiler<'s> {
    document: Document<'s>,
    nodes: Vec<Node>,
    /// By address: what is referred to twice, or by itself, is one node.
    known: HashMap<usize, NodeId>,
    waiting: Vec<(NodeId, &'s Json)>,
}

impl<'s> Compiler<'s> {
    fn place(&mut self, schema: &'s Json) -> NodeId {
        let next = self.nodes.len();
        let id = *self.known.entry(std::ptr::from_ref(schema).addr()).or_insert(next);
        if id == next {
            self.nodes.push(Node::default());
            self.waiting.push((id, schema));
        }
        id
    }

    fn node(&mut self, schema: &'s Json) -> Option<Node> {
        let mut node = Node::default();
        let members = match schema {
            Json::Bool(true) => return Some(node),
            Json::Bool(false) => {
                node.rules.push(Rule::False);
                return Some(node);
            }
            other => other.as_object()?,
        };
        if self.document.is_in_other_dialect(schema) {
            node.rules.push(Rule::Open);
            return Some(node);
        }
        let mut members: Keywords<'s> =
            members.iter().map(|(name, value)| (name.as_str(), value)).collect();
        if self.document.dialect.reads_references_alone() && members.contains_key("$ref") {
            members.retain(|keyword, _| *keyword == "$ref");
        }
        members.retain(|keyword, _| self.document.dialect.has(keyword));
        node.properties = self.by_name(members.get("properties").copied())?;
        for (keyword, value) in &members {
            if !self.applied(keyword, value, &members, &mut node.rules)? {
                self.asserted(keyword, value, &members, &mut node.rules)?;
            }
        }
        Some(node)
    }

    /// Adds the rule of a keyword that holds schemas. Whether it is one; `None` if it is malformed.
    fn applied(
        &mut self,
        keyword: &str,
        value: &'s Json,
        all: &Keywords<'s>,
        rules: &mut Vec<Rule>,
    ) -> Option<bool> {
        let rule = match keyword {
            "$ref" | "$dynamicRef" | "$recursiveRef" => {
                match self.document.target(value.as_str()?)? {
                    Referent::Schema(schema) => Rule::Same(self.place(schema)),
                    Referent::Foreign => Rule::Open,
                }
            }
            "allOf" => Rule::All(self.several(value)?),
            "anyOf" => Rule::Any(self.several(value)?),
            "oneOf" => Rule::One(self.several(value)?),
            "not" => Rule::Not(self.place(value)),
            "if" => Rule::If {
                condition: self.place(value),
                then: all.get("then").map(|then| self.place(then)),
                otherwise: all.get("else").map(|otherwise| self.place(otherwise)),
            },
            "propertyNames" => Rule::Names(self.place(value)),
            "additionalProperties" | "patternProperties" | "properties" => {
                let group = ["additionalProperties", "patternProperties", "properties"];
                if group.iter().find(|keyword| all.contains_key(*keyword)) != Some(&keyword) {
                    return Some(true);
                }
                self.members(all)?
            }
            "items" | "prefixItems" => {
                if keyword == "prefixItems" && all.contains_key("items") {
                    return Some(true);
                }
                self.items(all)?
            }
            "contains" => Rule::Contains {
                node: self.place(value),
                least: all.get("minContains").map_or(Some(1), |least| count(least))?,
                most: all.get("maxContains").map_or(Some(None), |most| count(most).map(Some))?,
            },
            "dependencies" | "dependentRequired" | "dependentSchemas" => {
                for (name, value) in value.as_object()? {
                    let required = value.as_array().map_or(Some(Vec::new()), |_| names(value))?;
                    let schema = value.as_array().is_none().then(|| self.place(value));
                    rules.push(Rule::Dependent { name: name.clone(), required, schema });
                }
                return Some(true);
            }
            _ => return Some(false),
        };
        rules.push(rule);
        Some(true)
    }

    /// Adds the rule of a keyword that holds no schemas, if it has one; `None` if it is malformed.
    fn asserted(
        &self,
        keyword: &str,
        value: &Json,
        all: &Keywords<'s>,
        rules: &mut Vec<Rule>,
    ) -> Option<()> {
        let is_exclusive = |name: &str| all.get(name).is_some_and(|is| **is == Json::Bool(true));
        let rule = match keyword {
            "type" => {
                Rule::Type { kinds: kinds(value)?, is_old: !self.document.dialect.has("const") }
            }
            "enum" => Rule::Enum {
                options: value.as_array()?.to_vec(),
                keys: value.as_array()?.iter().map(key).collect(),
            },
            "const" => Rule::Const { expected: value.clone(), key: key(value) },
            "minimum" => Rule::Minimum {
                limit: number(value)?,
                is_exclusive: is_exclusive("exclusiveMinimum"),
            },
            "maximum" => Rule::Maximum {
                limit: number(value)?,
                is_exclusive: is_exclusive("exclusiveMaximum"),
            },
            // Draft 4 has it as a word on `minimum` or `maximum`.
            "exclusiveMinimum" | "exclusiveMaximum" if value.as_bool().is_some() => return Some(()),
            "exclusiveMinimum" => Rule::Minimum { limit: number(value)?, is_exclusive: true },
            "exclusiveMaximum" => Rule::Maximum { limit: number(value)?, is_exclusive: true },
            "multipleOf" => {
                Rule::MultipleOf(number(value).filter(|divisor| divisor.as_f64() > 0.0)?)
            }
            "minLength" => Rule::AtLeast(Count::Characters, count(value)?),
            "maxLength" => Rule::AtMost(Count::Characters, count(value)?),
            "minItems" => Rule::AtLeast(Count::Items, count(value)?),
            "maxItems" => Rule::AtMost(Count::Items, count(value)?),
            "minProperties" => Rule::AtLeast(Count::Members, count(value)?),
            "maxProperties" => Rule::AtMost(Count::Members, count(value)?),
            "uniqueItems" if !value.as_bool()? => return Some(()),
            "uniqueItems" => Rule::Unique,
            "required" => Rule::Required(names(value)?),
            "pattern" => Rule::Pattern(Pattern::new(value.as_str()?)?),
            "unevaluatedProperties" if *value == Json::Bool(false) => Rule::Closed,
            "unevaluatedItems" | "unevaluatedProperties" if *value == Json::Bool(true) => {
                return Some(());
            }
            "unevaluatedItems"
            | "unevaluatedProperties"
            | "format"
            | "contentEncoding"
            | "contentMediaType" => Rule::Open,
            _ => return Some(()),
        };
        rules.push(rule);
        Some(())
    }

    fn several(&mut self, schemas: &'s Json) -> Option<Vec<NodeId>> {
        let schemas = schemas.as_array().filter(|schemas| !schemas.is_empty())?;
        Some(schemas.iter().map(|schema| self.place(schema)).collect())
    }

    fn by_name(&mut self, schemas: Option<&'s Json>) -> Option<BTreeMap<String, NodeId>> {
        let Some(schemas) = schemas else { return Some(BTreeMap::new()) };
        let schemas = schemas.as_object()?.iter();
        Some(schemas.map(|(name, schema)| (name.clone(), self.place(schema))).collect())
    }

    fn members(&mut self, all: &Keywords<'s>) -> Option<Rule> {
        let patterns = self.by_name(all.get("patternProperties").copied())?;
        let compiled = patterns.into_iter().map(|(text, id)| Some((Pattern::new(&text)?, id)));
        Some(Rule::Members {
            patterns: compiled.collect::<Option<_>>()?,
            others: all.get("additionalProperties").map(|others| self.place(others)),
        })
    }

    /// `items` and what stands beside it. A list in it is what `prefixItems` is since 2020-12; there
    /// it is no more allowed, but read.
    fn items(&mut self, all: &Keywords<'s>) -> Option<Rule> {
        let (first, others) = match (all.get("prefixItems"), all.get("items")) {
            (Some(first), others) => (first.as_array()?, others),
            (None, Some(Json::Array(first))) => (first.as_slice(), all.get("additionalItems")),
            (None, others) => (&[] as &[Json], others),
        };
        let first = first.iter().map(|schema| self.place(schema)).collect();
        Some(Rule::Items { first, others: others.map(|others| self.place(others)) })
    }
}

fn kinds(value: &Json) -> Option<Vec<&'static str>> {
    let known = |name: &Json| KINDS.iter().find(|kind| name.as_str() == Some(**kind)).copied();
    let mut kinds: Vec<&'static str> = match value {
        Json::Array(names) if !names.is_empty() => {
            names.iter().map(known).collect::<Option<_>>()?
        }
        name => vec![known(name)?],
    };
    kinds.sort_unstable();
    kinds.dedup();
    Some(kinds)
}

fn names(value: &Json) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

fn number(value: &Json) -> Option<Number> {
    if let Json::Number(number) = value { Some(number.clone()) } else { None }
}

/// A count that is not negative; what is too large for any value stays so.
fn count(value: &Json) -> Option<u64> {
    let whole = whole(&number(value)?).filter(|count| *count >= 0)?;
    Some(u64::try_from(whole).unwrap_or(u64::MAX))
}

fn key(value: &Json) -> String {
    let mut key = String::new();
    write_key(value, &mut key, usize::MAX);
    key
}
