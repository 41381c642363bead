//! Why a token proves nobody.

/// The check that it failed. Who presented it is told nothing of that; the journal has the word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is longer than a token may be")]
    Size,
    #[error("it is not three parts of base64url")]
    Form,
    #[error("its header is no JSON object that a token has")]
    Header,
    #[error("it names critical extensions, of which we know none")]
    Critical,
    #[error("it is not signed as the config wants it")]
    Algorithm,
    #[error("its `typ` is that of something else")]
    Type,
    /// As it is shown.
    #[error("the issuer has no key {0} for it")]
    Key(Box<str>),
    #[error("its signature is wrong")]
    Signature,
    #[error("what it says is no JSON object, or says something twice")]
    Claims,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is meant for somebody else")]
    Audience,
    #[error("it has no `exp`, or a time in it is no whole number of seconds")]
    Time,
    #[error("it has expired")]
    Expired,
    #[error("it is of the future")]
    Future,
    #[error("it is an ID token, which tells a client who logged in and lets nobody in")]
    IdToken,
    #[error("it is bound to a key of its client, and was sent without a proof of that")]
    Bound,
    #[error("it says of nobody, or in no readable way, whom it is about")]
    Subject,
    #[error("its groups are no list of names, too many, or elsewhere")]
    Groups,
    #[error("its scopes are no list of names")]
    Scopes,
}

impl Refused {
    /// The check in one word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Size => "jwt_size",
            Self::Form => "jwt_form",
            Self::Header => "jwt_header",
            Self::Critical => "jwt_critical",
            Self::Algorithm => "jwt_algorithm",
            Self::Type => "jwt_type",
            Self::Key(_) => "jwt_key",
            Self::Signature => "jwt_signature",
            Self::Claims => "jwt_claims",
            Self::Issuer => "jwt_issuer",
            Self::Audience => "jwt_audience",
            Self::Time => "jwt_time",
            Self::Expired => "jwt_expired",
            Self::Future => "jwt_future",
            Self::IdToken => "jwt_id_token",
            Self::Bound => "jwt_bound",
            Self::Subject => "jwt_subject",
            Self::Groups => "jwt_groups",
            Self::Scopes => "jwt_scopes",
        }
    }
}
