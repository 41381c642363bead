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

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_hides_the_text() {
        let shown = format!("{:?}", Some(Secret::new("canary-7".into())));
        assert_eq!(shown, "Some(Secret(…))");
    }
}
