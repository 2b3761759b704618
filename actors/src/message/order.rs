//! A turn as a control client orders it: a row like any other, with wishes.

use serde::{Deserialize, Serialize};

use super::{RunId, SessionKey, Target};

/// On whose word a turn is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OrderedBy {
    /// On that of a client that may send, or of the gateway itself.
    #[default]
    Client,
    /// On that of a client that may do everything.
    Admin,
}

impl OrderedBy {
    /// Returns whether it is the usual one, which rows do not mention.
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What a control client asked for beside the text. Only channels whose peers are operators make one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The session that the client named; no route decides it.
    pub session: SessionKey,
    /// The session's key as the client spelled it, which its events carry.
    pub spelled: String,
    /// The turn's id: the client's idempotency key. The same over crashes.
    pub run: RunId,
    /// On whose word.
    #[serde(default, skip_serializing_if = "OrderedBy::is_usual")]
    pub by: OrderedBy,
    /// Instructions for this turn alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Which model to ask instead of the session's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How much the model is to think, in this turn alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thinking: Option<String>,
    /// How long the turn may take, milliseconds, instead of the session's own deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Where the answer is sent beside the session's own transcript and events; `None` sends it nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliver: Option<Target>,
}
