//! The lists that the client knows: compared with those of a new daemon, and answered from memory
//! while there is none.

use bytes::Bytes;

use super::memory::Memory;
use crate::base::random;
use crate::replies::hello;
use crate::wire::params::Head;
use crate::wire::{Era, Kind, ListKind, Message, Method, Payload, Revision, object, translate};

/// What the client was given, by [`ListKind::index`].
#[derive(Debug)]
pub(super) struct Lists {
    /// The request, and the result it got.
    known: [Option<(Message, Bytes)>; 4],
    /// Topics of which a change was announced since the last daemon came.
    told: [bool; 3],
    memory: Memory,
    /// The ids of our own questions begin so. No client can know it, so none of its ids does.
    own: String,
}

impl Lists {
    pub(super) fn new(memory: Memory) -> Self {
        let own = format!("\"callmux-bridge-{:016x}-", u64::from_ne_bytes(random::bytes()));
        Self { known: Default::default(), told: [false; 3], memory, own }
    }

    /// Notes what a daemon answered.
    pub(super) fn note(&mut self, request: &Message, answer: &Message) {
        let (Some(method), Kind::Result { result, .. }) = (request.method(), answer.kind()) else {
            return;
        };
        let (result, era) = (answer.at(*result), era_of(request));
        match (method, ListKind::read_by(method)) {
            (Method::Initialize | Method::Discover, _) => {
                if let Some(capabilities) = object::get(result, "capabilities") {
                    let modern = *method == Method::Discover;
                    let era = if modern { Era::Modern } else { Era::Legacy };
                    self.memory.keep_capabilities(era, capabilities);
                }
            }
            (_, Some(kind)) if is_first_page(request) => {
                if era == Era::Legacy {
                    self.memory.keep(kind, result);
                }
                let result = Bytes::copy_from_slice(result.as_bytes());
                self.known[kind.index()] = Some((request.clone(), result));
            }
            _ => {}
        }
    }

    /// The questions whether a new daemon's lists are those that the client knows.
    pub(super) fn questions(&mut self) -> Vec<Message> {
        self.told = [false; 3];
        let question = |kind: ListKind| {
            let (request, _) = self.known[kind.index()].as_ref()?;
            let id = format!("{}{}\"", self.own, kind.member());
            Message::parse(&request.with_id(&id).into_bytes()).ok()
        };
        ListKind::ALL.into_iter().filter_map(question).collect()
    }

    /// Whether a response is to one of those questions.
    pub(super) fn is_own(&self, id: &str) -> bool {
        id.starts_with(&self.own)
    }

    /// Takes in the answer to such a question and says what the client is told. `listening`: the ids
    /// of a modern client's subscriptions.
    pub(super) fn compare(
        &mut self,
        id: &str,
        answer: &Message,
        listening: &[&str],
    ) -> Vec<Payload> {
        let member = id.strip_prefix(&self.own).and_then(|id| id.strip_suffix('"'));
        let kind = ListKind::ALL.into_iter().find(|kind| Some(kind.member()) == member);
        let Some(kind) = kind else { return Vec::new() };
        let (Kind::Result { result, .. }, Some((request, known))) =
            (answer.kind(), &mut self.known[kind.index()])
        else {
            return Vec::new();
        };
        let result = answer.at(*result);
        if known == result.as_bytes() {
            return Vec::new();
        }
        *known = Bytes::copy_from_slice(result.as_bytes());
        let era = era_of(request);
        if era == Era::Legacy {
            self.memory.keep(kind, result);
        }
        let topic = kind.topic();
        if std::mem::replace(&mut self.told[topic.index()], true) {
            return Vec::new();
        }
        match era {
            Era::Legacy => vec![translate::list_changed(topic, None)],
            Era::Modern => {
                listening.iter().map(|id| translate::list_changed(topic, Some(id))).collect()
            }
        }
    }

    /// The result that stands in for a daemon's; `None` where nothing can. The client hears of the
    /// real lists once there is a daemon.
    pub(super) fn stand_in(&mut self, request: &Message) -> Option<String> {
        let method = request.method()?;
        match method {
            Method::Initialize => {
                let version = object::get(request.params()?, "protocolVersion");
                let asked = version.and_then(object::string).unwrap_or_default();
                let capabilities = self.memory.capabilities(Era::Legacy);
                Some(hello::initialize(&capabilities, None, Revision::negotiate(&asked)))
            }
            Method::Discover => Some(hello::discover(&self.memory.capabilities(Era::Modern), None)),
            _ => ListKind::read_by(method).map(|kind| self.known_list(kind, request)),
        }
    }

    /// Whether any daemon gave such a list.
    pub(super) fn knows(&self, kind: ListKind) -> bool {
        self.memory.list(kind).is_some()
    }

    /// The last list that any daemon gave, or an empty one.
    fn known_list(&mut self, kind: ListKind, request: &Message) -> String {
        let legacy = match self.memory.list(kind) {
            Some(known) => known.to_owned(),
            None => format!(r#"{{"{}":[]}}"#, kind.member()),
        };
        let result = match era_of(request) {
            Era::Legacy => legacy,
            Era::Modern => {
                let hints = r#""resultType":"complete","ttlMs":0,"cacheScope":"private""#;
                format!("{{{hints},{}", &legacy[1..])
            }
        };
        self.known[kind.index()] = Some((request.clone(), result.clone().into()));
        result
    }
}

fn is_first_page(request: &Message) -> bool {
    let cursor = request.cursor();
    cursor.is_none_or(|cursor| cursor == "null")
}

/// The era that the sender of a request speaks.
pub(super) fn era_of(request: &Message) -> Era {
    Head::parse(request).map_or(Era::Legacy, |head| head.era())
}
