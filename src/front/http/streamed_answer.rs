//! The rest of a response that takes longer: a stream of events whose last is the answer.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::base::Tasks;
use crate::client::session::InFlight;
use crate::event_streams::PendingStream;
use crate::event_streams::stream::Stream;
use crate::mux::{self, Ended, Hub, Reply};
use crate::sessions::http_sessions::{HttpSession, TakenUpCall};
use crate::sessions::outlet::{Back, CallOutlet};
use crate::wire::Payload;

/// A comment is sent on a stream that was silent for so long.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long the client of an earlier process of ours is waited for before its stream counts as one that
/// nobody reads. Clients come back after seconds.
const COMES_BACK_WITHIN: Duration = Duration::from_mins(1);

pub(super) type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// Such a response.
#[derive(Debug)]
pub struct StreamedAnswer {
    pub(super) stream: Arc<Stream>,
    /// The legacy session whose client may come back for it.
    pub(super) held: Option<Arc<HttpSession>>,
    pub(super) in_flight: Option<InFlight>,
}

impl StreamedAnswer {
    /// Goes on with a call of an earlier process of ours: its client comes back with the number of
    /// the stream.
    pub fn go_on(hub: &Hub, tasks: &Tasks, held: Arc<HttpSession>, number: u64, left: TakenUpCall) {
        let stream = held.streams.take_up(number);
        let session = held.session.clone();
        let (answer, answering, in_flight): (_, Option<Answering>, _) = match left {
            TakenUpCall::Ended(call) => (Some(mux::resume::ended(hub, &call)), None, None),
            TakenUpCall::NotSent { call, pending } => {
                let actor = session.actor();
                (Some(mux::resume::not_sent(hub, &call, pending, &actor)), None, None)
            }
            TakenUpCall::Running(resumed) => {
                let in_flight = session.begin(&resumed.call.id).ok();
                let back = Arc::new(PendingStream::default());
                back.open(stream.clone());
                let outlet = CallOutlet::new(session, resumed.call.era, Back::Http(back));
                let hub = hub.clone();
                let answering = Box::pin(async move {
                    let (Ended::Answered(payload) | Ended::Lost(payload)) =
                        mux::resume(hub, resumed, outlet).await;
                    Reply { payload, error: None, failure: None }
                });
                (None, Some(answering), in_flight)
            }
        };
        let waiting = stream.clone();
        tasks.spawn_until_stopped("wait for a client", async move {
            tokio::time::sleep(COMES_BACK_WITHIN).await;
            waiting.give_up_waiting();
        });
        Self { stream, held: Some(held), in_flight }.spawn(tasks, answer, answering, None);
    }

    /// Sends what is still to come, if `answer` is not there yet. `gone`: the first reader's connection
    /// ended, which takes a call back that is of no legacy session.
    pub(super) fn spawn(
        self,
        tasks: &Tasks,
        answer: Option<Payload>,
        mut answering: Option<Answering>,
        gone: Option<oneshot::Receiver<()>>,
    ) {
        let Self { stream, held, mut in_flight } = self;
        let gone = gone.filter(|_| held.is_none());
        tasks.spawn_until_stopped("call", async move {
            let answer = match (answer, &mut answering) {
                (Some(answer), _) => Some(answer),
                (None, Some(answering)) => {
                    until_answered(answering, &stream, &mut in_flight, gone).await
                }
                (None, None) => None,
            };
            if let Some(answer) = answer {
                stream.push(answer);
            }
            stream.end();
            drop((answering, in_flight));
            if let Some(held) = held {
                stream.delivered().await;
                held.streams.forget(&stream);
            }
        });
    }
}

/// The answer, unless the call is taken back: by the client, or because its connection is gone.
async fn until_answered(
    answering: &mut Answering,
    stream: &Stream,
    in_flight: &mut Option<InFlight>,
    gone: Option<oneshot::Receiver<()>>,
) -> Option<Payload> {
    let left = async {
        match gone {
            Some(gone) => drop(gone.await),
            None => std::future::pending().await,
        }
    };
    tokio::pin!(left);
    loop {
        tokio::select! {
            biased;
            answer = answering.as_mut() => return Some(answer.payload),
            () = cancelled(in_flight) => return None,
            () = &mut left => return None,
            () = tokio::time::sleep(KEEP_ALIVE) => stream.keep_alive(),
        }
    }
}

/// Completes when the client takes the call back; never if it cannot any more.
pub(super) async fn cancelled(in_flight: &mut Option<InFlight>) {
    if let Some(in_flight) = in_flight
        && (&mut in_flight.cancelled).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}
