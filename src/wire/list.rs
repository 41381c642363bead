//! The four lists of MCP: tools, prompts, resources, resource templates.

use super::method::Method;

/// One of the lists that a server may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ListKind {
    Tools,
    Prompts,
    Resources,
    Templates,
}

impl ListKind {
    pub const ALL: [Self; 4] = [Self::Tools, Self::Prompts, Self::Resources, Self::Templates];

    /// Its place in an array of one value for each kind.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The method that reads it.
    pub fn method(self) -> &'static str {
        match self {
            Self::Tools => "tools/list",
            Self::Prompts => "prompts/list",
            Self::Resources => "resources/list",
            Self::Templates => "resources/templates/list",
        }
    }

    /// The member of the result that holds it.
    pub fn member(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::Templates => "resourceTemplates",
        }
    }

    /// The member of an item that names it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::Templates => "uriTemplate",
        }
    }

    /// One item of it, for people.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Tools => "tool",
            Self::Prompts => "prompt",
            Self::Resources => "resource",
            Self::Templates => "resource template",
        }
    }

    /// The list that a request reads.
    pub fn read_by(method: &Method) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.method() == method.as_str())
    }

    /// The capability that goes with it, and the notifications about it.
    pub fn topic(self) -> Topic {
        match self {
            Self::Tools => Topic::Tools,
            Self::Prompts => Topic::Prompts,
            Self::Resources | Self::Templates => Topic::Resources,
        }
    }
}

/// What a notification about changed lists is about. Resources and their templates are one topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    Tools,
    Prompts,
    Resources,
}

impl Topic {
    pub const ALL: [Self; 3] = [Self::Tools, Self::Prompts, Self::Resources];

    /// Its place in an array of one value for each topic.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The capability's name.
    pub fn capability(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
        }
    }

    /// The member of a `subscriptions/listen` filter that asks for it (2026-07-28).
    pub fn filter(self) -> &'static str {
        match self {
            Self::Tools => "toolsListChanged",
            Self::Prompts => "promptsListChanged",
            Self::Resources => "resourcesListChanged",
        }
    }

    /// The notification that announces a change.
    pub fn notification(self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Prompts => "notifications/prompts/list_changed",
            Self::Resources => "notifications/resources/list_changed",
        }
    }

    /// What a notification announces a change of.
    pub fn announced_by(method: &Method) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.notification() == method.as_str())
    }

    /// The lists it is about.
    pub fn lists(self) -> &'static [ListKind] {
        match self {
            Self::Tools => &[ListKind::Tools],
            Self::Prompts => &[ListKind::Prompts],
            Self::Resources => &[ListKind::Resources, ListKind::Templates],
        }
    }
}
