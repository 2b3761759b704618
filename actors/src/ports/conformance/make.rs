//! Messages, payloads and requests to test with.

use super::START_MS;
use crate::message::{
    AccountKey, ChatKind, ChatRef, Entry, Inbound, InboxId, Outbound, OutboxId, Peer, Receipt, Role, Route, RunId, SessionKey,
    Target, TraceId, Usage,
};
use crate::ports::{Accept, Accepted, NewOutbox, PairingRequest, TurnOutcome};

/// Returns the account of every made thing.
#[must_use]
pub fn account() -> AccountKey {
    AccountKey::new("socket-chat", "default")
}

/// Returns the session of a chat.
#[must_use]
pub fn session(chat: &str) -> SessionKey {
    SessionKey::new(&format!("agent:main:socket-chat:group:{chat}"))
}

/// Returns a chat of the account.
#[must_use]
pub fn chat(id: &str) -> ChatRef {
    ChatRef { kind: ChatKind::Group, id: id.to_owned() }
}

/// Returns a message to accept, routed to the session of its chat.
#[must_use]
pub fn accept(chat: &str, platform_id: &str) -> Accept {
    accept_of(&account(), chat, platform_id)
}

/// Returns a message to accept on an account.
#[must_use]
pub fn accept_of(account: &AccountKey, room: &str, platform_id: &str) -> Accept {
    let peer = Peer { id: "u1".into(), name: "Ünïcode 🎭".into() };
    let inbound = Inbound {
        order: None,
        platform_id: platform_id.to_owned(),
        route: Route { account: account.clone(), chat: chat(room), thread: None, peer },
        chat_label: room.to_owned(),
        text: format!("«{platform_id}» 漢字 \u{0} \"quoted\""),
        space: None,
        hold: None,
        overheard: None,
        listed_as: Vec::new(),
        media: Vec::new(),
        mentioned: true,
        at_ms: START_MS,
        trace: TraceId::new(),
    };
    Accept { inbound, session: session(room) }
}

/// Returns a payload to send.
#[must_use]
pub fn outbox(chat: &str, text: &str) -> NewOutbox {
    outbox_of(&account(), chat, text)
}

/// Returns a payload to send from an account.
#[must_use]
pub fn outbox_of(account: &AccountKey, room: &str, text: &str) -> NewOutbox {
    let target = Target { account: account.clone(), chat: chat(room), thread: None };
    let outbound = Outbound { mentions: vec!["ü".into()], ..Outbound::text(target, text.to_owned()) };
    NewOutbox { id: OutboxId::new(), outbound, trace: TraceId::new(), idempotency_key: None }
}

/// Returns the end of a turn that answers rows with payloads.
#[must_use]
pub fn turn(chat: &str, done: &[InboxId], outbox: Vec<NewOutbox>) -> TurnOutcome {
    let run = RunId::new();
    let entries = vec![entry(run.clone(), Role::User, "question"), entry(run.clone(), Role::Assistant, "answer")];
    TurnOutcome {
        session: session(chat),
        run,
        done: done.to_vec(),
        dropped: Vec::new(),
        entries,
        outbox,
        reply_to: None,
        usage: Usage::default(),
    }
}

/// Returns a line of a transcript.
#[must_use]
pub fn entry(run: RunId, role: Role, text: &str) -> Entry {
    Entry { role, text: text.to_owned(), media: Vec::new(), run, at_ms: START_MS, rounds: Vec::new() }
}

/// Returns the platform's word for any payload.
#[must_use]
pub fn receipt() -> Receipt {
    Receipt { platform_id: Some("p-1".into()) }
}

/// Returns a request to be let in that is open for an hour from `now_ms`, three at a time.
#[must_use]
pub fn pairing(peer: &str, code: &str, now_ms: i64) -> PairingRequest {
    PairingRequest {
        account: account(),
        peer: peer.to_owned(),
        name: format!("name of {peer}"),
        code: code.to_owned(),
        notice: outbox(peer, &format!("your code is {code}")),
        now_ms,
        expires_ms: now_ms + 3_600_000,
        pending_max: 3,
    }
}

/// Returns the row and number of a message that was new.
///
/// # Panics
/// It was not.
#[must_use]
pub fn new(accepted: Accepted) -> (InboxId, u64) {
    match accepted {
        Accepted::New { id, seq } => (id, seq),
        Accepted::Duplicate => panic!("a duplicate was not expected"),
    }
}
