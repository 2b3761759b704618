//! Ids: newtypes, so that an inbox row cannot be confirmed as an outbox row.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes a new id: UUIDv7, so ids made later sort later to the millisecond.
            #[must_use]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// Wraps an id that was read back from where it was kept.
            #[must_use]
            pub const fn from_uuid(id: Uuid) -> Self {
                Self(id)
            }

            /// Returns the id as it is stored and sent.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

uuid_id! {
    /// Names a row of the inbox: one message that the platform saw acknowledged.
    InboxId
}
uuid_id! {
    /// Names a row of the outbox: one payload that waits for the platform's confirmation. Stable over retries.
    OutboxId
}
uuid_id! {
    /// Follows one message from the platform's frame to the confirmed answer, through every log line.
    TraceId
}

/// How long a client's name for a turn may be, bytes.
pub const RUN_ID_BYTES_MAX: usize = 256;

/// Names one turn; `runId` on the wire. A UUIDv7, or the idempotency key of the client that asked for it. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(Arc<str>);

impl RunId {
    /// Makes a new id: UUIDv7, so ids made later sort later to the millisecond.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    /// Takes a client's own name for a turn: 1 to [`RUN_ID_BYTES_MAX`] bytes without control characters; `None` for any other.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let fits = (1..=RUN_ID_BYTES_MAX).contains(&name.len()) && !name.contains(char::is_control);
        fits.then(|| Self(name.into()))
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RunId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunId({})", self.0)
    }
}

/// Names one conversation with an agent: `agent:<agentId>:…`, lower-cased. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionKey(Arc<str>);

impl SessionKey {
    /// Takes a key as it is, lower-cased.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.to_lowercase().into())
    }

    /// Returns the key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the agent's id, the second part of `agent:<agentId>:…`.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        self.0.strip_prefix("agent:")?.split(':').next()
    }

    /// Returns whether another session began this one for a task: `agent:<agentId>:subagent:<uuid>`.
    #[must_use]
    pub fn is_sub_agent(&self) -> bool {
        self.0.split(':').nth(2) == Some("subagent")
    }
}

impl fmt::Display for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionKey({})", self.0)
    }
}

/// Names one configured login of one integration: `<channel>:<account>`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountKey {
    channel: Arc<str>,
    account: Arc<str>,
}

impl AccountKey {
    /// Joins an integration's kind and an account's id, both lower-cased.
    #[must_use]
    pub fn new(channel: &str, account: &str) -> Self {
        Self { channel: channel.to_lowercase().into(), account: account.to_lowercase().into() }
    }

    /// Returns the integration's kind, for example `socket-chat`.
    #[must_use]
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// Returns the account's id, for example `default`.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.channel, self.account)
    }
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({self})")
    }
}
