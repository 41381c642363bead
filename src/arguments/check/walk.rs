//! Walks values along the nodes of a schema and gathers what does not fit.

use std::collections::BTreeMap;

use super::rule::{Count, Node, NodeId, Rule};
use crate::json::Json;

/// How many schemas, values, names and bytes one check may look at.
const STEPS_MAX: usize = 250_000;
/// How deep references, combinations and values may lie in each other. Every level takes stack.
pub(super) const DEPTH_MAX: usize = 300;

/// Bytes of a text that are counted in one step.
const BYTES_PER_STEP: usize = 1024;
/// Digits of a number that are read in one step.
const DIGITS_PER_STEP: usize = 64;

/// A step into a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathStep<'a> {
    Name(&'a str),
    Index(usize),
}

/// One rule that one value breaks.
#[derive(Debug)]
pub(super) struct Fault<'a> {
    pub(super) at: Vec<PathStep<'a>>,
    pub(super) value: &'a Json,
    pub(super) kind: FaultKind<'a>,
}

#[derive(Debug)]
pub(super) enum FaultKind<'a> {
    Rule(&'a Rule),
    /// A member is not there.
    Missing(&'a str, &'a Node),
    /// A member is there that the node does not know.
    Unknown(&'a str, &'a Node),
    /// None of several nodes fits: what is wrong with each.
    Ways(Vec<Vec<Fault<'a>>>),
    /// A member's name is wrong, for this reason.
    Name(&'a str, String),
}

/// What a look at a value found.
#[derive(Debug, Default)]
pub(super) struct Verdict<'a> {
    pub(super) faults: Vec<Fault<'a>>,
    /// Something was not checked: without a fault, nothing is known.
    pub(super) is_open: bool,
}

impl Verdict<'_> {
    /// Whether the value fits, if that is known.
    pub(super) fn fits(&self) -> Option<bool> {
        if self.faults.is_empty() { (!self.is_open).then_some(true) } else { Some(false) }
    }
}

/// What is wrong with a value by the first of the nodes, as far as the bounds reach.
pub(super) fn walk<'a>(nodes: &'a [Node], value: &'a Json) -> Vec<Fault<'a>> {
    let mut walk = Walk::new(nodes, STEPS_MAX);
    let mut verdict = Verdict::default();
    walk.node(0, value, 0, &mut verdict);
    verdict.faults
}

/// Steps that a rule takes with a value that holds no other.
fn leaf_cost(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len() / BYTES_PER_STEP,
        Json::Number(number) => number.as_str().len() / DIGITS_PER_STEP,
        _ => 0,
    }
}

pub(super) type Members<'a> = BTreeMap<&'a str, &'a Json>;

pub(super) struct Walk<'a> {
    pub(super) nodes: &'a [Node],
    pub(super) left: usize,
    pub(super) at: Vec<PathStep<'a>>,
    /// The nodes that are looked at now, each with the address of its value.
    active: Vec<(NodeId, usize)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(nodes: &'a [Node], left: usize) -> Self {
        Self { nodes, left, at: Vec::new(), active: Vec::new() }
    }

    pub(super) fn spend(&mut self, steps: usize) -> bool {
        self.left = self.left.saturating_sub(steps);
        self.left > 0
    }

    pub(super) fn fault(&mut self, value: &'a Json, kind: FaultKind<'a>, out: &mut Verdict<'a>) {
        // What is beyond the bound is one unknown more.
        if self.spend(1 + self.at.len()) {
            out.faults.push(Fault { at: self.at.clone(), value, kind });
        } else {
            out.is_open = true;
        }
    }

    pub(super) fn node(
        &mut self,
        id: NodeId,
        value: &'a Json,
        depth: usize,
        out: &mut Verdict<'a>,
    ) {
        if depth > DEPTH_MAX || !self.spend(1) || matches!(value, Json::Written(_)) {
            out.is_open = true;
            return;
        }
        // A schema that asks for itself asks for nothing more.
        let key = (id, std::ptr::from_ref(value).addr());
        let here = self.active.iter().rev().take_while(|active| active.1 == key.1);
        if here.into_iter().any(|active| *active == key) {
            out.is_open = true;
            return;
        }
        self.active.push(key);
        let mut members: Option<Members<'a>> = None;
        for rule in &self.nodes[id].rules {
            if !self.spend(leaf_cost(value)) {
                out.is_open = true;
                break;
            }
            match (rule, value) {
                (Rule::Open, _) => out.is_open = true,
                (
                    Rule::Same(_)
                    | Rule::All(_)
                    | Rule::Any(_)
                    | Rule::One(_)
                    | Rule::Not(_)
                    | Rule::If { .. },
                    _,
                ) => self.combined(rule, value, depth + 1, out),
                (Rule::Items { first, others }, Json::Array(items)) => {
                    self.items(rule, (first, *others), (value, items), depth, out);
                }
                (Rule::Contains { .. }, Json::Array(items)) => {
                    self.contains(rule, (value, items), depth, out);
                }
                (
                    Rule::Required(_)
                    | Rule::Members { .. }
                    | Rule::Names(_)
                    | Rule::Dependent { .. }
                    | Rule::Closed
                    | Rule::AtLeast(Count::Members, _)
                    | Rule::AtMost(Count::Members, _),
                    Json::Object(all),
                ) => {
                    let left = &mut self.left;
                    let members = members.get_or_insert_with(|| {
                        *left = left.saturating_sub(all.len());
                        all.iter().map(|(name, value)| (name.as_str(), value)).collect()
                    });
                    self.object(id, rule, (value, &*members), depth, out);
                }
                _ => self.assertion(rule, value, out),
            }
        }
        self.active.pop();
    }

    /// What `id` says of a value, apart.
    pub(super) fn apart(&mut self, id: NodeId, value: &'a Json, depth: usize) -> Verdict<'a> {
        let mut verdict = Verdict::default();
        self.node(id, value, depth, &mut verdict);
        verdict
    }

    fn combined(&mut self, rule: &'a Rule, value: &'a Json, depth: usize, out: &mut Verdict<'a>) {
        match rule {
            Rule::Same(id) => self.node(*id, value, depth, out),
            Rule::All(ids) => ids.iter().for_each(|id| self.node(*id, value, depth, out)),
            Rule::Any(ids) | Rule::One(ids) => {
                let is_any = matches!(rule, Rule::Any(_));
                let (mut ways, mut fitting) = (Vec::new(), 0);
                for id in ids {
                    let verdict = self.apart(*id, value, depth);
                    match verdict.fits() {
                        Some(true) if is_any => return,
                        Some(true) => fitting += 1,
                        Some(false) => ways.push(verdict.faults),
                        None => {}
                    }
                }
                if ways.len() == ids.len() {
                    self.fault(value, FaultKind::Ways(ways), out);
                } else if !is_any && fitting > 1 {
                    self.fault(value, FaultKind::Rule(rule), out);
                } else if ways.len() + fitting < ids.len() {
                    out.is_open = true;
                }
            }
            Rule::Not(id) => match self.apart(*id, value, depth).fits() {
                Some(true) => self.fault(value, FaultKind::Rule(rule), out),
                Some(false) => {}
                None => out.is_open = true,
            },
            Rule::If { condition, then, otherwise } => {
                let next = match self.apart(*condition, value, depth).fits() {
                    Some(true) => then,
                    Some(false) => otherwise,
                    None => {
                        out.is_open = true;
                        return;
                    }
                };
                if let Some(id) = next {
                    self.node(*id, value, depth, out);
                }
            }
            _ => {}
        }
    }
}
