//! `message.action`: what newer clients of the protocol have done with a message, in the names of their tool `message`.

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::{Mark, TraceId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::send::{channel_of, outgoing};
use crate::outgoing::{At, Change, Reach, What, Which};
use crate::ws::params::invalid;
use crate::ws::table::{Cx, Method, SHORT, method};

const NAME: &str = "message.action";

pub(super) const METHODS: &[Method] = &[
    method!("message.action", Scope::Write, SHORT, "Marks, edits or deletes a message (`react`, `edit`, `delete` or `unsend`), where the channel can; answered when it is durable, as sent or queued.", ActionParams => Answer, act),
];

/// What is to be done with a message.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct ActionParams {
    /// The channel.
    #[schemars(length(min = 1, max = 64))]
    channel: String,
    /// `react`, `edit`, `delete` or `unsend`; others are refused. Messages are sent by `send`.
    #[schemars(length(min = 1, max = 64))]
    action: String,
    /// `messageId`; `target` or `to`, where the message stands; `emoji` and `remove`; `message` or `text`.
    params: Map<String, Value>,
    /// The account; without it the channel's default one.
    #[serde(default)]
    account_id: Option<String>,
    /// Under which the same is done only once, also over restarts.
    #[schemars(length(min = 1, max = 240))]
    idempotency_key: String,
}

/// A change that is on its way or done.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// Always true.
    ok: bool,
    /// What is done.
    action: &'static str,
    /// The channel.
    channel: String,
    /// The message, as it was named.
    message_id: String,
    /// The row.
    id: String,
    /// `sent` when the platform confirmed it within a moment, else `queued`.
    state: &'static str,
    /// Whether it was ordered before under the same key.
    duplicate: bool,
}

async fn act(cx: Cx, request: ActionParams) -> Result<Answer, Refusal> {
    let ActionParams { channel, action, params, account_id, idempotency_key } = request;
    let text = |names: &[&str]| {
        let texts = names.iter().filter_map(|name| params.get(*name).and_then(Value::as_str));
        texts.map(str::trim).find(|text| !text.is_empty()).map(str::to_owned)
    };
    let what = match action.as_str() {
        "react" => What::React(mark(&params)?),
        "edit" => What::Edit(text(&["message", "text"]).ok_or_else(|| missing("message"))?),
        "delete" | "unsend" => What::Delete,
        other => {
            let shown: String = other.chars().take(64).collect();
            return Err(invalid(NAME, &format!("at /action: `{shown}` is none of react, edit, delete and unsend")).into());
        }
    };
    let message_id = text(&["messageId"]).ok_or_else(|| missing("messageId"))?;
    let deed = what.deed();
    let change = Change {
        channel: channel_of(&cx.control, Some(&channel))?,
        account: account_id.filter(|account| !account.trim().is_empty()).or_else(|| text(&["accountId"])),
        at: text(&["target", "to"]).map(At::Target),
        message: Which::Named(message_id.clone()),
        what,
        // Clients hold the gateway's own credential.
        reach: Reach::Account,
        // A key of its own kind: the same key given to another entry is another change.
        idempotency_key: Some(format!("action:{idempotency_key}")),
        key_owner: None,
    };
    let done = outgoing(&cx.control).change(change, TraceId::new()).await;
    let done = done.map_err(|error| WireError::new(error.code, error.to_string()))?;
    Ok(Answer {
        ok: true,
        action: deed.as_str(),
        channel: done.account.channel().to_owned(),
        message_id,
        id: done.id.to_string(),
        state: done.state.as_str(),
        duplicate: !done.is_new,
    })
}

fn missing(name: &str) -> WireError {
    invalid(NAME, &format!("at /params: must have required property '{name}'"))
}

/// Reads what becomes of the marks; an empty emoji that is there takes all off.
fn mark(params: &Map<String, Value>) -> Result<Mark, WireError> {
    let emoji = params.get("emoji").and_then(Value::as_str).map(str::trim).ok_or_else(|| missing("emoji"))?;
    let remove = params.get("remove").and_then(Value::as_bool).unwrap_or_default();
    match (emoji, remove) {
        ("", true) => Err(missing("emoji")),
        ("", false) => Ok(Mark::TakeAll),
        (emoji, true) => Ok(Mark::Take(emoji.to_owned())),
        (emoji, false) => Ok(Mark::Put(emoji.to_owned())),
    }
}
