//! `gateway`: how the gateway is, its configuration, a restart.

use std::collections::BTreeMap;
use std::sync::Arc;

use callboard_actors::agent::{Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::mcp::McpDesk;
use callboard_actors::message::Code;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::args;
use crate::config::desk::{ConfigDesk, DeskError, RAW_BYTES_MAX, RestartTicket, RestartWish, Written};
use crate::http::{Doctor, Look};

/// The longest wait before a restart that is asked for, milliseconds; the gateway itself waits no longer either.
const DELAY_MS_MAX: u64 = 60_000;
/// How many bytes a reason and a note may have.
const REASON_BYTES_MAX: u64 = 512;
const NOTE_BYTES_MAX: u64 = 4_096;

/// Asks for a restart: why, and how it is wished.
pub type Restarter = Arc<dyn Fn(&str, &RestartWish) -> RestartTicket + Send + Sync>;

/// What the tool is lent.
#[derive(Clone)]
pub struct GatewayParts {
    /// The config file.
    pub desk: Arc<ConfigDesk>,
    /// Knows how the gateway is.
    pub doctor: Doctor,
    /// The MCP servers, as they are.
    pub mcp: Arc<McpDesk>,
    /// Restarts it.
    pub restart: Restarter,
}

/// Looks after the gateway itself.
pub struct GatewayTool {
    parts: GatewayParts,
}

impl GatewayTool {
    /// Returns the tool.
    #[must_use]
    pub const fn new(parts: GatewayParts) -> Self {
        Self { parts }
    }
}

impl Tool for GatewayTool {
    fn name(&self) -> &str {
        "gateway"
    }

    fn description(&self) -> &str {
        "Looks after the gateway itself: `status`; `config.get` without secrets; `config.schema`; `config.patch` lays a JSON5 object over the config file; `restart` after `delayMs`."
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["action"],
            "properties": {
                "action": {
                    "type": "string", "enum": ["status", "config.get", "config.schema", "config.patch", "restart"],
                    "description": "What to do."
                },
                "delayMs": {
                    "type": "integer", "minimum": 0, "maximum": DELAY_MS_MAX,
                    "description": "For `restart`: how long to wait before; 2,000 without."
                },
                "reason": { "type": "string", "maxLength": REASON_BYTES_MAX, "description": "For `restart`: why, for the log." },
                "note": {
                    "type": "string", "maxLength": NOTE_BYTES_MAX,
                    "description": "For `restart` and `config.patch`: what the session is told once the gateway is back."
                },
                "raw": {
                    "type": "string", "minLength": 1, "maxLength": RAW_BYTES_MAX,
                    "description": "For `config.patch`: a JSON5 object; `null` takes a key out."
                },
                "baseHash": { "type": "string", "maxLength": 128, "description": "For `config.patch`: the `hash` of `config.get`." },
                "restartDelayMs": {
                    "type": "integer", "minimum": 0, "maximum": DELAY_MS_MAX,
                    "description": "For `config.patch`: how long to wait before a restart that it needs."
                }
            }
        })
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let parts = self.parts.clone();
        async move {
            let session = context.session.to_string();
            match args::required(&args, &["action"])? {
                "status" => Ok(ToolOutput::json(status(&parts))),
                "config.get" => at_desk(&parts, |desk| Ok(json!(desk.get()))).await,
                "config.schema" => at_desk(&parts, |desk| Ok(json!(desk.schema()))).await,
                "config.patch" => {
                    let raw = args::required(&args, &["raw"])?.to_owned();
                    let hash = args::text(&args, &["baseHash"]).map(str::to_owned);
                    let wish = wish(&args, "restartDelayMs", session);
                    at_desk(&parts, move |desk| Ok(written(desk.patch(&raw, hash.as_deref(), &wish).map_err(fault)?))).await
                }
                "restart" => {
                    let reason = args::text(&args, &["reason"]).unwrap_or("tool gateway");
                    let ticket = (parts.restart)(reason, &wish(&args, "delayMs", session));
                    Ok(ToolOutput::json(json!(ticket)))
                }
                other => Err(ToolFault::argument("action", &format!("is `{}`, which is none", other.escape_debug()))),
            }
        }
        .boxed()
    }
}

fn wish(args: &ToolArgs, delay: &str, session: String) -> RestartWish {
    let note = args::text(args, &["note"]).map(str::to_owned);
    let delay_ms = args.get(delay).and_then(Value::as_u64);
    RestartWish { delay_ms, session_key: note.is_some().then_some(session), note, chat: None }
}

fn status(parts: &GatewayParts) -> Value {
    let doctor = &parts.doctor;
    let mut states = BTreeMap::<&str, u64>::new();
    for report in doctor.supervisor.reports() {
        *states.entry(report.state.as_str()).or_default() += 1;
    }
    let reasons = doctor.reasons(Look::Everywhere);
    let store = doctor.store.health();
    json!({
        "ready": reasons.is_empty(), "reasons": reasons, "version": env!("CARGO_PKG_VERSION"), "pid": std::process::id(),
        "uptimeMs": u64::try_from(doctor.supervisor.clock().elapsed().as_millis()).unwrap_or(u64::MAX),
        "actors": states, "inboxOpen": store.inbox_open, "outboxOpen": store.outbox_open, "mcp": parts.mcp.statuses(),
    })
}

/// Works at the desk, on a thread that may block.
async fn at_desk(
    parts: &GatewayParts,
    work: impl FnOnce(&ConfigDesk) -> Result<Value, ToolFault> + Send + 'static,
) -> Result<ToolOutput, ToolFault> {
    let desk = Arc::clone(&parts.desk);
    let done = tokio::task::spawn_blocking(move || work(&desk)).await;
    let broken = |_| ToolFault::failed(Code::Internal, "work on the config file broke off: the log says why");
    done.map_err(broken)?.map(ToolOutput::json)
}

fn written(written: Written) -> Value {
    let Written { path, hash, changed, warnings, effect, restart, .. } = written;
    json!({ "path": path, "hash": hash, "changed": changed, "warnings": warnings, "effect": effect, "restart": restart })
}

fn fault(error: DeskError) -> ToolFault {
    let issues = error.details().map(|details| format!(": {details}")).unwrap_or_default();
    ToolFault::failed(error.code(), format!("{error}{issues}"))
}
