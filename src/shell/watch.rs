//! `callmux watch`: what happens, as the daemon tells it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Collected, Empty};
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::activation::remedy;
use crate::api::{ProblemDetails, path};
use crate::base::runtime::runtime;
use crate::base::{LocalTime, Tasks, runtime_dir, visible};
use crate::terminal::style::Style;
use crate::terminal::{Exit, print};

/// How long a daemon that is being started anew is waited for, and how often it is tried.
const BACK_WITHIN: Duration = Duration::from_secs(30);
const TRY_EACH: Duration = Duration::from_millis(200);
/// The longest line of an event, in bytes: a longer one is none of ours.
const LINE_MAX: usize = 1 << 20;

/// What `callmux watch --help` says behind the arguments.
const WATCHED: &str = "\
Everything that goes into the journal, as it happens: calls, sessions, servers that start and fail, reloads. The
daemon itself tells of it, so no journal is needed. `callmux trace` shows the calls of one session, readable.

It goes on when the daemon is started anew, and ends with Ctrl-C. Where something is lost in between, it says so.

Exit codes: 69 no daemon, 130 interrupted.";

#[derive(Debug, Args)]
#[command(after_help = WATCHED)]
pub struct EventArgs {
    /// For programs: one JSON object per line, with the fields of callmux.journal(7).
    #[arg(long)]
    json: bool,
}

/// Shows what the daemon at this socket tells, or the one at the usual one, until it is gone for good.
pub fn watch(args: &EventArgs, socket: Option<PathBuf>) -> Exit {
    let socket = match socket.map_or_else(runtime_dir::socket, Ok) {
        Ok(socket) => socket,
        Err(error) => return unavailable(&error.to_string()),
    };
    match runtime() {
        Ok(runtime) => runtime.block_on(follow(&socket, args.json)),
        Err(error) => {
            print::error(&format!("no runtime: {error}"));
            Exit::System
        }
    }
}

fn unavailable(why: &str) -> Exit {
    print::error(why);
    Exit::Unavailable
}

/// Goes on with one connection after the other.
async fn follow(socket: &Path, as_json: bool) -> Exit {
    let (tasks, mut last) = (Tasks::new(), None);
    let mut opened = open(&tasks, socket, None).await;
    loop {
        let mut response = match opened {
            Ok(response) if response.status() == StatusCode::OK => response,
            Ok(response) => return refused(response).await,
            Err(error) => {
                let socket = socket.display();
                let why = format!("no daemon is listening on {socket} ({error}); {}", remedy());
                return unavailable(&why);
            }
        };
        let mut events = Events::default();
        while let Some(Ok(frame)) = response.body_mut().frame().await {
            let Some(data) = frame.data_ref() else { continue };
            for event in events.read(data) {
                show(&event, as_json);
                last = event.id.or(last);
            }
        }
        // The socket is there again, or systemd has it and starts the daemon.
        let until = Instant::now() + BACK_WITHIN;
        opened = open(&tasks, socket, last.as_deref()).await;
        while opened.is_err() && Instant::now() < until {
            tokio::time::sleep(TRY_EACH).await;
            opened = open(&tasks, socket, last.as_deref()).await;
        }
    }
}

async fn refused(response: Response<Incoming>) -> Exit {
    let status = response.status();
    let body = response.into_body().collect().await.map(Collected::to_bytes).unwrap_or_default();
    match serde_json::from_slice::<ProblemDetails>(&body) {
        Ok(problem) => print::error(&problem.line()),
        Err(_) => {
            print::error(&format!("the daemon answered with {status}; is it older than this?"));
        }
    }
    Exit::Failed
}

async fn open(tasks: &Tasks, socket: &Path, last: Option<&str>) -> io::Result<Response<Incoming>> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // It ends when the daemon does, or with us.
    tasks.spawn("watch", async { drop(connection.await) });
    let mut request = Request::get(path::EVENTS).header("Host", "localhost");
    if let Some(last) = last {
        request = request.header("Last-Event-ID", last);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    sender.send_request(request).await.map_err(io::Error::other)
}

fn show(event: &WatchedEvent, as_json: bool) {
    if event.name == "reset" {
        print::note("something in between was not seen");
    } else if as_json {
        print::json(&event.data);
    } else if let Ok(fact) = serde_json::from_str::<Value>(&event.data) {
        let text = |name: &str| visible::line(fact[name].as_str().unwrap_or_default()).into_owned();
        let time = humantime::parse_rfc3339(&text("time")).unwrap_or(UNIX_EPOCH);
        let time = LocalTime::of(time).clock();
        let style = match fact["level"].as_str() {
            Some("error") => Style::Bad,
            Some("warning") => Style::Notable,
            _ => Style::Plain,
        };
        print::styled(&[(Style::Dim, time + " "), (style, text("message"))]);
    }
}

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
struct WatchedEvent {
    id: Option<String>,
    name: String,
    data: String,
}

/// Events of a stream, as far as they have come.
#[derive(Debug, Default)]
struct Events {
    rest: Vec<u8>,
    event: WatchedEvent,
}

impl Events {
    /// Those that end with these bytes.
    fn read(&mut self, bytes: &[u8]) -> Vec<WatchedEvent> {
        let mut ended = Vec::new();
        self.rest.extend_from_slice(bytes);
        while let Some(at) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.rest[..at]).into_owned();
            self.rest.drain(..=at);
            match line.split_once(": ") {
                Some(("id", id)) => self.event.id = Some(id.to_owned()),
                Some(("event", name)) => name.clone_into(&mut self.event.name),
                Some(("data", data)) => data.clone_into(&mut self.event.data),
                _ if line.is_empty() => {
                    let event = std::mem::take(&mut self.event);
                    ended.extend(Some(event).filter(|event| !event.name.is_empty()));
                }
                _ => {}
            }
        }
        if self.rest.len() > LINE_MAX {
            self.rest.clear();
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use super::{Events, WatchedEvent};

    #[test]
    fn events_are_read_however_they_come_in() {
        let text =
            "retry: 2000\n\nid: a-1\nevent: x\ndata: {\"é\":1}\n\n:\n\nevent: reset\ndata: {}\n\n";
        let event = |id: Option<&str>, name: &str, data: &str| WatchedEvent {
            id: id.map(str::to_owned),
            name: name.to_owned(),
            data: data.to_owned(),
        };
        let expected = [event(Some("a-1"), "x", "{\"é\":1}"), event(None, "reset", "{}")];
        for size in 1..=text.len() {
            let mut events = Events::default();
            let seen: Vec<WatchedEvent> =
                text.as_bytes().chunks(size).flat_map(|part| events.read(part)).collect();
            assert_eq!(seen, expected, "{size}");
        }
    }
}
