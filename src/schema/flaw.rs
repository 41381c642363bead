//! Why a schema is of no use to somebody.

/// The first thing that is wrong with a schema. What is shown of it is as long as the schema has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("a schema in it is neither an object nor a boolean")]
    NoSchema,
    #[error("its `{keyword}` is not {wanted}")]
    Keyword { keyword: String, wanted: &'static str },
    #[error("`{0}` is no type")]
    Type(String),
    #[error("it has `nullable` without a `type` that fits")]
    Nullable,
    #[error("it has `{0}`, which no newer dialect has")]
    Outdated(&'static str),
    #[error("its dialect is not known to everybody")]
    Dialect,
    #[error("`{0}` leads to no schema in it")]
    Reference(String),
    #[error("`{0}` leads in a circle")]
    Circle(String),
    #[error("the regular expression {0} is none in ECMAScript")]
    Pattern(String),
    #[error("it has another `$id` within")]
    InnerId,
    #[error("its `$id` is no address of a document")]
    Id,
    #[error("it has the anchor `{0}` twice")]
    Anchor(String),
    #[error("it is too large to be looked through")]
    Large,
}
