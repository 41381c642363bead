use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Ended, Resumed, resume};
use crate::access::{Gate, Principal};
use crate::connection::tests::open_with;
use crate::connection::{Ask, AskedBefore, Owner};
use crate::handover::{CallRow, Table, Window, Written};
use crate::mux::{Actor, Hub, Outlet};
use crate::settings::sample;
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

/// What the client gets of a call that an earlier process sent to the server `s`, which answers.
async fn told(denied: &str) -> String {
    let table = Table::<CallRow>::unkept().unwrap();
    let call = CallRow::sample("s__t");
    let pending = table.begin(call.clone(), false).unwrap();
    let (sender, exchange) = oneshot::channel();
    let asked = AskedBefore {
        id: 3,
        written: Written::Whole,
        owner: Owner { principal: 1, session: 1 },
        pending: pending.clone(),
        exchange: sender,
    };
    let (_connection, mut far) = open_with(Window::new(1000).unwrap(), vec![asked]);
    far.say(r#"{"jsonrpc":"2.0","id":3,"result":{"content":[],"secret":1}}"#).await;
    let client_info = r#"{"name":"a","version":"1"}"#.into();
    let actor =
        Actor { session: call.session, principal: Principal::User(1), client_info, cwd: None };
    let (surely, asks_again, server_era) = (true, true, Era::Legacy);
    let resumed = Resumed { call, pending, actor, surely, asks_again, server_era, exchange };
    match resume(hub(denied), resumed, Silent).await {
        Ended::Answered(answer) => String::from_utf8(answer.into_bytes().to_vec()).unwrap(),
        Ended::Lost(_) => "lost".to_owned(),
    }
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
