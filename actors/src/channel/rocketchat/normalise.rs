//! From a message of the server to a message for the agent. Pure.

use super::api::Me;
use super::config::ReplyTo;
use super::mention;
use super::message::{Message, Trace};
use super::room::{LATE_MS, RoomInfo, RoomKind};
use super::target::VISIT_PREFIX;
use crate::channel::Normalised;
use crate::message::{AccountKey, ChatKind, ChatRef, Inbound, Media, MediaKind, Peer, Route, TraceId};

/// What is known besides the message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// The account that received it.
    pub(super) account: &'a AccountKey,
    /// Who the account is.
    pub(super) me: &'a Me,
    /// The room it stands in.
    pub(super) room: &'a RoomInfo,
    /// The newest message of the room that is done with, by the server's time.
    pub(super) done_ms: i64,
    /// Before this it is too old to be answered.
    pub(super) oldest_ms: i64,
    /// Where the answer goes to a message that stands in no thread.
    pub(super) reply_to: ReplyTo,
}

/// Returns why a message is none for the agent, as far as it tells by itself; looked at before whether it went by already.
pub(super) fn out_of_question(message: &Message, me: &Me) -> Option<&'static str> {
    if message.user_id == me.id {
        return Some("own");
    }
    match message.system.as_deref() {
        None => None,
        Some("e2e") => Some("encrypted"),
        Some(_) => Some("system"),
    }
}

/// Returns why a message that went by before is none for the agent: it was answered, or dropped, as it first was.
pub(super) const fn again(message: &Message) -> &'static str {
    match message.trace {
        Trace::Edited => "edited",
        Trace::Touched | Trace::Fresh => "changed",
    }
}

/// Reads a message that did not go by before.
pub(super) fn normalise(message: &Message, context: Context<'_>) -> Normalised {
    if let Some(reason) = stale(message, context) {
        return Normalised::Ignored(reason);
    }
    let Context { account, me, room, .. } = context;
    let in_pair = room.is_pair(&me.id) || room.kind == RoomKind::Livechat;
    let mentioned = in_pair || mention::mentions(message, me) || answers(message, me);
    let own_text = if in_pair { message.text.trim().to_owned() } else { mention::without(&message.text, me) };
    let text = with_files(&own_text, &message.files);
    if text.trim().is_empty() {
        return Normalised::Ignored("empty");
    }
    let text = with_quotes(text, message);
    let name = message.shown_name().to_owned();
    let chat_label = match room.kind {
        _ if in_pair => name.clone(),
        _ => room
            .label
            .clone()
            .or_else(|| room.name.as_deref().map(|name| format!("#{name}")))
            .unwrap_or_else(|| room.id.clone()),
    };
    Normalised::Message(Box::new(Inbound {
        order: None,
        platform_id: message.id.clone(),
        route: Route {
            account: account.clone(),
            chat: chat(message, room, me),
            thread: message.thread.clone().or_else(|| opens_thread(message, context).then(|| message.id.clone())),
            peer: Peer { id: message.user_id.clone(), name },
        },
        chat_label,
        text,
        space: None,
        hold: None,
        overheard: None,
        listed_as: Vec::new(),
        media: message.files.clone(),
        mentioned,
        at_ms: message.at_ms,
        trace: TraceId::new(),
    }))
}

/// Returns whether the answer to a message opens a thread on it.
pub(super) fn opens_thread(message: &Message, context: Context<'_>) -> bool {
    let Context { me, room, reply_to, .. } = context;
    let alone = room.is_pair(&me.id) || room.kind == RoomKind::Livechat;
    reply_to != ReplyTo::Off && message.thread.is_none() && !alone
}

/// Returns why a message is none of now. One that was never seen and is older than what is done with was changed; a little older
/// it may have been written at the same time.
fn stale(message: &Message, context: Context<'_>) -> Option<&'static str> {
    match message.trace {
        Trace::Edited if message.at_ms <= context.done_ms => Some("edited"),
        Trace::Touched if message.at_ms <= context.done_ms => Some("changed"),
        _ if message.at_ms < context.done_ms.saturating_sub(LATE_MS) => Some("changed"),
        _ if message.at_ms < context.oldest_ms => Some("too old"),
        _ => None,
    }
}

fn chat(message: &Message, room: &RoomInfo, me: &Me) -> ChatRef {
    match room.kind {
        RoomKind::Direct if room.is_pair(&me.id) => ChatRef { kind: ChatKind::Direct, id: message.user_id.clone() },
        // A visitor has no direct chat to answer in.
        RoomKind::Livechat => ChatRef { kind: ChatKind::Direct, id: format!("{VISIT_PREFIX}{}", room.id) },
        RoomKind::Direct | RoomKind::Private => ChatRef { kind: ChatKind::Group, id: room.id.clone() },
        RoomKind::Channel => ChatRef { kind: ChatKind::Channel, id: room.id.clone() },
    }
}

/// Returns whether a message quotes one of the account's own.
fn answers(message: &Message, me: &Me) -> bool {
    let is_me = |author: &str| !author.is_empty() && (author == me.username || me.name.as_deref() == Some(author));
    message.quotes.iter().any(|quote| is_me(&quote.author))
}

/// Returns the text with what it quotes behind it, so that a prefix stays where it is. A command has nothing behind it.
fn with_quotes(text: String, message: &Message) -> String {
    if text.starts_with('/') {
        return text;
    }
    let quoted = message.quotes.iter().map(|quote| match quote.author.as_str() {
        "" => format!("[Quoted: {}]", quote.text),
        author => format!("[Quoted from {author}: {}]", quote.text),
    });
    [text].into_iter().chain(quoted).collect::<Vec<_>>().join("\n\n")
}

/// Returns the text with a line that says what came with it.
fn with_files(text: &str, files: &[Media]) -> String {
    let Some(first) = files.first() else { return text.to_owned() };
    let kind = match first.kind() {
        MediaKind::Image => "image",
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::Document => "document",
    };
    let many = if kind == "image" { "images" } else { "files" };
    let mark = if files.len() == 1 { format!("<media:{kind}>") } else { format!("<media:{kind}> ({} {many})", files.len()) };
    if text.is_empty() { mark } else { format!("{text}\n{mark}") }
}
