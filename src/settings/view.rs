//! What one client is shown, and how: `[clients.NAME]` over the settings for everybody.

use super::name_patterns::NamePatterns;
use crate::compression::Compression;
use crate::render::TextFormat;

/// Which tools are listed. Every tool can be called by its name all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Exposure {
    /// What the tools cost, and what the client does itself, decides: [`View::menu`].
    #[default]
    Auto,
    /// Those of the servers and the meta-tools.
    Full,
    /// Those of the servers that are always loaded, and the meta-tools.
    Hybrid,
    /// Only the meta-tools.
    MetaOnly,
    /// Only those of the servers.
    NoMeta,
}

impl Exposure {
    pub const ALL: [Self; 5] = [Self::Auto, Self::Full, Self::Hybrid, Self::MetaOnly, Self::NoMeta];

    /// Their names, in the same order.
    pub const NAMES: [&str; 5] = ["auto", "full", "hybrid", "meta-only", "no-meta"];

    pub fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether a tool of a server is listed. `pinned`: it is always loaded.
    pub fn shows(self, pinned: bool) -> bool {
        match self {
            Self::Auto | Self::Full | Self::NoMeta => true,
            Self::Hybrid => pinned,
            Self::MetaOnly => false,
        }
    }
}

/// What `callmux call` and the other verbs of a shell call themselves in `clientInfo`.
pub const SHELL_CLIENT: &str = "callmux-shell";

/// Clients that show a model `structuredContent` and nothing else where a result has it: a text that is
/// written for the model would not reach it.
const STRUCTURED_ALONE: [&str; 1] = [DEFERRING];

/// The client that shows a model few tools until it asks for others.
pub const DEFERRING: &str = "claude-code";

/// What a client is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    pub exposure: Exposure,
    /// Which meta-tools are listed.
    pub meta_tools: NamePatterns,
    pub schema_compression: Compression,
    /// In characters; longer descriptions are cut where definitions are compressed.
    pub max_description: usize,
    pub output_format: TextFormat,
    /// Whether results of callmux's own tools have `structuredContent` beside their text; not said:
    /// [`View::is_structured_for`].
    pub structured_content: Option<bool>,
    /// In bytes; 0: any.
    pub max_result: usize,
    /// The client shows a model few tools until it asks for others.
    pub defers: bool,
    /// A program reads it: nothing is shortened, whatever is said of a server.
    pub is_whole: bool,
}

impl View {
    /// What a shell is shown: all of it, as the servers wrote it.
    fn of_shell() -> Self {
        Self {
            exposure: Exposure::Full,
            meta_tools: NamePatterns::all(),
            schema_compression: Compression::Off,
            max_description: usize::MAX,
            output_format: TextFormat::Verbatim,
            structured_content: Some(true),
            max_result: 0,
            defers: false,
            is_whole: true,
        }
    }

    /// Whether a client of this name shows a model `structuredContent` in place of the text.
    pub fn reads_structured(client: &str) -> bool {
        STRUCTURED_ALONE.contains(&client)
    }

    /// Whether a client of this name gets `structuredContent` with what our own tools answer.
    pub fn is_structured_for(&self, client: &str) -> bool {
        self.structured_content.unwrap_or_else(|| !Self::reads_structured(client))
    }

    /// Whether the same tools are listed in the same way.
    pub fn lists_as(&self, other: &Self) -> bool {
        let compressed = |view: &Self| match view.schema_compression {
            Compression::Off => None,
            some => Some((some, view.max_description)),
        };
        self.exposure == other.exposure
            && self.meta_tools == other.meta_tools
            && (self.exposure != Exposure::Auto || self.defers == other.defers)
            && compressed(self) == compressed(other)
    }
}

/// `[clients.NAME]`
#[derive(Debug, Clone, PartialEq)]
pub struct ClientConfig {
    /// A client's name in `clientInfo`, or a pattern of names.
    pub name: String,
    pub names: NamePatterns,
    pub view: View,
    /// It is in every config that says nothing about the client, and follows from what it says of everybody.
    pub is_usual: bool,
}

impl ClientConfig {
    /// One of this name, or of names that fit it.
    pub fn new(name: String, view: View) -> Self {
        let defers = DEFERRING == name;
        let names = NamePatterns::new(vec![name.clone()]);
        Self { names, name, view: View { defers, ..view }, is_usual: false }
    }

    /// What holds of a client that loads tools on demand where the config says nothing about it.
    pub fn of_deferring(everybody: &View) -> Self {
        Self { is_usual: true, ..Self::new(DEFERRING.to_owned(), everybody.clone()) }
    }

    /// What holds of a shell where the config says nothing about it.
    pub fn of_shell() -> Self {
        Self { is_usual: true, ..Self::new(SHELL_CLIENT.to_owned(), View::of_shell()) }
    }
}
