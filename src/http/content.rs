//! The content of a response as it was meant: what a server packed unasked is unpacked, and events are
//! known even where no type says so.

use std::fmt;
use std::io::Write;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Body;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};

use super::error::reason;
use super::pool::ResponseBody;

/// Bytes that are unpacked at once: they stand for a thousand times as many at most.
const UNPACKED_AT_ONCE: usize = 1024;
/// What an event can begin with.
const FIELDS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b":"];

/// The content of a response.
pub struct Content {
    body: ResponseBody,
    /// What was read to look at it.
    first: Option<Result<Bytes, ContentError>>,
    packed: Option<Box<Packed>>,
    kind: ContentKind,
}

/// What its head says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ContentKind {
    Events,
    /// It may be anything.
    Unknown,
    Other,
}

/// Content that comes as gzip.
struct Packed {
    decoder: MultiGzDecoder<Vec<u8>>,
    /// What came and is not unpacked.
    rest: Bytes,
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Why there is no more of it.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    #[error("{0}")]
    Broken(String),
    /// It is in no form that we read.
    #[error("it answers in the encoding `{0}`, for which it was not asked")]
    Encoding(String),
    #[error("it says that it is gzip, and is not: {0}")]
    NoGzip(std::io::Error),
}

impl Content {
    /// That of a response. `Err`: it is in no form that we read.
    pub fn of(response: Response<ResponseBody>) -> Result<Self, ContentError> {
        let (head, body) = response.into_parts();
        Self::new(&head.headers, body)
    }

    /// `Err`: it is in no form that we read.
    pub fn new(headers: &HeaderMap, body: ResponseBody) -> Result<Self, ContentError> {
        let encoding = value(headers, &CONTENT_ENCODING).map(str::to_ascii_lowercase);
        let packed = match encoding.as_deref() {
            None | Some("" | "identity") => None,
            Some("gzip" | "x-gzip") => {
                let decoder = MultiGzDecoder::new(Vec::new());
                Some(Box::new(Packed { decoder, rest: Bytes::new() }))
            }
            Some(other) => {
                return Err(ContentError::Encoding(other.escape_debug().to_string()));
            }
        };
        let kind = match value(headers, &CONTENT_TYPE) {
            _ if is_events(headers) => ContentKind::Events,
            Some("application/json") => ContentKind::Other,
            _ => ContentKind::Unknown,
        };
        Ok(Self { body, first: None, packed, kind })
    }

    /// Whether it is a stream of events. Where nothing says so it is looked at.
    pub async fn is_stream(&mut self) -> bool {
        if self.kind == ContentKind::Unknown && self.first.is_none() {
            self.first = self.next().await;
        }
        let start = self.first.as_ref().and_then(|first| first.as_deref().ok()).unwrap_or_default();
        let start = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(start);
        let start = start.trim_ascii_start();
        self.kind == ContentKind::Events || FIELDS.iter().any(|field| start.starts_with(field))
    }

    /// The least that it has, in bytes.
    pub fn size(&self) -> u64 {
        if self.packed.is_some() { 0 } else { self.body.size_hint().lower() }
    }

    /// The next part of it; nothing, if that was all.
    pub async fn next(&mut self) -> Option<Result<Bytes, ContentError>> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        loop {
            if let Some(packed) = &mut self.packed
                && !packed.rest.is_empty()
            {
                match packed.unpack() {
                    Ok(part) if part.is_empty() => continue,
                    part => return Some(part.map_err(ContentError::NoGzip)),
                }
            }
            let data = match self.body.frame().await? {
                Ok(frame) => frame.into_data().unwrap_or_default(),
                Err(error) => return Some(Err(ContentError::Broken(reason(&error)))),
            };
            match &mut self.packed {
                Some(packed) => packed.rest = data,
                None => return Some(Ok(data)),
            }
        }
    }
}

impl Packed {
    /// Some of what came.
    fn unpack(&mut self) -> std::io::Result<Bytes> {
        let part = self.rest.split_to(self.rest.len().min(UNPACKED_AT_ONCE));
        self.decoder.write_all(&part)?;
        self.decoder.flush()?;
        Ok(std::mem::take(self.decoder.get_mut()).into())
    }
}

/// Whether a head says that what follows is a stream of events.
pub fn is_events(headers: &HeaderMap) -> bool {
    value(headers, &CONTENT_TYPE).is_some_and(|kind| kind.eq_ignore_ascii_case("text/event-stream"))
}

/// Whether a head says nothing of what follows.
pub fn is_untyped(headers: &HeaderMap) -> bool {
    !headers.contains_key(CONTENT_TYPE)
}

/// The value of a header, without its parameters.
fn value<'a>(headers: &'a HeaderMap, name: &hyper::header::HeaderName) -> Option<&'a str> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}
