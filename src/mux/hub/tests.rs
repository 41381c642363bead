use std::time::Duration;

use tokio::time::timeout;

use super::Hub;

#[tokio::test(start_paused = true)]
async fn only_calls_that_nobody_goes_on_with_end_when_we_leave() {
    let ends = async |hub: &Hub, is_noted| {
        timeout(Duration::from_mins(1), hub.calls.closed(is_noted)).await.is_ok()
    };
    let (stopping, leaving) = (Hub::sample(), Hub::sample());
    assert!(!ends(&stopping, true).await && !ends(&stopping, false).await);
    stopping.close();
    assert!(ends(&stopping, true).await && ends(&stopping, false).await);
    leaving.leave();
    assert!(!ends(&leaving, false).await);
    leaving.close();
    assert!(!ends(&leaving, true).await && ends(&leaving, false).await);
}
