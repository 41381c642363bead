//! The marks of older bridges, in the bytes of messages.
//!
//! Bridges that do not read [`super::frame::FrameKind::Lost`] mark a request that is asked again by
//! how it begins, and take a response that begins in a like way for one that was lost. A message of a
//! server or of a client can begin so, too. So such a mark means something only in a request of a
//! bridge that knows no other way, and no response reaches it that begins with one.

use bytes::Bytes;

use crate::wire::Payload;

const ASKED_AGAIN: &[u8] = br#"{"callmux/again":true,"#;
const LOST: &[u8] = br#"{"callmux/lost":true,"#;

/// Whether an older bridge asks with this message what an earlier daemon may have carried out.
pub fn is_marked(text: &[u8]) -> bool {
    text.starts_with(ASKED_AGAIN)
}

/// The message as an older bridge may get it: the same JSON, which it does not take for a mark.
pub fn unmarked(message: Payload) -> Payload {
    let mut start = message.parts().iter().flatten().take(LOST.len());
    if !start.by_ref().eq(LOST) {
        return message;
    }
    let mut parts = vec![Bytes::from_static(b" ")];
    parts.extend(message.into_parts());
    Payload::Parts(parts)
}

#[cfg(test)]
mod tests {
    use super::{is_marked, unmarked};
    use crate::wire::Payload;
    use bytes::Bytes;

    #[test]
    fn only_what_begins_with_the_mark_has_it() {
        assert!(is_marked(br#"{"callmux/again":true,"id":1}"#));
        for other in [r#" {"callmux/again":true,"id":1}"#, r#"{"callmux/again":false,"id":1}"#, ""]
        {
            assert!(!is_marked(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_response_that_looks_like_a_lost_one_is_the_same_json_and_no_mark() {
        let forged = r#"{"callmux/lost":true,"jsonrpc":"2.0","id":1,"result":{}}"#;
        let whole = Payload::from(forged.to_owned());
        let (start, end) = forged.split_at(9);
        let pieces = Payload::Parts(vec![Bytes::from(start), Bytes::from(end)]);
        for payload in [whole, pieces] {
            assert_eq!(unmarked(payload).into_bytes(), format!(" {forged}"));
        }
        for other in ["", "{", r#"{"callmux/lost":true}"#, r#"{"jsonrpc":"2.0"}"#] {
            assert_eq!(unmarked(Payload::from(other.to_owned())).into_bytes(), other);
        }
    }
}
