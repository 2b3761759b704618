//! One connection to a server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use callboard_actors::message::Code;
use callboard_actors::ports::{McpAnswer, McpChanged, McpFault, McpLink, McpProgress, McpToolSpec};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CancelledNotificationParam, ClientConfig, ClientRequest, Implementation,
    PaginatedRequestParams, PingRequest, ProgressNotificationParam, ProgressToken, RequestId, ServerResult,
};
use rmcp::service::{NotificationContext, Peer, PeerRequestOptions, RunningService, RunningServiceCancellationToken};
use rmcp::{ClientHandler, RoleClient, ServiceError};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::answer::answer;
use super::process::Process;

/// How many characters of a server's own words are told.
const WORDS_CHARS_MAX: usize = 500;
/// How many pages of a list are asked for: a server that always has another one would never end.
const PAGES_MAX: usize = 32;

/// Hears what a server says by itself. What it asks of us (to sample a model, to ask a person, for roots) is refused, as the library's
/// own client does.
pub(super) struct Ear {
    changed: McpChanged,
    listeners: Arc<Listeners>,
}

/// Who hears how far a call is, by the call's mark.
#[derive(Default)]
struct Listeners(Mutex<HashMap<ProgressToken, McpProgress>>);

impl Listeners {
    fn all(&self) -> MutexGuard<'_, HashMap<ProgressToken, McpProgress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientHandler for Ear {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::new(
            rmcp::model::ClientCapabilities::default(),
            Implementation::new("callboard", env!("CARGO_PKG_VERSION")),
        )
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        (self.changed)();
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        let listener = self.listeners.all().get(&params.progress_token).cloned();
        if let Some(tell) = listener {
            let total = params.total.map(|total| format!(" of {total}")).unwrap_or_default();
            let message = params.message.map(|message| format!(": {}", words(&message))).unwrap_or_default();
            tell(format!("{}{total}{message}", params.progress));
        }
    }
}

/// Ends the connection, once.
struct Stop(Mutex<Option<RunningServiceCancellationToken>>);

impl Stop {
    fn now(&self) {
        if let Some(stop) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            stop.cancel();
        }
    }

    /// Returns the fault of a call. A server that cannot be reached any more has its connection made anew, as soon as that is known.
    fn fault(&self, error: ServiceError) -> McpFault {
        if matches!(error, ServiceError::TransportClosed | ServiceError::TransportSend(_)) {
            self.now();
        }
        fault(error)
    }
}

/// One connection.
pub(super) struct Link {
    peer: Peer<RoleClient>,
    listeners: Arc<Listeners>,
    stop: Arc<Stop>,
    over: watch::Receiver<Option<String>>,
    process: Option<Process>,
}

/// Returns the ear of a connection that is to be made.
pub(super) fn ear(changed: McpChanged) -> Ear {
    Ear { changed, listeners: Arc::default() }
}

impl Link {
    /// Takes a connection that was made, with the process that was started for it.
    pub(super) fn new(running: RunningService<RoleClient, Ear>, process: Option<Process>) -> Self {
        let (tell, over) = watch::channel(None);
        let (peer, stop) = (running.peer().clone(), running.cancellation_token());
        let listeners = Arc::clone(&running.service().listeners);
        tokio::spawn(async move {
            let why = match running.waiting().await {
                Ok(reason) => format!("the connection is over: {reason:?}"),
                Err(_) => "the connection broke off".to_owned(),
            };
            let _ = tell.send(Some(why));
        });
        Self { peer, listeners, stop: Arc::new(Stop(Mutex::new(Some(stop)))), over, process }
    }
}

impl McpLink for Link {
    fn tools(&self, max: usize) -> BoxFuture<'static, Result<Vec<McpToolSpec>, McpFault>> {
        let peer = self.peer.clone();
        async move {
            let (mut tools, mut cursor) = (Vec::new(), None);
            for _ in 0..PAGES_MAX {
                let asked = PaginatedRequestParams::default().with_cursor(cursor);
                let page = peer.list_tools(Some(asked)).await.map_err(fault)?;
                tools.extend(page.tools.into_iter().map(spec));
                cursor = page.next_cursor;
                if cursor.is_none() || tools.len() > max {
                    break;
                }
            }
            // One more than that, so that whoever asked sees that there are too many.
            tools.truncate(max.saturating_add(1));
            Ok(tools)
        }
        .boxed()
    }

    fn call(
        &self,
        tool: &str,
        args: Map<String, Value>,
        progress: McpProgress,
    ) -> BoxFuture<'static, Result<McpAnswer, McpFault>> {
        let (peer, listeners, stop) = (self.peer.clone(), Arc::clone(&self.listeners), Arc::clone(&self.stop));
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(args);
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        async move {
            let handle = peer
                .send_cancellable_request(request, PeerRequestOptions::no_options())
                .await
                .map_err(|error| stop.fault(error))?;
            listeners.all().insert(handle.progress_token.clone(), progress);
            let mut waiting = Waiting {
                peer: handle.peer.clone(),
                id: Some(handle.id.clone()),
                mark: handle.progress_token.clone(),
                listeners,
            };
            let result = handle.await_response().await;
            waiting.id = None;
            match result.map_err(|error| stop.fault(error))? {
                ServerResult::CallToolResult(result) => Ok(answer(result)),
                ServerResult::EmptyResult(_) => Ok(answer(rmcp::model::CallToolResult::success(Vec::new()))),
                _ => Err(McpFault::new(Code::BadUpstream, "the MCP server answered something that this gateway cannot use")),
            }
        }
        .boxed()
    }

    fn ping(&self) -> BoxFuture<'static, Result<(), McpFault>> {
        let peer = self.peer.clone();
        let request = ClientRequest::PingRequest(PingRequest::default());
        async move {
            match peer.send_request(request).await {
                // A server that knows no ping is there all the same.
                Ok(_) | Err(ServiceError::McpError(_)) => Ok(()),
                Err(error) => Err(fault(error)),
            }
        }
        .boxed()
    }

    fn closed(&self) -> BoxFuture<'static, String> {
        let mut over = self.over.clone();
        async move {
            let why = over.wait_for(Option::is_some).await.ok().and_then(|why| why.clone());
            why.unwrap_or_else(|| "the connection broke off".to_owned())
        }
        .boxed()
    }

    fn close(&self) {
        self.stop.now();
        if let Some(process) = &self.process {
            process.end();
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}

/// A call that is waited for. Dropped before its answer came, it tells the server that nobody waits any more.
struct Waiting {
    peer: Peer<RoleClient>,
    id: Option<RequestId>,
    mark: ProgressToken,
    listeners: Arc<Listeners>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.listeners.all().remove(&self.mark);
        let (Some(id), Ok(runtime)) = (self.id.take(), tokio::runtime::Handle::try_current()) else { return };
        let peer = self.peer.clone();
        runtime.spawn(async move {
            let told = CancelledNotificationParam::new(Some(id), Some("nobody waits any more".to_owned()));
            // A server that is gone does nothing more either.
            let _ = peer.notify_cancelled(told).await;
        });
    }
}

fn spec(tool: rmcp::model::Tool) -> McpToolSpec {
    McpToolSpec {
        name: tool.name.into_owned(),
        description: tool.description.map(std::borrow::Cow::into_owned).unwrap_or_default(),
        schema: Arc::unwrap_or_clone(tool.input_schema),
    }
}

fn fault(error: ServiceError) -> McpFault {
    match error {
        ServiceError::McpError(error) => {
            McpFault::new(Code::Refused, format!("the MCP server refused the call: {}", words(&error.message)))
        }
        ServiceError::TransportClosed | ServiceError::TransportSend(_) | ServiceError::Cancelled { .. } => McpFault::new(
            Code::Unavailable,
            "the MCP server went away before it answered: nobody knows whether it did the call",
        ),
        ServiceError::Timeout { .. } => McpFault::new(Code::Timeout, "the MCP server did not answer in time"),
        _ => McpFault::new(Code::BadUpstream, "the MCP server answered something that this gateway cannot use"),
    }
}

/// Returns a server's own words, cut and without what could look like something else.
pub(super) fn words(text: &str) -> String {
    text.chars().take(WORDS_CHARS_MAX).filter(|mark| !mark.is_control()).collect()
}
