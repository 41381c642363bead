//! MCP's method names.

macro_rules! methods {
    ($($variant:ident = $name:literal,)*) => {
        /// A JSON-RPC method: one of MCP's, or any other.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Method {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            Other(Box<str>),
        }

        impl Method {
            pub fn parse(name: &str) -> Self {
                match name {
                    $($name => Self::$variant,)*
                    _ => Self::Other(name.into()),
                }
            }

            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Other(name) => name,
                }
            }
        }
    };
}

impl Method {
    /// Whether a second request of the same may do what the first has done already. Of `tools/call`
    /// that hangs on the tool; whoever does not know must not send it twice.
    pub fn may_have_effect(&self) -> bool {
        matches!(self, Self::ToolsCall | Self::TasksUpdate | Self::TasksCancel)
    }
}

methods! {
    Initialize = "initialize",
    Initialized = "notifications/initialized",
    Discover = "server/discover",
    Ping = "ping",
    ToolsList = "tools/list",
    ToolsCall = "tools/call",
    PromptsList = "prompts/list",
    PromptsGet = "prompts/get",
    ResourcesList = "resources/list",
    TemplatesList = "resources/templates/list",
    ResourcesRead = "resources/read",
    ResourcesSubscribe = "resources/subscribe",
    ResourcesUnsubscribe = "resources/unsubscribe",
    Complete = "completion/complete",
    TasksGet = "tasks/get",
    TasksResult = "tasks/result",
    TasksList = "tasks/list",
    TasksCancel = "tasks/cancel",
    TasksUpdate = "tasks/update",
    Listen = "subscriptions/listen",
    SetLevel = "logging/setLevel",
    Cancelled = "notifications/cancelled",
    Progress = "notifications/progress",
    LogMessage = "notifications/message",
    ToolsChanged = "notifications/tools/list_changed",
    PromptsChanged = "notifications/prompts/list_changed",
    ResourcesChanged = "notifications/resources/list_changed",
    ResourceUpdated = "notifications/resources/updated",
    TaskStatus = "notifications/tasks/status",
    ElicitationComplete = "notifications/elicitation/complete",
    RootsChanged = "notifications/roots/list_changed",
    SubscriptionAcknowledged = "notifications/subscriptions/acknowledged",
    RootsList = "roots/list",
    CreateMessage = "sampling/createMessage",
    Elicit = "elicitation/create",
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
