//! Why nothing came of what was asked (RFC 9457).

use serde::{Deserialize, Serialize};

use super::word::words;
use crate::settings::Complaint;

/// The media type of a [`ProblemDetails`] (RFC 9457, section 6.1).
pub const MEDIA_TYPE: &str = "application/problem+json";

words! {
    /// What kind of problem it is, for programs.
    pub enum ProblemCode {
        /// Nothing is at this path.
        NotFound = "not_found",
        /// The path is there, and takes other methods.
        MethodNotAllowed = "method_not_allowed",
        /// The query has a parameter that the endpoint does not know, or one without a sense.
        BadQuery = "bad_query",
        /// The config in force has no such server that is enabled.
        UnknownServer = "unknown_server",
        UnknownTool = "unknown_tool",
        /// No such session is open.
        UnknownSession = "unknown_session",
        /// No such call is in flight.
        UnknownCall = "unknown_call",
        /// No such question waits for a person.
        UnknownApproval = "unknown_approval",
        /// The config has no such section.
        UnknownSection = "unknown_section",
        /// No section can be called so, or what is in it cannot be so.
        BadSection = "bad_section",
        /// What changes something has to say which state of it is meant (`If-Match`).
        PreconditionRequired = "precondition_required",
        /// It is in another state than the one that was meant. Nothing was changed.
        Stale = "stale",
        /// It is not callmux's to write.
        ReadOnly = "read_only",
        /// What was sent has more bytes than are read.
        TooLarge = "too_large",
        /// The daemon keeps no history.
        NoHistory = "no_history",
        /// There is one, and it cannot be read.
        HistoryUnreadable = "history_unreadable",
        /// What is asked for does not go with how things are.
        Conflict = "conflict",
        /// Whoever asks may not.
        NotAllowed = "not_allowed",
        /// The config that would be read has mistakes. Nothing was changed.
        ConfigInvalid = "config_invalid",
        /// The daemon is being stopped.
        Draining = "draining",
        /// What only the dashboard's own page may send came from somewhere else.
        ForeignPage = "foreign_page",
        /// Over TCP it takes the cookie of the dashboard, or a token.
        NoVisit = "no_visit",
        /// A token in a URL is written down on its way.
        TokenInUrl = "token_in_url",
        /// A link of the dashboard that opens nothing.
        BadCode = "bad_code",
        /// What was sent is not what the endpoint reads.
        BadBody = "bad_body",
        /// Over TCP it takes a token, and none that is taken came.
        NoToken = "no_token",
        /// From there, or by that name, nobody is let in.
        ShutOut = "shut_out",
        /// What it takes to say who asks is not there now.
        NotYet = "not_yet",
        /// The arguments of a call cannot be put in place.
        BadArguments = "bad_arguments",
        /// A person has not approved a call.
        NotApproved = "not_approved",
        /// A call that comes too early.
        RateLimited = "rate_limited",
        /// A call never reached its server, so it had no effect.
        NotSent = "not_sent",
        /// A call reached its server, and there is no answer.
        OutcomeUnknown = "outcome_unknown",
        /// A call was answered by its server with an error of JSON-RPC.
        ServerError = "server_error",
        /// The page of the dashboard may not do this.
        NotOnThePage = "not_on_the_page",
    }
}

/// Why nothing came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProblemDetails {
    /// A URI for the kind of problem, by its code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same for every problem of this code, for people.
    pub title: String,
    /// As of the response.
    pub status: u16,
    /// What it is in this case, for people.
    pub detail: String,
    pub code: ProblemCode,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// What is there now, where another state of it was meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<serde_json::Value>,
    /// What is wrong with a config, each with its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complaints: Vec<Complaint>,
}

impl ProblemCode {
    /// Status (RFC 9110, section 15) and title.
    fn about(&self) -> (u16, &'static str) {
        match self {
            Self::NotFound => (404, "There is nothing at this path"),
            Self::MethodNotAllowed => (405, "This endpoint takes other methods"),
            Self::BadQuery => (400, "The query is not understood"),
            Self::UnknownServer => (404, "There is no such server"),
            Self::UnknownTool => (404, "There is no such tool"),
            Self::UnknownSession => (404, "No such session is open"),
            Self::UnknownCall => (404, "No such call is in flight"),
            Self::UnknownApproval => (404, "No such question waits"),
            Self::UnknownSection => (404, "The config has no such section"),
            Self::BadSection => (422, "This cannot be written"),
            Self::PreconditionRequired => (428, "Which state is meant has to be said"),
            Self::Stale => (412, "It is in another state by now"),
            Self::ReadOnly => (409, "This is not callmux's to write"),
            Self::TooLarge => (413, "The body is too large"),
            Self::NoHistory => (404, "There is no history"),
            Self::HistoryUnreadable => (500, "The history cannot be read"),
            Self::Conflict => (409, "This does not go with how things are"),
            Self::NotAllowed => (403, "You may not do this"),
            Self::ConfigInvalid => (422, "The config has mistakes"),
            Self::Draining => (503, "The daemon is being stopped"),
            Self::ForeignPage => (403, "This is for the dashboard's own page"),
            Self::NoVisit => (401, "This is for the dashboard of this daemon"),
            Self::TokenInUrl => (400, "A token does not belong in the URL"),
            Self::BadCode => (401, "This link opens nothing"),
            Self::BadBody => (400, "The body is not understood"),
            Self::NoToken => (401, "This takes a token"),
            Self::ShutOut => (403, "Nobody is let in like this"),
            Self::NotYet => (503, "This cannot be said now"),
            Self::BadArguments => (422, "The arguments cannot be sent"),
            Self::NotApproved => (403, "A person has not approved this"),
            Self::RateLimited => (429, "This comes too early"),
            Self::NotSent => (503, "The call did not reach its server"),
            Self::OutcomeUnknown => (504, "Nobody knows what came of the call"),
            Self::ServerError => (502, "The server answered with an error"),
            Self::NotOnThePage => (403, "This is not done from the dashboard"),
            Self::Other(_) => (500, "Something else is wrong"),
        }
    }
}

impl ProblemDetails {
    pub fn new(code: ProblemCode, detail: String) -> Self {
        let (status, title) = code.about();
        let kind = format!("about:blank#{}", code.as_str());
        let (title, fix, current, complaints) = (title.to_owned(), None, None, Vec::new());
        Self { kind, title, status, detail, code, fix, current, complaints }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn fixed_by(self, fix: &str) -> Self {
        Self { fix: Some(fix.to_owned()), ..self }
    }

    /// A config that is not used, and why.
    pub fn of_config(complaints: Vec<Complaint>) -> Self {
        let detail = match complaints.len() {
            1 => "one mistake; the config in force goes on".to_owned(),
            count => format!("{count} mistakes; the config in force goes on"),
        };
        let fix = "mend what `callmux config check` names";
        Self { complaints, ..Self::new(ProblemCode::ConfigInvalid, detail).fixed_by(fix) }
    }

    /// What it is and what to do, in one line for people.
    pub fn line(&self) -> String {
        match &self.fix {
            Some(fix) => format!("{}; {fix}", self.detail),
            None => self.detail.clone(),
        }
    }
}
