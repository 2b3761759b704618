//! Supervision over actix; the only place that knows actix's contexts and addresses.
//!
//! # Problems solved here
//!
//! - A panic anywhere in an actor's code costs that one value: the mailbox lives on, a new value is built ([`Behaviour`]).
//! - A crash loop ends: growing waits, then `failed`, said once ([`Intensity`], [`Backoff`]).
//! - A hung child task is seen behind an empty mailbox ([`Progress`]); a blocked thread is given up and its actors go on elsewhere.
//! - What a given-up thread still does once it is free again changes nothing: each chain of incarnations has its generation.
//! - Every mailbox is bounded and says how it is ([`ActorRef`], [`Vitals`]); a flood leaves neighbours and timers their turn.
//! - Time is driven by tests ([`Clock`]).
//!
//! # Layout
//!
//! - for an actor's author: [`ActorSpec`], [`Behaviour`], [`Scope`], [`ActorRef`], [`Progress`], [`Live`], [`Clock`]
//! - for whoever runs them: [`Supervisor`], [`SupervisionEvent`], [`ActorReport`]
//! - one actor: `post` (what lasts), `life` (one thread's part), `shell` (the actix actor), `supervised` (its future),
//!   `tasks` (its timers), `seat`, `letter`, `gauge` (its mailbox)
//! - all actors: `directory`, `entry`, `lanes` (threads), `watchdog`
//! - for whoever shares something out: `shares`, `live`, `backoff`

mod actor_ref;
mod backoff;
mod behaviour;
mod clock;
mod directory;
mod entry;
pub mod error;
mod event;
mod fault;
mod gauge;
mod guard;
mod hex;
mod ids;
mod lanes;
mod letter;
mod life;
mod limits;
mod live;
mod post;
mod progress;
mod report;
mod scope;
mod seat;
mod shares;
mod shell;
mod spec;
mod supervised;
mod supervisor;
mod tasks;
mod vitals;
mod watchdog;

#[cfg(test)]
mod tests;

pub use actor_ref::{ActorRef, Bell, Reply};
pub use backoff::Backoff;
pub use behaviour::Behaviour;
pub use clock::Clock;
pub use error::{BuildError, CallError, ControlError, TellError};
pub use event::{SupervisionEvent, What};
pub use hex::hex;
pub use ids::{ActorId, ActorKind};
pub use live::Live;
pub use progress::Progress;
pub use report::{ActorReport, AgeReport, MailboxReport};
pub use scope::{Scope, TaskHandle};
pub use shares::Shares;
pub use spec::{ActorSpec, Build, Intensity, Mailbox, Overflow, Place, Restart};
pub use supervisor::{Change, Drill, Supervision, Supervisor};
pub use vitals::{Ages, Exit, Snapshot, State, Vitals};
