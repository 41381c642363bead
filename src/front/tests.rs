use std::sync::Arc;

use tokio::sync::Notify;

use crate::base::{Principal, SessionId};
use crate::front::Front;
use crate::handover::Table;
use crate::mux::Hub;
use crate::outbox::Outbox;
use crate::sessions::links::KEPT_FOR;
use crate::telemetry::Recorder;
use crate::wire::link::Hello;

fn front() -> Arc<Front> {
    let none = || (Table::default(), Table::default());
    Front::new(Hub::sample(), Arc::new(Notify::new()), Table::default(), none())
}

/// A daemon that ends when nobody needs it would not end for it.
#[tokio::test(start_paused = true)]
async fn a_link_whose_bridge_does_not_come_back_is_none_after_a_while() {
    let front = front();
    let hello = Hello {
        link: SessionId::random().to_string(),
        epoch: 1,
        seen: 0,
        cwd: "/".to_owned(),
        version: "1".to_owned(),
        kinds: 0,
    };
    let open = |session| front.duplex(session, Outbox::link());
    let recorder = Recorder::none();
    let opened = front.links.find_or_open(&recorder, &Principal::user(1), &hello, open);
    let (link, _) = opened.unwrap();
    let (number, ..) = link.connect();
    tokio::time::advance(KEPT_FOR * 2).await;
    assert_eq!(front.links.len(), 1, "it is there");
    assert!(link.lost(number));
    tokio::time::advance(KEPT_FOR * 9 / 10).await;
    assert_eq!(front.links.len(), 1, "it may come back");
    tokio::time::advance(KEPT_FOR / 5).await;
    assert_eq!(front.links.len(), 0);
}
