//! Halves of characters that are escaped in a text of JSON (RFC 8259, section 8.2).

use std::borrow::Cow;

/// The same JSON with U+FFFD in place of each half that stands alone: half of the readers refuse all of a
/// list for one.
pub fn paired(json: &str) -> Cow<'_, str> {
    let mut bytes: Cow<'_, [u8]> = Cow::Borrowed(json.as_bytes());
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[at..]) {
        at += found;
        match half(&bytes[at..]) {
            None => at += 2,
            Some(Half::First) if matches!(half(&bytes[at + 6..]), Some(Half::Second)) => at += 12,
            Some(_) => {
                bytes.to_mut()[at + 2..at + 6].copy_from_slice(b"fffd");
                at += 6;
            }
        }
        if at >= bytes.len() {
            break;
        }
    }
    match bytes {
        Cow::Borrowed(_) => Cow::Borrowed(json),
        Cow::Owned(bytes) => String::from_utf8(bytes).map_or(Cow::Borrowed(json), Cow::Owned),
    }
}

enum Half {
    First,
    Second,
}

/// Which half of a character is escaped here, if one is.
fn half(bytes: &[u8]) -> Option<Half> {
    let code = bytes.get(..6)?.strip_prefix(b"\\u")?;
    let code = u16::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?;
    match code {
        0xd800..0xdc00 => Some(Half::First),
        0xdc00..0xe000 => Some(Half::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::paired;

    #[test]
    fn halves_that_stand_alone_are_replaced() {
        for (text, expected) in [
            (r#""a""#, r#""a""#),
            (r#""\ud83d\ude00 \n \\ud800""#, r#""\ud83d\ude00 \n \\ud800""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00\ud83d x""#, r#""\ufffd\ufffd x""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\\ud83d\\""#, r#""\\\ufffd\\""#),
        ] {
            assert_eq!(paired(text), expected);
        }
    }
}
