//! `org.freedesktop.Notifications`, the service that shows notifications (Desktop Notifications Specification 1.2).

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use zbus::Variant;
use zbus::export::futures_core::Stream;
use zbus::fdo::DBusProxy;
use zbus::names::{MemberName, OwnedUniqueName};
use zbus::proxy::{CacheProperties, SignalStream};

use crate::approvals::{Decision, QuestionText};
use crate::process::bus;

const NAME: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";
/// What the notification is of, where a desktop sorts them ("Categories").
const CATEGORY: &str = "im.received";
/// The highest urgency: it stays until it is answered or over ("Urgency Levels").
const CRITICAL: u8 = 2;

#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications"
)]
trait Notifications {
    fn close_notification(&self, id: u32) -> zbus::Result<()>;
}

/// The service, by the one connection to the bus that has its name now: who takes the name later is heard of nothing.
#[derive(Debug)]
pub struct NotificationService {
    proxy: NotificationsProxy<'static>,
    has_markup: bool,
    /// The number of its process.
    pub process: u32,
}

/// One that is shown.
#[derive(Debug)]
pub struct Notification {
    service: NotificationsProxy<'static>,
    id: u32,
    /// All of them, as they came: a desktop says that it closed a notification right after its button was
    /// pressed.
    signals: SignalStream<'static>,
}

impl NotificationService {
    /// The service of this user's desktop; `None`: it shows no answers, so that nobody can give one.
    pub async fn find() -> zbus::Result<Option<Self>> {
        let connection = bus::connect().await?;
        // Asking starts it where it is not started yet.
        let asked = connection.call_method(Some(NAME), PATH, Some(NAME), "GetCapabilities", &());
        let answer = asked.await?;
        let capabilities: Vec<String> = answer.body().deserialize()?;
        let has = |name: &str| capabilities.iter().any(|one| one == name);
        let header = answer.header();
        let Some(owner) = header.sender().map(|name| OwnedUniqueName::from(name.to_owned())) else {
            return Ok(None);
        };
        if !has("actions") {
            return Ok(None);
        }
        let bus = DBusProxy::new(&connection).await?;
        let process = bus.get_connection_unix_process_id(owner.as_ref().into()).await?;
        let proxy = NotificationsProxy::builder(&connection)
            .destination(owner)
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        Ok(Some(Self { proxy, has_markup: has("body-markup"), process }))
    }

    /// Shows a question until it is answered, for at most this long.
    pub async fn show(self, text: &QuestionText, within: Duration) -> zbus::Result<Notification> {
        // Before it is shown: the answer may be there at once.
        let signals = self.proxy.inner().receive_all_signals().await?;
        let body = if self.has_markup { marked_up(&text.body) } else { text.body.clone() };
        let answers = if text.is_whole { &Decision::ALL[..] } else { &[Decision::Deny] };
        let actions: Vec<&str> =
            answers.iter().flat_map(|decision| [decision.as_str(), label(*decision)]).collect();
        let hints = HashMap::from([
            ("urgency", Variant::from(CRITICAL)),
            ("category", Variant::from(CATEGORY)),
        ]);
        let until = i32::try_from(within.as_millis()).unwrap_or(i32::MAX);
        let (replaced, icon) = (0_u32, "dialog-question");
        let wanted = ("callmux", replaced, icon, &*text.title, &*body, actions, hints, until);
        let id = self.proxy.inner().call("Notify", &wanted).await?;
        Ok(Notification { service: self.proxy, id, signals })
    }
}

impl Notification {
    /// What a person says; `None`: they put it away, or the desktop did.
    pub async fn answer(&mut self) -> Option<Decision> {
        loop {
            let signal = next(&mut self.signals).await?;
            let (header, body) = (signal.header(), signal.body());
            match header.member().map(MemberName::as_str) {
                Some("ActionInvoked") => {
                    let invoked = body.deserialize::<(u32, String)>().ok();
                    let key = invoked.filter(|(id, _)| *id == self.id).map(|(_, key)| key);
                    if let Some(said) = key.and_then(|key| Decision::parse(&key)) {
                        return Some(said);
                    }
                }
                Some("NotificationClosed") if closed(&body) == Some(self.id) => return None,
                _ => {}
            }
        }
    }

    /// Takes it away.
    pub async fn close(self) {
        if let Err(error) = self.service.close_notification(self.id).await {
            tracing::debug!(%error, "a notification was not taken away; perhaps it was not there any more");
        }
    }
}

/// Which notification is shown no more.
fn closed(body: &zbus::message::Body) -> Option<u32> {
    body.deserialize().ok().map(|(id, _reason): (u32, u32)| id)
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

fn label(decision: Decision) -> &'static str {
    match decision {
        Decision::Once => "Allow once",
        Decision::Hour => "Allow for an hour",
        Decision::Deny => "Deny",
    }
}

/// A text in which nothing is markup ("Markup").
fn marked_up(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::marked_up;

    #[test]
    fn what_a_model_wrote_is_no_markup() {
        assert_eq!(marked_up("a <a href='x'>&lt;</a>"), "a &lt;a href='x'&gt;&amp;lt;&lt;/a&gt;");
    }
}
