//! The server itself: what it can do, what changes in it, and who is told.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CompletionInfo,
    ErrorData, GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ProtocolVersion, ReadResourceRequestParams, ReadResourceResponse, RequestStateCodec,
    SealOptions, ServerCapabilities, ServerConfig, SetLevelRequestParams, SubscribeRequestParams,
    SubscriptionFilter, Tool, UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, RoleServer, SubscriptionContext};
use rmcp::{ServerHandler, service::MaybeSendFuture};
use serde_json::json;
use tokio::sync::broadcast;

use crate::ask::{Given, typed};
use crate::{Eras, content, tools};

/// The same in every process, so that it is no matter which one a client comes back to.
const KEY: [u8; 32] = *b"a fixture has nothing to conceal";

/// A list that is no longer what it was.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    Tools,
    Prompts,
}

/// What all connections have in common. Over HTTP there is a new [`Fixture`] for each request.
pub struct Shared {
    eras: Eras,
    changes: broadcast::Sender<Change>,
    more_tools: AtomicBool,
    more_prompts: AtomicBool,
    states: RequestStateCodec,
}

impl Shared {
    pub fn new(eras: Eras) -> Self {
        let states = RequestStateCodec::new(KEY);
        let (changes, _) = broadcast::channel(16);
        let (more_tools, more_prompts) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { eras, changes, more_tools, more_prompts, states }
    }

    /// Adds an entry to that list or takes it away, and tells everybody.
    pub fn change(&self, change: Change) {
        match change {
            Change::Tools => self.more_tools.fetch_not(Ordering::Relaxed),
            Change::Prompts => self.more_prompts.fetch_not(Ordering::Relaxed),
        };
        // Nobody listening is no mistake.
        drop(self.changes.send(change));
    }

    pub fn more_tools(&self) -> bool {
        self.more_tools.load(Ordering::Relaxed)
    }

    pub fn more_prompts(&self) -> bool {
        self.more_prompts.load(Ordering::Relaxed)
    }

    /// `state` as a string that only comes back whole, and only for `tool`.
    pub fn seal(&self, tool: &str, state: &str) -> String {
        let options = SealOptions::new().associated_data(tool.as_bytes());
        self.states.seal_with(state.as_bytes(), &options)
    }

    /// The state that `given` brings back for `tool`, if it brings one.
    pub fn open(&self, tool: &str, given: &Given) -> Result<Option<String>, ErrorData> {
        let Some(sealed) = &given.state else { return Ok(None) };
        let foreign = || ErrorData::invalid_params("requestState is not ours", None);
        let state = self.states.open_with(sealed, tool.as_bytes()).map_err(|_| foreign())?;
        String::from_utf8(state).map(Some).map_err(|_| foreign())
    }
}

/// One connection's, or one request's, server.
#[derive(Clone)]
pub struct Fixture {
    shared: Arc<Shared>,
}

impl Fixture {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

/// A ready answer, for methods that need not wait.
fn ready<T: Send>(
    answer: Result<T, ErrorData>,
) -> impl Future<Output = Result<T, ErrorData>> + MaybeSendFuture {
    std::future::ready(answer)
}

impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_logging()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("conformance-server", env!("CARGO_PKG_VERSION")))
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        match self.shared.eras {
            Eras::Both => Cow::Borrowed(ProtocolVersion::KNOWN_VERSIONS),
            Eras::Legacy => {
                Cow::Borrowed(ProtocolVersion::known_up_to(&ProtocolVersion::V_2025_11_25))
            }
            Eras::Modern => Cow::Owned(vec![ProtocolVersion::V_2026_07_28]),
        }
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        tools::call(&self.shared, request, &context).await
    }

    fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> + MaybeSendFuture + '_ {
        ready(typed(json!({ "resultType": "complete", "tools": tools::list(&self.shared) })))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        let list = tools::list(&self.shared);
        let tool = list.as_array()?.iter().find(|tool| tool["name"] == name)?;
        typed(tool.clone()).ok()
    }

    fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListPromptsResult, ErrorData>> + MaybeSendFuture + '_ {
        let prompts = content::prompts(self.shared.more_prompts());
        ready(typed(json!({ "resultType": "complete", "prompts": prompts })))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        content::prompt(request, &context).await
    }

    fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListResourcesResult, ErrorData>> + MaybeSendFuture + '_ {
        ready(typed(json!({ "resultType": "complete", "resources": content::resources() })))
    }

    fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListResourceTemplatesResult, ErrorData>> + MaybeSendFuture + '_
    {
        let templates = content::templates();
        ready(typed(json!({ "resultType": "complete", "resourceTemplates": templates })))
    }

    fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ReadResourceResponse, ErrorData>> + MaybeSendFuture + '_ {
        ready(content::read(&request.uri).map(ReadResourceResponse::Complete))
    }

    fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<CompleteResult, ErrorData>> + MaybeSendFuture + '_ {
        let values = ["testValue1", "testValue2"].map(str::to_owned);
        let begun = &request.argument.value;
        let values = values.into_iter().filter(|value| value.starts_with(begun.as_str())).collect();
        let completion = CompletionInfo::with_all_values(values);
        let wrong = |why| ErrorData::internal_error(why, None);
        ready(completion.map(CompleteResult::new).map_err(wrong))
    }

    fn set_level(
        &self,
        _: SetLevelRequestParams,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + MaybeSendFuture + '_ {
        ready(Ok(()))
    }

    fn subscribe(
        &self,
        request: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + MaybeSendFuture + '_ {
        ready(content::read(&request.uri).map(drop))
    }

    fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + MaybeSendFuture + '_ {
        ready(content::read(&request.uri).map(drop))
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.shared.changes.subscribe();
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                () = context.cancelled() => return Ok(()),
            };
            // Whoever came too late for some hears of the latest; the sink leaves out what was
            // not asked for, as an error.
            let sent = match change {
                Ok(Change::Tools) => context.sink().notify_tool_list_changed().await,
                Ok(Change::Prompts) => context.sink().notify_prompt_list_changed().await,
                Err(broadcast::error::RecvError::Lagged(_)) => continue,
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            };
            drop(sent);
        }
    }

    /// A legacy client hears of changes without asking.
    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let mut changes = self.shared.changes.subscribe();
        tokio::spawn(async move {
            while let Ok(change) = changes.recv().await {
                let sent = match change {
                    Change::Tools => context.peer.notify_tool_list_changed().await,
                    Change::Prompts => context.peer.notify_prompt_list_changed().await,
                };
                if sent.is_err() {
                    return;
                }
            }
        });
    }
}
