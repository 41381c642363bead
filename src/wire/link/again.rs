//! Calls that may have been carried out before: the marks that their messages begin with.
//!
//! A bridge cannot tell whether asking twice does harm; the daemon can. It carries out a marked call
//! only if it does none.

use bytes::Bytes;

use crate::wire::{Message, Payload};

const MARK: &[u8] = br#"{"callmux/again":true,"#;
const LOST: &[u8] = br#"{"callmux/lost":true,"#;

/// The request with the mark.
pub fn mark(request: &Message) -> Payload {
    let text = Bytes::copy_from_slice(request.text().trim_start().as_bytes());
    Payload::Parts(vec![Bytes::from_static(MARK), text.slice(1..)])
}

/// The response to a call whose answer was lost over the end of a daemon. A bridge asks again, with
/// the mark; one that does not know of this passes it on.
pub fn lost(response: Payload) -> Payload {
    Payload::Parts(vec![Bytes::from_static(LOST), response.into_bytes().slice(1..)])
}

/// Whether a response says that the answer was lost.
pub fn is_lost(text: &[u8]) -> bool {
    text.starts_with(LOST)
}

/// Whether a message has the mark.
pub fn is_marked(text: &[u8]) -> bool {
    text.starts_with(MARK)
}

#[cfg(test)]
mod tests {
    use super::{is_marked, mark};
    use crate::wire::Message;

    #[test]
    fn a_marked_request_is_the_same_request() {
        let text = r#" {"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"t"}}"#;
        let request = Message::parse(&text.into()).unwrap();
        let marked = mark(&request).into_bytes();
        assert!(is_marked(&marked) && !is_marked(text.as_bytes()));
        let again = Message::parse(&marked).unwrap();
        assert_eq!((again.id(), again.params()), (request.id(), request.params()));
    }
}
