//! Why there is no page.

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    #[error("the result has nothing at path `{0}`")]
    PathNotFound(String),
    #[error("field `{field}`: {why}")]
    Field { field: String, why: String },
    /// A filter of an object and the like.
    #[error("`{what}` works on {works_on}, and this is {found}")]
    NotApplicable { what: &'static str, works_on: &'static str, found: &'static str },
}
