//! `sessions.patch`, `sessions.reset`, `sessions.delete` and `sessions.compact`: gateway-protocol §7.6.

use std::path::PathBuf;

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::{Code, Entry, RunId, SessionKey};
use callboard_actors::ports::{SessionRow, whole_transcript};
use callboard_actors::registry::main_key;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::turns::{self, Named, Ordered, Wishes, own_session, quiet, session_named};
use super::{levels, session_rows};
use crate::archive::{self, Why};
use crate::ws::table::{Cx, Free, Method, SHORT, TURN, method};
use crate::ws::{Control, snapshot};

/// How many lines behind a summary are counted.
const LINES_COUNTED_MAX: usize = 10_000;

pub(super) const METHODS: &[Method] = &[
    method!("sessions.patch", Scope::Admin, SHORT, "Changes a session's own settings; null clears one.", Patch => Free, patch),
    method!("sessions.reset", Scope::Admin, SHORT, "Begins a session's transcript anew and keeps its settings.", KeyParams => Free, reset),
    method!("sessions.delete", Scope::Admin, SHORT, "Forgets a session; its lines are archived.", DeleteParams => Free, delete),
    method!("sessions.compact", Scope::Admin, TURN, "Sums up what was said before in a session, in order with its turns; or keeps its newest lines alone, all archived.", CompactParams => Free, compact),
];

/// A session and its new settings, as they came: null is not the same as nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(with = "PatchFields")]
struct Patch(Map<String, Value>);

/// The settings of a session; null clears one.
#[derive(Debug, JsonSchema)]
#[schemars(rename_all = "camelCase", deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct PatchFields {
    /// Which session.
    #[schemars(length(min = 1))]
    key: String,
    /// Its name for people; no two sessions have the same. Null takes it away, here and below.
    #[schemars(length(min = 1, max = 64))]
    label: Option<String>,
    /// How much the model thinks: `off`, `minimal`, `low`, `medium`, `high`.
    thinking_level: Option<String>,
    /// Whether tools are shown.
    verbose_level: Option<String>,
    /// Whether reasoning is shown.
    reasoning_level: Option<String>,
    /// Whether answers end with what they cost.
    response_usage: Option<String>,
    /// Whether tools may do more than usual.
    elevated_level: Option<String>,
    /// Where commands run.
    exec_host: Option<String>,
    /// How commands are confined.
    exec_security: Option<String>,
    /// When commands are asked about.
    exec_ask: Option<String>,
    /// On which node commands run.
    exec_node: Option<String>,
    /// Which model answers, one of `models.list`.
    model: Option<String>,
    /// The session that made this one.
    spawned_by: Option<String>,
    /// Whether answers may be sent: `allow`, `deny`.
    send_policy: Option<String>,
    /// What becomes of messages that come while a turn runs, such as `collect debounce:2s cap:25 drop:summarize`.
    queue: Option<String>,
    /// When it answers in a group: `mention`, `always`.
    group_activation: Option<String>,
}

/// Every field of a patch but the key.
const FIELDS: &[&str] = &[
    "label",
    "thinkingLevel",
    "verboseLevel",
    "reasoningLevel",
    "responseUsage",
    "elevatedLevel",
    "execHost",
    "execSecurity",
    "execAsk",
    "execNode",
    "model",
    "spawnedBy",
    "sendPolicy",
    "queue",
    "groupActivation",
];

async fn patch(cx: Cx, Patch(mut given): Patch) -> Result<Free, Refusal> {
    let control = &cx.control;
    let key = given.remove("key");
    let key = own_session(control, key.as_ref().and_then(Value::as_str).unwrap_or_default())?.key;
    let row = change(control, &key, given).await?;
    Ok(Free(json!({ "ok": true, "path": snapshot::store_path(control), "key": key, "entry": session_rows::entry(&row) })))
}

/// Changes a session's own settings: all of them, or none.
///
/// # Errors
/// One of them is none that can be kept, or the store does not take them.
pub(super) async fn change(control: &Control, key: &SessionKey, given: Map<String, Value>) -> Result<SessionRow, WireError> {
    let mut patch = Map::new();
    // What newer clients know beside these has no meaning here.
    for (field, value) in given.into_iter().filter(|(field, _)| FIELDS.contains(&field.as_str())) {
        let value = value.as_str().map(|word| checked(control, &field, word)).transpose()?.map_or(Value::Null, Value::from);
        patch.insert(field, value);
    }
    if let Some(made_by) = control.store.session(key.clone()).await?.and_then(|row| row.traits.spawned_by)
        && patch.get("spawnedBy").is_some_and(|wanted| wanted.as_str() != Some(&made_by))
    {
        return Err(WireError::invalid("spawnedBy cannot be changed once set"));
    }
    let row = control.store.patch_session(key.clone(), patch).await?;
    control.switchboard.set_activation(key, row.traits.activation());
    control.switchboard.session_changed(key);
    Ok(row)
}

/// Returns a setting's word as it is kept.
fn checked(control: &Control, field: &str, word: &str) -> Result<String, WireError> {
    let word = word.trim();
    if word.is_empty() {
        return Err(WireError::invalid(format!("invalid {field}: empty (null clears it)")));
    }
    if field == "model" {
        let names = &control.models.get().names;
        if names.look_up(word).is_none() {
            return Err(WireError::invalid(format!("invalid model: {}", names.unknown(word))));
        }
    }
    levels::check(field, word)
}

/// A session.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct KeyParams {
    /// Its key.
    #[schemars(length(min = 1))]
    key: String,
}

async fn reset(cx: Cx, KeyParams { key }: KeyParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let key = own_session(control, &key)?.key;
    quiet(control, &key).await;
    let leaving = Leaving::read(control, &key, Why::Reset).await?;
    let (row, lines) = control.store.reset_session(key.clone()).await?;
    control.switchboard.session_changed(&key);
    let archived = leaving.settle(control, lines).await?;
    Ok(Free(json!({ "ok": true, "key": key, "entry": session_rows::entry(&row), "archived": archived })))
}

/// A session to forget.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct DeleteParams {
    /// Its key.
    #[schemars(length(min = 1))]
    key: String,
    /// Taken, and decides nothing: the lines leave the store and are archived either way.
    #[serde(default, rename = "deleteTranscript")]
    _delete_transcript: Option<bool>,
}

async fn delete(cx: Cx, DeleteParams { key, .. }: DeleteParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let key = session_named(control, None, &key)?.key;
    let routes = control.routes.get();
    if key == main_key(&routes.default_agent, &routes.main_key) {
        return Err(WireError::invalid(format!("Cannot delete the main session ({key}).")).into());
    }
    quiet(control, &key).await;
    let leaving = Leaving::read(control, &key, Why::Deleted).await?;
    let lines = control.store.delete_session(key.clone()).await?;
    control.switchboard.set_activation(&key, None);
    control.switchboard.session_changed(&key);
    let deleted = lines.is_some();
    let archived = leaving.settle(control, lines.unwrap_or_default()).await?;
    Ok(Free(json!({ "ok": true, "key": key, "deleted": deleted, "archived": archived })))
}

/// A conversation to sum up, or a transcript to cut.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct CompactParams {
    /// The session's key.
    #[schemars(length(min = 1))]
    key: String,
    /// Cuts the transcript instead: how many lines are left.
    #[serde(default)]
    #[schemars(range(min = 1, max = u32::MAX))]
    max_lines: Option<u32>,
    /// What the summary is to look at besides.
    #[serde(default)]
    #[schemars(length(max = 16_384))]
    instructions: Option<String>,
}

async fn compact(cx: Cx, params: CompactParams) -> Result<Free, Refusal> {
    let control = &cx.control;
    let named = session_named(control, None, &params.key)?;
    let key = named.key.clone();
    let Some(row) = control.store.session(key.clone()).await? else {
        return Ok(Free(json!({ "ok": true, "key": key, "compacted": false, "reason": "no sessionId" })));
    };
    match params.max_lines {
        None => sum_up(&cx, named, row.compactions, params.instructions.as_deref().unwrap_or_default()).await,
        Some(keep) => cut(control, key, &row, keep.into()).await,
    }
}

/// Has the session itself sum up what was said, between two of its turns.
async fn sum_up(cx: &Cx, session: Named, before: u64, instructions: &str) -> Result<Free, Refusal> {
    let (control, key) = (&cx.control, session.key.clone());
    let wishes = Wishes {
        session,
        key: RunId::new().to_string(),
        text: format!("/compact {instructions}"),
        media: Vec::new(),
        system: None,
        thinking: None,
        timeout_ms: None,
        deliver: None,
    };
    let run = match turns::order(cx, "sessions.compact", wishes).await? {
        Ordered::New(run) | Ordered::Known(run, _) | Ordered::Open(run) | Ordered::Done(run) | Ordered::Dead(run) => run,
    };
    let Free(told) = turns::ended(control, &run, &key).await?;
    let compacted = control.store.session(key.clone()).await?.is_some_and(|row| row.compactions > before);
    let kept = control.store.context(key.clone(), LINES_COUNTED_MAX).await?.lines.len();
    let reason = if compacted { None } else { told.pointer("/result/payloads/0/text") };
    let mut answer = json!({ "ok": true, "key": key, "compacted": compacted, "kept": kept });
    if let (Some(fields), Some(reason)) = (answer.as_object_mut(), reason) {
        fields.insert("reason".to_owned(), reason.clone());
    }
    Ok(Free(answer))
}

/// Keeps the newest lines; all are archived.
async fn cut(control: &Control, key: SessionKey, row: &SessionRow, keep: u64) -> Result<Free, Refusal> {
    if row.entries <= keep {
        return Ok(Free(json!({ "ok": true, "key": key, "compacted": false, "kept": row.entries })));
    }
    // A turn that runs goes on: it has read what it needs, and its lines are the newest.
    let leaving = Leaving::read(control, &key, Why::Compacted).await?;
    let done = control.store.compact_session(key.clone(), usize::try_from(keep).unwrap_or(usize::MAX)).await?;
    control.switchboard.session_changed(&key);
    let archived = leaving.settle(control, done.dropped).await?.into_iter().next();
    Ok(Free(json!({ "ok": true, "key": key, "compacted": true, "archived": archived, "kept": done.kept })))
}

/// Lines that are about to leave a transcript, archived before they do.
struct Leaving {
    row: Option<SessionRow>,
    why: Why,
    lines: usize,
    archived: Vec<PathBuf>,
}

impl Leaving {
    /// Reads a transcript and archives it; nothing is written of one without lines.
    async fn read(control: &Control, key: &SessionKey, why: Why) -> Result<Self, WireError> {
        let row = control.store.session(key.clone()).await?;
        let lines = whole_transcript(&*control.store, key).await?;
        let mut leaving = Self { row, why, lines: lines.len(), archived: Vec::new() };
        leaving.write(control, lines).await?;
        Ok(leaving)
    }

    /// Archives what was said between the reading and the leaving.
    async fn settle(mut self, control: &Control, mut left: Vec<Entry>) -> Result<Vec<PathBuf>, WireError> {
        if left.len() > self.lines {
            self.write(control, left.split_off(self.lines)).await?;
        }
        Ok(self.archived)
    }

    async fn write(&mut self, control: &Control, lines: Vec<Entry>) -> Result<(), WireError> {
        let Some(id) = self.row.as_ref().map(|row| row.id).filter(|_| !lines.is_empty()) else { return Ok(()) };
        let (state_dir, why, now_ms) = (control.places.state_dir.clone(), self.why, control.clock().now_ms());
        let written = tokio::task::spawn_blocking(move || archive::write(&state_dir, id, why, now_ms, &lines)).await;
        let failed = |why: String| WireError::new(Code::StoreUnavailable, format!("the transcript cannot be archived: {why}"));
        let path = written.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
        self.archived.push(path);
        Ok(())
    }
}
