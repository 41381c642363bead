//! `[[access.rules]]`: who may do what.
//!
//! Of the rules that are about somebody and something, the first decides; once there is a rule, what none
//! is about is denied. A rule is about a server as a whole, or about the tools, prompts and resources that
//! it names. Of a server somebody may know who may have anything of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::action::{Action, ActionKind, Denied, Subject};
use super::process_fit::{ProcessFit, process_fit};
use crate::base::principal::Proof;
use crate::base::{Lock, Principal};
use crate::settings::access::{ADMIN, ADMIN_READ, Approved, ApprovedItem, Rule};
use crate::settings::{Access, NamePatterns, RuleEffect};

/// Clients that are remembered with the rules that are about them; before there are more, all are
/// forgotten.
const REMEMBERED_MAX: usize = 1024;

/// The rules, and which of them are about whom.
#[derive(Debug, Default)]
pub(super) struct Rules {
    access: Access,
    /// By the names that a principal has. A call need not look through all rules, nor a list for each of
    /// its items.
    concerning: Lock<HashMap<Box<str>, OfClients>>,
    asks_for_clients: bool,
    asks_for_peers: bool,
    asks_for_hints: bool,
}

/// The places of the rules that are about somebody, by what their client calls itself if a rule asks for
/// that.
type OfClients = HashMap<Box<str>, Arc<[usize]>>;

/// The rules of one config that are about somebody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ApplicableRules {
    /// Where each stands in the config.
    places: Arc<[usize]>,
    /// How each fits the process that asks; none if no rule asks for that.
    fits: Box<[ProcessFit]>,
}

/// How much of what an action is about a rule is about.
enum About {
    Nothing,
    Part,
    All,
}

impl Rules {
    pub(super) fn new(access: Access) -> Self {
        let asks_for_clients = access.rules.iter().any(|rule| rule.clients.is_some());
        let asks_for_peers = access.rules.iter().any(|rule| rule.process.is_some());
        let asks_for_hints = access.rules.iter().any(|rule| !rule.hints.is_empty());
        let concerning = Lock::default();
        Self { access, concerning, asks_for_clients, asks_for_peers, asks_for_hints }
    }

    /// Whether it matters from which process somebody asks.
    pub(super) fn ask_for_peers(&self) -> bool {
        self.asks_for_peers
    }

    /// Whether it matters what servers say of their tools.
    pub(super) fn ask_for_hints(&self) -> bool {
        self.asks_for_hints
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// Whether somebody may know of everything.
    pub(super) fn hide_nothing(&self, subject: Subject<'_>) -> bool {
        let lasts = subject.principal.token_name().is_none() && !subject.principal.is_oidc();
        self.access.rules.is_empty() && lasts
    }

    /// The verdict, with the rule that allows it, if there are rules.
    pub(super) fn judge(
        &self,
        subject: Subject<'_>,
        action: Action<'_>,
    ) -> Result<Option<&Rule>, Denied> {
        let is_by_token = self.check_proof(subject.principal)?;
        if is_by_token && action.kind == ActionKind::Administration {
            return self.of_endpoint(subject, action).map(Some);
        }
        if action.kind == ActionKind::Administration || self.access.rules.is_empty() {
            return Ok(None);
        }
        self.allowing(&self.applicable_to(subject), action).map(Some)
    }

    /// The rule that lets those do something whom these rules are about.
    pub(super) fn allowing(
        &self,
        applicable: &ApplicableRules,
        action: Action<'_>,
    ) -> Result<&Rule, Denied> {
        let rule = self.decided(applicable, action).ok_or(Denied::Unmatched)?;
        match rule.effect {
            RuleEffect::Allow | RuleEffect::Ask => Ok(rule),
            RuleEffect::Deny => Err(Denied::Rule(rule.id.as_str().into())),
        }
    }

    /// Whether a principal is one whom a token proves, ours or an issuer's; which has to hold still. It did
    /// when it was presented; a stream or a link may be older than that.
    fn check_proof(&self, principal: &Principal) -> Result<bool, Denied> {
        if principal.is_oidc() {
            return self.is_still_said(principal).map(|()| true);
        }
        let Some(name) = principal.token_name() else { return Ok(false) };
        let token = self.access.tokens.get(name).ok_or(Denied::Token)?;
        let is_over = token.expires.is_some_and(|end| SystemTime::now() >= end);
        if is_over { Err(Denied::Token) } else { Ok(true) }
    }

    /// See [`super::Gate::applicable`].
    pub(super) fn applicable(&self, subject: Subject<'_>) -> Result<ApplicableRules, Denied> {
        self.check_proof(subject.principal)?;
        Ok(self.applicable_to(subject))
    }

    /// The rule by which somebody who comes with a token may ask an endpoint of operators: one that names it.
    fn of_endpoint(&self, subject: Subject<'_>, action: Action<'_>) -> Result<&Rule, Denied> {
        let applicable = self.applicable_to(subject);
        // Who may change something may look, too.
        let is_one = |endpoints: &NamePatterns| {
            endpoints.allow(action.target)
                || endpoints.allow(action.name)
                || action.name == ADMIN_READ && endpoints.allow(ADMIN)
        };
        let names = |(rule, fit): &(&Rule, ProcessFit)| {
            rule.endpoints.as_ref().is_some_and(is_one) && holds(rule, *fit)
        };
        let (rule, _) = self.fitted(&applicable).find(names).ok_or(Denied::Always)?;
        match rule.effect {
            RuleEffect::Allow => Ok(rule),
            RuleEffect::Ask | RuleEffect::Deny => Err(Denied::Rule(rule.id.as_str().into())),
        }
    }

    /// Whether by this rule a person is asked about an action: one that has an effect, or shows a content.
    pub(super) fn ask(&self, rule: &Rule, subject: Subject<'_>, action: Action<'_>) -> bool {
        if rule.effect != RuleEffect::Ask
            || action.server.is_none()
            || !action.kind.is_asked_about()
        {
            return false;
        }
        let is_approved = |approved: &Approved| {
            let is_it = match &approved.what {
                ApprovedItem::Tool(name) => {
                    action.kind == ActionKind::Tool && *name == *action.name
                }
                ApprovedItem::Prompt(name) => {
                    action.kind == ActionKind::Prompt && *name == *action.name
                }
                ApprovedItem::Resource(uri) => {
                    action.kind == ActionKind::Resource && *uri == *action.target
                }
            };
            is_it && approved.principal == subject.principal.as_str()
        };
        !self.access.approved.values().any(is_approved)
    }

    /// Whether what an issuer said of somebody holds, and the issuer is still the one of the config.
    fn is_still_said(&self, principal: &Principal) -> Result<(), Denied> {
        let (Some(oidc), Some(proof)) = (&self.access.oidc, principal.proof()) else {
            return Err(Denied::Token);
        };
        let holds = *oidc.issuer == *proof.issuer() && SystemTime::now() < proof.until();
        if holds { Ok(()) } else { Err(Denied::Token) }
    }

    /// The rule that decides, if one does.
    fn decided(&self, applicable: &ApplicableRules, action: Action<'_>) -> Option<&Rule> {
        let rules = self.fitted(applicable).filter(|(rule, _)| rule.endpoints.is_none());
        let is_about = |rule: &Rule| match about(rule, action) {
            About::All => true,
            // Who may have a part of a server may know of it; who may not, may have another.
            About::Part => !is_denying(rule),
            About::Nothing => false,
        };
        let (mut asked, mut found) = (None, None);
        for (rule, fit) in rules.clone().filter(|(rule, _)| is_about(rule)) {
            if fit == ProcessFit::Unknown && rule.effect == RuleEffect::Ask {
                asked = asked.or(Some(rule));
            } else if holds(rule, fit) {
                found = Some(rule);
                break;
            }
        }
        // Our own tools make calls, each of which is asked for: who may do anything may have them.
        if found.is_none() && action.server.is_none() {
            let until_all_is_denied = |rule: &&Rule| !(is_about_all(rule) && is_denying(rule));
            let rules = rules.filter(|(rule, fit)| holds(rule, *fit)).map(|(rule, _)| rule);
            found = rules.take_while(until_all_is_denied).find(|rule| !is_denying(rule));
        }
        // A person is asked in doubt, but not about what the rules after that deny.
        match (asked, found) {
            (Some(asked), Some(found)) if !is_denying(found) => Some(asked),
            (_, found) => found,
        }
    }

    /// The rules, each with how it fits the process that asks.
    fn fitted<'a, 'b>(
        &'a self,
        applicable: &'b ApplicableRules,
    ) -> impl Iterator<Item = (&'a Rule, ProcessFit)> + Clone + use<'a, 'b> {
        applicable.places.iter().enumerate().filter_map(|(nth, at)| {
            let fit = applicable.fits.get(nth).copied().unwrap_or(ProcessFit::Yes);
            self.access.rules.get(*at).map(|rule| (rule, fit))
        })
    }

    fn applicable_to(&self, subject: Subject<'_>) -> ApplicableRules {
        let places = self.concerning(subject);
        if !self.asks_for_peers {
            return ApplicableRules { places, fits: Box::default() };
        }
        let rules = places.iter().map(|at| self.access.rules.get(*at));
        let fit = |rule: &Rule| process_fit(rule, subject.principal);
        let fits = rules.map(|rule| rule.map_or(ProcessFit::Unknown, fit)).collect();
        ApplicableRules { places, fits }
    }

    /// The places of the rules that are about somebody.
    fn concerning(&self, subject: Subject<'_>) -> Arc<[usize]> {
        let client = if self.asks_for_clients { subject.client.read() } else { Box::default() };
        let proof = subject.principal.proof();
        let key = proof.map_or(subject.principal.as_str(), Proof::as_key);
        let mut known = self.concerning.lock();
        if let Some(found) = known.get(key).and_then(|known| known.get(&client)) {
            return found.clone();
        }
        if known.values().map(HashMap::len).sum::<usize>() >= REMEMBERED_MAX {
            known.clear();
        }
        let concerns = |rule: &Rule| {
            let mut names = key.split('\n');
            let is_of = |of: &NamePatterns| names.any(|name| of.allow(name));
            rule.principals.as_ref().is_none_or(is_of) && fits(rule.clients.as_ref(), &client)
        };
        let all = self.access.rules.iter().enumerate();
        let found: Arc<[usize]> =
            all.filter(|(_, rule)| concerns(rule)).map(|(at, _)| at).collect();
        known.entry(key.into()).or_default().insert(client, found.clone());
        found
    }
}

/// Whether a rule that fits a process so is about who asks from it: in doubt, if it denies.
fn holds(rule: &Rule, fit: ProcessFit) -> bool {
    fit == ProcessFit::Yes || fit == ProcessFit::Unknown && is_denying(rule)
}

fn is_denying(rule: &Rule) -> bool {
    rule.effect == RuleEffect::Deny
}

fn is_about_whole_servers(rule: &Rule) -> bool {
    let names = [&rule.tools, &rule.prompts, &rule.resources];
    rule.hints.is_empty() && names.into_iter().all(Option::is_none)
}

fn is_about_all(rule: &Rule) -> bool {
    rule.servers.is_none() && is_about_whole_servers(rule)
}

fn fits(patterns: Option<&NamePatterns>, text: &str) -> bool {
    patterns.is_none_or(|patterns| patterns.allow(text))
}

/// Whether a rule that names tools is about this one: one that asks for hints alone, about all that have one.
fn is_tool(rule: &Rule, action: Action<'_>) -> bool {
    match (&rule.tools, &*rule.hints) {
        (None, []) => false,
        (tools, []) => fits(tools.as_ref(), action.name),
        (tools, hints) => {
            let has = hints.iter().any(|hint| action.hints.say(*hint));
            has && fits(tools.as_ref(), action.name)
        }
    }
}

fn about(rule: &Rule, action: Action<'_>) -> About {
    let named = |patterns: &Option<NamePatterns>, name: &str| {
        patterns.as_ref().is_some_and(|patterns| patterns.allow(name))
    };
    let Some(server) = action.server else {
        let is_named = rule.servers.is_none() && is_tool(rule, action);
        return if is_named { About::All } else { About::Nothing };
    };
    if !fits(rule.servers.as_ref(), server.as_str()) {
        return About::Nothing;
    }
    if is_about_whole_servers(rule) {
        return About::All;
    }
    let is_named = match action.kind {
        // Which tool a task came of, nobody has written down.
        ActionKind::Task | ActionKind::Tasks | ActionKind::Administration => false,
        _ if action.is_of_server() => return About::Part,
        ActionKind::Tool => is_tool(rule, action),
        ActionKind::Prompt | ActionKind::PromptCompletion => named(&rule.prompts, action.name),
        ActionKind::Resource | ActionKind::Subscription | ActionKind::ResourceCompletion => {
            named(&rule.resources, action.target)
        }
        ActionKind::LogLevel | ActionKind::Roots => return About::Part,
    };
    if is_named { About::All } else { About::Nothing }
}

#[cfg(test)]
mod tests;
