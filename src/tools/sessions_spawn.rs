//! `sessions_spawn`: begins a session of its own for a task, whose result comes back as a message.

use std::sync::Arc;

use callboard_actors::agent::{Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::channel::webchat;
use callboard_actors::message::{
    ChatKind, ChatRef, Code, Inbound, Order, OrderedBy, Peer, Route, RunId, SessionKey, TASK_PREFIX, Target,
};
use callboard_actors::ports::Accept;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::place::store_fault;
use super::{ToolParts, args};

/// How many bytes a task may have.
const TASK_BYTES_MAX: u64 = 256 * 1024;
/// How many bytes the other texts may have.
const SHORT_BYTES_MAX: u64 = 256;
/// How long a task may take at the most, seconds.
const TIME_SECS_MAX: u64 = 24 * 3600;
/// How many sub-agents may have work at a time; one more is refused. They begin none themselves, so that this is all there are.
const SUB_AGENTS_MAX: usize = 32;
/// How many sessions with open rows are looked at for that.
const SESSIONS_LOOKED_AT_MAX: usize = 10_000;

/// What a sub-agent is told before everything else.
const BRIEF: &str = "You are a sub-agent: another session began you for one task. Do it, and end with the result alone; that is sent to the session that asked. You talk to nobody else.";

/// Begins sessions.
pub(super) struct SessionsSpawn {
    parts: ToolParts,
    /// One at a time looks how many there are and adds itself.
    beginning: Arc<Mutex<()>>,
}

impl SessionsSpawn {
    pub(super) fn new(parts: &ToolParts) -> Self {
        Self { parts: parts.clone(), beginning: Arc::default() }
    }
}

impl Tool for SessionsSpawn {
    fn name(&self) -> &str {
        "sessions_spawn"
    }

    fn description(&self) -> &str {
        "Begins a sub-agent for one task and does not wait: its result comes as a message to this session, also after a restart."
    }

    fn schema(&self) -> Value {
        let short = |description: &str| json!({ "type": "string", "minLength": 1, "maxLength": SHORT_BYTES_MAX, "description": description });
        json!({
            "type": "object", "additionalProperties": false, "required": ["task"],
            "properties": {
                "task": { "type": "string", "minLength": 1, "maxLength": TASK_BYTES_MAX, "description": "What to do." },
                "agentId": short("The agent that does it; without, the one that asks. `agents_list` lists those that may be named."),
                "model": short("The model, `provider/model`; without, the agent's own."),
                "thinking": short("How much the model is to think."),
                "runTimeoutSeconds": {
                    "type": "integer", "minimum": 1, "maximum": TIME_SECS_MAX, "description": "How long it may take."
                }
            }
        })
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let (parts, beginning) = (self.parts.clone(), Arc::clone(&self.beginning));
        async move {
            let task = args::required(&args, &["task"])?.to_owned();
            let agent = args::text(&args, &["agentId"]).map_or_else(|| context.agent.clone(), str::to_lowercase);
            if !parts.routes.get().agents.contains(&agent) {
                return Err(ToolFault::failed(Code::NotFound, "no such agent is configured: `agents_list` lists them"));
            }
            // Another one's files, tools and model are not this session's to use, unless the settings say so.
            if !parts.reach.get().begins(&agent, &context) {
                let what = "is another agent, which `subagents.allowAgents` of this one does not name: `agents_list` lists those that it may begin";
                return Err(ToolFault::argument("agentId", what));
            }
            let store = &parts.outgoing.store;
            let _alone = beginning.lock().await;
            let open = store.open_rows(SESSIONS_LOOKED_AT_MAX).await.map_err(|error| store_fault(&error))?;
            if open.iter().filter(|(session, _)| session.is_sub_agent()).count() >= SUB_AGENTS_MAX {
                let text = format!("{SUB_AGENTS_MAX} sub-agents have work already: wait for one to finish");
                return Err(ToolFault::failed(Code::Overloaded, text));
            }
            let run = RunId::new();
            let session = SessionKey::new(&format!("agent:{agent}:subagent:{run}"));
            let text = |name: &str| args::text(&args, &[name]).map(str::to_owned);
            let order = Order {
                session: session.clone(),
                spelled: session.to_string(),
                run: run.clone(),
                by: OrderedBy::Client,
                system: Some(BRIEF.to_owned()),
                model: text("model"),
                thinking: text("thinking"),
                timeout_ms: args.get("runTimeoutSeconds").and_then(Value::as_u64).map(|secs| secs.saturating_mul(1_000)),
                deliver: Some(Target {
                    account: webchat::default_account(),
                    chat: ChatRef { kind: ChatKind::Direct, id: context.session.to_string() },
                    thread: Some(webchat::announcement_of(&session)),
                }),
            };
            let inbound = inbound(order, task, &context, parts.outgoing.clock.now_ms());
            let accept = vec![Accept { inbound, session: session.clone() }];
            store.accept(accept).await.map_err(|error| store_fault(&error))?;
            parts.outgoing.switchboard.wake_session(&session);
            Ok(ToolOutput::json(json!({ "status": "accepted", "childSessionKey": session, "runId": run })))
        }
        .boxed()
    }
}

fn inbound(order: Order, task: String, context: &ToolContext, at_ms: i64) -> Inbound {
    let peer = Peer { id: context.session.to_string(), name: format!("session {}", context.session) };
    let chat = ChatRef { kind: ChatKind::Direct, id: order.session.to_string() };
    Inbound {
        platform_id: format!("{TASK_PREFIX}{}", order.run),
        route: Route { account: webchat::default_account(), chat, thread: None, peer },
        chat_label: "sub-agent".to_owned(),
        text: task,
        space: None,
        hold: None,
        overheard: None,
        listed_as: Vec::new(),
        media: Vec::new(),
        mentioned: true,
        at_ms,
        trace: context.trace,
        order: Some(Box::new(order)),
    }
}
