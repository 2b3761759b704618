//! The closed list of error codes; `docs/errors.md` is generated from it.

use serde::{Deserialize, Serialize};

/// Whether the same request may succeed if it is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Retry {
    /// At once: what was in the way is over.
    Now,
    /// After a while: what is in the way passes by itself.
    After,
    /// Never: the request or the configuration has to change.
    Never,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $status:literal, $wire:literal, $retry:ident;)*) => {
        /// A stable name for what went wrong, the same in HTTP bodies, events, logs and dead letters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Every code, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the text that stands in bodies, logs and rows.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Returns the HTTP status that goes with it.
            #[must_use]
            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $status),* }
            }

            /// Returns the code of the control plane's protocol that goes with it.
            #[must_use]
            pub const fn wire(self) -> &'static str {
                match self { $(Self::$name => $wire),* }
            }

            /// Returns whether trying again makes sense.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self { $(Self::$name => Retry::$retry),* }
            }

            /// Returns what the code means, one sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii_start()),* }
            }
        }
    };
}

codes! {
    /// A field of the request is missing, of the wrong type or out of its bounds.
    InvalidRequest = "invalid_request", 400, "INVALID_REQUEST", Never;
    /// The request carries no credential, or one that is not known.
    Unauthorized = "unauthorized", 401, "INVALID_REQUEST", Never;
    /// The request comes from where it may not come from: a foreign page, a foreign host name.
    Forbidden = "forbidden", 403, "INVALID_REQUEST", Never;
    /// The thing named does not exist.
    NotFound = "not_found", 404, "INVALID_REQUEST", Never;
    /// The method is known but not allowed here.
    MethodNotAllowed = "method_not_allowed", 405, "INVALID_REQUEST", Never;
    /// The thing is in a state in which this is not possible.
    Conflict = "conflict", 409, "INVALID_REQUEST", Never;
    /// The body or frame is larger than its bound.
    TooLarge = "too_large", 413, "INVALID_REQUEST", Never;
    /// Too many requests, or a full queue.
    Overloaded = "overloaded", 429, "UNAVAILABLE", After;
    /// Something inside failed; the log has the trace.
    Internal = "internal", 500, "UNAVAILABLE", After;
    /// The feature is known and not built yet.
    NotImplemented = "not_implemented", 501, "UNAVAILABLE", Never;
    /// The part that would answer is starting, stopping or being restarted.
    Unavailable = "unavailable", 503, "UNAVAILABLE", After;
    /// The store cannot write: the disk is full, read-only or failing.
    StoreUnavailable = "store_unavailable", 503, "UNAVAILABLE", After;
    /// The inbox or outbox has reached its bound.
    StoreFull = "store_full", 503, "UNAVAILABLE", After;
    /// The actor has given up after too many failures and waits for a hand.
    ActorFailed = "actor_failed", 503, "UNAVAILABLE", Never;
    /// The channel's link is down; what waits is sent when it is back.
    LinkDown = "link_down", 503, "NOT_LINKED", After;
    /// The platform or its backend refused the credentials.
    BadCredentials = "bad_credentials", 502, "NOT_LINKED", Never;
    /// The platform's backend answered something that cannot be used.
    BadUpstream = "bad_upstream", 502, "UNAVAILABLE", After;
    /// Another client has taken over the channel's session.
    TakenOver = "taken_over", 502, "NOT_LINKED", After;
    /// The platform refused this payload for good.
    Refused = "refused", 502, "UNAVAILABLE", Never;
    /// The target's form is not one that the channel knows.
    InvalidTarget = "invalid_target", 400, "INVALID_REQUEST", Never;
    /// The peer has not been paired.
    NotPaired = "not_paired", 403, "NOT_PAIRED", Never;
    /// The turn or the answer took longer than its deadline.
    Timeout = "timeout", 504, "AGENT_TIMEOUT", After;
    /// The turn was aborted by hand or by a newer message.
    Aborted = "aborted", 409, "UNAVAILABLE", Never;
    /// The provider refused the key.
    ProviderAuth = "provider_auth", 502, "UNAVAILABLE", Never;
    /// The provider does not know the model.
    ProviderModel = "provider_model", 502, "UNAVAILABLE", Never;
    /// The conversation is longer than the model reads.
    ProviderContext = "provider_context", 502, "UNAVAILABLE", Never;
    /// The provider is overloaded or limits the rate.
    ProviderBusy = "provider_busy", 503, "UNAVAILABLE", After;
    /// The provider's answer broke off or could not be read.
    ProviderBroken = "provider_broken", 502, "UNAVAILABLE", After;
    /// A row was in hand at too many crashes and is kept out of the way.
    Poison = "poison", 500, "UNAVAILABLE", Never;
    /// A row waited longer than its age limit.
    Expired = "expired", 504, "UNAVAILABLE", Never;
    /// The configuration does not allow this actor to be built.
    Misconfigured = "misconfigured", 503, "UNAVAILABLE", Never;
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(())
    }
}
