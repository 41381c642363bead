use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::{Live, Phase, Server, Status};
use crate::base::ServerName;
use crate::connection::tests::open;
use crate::servers::identity::Identity;
use crate::servers::offer::Offer;
use crate::wire::{Era, ServerCapabilities};

fn live() -> Arc<Live> {
    let identity = Identity {
        era: Era::Legacy,
        revision: "2025-11-25".into(),
        name: "s".into(),
        version: "1".into(),
        instructions: None,
        instructions_remark: None,
        capabilities: ServerCapabilities::default(),
    };
    Arc::new(Live { connection: open(1000).0, identity })
}

#[tokio::test]
async fn one_that_was_found_dead_is_not_offered_again() {
    let config = Arc::new(crate::settings::sample::server(&["true"]));
    let fixed = Server::fixed(ServerName::parse("s").unwrap(), config, Offer::default());
    let (dead, next) = (live(), live());
    let status = |phase, live: Option<&Arc<Live>>| {
        Arc::new(Status { phase, live: live.cloned(), ..(*fixed.status()).clone() })
    };
    let (sender, receiver) = watch::channel(status(Phase::Ready, Some(&dead)));
    let server = Server { status: receiver, ..fixed.clone() };
    let deadline = Instant::now() + Duration::from_mins(1);
    assert!(Arc::ptr_eq(&server.live(deadline, None).await.unwrap(), &dead));
    let (found, ()) = tokio::join!(server.live(deadline, Some(&dead)), async {
        sender.send_replace(status(Phase::Starting, None));
        tokio::task::yield_now().await;
        sender.send_replace(status(Phase::Ready, Some(&next)));
    });
    assert!(Arc::ptr_eq(&found.unwrap(), &next));
}
