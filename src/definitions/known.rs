//! The members of definitions that clients check, each as the schema of MCP types it (2025-11-25; what
//! 2026-07-28 has beside it is wider). Members that it does not name are anybody's.

use crate::wire::ListKind;

/// What a member has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Text,
    Flag,
    Object,
    /// A whole number with at most 18 digits: every reader has room for those.
    Whole,
    /// A number from 0 to 1.
    Share,
    /// A point in time (RFC 3339).
    Moment,
    OneOf(&'static [&'static str]),
    Texts,
    SomeOf(&'static [&'static str]),
    Members(&'static [Known]),
    /// A list of objects.
    List(&'static [Known]),
    Input,
    Output,
}

/// A member that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) shape: Shape,
    /// What lacks it is of no use.
    pub(super) is_required: bool,
}

const fn may(name: &'static str, shape: Shape) -> Known {
    Known { name, shape, is_required: false }
}

const fn must(name: &'static str, shape: Shape) -> Known {
    Known { name, shape, is_required: true }
}

const ICON: &[Known] = &[
    must("src", Shape::Text),
    may("mimeType", Shape::Text),
    may("sizes", Shape::Texts),
    may("theme", Shape::OneOf(&["light", "dark"])),
];

const HINTS: &[Known] = &[
    may("title", Shape::Text),
    may("readOnlyHint", Shape::Flag),
    may("destructiveHint", Shape::Flag),
    may("idempotentHint", Shape::Flag),
    may("openWorldHint", Shape::Flag),
];

const EXECUTION: &[Known] =
    &[may("taskSupport", Shape::OneOf(&["required", "optional", "forbidden"]))];

const ANNOTATIONS: &[Known] = &[
    may("audience", Shape::SomeOf(&["user", "assistant"])),
    may("priority", Shape::Share),
    may("lastModified", Shape::Moment),
];

const ARGUMENT: &[Known] = &[
    must("name", Shape::Text),
    may("title", Shape::Text),
    may("description", Shape::Text),
    may("required", Shape::Flag),
];

const TOOL: &[Known] = &[
    may("title", Shape::Text),
    may("description", Shape::Text),
    may("inputSchema", Shape::Input),
    may("outputSchema", Shape::Output),
    may("annotations", Shape::Members(HINTS)),
    may("execution", Shape::Members(EXECUTION)),
    may("icons", Shape::List(ICON)),
    may("_meta", Shape::Object),
];

const PROMPT: &[Known] = &[
    may("title", Shape::Text),
    may("description", Shape::Text),
    may("arguments", Shape::List(ARGUMENT)),
    may("icons", Shape::List(ICON)),
    may("_meta", Shape::Object),
];

const RESOURCE: &[Known] = &[
    may("name", Shape::Text),
    may("title", Shape::Text),
    may("description", Shape::Text),
    may("mimeType", Shape::Text),
    may("size", Shape::Whole),
    may("annotations", Shape::Members(ANNOTATIONS)),
    may("icons", Shape::List(ICON)),
    may("_meta", Shape::Object),
];

/// What of a definition is known, but for the member that names it.
pub(super) fn of(kind: ListKind) -> &'static [Known] {
    match kind {
        ListKind::Tools => TOOL,
        ListKind::Prompts => PROMPT,
        ListKind::Resources | ListKind::Templates => RESOURCE,
    }
}
