//! What a driver does about the lists of its server.

use std::sync::Arc;

use super::Driver;
use crate::facts;
use crate::servers::offer::{Complaint, Offer};
use crate::servers::pinning;
use crate::servers::work::Refreshed;

impl Driver {
    pub(super) fn read_changed(&mut self) {
        let Some(running) = &self.present.running else { return };
        let patience = self.start.config.supervision.start_timeout;
        let Some(read) = self.work.refresh.begin(running, patience) else { return };
        let (start, known) = (self.start.clone(), self.known.offer.clone());
        self.work.refreshing = Some(Box::pin(async move {
            let mut offer = known.as_deref().cloned().unwrap_or_default();
            let (mut size, mut failures) = (0, Vec::new());
            for (kind, list) in read.await {
                match list {
                    Ok(list) => {
                        size += list.size;
                        offer.set(kind, list);
                    }
                    Err(reason) => failures.push((kind, reason)),
                }
            }
            // Nobody sees a list before it was held against what was accepted.
            Refreshed {
                offer: pinning::look(
                    offer,
                    &start.pins,
                    (&start.server, &start.config),
                    &start.recorder,
                )
                .await,
                size: Some(size),
                failures,
            }
        }));
    }

    /// Something was accepted, or changes count otherwise: what is known is looked at again.
    pub(super) fn review(&mut self) {
        self.work.is_start_stale = self.work.starting.is_some();
        let Some(offer) = self.known.offer.as_deref().cloned() else { return };
        self.work.is_review_due = true;
        if self.work.refreshing.is_none() {
            let start = self.start.clone();
            self.work.refreshing = Some(Box::pin(async move {
                let offer = pinning::look(
                    offer,
                    &start.pins,
                    (&start.server, &start.config),
                    &start.recorder,
                )
                .await;
                Refreshed { offer, size: None, failures: Vec::new() }
            }));
        }
    }

    pub(super) fn review_again(&mut self) {
        if std::mem::take(&mut self.work.is_review_due) {
            self.review();
        }
    }

    pub(super) fn heard(&self) -> u64 {
        self.orders.desired.number.saturating_sub(u64::from(self.work.is_review_due))
    }

    pub(super) fn refreshed(&mut self, refreshed: Refreshed) {
        let Refreshed { offer, size, failures } = refreshed;
        if let Some(live) = &self.present.live {
            for (kind, reason) in failures {
                let what = format!("no usable list of {}s: {reason}", kind.noun());
                live.connection.misbehaved(&what, b"");
            }
        }
        self.take_offer(offer);
        let Some(size) = size else {
            self.work.is_review_due = false;
            self.read_changed();
            return self.publish();
        };
        self.work.refresh.read(size);
        self.read_changed();
        // What was accepted while the lists were read may not have been seen.
        self.review_again();
        self.publish();
    }

    pub(super) fn take_offer(&mut self, offer: Offer) {
        self.known.inherited = false;
        let old = self.known.offer.as_deref();
        if old == Some(&offer) {
            return;
        }
        for complaint in offer.complaints_beside(old) {
            let (server, Complaint { definition, message }) =
                (self.start.server.clone(), complaint);
            self.start.recorder.record(facts::DefinitionsRefused { server, definition, message });
        }
        self.known.offer = Some(Arc::new(offer));
    }
}
