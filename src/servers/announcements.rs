//! Asks a modern server to announce changes.

use std::sync::Arc;
use std::time::Duration;

use super::identity::{Identity, own_meta};
use crate::access::Permit;
use crate::connection::{Connection, Origin, Reply};
use crate::wire::{Kind, Payload, Topic};

/// After how long a remote server that ended a subscription is asked for it again.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// Subscribes to whatever the server announces, for as long as the future is polled. `None`: there is
/// nothing to ask for.
pub(super) fn subscribe(
    connection: Arc<Connection>,
    identity: &Identity,
) -> Option<impl Future<Output = ()> + use<>> {
    let announced = Topic::ALL.into_iter().filter(|t| identity.capabilities.announces(*t));
    let filter: Vec<String> =
        announced.map(|topic| format!(r#""{}":true"#, topic.filter())).collect();
    let meta = own_meta(identity).filter(|_| !filter.is_empty())?;
    let filter = filter.join(",");
    Some(async move {
        loop {
            let build = |id: u64| {
                Payload::from(format!(
                    r#"{{"jsonrpc":"2.0","id":{id},"method":"subscriptions/listen","params":{{"_meta":{{{meta}}},"notifications":{{{filter}}}}}}}"#
                ))
            };
            let Ok(mut asked) = connection.request(&Permit::own(), Origin::default(), build) else {
                return;
            };
            let Reply::Answer(answer) = asked.reply().await else { return };
            // A process that ends it is about to end; who answers at a URL may go on in another.
            if !connection.carrier().is_remote() || !matches!(answer.kind(), Kind::Result { .. }) {
                return;
            }
            tokio::time::sleep(LISTEN_AGAIN).await;
        }
    })
}
