//! What a client is told without having asked: changed lists, updated resources, log messages.

use std::collections::VecDeque;
use std::sync::Arc;

use super::session::{Session, URI_MAX, URIS_BYTES_MAX};
use crate::connection::notice::{Heard, Listener, Notice, What};
use crate::mux::hub::ListsWatch;
use crate::mux::subscriptions::{self, Subscription};
use crate::mux::{Actor, Hub};
use crate::wire::object;
use crate::wire::translate;
use crate::wire::{Payload, RpcError, Topic};

/// Everything that one legacy session is to hear, in order.
#[derive(Debug)]
pub struct Announcements {
    hub: Hub,
    session: Arc<Session>,
    lists: ListsWatch,
    board: Listener,
    waiting: VecDeque<Said>,
}

/// What a client is told unasked.
#[derive(Debug)]
pub enum Said {
    /// It may be left out for a client that is behind.
    Notification(Payload),
    /// A server waits for the answer.
    Question(Payload),
}

impl Announcements {
    /// From now on, and list changes since the client last read the lists.
    pub fn new(hub: &Hub, session: Arc<Session>) -> Self {
        let now = hub.world().versions;
        let seen = session.lists_seen();
        let seen = Topic::ALL.map(|topic| seen[topic.index()].unwrap_or(now[topic.index()]));
        let (lists, board) = (hub.watch_lists(seen), hub.board.listen());
        Self { hub: hub.clone(), session, lists, board, waiting: VecDeque::new() }
    }

    /// The next message for the client.
    pub async fn next(&mut self) -> Said {
        loop {
            if let Some(said) = self.waiting.pop_front() {
                return said;
            }
            tokio::select! {
                (topic, version) = self.lists.changed() => {
                    if self.session.must_hear_of(topic, version) {
                        return Said::Notification(translate::list_changed(topic, None));
                    }
                }
                heard = self.board.next() => match heard {
                    Heard::Notice(notice) => self.take(&notice),
                    Heard::Missed => {
                        let subscriptions = self.session.subscriptions();
                        let all = subscriptions.iter().map(|(uri, _)| updated(uri, None));
                        self.waiting.extend(all.map(Said::Notification));
                    }
                },
            }
        }
    }

    fn take(&mut self, notice: &Notice) {
        let (world, actor) = (self.hub.world(), self.session.actor());
        let is_for_others = !self.hub.instances.speaks_to(&notice.server, self.session.id)
            || !world.hears(actor.subject(), &notice.server);
        match &notice.what {
            What::Log(_) | What::TaskStatus(_) | What::Other(_) if is_for_others => {}
            What::ResourceUpdated { uri, message } => {
                let may_know = world.sees_resource(actor.subject(), &notice.server, uri);
                let wanted =
                    self.session.subscriptions().into_iter().filter(|(_, subscription)| {
                        may_know && subscription.server == notice.server && subscription.uri == *uri
                    });
                let told = wanted
                    .filter_map(|(shown, _)| translate::resource_updated(message, &shown, None));
                self.waiting.extend(told.map(Said::Notification));
            }
            What::Log(message) if self.session.wants_log(message) => {
                self.waiting.push_back(Said::Notification(message.payload()));
            }
            What::TaskStatus(_) | What::Other(_) if !self.session.is_greeted() => {}
            What::Log(_) => {}
            What::TaskStatus(message) => {
                let told = translate::task_status(message, notice.server.as_str());
                self.waiting.extend(told.map(Said::Notification));
            }
            What::Other(message) => {
                self.waiting.push_back(Said::Notification(message.payload()));
            }
            What::Asked(ask) => {
                let ask = ask.lock().take();
                let put = |ask| if is_for_others { Err(ask) } else { self.session.ask(ask) };
                match ask.map(put) {
                    Some(Ok((_, question))) => self.waiting.push_back(Said::Question(question)),
                    Some(Err(ask)) => {
                        let what = "no client's call is running that this could be for";
                        ask.refuse(&RpcError::new(crate::wire::error::code::INTERNAL, what));
                    }
                    None => {}
                }
            }
        }
    }
}

/// What a modern client wants to hear (2026-07-28, `subscriptions/listen`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    topics: [bool; 3],
    uris: Vec<String>,
}

/// Resources of one subscription at the most.
const URIS_MAX: usize = 1024;

impl Filter {
    /// Reads the parameters of the request. `Err` names what is wrong.
    pub fn parse(params: Option<&str>) -> Result<Self, RpcError> {
        let wrong = |what: &str| Err(RpcError::invalid_params(what));
        let Some(filter) = params.and_then(|params| object::get(params, "notifications")) else {
            return wrong("`params.notifications` is missing");
        };
        if !object::is_object(filter) {
            return wrong("`params.notifications` must be an object");
        }
        let wishes = Topic::ALL.map(|topic| object::get(filter, topic.filter()));
        if wishes.iter().flatten().any(|wish| !matches!(*wish, "true" | "false" | "null")) {
            return wrong("a list in `params.notifications` must be true or false");
        }
        let topics = wishes.map(|wish| wish == Some("true"));
        let uris = object::get(filter, "resourceSubscriptions").unwrap_or("[]");
        let Ok(uris) = serde_json::from_str::<Vec<String>>(uris) else {
            return wrong("`params.notifications.resourceSubscriptions` must be a list of texts");
        };
        if uris.len() > URIS_MAX {
            return wrong(&format!("one subscription has at most {URIS_MAX} resources"));
        }
        if uris.iter().any(|uri| uri.len() > URI_MAX) {
            return wrong(&format!("a URI to subscribe to has at most {URI_MAX} bytes"));
        }
        if uris.iter().map(String::len).sum::<usize>() > URIS_BYTES_MAX {
            return wrong(&format!(
                "the URIs of one subscription come to at most {URIS_BYTES_MAX} bytes"
            ));
        }
        Ok(Self { topics, uris })
    }
}

/// A modern client's open subscription.
#[derive(Debug)]
pub struct Listening {
    hub: Hub,
    actor: Actor,
    id: String,
    topics: [bool; 3],
    lists: ListsWatch,
    board: Listener,
    resources: Vec<(String, Arc<Subscription>)>,
    waiting: VecDeque<Payload>,
}

impl Listening {
    /// Opens it; its first message says what of the wish is granted. `id`: the request's, as written.
    pub async fn open(hub: &Hub, actor: &Actor, id: &str, filter: Filter) -> Self {
        let board = hub.board.listen();
        // While servers start, their lists are no news: nobody was given any others.
        let world = hub.settled_world().await;
        let lists = hub.watch_lists(world.versions);
        let mut resources = Vec::new();
        for uri in filter.uris {
            match subscriptions::open(hub, actor, &world, &uri).await {
                Ok(subscription) => resources.push((uri, subscription)),
                Err(error) => tracing::debug!(uri, error = error.message, "not subscribed"),
            }
        }
        let topics = filter.topics;
        let mut granted: Vec<String> = Topic::ALL
            .into_iter()
            .filter(|topic| topics[topic.index()])
            .map(|topic| format!(r#""{}":true"#, topic.filter()))
            .collect();
        if !resources.is_empty() {
            let uris: Vec<&str> = resources.iter().map(|(uri, _)| uri.as_str()).collect();
            granted.push(format!(r#""resourceSubscriptions":{}"#, serde_json::json!(uris)));
        }
        let waiting = VecDeque::from([acknowledged(id, &granted.join(","))]);
        let (hub, actor) = (hub.clone(), actor.clone());
        Self { hub, actor, id: id.to_owned(), topics, lists, board, resources, waiting }
    }

    /// The next message on the subscription.
    pub async fn next(&mut self) -> Payload {
        loop {
            if let Some(payload) = self.waiting.pop_front() {
                return payload;
            }
            tokio::select! {
                (topic, _) = self.lists.changed() => {
                    if self.topics[topic.index()] {
                        return translate::list_changed(topic, Some(&self.id));
                    }
                }
                heard = self.board.next() => match heard {
                    Heard::Notice(notice) => self.take(&notice),
                    Heard::Missed => {
                        let all = self.resources.iter();
                        self.waiting.extend(all.map(|(uri, _)| updated(uri, Some(&self.id))));
                    }
                },
            }
        }
    }

    fn take(&mut self, notice: &Notice) {
        let What::ResourceUpdated { uri, message } = &notice.what else { return };
        // The rules may be others by now.
        if !self.hub.world().sees_resource(self.actor.subject(), &notice.server, uri) {
            return;
        }
        let wanted = self.resources.iter().filter(|(_, subscription)| {
            subscription.server == notice.server && subscription.uri == *uri
        });
        let told = wanted
            .filter_map(|(shown, _)| translate::resource_updated(message, shown, Some(&self.id)));
        self.waiting.extend(told);
    }

    /// The result that ends the subscription in order.
    pub fn ended(&self) -> Payload {
        let meta = crate::wire::meta::SUBSCRIPTION_ID;
        let result = format!(r#"{{"resultType":"complete","_meta":{{"{meta}":{}}}}}"#, self.id);
        translate::result(&self.id, &result)
    }
}

fn acknowledged(subscription: &str, granted: &str) -> Payload {
    Payload::from(format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{{"_meta":{{"{}":{subscription}}},"notifications":{{{granted}}}}}}}"#,
        crate::wire::meta::SUBSCRIPTION_ID
    ))
}

/// An update of which the server's own words are gone.
fn updated(uri: &str, subscription: Option<&str>) -> Payload {
    let uri = serde_json::Value::from(uri);
    let meta = subscription.map_or_else(String::new, |id| {
        format!(r#""_meta":{{"{}":{id}}},"#, crate::wire::meta::SUBSCRIPTION_ID)
    });
    Payload::from(format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{{{meta}"uri":{uri}}}}}"#
    ))
}

#[cfg(test)]
mod tests {
    use super::Filter;

    #[test]
    fn a_filter_is_read_or_refused() {
        let parse = |json: &str| Filter::parse(Some(json));
        let filter = parse(
            r#"{"notifications":{"promptsListChanged":true,"toolsListChanged":false,"resourceSubscriptions":["a:b"]}}"#,
        );
        let expected = Filter { topics: [false, true, false], uris: vec!["a:b".into()] };
        assert_eq!(filter.unwrap(), expected);
        assert_eq!(parse(r#"{"notifications":{}}"#).unwrap(), Filter::default());
        for wrong in
            ["{}", r#"{"notifications":[]}"#, r#"{"notifications":{"resourceSubscriptions":[7]}}"#]
        {
            assert_eq!(parse(wrong).unwrap_err().code, -32602, "{wrong}");
        }
        let of = |uri: &str, count: usize| {
            let uris = serde_json::json!(vec![uri; count]);
            parse(&format!(r#"{{"notifications":{{"resourceSubscriptions":{uris}}}}}"#))
        };
        let long = format!("a:{}", "b".repeat(super::URI_MAX - 2));
        assert!(of(&long, 32).is_ok());
        assert!(of(&format!("{long}b"), 1).unwrap_err().message.contains("at most 8192 bytes"));
        assert!(of(&long, 33).unwrap_err().message.contains("come to at most 262144 bytes"));
    }
}
