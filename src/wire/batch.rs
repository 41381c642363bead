//! JSON-RPC batches, which only revision 2025-03-26 has (its "Batching"; JSON-RPC 2.0, section 6).

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Malformed, Message, Payload};

/// Messages in one batch at the most.
pub const MAX: usize = 100;

/// The messages of a batch; `None` if the text is none, or one of no or of too many messages.
pub fn split(text: &Bytes) -> Option<Vec<Result<Message, Malformed>>> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let items = reader.deserialize_seq(Items).ok().filter(|items| !items.is_empty())?;
    reader.end().ok()?;
    let item = |item: &&RawValue| Message::parse(&text.slice_ref(item.get().as_bytes()));
    Some(items.iter().map(item).collect())
}

/// Reads no further than to the first item that is too many.
struct Items;

impl<'de> Visitor<'de> for Items {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element::<&RawValue>()? {
            if all.len() == MAX {
                return Err(A::Error::custom("too many messages"));
            }
            all.push(item);
        }
        Ok(all)
    }
}

/// The answers as one message.
pub fn join(answers: Vec<Bytes>) -> Payload {
    let mut parts = Vec::with_capacity(2 * answers.len() + 1);
    for answer in answers {
        parts.push(Bytes::from_static(if parts.is_empty() { b"[" } else { b"," }));
        parts.push(answer);
    }
    parts.push(Bytes::from_static(b"]"));
    Payload::Parts(parts)
}

#[cfg(test)]
mod tests {
    use super::{MAX, join, split};
    use bytes::Bytes;

    #[test]
    fn a_batch_has_one_to_a_hundred_messages() {
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let batch = |count: usize| Bytes::from(format!("[{}]", vec![ping; count].join(",")));
        assert_eq!(split(&batch(MAX)).unwrap().len(), MAX);
        for none in [batch(0), batch(MAX + 1), Bytes::from(ping), Bytes::from("[")] {
            assert!(split(&none).is_none(), "{none:?}");
        }
        let mixed = Bytes::from(format!("[{ping},7,[{ping}]]"));
        let read: Vec<bool> = split(&mixed).unwrap().iter().map(Result::is_ok).collect();
        assert_eq!(read, [true, false, false], "batches do not nest");
    }

    #[test]
    fn answers_become_one_list() {
        let joined = |answers: &[&'static str]| {
            join(answers.iter().map(|text| Bytes::from(*text)).collect()).into_bytes()
        };
        assert_eq!(joined(&["1"]), "[1]");
        assert_eq!(joined(&["1", "2", "3"]), "[1,2,3]");
    }
}
