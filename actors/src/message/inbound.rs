//! A message on its way from a platform to a session.

use serde::{Deserialize, Serialize};

use super::media::{Media, one_or_many};
use super::{Hold, Order, Route, TraceId};

/// One message as a connector normalised it: what the agent sees and what routing needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inbound {
    /// The platform's own message id; with the account it is the key of deduplication.
    pub platform_id: String,
    /// Where it came from.
    pub route: Route,
    /// The larger place that the chat is a part of, by the platform's own id, where the platform has such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub space: Option<String>,
    /// The names in the account's lists, each with `@` before it, that the platform has bound to the writer's id. The channel's shell
    /// fills it in: no connector does, and no name that is shown counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listed_as: Vec<String>,
    /// How it waits for others before it is answered; `None` for what is answered as soon as may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// What the chat is called on the platform, for people to read.
    pub chat_label: String,
    /// The text for the agent.
    pub text: String,
    /// What others said in the room since the last answer, a line each: nobody's words to the agent, so nothing of it is read as an
    /// order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overheard: Option<String>,
    /// What came with it.
    #[serde(default, deserialize_with = "one_or_many")]
    pub media: Vec<Media>,
    /// Whether the agent was addressed by name (always true in a direct chat).
    pub mentioned: bool,
    /// When the platform says it was written, milliseconds since 1970.
    pub at_ms: i64,
    /// The thread through the logs.
    pub trace: TraceId,
    /// What a control client asked for with it; `None` for everything that came from a platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Box<Order>>,
}

/// How the id begins of a message that is a task of another session.
pub const TASK_PREFIX: &str = "spawn:";

impl Inbound {
    /// Returns whether another session gave this to a session of its own to do.
    #[must_use]
    pub fn is_task(&self) -> bool {
        self.order.is_some() && self.platform_id.starts_with(TASK_PREFIX)
    }

    /// Puts what was overheard before the text, once it is known that the agent is to read both.
    pub fn tell_overheard(&mut self) {
        if let Some(lines) = self.overheard.take() {
            let (name, text) = (&self.route.peer.name, &self.text);
            self.text = format!("[Said here since the last answer]\n{lines}\n\n[To be answered now]\n{name}: {text}");
        }
    }
}
