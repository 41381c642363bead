//! What a README writes where a reader's own value belongs.

/// Beginnings of words for "put yours here", in capitals.
const BEGINNINGS: [&str; 5] = ["YOUR", "MY_", "INSERT", "REPLACE", "ENTER"];

/// Whether a value is one that the person has to replace.
pub(super) fn is_placeholder(text: &str) -> bool {
    let text = text.trim();
    let text =
        ["Bearer ", "Basic ", "token "].iter().find_map(|s| text.strip_prefix(s)).unwrap_or(text);
    let big = text.to_uppercase();
    let is_in_brackets = text.len() > 2 && text.starts_with('<') && text.ends_with('>');
    let is_word = text.chars().all(|c| c.is_alphanumeric() || "_- .".contains(c));
    let begins = is_word && BEGINNINGS.iter().any(|start| big.starts_with(start));
    let ends = is_word && (big.ends_with("_HERE") || big.ends_with("-HERE"));
    let is_filler =
        text.len() >= 3 && text.chars().all(|c| matches!(c, 'x' | 'X' | '*' | '.' | '…'));
    is_in_brackets || begins || ends || is_filler || text == "…"
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn readers_are_asked_for_their_own() {
        for text in [
            "<token>",
            "YOUR_API_KEY",
            "your-api-key-here",
            "Bearer YOUR_TOKEN",
            "xxx",
            "***",
            "…",
            "<YOUR KEY>",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in
            ["", "info", "/home/me", "${TOKEN}", "https://yours.example", "x", "mykey", "<a> b"]
        {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
