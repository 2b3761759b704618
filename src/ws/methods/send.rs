//! `send`: gateway-protocol §7.7, durable: its row is on the disk before it is answered.

use callboard_actors::channel::webchat;
use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::{Code, Entry, Media, Peer, Role, Route, RunId, SessionKey, TraceId, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::turns::own_session;
use crate::outgoing::{Message, Outgoing, Sent};
use crate::ws::Control;
use crate::ws::table::{Cx, Method, SHORT, method};

pub(super) const METHODS: &[Method] = &[
    method!("send", Scope::Write, SHORT, "Sends a message to a chat; answered when it is durable, as sent or queued.", SendParams => Answer, send),
];

/// A message to send.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct SendParams {
    /// The target, in any form that the channel knows.
    #[schemars(length(min = 1, max = 1024))]
    to: String,
    /// What to say; may be empty when there is media.
    message: String,
    /// Under which the same message is sent only once, also over restarts.
    #[schemars(length(min = 1, max = 240))]
    idempotency_key: String,
    /// A public URL to send along.
    #[serde(default)]
    media_url: Option<String>,
    /// The same; at most one.
    #[serde(default)]
    #[schemars(length(max = 1))]
    media_urls: Vec<String>,
    /// Taken, and without effect: no channel here plays pictures in a loop.
    #[serde(default)]
    #[allow(dead_code, reason = "a key that public clients send; nothing here plays pictures in a loop")]
    gif_playback: Option<bool>,
    /// The channel; without it the first enabled one that is not the web chat.
    #[serde(default)]
    channel: Option<String>,
    /// The account; without it the channel's default one.
    #[serde(default)]
    account_id: Option<String>,
    /// The session whose transcript shows it; without it the one that the chat belongs to.
    #[serde(default)]
    #[schemars(length(max = 512))]
    session_key: Option<String>,
}

/// A message that is on its way or there.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// The idempotency key.
    run_id: String,
    /// The row of its first part.
    message_id: String,
    /// The channel.
    channel: String,
    /// The chat, as the platform spells it.
    chat_id: String,
    /// `sent` when the platform confirmed it within a moment, else `queued`.
    state: &'static str,
}

async fn send(cx: Cx, params: SendParams) -> Result<Answer, Refusal> {
    let SendParams { to, message, idempotency_key, media_url, media_urls, channel, account_id, session_key, .. } = params;
    let control = &cx.control;
    let session = session_key.as_deref().map(|key| own_session(control, key)).transpose()?.map(|named| named.key);
    let channel = channel_of(control, channel.as_deref())?;
    let media_url = media_url.or_else(|| media_urls.into_iter().next());
    let outgoing = Outgoing {
        store: control.store.clone(),
        switchboard: control.switchboard.clone(),
        channels: control.channels.clone(),
        clock: control.clock().clone(),
    };
    let asked = Message {
        channel: channel.clone(),
        account: account_id.filter(|account| !account.trim().is_empty()),
        to,
        text: Some(message.clone()),
        media_url: media_url.clone(),
        // A key of its own kind: the same key given to another entry is another message.
        idempotency_key: Some(format!("send:{idempotency_key}")),
    };
    let sent = outgoing.send(asked, TraceId::new()).await.map_err(|error| WireError::new(error.code, error.to_string()))?;
    if sent.is_new && channel != webchat::NAME {
        mirror(control, &sent, session, message, media_url);
    }
    Ok(Answer {
        run_id: idempotency_key,
        message_id: sent.id.to_string(),
        channel,
        chat_id: sent.target.chat.id,
        state: sent.state.as_str(),
    })
}

/// Returns the channel that is meant. `whatsapp` is what public clients say when their user said nothing.
fn channel_of(control: &Control, asked: Option<&str>) -> Result<String, WireError> {
    let accounts = control.channels.accounts();
    let asked = asked.map(|name| name.trim().to_lowercase()).filter(|name| !name.is_empty());
    match asked {
        Some(name) if accounts.iter().any(|account| account.key.channel() == name) => Ok(name),
        Some(name) if name != "whatsapp" => Err(WireError::invalid(format!("unsupported channel: {name}"))),
        Some(_) | None => {
            let first = accounts.iter().find(|account| account.enabled && account.key.channel() != webchat::NAME);
            let first = first.map(|account| account.key.channel().to_owned());
            first.ok_or_else(|| {
                WireError::new(Code::Misconfigured, "no channel is configured: add one with `callboard channels add`")
            })
        }
    }
}

/// Shows the message in the transcript of the session that the chat belongs to, so that its agent knows of it.
fn mirror(control: &Control, sent: &Sent, named: Option<SessionKey>, text: String, media_url: Option<String>) {
    let session = named.unwrap_or_else(|| {
        let chat = sent.target.chat.clone();
        let peer = Peer { id: chat.id.clone(), name: String::new() };
        let route = Route { account: sent.account.clone(), chat, thread: sent.target.thread.clone(), peer };
        control.switchboard.resolve(&route)
    });
    let media = media_url.map(|url| Media { url, mime: None });
    let line =
        Entry { role: Role::Assistant, text, media, run: RunId::new(), at_ms: control.clock().now_ms(), rounds: Vec::new() };
    control.store.append_transcript(session.clone(), vec![line], Usage::default());
    control.switchboard.session_changed(&session);
}
