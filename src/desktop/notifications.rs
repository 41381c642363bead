//! `org.freedesktop.Notifications`, the service that shows notifications (Desktop Notifications Specification 1.2).

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use zbus::Variant;
use zbus::export::futures_core::Stream;
use zbus::fdo::DBusProxy;
use zbus::names::OwnedUniqueName;
use zbus::proxy::CacheProperties;

use crate::approvals::{Decision, QuestionText};
use crate::process::bus;

const NAME: &str = "org.freedesktop.Notifications";
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
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;
    fn close_notification(&self, id: u32) -> zbus::Result<()>;
    #[zbus(signal)]
    fn action_invoked(&self, id: u32, key: String) -> zbus::Result<()>;
    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
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
    invoked: ActionInvokedStream,
    closed: NotificationClosedStream,
}

impl NotificationService {
    /// The service of this user's desktop; `None`: it shows no answers, so that nobody can give one.
    pub async fn find() -> zbus::Result<Option<Self>> {
        let connection = bus::connect().await?;
        // Asking starts it where it is not started yet.
        let asked = connection.call_method(
            Some(NAME),
            "/org/freedesktop/Notifications",
            Some(NAME),
            "GetCapabilities",
            &(),
        );
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
        let invoked = self.proxy.receive_action_invoked().await?;
        let closed = self.proxy.receive_notification_closed().await?;
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
        Ok(Notification { service: self.proxy, id, invoked, closed })
    }
}

impl Notification {
    /// What a person says; `None`: they put it away, or the desktop did.
    pub async fn answer(&mut self) -> Option<Decision> {
        loop {
            tokio::select! {
                invoked = next(&mut self.invoked) => {
                    let invoked = invoked?;
                    let Ok(args) = invoked.args() else { continue };
                    if args.id == self.id && let Some(said) = Decision::parse(&args.key) {
                        return Some(said);
                    }
                }
                closed = next(&mut self.closed) => {
                    if closed?.args().is_ok_and(|args| args.id == self.id) {
                        return None;
                    }
                }
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
