//! Members of objects and items of arrays.

use super::pattern::Pattern;
use super::rule::{Node, NodeId, Rule};
use super::walk::{DEPTH_MAX, FaultKind, Members, PathStep, Verdict, Walk};
use super::words;
use crate::json::Json;

/// Steps that the words for a wrong name count for: they are found at once, not only if told.
const WORDS_COST: usize = 5000;

impl<'a> Walk<'a> {
    pub(super) fn object(
        &mut self,
        id: NodeId,
        rule: &'a Rule,
        (value, members): (&'a Json, &Members<'a>),
        depth: usize,
        out: &mut Verdict<'a>,
    ) {
        let node = &self.nodes[id];
        match rule {
            Rule::AtLeast(_, limit) if (members.len() as u64) < *limit => {
                self.fault(value, FaultKind::Rule(rule), out);
            }
            Rule::AtMost(_, limit) if members.len() as u64 > *limit => {
                self.fault(value, FaultKind::Rule(rule), out);
            }
            Rule::Required(names) => self.required(node, names, (value, members), out),
            Rule::Dependent { name, required, schema } if members.contains_key(name.as_str()) => {
                self.required(node, required, (value, members), out);
                if let Some(schema) = schema {
                    self.node(*schema, value, depth + 1, out);
                }
            }
            Rule::Members { patterns, others } => {
                self.members(id, (patterns, *others), (value, members), depth, out);
            }
            Rule::Names(names) => {
                for name in members.keys() {
                    let text = Json::from(*name);
                    let mut inner = Walk::new(self.nodes, self.left);
                    let verdict = inner.apart(*names, &text, depth + 1);
                    self.left = inner.left;
                    out.is_open |= verdict.is_open;
                    if !verdict.faults.is_empty() && self.spend(WORDS_COST) {
                        let why = words::problems(verdict.faults, 1).pop();
                        let why = why.map(|problem| problem.message).unwrap_or_default();
                        self.fault(value, FaultKind::Name(name, why), out);
                    }
                }
            }
            Rule::Closed => {
                for name in members.keys() {
                    if !self.may_evaluate(id, name, 0) {
                        self.fault(value, FaultKind::Unknown(name, node), out);
                    }
                }
                // Which of the alternatives count is not looked at.
                out.is_open |= !members.is_empty();
            }
            _ => {}
        }
    }

    fn members(
        &mut self,
        id: NodeId,
        (patterns, others): (&'a [(Pattern, NodeId)], Option<NodeId>),
        (value, members): (&'a Json, &Members<'a>),
        depth: usize,
        out: &mut Verdict<'a>,
    ) {
        let node = &self.nodes[id];
        for (name, member) in members {
            if self.left == 0 {
                out.is_open = true;
                return;
            }
            let known = node.properties.get(*name).copied();
            let mut applied: Vec<NodeId> = known.into_iter().collect();
            let mut is_open = false;
            for (pattern, id) in patterns {
                match self.matches(pattern, name) {
                    Some(true) => applied.push(*id),
                    Some(false) => {}
                    None => is_open = true,
                }
            }
            out.is_open |= is_open;
            if applied.is_empty() && !is_open {
                match others {
                    Some(others) if self.is_false(others) => {
                        self.fault(value, FaultKind::Unknown(name, node), out);
                    }
                    others => applied.extend(others),
                }
            }
            self.at.push(PathStep::Name(name));
            for id in applied {
                self.node(id, member, depth + 1, out);
            }
            self.at.pop();
        }
    }

    fn required(
        &mut self,
        node: &'a Node,
        names: &'a [String],
        (value, members): (&'a Json, &Members<'a>),
        out: &mut Verdict<'a>,
    ) {
        self.left = self.left.saturating_sub(names.len());
        for name in names.iter().filter(|name| !members.contains_key(name.as_str())) {
            self.fault(value, FaultKind::Missing(name, node), out);
        }
    }

    fn is_false(&self, id: NodeId) -> bool {
        matches!(self.nodes[id].rules.as_slice(), [Rule::False])
    }

    /// Whether a schema at this place could say anything of the member `name`: false only if none does.
    fn may_evaluate(&mut self, id: NodeId, name: &str, depth: usize) -> bool {
        if depth > DEPTH_MAX || !self.spend(1) {
            return true;
        }
        let node = &self.nodes[id];
        let any = |walk: &mut Self, ids: &[NodeId]| {
            ids.iter().any(|id| walk.may_evaluate(*id, name, depth + 1))
        };
        node.properties.contains_key(name)
            || node.rules.iter().any(|rule| match rule {
                Rule::Open => true,
                Rule::Closed => depth > 0,
                Rule::Members { patterns, others } => {
                    let mut found = patterns.iter().map(|(pattern, _)| self.matches(pattern, name));
                    others.is_some() || found.any(|found| found != Some(false))
                }
                Rule::Same(id) => any(self, &[*id]),
                Rule::All(ids) | Rule::Any(ids) | Rule::One(ids) => any(self, ids),
                Rule::If { condition, then, otherwise } => {
                    any(self, &[*condition])
                        || [then, otherwise].into_iter().flatten().any(|id| any(self, &[*id]))
                }
                Rule::Dependent { schema: Some(schema), .. } => any(self, &[*schema]),
                _ => false,
            })
    }

    pub(super) fn items(
        &mut self,
        rule: &'a Rule,
        (first, others): (&'a [NodeId], Option<NodeId>),
        (value, items): (&'a Json, &'a [Json]),
        depth: usize,
        out: &mut Verdict<'a>,
    ) {
        if items.len() > first.len() && others.is_some_and(|others| self.is_false(others)) {
            self.fault(value, FaultKind::Rule(rule), out);
        }
        let others = others.filter(|others| !self.is_false(*others));
        for (index, item) in items.iter().enumerate() {
            if self.left == 0 {
                out.is_open = true;
                return;
            }
            if let Some(id) = first.get(index).copied().or(others) {
                self.at.push(PathStep::Index(index));
                self.node(id, item, depth + 1, out);
                self.at.pop();
            }
        }
    }

    pub(super) fn contains(
        &mut self,
        rule: &'a Rule,
        (value, items): (&'a Json, &'a [Json]),
        depth: usize,
        out: &mut Verdict<'a>,
    ) {
        let Rule::Contains { node, least, most } = rule else { return };
        let (mut sure, mut possible) = (0_u64, 0_u64);
        for item in items {
            let fits = self.apart(*node, item, depth + 1).fits();
            sure += u64::from(fits == Some(true));
            possible += u64::from(fits != Some(false));
        }
        let is_over = |count: u64| most.is_some_and(|most| count > most);
        if possible < *least || is_over(sure) {
            self.fault(value, FaultKind::Rule(rule), out);
        } else if sure < *least || is_over(possible) {
            out.is_open = true;
        }
    }
}
