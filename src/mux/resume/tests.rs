use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Ended, Resumed, UNSURE_FOR, UNSURE_HERE, resume};
use crate::access::{Action, ActionKind, ClientName, Gate, Subject};
use crate::base::{Principal, ServerName};
use crate::connection::tests::{Far, open_with};
use crate::connection::{Ask, AskedBefore, Connection, Owner};
use crate::handover::{CallRow, Table, Window, Written};
use crate::mux::{Actor, Hub, Outlet};
use crate::settings::{Access, Limits, sample};
use crate::wire::{Era, Payload};
use crate::world::World;

/// A client that reads nothing before the answer.
struct Silent;

impl Outlet for Silent {
    fn notify(&self, _: Payload) {}
    fn ask(&self, _: Ask) {}
    fn withdraw(&self, _: &str) {}
}

fn hub(denied: &str) -> Hub {
    let world = World::new(Arc::new(sample::config()), BTreeMap::new(), Arc::default(), None);
    Hub::of(world.under(Gate::denying(denied)))
}

/// A call that an earlier process sent to the server `s`, and that server.
fn sent_before(call: CallRow, written: Written) -> (Resumed, (Arc<Connection>, Far)) {
    let table = Table::<CallRow>::unkept().unwrap();
    let pending = table.begin(call.clone(), false).unwrap();
    let (sender, exchange) = oneshot::channel();
    let asked = AskedBefore {
        id: 3,
        written,
        owner: Owner { principal: 1, session: 1 },
        pending: pending.clone(),
        exchange: sender,
    };
    let server = open_with(Window::new(1000).unwrap(), vec![asked]);
    let client_info = r#"{"name":"a","version":"1"}"#.into();
    let (session, principal) = (call.session, Principal::user(1));
    let actor = Actor { session, principal, client_info, cwd: None, via: "link" };
    let (surely, asks_again) = (written == Written::Whole, true);
    let server_era = Era::Legacy;
    let other_end = None;
    (Resumed { call, pending, actor, surely, asks_again, server_era, exchange, other_end }, server)
}

/// What the client gets of such a call, which is answered.
async fn told(denied: &str) -> String {
    let (resumed, (_connection, mut far)) = sent_before(CallRow::sample("s__t"), Written::Whole);
    far.say(r#"{"jsonrpc":"2.0","id":3,"result":{"content":[],"secret":1}}"#).await;
    match resume(hub(denied), resumed, Silent).await {
        Ended::Answered(answer) => String::from_utf8(answer.into_bytes().to_vec()).unwrap(),
        Ended::Lost(_) => "lost".to_owned(),
    }
}

/// How long a call that may have been cut off is waited for, if it was made so long ago.
async fn waited(made_before: Duration) -> Duration {
    let mut call = CallRow::sample("s__t");
    call.began = call.began.earlier(made_before);
    let (resumed, _server) = sent_before(call, Written::Unsure);
    let began = Instant::now();
    assert!(matches!(resume(hub(""), resumed, Silent).await, Ended::Lost(_)));
    began.elapsed()
}

#[tokio::test]
async fn the_answer_is_for_who_may_make_the_call_by_now() {
    assert!(told("").await.contains(r#""secret":1"#));
    assert!(told("other tool:s/u").await.contains(r#""secret":1"#));
    for denied in ["s", "tool:s", "s/s__*"] {
        let answer = told(denied).await;
        assert!(!answer.contains("secret") && answer.contains("unknown tool"), "{answer}");
    }
}

/// A daemon that ends again and again before it has waited long enough would wait for ever.
#[tokio::test(start_paused = true)]
async fn what_may_be_cut_off_is_waited_for_once_over_all_processes() {
    let here = waited(UNSURE_FOR + UNSURE_HERE).await;
    assert!((UNSURE_HERE..UNSURE_FOR).contains(&here), "{here:?}");
    let first = waited(Duration::ZERO).await;
    assert!((UNSURE_HERE * 2..=UNSURE_FOR + UNSURE_HERE).contains(&first), "{first:?}");
}

/// Who made such a call has one place less until it has ended.
#[tokio::test]
async fn a_call_that_goes_on_has_its_place_until_it_is_answered() {
    let limits = Limits { in_flight: Some(1), ..Limits::default() };
    let gate = Gate::default().with(Access { limits, ..Access::default() });
    let world = World::new(Arc::new(sample::config()), BTreeMap::new(), Arc::default(), None);
    let hub = Hub::of(world.under(gate.clone()));
    let (resumed, (_connection, mut far)) = sent_before(CallRow::sample("s__t"), Written::Whole);
    let mut resuming = Box::pin(resume(hub, resumed, Silent));
    assert!(futures_util::poll!(&mut resuming).is_pending());

    let server = ServerName::parse("s").unwrap();
    let action = Action::new(ActionKind::Tool, Some(&server), "t").shown_as("s__t");
    let until = Instant::now() + Duration::from_secs(1000);
    let permit = |user: u32| {
        let principal = Principal::user(user);
        let subject = Subject { principal: &principal, client: ClientName::Read("") };
        gate.admit(subject, action).unwrap()
    };
    let (hers, his) = (permit(1), permit(2));
    let mut places = Box::pin(hers.places(until));
    assert!(futures_util::poll!(&mut places).is_pending());
    assert!(his.places(until).await.unwrap().is_some(), "it is not his");
    far.say(r#"{"jsonrpc":"2.0","id":3,"result":{"content":[]}}"#).await;
    assert!(matches!(resuming.await, Ended::Answered(_)));
    assert!(places.await.unwrap().is_some());
}
