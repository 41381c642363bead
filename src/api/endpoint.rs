//! What is said of an endpoint, and what is wrong with a request of one.

use crate::base::Principal;

/// How something is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What an endpoint does. Each has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Index,
    OpenApi,
    Status,
    Doctor,
    Servers,
    Server,
    Start,
    Stop,
    Restart,
    Review,
    Retry,
    RetryAll,
    Login,
    LoginWait,
    LoginPaste,
    Logout,
    Tools,
    Tool,
    Arguments,
    CallTool,
    Clients,
    Sessions,
    EndSession,
    Calls,
    OpenCalls,
    CancelCall,
    Events,
    History,
    HistoryHours,
    Context,
    ClearCache,
    Approvals,
    Approve,
    ApproveForAnHour,
    Deny,
    Rules,
    AccessTest,
    Tokens,
    Pins,
    Plan,
    PlanChanges,
    ConfigPlace,
    Sections,
    Section,
    PutSection,
    PatchSection,
    DeleteSection,
    Versions,
    Undo,
    Reload,
}

/// A parameter of a query.
#[derive(Debug, Clone, Copy)]
pub struct QueryKey {
    pub name: &'static str,
    pub kind: QueryKind,
    /// Nothing is answered without it.
    pub is_required: bool,
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for who reads the documents"))]
    pub about: &'static str,
}

/// What the value of one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueryKind {
    Text,
    /// Not negative.
    Number,
    /// `true` or `false`.
    Flag,
    Principal,
}

impl QueryKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Principal => "`user:UID`, `token:NAME` or `oidc:SUB`",
        }
    }
}

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    pub operation: Operation,
    pub method: Method,
    /// Below [`BASE`]; what stands in braces is anything without a slash.
    pub path: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    pub query: &'static [QueryKey],
    /// The name of the type of the body, where it takes one.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for who reads the documents"))]
    pub body: Option<&'static str>,
    /// The status where it goes well, and the name of the type of what is answered then.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for who reads the documents"))]
    pub answer: (u16, &'static str),
    /// Codes of the problems that it has of its own.
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for who reads the documents"))]
    pub problems: &'static [&'static str],
}

/// Where all endpoints are.
pub const BASE: &str = "/api/v1";

impl Endpoint {
    /// The whole path, with its places in braces.
    pub fn full_path(&self) -> String {
        format!("{BASE}{}", self.path)
    }

    /// What is wrong with a query, if anything is.
    pub fn complaint(&self, query: &str) -> Option<String> {
        let mut seen: Vec<String> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let Some(key) = self.query.iter().find(|key| key.name == name) else {
                return Some(self.unknown_key(&name));
            };
            let fits = match key.kind {
                QueryKind::Text => !value.is_empty(),
                QueryKind::Number => value.parse::<u64>().is_ok(),
                QueryKind::Flag => value == "true" || value == "false",
                QueryKind::Principal => Principal::parse(&value).is_some(),
            };
            if !fits || seen.iter().any(|one| *one == name) {
                let kind = key.kind.as_str();
                return Some(format!("`{}` is given once, and is {kind}", key.name));
            }
            seen.push(name.into_owned());
        }
        let missing = |key: &&QueryKey| key.is_required && seen.iter().all(|one| one != key.name);
        let key = self.query.iter().find(missing)?;
        Some(format!("`{}` is missing, which is {}", key.name, key.kind.as_str()))
    }

    fn unknown_key(&self, name: &str) -> String {
        let name = crate::base::quoted(name);
        let known: Vec<&str> = self.query.iter().map(|key| key.name).collect();
        match known.as_slice() {
            [] => format!("there is no parameter `{name}` here, and no other"),
            known => format!("there is no parameter `{name}` here; known: {}", known.join(", ")),
        }
    }
}
