//! `system-presence`, `system-event`, `last-heartbeat`: gateway-protocol §7.2.

use callboard_actors::client::{PresenceEntry, Refusal, Scope, TEXT_BYTES_MAX};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use crate::ws::table::{Cx, Free, Method, Nothing, SHORT, method};

pub(super) const METHODS: &[Method] = &[
    method!("system-presence", Scope::Read, SHORT, "Lists who is there, the gateway first.", Nothing => Vec<PresenceEntry>, presence),
    method!("system-event", Scope::Admin, SHORT, "Tells the gateway of a machine, and everybody who is there; no agent hears the text yet.", SystemEvent => Free, event),
    method!("last-heartbeat", Scope::Read, SHORT, "Returns the last heartbeat of an agent: null, as long as there is none.", Nothing => Option<Free>, last_heartbeat),
];

async fn presence(cx: Cx, _: Nothing) -> Result<Vec<PresenceEntry>, Refusal> {
    Ok(cx.control.presence.list(cx.control.clock().now_ms()))
}

async fn last_heartbeat(_cx: Cx, _: Nothing) -> Result<Option<Free>, Refusal> {
    Ok(None)
}

/// What a machine says of itself.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SystemEvent {
    /// The line for people.
    #[serde(default)]
    text: String,
    #[serde(default)]
    device_id: Option<String>,
    #[serde(default)]
    instance_id: Option<String>,
    #[serde(default)]
    host: Option<String>,
    #[serde(default)]
    ip: Option<String>,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    platform: Option<String>,
    #[serde(default)]
    device_family: Option<String>,
    #[serde(default)]
    model_identifier: Option<String>,
    #[serde(default)]
    last_input_seconds: Option<f64>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    tags: Vec<String>,
}

/// How many words of each list of an entry are kept.
const WORDS_MAX: usize = 16;

async fn event(cx: Cx, event: SystemEvent) -> Result<Free, Refusal> {
    let text = event.text.trim();
    if text.is_empty() {
        return Err(callboard_actors::client::WireError::invalid("text required").into());
    }
    let entry = PresenceEntry {
        host: event.host.map(short),
        ip: event.ip.map(short),
        version: event.version.map(short),
        platform: event.platform.map(short),
        device_family: event.device_family.map(short),
        model_identifier: event.model_identifier.map(short),
        mode: event.mode.map(short),
        // A number that is no number of seconds is as good as none.
        last_input_seconds: event
            .last_input_seconds
            .filter(|seconds| (0.0..1e9).contains(seconds))
            .map(|seconds| seconds as u64),
        device_id: event.device_id.map(short),
        instance_id: event.instance_id.map(short),
        roles: words(event.roles),
        scopes: words(event.scopes),
        tags: words(event.tags),
        reason: event.reason.map(short),
        text: short(text.to_owned()),
        ts: cx.control.clock().now_ms(),
    };
    let names = [&entry.device_id, &entry.instance_id, &entry.host, &entry.ip];
    let key = names.into_iter().flatten().next().cloned().unwrap_or_else(|| entry.text.clone());
    cx.control.presence.note(&key.to_lowercase(), entry);
    cx.control.presence_changed();
    Ok(Free(json!({ "ok": true })))
}

fn short(text: String) -> String {
    let clean: String = text.chars().filter(|mark| !mark.is_control()).collect();
    clean.get(..clean.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default().to_owned()
}

fn words(words: Vec<String>) -> Vec<String> {
    words.into_iter().take(WORDS_MAX).map(short).collect()
}
