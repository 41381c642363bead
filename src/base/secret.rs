//! A text nobody may see by accident.

use std::fmt;

use zeroize::Zeroizing;

/// A secret text. It has no `Display`, its `Debug` hides it, and its memory is wiped on drop.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Every use of this function is a place where a secret may leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Words of which one in a name tells that its value is a secret, beside those of [`NAMES`].
const WORDS: [&str; 8] = ["KEY", "PAT", "PASS", "AUTH", "COOKIE", "JWT", "BEARER", "DSN"];
/// How secrets of well-known services begin.
const BEGINNINGS: [&str; 14] = [
    "sk-",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "eyJ",
    "npm_",
    "hf_",
    "AIza",
    "cmx_",
];
/// A shorter text is no secret of such a service.
const SECRET_MIN: usize = 16;
/// Words in names whose values are secrets.
const NAMES: [&str; 9] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "API_KEY",
    "APIKEY",
    "AUTHORIZATION",
    "PRIVATE_KEY",
    "CREDENTIAL",
];

/// Whether the value of a variable, header or option of this name is a secret, as its name says.
pub fn is_name_of_secret(name: &str) -> bool {
    let name = name.to_uppercase().replace('-', "_");
    NAMES.iter().any(|secret| name.contains(secret))
}

/// Whether a name may be that of a secret: for where one that is hidden in vain does no harm.
pub fn may_name_secret(name: &str) -> bool {
    let mut spaced = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if was_lower && c.is_ascii_uppercase() {
            spaced.push('_');
        }
        was_lower = c.is_ascii_lowercase();
        spaced.push(c.to_ascii_uppercase());
    }
    let has_word = |word: &str| WORDS.contains(&word);
    !spaced.contains("PUBLIC")
        && (is_name_of_secret(name) || spaced.split(['_', '-', '.', ' ']).any(has_word))
}

/// Whether a text is a secret by its looks.
pub fn looks_secret(text: &str) -> bool {
    let is_known = BEGINNINGS.iter().any(|start| text.starts_with(start));
    let is_one = text.len() >= SECRET_MIN && !text.contains(char::is_whitespace);
    (is_known && is_one) || has_password(text)
}

/// Whether it is an address with a password in it.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.and_then(|user| user.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Secret, looks_secret, may_name_secret};

    #[test]
    fn debug_hides_the_text() {
        let shown = format!("{:?}", Some(Secret::new("canary-7".into())));
        assert_eq!(shown, "Some(Secret(…))");
    }

    #[test]
    fn secrets_are_known_by_their_names_and_looks() {
        for name in [
            "GITHUB_TOKEN",
            "apiKey",
            "X-Api-Key",
            "Authorization",
            "DB_PASSWORD",
            "BRAVE_API_KEY",
            "SLACK_BOT_TOKEN",
            "clientSecret",
            "OPENAI_KEY",
            "api_key",
            "Cookie",
            "GITLAB_PAT",
        ] {
            assert!(may_name_secret(name), "{name}");
        }
        for name in
            ["PATH", "KEYBOARD", "MONKEY", "HOME", "PUBLIC_KEY", "LOG_LEVEL", "AUTHOR", "root"]
        {
            assert!(!may_name_secret(name), "{name}");
        }
        for text in [
            "ghp_0123456789abcdef0123",
            "postgres://me:canary@host/db",
            "sk-ant-0123456789abcdefgh",
        ] {
            assert!(looks_secret(text), "{text}");
        }
        for text in
            ["sk-", "http://localhost:80/a@b:c", "/home/me", "eyJ and more words than a token"]
        {
            assert!(!looks_secret(text), "{text}");
        }
    }
}
