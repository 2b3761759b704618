//! The rows and requests of the store.

use serde::{Deserialize, Serialize};

use crate::message::{
    AccountKey, BegunRound, ChatRef, Code, Entry, Inbound, InboxId, Outbound, OutboxId, RunId, SessionKey, Target, TraceId,
    Usage,
};

/// A message to accept.
#[derive(Clone, Debug)]
pub struct Accept {
    /// The message.
    pub inbound: Inbound,
    /// The session it was routed to.
    pub session: SessionKey,
}

/// What became of a message to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It has a row now.
    New {
        /// The row.
        id: InboxId,
        /// Its place among the messages of its chat, from 1.
        seq: u64,
    },
    /// The same account already had a message with this platform id.
    Duplicate,
}

/// A message in hand of a session.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxRow {
    /// The row.
    pub id: InboxId,
    /// Its place among the messages of its chat.
    pub seq: u64,
    /// How many crashes it was in hand at.
    pub crashes: u32,
    /// The message.
    pub inbound: Inbound,
    /// The rounds of tools that its turn had before it was cut short, oldest first.
    pub steps: Vec<BegunRound>,
    /// The parts of the answer that its turn had sent before it was cut short, in order; the answer begins with them.
    pub said: Vec<String>,
    /// Whether a draft of its answer may be shown.
    pub drafted: Drafted,
}

/// Whether a draft of the answer to a row may be shown on its platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Drafted {
    /// Nobody has seen one.
    #[default]
    No,
    /// One was to be shown.
    Perhaps,
}

/// What a turn leaves behind.
#[derive(Clone, Debug)]
pub struct TurnOutcome {
    /// The session.
    pub session: SessionKey,
    /// The turn.
    pub run: RunId,
    /// Inbox rows that are answered now.
    pub done: Vec<InboxId>,
    /// Inbox rows that go unanswered for it, each with the reason. One that does not wait any more is left as it is.
    pub dropped: Vec<(InboxId, &'static str)>,
    /// New lines of the transcript.
    pub entries: Vec<Entry>,
    /// Payloads to send, in order.
    pub outbox: Vec<NewOutbox>,
    /// Where answers of this session go, kept for messages that nobody asked for.
    pub reply_to: Option<Target>,
    /// What the turn cost.
    pub usage: Usage,
}

/// A payload to send.
#[derive(Clone, Debug)]
pub struct NewOutbox {
    /// The row's id, made by whoever writes it, so that it is known before the commit.
    pub id: OutboxId,
    /// The payload.
    pub outbound: Outbound,
    /// The thread through the logs.
    pub trace: TraceId,
    /// A client's key under which the same request is made only once.
    pub idempotency_key: Option<String>,
}

/// What became of a payload to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The row, or the row that already had the same idempotency key.
    pub id: OutboxId,
    /// Whether this request made it.
    pub new: bool,
}

/// A payload in hand of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct OutboxRow {
    /// The row.
    pub id: OutboxId,
    /// Its place among the payloads of its chat.
    pub seq: u64,
    /// How often it was tried before this time.
    pub attempts: u32,
    /// Whether it had been begun before and never confirmed: the platform may see it twice.
    pub resent: bool,
    /// When it was written, milliseconds since 1970.
    pub created_ms: i64,
    /// The payload.
    pub outbound: Outbound,
    /// The thread through the logs.
    pub trace: TraceId,
}

/// Where a row of the outbox stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutboxState {
    /// It waits or is on its way.
    Queued,
    /// The platform confirmed it.
    Sent,
    /// It stands in the dead letters.
    Dead,
}

/// What is known of a row of the outbox besides its payload, which goes when the platform has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxNote {
    /// Where it stands.
    pub state: OutboxState,
    /// The platform's id of the message, once it is confirmed, where the platform gives one.
    pub platform_id: Option<String>,
    /// The login that sends it.
    pub account: AccountKey,
    /// The chat that it goes to.
    pub chat: ChatRef,
    /// Why it is a dead letter; `None` for one that is not.
    pub dead: Option<String>,
}

/// How many rows of one chat may be on their way at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendOrder {
    /// Many: the wire keeps their order.
    Pipelined,
    /// One: the next goes when the one before is confirmed.
    OnePerChat,
}

/// How an attempt to send failed.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The stable code.
    pub code: Code,
    /// The reason for people; carries no secret.
    pub reason: String,
    /// When to try again, milliseconds since 1970; `None` is the last attempt: dead letter.
    pub next_ms: Option<i64>,
}

/// Whether rows in hand were left by a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashCount {
    /// They were: one more for each, and at the bound it is a dead letter.
    Counted {
        /// The bound (`deadletters.crashesMax`).
        max: u32,
    },
    /// They were not: a restart by hand, a dropped link.
    Uncounted,
}

/// Which way a dead letter was going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// To a session.
    Inbound,
    /// To a platform.
    Outbound,
}

/// Names a dead letter: the id of the row that it was.
pub type DeadLetterId = uuid::Uuid;

/// A message that could not be answered or sent, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// The row.
    pub id: DeadLetterId,
    /// Which way it was going.
    pub direction: Direction,
    /// The integration.
    pub channel: String,
    /// The login.
    pub account: String,
    /// The chat, as the platform spells it.
    pub chat: String,
    /// How often it was tried.
    pub attempts: u32,
    /// The stable code.
    pub code: Code,
    /// The reason for people.
    pub reason: String,
    /// When it was given up, RFC 3339.
    pub at: String,
    /// The session it was routed to; only inbound ones have one.
    #[serde(skip)]
    pub session: Option<SessionKey>,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Names where the next page begins; `None` on the last.
    pub next: Option<DeadLetterId>,
}

/// Somebody unknown wrote and asks to be let in.
#[derive(Clone, Debug)]
pub struct PairingRequest {
    /// Where they wrote.
    pub account: AccountKey,
    /// Their immutable id.
    pub peer: String,
    /// Their name, for the operator to read.
    pub name: String,
    /// A fresh code.
    pub code: String,
    /// What they are told; written only when the request is new.
    pub notice: NewOutbox,
    /// Now, milliseconds since 1970.
    pub now_ms: i64,
    /// When the request is void.
    pub expires_ms: i64,
    /// How many may be open at a time for one account.
    pub pending_max: usize,
}

/// What became of a request to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PairingOutcome {
    /// It is open now and the peer is being told.
    New,
    /// It was open already.
    Pending,
    /// Too many are open; nothing was written.
    Full,
}

/// An open request to be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pairing {
    /// The integration.
    pub channel: String,
    /// The login.
    pub account: String,
    /// The code.
    pub code: String,
    /// Who asks: the immutable id.
    pub peer: String,
    /// Who asks: the name.
    pub name: String,
    /// When it was opened, RFC 3339.
    pub created_at: String,
    /// When it is void, RFC 3339.
    pub expires_at: String,
}

/// What became of an accepted message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InboxFate {
    /// It waits, or its turn runs.
    Open,
    /// It is answered.
    Done,
    /// It stands in the dead letters; one that was discarded from there is forgotten.
    Dead,
}

/// A paired device, as it is kept. Tokens are stored hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeviceRow {
    /// Lower-case hex SHA-256 of its public key.
    pub id: String,
    /// Everything else, JSON, in the client room's own form.
    pub body: String,
}

/// The bounds of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreLimits {
    /// Open inbox rows; above, channels stop acknowledging (`store.inboxRowsMax`).
    pub inbox_rows_max: u64,
    /// Open outbox rows; above, turns and sends wait (`store.outboxRowsMax`).
    pub outbox_rows_max: u64,
    /// How long finished inbox rows are kept for deduplication, milliseconds (`store.inboxRetentionHours`).
    pub inbox_retention_ms: i64,
    /// How long confirmed outbox rows are kept, milliseconds (`store.outboxRetentionHours`).
    pub outbox_retention_ms: i64,
    /// How long dead letters are kept, milliseconds (`store.deadlettersRetentionHours`).
    pub deadletters_retention_ms: i64,
    /// How long transcript entries are kept, milliseconds; 0 keeps them for ever (`store.transcriptRetentionHours`).
    pub transcript_retention_ms: i64,
    /// For how many days what turns used is kept (`store.usageRetentionDays`).
    pub usage_retention_days: i64,
}

impl Default for StoreLimits {
    fn default() -> Self {
        const HOUR_MS: i64 = 3_600_000;
        Self {
            inbox_rows_max: 1_000_000,
            outbox_rows_max: 1_000_000,
            inbox_retention_ms: 7 * 24 * HOUR_MS,
            outbox_retention_ms: 24 * HOUR_MS,
            deadletters_retention_ms: 30 * 24 * HOUR_MS,
            transcript_retention_ms: 0,
            usage_retention_days: 400,
        }
    }
}

/// How the store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreHealth {
    /// `None` while it can write; else what the disk said, and the code.
    pub trouble: Option<(Code, String)>,
    /// Open rows of the inbox.
    pub inbox_open: u64,
    /// Open rows of the outbox.
    pub outbox_open: u64,
}
