//! JSON without white space between its tokens.

/// The same JSON without the white space that says nothing: digits, escapes and order stay as they are written.
/// `text` has to be JSON; of anything else some text comes back.
pub fn compact(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    // From where on nothing was taken over yet.
    let (mut at, mut start) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at),
            b' ' | b'\t' | b'\n' | b'\r' => {
                out.push_str(&text[start..at]);
                at += 1;
                start = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(&text[start..]);
    out
}

/// Where the string that begins at `start` ends.
fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(next) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        at += next;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::compact;

    #[test]
    fn only_white_space_between_tokens_goes() {
        let written = "{\n  \"a b\": [1.10, 1e400,\t\"x \\\" \\\\\"],\r\n \"é \": { } }";
        assert_eq!(compact(written), r#"{"a b":[1.10,1e400,"x \" \\"],"é ":{}}"#);
        for odd in ["", "\"", "\"\\", "\"é", " \u{a0}"] {
            assert!(compact(odd).len() <= odd.len());
        }
    }

    proptest! {
        #[test]
        fn it_is_what_is_written_without_any(
            value in prop::collection::vec((".{0,9}", any::<Option<i32>>(), vec![".{0,3}"]), 0..4)
        ) {
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            prop_assert_eq!(compact(&pretty), serde_json::to_string(&value).unwrap());
        }
    }
}
