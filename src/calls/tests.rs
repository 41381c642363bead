use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{CLOSING, Calls, OpenCall, TellsOfItself};
use crate::base::{CallId, SessionId};

#[derive(Debug)]
struct Sample(CallId, Instant);

impl Sample {
    fn new() -> Self {
        Self(CallId::next(), Instant::now())
    }
}

impl TellsOfItself for Sample {
    fn id(&self) -> CallId {
        self.0
    }

    fn told(&self) -> OpenCall {
        OpenCall {
            id: self.0,
            session: SessionId::random(),
            principal: "user:1".into(),
            client: "c 1".to_owned(),
            kind: "tool",
            name: "t".into(),
            server: None,
            is_inner: false,
            began: self.1,
        }
    }
}

/// As many calls as that, each in a task of its own, with why they ended.
#[expect(clippy::disallowed_methods, reason = "the test is the owner of its tasks")]
fn begun(calls: &Arc<Calls>, count: usize) -> Vec<(CallId, tokio::task::JoinHandle<&'static str>)> {
    let one = |_| {
        let (calls, sample) = (calls.clone(), Sample::new());
        (sample.0, tokio::spawn(async move { calls.ended(false, &sample).await }))
    };
    (0..count).map(one).collect()
}

#[tokio::test(start_paused = true)]
async fn every_call_that_waits_says_what_it_is_each_time() {
    let calls = Arc::new(Calls::default());
    assert!(calls.open().await.is_empty());
    let begun = begun(&calls, 100);
    tokio::task::yield_now().await;
    let ids = |open: Vec<OpenCall>| open.into_iter().map(|call| call.id).collect::<Vec<_>>();
    let all: Vec<CallId> = begun.iter().map(|(id, _)| *id).collect();
    for _ in 0..3 {
        let told = ids(calls.open().await);
        assert!(told.len() == 100 && all.iter().all(|id| told.contains(id)));
    }
    // Several who ask at the same time have an answer each.
    let (first, second) = tokio::join!(calls.open(), calls.open());
    assert_eq!((first.len(), second.len()), (100, 100));
    calls.close();
    for (_, ended) in begun {
        assert_eq!(ended.await.unwrap(), CLOSING);
    }
    assert!(calls.open().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_not_wanted_ends_and_no_other() {
    let calls = Arc::new(Calls::default());
    let mut begun = begun(&calls, 3);
    tokio::task::yield_now().await;
    let (id, unwanted) = begun.remove(1);
    assert_eq!(calls.cancel(id).await.map(|call| call.id), Some(id));
    assert!(unwanted.await.unwrap().contains("operator"));
    assert!(calls.cancel(id).await.is_none(), "it has ended");
    assert!(calls.cancel(CallId::next()).await.is_none(), "there never was one");
    assert_eq!(calls.open().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_asks_and_leaves_keeps_nobody_from_asking() {
    let calls = Arc::new(Calls::default());
    let sample = Sample::new();
    // It waits, and is not run while it is asked.
    let mut waiting = std::pin::pin!(calls.ended(false, &sample));
    assert!(timeout(Duration::from_millis(1), &mut waiting).await.is_err());
    assert!(timeout(Duration::from_millis(1), calls.open()).await.is_err());
    assert!(calls.open().await.is_empty(), "nobody waits for ever");
    let (told, _) = tokio::join!(calls.open(), timeout(Duration::from_secs(1), &mut waiting));
    assert_eq!(told.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_left_to_the_next_process_do_not_end() {
    let calls = Calls::default();
    let sample = Sample::new();
    let ends =
        async |is_noted| timeout(Duration::from_mins(1), calls.ended(is_noted, &sample)).await.ok();
    assert_eq!(ends(true).await, None);
    calls.leave();
    assert_eq!(ends(false).await, None);
    calls.close();
    assert_eq!((ends(true).await, ends(false).await), (None, Some(CLOSING)));
}
