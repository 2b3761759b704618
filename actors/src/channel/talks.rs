//! What is remembered of rooms between messages, in memory only: whether one is in conversation with the agent, and what was said
//! in it that the agent has not read.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::policy::{Access, DropReason};
use crate::message::{ChatKind, ChatRef, Inbound};

/// In how many rooms; above, the one that was silent longest is forgotten.
const ROOMS_MAX: usize = 512;
/// How much is kept of what was said in one room, bytes; above, the oldest is forgotten.
const SAID_BYTES_MAX: usize = 64 * 1024;

/// The rooms of one account.
#[derive(Debug, Default)]
pub(super) struct Talks {
    rooms: HashMap<ChatRef, Talk>,
    /// Counts what happens, for finding the room that was silent longest.
    beat: u64,
}

#[derive(Debug, Default)]
struct Talk {
    touched: u64,
    /// Until when a message needs no mention, on the clock.
    open_until: Duration,
    said: VecDeque<Said>,
    said_bytes: usize,
}

#[derive(Debug)]
struct Said {
    id: String,
    thread: Option<String>,
    line: String,
}

impl Talks {
    /// Returns whether the agent is in conversation in a message's room, so that it needs no mention.
    pub(super) fn is_open(&self, message: &Inbound, now: Duration) -> bool {
        self.rooms.get(&message.route.chat).is_some_and(|talk| now < talk.open_until)
    }

    /// Begins or renews the conversation in the room of a message that addresses the agent.
    pub(super) fn open(&mut self, message: &Inbound, access: &Access, now: Duration) {
        let window = access.window(&message.route.chat.id);
        if !window.is_zero() {
            let talk = self.talk(&message.route.chat);
            talk.open_until = talk.open_until.max(now + window);
        }
    }

    /// Keeps what was said to others, for the next answer to know; the newest of so many messages.
    pub(super) fn overheard(&mut self, message: &Inbound, reason: DropReason, messages_max: usize) {
        let kept = matches!(reason, DropReason::NotMentioned | DropReason::NoPrefix) && messages_max > 0;
        if !kept || message.text.len() > SAID_BYTES_MAX {
            return;
        }
        let line = format!("{}: {}", message.route.peer.name, message.text);
        let (id, talk) = (message.platform_id.clone(), self.talk(&message.route.chat));
        // A new connection reads the last moments once more.
        if talk.said.iter().any(|said| said.id == id) {
            return;
        }
        talk.said_bytes += line.len();
        talk.said.push_back(Said { id, thread: message.route.thread.clone(), line });
        while talk.said.len() > messages_max || talk.said_bytes > SAID_BYTES_MAX {
            let Some(oldest) = talk.said.pop_front() else { return };
            talk.said_bytes -= oldest.line.len();
        }
    }

    /// Takes out what was said since the last answer where a message is answered now, a line each.
    pub(super) fn take_said(&mut self, message: &Inbound) -> Option<String> {
        let talk = self.rooms.get_mut(&message.route.chat)?;
        let (here, others): (VecDeque<_>, VecDeque<_>) =
            std::mem::take(&mut talk.said).into_iter().partition(|said| said.thread == message.route.thread);
        talk.said_bytes = others.iter().map(|said| said.line.len()).sum();
        talk.said = others;
        let lines: Vec<_> = here.into_iter().map(|said| said.line).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn talk(&mut self, chat: &ChatRef) -> &mut Talk {
        self.beat += 1;
        if self.rooms.len() >= ROOMS_MAX && !self.rooms.contains_key(chat) {
            let silent = self.rooms.iter().min_by_key(|(_, talk)| talk.touched).map(|(chat, _)| chat.clone());
            silent.and_then(|chat| self.rooms.remove(&chat));
        }
        let talk = self.rooms.entry(chat.clone()).or_default();
        talk.touched = self.beat;
        talk
    }
}

/// Returns whether a message stands in a room where others talk too.
pub(super) const fn is_in_room(message: &Inbound) -> bool {
    message.order.is_none() && !matches!(message.route.chat.kind, ChatKind::Direct)
}
