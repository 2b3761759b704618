//! Names of actors.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Names one actor for as long as the process lives, over all its restarts: `registry`, `channel:<channel>:<account>`,
/// `session:<SessionKey>`, `client:<connId>`. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(Arc<str>);

impl ActorId {
    /// Takes an id as it is.
    #[must_use]
    pub fn new(id: impl Into<Cow<'static, str>>) -> Self {
        Self(id.into().as_ref().into())
    }

    /// Returns the id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ActorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActorId({})", self.0)
    }
}

impl Serialize for ActorId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// What sort of actor it is; a label of logs and metrics, so there are few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// The one that routes.
    Registry,
    /// The one that tells everybody.
    Fanout,
    /// The one that keeps the store well.
    Store,
    /// One account's connection to its platform.
    Channel,
    /// One conversation with an agent.
    Session,
    /// One control client.
    Client,
    /// The one that gives clients signs of life.
    Pulse,
    /// One server whose tools are lent.
    Mcp,
}

impl ActorKind {
    /// Returns the label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registry => "registry",
            Self::Fanout => "fanout",
            Self::Store => "store",
            Self::Channel => "channel",
            Self::Session => "session",
            Self::Client => "client",
            Self::Pulse => "pulse",
            Self::Mcp => "mcp",
        }
    }
}
