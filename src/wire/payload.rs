//! Bytes on their way out, in one piece or a few.

use std::io::IoSlice;

use bytes::{Bytes, BytesMut};

/// The bytes of one message. Large ones stay in the pieces they are made of, so that a result of
/// a megabyte is not copied because its id changes.
#[derive(Debug, Clone)]
pub enum Payload {
    Whole(Bytes),
    Parts(Vec<Bytes>),
}

impl Payload {
    pub fn len(&self) -> usize {
        self.parts().iter().map(Bytes::len).sum()
    }

    pub fn parts(&self) -> &[Bytes] {
        match self {
            Self::Whole(bytes) => std::slice::from_ref(bytes),
            Self::Parts(parts) => parts,
        }
    }

    pub fn into_parts(self) -> Vec<Bytes> {
        match self {
            Self::Whole(bytes) => vec![bytes],
            Self::Parts(parts) => parts,
        }
    }

    /// All bytes in one piece; copies only if there are several.
    pub fn into_bytes(self) -> Bytes {
        match self {
            Self::Whole(bytes) => bytes,
            Self::Parts(parts) => {
                let mut all = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
                for part in &parts {
                    all.extend_from_slice(part);
                }
                all.freeze()
            }
        }
    }

    /// The same message without line breaks between its tokens, for newline framing. Inside a
    /// JSON string a line break is always escaped, so only white space changes.
    pub fn on_one_line(self) -> Self {
        if self.parts().iter().all(|part| memchr::memchr2(b'\n', b'\r', part).is_none()) {
            return self;
        }
        let mut flat = BytesMut::from(self.into_bytes());
        for byte in &mut flat[..] {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        Self::Whole(flat.freeze())
    }

    /// Views of all parts, for one vectored write.
    pub fn slices<'a>(&'a self, out: &mut Vec<IoSlice<'a>>) {
        out.extend(self.parts().iter().map(|part| IoSlice::new(part)));
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::Whole(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::Payload;
    use bytes::Bytes;

    #[test]
    fn line_breaks_between_tokens_become_spaces() {
        let parts = vec![Bytes::from("{\r\n\"a\":"), Bytes::from("\"x\\ny\"\n}")];
        assert_eq!(Payload::Parts(parts).on_one_line().into_bytes(), "{  \"a\":\"x\\ny\" }");
    }
}
