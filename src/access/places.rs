//! How many calls of somebody may be open at once.
//!
//! A call over that waits until one of the same principal ends; the oldest is the next. A rule can have
//! places of its own, per principal. Whoever takes one of each takes the rule's first, so that who waits
//! for the other holds up nothing but what the same rule lets in.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::limited::{Limit, Limited};
use crate::base::{Lock, Principal};
use crate::settings::Access;

/// Calls that may wait for the same places.
const WAITING_MAX: usize = 1024;
/// When who finds no place may try again, in seconds.
const AFTER_SECONDS: u64 = 5;

/// All of them. Cloning shares the table.
#[derive(Debug, Clone, Default)]
pub struct Places(Arc<Lock<PlaceTable>>);

/// What is bounded, and who has what of it.
#[derive(Debug, Default)]
struct PlaceTable {
    /// Of each principal.
    most: Option<usize>,
    /// Of each principal by a rule, by its id.
    most_by_rule: HashMap<Box<str>, usize>,
    taken: HashMap<PlaceKey, TakenPlaces>,
    last_ticket: u64,
}

/// Whose places: a principal's, all of them or those of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PlaceKey {
    pub(super) principal: Principal,
    pub(super) rule: Option<Arc<str>>,
}

#[derive(Debug, Default)]
struct TakenPlaces {
    count: usize,
    /// Who waits, with the ticket they are known by; the first is the next.
    waiting: VecDeque<(u64, oneshot::Sender<CallPlace>)>,
}

/// A place that is taken for as long as this lives.
#[derive(Debug)]
pub struct CallPlace {
    places: Places,
    key: PlaceKey,
}

/// The places that one call has: its rule's and its principal's.
#[derive(Debug)]
pub struct HeldPlaces {
    #[expect(dead_code, reason = "they are held, and nothing else")]
    held: Box<[Option<CallPlace>; 2]>,
}

/// The places that a call needs before it is sent.
#[derive(Debug)]
pub(super) struct NeededPlaces {
    pub(super) places: Places,
    pub(super) own: Option<PlaceKey>,
    pub(super) of_rule: Option<PlaceKey>,
    /// It is let in though there is none: it may be what ends those before it.
    pub(super) at_once: bool,
}

impl NeededPlaces {
    /// Waits for them.
    pub(super) async fn take(&self, until: Instant) -> Result<HeldPlaces, Limited> {
        if self.at_once {
            return Ok(self.take_now());
        }
        let of_rule = self.places.take_one(self.of_rule.as_ref(), until).await?;
        let own = self.places.take_one(self.own.as_ref(), until).await?;
        Ok(HeldPlaces { held: Box::new([of_rule, own]) })
    }

    /// Takes them, whether they are free or not.
    pub(super) fn take_now(&self) -> HeldPlaces {
        let take = |key: &Option<PlaceKey>| key.clone().map(|key| self.places.take_now(key));
        HeldPlaces { held: Box::new([take(&self.of_rule), take(&self.own)]) }
    }
}

impl PlaceTable {
    /// How many of these places there are; `None`: any number.
    fn most(&self, key: &PlaceKey) -> Option<usize> {
        match &key.rule {
            None => self.most,
            Some(rule) => self.most_by_rule.get(&**rule).copied(),
        }
    }

    /// Takes a place if one is free and nobody waits for it.
    fn take(&mut self, key: &PlaceKey) -> bool {
        let most = self.most(key).unwrap_or(usize::MAX);
        let taken = self.taken.entry(key.clone()).or_default();
        let is_free = taken.count < most && taken.waiting.is_empty();
        taken.count += usize::from(is_free);
        is_free
    }

    /// Whose turn it is gets a place, if one is free: who is to be told, once nothing is locked.
    fn next(&mut self, key: &PlaceKey) -> Option<oneshot::Sender<CallPlace>> {
        let most = self.most(key).unwrap_or(usize::MAX);
        let taken = self.taken.get_mut(key)?;
        if taken.count < most
            && let Some((_, next)) = taken.waiting.pop_front()
        {
            taken.count += 1;
            return Some(next);
        }
        if taken.count == 0 && taken.waiting.is_empty() {
            self.taken.remove(key);
        }
        None
    }
}

impl Places {
    /// From now on there are as many as the config says. What is taken stays taken.
    pub(super) fn renew(&self, access: &Access) {
        let by_rule = access.rules.iter().filter_map(|rule| {
            Some((rule.id.as_str().into(), usize::try_from(rule.limits.in_flight?).ok()?))
        });
        let mut table = self.0.lock();
        table.most = access.limits.in_flight.and_then(|most| most.try_into().ok());
        table.most_by_rule = by_rule.collect();
        let keys: Vec<PlaceKey> = table.taken.keys().cloned().collect();
        drop(table);
        for key in &keys {
            self.let_in(key);
        }
    }

    /// A place as soon as there is one.
    async fn take_one(
        &self,
        key: Option<&PlaceKey>,
        until: Instant,
    ) -> Result<Option<CallPlace>, Limited> {
        let Some(key) = key else { return Ok(None) };
        let Some(mut ticket) = self.line_up(key)? else { return Ok(Some(self.place(key))) };
        match timeout_at(until, &mut ticket.told).await {
            Ok(Ok(place)) => Ok(Some(place)),
            _ => Err(self.limited(key)),
        }
    }

    /// A ticket for the next place; `None`: one was free and is taken.
    fn line_up(&self, key: &PlaceKey) -> Result<Option<Ticket>, Limited> {
        let mut table = self.0.lock();
        if table.take(key) {
            return Ok(None);
        }
        table.last_ticket += 1;
        let number = table.last_ticket;
        let waiting = &mut table.taken.entry(key.clone()).or_default().waiting;
        if waiting.len() >= WAITING_MAX {
            drop(table);
            return Err(self.limited(key));
        }
        let (tell, told) = oneshot::channel();
        waiting.push_back((number, tell));
        Ok(Some(Ticket { places: self.clone(), key: key.clone(), number, told }))
    }

    pub(super) fn take_now(&self, key: PlaceKey) -> CallPlace {
        self.0.lock().taken.entry(key.clone()).or_default().count += 1;
        CallPlace { places: self.clone(), key }
    }

    fn limited(&self, key: &PlaceKey) -> Limited {
        let most = self.0.lock().most(key).unwrap_or_default();
        Limited {
            limit: Limit::InFlight,
            max: u64::try_from(most).unwrap_or(u64::MAX),
            rule: key.rule.as_deref().map(Into::into),
            after_seconds: AFTER_SECONDS,
        }
    }

    fn place(&self, key: &PlaceKey) -> CallPlace {
        CallPlace { places: self.clone(), key: key.clone() }
    }

    /// Lets in who waits for places that are free.
    fn let_in(&self, key: &PlaceKey) {
        loop {
            let Some(next) = self.0.lock().next(key) else { return };
            // Who has given up meanwhile gives the place back.
            drop(next.send(self.place(key)));
        }
    }
}

impl Drop for CallPlace {
    fn drop(&mut self) {
        if let Some(taken) = self.places.0.lock().taken.get_mut(&self.key) {
            taken.count -= 1;
        }
        self.places.let_in(&self.key);
    }
}

/// The right to the next place, for as long as this lives.
struct Ticket {
    places: Places,
    key: PlaceKey,
    number: u64,
    told: oneshot::Receiver<CallPlace>,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut table = self.places.0.lock();
        if let Some(taken) = table.taken.get_mut(&self.key) {
            taken.waiting.retain(|(number, _)| *number != self.number);
        }
        // The last one out closes the door.
        let next = table.next(&self.key);
        drop(table);
        drop(next.map(|next| next.send(self.places.place(&self.key))));
    }
}

#[cfg(test)]
mod tests;
