//! Keys of `[access]`.

use super::key::DefaultValue::{Unset, Value};
use super::key::{Key, ValueKind, key};
use super::row::{KeyRow, keys, of, set};
use crate::settings::access::ApprovalSettings;
use crate::settings::{Limits, Networks, RuleEffect};

/// Keys of `[access.limits]`.
pub const LIMITS: &[Key] = &keys::<_, { LIMIT_ROWS.len() }>(&[], LIMIT_ROWS);

/// The same, each with its field.
pub const LIMIT_ROWS: &[KeyRow<Limits>] = &[
    key(
        "calls_per_minute",
        ValueKind::Number(1, 1_000_000),
        Unset,
        "How many calls a minute one user may make; a quarter of them may come at once. Each call of a \
         `callmux_parallel` counts. A call that comes too early is not sent, and is told when to come \
         again. Unset: as many as they like.",
    )
    .at_once(set!(calls_per_minute)),
    key(
        "in_flight",
        ValueKind::Number(1, 10_000),
        Unset,
        "How many calls of one user may be open at once, over all servers and all that user's sessions. \
         One more waits until one of them ends, as long as its `call_timeout` lasts: agents make \
         several calls at once, and a refusal would cost each of them a turn of its model. Then it is \
         refused, and told when to come again. A call that waits for what its client is asked counts; \
         streams, subscriptions and calls that wait for a person's approval do not. Unset: as many as \
         they like.",
    )
    .at_once(set!(in_flight)),
    key(
        "approval_timeout",
        ValueKind::Duration,
        Value("\"2m\""),
        "How long a call that a rule with `effect = \"ask\"` is about waits for a person. Then it is \
         refused.",
    )
    .at_once(set!(approval_timeout)),
];

/// Keys of `[access.approvals]`.
pub const APPROVALS: &[Key] = &keys::<_, { APPROVAL_ROWS.len() }>(&[], APPROVAL_ROWS);

/// The same, each with its field.
pub const APPROVAL_ROWS: &[KeyRow<ApprovalSettings>] = &[key(
    "desktop",
    ValueKind::Bool,
    Value("true"),
    "Whether a notification of the desktop asks about a call that a rule with `effect = \"ask\"` is about, \
     where its client shows no form and nobody looks at `callmux approvals`. It can be allowed or denied \
     there. Where no desktop runs, nothing is shown.",
)
.at_once(set!(desktop))];

/// Keys of `[access.networks]`.
pub const NETWORKS: &[Key] = &keys::<_, { NETWORK_ROWS.len() }>(&[], NETWORK_ROWS);

/// The same, each with its field.
pub const NETWORK_ROWS: &[KeyRow<Networks>] = &[
    key(
        "allow",
        ValueKind::Texts,
        Unset,
        "Networks that clients may be in, such as `[\"10.0.0.0/8\", \"fd00::/8\", \"192.0.2.7\"]`: the \
         connection of anybody else is closed before anything is read. It is about who comes over \
         another than a loopback address, or through a proxy. Unset: wherever they are, they need a token.",
    )
    .at_once(of!(allow)),
    key(
        "trusted_proxies",
        ValueKind::Texts,
        Value("[]"),
        "Networks of proxies of yours. Of a request that comes from one, `X-Forwarded-For` tells where \
         its client is, read from its end over proxies that are listed here; of any other request it is \
         not read. Whoever comes through a proxy is known by a token alone.",
    )
    .at_once(of!(trusted_proxies)),
];

/// Keys of `[access.tokens.NAME]`.
pub const TOKEN: &[Key] = &[
    key(
        "hash",
        ValueKind::Text,
        Unset,
        "`sha256:` and the SHA-256 of the token, in hexadecimal: `callmux token new NAME` writes it, \
         `callmux token hash` prints it. Or `scrypt$N$r$p$SALT$KEY`, as the npm callmux has it: such a \
         token is tried once and remembered. Who holds the token is `token:NAME` to the rules and in the \
         journal.",
    ),
    key(
        "expires",
        ValueKind::Text,
        Unset,
        "From when on the token is refused: `\"2027-03-01\"`, `\"2027-03-01T12:00:00Z\"`. Unset: never.",
    ),
    key(
        "previous",
        ValueKind::Text,
        Unset,
        "The hash of the token that this one takes the place of, which is taken until `grace_until`: \
         `callmux token rotate NAME` writes both.",
    ),
    key("grace_until", ValueKind::Text, Unset, "Until when the token of `previous` is taken."),
];

/// Keys of `[access.oidc]`.
pub const OIDC: &[Key] = &[
    key(
        "issuer",
        ValueKind::Text,
        Unset,
        "Who makes the tokens, to the letter as they name it in `iss`: an `https://` address, or one of \
         this machine. Its keys are found by what it says of itself (OpenID Connect Discovery, RFC 8414).",
    ),
    key(
        "audience",
        ValueKind::Text,
        Unset,
        "For whom a token must be meant: one of its `aud`, to the letter. Best the address that clients \
         know callmux by, such as `https://mcp.example.com/mcp`.",
    ),
    key(
        "resource",
        ValueKind::Text,
        Unset,
        "The address that clients know callmux by, which the metadata at \
         `/.well-known/oauth-protected-resource` say (RFC 9728). Unset: the `audience`, if that is an \
         address; else there are no metadata.",
    ),
    key(
        "groups_claim",
        ValueKind::Text,
        Value("\"groups\""),
        "The claim that names somebody's groups: one name, or names with dots between them, such as \
         `realm_access.roles`. Each is `group:NAME` to the rules; what was granted, `scope:NAME`.",
    ),
    key(
        "algorithms",
        ValueKind::Texts,
        Value("[\"RS256\", \"ES256\", \"EdDSA\"]"),
        "How tokens may be signed: some of `RS256`, `RS384`, `RS512`, `PS256`, `PS384`, `PS512`, `ES256`, \
         `ES384`, `EdDSA`.",
    ),
    key(
        "leeway",
        ValueKind::Duration,
        Value("\"30s\""),
        "By how much the clocks of the issuer and of this machine may differ; at most `2m`.",
    ),
];

/// Keys of `[[access.rules]]`.
pub const RULE: &[Key] = &[
    key("id", ValueKind::Text, Unset, "What the journal and `callmux access` call the rule."),
    key(
        "principals",
        ValueKind::Texts,
        Unset,
        "Whom it is about: `user:UID`, `token:NAME`; of who comes with an issuer's token `oidc:SUB`, \
         `group:NAME`, `scope:NAME`; `*` for any part. One that fits is enough. Unset: everybody.",
    ),
    key(
        "clients",
        ValueKind::Texts,
        Unset,
        "What their clients call themselves, such as `claude-code`. A client can call itself \
         anything: that narrows a rule and proves nothing.",
    ),
    key(
        "exe",
        ValueKind::Texts,
        Unset,
        "Which programs ask: a path such as `/usr/bin/claude` or `~/.local/*`, or without a `/` the name of \
         the file. Of a bridge it is the program that started it; of an interpreter (node, bun, deno, \
         python, a shell) its script, too. It is known over the unix socket alone. Where it is not, a rule \
         that allows is not about who asks, and one that denies is.",
    ),
    key(
        "units",
        ValueKind::Texts,
        Unset,
        "In which units of systemd those are that ask: `app-*.scope`. Known and not known as `exe`.",
    ),
    key(
        "cwd",
        ValueKind::Texts,
        Unset,
        "In which directories the programs of `exe` work, by the kernel's word: `~/work/*` is everything \
         below that. Known and not known as `exe`.",
    ),
    key("servers", ValueKind::Texts, Unset, "Of which servers. Unset: of all."),
    key(
        "tools",
        ValueKind::Texts,
        Unset,
        "Which tools, by the names that clients see: `github__get_*`. A rule with `tools`, \
         `prompts` or `resources` is about these alone, one without about everything of its servers.",
    ),
    key("prompts", ValueKind::Texts, Unset, "Which prompts, by the names that clients see."),
    key(
        "resources",
        ValueKind::Texts,
        Unset,
        "Which resources, by the URIs that servers give them.",
    ),
    key(
        "hints",
        ValueKind::Texts,
        Unset,
        "Which tools, by what their server says of them: `read_only` (`readOnlyHint`), `idempotent` \
         (`idempotentHint`, or `readOnlyHint`); one is enough. Only servers with `trusted = true` are \
         believed: tools of others, and those that say nothing, are not among them. With `tools`, both \
         have to fit.",
    ),
    key(
        "endpoints",
        ValueKind::Texts,
        Unset,
        "Which endpoints of operators somebody who comes with a token may ask: `/metrics`, `admin:read` for \
         all below `/api/v1` that changes nothing, `admin` for all of it. A rule with `endpoints` is about these alone. You, by the kernel's word, may ask them all.",
    ),
    key(
        "effect",
        ValueKind::Choice(&RuleEffect::NAMES),
        Unset,
        "What comes of it. What is denied is not listed, and is answered as if it did not exist. With \
         `ask` a person is asked about each call of a tool or prompt and each resource that is read: by \
         the client, if it can show a form, and by `callmux approvals`.",
    ),
    key(
        "calls_per_minute",
        ValueKind::Number(1, 1_000_000),
        Unset,
        "How many calls a minute that this rule lets in one user may make, counted as in \
         `[access.limits]` and beside what that allows. Unset: the rule sets no bound.",
    ),
    key(
        "in_flight",
        ValueKind::Number(1, 10_000),
        Unset,
        "How many calls that this rule lets in one user may have open at once, as in `[access.limits]` \
         and beside what that allows. Unset: the rule sets no bound.",
    ),
];

/// Keys of `[access.approved.NAME]`.
pub const APPROVED: &[Key] = &[
    key("principal", ValueKind::Text, Unset, "Who may have it: `user:UID`, `token:NAME`."),
    key("tool", ValueKind::Text, Unset, "A tool, by the name that clients see."),
    key("prompt", ValueKind::Text, Unset, "A prompt, by the name that clients see."),
    key("resource", ValueKind::Text, Unset, "A resource, by its URI."),
];
