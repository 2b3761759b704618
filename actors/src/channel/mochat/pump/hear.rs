//! What comes in: events of sessions, messages of panels, and what each moves.

use super::{Moved, Pump};
use crate::channel::gap::Gap;
use crate::channel::mochat::held::Held;
use crate::channel::mochat::history::{LATE_MS, Missed, More, Wall};
use crate::channel::mochat::message::{Message, Unreadable};
use crate::channel::mochat::normalise::{Context, normalise, platform_id};
use crate::channel::mochat::payload::{Happening, Payload};
use crate::channel::mochat::places::{Phase, Told};
use crate::channel::{LinkEvent, Normalised};

/// Where a payload comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It answers a question for what is behind this place.
    Asked {
        /// The place that was named.
        from: u64,
    },
    /// The server told it by itself.
    Pushed,
}

impl Pump {
    /// Takes in events of a session, in their order.
    ///
    /// The server numbers them. One that was passed on by another way has a number that is not new. A server that begins to count
    /// anew shows a lower end than the place that it was asked for: then its numbers say nothing, and ids alone decide.
    pub(super) fn session_events(&mut self, payload: Payload, came: Came) {
        let id = payload.place.clone();
        let Some(Held::Payload(payload)) = self.places.hold(&id, Held::Payload(payload)) else { return };
        let Some(spot) = self.places.get_mut(&id) else { return };
        let Payload { place, cursor, events: Some(events) } = payload else { return };
        let heard = spot.heard;
        let anew = match came {
            Came::Asked { from } => cursor.is_some_and(|cursor| cursor < from),
            Came::Pushed => false,
        };
        let stale = cursor.zip(heard).is_some_and(|(cursor, heard)| cursor < heard);
        if anew {
            tracing::warn!(event = "mochat.cursor", actor = %self.account, %place, "the server counts anew: what it tells is known by its ids");
        }
        let new = |seq: Option<u64>| anew || stale || seq.zip(heard).is_none_or(|(seq, heard)| seq > heard);
        let first = events.iter().find_map(|event| event.seq.filter(|seq| new(Some(*seq))));
        // What is told before the answer that says how far it goes comes behind what that has; numbers begin at 1.
        let behind = if came == Came::Pushed { Some(heard.unwrap_or(0)) } else { heard };
        let gap = !anew && !stale && first.zip(behind).is_some_and(|(first, behind)| first > behind.saturating_add(1));
        if gap {
            // The server forgot some of it in the meantime; its history has them.
            spot.phase = Phase::behind();
            self.places.hold(&id, Held::Payload(Payload { place, cursor, events: Some(events) }));
            return;
        }
        let mut end = heard;
        let told = |event: &Happening| new(event.seq) || (came == Came::Pushed && !self.went_by(&place, event));
        let events: Vec<_> = events.into_iter().filter(told).collect();
        for event in events {
            let cursor = event.seq.filter(|_| !stale && !anew);
            end = end.max(cursor);
            match event.message {
                // Without a moment nothing tells what was written before anybody listened: at the first look it is history.
                Some(Ok(message)) if heard.is_none() && came != Came::Pushed && message.at_ms.is_none() => {
                    self.pass_history(&place, &message);
                }
                Some(Ok(message)) => self.pass(&place, &message, cursor),
                Some(Err(unreadable)) => self.bad(&place, unreadable, cursor),
                None => {}
            }
        }
        if !stale || anew {
            // What it left out because of the old place is asked for from the beginning.
            let end = if anew { Some(0) } else { end.max(cursor) };
            if let Some(spot) = self.places.get_mut(&place) {
                spot.heard = end;
                if anew {
                    spot.told = Told::No;
                }
            }
            if end != heard {
                self.pass_by(Moved { place, cursor: end, at_ms: None });
            }
        }
    }

    /// Returns whether an event tells nothing that did not go by. One with an old number that does is of a server that counts anew.
    fn went_by(&self, place: &str, event: &Happening) -> bool {
        match (&event.message, self.places.get(place)) {
            (Some(Ok(message)), Some(spot)) => self.seen.knows(&platform_id(message, &spot.place)),
            _ => true,
        }
    }

    /// Takes in what was missed of a place, and then what came meanwhile.
    pub(super) fn caught_up(&mut self, id: &str, missed: Missed) {
        self.pass_missed(id, missed);
        self.close_gap(id);
        self.go_on(id);
    }

    /// Lets the mark of a place move on over what was unread, as soon as what was read of it is done with.
    fn close_gap(&mut self, id: &str) {
        let Some(spot) = self.places.get_mut(id).filter(|spot| spot.gap == Gap::Open) else { return };
        spot.gap.read(self.told);
        let moved = Moved { place: id.to_owned(), cursor: spot.heard, at_ms: spot.heard_ms };
        tracing::info!(event = "mochat.gap", actor = %self.account, place = id, "what was missed is read");
        self.pass_by(moved);
        self.count_gaps();
    }

    /// Lets go of what is held of a place and was in its list.
    pub(super) fn drop_held(&mut self, id: &str) {
        let Some(spot) = self.places.get_mut(id) else { return };
        let (seen, place) = (&self.seen, &spot.place);
        if let Phase::Behind { held } = &mut spot.phase {
            held.drop_known(|message| seen.knows(&platform_id(message, place)));
        }
    }

    /// Has a place go on with what came meanwhile, and with what comes.
    pub(super) fn go_on(&mut self, id: &str) {
        let Some(spot) = self.places.get_mut(id) else { return };
        let held = match std::mem::replace(&mut spot.phase, Phase::Live) {
            Phase::Behind { held } => held.into_items(),
            Phase::Live => Vec::new(),
        };
        for held in held {
            match held {
                Held::Message(message) => self.pass(id, &message, None),
                Held::Payload(payload) => {
                    // Its history is read: what its numbers leave out is there.
                    let first = payload.events.iter().flatten().find_map(|event| event.seq);
                    if let (Some(first), Some(spot)) = (first, self.places.get_mut(id)) {
                        spot.heard = spot.heard.max(Some(first.saturating_sub(1)));
                    }
                    self.session_events(payload, Came::Pushed);
                }
            }
        }
    }

    /// Passes on what was missed of a place; it stays as far behind as it is.
    pub(super) fn pass_missed(&mut self, id: &str, missed: Missed) {
        let Some(spot) = self.places.get_mut(id) else { return };
        let first_look = spot.is_first_look();
        if missed.more == More::LeftOut {
            // What is older is not read later: it would be answered behind what came after it, and it is counted.
            spot.cut_ms = spot.cut_ms.max(missed.oldest_ms);
            self.events.push(LinkEvent::LeftOut { reason: "too many missed", count: 1 });
            tracing::warn!(event = "mochat.left_out", actor = %self.account, place = id, "more was missed than is read: the oldest of it is left out");
        }
        for unreadable in missed.bad {
            self.bad(id, unreadable, None);
        }
        for message in &missed.messages {
            // Without a moment nothing tells what was written before anybody listened: at the first look it is history.
            if first_look && message.at_ms.is_none() {
                self.pass_history(id, message);
            } else {
                self.pass(id, message, None);
            }
        }
        self.looked_at(id);
    }

    /// Records that a place was looked at, also where nothing stood in it: what comes from now on is new.
    fn looked_at(&mut self, id: &str) {
        if let Some(spot) = self.places.get_mut(id) {
            spot.heard_ms.get_or_insert(spot.mark.first_ms);
        }
    }

    /// Remembers a message that is none of ours.
    fn pass_history(&mut self, id: &str, message: &Message) {
        if let Some(spot) = self.places.get(id) {
            self.seen.again(&platform_id(message, &spot.place));
        }
    }

    /// Passes a message on in its turn, as what it is; once, however often it comes.
    pub(super) fn pass(&mut self, id: &str, message: &Message, cursor: Option<u64>) {
        let Some(spot) = self.places.get_mut(id) else { return };
        let moved = Moved { place: id.to_owned(), cursor, at_ms: message.at_ms };
        // A moment far ahead would make all that is written until then look old.
        let latest_ms = self.api.rest.server_ms().saturating_add(LATE_MS);
        spot.heard_ms = spot.heard_ms.max(message.at_ms.map(|at_ms| at_ms.min(latest_ms)));
        if self.seen.again(&platform_id(message, &spot.place)) {
            return self.pass_by(moved);
        }
        let context = Context {
            account: &self.account,
            me: &self.me,
            place: &spot.place,
            first_ms: spot.mark.first_ms,
            now_ms: self.api.rest.server_ms(),
        };
        let frame = normalise(message, context);
        self.tell(frame, moved);
    }

    /// Passes on that a message cannot be read; once, however often it comes.
    pub(super) fn bad(&mut self, id: &str, unreadable: Unreadable, cursor: Option<u64>) {
        let moved = Moved { place: id.to_owned(), cursor, at_ms: None };
        if self.seen.again(&unreadable.name) {
            return self.pass_by(moved);
        }
        self.tell(Normalised::Bad(unreadable.reason), moved);
    }

    /// Leaves out an event of a session that no answer can hold, however few are asked for; says so, and goes on behind it.
    pub(super) fn skip(&mut self, id: &str, number: u64) {
        let Some(spot) = self.places.get_mut(id) else { return };
        spot.heard = spot.heard.max(Some(number));
        let text = format!("event {number} of session {id} is longer than an answer may be: it is left out");
        self.tell(Normalised::Bad(text), Moved { place: id.to_owned(), cursor: Some(number), at_ms: None });
    }

    /// Takes over at which message reading a place stopped, since no answer can hold it; says so once.
    pub(super) fn stopped_at(&mut self, id: &str, wall: Option<Wall>) {
        let Some(spot) = self.places.get_mut(id) else { return };
        if std::mem::replace(&mut spot.wall, wall.clone()) == wall {
            return;
        }
        let Some(Wall(before)) = wall else { return };
        let which = before.map_or_else(|| "the newest message".to_owned(), |id| format!("the message before {id}"));
        let text =
            format!("{which} of {id} is longer than an answer may be: it is left out, with what is older and was not read");
        self.tell(Normalised::Bad(text), Moved { place: id.to_owned(), cursor: None, at_ms: None });
    }

    fn tell(&mut self, frame: Normalised, moved: Moved) {
        self.told += 1;
        self.pending.push_back((self.told, vec![moved]));
        self.events.frame(frame, Some(self.told));
    }

    /// Moves a place without a frame: as soon as everything that was told before is acknowledged.
    fn pass_by(&mut self, moved: Moved) {
        match self.pending.back_mut() {
            Some((_, last)) => last.push(moved),
            None => self.moved(moved, self.told),
        }
    }
}
