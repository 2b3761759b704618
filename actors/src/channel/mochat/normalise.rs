//! From a message of the server to a message for the agent. Pure.

use super::mention;
use super::message::{Message, digest};
use super::place::{Place, Sort};
use crate::channel::Normalised;
use crate::message::{AccountKey, ChatRef, Inbound, Peer, Route, TraceId};

/// What is known besides the message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// The account that received it.
    pub(super) account: &'a AccountKey,
    /// The account's own id.
    pub(super) me: &'a str,
    /// Where it stands.
    pub(super) place: &'a Place,
    /// Before this it was written before anybody listened there, by the server's clock, milliseconds since 1970.
    pub(super) first_ms: i64,
    /// Now, by the server's clock.
    pub(super) now_ms: i64,
}

/// Reads a message that did not go by before.
pub(super) fn normalise(message: &Message, context: Context<'_>) -> Normalised {
    let Context { account, me, place, first_ms, now_ms } = context;
    if message.author == me {
        return Normalised::Ignored("own");
    }
    if message.recalled {
        return Normalised::Ignored("recalled");
    }
    if message.at_ms.is_some_and(|at_ms| at_ms < first_ms) {
        return Normalised::Ignored("before our time");
    }
    if message.text.is_empty() {
        return Normalised::Ignored("empty");
    }
    let name = message.shown_name().to_owned();
    let space = message.group.clone().or_else(|| place.group().map(str::to_owned));
    Normalised::Message(Box::new(Inbound {
        space,
        hold: None,
        order: None,
        platform_id: platform_id(message, place),
        route: Route {
            account: account.clone(),
            chat: ChatRef { kind: place.chat_kind(), id: place.id.clone() },
            thread: None,
            peer: Peer { id: message.author.clone(), name: name.clone() },
        },
        chat_label: place.label(&name),
        text: mention::readable(&message.text),
        overheard: None,
        listed_as: Vec::new(),
        media: Vec::new(),
        // A session is a conversation with the account: whatever is said in it is said to it.
        mentioned: matches!(place.sort, Sort::Session { .. }) || mention::mentions(message, me),
        at_ms: message.at_ms.unwrap_or(now_ms),
        trace: TraceId::new(),
    }))
}

/// Returns the id by which a message is known again; one without an id is known by what it is.
pub(super) fn platform_id(message: &Message, place: &Place) -> String {
    if !message.id.is_empty() {
        return message.id.clone();
    }
    let parts = format!("{}\n{}\n{}\n{}", place.id, message.author, message.at_ms.unwrap_or_default(), message.text);
    digest("unnamed", &parts)
}
