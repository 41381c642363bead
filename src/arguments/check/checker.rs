//! A schema that is ready to check arguments.

use super::problem::Problem;
use super::rule::Node;
use super::{compile, walk, words};
use crate::json::Json;

/// An `inputSchema` that was made ready to check arguments.
#[derive(Debug)]
pub struct Checker {
    /// The first is the whole schema.
    nodes: Vec<Node>,
}

impl Checker {
    /// Makes a schema ready. `None` if it is no schema, or refers to something outside of itself:
    /// nothing is fetched.
    pub fn compile(schema: &Json) -> Option<Self> {
        Some(Self { nodes: compile::compile(schema)? })
    }

    /// What is wrong with the arguments; at most `max` problems. None if they are valid, as far as
    /// that was checked.
    pub fn problems(&self, arguments: &Json, max: usize) -> Vec<Problem> {
        words::problems(walk::walk(&self.nodes, arguments), max)
    }
}
