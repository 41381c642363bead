//! What a row of the table of clients says.

/// The key of our entry. Clients put it before the names of tools, some split at the first `_`.
pub const NAME: &str = "callmux";

/// A program that has an MCP client.
#[derive(Debug)]
pub struct KnownClient {
    /// How it is named on the command line.
    pub id: &'static str,
    /// How people name it.
    pub shown: &'static str,
    /// What tells that it is here.
    pub signs: &'static [Sign],
    /// The user's file. If there are several places, the first that is there, or could be.
    pub user: &'static [Place],
    /// The same for a project, below its directory.
    pub project: &'static [&'static str],
    pub format: Grammar,
    /// The keys that lead to its servers.
    pub keys: &'static [&'static str],
    pub shape: EntryShape,
    /// A desktop starts it, so it may have another `PATH` than a shell: entries name the whole path.
    pub is_desktop: bool,
}

/// Where something is.
#[derive(Debug, Clone, Copy)]
pub enum Place {
    /// Below the home directory, whatever XDG says.
    Home(&'static str),
    /// Below `$XDG_CONFIG_HOME`.
    Config(&'static str),
    /// Below the directory that a variable names, else there.
    Variable { name: &'static str, inside: &'static str, otherwise: &'static Place },
}

/// What tells that a client is here.
#[derive(Debug, Clone, Copy)]
pub enum Sign {
    /// A file or directory.
    There(Place),
    /// A program in `PATH`.
    Program(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// With or without comments.
    Json,
    Toml,
    Yaml,
}

/// How a server is written.
#[derive(Debug, Clone, Copy)]
pub enum EntryShape {
    /// `command` and `args`, or an address.
    Usual {
        /// The value of `type` for a program, if there has to be one.
        stdio: Option<&'static str>,
        /// The key of an address and the value of `type` beside it.
        remote: Option<(&'static str, Option<&'static str>)>,
        /// Which tools may be used has to be said: all.
        names_tools: bool,
    },
    /// The command is a list.
    Opencode,
    Goose,
}

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    User,
    Project,
}

impl Scope {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }
}
