//! Names a person chooses, checked once at the edge and trusted afterwards.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::workplace::Workplace;

/// What stands between a server's name and a tool's name: `github__create_issue`.
pub const SEPARATOR: &str = "__";

/// Longest server name. Clients accept 64 characters for a whole tool name, so a longer
/// server name would leave no room for the tool.
pub const SERVER_NAME_MAX: usize = 40;

/// The name of a configured MCP server, or of one instance of it: then with its [`Workplace`].
///
/// 1 to 40 characters of `A-Z a-z 0-9 _ -`, starting with a letter or digit, not ending in `_`
/// and without `__`, so that `server__tool` splits in exactly one way. As a text it is that name alone;
/// to people an instance is shown as `NAME in /dir`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerName {
    name: Arc<str>,
    workplace: Option<Arc<Workplace>>,
}

/// Why a text is no [`ServerName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    #[error("a server name must not be empty")]
    Empty,
    #[error("a server name has at most {SERVER_NAME_MAX} characters")]
    TooLong,
    #[error("a server name starts with a letter or a digit")]
    Start,
    #[error("a server name has only letters, digits, `-` and `_`, not `{0}`")]
    Character(char),
    #[error("a server name must not contain `__` or end in `_`: `__` separates server and tool")]
    Separator,
}

impl ServerName {
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let first = text.chars().next().ok_or(BadName::Empty)?;
        if let Some(c) =
            text.chars().find(|c| !matches!(c, 'A'..='Z' | 'a'..='z' | '0'..='9' | '_' | '-'))
        {
            return Err(BadName::Character(c));
        }
        if text.len() > SERVER_NAME_MAX {
            return Err(BadName::TooLong);
        }
        if !first.is_ascii_alphanumeric() {
            return Err(BadName::Start);
        }
        if text.contains(SEPARATOR) || text.ends_with('_') {
            return Err(BadName::Separator);
        }
        Ok(Self { name: text.into(), workplace: None })
    }

    /// Without a workplace.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// The name of the instance that works there.
    pub fn at(&self, workplace: Workplace) -> Self {
        Self { name: self.name.clone(), workplace: Some(Arc::new(workplace)) }
    }

    /// Where this instance works; `None` for the server itself.
    pub fn workplace(&self) -> Option<&Workplace> {
        self.workplace.as_deref()
    }

    /// The name of the server that this is an instance of.
    pub fn configured(&self) -> Self {
        Self { name: self.name.clone(), workplace: None }
    }
}

/// As its text is: a table may be asked for that.
impl Hash for ServerName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.workplace {
            Some(workplace) => write!(f, " in {workplace}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl TryFrom<String> for ServerName {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        Self::parse(&text)
    }
}

impl From<ServerName> for String {
    fn from(name: ServerName) -> Self {
        name.name.as_ref().to_owned()
    }
}

impl Borrow<str> for ServerName {
    fn borrow(&self) -> &str {
        &self.name
    }
}

#[cfg(test)]
mod tests {
    use super::{BadName, ServerName};
    use crate::base::{Principal, Workplace};

    #[test]
    fn names_split_in_exactly_one_way() {
        let check = |text: &str, expected: Result<(), BadName>| {
            assert_eq!(ServerName::parse(text).map(|_| ()), expected, "{text:?}");
        };
        check("github", Ok(()));
        check("a", Ok(()));
        check("my_server-2", Ok(()));
        check("", Err(BadName::Empty));
        check("a__b", Err(BadName::Separator));
        check("a_", Err(BadName::Separator));
        check("_a", Err(BadName::Start));
        check("-a", Err(BadName::Start));
        check("a.b", Err(BadName::Character('.')));
        check("café", Err(BadName::Character('é')));
        check(&"x".repeat(40), Ok(()));
        check(&"x".repeat(41), Err(BadName::TooLong));
    }

    #[test]
    fn an_instance_is_not_its_server() {
        let server = ServerName::parse("git").unwrap();
        let at = |dir: &str, uid| {
            let principal = Principal::user(uid);
            server.at(Workplace { dir: dir.into(), principal })
        };
        let one = at("/home/a", 1);
        assert_eq!((one.as_str(), one.to_string().as_str()), ("git", "git in /home/a"));
        assert_eq!(one, at("/home/a", 1));
        assert!(one != server && one != at("/home/b", 1) && one != at("/home/a", 2));
        assert_eq!(one.configured(), server);
    }
}
