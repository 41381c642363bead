//! Questions that are shown on the desktop.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::Mutex;

use super::notifications::{Notification, NotificationService};
use crate::approvals::{Approvals, Question, is_older_or_apart, question_text};
use crate::base::Tasks;
use crate::facts::ApprovalAnswered;
use crate::telemetry::Recorder;

/// Questions that are shown at once: more would bury the desktop.
const SHOWN_MAX: usize = 8;
/// So long a call waits for the desktop to show something.
const PATIENCE: Duration = Duration::from_secs(2);
/// Of a question so much is shown, in bytes. What is longer can be denied here, and allowed where all of it is seen.
const BODY_MAX: usize = 1024;
/// Who answers, as the journal names it.
const DESKTOP: &str = "desktop";

/// Asks by notifications. Cloning shares it.
#[derive(Debug, Clone)]
pub struct Desktop(Arc<DesktopState>);

#[derive(Debug)]
struct DesktopState {
    approvals: Approvals,
    recorder: Recorder,
    /// The ids of the questions that are shown.
    shown: Mutex<HashSet<Box<str>>>,
    /// One for each of them.
    tasks: Tasks,
}

impl Desktop {
    /// The desktop on which the questions among these are shown.
    pub fn of(approvals: Approvals, recorder: Recorder) -> Self {
        let (shown, tasks) = (Mutex::default(), Tasks::new());
        Self(Arc::new(DesktopState { approvals, recorder, shown, tasks }))
    }

    /// Shows a question until it is over. Whether a person sees it who can answer.
    pub async fn shows(&self, question: &Question) -> bool {
        let mut shown = self.0.shown.lock().await;
        if shown.contains(&question.id) {
            return true;
        }
        if shown.len() >= SHOWN_MAX {
            return false;
        }
        match tokio::time::timeout(PATIENCE, show(question)).await {
            Ok(Ok(Some(notification))) => {
                shown.insert(question.id.clone());
                let followed = self.clone().follow(notification, question.clone());
                self.0.tasks.spawn_until_stopped("notification", followed);
                true
            }
            Ok(Ok(None)) | Err(_) => false,
            Ok(Err(error)) => {
                tracing::debug!(%error, "no desktop shows notifications");
                false
            }
        }
    }

    /// Hears what is said, until the question is over.
    async fn follow(self, mut notification: Notification, question: Question) {
        let Self(state) = self;
        let said = tokio::select! {
            () = state.approvals.over(&question) => None,
            said = notification.answer() => said,
        };
        if let Some(decision) = said
            // Somebody else may have been faster.
            && state.approvals.answer(&question.id, decision).is_ok()
        {
            let (id, decision) = (question.id.clone(), decision.as_str());
            state.recorder.record(ApprovalAnswered { id, decision, by: DESKTOP.into() });
        }
        notification.close().await;
        state.shown.lock().await.remove(&question.id);
    }
}

/// `None`: there is no desktop that shows it, or it may be one of whoever asks.
async fn show(question: &Question) -> zbus::Result<Option<Notification>> {
    let Some(service) = NotificationService::find().await? else { return Ok(None) };
    if !is_older_or_apart(service.process, &question.asking.processes) {
        tracing::debug!(
            pid = service.process,
            "the client that asks may be what shows notifications"
        );
        return Ok(None);
    }
    let left = question.until.duration_since(SystemTime::now()).unwrap_or_default();
    service.show(&question_text(question, BODY_MAX), left).await.map(Some)
}
