//! Calls are asked what they are.
//!
//! Each waits for the end of the daemon, beside what it is about. Whoever asks wakes them there: they say what they are,
//! and wait on.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, Notify};
use tokio::time::Instant;

use super::open_call::{OpenCall, TellsOfItself};
use crate::base::{CallId, Lock};

/// So many calls are told of at once.
const TOLD_MAX: usize = 4096;
/// All that wait are awake within milliseconds; nobody waits longer than this for one.
const WITHIN: Duration = Duration::from_millis(500);
/// How often it is looked whether one that was waited for has ended instead.
const LOOK_EACH: Duration = Duration::from_millis(5);

/// Who is there, and who asks.
#[derive(Debug, Default)]
pub(super) struct Roll {
    is_called: AtomicBool,
    /// Those that wait, and can be asked.
    present: AtomicUsize,
    asking: Lock<Option<Arc<Gathering>>>,
    turn: Mutex<()>,
}

/// One question to all.
#[derive(Debug, Default)]
struct Gathering {
    /// The one that is to end.
    unwanted: Option<CallId>,
    told: Lock<HashMap<CallId, OpenCall>>,
    /// Those that are present and have been asked.
    asked: AtomicUsize,
    news: Notify,
}

/// A call that waits, for as long as the value lives.
#[derive(Debug)]
pub(super) struct Present<'a> {
    roll: &'a Roll,
    asked: Option<Arc<Gathering>>,
}

/// The question of somebody whose turn it is, until they have their answer.
#[derive(Debug)]
pub(super) struct Called<'a> {
    roll: &'a Roll,
    asking: Arc<Gathering>,
    _turn: MutexGuard<'a, ()>,
}

impl Roll {
    pub(super) fn join(&self) -> Present<'_> {
        self.present.fetch_add(1, Ordering::SeqCst);
        Present { roll: self, asked: None }
    }

    /// From here on calls are asked, once they wake. The one with this id is to end.
    pub(super) async fn call(&self, unwanted: Option<CallId>) -> Called<'_> {
        let turn = self.turn.lock().await;
        let asking = Arc::new(Gathering { unwanted, ..Gathering::default() });
        *self.asking.lock() = Some(asking.clone());
        self.is_called.store(true, Ordering::SeqCst);
        Called { roll: self, asking, _turn: turn }
    }
}

impl Called<'_> {
    /// What was said, once all that wait have said it.
    pub(super) async fn answers(self) -> Vec<OpenCall> {
        let deadline = Instant::now() + WITHIN;
        let has_all =
            || self.asking.asked.load(Ordering::SeqCst) >= self.roll.present.load(Ordering::SeqCst);
        while !has_all() && Instant::now() < deadline {
            tokio::select! {
                () = self.asking.news.notified() => {}
                () = tokio::time::sleep(LOOK_EACH) => {}
            }
        }
        let mut told: Vec<OpenCall> =
            std::mem::take(&mut *self.asking.told.lock()).into_values().collect();
        told.sort_by_key(|call| call.began);
        told
    }
}

impl Drop for Called<'_> {
    fn drop(&mut self) {
        self.roll.is_called.store(false, Ordering::SeqCst);
        *self.roll.asking.lock() = None;
    }
}

impl Present<'_> {
    /// Says what the call is, if somebody asks. `true`: it is to end.
    pub(super) fn answer(&mut self, call: &(impl TellsOfItself + ?Sized)) -> bool {
        if !self.roll.is_called.load(Ordering::SeqCst) {
            return false;
        }
        let Some(asking) = self.roll.asking.lock().clone() else { return false };
        if self.asked.as_ref().is_some_and(|asked| Arc::ptr_eq(asked, &asking)) {
            return false;
        }
        let is_unwanted = asking.unwanted == Some(call.id());
        if is_unwanted || asking.unwanted.is_none() {
            let mut told = asking.told.lock();
            if told.len() < TOLD_MAX {
                told.insert(call.id(), call.told());
            }
        }
        asking.asked.fetch_add(1, Ordering::SeqCst);
        asking.news.notify_one();
        self.asked = Some(asking);
        is_unwanted
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        if let Some(asked) = &self.asked {
            asked.asked.fetch_sub(1, Ordering::SeqCst);
        }
        self.roll.present.fetch_sub(1, Ordering::SeqCst);
    }
}
