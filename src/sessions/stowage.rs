//! What becomes of an answer whose client does not read. A server cannot be made to wait for one slow
//! client, since its other clients would wait, too: what it has answered is kept.

use crate::outbox::{FULL, Outbox};
use crate::results::aside::Aside;
use crate::wire::Payload;
use crate::wire::lines::LINE_MIN;

/// Unread bytes of one client that are kept in memory, in any case.
const IN_MEMORY: usize = 16 * 1024 * 1024;
/// Smaller answers stay there: a session has so few at once that they are bounded all the same.
const LARGE: usize = 64 * 1024;

/// There is no room for an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRoom {
    #[error("the client has left {waiting} bytes of earlier answers unread")]
    Unread { waiting: usize },
    #[error("it is larger than {LINE_MIN} bytes, the most that a bridge takes")]
    TooLarge,
}

/// The answer as it can wait in this outbox: as it is, or set aside.
pub async fn fit(aside: &Aside, outbox: &Outbox, answer: Payload) -> Result<Payload, NoRoom> {
    let len = answer.len();
    if !outbox.takes(len) {
        return Err(NoRoom::TooLarge);
    }
    let waiting = outbox.waiting();
    if len < LARGE || waiting <= IN_MEMORY {
        return Ok(answer);
    }
    match aside.put(answer.clone().into_parts()).await {
        Some(bytes) => Ok(bytes.into()),
        None if waiting <= FULL => Ok(answer),
        None => Err(NoRoom::Unread { waiting }),
    }
}

#[cfg(test)]
mod tests {
    use super::{IN_MEMORY, LINE_MIN, NoRoom, fit};
    use crate::outbox::{FULL, Outbox};
    use crate::results::aside::Aside;
    use crate::wire::Payload;

    fn answer(len: usize) -> Payload {
        Payload::from("x".repeat(len))
    }

    #[tokio::test]
    async fn answers_to_a_client_far_behind_are_kept_as_long_as_there_is_room() {
        let (none, outbox) = (Aside::none(), Outbox::lines());
        outbox.push(fit(&none, &outbox, answer(IN_MEMORY + 1)).await.unwrap());
        outbox.push(fit(&none, &outbox, answer(FULL)).await.unwrap());
        let refused = fit(&none, &outbox, answer(1 << 20)).await.unwrap_err();
        assert_eq!(refused, NoRoom::Unread { waiting: outbox.waiting() });
        assert!(fit(&none, &outbox, answer(1000)).await.is_ok(), "small ones are");
    }

    #[tokio::test]
    async fn what_a_bridge_cannot_take_is_told_before_it_is_sent() {
        let (none, large) = (Aside::none(), LINE_MIN + 1);
        let refused = fit(&none, &Outbox::link(), answer(large)).await.unwrap_err();
        assert_eq!(refused, NoRoom::TooLarge);
        assert!(fit(&none, &Outbox::lines(), answer(large)).await.is_ok(), "a line may be so long");
    }
}
