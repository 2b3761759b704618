//! The vocabulary between actors: plain data, no behaviour, no I/O.
//!
//! Everything that crosses a mailbox, the store or the wire to a client is named here once, so that no actor has to know
//! another actor's type. This ring depends on nothing else in the crate.

mod act;
pub mod base64;
mod code;
mod counters;
mod delta;
mod event;
mod event_name;
mod hold;
mod ids;
mod inbound;
mod link;
mod media;
mod order;
mod outbound;
mod route;
mod runs;
mod sampling;
mod session;
mod speech;
mod steered;
mod switchboard;
mod tool;
mod transcript;
mod turn;
mod turn_event;

pub use act::{Act, Deed, EMOJI_BYTES_MAX, MESSAGE_ID_BYTES_MAX, Mark, MessageRef};
pub use code::{Code, Retry};
pub use counters::{AccountCounters, Counter, Counters, TurnCounters};
pub use delta::{Delta, TurnEnd, TurnFailure};
pub use event::{Delivery, Event, EventBody, Heard, Listener, StateVersion, event_frame};
pub use event_name::{Audience, EventName};
pub use hold::{Ends, Hold, HoldRule, HoldScope};
pub use ids::{AccountKey, InboxId, OutboxId, RUN_ID_BYTES_MAX, RunId, SessionKey, TraceId};
pub use inbound::{Inbound, TASK_PREFIX};
pub use link::{LinkState, LinkStatus};
pub use media::{BlobId, INBOUND_FOLDER, Media, MediaAt, MediaKind};
pub use order::{Order, OrderedBy};
pub use outbound::{Outbound, Receipt, Target};
pub use route::{ChatKind, ChatRef, Peer, Route};
pub use runs::{Opened, RUN_MEMORY_MS, RUNS_BYTES_MAX, RUNS_ENDED_MAX, RunReport, RunStand, RunVerdict, Runs};
pub use sampling::Sampling;
pub use session::{Activation, Retired, SessionMessage, Tenure};
pub use speech::{Draft, Floor, Paragraphs, PieceCut, PieceRules, Speech, SpeechWay};
pub use steered::{Backlog, Steered};
pub use switchboard::{AskError, Shaper, Switchboard};
pub use tool::{BegunRound, RoundWritten, ToolCall, ToolChoice, ToolResult, ToolRound, ToolSchema, ToolSpec, ToolUse};
pub use transcript::{Entry, Role};
pub use turn::{Ask, Said, Usage};
pub use turn_event::{AgentEvent, ChatEvent, ChatState, ChatText};
