//! A desktop: a bus of its own, with a service that shows notifications (Desktop Notifications Specification).

use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream};

use super::{PATIENCE, Sandbox, is_here, until};

const PATH: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";

/// What the service is asked.
#[derive(Debug, PartialEq, Eq)]
pub enum Asked {
    Shown {
        id: u32,
        summary: String,
        body: String,
        /// A key and a label each.
        actions: Vec<String>,
    },
    Closed(u32),
}

struct Bus(Child);

/// The bus of a sandbox's user, and the service on it.
pub struct Desktop {
    _bus: Bus,
    asked: Receiver<Asked>,
    said: UnboundedSender<(u32, String)>,
}

impl Desktop {
    /// `None`: this machine has no bus.
    pub fn start(sandbox: &Sandbox, capabilities: &'static [&'static str]) -> Option<Self> {
        if !is_here("dbus-daemon") {
            super::skipped("there is no dbus-daemon");
            return None;
        }
        let socket = sandbox.path("bus");
        let config = format!(
            r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
            "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd"><busconfig>
            <type>session</type><listen>unix:path={}</listen><policy context="default">
            <allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>"#,
            socket.display()
        );
        sandbox.write("bus.conf", &config);
        let mut command = Command::new("dbus-daemon");
        command.arg(format!("--config-file={}", sandbox.path("bus.conf").display()));
        command.arg("--nofork").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let bus = Bus(command.spawn().unwrap());
        until("a bus", || UnixStream::connect(&socket).ok());
        let (asking, asked) = channel();
        let (said, saying) = unbounded_channel();
        let (ready, is_ready) = channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let address = format!("unix:path={}", socket.display());
                let builder = zbus::connection::Builder::address(address.as_str());
                let connection = builder.build().await.unwrap();
                connection.request_name(NAME).await.unwrap();
                ready.send(()).unwrap();
                serve(&connection, capabilities, &asking, saying).await;
            });
        });
        is_ready.recv_timeout(PATIENCE).unwrap();
        Some(Self { _bus: bus, asked, said })
    }

    /// What the service is asked next.
    pub fn next(&self) -> Asked {
        self.asked.recv_timeout(PATIENCE).unwrap()
    }

    /// Whether it was asked for anything more.
    pub fn is_asked(&self) -> bool {
        self.asked.recv_timeout(Duration::ZERO).is_ok()
    }

    /// A person presses a button; an empty key: they put it away.
    pub fn press(&self, id: u32, key: &str) {
        self.said.send((id, key.to_owned())).unwrap();
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Whose it is, which one it replaces, its icon, its texts, its buttons, its hints, and how long it stays.
type Notify =
    (String, u32, String, String, String, Vec<String>, HashMap<String, zbus::OwnedVariant>, i32);

async fn serve(
    connection: &Connection,
    capabilities: &[&str],
    asking: &Sender<Asked>,
    mut saying: UnboundedReceiver<(u32, String)>,
) {
    let (mut calls, mut last) = (MessageStream::from(connection), 0);
    loop {
        tokio::select! {
            call = calls.next() => {
                let Some(Ok(call)) = call else { return };
                if call.message_type() == Type::MethodCall && answer(connection, &call, capabilities, asking, &mut last).await.is_err() {
                    return;
                }
            }
            said = saying.recv() => {
                let Some((id, key)) = said else { return };
                let emitted = emit(connection, id, &key).await;
                emitted.unwrap();
            }
        }
    }
}

/// What was pressed, and that nothing is shown any more: desktops say both at once.
async fn emit(connection: &Connection, id: u32, key: &str) -> zbus::Result<()> {
    let none = None::<&str>;
    if !key.is_empty() {
        connection.emit_signal(none, PATH, NAME, "ActionInvoked", &(id, key)).await?;
    }
    if !matches!(key, "" | "once" | "hour" | "deny") {
        return Ok(());
    }
    let dismissed = 2_u32;
    connection.emit_signal(none, PATH, NAME, "NotificationClosed", &(id, dismissed)).await
}

async fn answer(
    connection: &Connection,
    call: &Message,
    capabilities: &[&str],
    asking: &Sender<Asked>,
    last: &mut u32,
) -> zbus::Result<()> {
    let header = call.header();
    match header.member().map(zbus::names::MemberName::as_str) {
        Some("GetCapabilities") => connection.reply(&header, &capabilities).await,
        Some("Notify") => {
            *last += 1;
            let notify: Notify = call.body().deserialize()?;
            let (_, _, _, summary, body, actions, ..) = notify;
            drop(asking.send(Asked::Shown { id: *last, summary, body, actions }));
            connection.reply(&header, last).await
        }
        Some("CloseNotification") => {
            drop(asking.send(Asked::Closed(call.body().deserialize()?)));
            connection.reply(&header, &()).await
        }
        _ => Ok(()),
    }
}
