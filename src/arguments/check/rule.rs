//! A schema in the form that is walked.

use std::collections::{BTreeMap, BTreeSet};

use super::pattern::Pattern;
use crate::json::{Json, Number};

/// The position of a node in its [`super::Checker`].
pub(super) type NodeId = usize;

/// One schema: a value has to obey all of its rules.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub(super) properties: BTreeMap<String, NodeId>,
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug)]
pub(super) enum Rule {
    /// `false`.
    False,
    /// Something is asked that is not checked.
    Open,
    /// The names of types, sorted.
    Type {
        kinds: Vec<&'static str>,
        /// Draft 4 takes no `1.0` for an integer, but many of its servers do.
        is_old: bool,
    },
    Enum {
        options: Vec<Json>,
        /// See [`super::number::write_key`].
        keys: BTreeSet<String>,
    },
    Const {
        expected: Json,
        key: String,
    },
    Minimum {
        limit: Number,
        is_exclusive: bool,
    },
    Maximum {
        limit: Number,
        is_exclusive: bool,
    },
    MultipleOf(Number),
    AtLeast(Count, u64),
    AtMost(Count, u64),
    Unique,
    Pattern(Pattern),
    Required(Vec<String>),
    /// The node's `properties` with `patternProperties` and `additionalProperties`.
    Members {
        patterns: Vec<(Pattern, NodeId)>,
        others: Option<NodeId>,
    },
    Names(NodeId),
    /// What has to be there, and to be obeyed, if a name is there.
    Dependent {
        name: String,
        required: Vec<String>,
        schema: Option<NodeId>,
    },
    /// `"unevaluatedProperties": false`.
    Closed,
    Items {
        first: Vec<NodeId>,
        others: Option<NodeId>,
    },
    Contains {
        node: NodeId,
        least: u64,
        most: Option<u64>,
    },
    /// A reference.
    Same(NodeId),
    All(Vec<NodeId>),
    Any(Vec<NodeId>),
    One(Vec<NodeId>),
    Not(NodeId),
    If {
        condition: NodeId,
        then: Option<NodeId>,
        otherwise: Option<NodeId>,
    },
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    Characters,
    Items,
    Members,
}
