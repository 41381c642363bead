//! What of what happened is counted.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::base::{ServerName, visible};
use crate::facts::{CallFinished, CallOutcome, Fact};
use crate::metrics::families;
use crate::metrics::{Bounded, Exposition, Family, Histogram, LINES, OTHER};

/// Series of one family.
const SERIES_MAX: usize = 2_000;
/// How callmux's own tools stand beside those of servers.
const OWN: &str = "callmux";
/// The rule that nobody wrote.
const NO_RULE: &str = "none";

/// Counts of few kinds, which nobody outside chooses.
type Kinds = BTreeMap<(&'static str, &'static str), u64>;

/// What was counted so far.
#[derive(Debug, Clone)]
pub struct FactCounts {
    calls: Bounded<u64>,
    durations: Bounded<Histogram>,
    operations: Bounded<Histogram>,
    requests: Kinds,
    denied: Bounded<u64>,
    restarts: Bounded<u64>,
    starts: Bounded<u64>,
    peers: Kinds,
    caps: Kinds,
    decisions: Kinds,
    single: Single,
}

/// What has no labels.
#[derive(Debug, Clone, Default)]
struct Single {
    limited: u64,
    asked: u64,
    sessions: u64,
    links_lost: u64,
    links_resumed: u64,
    facts_lost: u64,
    audit_lost: u64,
}

impl Default for FactCounts {
    fn default() -> Self {
        Self {
            calls: Bounded::new(SERIES_MAX),
            durations: Bounded::new(SERIES_MAX / LINES),
            operations: Bounded::new(SERIES_MAX / LINES),
            requests: Kinds::new(),
            denied: Bounded::new(SERIES_MAX / 10),
            restarts: Bounded::new(SERIES_MAX),
            starts: Bounded::new(SERIES_MAX),
            peers: Kinds::new(),
            caps: Kinds::new(),
            decisions: Kinds::new(),
            single: Single::default(),
        }
    }
}

impl FactCounts {
    /// Whether anything of it is counted.
    pub fn wants(fact: &Fact) -> bool {
        matches!(
            fact,
            Fact::CallFinished(_)
                | Fact::ServerReady(_)
                | Fact::ServerFailed(_)
                | Fact::ServerOrdered(_)
                | Fact::ConfigReloaded(_)
                | Fact::SessionOpened(_)
                | Fact::LinkLost(_)
                | Fact::LinkResumed(_)
                | Fact::PeerRefused(_)
                | Fact::CapReached(_)
                | Fact::ApprovalAsked(_)
                | Fact::ApprovalAnswered(_)
                | Fact::FactsLost(_)
                | Fact::AuditGap(_)
        )
    }

    /// It happened.
    pub fn note(&mut self, fact: &Fact) {
        match fact {
            Fact::CallFinished(call) => self.call(call),
            Fact::ServerReady(fact) => *self.starts.at(fact.server.as_str(), "", "") += 1,
            Fact::ServerFailed(fact) => self.restarted(&fact.server, "failed"),
            Fact::ServerOrdered(fact) if fact.order == "restart" => {
                self.restarted(&fact.server, "ordered");
            }
            Fact::ConfigReloaded(fact) => {
                for server in &fact.restarted {
                    self.restarted(server, "config");
                }
            }
            Fact::SessionOpened(_) => self.single.sessions += 1,
            Fact::LinkLost(_) => self.single.links_lost += 1,
            Fact::LinkResumed(_) => self.single.links_resumed += 1,
            Fact::PeerRefused(fact) => *self.peers.entry((fact.cause, "")).or_default() += 1,
            Fact::CapReached(fact) => *self.caps.entry((fact.what, "")).or_default() += 1,
            Fact::ApprovalAsked(_) => self.single.asked += 1,
            Fact::ApprovalAnswered(fact) => {
                *self.decisions.entry((fact.decision, "")).or_default() += 1;
            }
            Fact::FactsLost(fact) => self.single.facts_lost += fact.lost,
            Fact::AuditGap(fact) => self.single.audit_lost += fact.lost,
            _ => {}
        }
    }

    fn restarted(&mut self, server: &ServerName, reason: &'static str) {
        *self.restarts.at(server.as_str(), "", reason) += 1;
    }

    fn call(&mut self, call: &CallFinished) {
        let outcome = call.outcome.as_str();
        *self.requests.entry((call.kind, outcome)).or_default() += 1;
        match call.outcome {
            CallOutcome::Denied => {
                let rule = call.rule.as_deref().unwrap_or(NO_RULE);
                *self.denied.at(&visible::line(rule), "", "") += 1;
            }
            CallOutcome::Limited => self.single.limited += 1,
            _ => {}
        }
        let is_tool = call.kind == "tool";
        let tool = if is_tool { tool(call) } else { "".into() };
        if is_tool {
            let own = if call.origin.is_listed { OWN } else { OTHER };
            let server = call.server.as_ref().map_or(own, ServerName::as_str);
            *self.calls.at(server, &tool, outcome) += 1;
            self.durations.at(server, &tool, "").observe(call.took);
        }
        if let Some(method) = method(call).filter(|_| !call.origin.is_inner) {
            let error = if call.outcome == CallOutcome::Done { "" } else { outcome };
            self.operations.at(method, &tool, error).observe(call.took);
        }
    }

    /// Adds it to what is told.
    pub fn tell(&self, to: &mut Exposition) {
        series(to, &families::CALLS, &self.calls);
        let mut samples = to.family(&families::CALL_DURATION);
        for ([server, tool, _], histogram) in self.durations.iter() {
            samples.histogram(&[server, tool], histogram);
        }
        kinds(to, &families::REQUESTS, &self.requests);
        let mut samples = to.family(&families::SERVER_OPERATION);
        for (labels, histogram) in self.operations.iter() {
            samples.histogram(&labels, histogram);
        }
        series(to, &families::DENIED, &self.denied);
        let single = &self.single;
        to.alone(&families::LIMITED, single.limited);
        to.alone(&families::APPROVALS_ASKED, single.asked);
        kinds(to, &families::APPROVALS_ANSWERED, &self.decisions);
        let mut samples = to.family(&families::SERVER_RESTARTS);
        for ([server, _, reason], count) in self.restarts.iter() {
            samples.add(&[server, reason], count);
        }
        series(to, &families::SERVER_STARTS, &self.starts);
        to.alone(&families::SESSIONS_OPENED, single.sessions);
        to.alone(&families::LINKS_LOST, single.links_lost);
        to.alone(&families::LINKS_RESUMED, single.links_resumed);
        kinds(to, &families::PEERS_REFUSED, &self.peers);
        kinds(to, &families::CAPS_REACHED, &self.caps);
        to.alone(&families::FACTS_LOST, single.facts_lost);
        to.alone(&families::AUDIT_LOST, single.audit_lost);
    }
}

/// The name of a tool, where it is no client's word alone.
fn tool(call: &CallFinished) -> Cow<'_, str> {
    if call.origin.is_listed { visible::line(&call.name) } else { OTHER.into() }
}

/// The method of MCP that it surely was.
fn method(call: &CallFinished) -> Option<&'static str> {
    Some(match call.kind {
        "tool" => "tools/call",
        "prompt" => "prompts/get",
        "resource" => "resources/read",
        "completion" => "completion/complete",
        "tasks" => "tasks/list",
        "log_level" => "logging/setLevel",
        _ => return None,
    })
}

fn series(to: &mut Exposition, family: &'static Family, counts: &Bounded<u64>) {
    let mut samples = to.family(family);
    for (labels, count) in counts.iter() {
        samples.add(&labels[..family.labels.len()], count);
    }
}

fn kinds(to: &mut Exposition, family: &'static Family, counts: &Kinds) {
    let mut samples = to.family(family);
    for ((first, second), count) in counts {
        samples.add(&[*first, *second][..family.labels.len()], count);
    }
}

#[cfg(test)]
mod tests;
