use std::sync::Arc;

use http_body_util::BodyExt;
use tokio::time::Instant;

use super::{KEEP_ALIVE, Outbox, OutboxBody};
use crate::wire::{Payload, sse};

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_kept_alive() {
    let outbox = Arc::new(Outbox::events(sse::endpoint("/here")));
    let mut stream = OutboxBody::new(outbox.clone(), ());
    let mut next = async || {
        let began = Instant::now();
        let frame = stream.frame().await?.unwrap().into_data().unwrap();
        Some((began.elapsed(), String::from_utf8(frame.to_vec()).unwrap()))
    };
    let first = next().await.unwrap().1;
    assert_eq!(first, "event: endpoint\ndata: /here\n\n");
    for _ in 0..2 {
        let (after, comment) = next().await.unwrap();
        assert!(after >= KEEP_ALIVE && after < 2 * KEEP_ALIVE && comment.starts_with(':'));
    }
    tokio::time::advance(KEEP_ALIVE / 2).await;
    outbox.push(Payload::from("{}".to_owned()));
    assert_eq!(next().await.unwrap().1, "event: message\ndata: {}\n\n");
    assert!(next().await.unwrap().0 >= KEEP_ALIVE, "silence begins anew");
    outbox.close();
    assert!(next().await.is_none());
}
