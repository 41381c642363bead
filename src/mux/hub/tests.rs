use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::{Board, Hub, Results, World};
use crate::settings::sample;
use crate::telemetry::Recorder;

fn hub() -> Hub {
    let world = World::new(Arc::new(sample::config()), BTreeMap::new(), Arc::default(), None);
    Hub::new(
        watch::channel(Arc::new(world)).1,
        Recorder::none(),
        crate::handover::Table::default(),
        Board::default(),
        Results::open(None, crate::results::store::Caps::default()),
    )
}

#[tokio::test(start_paused = true)]
async fn only_calls_that_nobody_goes_on_with_end_when_we_leave() {
    let ends = async |hub: &Hub, is_noted| {
        timeout(Duration::from_mins(1), hub.calls.closed(is_noted)).await.is_ok()
    };
    let (stopping, leaving) = (hub(), hub());
    assert!(!ends(&stopping, true).await && !ends(&stopping, false).await);
    stopping.close();
    assert!(ends(&stopping, true).await && ends(&stopping, false).await);
    leaving.leave();
    assert!(!ends(&leaving, false).await);
    leaving.close();
    assert!(!ends(&leaving, true).await && ends(&leaving, false).await);
}
