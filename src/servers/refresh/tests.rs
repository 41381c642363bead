use super::{Refresh, rest_for};
use std::time::Duration;
use tokio::time::Instant;

#[test]
fn larger_lists_rest_longer() {
    assert_eq!(rest_for(2000), Duration::from_secs(4) / 1024);
    assert_eq!(rest_for(8 << 20), Duration::from_secs(32));
    assert!(rest_for(usize::MAX) > Duration::from_secs(32));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_changes_while_it_rests_is_read_after_that() {
    let mut refresh = Refresh::default();
    assert_eq!(refresh.alarm(), None);
    refresh.changed();
    refresh.read(0);
    let then = (Instant::now() + Duration::from_millis(500)).into_std();
    assert_eq!(refresh.alarm(), Some(then));
    refresh.give_up();
    assert_eq!(refresh.alarm(), None);
}
