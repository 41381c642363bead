//! What each keyword holds (2020-12, core and validation; draft 7).

/// What a keyword's value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Schema,
    /// One, or in older dialects several.
    Items,
    Schemas,
    /// Schemas by name.
    Named,
    /// Schemas by regular expressions.
    ByPattern,
    /// By name: a schema, or names.
    Dependencies,
    /// By name: names.
    NamesByName,
    Names,
    Types,
    /// At least one value.
    Options,
    Number,
    /// A number above zero.
    Divisor,
    /// A whole number that is not negative.
    Count,
    Flag,
    Text,
    Pattern,
    Reference,
    /// Data, or words for people.
    Anything,
}

/// What the keyword holds; nothing if nobody knows it.
pub(super) fn holds(keyword: &str) -> Option<Holds> {
    Some(match keyword {
        "additionalItems"
        | "additionalProperties"
        | "contains"
        | "contentSchema"
        | "else"
        | "if"
        | "not"
        | "propertyNames"
        | "then"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Holds::Schema,
        "items" => Holds::Items,
        "allOf" | "anyOf" | "oneOf" | "prefixItems" => Holds::Schemas,
        "$defs" | "definitions" | "dependentSchemas" | "properties" => Holds::Named,
        "patternProperties" => Holds::ByPattern,
        "dependencies" => Holds::Dependencies,
        "dependentRequired" => Holds::NamesByName,
        "required" => Holds::Names,
        "type" => Holds::Types,
        "enum" => Holds::Options,
        "exclusiveMaximum" | "exclusiveMinimum" | "maximum" | "minimum" => Holds::Number,
        "multipleOf" => Holds::Divisor,
        "maxContains" | "maxItems" | "maxLength" | "maxProperties" | "minContains" | "minItems"
        | "minLength" | "minProperties" => Holds::Count,
        "nullable" | "uniqueItems" => Holds::Flag,
        "$anchor" | "$comment" | "$dynamicAnchor" | "$id" | "format" => Holds::Text,
        "pattern" => Holds::Pattern,
        "$dynamicRef" | "$recursiveRef" | "$ref" => Holds::Reference,
        "const" | "default" | "description" | "examples" | "title" => Holds::Anything,
        _ => return None,
    })
}

/// Keywords of which a known compiler ends with an error, whatever they hold.
pub(super) const OUTDATED: [&str; 2] = ["id", "$async"];

/// The names of types (2020-12, validation, section 6.1.1).
pub(super) const TYPES: [&str; 7] =
    ["array", "boolean", "integer", "null", "number", "object", "string"];
