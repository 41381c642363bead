//! What an earlier process of ours left, in the keeping of systemd, and who joins whom.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::options::{Keeper, Serve};
use super::unwritten::Unwritten;
use crate::base::{ServerName, SessionId};
use crate::client::session::{Carriage, Session};
use crate::connection::AskedBefore;
use crate::facts;
use crate::handover::call::LeftCall;
use crate::handover::card::{self, Card, Found};
use crate::handover::progress::Reached;
use crate::handover::{
    ActRow, CallRow, Left, LinkRow, SessionRow, Table, WantRow, Written, number,
};
use crate::mux::Resumed;
use crate::process::units::Units;
use crate::servers::running::LeftServer;
use crate::sessions::http_sessions;
use crate::sessions::links::TakenUp;
use crate::settings::Config;
use crate::settings::fingerprint;
use crate::telemetry::Recorder;
use crate::wire::Era;
use crate::wire::link::Restored;

/// How long the user manager may take to answer before we do without it.
const MANAGER_WITHIN: Duration = Duration::from_secs(2);

/// The user manager, and what there is to take over.
#[derive(Debug, Default)]
pub(super) struct Takeover {
    pub(super) keeper: Keeper,
    pub(super) units: Option<Units>,
    /// By their names.
    pub(super) servers: BTreeMap<ServerName, LeftServer>,
    pub(super) tables: Tables,
    pub(super) links: Vec<TakenUp>,
    pub(super) sessions: Vec<http_sessions::TakenUp>,
    pub(super) wants: Vec<Left<WantRow>>,
}

/// What is noted for the next process of ours. Without systemd there are none.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) calls: Table<CallRow>,
    pub(super) acts: Table<ActRow>,
    pub(super) links: Table<LinkRow>,
    pub(super) sessions: Table<SessionRow>,
    pub(super) wants: Table<WantRow>,
}

impl Takeover {
    /// Takes what `serve` was given. Units of ours that nobody can hold any more are ended.
    pub(super) async fn of(serve: Serve, config: &Config, recorder: &Recorder) -> (Serve, Self) {
        let Serve::Inherited { listeners, mut stored } = serve else {
            let keeper = Keeper::of(&serve);
            return (serve, Self { keeper, ..Self::default() });
        };
        let serve = Serve::Inherited { listeners, stored: Vec::new() };
        let alone = || Self { keeper: Keeper::Systemd, ..Self::default() };
        let units = match tokio::time::timeout(MANAGER_WITHIN, Units::connect()).await {
            Ok(Ok(units)) => units,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the user manager cannot be asked; servers are our children");
                return (serve, alone());
            }
            Err(_) => {
                tracing::warn!("the user manager does not answer; servers are our children");
                return (serve, alone());
            }
        };
        let (calls, left_calls) = Table::take_over(&mut stored);
        let (acts, left_acts) = Table::take_over(&mut stored);
        let (links, left_links) = Table::<LinkRow>::take_over(&mut stored);
        let (sessions, left_sessions) = Table::<SessionRow>::take_over(&mut stored);
        let (wants, left_wants) = Table::take_over(&mut stored);
        let unwritten = Unwritten::new(recorder);
        for act in left_acts {
            unwritten.act(act);
        }
        let mut servers = servers(stored, config);
        let held: BTreeSet<String> =
            servers.values().map(|left| left.found.card.unit.clone()).collect();
        match tokio::time::timeout(MANAGER_WITHIN, units.stop_strays(&held)).await {
            Ok(Ok(strays)) => {
                for unit in strays {
                    recorder.record(facts::StrayStopped { unit });
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "units of ours may have been left over"),
            Err(_) => tracing::warn!("units of ours may have been left over"),
        }
        let left_calls: Vec<LeftCall> = left_calls.into_iter().map(Into::into).collect();
        number::are_taken(servers.values().map(|left| left.found.card.number));
        number::are_taken(left_calls.iter().filter_map(|left| left.reached.number()));
        let of_links = left_links.iter().map(|link| (link.row.session, link.row.principal.clone()));
        let of_sessions =
            left_sessions.iter().map(|left| (left.row.session, left.row.principal.clone()));
        unwritten.calls(&left_calls, &of_links.chain(of_sessions).collect(), &servers);
        let mut adopters: Vec<Adopter<'_>> = servers.values_mut().map(Adopter::of).collect();
        tracing::debug!(
            servers = adopters.len(),
            calls = left_calls.len(),
            links = left_links.len(),
            sessions = left_sessions.len(),
            "the process before this one left"
        );
        let mut left = CallsLeft::of(left_calls);
        let links_taken_up = left.join_links(left_links, &mut adopters);
        let sessions_taken_up = left.join_sessions(left_sessions, &mut adopters);
        let taken = Self {
            units: Some(units),
            servers,
            tables: Tables { calls, acts, links, sessions, wants },
            links: links_taken_up,
            sessions: sessions_taken_up,
            wants: left_wants,
            ..alone()
        };
        (serve, taken)
    }
}

/// Of what the store held, the servers that `config` still wants as they were started.
fn servers(stored: Vec<(String, OwnedFd)>, config: &Config) -> BTreeMap<ServerName, LeftServer> {
    let wanted = |name: &ServerName, card: &Card| {
        let server = config.servers.get(&name.configured()).filter(|server| server.enabled);
        server.is_some_and(|server| {
            let may_be_there = name.workplace().is_none() || server.is_per_directory();
            may_be_there && fingerprint::of_start(server) == card.fingerprint
        })
    };
    let found = card::find(stored, wanted).into_iter();
    let known = found.filter_map(|(name, found)| Some((name, left_server(found)?)));
    known.collect()
}

/// `None` if its card does not say who it is.
fn left_server(found: Found) -> Option<LeftServer> {
    match serde_json::from_str(found.card.identity.get()) {
        Ok(identity) => Some(LeftServer { found, identity, asked_before: Vec::new() }),
        Err(error) => {
            tracing::warn!(%error, server = found.card.server, "it was not taken over");
            found.kept.forget();
            None
        }
    }
}

/// A server that goes on: what rows of calls know it by, and where the calls it works on are to go.
#[derive(Debug)]
pub struct Adopter<'a> {
    number: u32,
    era: Era,
    asked_before: &'a mut Vec<AskedBefore>,
}

impl<'a> Adopter<'a> {
    fn of(left: &'a mut LeftServer) -> Self {
        let (number, era) = (left.found.card.number, left.identity.era);
        Self { number, era, asked_before: &mut left.asked_before }
    }
}

/// The calls that an earlier process of ours had in flight, by their sessions.
#[derive(Debug)]
pub struct CallsLeft(HashMap<SessionId, Vec<LeftCall>>);

impl CallsLeft {
    pub fn of(calls: Vec<LeftCall>) -> Self {
        let mut of_session: HashMap<SessionId, Vec<LeftCall>> = HashMap::new();
        for call in calls {
            of_session.entry(call.call.session).or_default().push(call);
        }
        Self(of_session)
    }

    /// Brings links, calls and servers together again.
    pub fn join_links(
        &mut self,
        links: Vec<Left<LinkRow>>,
        adopters: &mut [Adopter<'_>],
    ) -> Vec<TakenUp> {
        let mut out = Vec::new();
        for Left { row, word: seen, record, .. } in links {
            let (principal, cwd) = (row.principal.clone(), PathBuf::from(&*row.cwd));
            let session = Session::new(row.session, principal, Carriage::Link, Some(cwd));
            let mut restored = Restored { seen, ..Restored::default() };
            let (mut running, mut ended) = (Vec::new(), Vec::new());
            for left in self.0.remove(&session.id).unwrap_or_default() {
                match left.reached {
                    Reached::Nothing => restored.not_sent.push(left.call.id.to_string()),
                    Reached::Ended { .. } => ended.push((left.call.id, left.call.call)),
                    Reached::Server { .. } => {
                        restored.running.push(left.call.id.to_string());
                        running.push(resumed(left, &session, adopters));
                    }
                }
            }
            session.ended_earlier(ended);
            out.push(TakenUp { session, epoch: row.epoch, record, restored, calls: running });
        }
        out
    }

    /// The same with sessions over HTTP.
    pub fn join_sessions(
        &mut self,
        sessions: Vec<Left<SessionRow>>,
        adopters: &mut [Adopter<'_>],
    ) -> Vec<http_sessions::TakenUp> {
        let mut out = Vec::new();
        for Left { row, word: used, record, .. } in sessions {
            let Some(session) = http_sessions::session_of(&row) else { continue };
            let mut calls = Vec::new();
            for left in self.0.remove(&session.id).unwrap_or_default() {
                let Some(stream) = left.call.stream else { continue };
                let LeftCall { call, reached, pending } = left;
                let left = match reached {
                    Reached::Nothing => http_sessions::TakenUpCall::NotSent { call, pending },
                    Reached::Ended { .. } => http_sessions::TakenUpCall::Ended(call),
                    Reached::Server { .. } => {
                        let left = LeftCall { call, reached, pending };
                        http_sessions::TakenUpCall::Running(resumed(left, &session, adopters))
                    }
                };
                calls.push((stream, left));
            }
            out.push(http_sessions::TakenUp { session, used, record, calls });
        }
        out
    }
}

fn resumed(left: LeftCall, session: &Arc<Session>, adopters: &mut [Adopter<'_>]) -> Resumed {
    let LeftCall { call, reached, pending } = left;
    let (sender, exchange) = oneshot::channel();
    let (mut server_era, mut surely) = (Era::Legacy, true);
    if let Reached::Server { number, id, written } = reached {
        surely = matches!(written, Written::Whole | Written::Answered);
        if let Some(adopter) = adopters.iter_mut().find(|adopter| adopter.number == number) {
            server_era = adopter.era;
            let (owner, pending) = (session.owner, pending.clone());
            adopter.asked_before.push(AskedBefore {
                id,
                written,
                owner,
                pending,
                exchange: sender,
            });
        }
    }
    let (actor, asks_again) = (session.actor(), session.carriage == Carriage::Link);
    let other_end = (session.carriage == Carriage::Link).then(|| session.other_end());
    Resumed { call, pending, actor, surely, asks_again, server_era, exchange, other_end }
}
