//! How an answer leaves while its turn runs: part by part, each for good, or as a draft that is written over.

mod parts;
mod rules;
mod sketch;

use std::convert::Infallible;
use std::sync::Arc;

use tokio::sync::watch;

use super::actor::SessionActor;
use super::memory::SendPolicy;
use super::seed::{Seed, Source};
use crate::core::Clock;
use crate::message::{Floor, InboxId, Outbound, OutboxId, Shaper, SpeechWay, Target, TraceId};
use crate::ports::Drafted;

use parts::Parts;
use rules::PartRules;
pub use rules::{PartBreak, Pause, SpeechSettings};
use sketch::Sketch;

/// What a turn has written so far. No longer than an answer may be.
#[derive(Debug, Default)]
struct Heard {
    text: String,
    /// Up to here nothing is added any more: the provider has ended its round.
    ended: usize,
}

/// Takes a turn's words for whoever speaks them.
pub(super) struct Ear(watch::Sender<Heard>);

impl Ear {
    /// Takes all that there is; it only ever grows.
    pub(super) fn text(&self, whole: &str) {
        self.0.send_modify(|heard| {
            let known = heard.text.len();
            heard.text.push_str(whole.get(known..).unwrap_or_default());
        });
    }

    /// Hears that a round of the provider is over.
    pub(super) fn round_over(&self) {
        self.0.send_modify(|heard| heard.ended = heard.text.len());
    }
}

/// How much of an answer has left before its turn is over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing.
    #[default]
    Nothing,
    /// These parts, for good; at least one.
    Parts(Vec<String>),
    /// All of it is shown as the draft of this row, or may be.
    Draft(OutboxId),
}

impl Left {
    /// Returns what has left of an answer at an earlier try.
    pub(super) fn of(seed: &Seed) -> Self {
        match &seed.source {
            Source::Row(row) if !row.said.is_empty() => Self::Parts(row.said.clone()),
            Source::Row(row) if row.drafted == Drafted::Perhaps => Self::Draft(draft_id(row.id)),
            Source::Row(_) | Source::Ask(_) => Self::Nothing,
        }
    }

    /// Returns what has left for good.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Parts(parts) => parts.concat(),
            Self::Nothing | Self::Draft(_) => String::new(),
        }
    }
}

/// Speaks a turn's answer while it is made.
pub(super) enum Speaker {
    /// Says nothing before the end.
    Silent(Left),
    /// Says it part by part.
    Parts(Box<Parts>),
    /// Shows it as it grows.
    Sketch(Box<Sketch>),
}

impl Speaker {
    /// Speaks as long as it is polled. Dropping the future leaves nothing half done.
    pub(super) async fn speak(&mut self) -> Infallible {
        match self {
            Self::Silent(_) => std::future::pending().await,
            Self::Parts(parts) => parts.speak().await,
            Self::Sketch(sketch) => sketch.speak().await,
        }
    }

    /// Ends what was begun; returns how much has left. A store that does not answer is waited for: what it does not know, nobody
    /// may say again.
    pub(super) async fn conclude(self) -> Left {
        match self {
            Self::Silent(left) => left,
            Self::Parts(parts) => parts.conclude().await,
            Self::Sketch(sketch) => sketch.left(),
        }
    }
}

/// To whom a turn speaks.
struct Listener {
    shaper: Arc<dyn Shaper>,
    clock: Clock,
    heard: watch::Receiver<Heard>,
    target: Target,
    trace: TraceId,
}

impl Listener {
    fn outbound(&self, text: &str) -> Outbound {
        Outbound::text(self.target.clone(), text.to_owned())
    }
}

/// The account knows of a turn that speaks as long as it does, however it ends.
impl Drop for Listener {
    fn drop(&mut self) {
        self.shaper.floor(self.trace, Floor::Left);
    }
}

impl SessionActor {
    /// Returns who speaks the answer of a turn that begins, and the ear that it hears with. Only what came from a chat is answered
    /// so: whoever ordered a turn follows it otherwise.
    pub(super) fn speaker(&self, seed: &Seed, clock: &Clock) -> (Speaker, Option<Ear>) {
        let Source::Row(row) = &seed.source else { return (Speaker::Silent(Left::Nothing), None) };
        let silent = || (Speaker::Silent(Left::of(seed)), None);
        let route = &row.inbound.route;
        if row.inbound.order.is_some() || self.send_policy() == SendPolicy::Deny {
            return silent();
        }
        let Some(shaper) = self.parts.switchboard.shaper(&route.account) else { return silent() };
        let (speech, settings) = (shaper.speech(), self.settings());
        let way = speech.way.unwrap_or(settings.speech.way);
        // An answer that has begun to leave for good goes on so.
        let way = if row.said.is_empty() { way } else { SpeechWay::Parts };
        // What was said to several messages in parts could not be told from what was said to one, after a crash.
        if way == SpeechWay::Whole || way == SpeechWay::Parts && !self.queue.also.is_empty() {
            return silent();
        }
        let (words, heard) = watch::channel(Heard::default());
        let target = Target { account: route.account.clone(), chat: route.chat.clone(), thread: route.thread.clone() };
        let trace = row.inbound.trace;
        shaper.floor(trace, Floor::Taken);
        let listener = Listener { shaper, clock: clock.clone(), heard, target, trace };
        let speaker = match way {
            SpeechWay::Edits => Speaker::Sketch(Box::new(Sketch::new(row, listener, Arc::clone(&self.parts.store)))),
            SpeechWay::Whole | SpeechWay::Parts => {
                let pause = self.key.agent().and_then(|agent| settings.pauses.get(agent)).copied();
                let own = SpeechSettings { pause: pause.unwrap_or(settings.speech.pause), ..settings.speech };
                let rules = PartRules::new(&speech, &own);
                let (store, switchboard) = (Arc::clone(&self.parts.store), Arc::clone(&self.parts.switchboard));
                Speaker::Parts(Box::new(Parts::new(row, rules, listener, store, switchboard)))
            }
        };
        (speaker, Some(Ear(words)))
    }
}

/// Returns the id of the row that an answer will have which is shown before it is written down: the same after a crash.
fn draft_id(row: InboxId) -> OutboxId {
    let digest = ring::digest::digest(&ring::digest::SHA256, row.as_uuid().as_bytes());
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    OutboxId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}
