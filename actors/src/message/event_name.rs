//! The closed list of events.

use serde::Serialize;

/// Who may hear an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Audience {
    /// Every client.
    Everybody,
    /// Clients that may read the gateway's state.
    Readers,
    /// Clients that may pair devices.
    Pairing,
    /// The one client that it is sent to.
    One,
}

macro_rules! events {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $audience:ident;)*) => {
        /// What sort of thing happened.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EventName {
            $($(#[doc = $doc])+ $name,)*
        }

        impl EventName {
            /// Every event, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Returns who may hear it.
            #[must_use]
            pub const fn audience(self) -> Audience {
                match self { $(Self::$name => Audience::$audience),* }
            }

            /// Returns what it means, one sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii_start()),* }
            }
        }
    };
}

events! {
    /// The first frame on a connection; its nonce is what a device signs.
    Challenge = "connect.challenge", One;
    /// A step of a turn: its start, a piece of its answer, its end.
    Agent = "agent", Everybody;
    /// A turn's answer as a chat shows it: pieces, then the whole.
    Chat = "chat", Everybody;
    /// Who is there.
    Presence = "presence", Everybody;
    /// A sign of life, every 30 s.
    Tick = "tick", Everybody;
    /// The gateway is going down or restarts.
    Shutdown = "shutdown", Everybody;
    /// How the gateway is.
    Health = "health", Everybody;
    /// A device asks to be paired.
    DevicePairRequested = "device.pair.requested", Pairing;
    /// A device's request was decided.
    DevicePairResolved = "device.pair.resolved", Pairing;
    /// Supervision did something with an actor.
    Actor = "actor", Readers;
    /// A channel's link changed its state.
    Channel = "channel", Readers;
}
