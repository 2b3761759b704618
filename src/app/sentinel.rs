//! What the gateway tells itself over a restart: `restart-sentinel.json` in the state folder, written before and consumed after.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use callboard_actors::message::{AccountKey, Entry, Outbound, OutboxId, Role, RunId, SessionKey, TraceId};
use callboard_actors::ports::{Answer, NewOutbox, Queued, Store};
use callboard_actors::registry::{RouteSettings, client_key, main_key};

use crate::config::desk::{RestartWish, Sentinel, SentinelNote, SentinelStats};
use crate::storage::folder;

/// What the chat is told that ordered a restart.
pub(super) const BACK: &str = "The gateway is back.";

/// The same for one that was not made.
pub(super) const NOT_BACK: &str =
    "The gateway was not restarted and goes on as it is: the log says why, and so does `callboard config validate`.";

/// The file's name.
const FILE: &str = "restart-sentinel.json";

/// How large it may be; a larger one is not ours.
const BYTES_MAX: u64 = 64 << 10;

/// How long a note or a key in it may be; the rest is cut off.
const TEXT_CHARS_MAX: usize = 4_000;

/// The file as it is written.
#[derive(serde::Serialize, serde::Deserialize)]
struct Form {
    version: u32,
    payload: SentinelNote,
}

/// Writes the file anew. One that cannot be written is told in the log and does not hinder the restart.
pub(super) fn write(state: &Path, reason: &str, wish: &RestartWish, now_ms: i64) -> Option<Sentinel> {
    let path = state.join(FILE);
    let mut payload = note(state, reason, wish, now_ms);
    // An earlier order for the same restart may have had something to tell.
    let earlier = read(&path).and_then(Result::ok).unwrap_or_default();
    if payload.session_key.is_none() && payload.message.is_none() {
        (payload.session_key, payload.message) = (earlier.session_key, earlier.message);
    }
    payload.chat = payload.chat.or(earlier.chat);
    match put(&path, &payload) {
        Ok(()) => Some(Sentinel { path, payload }),
        Err(error) => {
            tracing::warn!(event = "restart.sentinel", "{} cannot be written: {error}", path.display());
            None
        }
    }
}

/// Writes to the chat that the note names what came of the restart, under a key of the note's own: told again it is the same
/// message. Answers with the account and the row's commit; `None` where no chat is named.
pub(super) fn tell_chat(state: &Path, text: &str, store: &dyn Store) -> Option<(AccountKey, Answer<Queued>)> {
    let note = read(&state.join(FILE))?.ok()?;
    let target = note.chat?;
    let account = target.account.clone();
    let outbound = Outbound::text(target, text.to_owned());
    let idempotency_key = Some(format!("restart:{}", note.ts));
    let row = NewOutbox { id: OutboxId::new(), outbound, trace: TraceId::new(), idempotency_key };
    Some((account, store.enqueue(row)))
}

/// Takes the file, if there is one.
pub(super) fn take(state: &Path) -> Option<SentinelNote> {
    let path = state.join(FILE);
    let note = read(&path)?;
    if let Err(error) = std::fs::remove_file(&path) {
        // Told again at each start otherwise.
        tracing::warn!(event = "restart.sentinel", "{} cannot be removed: {error}", path.display());
    }
    note.map_err(|error| tracing::warn!(event = "restart.sentinel", "{} cannot be read: {error}", path.display())).ok()
}

/// Reads the file; `None` when there is none.
fn read(path: &Path) -> Option<std::io::Result<SentinelNote>> {
    let file = std::fs::File::open(path).ok()?;
    let mut text = String::new();
    let read = file.take(BYTES_MAX).read_to_string(&mut text);
    Some(read.and_then(|_| Ok(serde_json::from_str::<Form>(&text)?.payload)))
}

/// Removes the file: the restart was not made.
pub(super) fn discard(state: &Path) {
    let _ = std::fs::remove_file(state.join(FILE));
}

/// Tells the session that the note names, as a line of its transcript, which its next turn reads.
pub(super) fn deliver(note: &SentinelNote, store: &dyn Store, routes: &RouteSettings, now_ms: i64) {
    tracing::info!(event = "gateway.restarted", reason = %note.stats.mode, session = ?note.session_key);
    let (Some(key), Some(message)) = (note.session_key.as_deref(), note.message.as_deref()) else { return };
    let session = session(key, routes);
    let text = format!("The gateway was restarted ({}): {message}", note.stats.mode);
    store.append_transcript(
        session,
        vec![Entry { role: Role::System, text, media: Vec::new(), run: RunId::new(), at_ms: now_ms, rounds: Vec::new() }],
        callboard_actors::message::Usage::default(),
    );
}

/// Returns the session that a client's name for it means; the main one for what can be no name, so that the note is told.
fn session(key: &str, routes: &RouteSettings) -> SessionKey {
    client_key(&routes.default_agent, &routes.main_key, key)
        .unwrap_or_else(|_| main_key(&routes.default_agent, &routes.main_key))
}

fn note(state: &Path, reason: &str, wish: &RestartWish, now_ms: i64) -> SentinelNote {
    let short = |text: &String| text.trim().chars().take(TEXT_CHARS_MAX).collect::<String>();
    let filled = |text: &Option<String>| text.as_ref().map(short).filter(|text| !text.is_empty());
    SentinelNote {
        kind: if reason.starts_with("config.") { "config-apply" } else { "restart" }.to_owned(),
        status: "ok".to_owned(),
        ts: now_ms,
        session_key: filled(&wish.session_key),
        message: filled(&wish.note),
        chat: wish.chat.clone(),
        doctor_hint: Some("if it does not come back: callboard config validate, then the log in the state folder".to_owned()),
        stats: SentinelStats { mode: reason.to_owned(), root: PathBuf::from(state) },
    }
}

fn put(path: &Path, payload: &SentinelNote) -> std::io::Result<()> {
    let text = serde_json::to_vec(&Form { version: 1, payload: payload.clone() })?;
    let mut file = folder::open_private(path)?;
    file.set_len(0)?;
    file.write_all(&text)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
