//! From rows of the outbox to lines of transcripts, which are the chats of this channel.
//!
//! A row is confirmed when its line is on the disk, and everybody who listens hears of it then; whoever was away finds it in the
//! history. The line carries the row's id as that of its turn, so a row that is sent again is looked up before it is written.

use std::collections::HashMap;
use std::time::Duration;

use super::desk::{DeskParts, WebChatDesk};
use super::{announce, target};
use crate::channel::{LinkEvent, TextLimit, split};
use crate::core::{Backoff, Clock};
use crate::message::{
    ChatEvent, ChatState, ChatText, Code, Entry, EventBody, EventName, Media, Outbound, OutboxId, Receipt, Role, RunId,
    SessionKey, Shaper, Speech, SpeechWay, Usage,
};
use crate::ports::OutboxRow;

/// The longest text of one line, characters: its event fits into a frame of the control plane, however it is escaped.
const TEXT_CHARS_MAX: usize = 65_536;

/// How many lines back a row that is sent again is looked for.
const LOOK_BACK_MAX: usize = 256;

/// How waits grow while the store does not take what was written.
const STORE_BACKOFF: Backoff = Backoff { base: Duration::from_millis(200), max: Duration::from_secs(10), jitter: 0.2 };

/// How long a row waits that could not be looked up, and every later one of its chat with it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Why a row can never be sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SendError {
    /// The chat is no session.
    #[error("invalid target: a chat of this channel is a session's key, for example agent:main:main")]
    Target,
    /// There is nothing in it.
    #[error("nothing to send: the payload has neither text nor an attachment")]
    Empty,
}

impl SendError {
    const fn code(&self) -> Code {
        match self {
            Self::Target => Code::InvalidTarget,
            Self::Empty => Code::Refused,
        }
    }
}

/// A row as the line that it becomes.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) session: SessionKey,
    pub(super) entry: Entry,
}

/// Returns a row's line.
///
/// # Errors
/// The chat is no session, or there is nothing to send.
pub(super) fn line(id: OutboxId, outbound: &Outbound, now_ms: i64) -> Result<Line, SendError> {
    let session = target::parse(&outbound.target.chat.id).map_err(|_| SendError::Target)?;
    // Rows that were not cut by the shaper may still have an attachment.
    let text = with_attachment_line(&outbound.text, &outbound.media);
    if text.trim().is_empty() {
        return Err(SendError::Empty);
    }
    let run = RunId::named(&id.to_string()).unwrap_or_default();
    Ok(Line {
        session,
        entry: Entry { role: Role::Assistant, text, media: Vec::new(), run, at_ms: now_ms, rounds: Vec::new() },
    })
}

/// Chats of which a row could not be looked up, each with the moment until which its later rows wait, so that they stay in their
/// order: they may be on their way here already. When that row comes again, all after it are behind it in the store.
#[derive(Debug, Default)]
pub(super) struct Held(HashMap<SessionKey, Duration>);

impl Held {
    fn let_go(&mut self, now: Duration) {
        self.0.retain(|_, until| *until > now);
    }

    fn hold(&mut self, session: SessionKey, now: Duration) {
        self.0.insert(session, now + LOOK_AGAIN);
    }

    fn has(&self, session: &SessionKey) -> bool {
        self.0.contains_key(session)
    }
}

/// What became of rows.
pub(super) struct Written {
    /// What is to be said of each.
    pub(super) said: Vec<LinkEvent>,
    pub(super) held: Held,
}

/// Writes rows, in order.
pub(super) async fn write(desk: WebChatDesk, rows: Vec<OutboxRow>, mut held: Held) -> Written {
    let Some(parts) = desk.parts() else {
        let gone = |row: OutboxRow| failed(row.id, Code::Unavailable, "the gateway is being started".to_owned(), None);
        return Written { said: rows.into_iter().map(gone).collect(), held };
    };
    let parts = &*parts;
    let clock = desk.clock();
    let mut said = Vec::with_capacity(rows.len());
    let mut written = Vec::with_capacity(rows.len());
    if rows.iter().any(is_again) {
        // What an earlier life of the link wrote has to be there when it is looked for.
        until_on_disk(parts, &clock).await;
    }
    held.let_go(clock.elapsed());
    for row in rows {
        let line = match line(row.id, &row.outbound, clock.now_ms()) {
            Ok(line) => line,
            Err(error) => {
                said.push(failed(row.id, error.code(), error.to_string(), None));
                continue;
            }
        };
        if held.has(&line.session) {
            said.push(unread(row.id, "a row before it in this chat waits"));
            continue;
        }
        if let Some(from) = announce::from(&row.outbound) {
            match announce::announce(&row, from, line.session.clone(), parts, clock.now_ms()).await {
                Ok(()) => said.push(confirmed(row.id)),
                Err(error) => {
                    said.push(unread(row.id, &error.to_string()));
                    held.hold(line.session, clock.elapsed());
                }
            }
            continue;
        }
        match is_there(&row, &line, parts).await {
            Ok(true) => said.push(confirmed(row.id)),
            Ok(false) => {
                parts.store.append_transcript(line.session.clone(), vec![line.entry.clone()], Usage::default());
                written.push((row.id, line));
            }
            Err(reason) => {
                said.push(unread(row.id, &reason));
                held.hold(line.session, clock.elapsed());
            }
        }
    }
    if !written.is_empty() {
        until_on_disk(parts, &clock).await;
    }
    for (id, line) in written {
        parts.switchboard.session_changed(&line.session);
        publish(&line, parts);
        said.push(confirmed(id));
    }
    Written { said, held }
}

fn is_again(row: &OutboxRow) -> bool {
    row.resent || row.attempts > 0
}

/// Returns whether a row that is sent again has its line already.
async fn is_there(row: &OutboxRow, line: &Line, parts: &DeskParts) -> Result<bool, String> {
    if !is_again(row) {
        return Ok(false);
    }
    let lines = parts.store.history(line.session.clone(), LOOK_BACK_MAX).await.map_err(|error| error.to_string())?;
    Ok(lines.iter().any(|known| known.run == line.entry.run))
}

/// Waits until everything that was written is on the disk: the store keeps it until then, so it must not be written twice.
async fn until_on_disk(parts: &DeskParts, clock: &Clock) {
    let mut failures = 0;
    while let Err(error) = parts.store.flush().await {
        failures += 1;
        if failures == 1 {
            tracing::warn!(event = "outbound.held", code = %error.code(), "nothing is confirmed: {error}");
        }
        clock.sleep(STORE_BACKOFF.wait(failures)).await;
    }
}

fn publish(line: &Line, parts: &DeskParts) {
    let Line { session, entry } = line;
    let event = ChatEvent {
        run_id: &entry.run,
        session_key: session.as_str(),
        seq: 0,
        state: ChatState::Final,
        message: Some(ChatText::new(&entry.text, entry.at_ms)),
        error_message: None,
        stop_reason: None,
    };
    parts.switchboard.publish(EventBody::new(EventName::Chat, &event));
}

fn confirmed(id: OutboxId) -> LinkEvent {
    LinkEvent::Confirmed { id, receipt: Receipt { platform_id: None } }
}

fn failed(id: OutboxId, code: Code, reason: String, retry_after_ms: Option<u64>) -> LinkEvent {
    LinkEvent::Failed { id, code, reason, retry_after_ms }
}

/// Says that a row, or one before it, could not be looked up.
fn unread(id: OutboxId, reason: &str) -> LinkEvent {
    let wait_ms = u64::try_from(LOOK_AGAIN.as_millis()).unwrap_or(u64::MAX);
    failed(id, Code::StoreUnavailable, reason.to_owned(), Some(wait_ms))
}

/// Returns the text with a line for each thing that is sent along.
fn with_attachment_line(text: &str, media: &[Media]) -> String {
    let mut told = text.to_owned();
    for media in media {
        if told.trim().is_empty() {
            told.clear();
        } else {
            told.push_str("\n\n");
        }
        match media.url() {
            Some(url) => told.push_str(&format!("Attachment: {}", url.trim())),
            None => told.push_str(&format!("Attachment: {}", media.name.as_deref().unwrap_or("a file"))),
        }
    }
    told
}

/// The rules of this channel: a text as long as an event can be, an attachment as a line of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct TextShaper;

impl Shaper for TextShaper {
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        let text = with_attachment_line(&outbound.text, &outbound.media);
        let pieces = split(&text, TextLimit { chars_max: TEXT_CHARS_MAX }).into_iter();
        let payload = |text| Outbound::text(outbound.target.clone(), text);
        pieces.filter(|piece| !piece.trim().is_empty()).map(payload).collect()
    }

    /// Whoever listens hears the words of a turn as it has them, and the transcript has one line of it.
    fn speech(&self) -> Speech {
        Speech { way: Some(SpeechWay::Whole), ..Speech::default() }
    }
}
