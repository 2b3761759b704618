//! `config.*`: gateway-protocol §7.8. The desk has the rules; it reads and writes files, so it works on a thread that may block.

use std::path::PathBuf;
use std::sync::Arc;

use callboard_actors::client::{Payload, Refusal, Scope, WireError};
use callboard_actors::message::Code;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::desk::{ConfigDesk, ConfigView, DeskError, Effect, Issue, RestartTicket, RestartWish, Sentinel, Written};
use crate::ws::table::{Cx, Free, Method, Nothing, SHORT, method};

pub(super) const METHODS: &[Method] = &[
    // To be read with the least scope: what is secret in the answer is not for everybody who may read.
    method!("config.get", Scope::Read, SHORT, "Returns the config file without its secrets, and what is wrong with it.", Nothing => Free, get),
    method!("config.schema", Scope::Read, SHORT, "Returns the JSON Schema of the config file, with labels and help.", Nothing => Free, schema),
    method!("config.set", Scope::Admin, SHORT, "Replaces the config file; the gateway restarts for it only as `gateway.reload.mode` says.", SetParams => Free, set),
    method!("config.patch", Scope::Admin, SHORT, "Lays a JSON5 object over the config file, `null` takes a key out; restarts the gateway if a key needs it.", ChangeParams => Free, patch),
    method!("config.apply", Scope::Admin, SHORT, "Replaces the config file; restarts the gateway if a key needs it.", ChangeParams => Free, apply),
];

/// A text for the file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct SetParams {
    /// The whole text; what `config.get` shows in the place of a secret stands for that secret.
    #[schemars(length(min = 1))]
    raw: String,
    /// The `hash` of `config.get`; needed when there is a file.
    #[serde(default)]
    #[schemars(length(max = 128))]
    base_hash: Option<String>,
}

/// A change of the file, and how to restart for it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct ChangeParams {
    /// The text; what `config.get` shows in the place of a secret stands for that secret.
    #[schemars(length(min = 1))]
    raw: String,
    /// The `hash` of `config.get`; needed when there is a file.
    #[serde(default)]
    #[schemars(length(max = 128))]
    base_hash: Option<String>,
    /// The session that is told once the gateway is back.
    #[serde(default)]
    #[schemars(length(max = 1_024))]
    session_key: Option<String>,
    /// What it is told.
    #[serde(default)]
    #[schemars(length(max = 4_096))]
    note: Option<String>,
    /// How long to wait before a restart, milliseconds; at most a minute, two seconds without it.
    #[serde(default)]
    #[schemars(range(min = 0))]
    restart_delay_ms: Option<u64>,
}

/// A file that was written.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    ok: bool,
    path: PathBuf,
    hash: String,
    changed: bool,
    config: Value,
    warnings: Vec<Issue>,
    effect: Effect,
    restart: Option<RestartTicket>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sentinel: Option<Sentinel>,
}

impl From<Written> for Changed {
    fn from(written: Written) -> Self {
        let Written { path, hash, changed, config, warnings, effect, mut restart } = written;
        let sentinel = restart.as_mut().and_then(|ticket| ticket.sentinel.take());
        Self { ok: true, path, hash, changed, config, warnings, effect, restart, sentinel }
    }
}

impl From<DeskError> for WireError {
    fn from(error: DeskError) -> Self {
        let told = Self::new(error.code(), error.to_string());
        error.details().into_iter().fold(told, Self::details)
    }
}

/// The hash is that of the real text, so that who has it and everything but a weak password can guess that where nobody counts.
/// It is for those who may write.
async fn get(cx: Cx, _: Nothing) -> Result<Payload, Refusal> {
    let may_write = cx.seat().grant.allows(Scope::Admin);
    let shown = at_desk(&cx, move |desk| {
        let view = desk.get();
        let hash = view.hash.clone().filter(|_| may_write);
        Payload::of(&ConfigView { hash, ..view })
    });
    Ok(shown.await?)
}

async fn schema(cx: Cx, _: Nothing) -> Result<Payload, Refusal> {
    Ok(at_desk(&cx, |desk| Payload::of(&desk.schema())).await?)
}

async fn set(cx: Cx, SetParams { raw, base_hash }: SetParams) -> Result<Payload, Refusal> {
    written(at_desk(&cx, move |desk| desk.set(&raw, base_hash.as_deref())).await?)
}

async fn patch(cx: Cx, params: ChangeParams) -> Result<Payload, Refusal> {
    let (raw, base_hash, wish) = params.taken();
    written(at_desk(&cx, move |desk| desk.patch(&raw, base_hash.as_deref(), &wish)).await?)
}

async fn apply(cx: Cx, params: ChangeParams) -> Result<Payload, Refusal> {
    let (raw, base_hash, wish) = params.taken();
    written(at_desk(&cx, move |desk| desk.apply(&raw, base_hash.as_deref(), &wish)).await?)
}

impl ChangeParams {
    fn taken(self) -> (String, Option<String>, RestartWish) {
        let Self { raw, base_hash, session_key, note, restart_delay_ms } = self;
        (raw, base_hash, RestartWish { delay_ms: restart_delay_ms, session_key, note, chat: None })
    }
}

fn written(written: Result<Written, DeskError>) -> Result<Payload, Refusal> {
    Ok(Payload::of(&Changed::from(written?)))
}

/// Works at the desk, on a thread that may block. A request that is given up meanwhile is done all the same.
async fn at_desk<T: Send + 'static>(cx: &Cx, work: impl FnOnce(&ConfigDesk) -> T + Send + 'static) -> Result<T, WireError> {
    let desk = Arc::clone(&cx.control.config);
    tokio::task::spawn_blocking(move || work(&desk)).await.map_err(|error| {
        tracing::error!(event = "config.desk_broken", error = %error, "work on the config file broke off");
        WireError::new(Code::Internal, "work on the config file broke off: the log says why")
    })
}
