//! What the outside lends to the actors: a store today, more when more is needed.
//!
//! The store speaks in outcomes, each atomic and durable when its answer arrives. Requests are owned and answers are `'static`
//! futures, so that an actor can hold one across its own messages.

mod briefing;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod mcp;
mod media;
pub mod memory;
mod rows;
mod sessions;
mod steward;
mod usage;

use std::collections::HashSet;

use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use uuid::Uuid;

pub use briefing::{Briefing, NoBriefing};
pub use mcp::{McpAnswer, McpChanged, McpDialer, McpFault, McpLink, McpProgress, McpServer, McpToolSpec, McpVerdict, McpWay};
pub use media::{
    Claim, MEDIA_BYTES_DEFAULT, MEDIA_MB_MAX, MEDIA_OF_MESSAGE_MAX, MediaAnswer, MediaBounds, MediaFault, MediaRoom,
    MediaStream, NoMediaRoom, OpenMedia, Opened, Opening, Patron, Reach, media_bytes_max,
};
pub use rows::{
    Accept, Accepted, Attempt, CrashCount, DeadLetter, DeadLetterId, DeviceRow, Direction, Drafted, InboxFate, InboxRow,
    NewOutbox, OutboxNote, OutboxRow, OutboxState, Page, Pairing, PairingOutcome, PairingRequest, Queued, SendOrder,
    StoreHealth, StoreLimits, TurnOutcome,
};
pub use sessions::{
    ACTIVATIONS_MAX, Compacted, Context, HISTORY_BYTES_MAX, LINES_TAKEN_MAX, SessionName, SessionRow, SessionTraits, Summary,
    TRAIT_BYTES_MAX, WholeTranscript, whole_transcript,
};
pub use steward::{
    AllowlistErrand, Assignment, ConfigErrand, DebugErrand, Errand, Listed, Lists, NoSteward, Ordered, Place, Steward,
};
pub use usage::{USAGE_GROUPS_MAX, USAGE_OTHER, UsageDay, UsageGroup, UsageQuery, UsageSum, UsageSums, UsedBy};

use crate::message::{
    AccountKey, Activation, BegunRound, BlobId, ChatRef, Code, Entry, InboxId, OutboxId, Receipt, SessionKey, ToolResult, Usage,
};

/// Why the store did not do what it was asked; nothing was written then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The inbox or the outbox has reached its bound.
    #[error("the {table} holds {rows} open rows, its bound: let it drain or raise `store.{setting}`")]
    Full {
        /// Which table.
        table: &'static str,
        /// How many open rows it holds.
        rows: u64,
        /// The setting that bounds it.
        setting: &'static str,
    },
    /// The disk does not take the write; tried again by whoever asked.
    #[error("the store cannot write: {reason}")]
    Unavailable {
        /// What the disk said.
        reason: String,
    },
    /// The file is damaged.
    #[error("the store is damaged: {reason}")]
    Corrupt {
        /// What was found.
        reason: String,
    },
    /// The gateway is going down.
    #[error("the store is closed")]
    Closed,
    /// The row named is not there, or not in a state for this.
    #[error("no such row: {what}")]
    Missing {
        /// What was asked for.
        what: String,
    },
    /// Something else stands where this would go.
    #[error("{what}")]
    Conflict {
        /// What stands there.
        what: String,
    },
    /// A field of the request is not one that can be kept.
    #[error("{what}")]
    Invalid {
        /// The field, and what is wrong with it.
        what: String,
    },
}

impl StoreError {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Full { .. } => Code::StoreFull,
            Self::Missing { .. } => Code::NotFound,
            Self::Conflict { .. } => Code::Conflict,
            Self::Invalid { .. } => Code::InvalidRequest,
            Self::Closed => Code::Unavailable,
            Self::Unavailable { .. } | Self::Corrupt { .. } => Code::StoreUnavailable,
        }
    }
}

/// The store's answer to one request.
pub type Answer<T> = BoxFuture<'static, Result<T, StoreError>>;

/// Transcripts that were begun anew, kept where nobody reads them but people.
pub trait Archive: Send + Sync + 'static {
    /// Keeps the lines of a transcript, oldest first; they are safe when this answers.
    fn keep(&self, transcript: Uuid, lines: Vec<Entry>) -> Answer<()>;
}

/// Durable rows. Every write is atomic; writes are answered in the order of submission.
pub trait Store: Send + Sync + 'static {
    // ---- inbox ----

    /// Writes messages into the inbox, each with the next `seq` of its chat, or finds them there already. One commit for all of
    /// them; answered in the order given. Only after this may the platform hear an acknowledgement.
    fn accept(&self, batch: Vec<Accept>) -> Answer<Vec<Accepted>>;

    /// Takes the oldest open rows of a session in hand (`begun`), at most `limit`.
    fn begin_turn(&self, session: SessionKey, limit: usize) -> Answer<Vec<InboxRow>>;

    /// Returns the waiting rows of a session in the order of arrival, each with its place in it, from behind a place on, at most
    /// `limit`; none of them is taken in hand. Only rows committed before are seen for certain.
    fn waiting_rows(&self, session: SessionKey, behind: u64, limit: usize) -> Answer<Vec<(u64, InboxRow)>>;

    /// Takes these rows of a session in hand and ends others without an answer, each with the reason, in one commit. Rows that do
    /// not wait any more are left as they are; answers with those in hand now.
    fn take_rows(&self, session: SessionKey, take: Vec<InboxId>, drop: Vec<(InboxId, &'static str)>) -> Answer<Vec<InboxId>>;

    /// Ends a turn: transcript entries, outbox rows and finished inbox rows in one commit; answers with the next rows of the
    /// same session, taken in hand, at most `next`. The finished rows have to be open: in hand, or waiting still as those are that
    /// a running turn took along. Rows of the session that go unanswered for it end in the same commit, if they wait.
    fn finish_turn(&self, outcome: TurnOutcome, next: usize) -> Answer<Vec<InboxRow>>;

    /// Writes down that the turn of a row in hand begins a round of tools, numbered from 0; the same again is no other. `Missing`
    /// for a row that is not in hand, `Conflict` where another round stands under the number. The steps of a row are handed out
    /// with it, and go when it is answered or discarded.
    fn begin_round(&self, row: InboxId, round: usize, calls: BegunRound) -> Answer<()>;

    /// Writes down how a call of a round came out, numbered from 0; the first word on a call counts. `Missing` where there is no
    /// such call.
    fn finish_call(&self, row: InboxId, round: usize, call: usize, result: ToolResult) -> Answer<()>;

    /// Has a part of the answer to a row in hand sent before its end: the words, numbered from 0, and their payloads in one commit.
    /// The same again is no other and sends nothing twice. `Missing` for a row that is not in hand, `Conflict` where other words
    /// stand under the number or those before them are missing. The words are handed out with the row, and go when it is answered
    /// or discarded.
    fn say(&self, row: InboxId, number: usize, words: String, payloads: Vec<NewOutbox>) -> Answer<()>;

    /// Notes that a draft of the answer to a row in hand is about to be shown. `Missing` for a row that is not in hand. It is handed out
    /// with the row, and goes when that is answered or discarded.
    fn note_draft(&self, row: InboxId) -> Answer<()>;

    /// Puts the rows that a session had in hand back in their place, after a crash counting it against each of them; a row at
    /// its bound of crashes becomes a dead letter. Answers how many wait again.
    fn reopen_inbox(&self, session: SessionKey, crash: CrashCount) -> Answer<usize>;

    /// Moves an inbox row to the dead letters.
    fn bury_inbox(&self, id: InboxId, code: Code, reason: String) -> Answer<()>;

    /// Returns the sessions that have open rows.
    fn sessions_with_open_rows(&self) -> Answer<Vec<SessionKey>>;

    // ---- outbox ----

    /// Writes the payloads of one request into the outbox, in one commit, in their order: all, or none where the bound has no room
    /// for all. Where an id or an idempotency key of any of them is there already the request was made before: it writes nothing
    /// then and answers with the rows that are there. A key is there as long as its row: while that is open or a dead letter, and
    /// `outbox_retention_ms` after its end.
    fn enqueue_all(&self, rows: Vec<NewOutbox>) -> Answer<Vec<Queued>>;

    /// Writes one payload like [`Store::enqueue_all`].
    fn enqueue(&self, row: NewOutbox) -> Answer<Queued> {
        let all = self.enqueue_all(vec![row]);
        let nothing = || StoreError::Corrupt { reason: "a payload was neither written nor found".into() };
        Box::pin(async move { all.await?.pop().ok_or_else(nothing) })
    }

    /// Takes due rows of an account in hand (`begun`), in order per chat, at most `limit`. A chat with a row that is not yet
    /// due is passed over whole, so its order holds. One that is about another row ([`MessageRef::Row`](crate::message::MessageRef))
    /// names the platform's id of that row's message, once it is confirmed.
    fn begin_send(&self, account: AccountKey, limit: usize, order: SendOrder) -> Answer<Vec<OutboxRow>>;

    /// Ends rows that the platform confirmed. Not waited for: a confirmation that is lost with the process is a row sent again.
    fn confirm_send(&self, confirmed: Vec<(OutboxId, Receipt)>);

    /// Records a failed attempt; the row waits until its next try, or moves to the dead letters.
    fn fail_send(&self, id: OutboxId, attempt: Attempt) -> Answer<()>;

    /// Puts the begun and unconfirmed rows of an account back in their place; answers how many there were: they may be sent twice.
    fn reopen_outbox(&self, account: AccountKey, crash: CrashCount) -> Answer<usize>;

    /// Returns when the earliest waiting row of an account is due, milliseconds since 1970.
    fn next_due(&self, account: AccountKey) -> Answer<Option<i64>>;

    /// Returns where a row of the outbox stands.
    fn outbox_state(&self, id: OutboxId) -> Answer<Option<OutboxState>>;

    /// Returns what is known of a row of the outbox; `None` for one that never was, is discarded, or was confirmed so long ago that
    /// it is forgotten.
    fn outbox_note(&self, id: OutboxId) -> Answer<Option<OutboxNote>>;
    /// Returns whether a row waits for its chat, or is on its way there.
    fn owes(&self, account: AccountKey, chat: ChatRef) -> Answer<bool>;

    /// Returns the row of an account that the platform confirmed under an id of its own. Rows are known as long as they are kept
    /// (`outbox_retention_ms`).
    fn sent_as(&self, account: AccountKey, platform_id: String) -> Answer<Option<OutboxId>>;

    /// Returns the blobs of the media room that open rows and dead letters name, of the inbox and of the outbox.
    fn media_in_use(&self) -> Answer<HashSet<BlobId>>;

    // ---- sessions ----

    /// Returns the newest entries of a session's transcript, oldest first, at most `limit`, and no more than
    /// [`HISTORY_BYTES_MAX`] but for the newest one.
    fn history(&self, session: SessionKey, limit: usize) -> Answer<Vec<Entry>>;

    /// Returns what of a session's transcript its next turn is told: the newest summary, and of the lines that it does not tell of
    /// the newest, at most `limit` and in the bounds of [`Store::history`].
    fn context(&self, session: SessionKey, limit: usize) -> Answer<Context>;

    /// Adds a summary to a transcript, whose later turns are told it instead of the lines before [`Summary::from`]; those stay where
    /// they are. `Conflict` where the transcript is another by now.
    fn summarise(&self, session: SessionKey, summary: Summary) -> Answer<SessionRow>;

    /// Returns lines of a session's transcript from behind a line on, oldest first, each with its number, at most `limit`. Numbers
    /// only grow, whatever leaves the transcript.
    fn transcript(&self, session: SessionKey, behind: u64, limit: usize) -> Answer<Vec<(u64, Entry)>>;

    /// Writes entries of a turn that has no inbox row, and counts what it cost. Not waited for.
    fn append_transcript(&self, session: SessionKey, entries: Vec<Entry>, usage: Usage);

    /// Returns known sessions, newest first.
    fn sessions(&self, limit: usize) -> Answer<Vec<SessionRow>>;

    /// Returns one session, `None` for one that nobody has spoken to.
    fn session(&self, session: SessionKey) -> Answer<Option<SessionRow>>;

    /// Returns the one session of a name, by an index, however many there are.
    fn find_session(&self, name: SessionName) -> Answer<Option<SessionRow>>;

    /// Returns the sessions that have a word of their own on when they answer in a group, at most [`ACTIVATIONS_MAX`], the newest
    /// first.
    fn activations(&self) -> Answer<Vec<(SessionKey, Activation)>>;

    /// Merges a patch into a session's settings, JSON merge patch (RFC 7396) over [`SessionTraits`]; makes the session when it is
    /// not there. `Invalid` for a field that is not known or of the wrong type, `Conflict` for a label that another session has.
    fn patch_session(&self, session: SessionKey, patch: Map<String, Value>) -> Answer<SessionRow>;

    /// Begins a session's transcript anew under a new id, its settings kept, its tokens and summaries counted from 0; makes the session when
    /// it is not there. Answers with the lines that were part of it, oldest first, at most [`LINES_TAKEN_MAX`].
    fn reset_session(&self, session: SessionKey) -> Answer<(SessionRow, Vec<Entry>)>;

    /// Forgets a session with its settings and transcript. Open rows of it are kept and make it anew at once, as empty as if they
    /// had just arrived. Answers with its lines, oldest first, at most [`LINES_TAKEN_MAX`]; `None` when it was not there.
    fn delete_session(&self, session: SessionKey) -> Answer<Option<Vec<Entry>>>;

    /// Keeps the newest `keep` lines of a transcript.
    fn compact_session(&self, session: SessionKey, keep: usize) -> Answer<Compacted>;

    /// Returns what turns used on each day from one on, days since 1970 in UTC, oldest first; a day without any is left out.
    fn usage_days(&self, from: i64) -> Answer<Vec<UsageDay>>;

    /// Sums what sessions used since their last reset, however many there are, and tells of the newest of them.
    fn usage_sums(&self, query: UsageQuery) -> Answer<UsageSums>;

    /// Returns how many open inbox rows each session has, the ones with most first, at most `limit` sessions.
    fn open_rows(&self, limit: usize) -> Answer<Vec<(SessionKey, u64)>>;

    /// Returns what became of a message, `None` when it was never accepted or is forgotten by now.
    fn inbox_fate(&self, account: AccountKey, platform_id: String) -> Answer<Option<InboxFate>>;

    // ---- devices ----

    /// Returns every paired device, in order of id.
    fn devices(&self) -> Answer<Vec<DeviceRow>>;

    /// Writes a device, new or changed.
    fn put_device(&self, device: DeviceRow) -> Answer<()>;

    /// Forgets a device; one that is not there is forgotten already.
    fn remove_device(&self, id: String) -> Answer<()>;

    // ---- dead letters ----

    /// Returns a page of the dead letters, newest first; `after` is the `next` of the page before.
    fn dead_letters(&self, after: Option<DeadLetterId>, limit: usize) -> Answer<Page<DeadLetter>>;

    /// Puts a dead letter back at the end of its chat's queue, as young as a new row; answers with it, so that its session or account can be woken.
    fn retry_dead_letter(&self, id: DeadLetterId) -> Answer<DeadLetter>;

    /// Forgets a dead letter.
    fn discard_dead_letter(&self, id: DeadLetterId) -> Answer<DeadLetter>;

    // ---- pairing ----

    /// Opens a pairing request, or finds the peer's open one; a new one writes its notice to the outbox in the same commit.
    fn request_pairing(&self, request: PairingRequest) -> Answer<PairingOutcome>;

    /// Returns the open requests that have not expired.
    fn pairings(&self, now_ms: i64) -> Answer<Vec<Pairing>>;

    /// Approves: the peer is allowed from now on and the notice is written to the outbox in the same commit. `None` when no
    /// open request of the channel has that code.
    fn approve_pairing(&self, channel: String, code: String, notice: String, now_ms: i64) -> Answer<Option<Pairing>>;

    /// Rejects: the request is gone. `None` when no open request of the channel has that code.
    fn reject_pairing(&self, channel: String, code: String, now_ms: i64) -> Answer<Option<Pairing>>;

    /// Returns the peers' ids that were allowed by pairing.
    fn allowed_peers(&self, account: AccountKey) -> Answer<Vec<String>>;

    /// Lets a peer in by hand, as pairing does; answers whether it was not let in before.
    fn allow_peer(&self, account: AccountKey, peer: String, now_ms: i64) -> Answer<bool>;

    /// Lets a peer in no longer, spelled as [`Store::allowed_peers`] has it; answers whether it was.
    fn forget_peer(&self, account: AccountKey, peer: String) -> Answer<bool>;

    // ---- small things ----

    /// Returns where a connector stopped reading.
    fn cursor(&self, name: String) -> Answer<Option<String>>;

    /// Records where a connector stopped reading.
    fn set_cursor(&self, name: String, value: String) -> Answer<()>;

    /// Claims or renews a lease; answers with its epoch, which every later write of its holder carries. On one node it is 1.
    fn claim(&self, name: String, holder: String, until_ms: i64) -> Answer<u64>;

    /// Waits until everything submitted so far is on the disk.
    fn flush(&self) -> Answer<()>;

    /// Returns whether the store can write, and how full it is. Answered from memory.
    fn health(&self) -> StoreHealth;
}
