//! HTTP requests, in the four families of the npm callmux.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::families;
use super::route::{self, ROUTES};
use super::text::Exposition;

/// The methods that there is something to say of, and any other.
const METHODS: [&str; 7] = ["GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "OTHER"];
/// What is answered, and anything else.
const STATUSES: [&str; 20] = [
    "101", "200", "202", "204", "400", "401", "403", "404", "405", "406", "408", "409", "413",
    "415", "422", "429", "500", "502", "503", "other",
];

/// What is counted of requests. Its series are all there from the beginning: nobody outside makes more.
#[derive(Debug)]
pub struct HttpCounts {
    is_on: AtomicBool,
    inflight: AtomicI64,
    /// By route, method and status.
    answered: Box<[AnsweredCount]>,
}

#[derive(Debug, Default)]
struct AnsweredCount {
    count: AtomicU64,
    micros: AtomicU64,
}

impl Default for HttpCounts {
    fn default() -> Self {
        let all = ROUTES.len() * METHODS.len() * STATUSES.len();
        Self {
            is_on: AtomicBool::new(false),
            inflight: AtomicI64::new(0),
            answered: (0..all).map(|_| AnsweredCount::default()).collect(),
        }
    }
}

/// A request that is counted once it is answered to its end.
#[derive(Debug)]
pub struct CountedRequest {
    counts: Arc<HttpCounts>,
    began: Instant,
    /// The place of its route and method. A request in flight is to have little to carry.
    place: u16,
    /// `None`: it has no answer yet.
    status: Option<u16>,
}

impl HttpCounts {
    /// Whether requests are counted from now on.
    pub fn set(&self, is_on: bool) {
        self.is_on.store(is_on, Ordering::Relaxed);
    }

    /// A request has come; `None` while requests are not counted.
    pub fn begin(self: &Arc<Self>, method: &str, path: &str) -> Option<CountedRequest> {
        if !self.is_on.load(Ordering::Relaxed) {
            return None;
        }
        self.inflight.fetch_add(1, Ordering::Relaxed);
        let method = METHODS.iter().position(|known| *known == method);
        let place = route::of(path) * METHODS.len() + method.unwrap_or(METHODS.len() - 1);
        let place = u16::try_from(place).unwrap_or_default();
        Some(CountedRequest { counts: self.clone(), began: Instant::now(), place, status: None })
    }

    /// Adds it to what is told, if requests are counted.
    pub fn tell(&self, to: &mut Exposition) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        to.alone(&families::HTTP_INFLIGHT, self.inflight.load(Ordering::Relaxed));
        let mut samples = to.family(&families::HTTP_REQUESTS);
        for (labels, count, _) in self.answered() {
            samples.add(&labels, count);
        }
        let mut samples = to.family(&families::HTTP_DURATION);
        for (labels, count, took) in self.answered() {
            samples.sum(&labels, took, count);
        }
    }

    /// Each series of which there was a request: method, path and status, how many, how long.
    fn answered(&self) -> impl Iterator<Item = ([&str; 3], u64, Duration)> {
        let read = |value: &AtomicU64| value.load(Ordering::Relaxed);
        let all = self.answered.iter().enumerate();
        all.map(move |(at, answered)| (at, read(&answered.count), read(&answered.micros)))
            .filter(|(_, count, _)| *count > 0)
            .map(|(at, count, micros)| {
                let (place, status) = (at / STATUSES.len(), at % STATUSES.len());
                let (path, method) = (place / METHODS.len(), place % METHODS.len());
                let labels = [METHODS[method], ROUTES[path], STATUSES[status]];
                (labels, count, Duration::from_micros(micros))
            })
    }
}

impl CountedRequest {
    /// It is answered with this status.
    pub fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }
}

impl Drop for CountedRequest {
    fn drop(&mut self) {
        self.counts.inflight.fetch_sub(1, Ordering::Relaxed);
        // Whose client went away before there was an answer was not answered.
        let Some(status) = self.status else { return };
        let status = STATUSES.iter().position(|known| known.parse() == Ok(status));
        let at = usize::from(self.place) * STATUSES.len() + status.unwrap_or(STATUSES.len() - 1);
        let answered = &self.counts.answered[at];
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        answered.count.fetch_add(1, Ordering::Relaxed);
        answered.micros.fetch_add(micros, Ordering::Relaxed);
    }
}
