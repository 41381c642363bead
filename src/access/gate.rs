//! The one gate. Whatever somebody wants of a server, or of callmux itself, is asked here, and only
//! what is let in here reaches a server: a connection sends nothing without a [`Permit`].

use std::sync::Arc;
use std::time::SystemTime;

use tokio::time::Instant;

use super::action::{Action, Denied, Subject};
use super::limited::Limited;
use super::limits::{Meters, Rate};
use super::places::{CallPlace, HeldPlaces, NeededPlaces, PlaceKey, Places};
use super::rules::{ApplicableRules, Rules};
use super::slow_tokens::SlowTokens;
use super::token::{self, BadToken, Presented};
#[cfg(debug_assertions)]
use crate::base::file;
use crate::base::{Principal, ServerName};
use crate::settings::RuleEffect;
use crate::settings::access::{Oidc, Rule};
use crate::settings::{Access, NamePatterns};

/// Leave to send something to a server. A gate gives it for one action; hold it until that is over.
#[derive(Debug)]
pub struct Permit {
    /// What of it is still to be waited for.
    needed: Option<Box<NeededPlaces>>,
}

impl Permit {
    /// Whether [`Permit::places`] has to be asked for before anything is sent.
    pub fn needs_places(&self) -> bool {
        self.needed.is_some()
    }

    /// The call's places among those that its principal may have open at once, as soon as there are some.
    /// Hold them until the call has ended, whatever becomes of it.
    pub async fn places(&self, until: Instant) -> Result<Option<HeldPlaces>, Limited> {
        match &self.needed {
            None => Ok(None),
            Some(needed) => needed.take(until).await.map(Some),
        }
    }

    /// The same for a call that is with its server already, whether there are any or not.
    pub fn places_now(&self) -> Option<HeldPlaces> {
        self.needed.as_ref().map(|needed| needed.take_now())
    }

    /// For what callmux says to a server of its own accord, on nobody's behalf: handshakes, the lists,
    /// pings, and taking back what it had asked. `tests/tidy` knows who may.
    pub fn own() -> Self {
        Self { needed: None }
    }
}

/// Why there is no permit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Limited(#[from] Limited),
    /// A person has to be asked first, by this rule.
    #[error("the access rule {0} wants a person's approval")]
    Unapproved(Box<str>),
}

/// Decides who may do what, and how often.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    denied: Arc<[DeniedPattern]>,
    rules: Arc<Rules>,
    /// They go on when the limits change.
    meters: Arc<Meters>,
    places: Places,
    slow_tokens: Arc<SlowTokens>,
}

/// What nobody may do.
#[derive(Debug)]
struct DeniedPattern {
    /// By its name; `None`: of every kind.
    kind: Option<Box<str>>,
    server: Box<str>,
    /// The beginning of the target, or all of it.
    target: Box<str>,
    is_beginning: bool,
}

/// The largest file of patterns, in bytes.
#[cfg(debug_assertions)]
const PATTERNS_MAX: u64 = 64 * 1024;

/// How patterns name callmux itself.
const ITSELF: &str = "callmux";

impl Gate {
    /// The gate that is in force now. A build for development can be told what to deny, in the patterns
    /// of [`Gate::denying`] or as `@FILE` with those: its tests show that nothing gets past the gate.
    pub fn in_force() -> Self {
        #[cfg(debug_assertions)]
        if let Ok(patterns) = std::env::var("CALLMUX_DENIED") {
            let Some(path) = patterns.strip_prefix('@') else { return Self::denying(&patterns) };
            let bytes = file::read(path.as_ref(), PATTERNS_MAX).unwrap_or_default();
            return Self::denying(&String::from_utf8_lossy(&bytes));
        }
        Self::default()
    }

    /// A gate that denies all principals what these patterns name, which stand between white space:
    /// `[KIND:]SERVER[/TARGET]`, where `*` at the end of a target stands for any rest. The server of
    /// our own tools is `callmux`.
    #[cfg(any(test, debug_assertions))]
    pub fn denying(patterns: &str) -> Self {
        let pattern = |text: &str| {
            let (server, target) = text.split_once('/').unwrap_or((text, "*"));
            let beginning = target.strip_suffix('*');
            let (kind, server) = server
                .split_once(':')
                .map_or((None, server), |(kind, server)| (Some(kind.into()), server));
            DeniedPattern {
                kind,
                server: server.into(),
                target: beginning.unwrap_or(target).into(),
                is_beginning: beginning.is_some(),
            }
        };
        let denied = patterns.split_whitespace().map(pattern).collect();
        Self { denied, ..Self::default() }
    }

    /// The same with what a config says.
    #[must_use]
    pub fn with(self, access: Access) -> Self {
        self.places.renew(&access);
        let slow_tokens = self.slow_tokens.renewed(&access);
        Self { rules: Arc::new(Rules::new(access)), slow_tokens, ..self }
    }

    /// The gate that is in force after a reload. What was counted so far counts.
    #[must_use]
    pub fn renewed(&self, access: Access) -> Self {
        let (meters, places) = (self.meters.clone(), self.places.clone());
        let slow_tokens = self.slow_tokens.clone();
        Self { meters, places, slow_tokens, ..Self::in_force() }.with(access)
    }

    /// Who presents this token.
    pub fn authenticate(&self, token: &str) -> Result<Presented, BadToken> {
        token::holder(self.rules.access(), &self.slow_tokens, token, SystemTime::now())
    }

    /// Whether what is no token of ours can be one all the same.
    pub fn has_slow_tokens(&self) -> bool {
        !self.slow_tokens.is_empty()
    }

    /// Whether there are rules that ask what the process at the other end is.
    pub fn asks_for_peers(&self) -> bool {
        self.rules.ask_for_peers()
    }

    /// Whether there are rules that ask what servers say of their tools.
    pub fn asks_for_hints(&self) -> bool {
        self.rules.ask_for_hints()
    }

    /// Whether there is a token of ours of this name.
    pub fn has_token(&self, name: &str) -> bool {
        self.rules.access().tokens.contains_key(name)
    }

    /// Whether there is anybody who is known by a token, ours or an issuer's.
    pub fn has_tokens(&self) -> bool {
        !self.rules.access().tokens.is_empty() || self.oidc().is_some()
    }

    /// Whose tokens are taken beside ours.
    pub fn oidc(&self) -> Option<&Arc<Oidc>> {
        self.rules.access().oidc.as_ref()
    }

    /// Whether a rule asks for a scope.
    pub fn asks_for_scopes(&self) -> bool {
        let mut rules = self.rules.access().rules.iter();
        let is_one = |text: &String| text.starts_with("scope:");
        rules.any(|rule| rule.principals.iter().flat_map(NamePatterns::texts).any(is_one))
    }

    /// The scopes that rules ask for by their names, in the order of the rules.
    pub fn scopes(&self) -> Vec<&str> {
        let rules = self.rules.access().rules.iter();
        let named = rules.flat_map(|rule| rule.principals.iter().flat_map(NamePatterns::texts));
        let mut scopes = Vec::new();
        for scope in named.filter_map(|text| text.strip_prefix("scope:")) {
            if !scope.contains('*') && !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }

    /// Asks for an action, which is counted.
    pub fn admit(&self, subject: Subject<'_>, action: Action<'_>) -> Result<Permit, NotAdmitted> {
        let rule = self.judged(subject, action)?;
        if action.server.is_some() && action.kind.is_call() {
            self.count(subject.principal, rule)?;
        }
        self.unless_asked(subject, action, rule)
    }

    /// Counts a call that a rule lets in, if one does.
    fn count(&self, whose: &Principal, rule: Option<&Rule>) -> Result<(), Limited> {
        let own = self.rules.access().limits.calls_per_minute;
        let own = own.map(|per_minute| Rate { per_minute, rule: None });
        let of_rule = rule.and_then(|rule| {
            let per_minute = rule.limits.calls_per_minute?;
            Some(Rate { per_minute, rule: Some(&rule.id) })
        });
        if own.is_none() && of_rule.is_none() {
            return Ok(());
        }
        self.meters.take(whose, [own, of_rule], Instant::now())
    }

    /// Asks again for an action that was asked for before: it is not counted once more.
    pub fn admit_again(
        &self,
        subject: Subject<'_>,
        action: Action<'_>,
    ) -> Result<Permit, NotAdmitted> {
        let rule = self.judged(subject, action)?;
        self.unless_asked(subject, action, rule)
    }

    /// Asks for an action that was let in before and goes on, or that a person has approved.
    pub fn admit_on(&self, subject: Subject<'_>, action: Action<'_>) -> Result<Permit, Denied> {
        self.judged(subject, action).map(|rule| self.permit(subject.principal, action, rule))
    }

    /// Whether a call of somebody would come too early whatever it is. Counts nothing.
    pub fn check(&self, whose: &Principal) -> Result<(), Limited> {
        match self.rules.access().limits.calls_per_minute {
            None => Ok(()),
            Some(per_minute) => {
                self.meters.check(whose, Rate { per_minute, rule: None }, Instant::now())
            }
        }
    }

    fn permit(&self, whose: &Principal, action: Action<'_>, rule: Option<&Rule>) -> Permit {
        let own = self.rules.access().limits.in_flight.is_some();
        let rule = rule.filter(|rule| rule.limits.in_flight.is_some());
        if action.server.is_none() || !action.kind.has_a_place() || !own && rule.is_none() {
            return Permit { needed: None };
        }
        let key = |rule| PlaceKey { principal: whose.unproved(), rule };
        let needed = NeededPlaces {
            places: self.places.clone(),
            own: own.then(|| key(None)),
            of_rule: rule.map(|rule| key(Some(rule.id.as_str().into()))),
            at_once: action.kind.ends_others(),
        };
        Permit { needed: Some(Box::new(needed)) }
    }

    /// A place of somebody for a call that is with its server already, until the rules say what it needs.
    pub fn place_now(&self, whose: &Principal) -> Option<CallPlace> {
        let key = PlaceKey { principal: whose.unproved(), rule: None };
        self.rules.access().limits.in_flight.map(|_| self.places.take_now(key))
    }

    fn judged(&self, subject: Subject<'_>, action: Action<'_>) -> Result<Option<&Rule>, Denied> {
        self.verdict(subject, action).inspect_err(|denied| {
            let (principal, kind) = (subject.principal, action.kind.as_str());
            tracing::debug!(%principal, kind, target = action.target, %denied, "denied");
        })
    }

    fn unless_asked(
        &self,
        subject: Subject<'_>,
        action: Action<'_>,
        rule: Option<&Rule>,
    ) -> Result<Permit, NotAdmitted> {
        match rule {
            Some(rule) if self.rules.ask(rule, subject, action) => {
                Err(NotAdmitted::Unapproved(rule.id.as_str().into()))
            }
            rule => Ok(self.permit(subject.principal, action, rule)),
        }
    }

    /// Whether the subject may know of what the action is about.
    pub fn sees(&self, subject: Subject<'_>, action: Action<'_>) -> bool {
        self.verdict(subject, action).is_ok()
    }

    /// Whether there is anything that a person may be asked about.
    pub fn may_ask(&self) -> bool {
        self.rules.access().rules.iter().any(|rule| rule.effect == RuleEffect::Ask)
    }

    /// Whether a person is asked about what a rule lets the subject do.
    pub fn asks(&self, subject: Subject<'_>, action: Action<'_>, rule: &Rule) -> bool {
        self.rules.ask(rule, subject, action)
    }

    /// The verdict, with the rule that allows it, if there are rules.
    pub fn verdict(
        &self,
        subject: Subject<'_>,
        action: Action<'_>,
    ) -> Result<Option<&Rule>, Denied> {
        if self.denies_all(action) {
            return Err(Denied::Always);
        }
        self.rules.judge(subject, action)
    }

    /// The rules that are about the subject, if there are rules: those whom the same rules are about may
    /// have the same of the servers.
    ///
    /// # Errors
    /// [`Denied::Token`]: what proves the subject does not hold any more. They may have nothing.
    pub fn applicable(&self, subject: Subject<'_>) -> Result<ApplicableRules, Denied> {
        self.rules.applicable(subject)
    }

    /// Whether those may know of what an action is about whom these rules are about.
    pub fn shows(&self, applicable: &ApplicableRules, action: Action<'_>) -> bool {
        let has_rules = !self.rules.access().rules.is_empty();
        !self.denies_all(action) && (!has_rules || self.rules.allowing(applicable, action).is_ok())
    }

    fn denies_all(&self, action: Action<'_>) -> bool {
        self.denied.iter().any(|pattern| pattern.fits(action))
    }

    /// Whether the subject may know of everything.
    pub fn hides_nothing(&self, subject: Subject<'_>) -> bool {
        self.denied.is_empty() && self.rules.hide_nothing(subject)
    }
}

impl DeniedPattern {
    fn fits(&self, action: Action<'_>) -> bool {
        let server = action.server.map_or(ITSELF, ServerName::as_str);
        let is_target = if self.is_beginning {
            action.target.starts_with(&*self.target)
        } else {
            *action.target == *self.target
        };
        let is_kind = self.kind.as_deref().is_none_or(|kind| kind == action.kind.as_str());
        is_kind && is_target && *self.server == *server
    }
}

#[cfg(test)]
mod tests {
    use super::{Gate, NotAdmitted};
    use crate::access::{Action, ActionKind, ClientName, Denied, Subject};
    use crate::base::{Principal, ServerName};

    #[test]
    fn what_a_pattern_names_is_denied_and_nothing_else() {
        let gate =
            Gate::denying("files/delete files/wipe_* callmux/callmux_status mail roots:other");
        let admit = |server: Option<&str>, target: &str| {
            let server = server.map(|name| ServerName::parse(name).unwrap());
            let (principal, server) = (Principal::user(1), server.as_ref());
            let action = Action::new(ActionKind::Tool, server, target);
            gate.admit(Subject { principal: &principal, client: ClientName::Read("") }, action)
                .map(drop)
        };
        for (server, target) in
            [(Some("files"), "delete"), (Some("files"), "wipe_all"), (Some("mail"), "any")]
        {
            assert_eq!(
                admit(server, target),
                Err(NotAdmitted::Denied(Denied::Always)),
                "{server:?} {target}"
            );
        }
        assert_eq!(admit(None, "callmux_status"), Err(NotAdmitted::Denied(Denied::Always)));
        for (server, target) in [
            (Some("files"), "delete_not"),
            (Some("files"), "wipe"),
            (Some("other"), "delete"),
            (None, "callmux_parallel"),
            (None, "delete"),
        ] {
            assert_eq!(admit(server, target), Ok(()), "{server:?} {target}");
        }
        let (principal, server) = (Principal::user(1), ServerName::parse("other").unwrap());
        let roots = Action::of_server(ActionKind::Roots, &server);
        assert!(
            !gate.sees(Subject { principal: &principal, client: ClientName::Read("") }, roots),
            "of this kind alone"
        );
        let subject = Subject { principal: &principal, client: ClientName::Read("") };
        assert!(Gate::default().hides_nothing(subject) && !gate.hides_nothing(subject));
    }
}
