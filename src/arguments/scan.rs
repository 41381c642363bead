//! Whether arguments need a look at all, by one pass over their text.
//!
//! Nearly all calls bring arguments that are what they should be. These are forwarded as the bytes
//! they came in, without being made into a tree.

use memchr::{memchr, memchr2};

/// Whether [`super::coerce()`] could change something in these arguments, whatever the schema, or whether
/// a reference object (a member whose name begins with `$`) is among them. `text` is their JSON.
/// It may say yes for nothing, never no for something.
pub fn may_need(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(quote) = memchr(b'"', &bytes[at..]) {
        let start = at + quote + 1;
        let Some((end, is_plain)) = string_end(bytes, start) else { return true };
        at = end + 1;
        let content = &bytes[start..end];
        // Most strings are done with here, and what follows them need not be looked at.
        if !(stands_for_a_value(content, is_plain) || is_special_name(content, is_plain)) {
            continue;
        }
        let is_name = bytes[at..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
        if is_name && is_special_name(content, is_plain)
            || !is_name && stands_for_a_value(content, is_plain)
        {
            return true;
        }
    }
    false
}

/// Where the string ends whose first byte is at `start`, and whether all its letters and digits are
/// written as such: `\u0031` may stand for any.
fn string_end(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut at = start;
    let mut is_plain = true;
    loop {
        let found = at + memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[found] == b'"' {
            return Some((found, is_plain));
        }
        is_plain &= bytes.get(found + 1) != Some(&b'u');
        at = found + 2;
    }
}

/// Whether a string could be read as another value.
fn stands_for_a_value(content: &[u8], is_plain: bool) -> bool {
    let is_number = || content.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'.'));
    match content.iter().find(|byte| **byte != b' ') {
        Some(b'{' | b'[' | b'\\') => true,
        Some(b't') => content == b"true" || !is_plain,
        Some(b'f') => content == b"false" || !is_plain,
        Some(b'-' | b'0'..=b'9') => is_number() || !is_plain,
        _ => false,
    }
}

/// Whether a member with this name could be a reference or hold all parameters.
fn is_special_name(content: &[u8], is_plain: bool) -> bool {
    match content.first() {
        Some(b'$' | b'\\') => true,
        Some(b'p') => content == b"params" || !is_plain,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::may_need;

    #[test]
    fn plain_arguments_need_nothing() {
        for text in [
            "{}",
            r#"{"path":"/tmp/a","limit":12,"deep":{"a":[true,null,"x y"]}}"#,
            r#"{"12":"a","true":1,"[":2,"{":3}"#,
            r#"{"a":"1e3","b":"0x10","c":"12 apples","d":"truely","e":"t","f":"-x","g":"a\nb{"}"#,
            r#"{"a":"the first\nline","b":"1.\tone","c":"params\\n"}"#,
            r#"{"price":"$100","text":"params"}"#,
            r#"{"a":"","b":"  "}"#,
        ] {
            assert!(!may_need(text), "{text}");
        }
    }

    #[test]
    fn whatever_could_change_needs_a_look() {
        for text in [
            r#"{"a":"12"}"#,
            r#"{"a":["x","-1.5"]}"#,
            r#"{"a":"true"}"#,
            r#"{"a" : "false" }"#,
            r#"{"a":"{\"b\":1}"}"#,
            r#"{"a":"  [1]"}"#,
            r#"{"a":"\n[1]"}"#,
            r#"{"a":"\u0031"}"#,
            r#"{"a":"1\u0032"}"#,
            r#"{"a":"tr\u0075e"}"#,
            r#"{"$file":"x"}"#,
            r#"{"a":{"$text" :"x"}}"#,
            r#"{"\u0024file":"x"}"#,
            r#"{"params":{}}"#,
            r#"{"par\u0061ms":{}}"#,
            r#""{\"a\":1}""#,
        ] {
            assert!(may_need(text), "{text}");
        }
    }
}
