//! What clients over HTTP told an earlier process of ours that they want to hear. They do not say it
//! again: for them nothing has happened.

use super::Front;
use crate::client::handle;
use crate::handover::session::Want;
use crate::handover::{Left, WantRow};
use crate::wire::LogLevel;

/// Goes on with it. What is subscribed to is asked of the servers again, some of which are new ones.
pub fn resume(front: &Front, wants: Vec<Left<WantRow>>) {
    for Left { row, record, .. } in wants {
        let Some(session) = front.sessions.get(row.session) else { continue };
        match row.want {
            Want::Level(level) => {
                if let Some(level) = LogLevel::of_name(&level) {
                    session.set_level(level);
                }
            }
            Want::Resource(uri) => {
                let hub = front.hub.clone();
                front.calls.spawn_until_stopped("subscription of before", async move {
                    let subscribed = handle::subscribe(&hub, &session, &uri).await;
                    if let Err(error) = subscribed {
                        tracing::info!(uri, error = error.message, "a subscription is over");
                    }
                    // From here on it is noted anew, or is no more.
                    drop(record);
                });
            }
        }
    }
}
