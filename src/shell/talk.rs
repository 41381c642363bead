//! One client's lines to a bridge of this process, and back.

use std::collections::VecDeque;
use std::pin::Pin;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};

use super::mirror::Mirror;
use super::trouble::Trouble;
use crate::json::Json;
use crate::settings::SHELL_CLIENT;
use crate::wire::error::code;
use crate::wire::lines::{LINE_MIN, Lines};
use crate::wire::{Kind, Message, Method, Revision, object};

/// What the daemon answered, as JSON texts.
#[derive(Debug)]
pub(super) enum Answered {
    Result(String),
    Error(String),
}

/// The client's end.
pub(super) struct Talk {
    from: ReadHalf<DuplexStream>,
    to: WriteHalf<DuplexStream>,
    lines: Lines,
    last_id: u64,
}

/// A server's question that somebody is being asked: the response to it.
type Asking<'a> = Pin<Box<dyn Future<Output = String> + 'a>>;

impl Talk {
    /// Introduces us. Nobody waits for the answer: the daemon takes what follows as it comes.
    pub(super) async fn begin(end: DuplexStream) -> Result<Self, Trouble> {
        let (from, to) = tokio::io::split(end);
        let mut talk = Self { from, to, lines: Lines::new(LINE_MIN), last_id: 0 };
        let hello = serde_json::json!({
            "jsonrpc": "2.0", "id": "hello", "method": "initialize",
            "params": {
                "protocolVersion": Revision::NEWEST_LEGACY.to_string(),
                "capabilities": { "elicitation": { "form": {}, "url": {} } },
                "clientInfo": { "name": SHELL_CLIENT, "version": env!("CARGO_PKG_VERSION") },
            },
        });
        let ready = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
        talk.write(&format!("{hello}\n{ready}")).await?;
        Ok(talk)
    }

    async fn write(&mut self, line: &str) -> Result<(), Trouble> {
        let line = format!("{line}\n");
        let written = self.to.write_all(line.as_bytes()).await;
        written.map_err(|error| Trouble::Broken(error.to_string()))
    }

    /// The next message. Nothing is lost if this is dropped.
    async fn read(&mut self) -> Result<Message, Trouble> {
        loop {
            let line = self.lines.next().map_err(|error| Trouble::Unreadable(error.to_string()))?;
            if let Some(line) = line {
                let message = Message::parse(&line);
                return message.map_err(|error| Trouble::Unreadable(error.answer().0.message));
            }
            match self.from.read_buf(self.lines.room()).await {
                Ok(0) => return Err(Trouble::Broken("it ended".to_owned())),
                Ok(_) => {}
                Err(error) => return Err(Trouble::Broken(error.to_string())),
            }
        }
    }

    /// Asks, and passes on what is said and asked meanwhile. `params`: a JSON object.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        params: &str,
        mirror: &Mirror<'_>,
    ) -> Result<Answered, Trouble> {
        self.last_id += 1;
        let id = self.last_id.to_string();
        let method = Json::from(method);
        let request =
            format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method},"params":{params}}}"#);
        self.write(&request).await?;
        let mut asking: Option<Asking<'_>> = None;
        let mut questions: VecDeque<Message> = VecDeque::new();
        loop {
            if asking.is_none() {
                let next = questions.pop_front();
                asking = next.map(|question| Box::pin(mirror.answer(question)) as Asking<'_>);
            }
            let message = tokio::select! {
                message = self.read() => message?,
                response = until_answered(&mut asking) => {
                    asking = None;
                    self.write(&response).await?;
                    continue;
                }
            };
            match message.kind() {
                Kind::Result { result, .. } if message.id() == Some(&id) => {
                    return Ok(Answered::Result(message.at(*result).to_owned()));
                }
                Kind::Error { .. } if message.id() == Some(&id) => {
                    let error = object::get(message.text(), "error").unwrap_or("{}");
                    return Ok(Answered::Error(error.to_owned()));
                }
                Kind::Request { .. } if message.method() == Some(&Method::Elicit) => {
                    questions.push_back(message);
                }
                Kind::Request { .. } => {
                    let response = refuse(&message);
                    self.write(&response).await?;
                }
                Kind::Notification { .. } => mirror.hear(&message),
                Kind::Result { .. } | Kind::Error { .. } => {}
            }
        }
    }

    /// Takes the last request back.
    pub(super) async fn take_back(&mut self, reason: &str) -> Result<(), Trouble> {
        let (id, reason) = (self.last_id, Json::from(reason));
        self.write(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id},"reason":{reason}}}}}"#
        ))
        .await
    }
}

async fn until_answered(asking: &mut Option<Asking<'_>>) -> String {
    match asking {
        Some(asking) => asking.await,
        None => std::future::pending().await,
    }
}

/// The response to a request that is none to us.
fn refuse(message: &Message) -> String {
    let id = message.id().unwrap_or("null");
    if message.method() == Some(&Method::Ping) {
        return format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
    }
    let code = code::METHOD_NOT_FOUND;
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"a shell cannot do that"}}}}"#
    )
}
