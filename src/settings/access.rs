//! `[access]`: who may do what, and how often.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::complaint::Place;
use super::name_patterns::NamePatterns;
use super::network::Networks;
use super::process_patterns::ProcessPatterns;
pub use super::token_file::moment;
pub use super::token_hash::{ScryptHash, TokenHash};
pub use crate::audit::ArgumentsKept;

/// `[access]`
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Access {
    pub limits: Limits,
    pub approvals: ApprovalSettings,
    pub networks: Networks,
    /// By their names.
    pub tokens: BTreeMap<String, AccessToken>,
    /// Whose tokens are taken beside those.
    pub oidc: Option<Arc<Oidc>>,
    /// In their order; of those that fit, the first decides. None: whoever was let in may do everything.
    pub rules: Vec<Rule>,
    /// What a person approved for good, by their names.
    pub approved: BTreeMap<String, Approved>,
    /// What of it is kept.
    pub audited: Audited,
    /// What of it can be looked up.
    pub history: HistorySettings,
    /// Whether it is counted.
    pub counted: Counted,
    pub dashboard: DashboardSettings,
}

/// Among the endpoints of a rule: those below `/api/v1` that change nothing.
pub const ADMIN_READ: &str = "admin:read";
/// And all of them.
pub const ADMIN: &str = "admin";

/// `[access.approvals]`: how a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApprovalSettings {
    /// By a notification, where no client shows a form and nobody looks at a terminal.
    pub desktop: bool,
}

impl Default for ApprovalSettings {
    fn default() -> Self {
        Self { desktop: true }
    }
}

/// `[metrics]`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Calls and requests are counted, and `/metrics` is there over TCP, too.
    pub enabled: bool,
}

/// `[dashboard]`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DashboardSettings {
    /// Its page is there although nobody asked for a link.
    pub enabled: bool,
}

/// `[audit]`: what is kept of what was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Audited {
    /// Whether there is a file of it.
    pub file: bool,
    /// Whether nothing may be done that does not stand in it first.
    pub required: bool,
    pub arguments: ArgumentsKept,
    /// In bytes.
    pub max_total: usize,
    pub keep: Duration,
}

/// `[history]`: what of it can be looked up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HistorySettings {
    pub enabled: bool,
    pub max_rows: usize,
    pub keep: Duration,
    /// In bytes.
    pub max_bytes: usize,
    pub arguments: ArgumentsKept,
}

/// `[access.limits]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of each principal.
    pub calls_per_minute: Option<u64>,
    /// Calls of each principal that may be open at once.
    pub in_flight: Option<u64>,
    /// How long a call waits for a person's approval.
    pub approval_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { calls_per_minute: None, in_flight: None, approval_timeout: Duration::from_mins(2) }
    }
}

/// `[access.tokens.NAME]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub hash: TokenHash,
    /// From then on it is refused.
    pub expires: Option<SystemTime>,
    /// The token that it took the place of, and until when that one is still taken.
    pub previous: Option<(TokenHash, SystemTime)>,
}

impl AccessToken {
    /// What its name is made of, for people.
    pub const NAMES: &str = "a token's name has 1 to 40 letters, digits, `_`, `-` and `.`";

    /// Whether one can be called so: it is a part of a principal, which rules name with patterns, and of
    /// the name of a file.
    pub fn is_name(text: &str) -> bool {
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        (1..=40).contains(&text.len()) && text.bytes().all(is_allowed)
    }
}

/// `[access.oidc]`: an issuer whose tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// As its tokens and its documents have it, to the letter.
    pub issuer: Arc<str>,
    /// For whom a token must be meant.
    pub audience: String,
    /// The address that clients know us by, which says so in the metadata of RFC 9728.
    pub resource: Option<String>,
    /// The claim that has the groups: a name, or names with dots between them.
    pub groups_claim: String,
    pub algorithms: Vec<Algorithm>,
    /// By how much clocks may differ.
    pub leeway: Duration,
}

/// How a token may be signed (RFC 7518, section 3.1; RFC 8037, section 3.1). Nothing that needs a shared
/// secret is among them, and `none` is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// As tokens name them, in the same order.
    pub const NAMES: [&str; 9] =
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(Self::NAMES).find(|(_, known)| *known == name).map(|(it, _)| it)
    }
}

/// One of `[[access.rules]]`. A list that is absent fits everybody and everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rule {
    /// What the journal calls it.
    pub id: String,
    /// Whom it is about, as [`Principal`](crate::base::Principal) is written.
    pub principals: Option<NamePatterns>,
    /// What their clients call themselves.
    pub clients: Option<NamePatterns>,
    /// Which of their processes ask.
    pub process: Option<Box<ProcessPatterns>>,
    pub servers: Option<NamePatterns>,
    /// Names as clients see them. With any of these three, it is about nothing else of the servers.
    pub tools: Option<NamePatterns>,
    pub prompts: Option<NamePatterns>,
    /// URIs as the server has them.
    pub resources: Option<NamePatterns>,
    /// Of the tools those of which a trusted server says one of these.
    pub hints: Vec<ToolHint>,
    /// Endpoints for operators, by path or as [`ADMIN_READ`] and [`ADMIN`]: then it is about these alone, and about who comes with a token.
    pub endpoints: Option<NamePatterns>,
    pub effect: RuleEffect,
    pub limits: RuleLimits,
    pub at: Option<Place>,
}

/// How much of what a rule lets in one principal may do, beside what [`Limits`] say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleLimits {
    pub calls_per_minute: Option<u64>,
    pub in_flight: Option<u64>,
}

/// `[access.approved.NAME]`: one of those whom it is about may have it without asking a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// As [`Principal`](crate::base::Principal) is written.
    pub principal: String,
    pub what: ApprovedItem,
}

/// What was approved: a tool or a prompt by the name that clients see, a resource by its URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApprovedItem {
    Tool(String),
    Prompt(String),
    Resource(String),
}

/// What a server can say of a tool by its annotations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToolHint {
    /// `readOnlyHint`
    ReadOnly,
    /// `idempotentHint`, or `readOnlyHint`
    Idempotent,
}

impl ToolHint {
    pub const ALL: [Self; 2] = [Self::ReadOnly, Self::Idempotent];

    /// Their names, in the same order.
    pub const NAMES: [&str; 2] = ["read_only", "idempotent"];

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().zip(Self::NAMES).find(|(_, known)| *known == name).map(|(it, _)| it)
    }

    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

/// What comes of what a rule is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RuleEffect {
    Allow,
    /// A person is asked about each call of a tool or a prompt, and each time that a resource is read.
    Ask,
    #[default]
    Deny,
}

impl RuleEffect {
    pub const ALL: [Self; 3] = [Self::Allow, Self::Ask, Self::Deny];

    /// Their names, in the same order.
    pub const NAMES: [&str; 3] = ["allow", "ask", "deny"];

    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}
