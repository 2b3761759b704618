//! `send`: gateway-protocol §7.7, durable: its row is on the disk before it is answered.

use std::collections::HashSet;

use callboard_actors::channel::webchat;
use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::message::{Code, Entry, Media, Peer, Role, Route, RunId, SessionKey, TraceId, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::turns::own_session;
use crate::outgoing::{Message, Outgoing, Sent, is_web_address};
use crate::ws::Control;
use crate::ws::params::invalid;
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
    /// Further ones, each in a message of its own where the platform takes one at a time.
    #[serde(default)]
    #[schemars(length(max = 10))]
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
    let mut urls: Vec<String> = media_url.into_iter().chain(media_urls).collect();
    // Clients name the first one twice.
    let mut seen = HashSet::new();
    urls.retain(|url| seen.insert(url.clone()));
    if !urls.iter().all(|url| is_web_address(url)) {
        return Err(invalid("send", "at /mediaUrls: each must be an http or https URL").into());
    }
    let media: Vec<_> = urls.into_iter().map(|url| Media::at_url(url, None)).collect();
    let asked = Message {
        channel: channel.clone(),
        account: account_id.filter(|account| !account.trim().is_empty()),
        to,
        text: Some(message.clone()),
        media_url: None,
        media: media.clone(),
        // A key of its own kind: the same key given to another entry is another message.
        idempotency_key: Some(format!("send:{idempotency_key}")),
        key_owner: None,
    };
    let sent =
        outgoing(control).send(asked, TraceId::new()).await.map_err(|error| WireError::new(error.code, error.to_string()))?;
    if sent.is_new && channel != webchat::NAME {
        mirror(control, &sent, session, message, media);
    }
    Ok(Answer {
        run_id: idempotency_key,
        message_id: sent.id.to_string(),
        channel,
        chat_id: sent.target.chat.id,
        state: sent.state.as_str(),
    })
}

/// Returns the way for messages.
pub(super) fn outgoing(control: &Control) -> Outgoing {
    Outgoing {
        store: control.store.clone(),
        switchboard: control.switchboard.clone(),
        channels: control.channels.clone(),
        clock: control.clock().clone(),
    }
}

/// Returns the channel that is meant. `whatsapp` is what public clients say when their user said nothing.
pub(super) fn channel_of(control: &Control, asked: Option<&str>) -> Result<String, WireError> {
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
fn mirror(control: &Control, sent: &Sent, named: Option<SessionKey>, text: String, media: Vec<Media>) {
    let session = named.unwrap_or_else(|| {
        let chat = sent.target.chat.clone();
        let peer = Peer { id: chat.id.clone(), name: String::new() };
        let route = Route { account: sent.account.clone(), chat, thread: sent.target.thread.clone(), peer };
        control.switchboard.resolve(&route)
    });
    let line =
        Entry { role: Role::Assistant, text, media, run: RunId::new(), at_ms: control.clock().now_ms(), rounds: Vec::new() };
    control.store.append_transcript(session.clone(), vec![line], Usage::default());
    control.switchboard.session_changed(&session);
}
