//! What owners order of the gateway itself in a chat, and who carries it out.

use futures_util::future::{BoxFuture, FutureExt as _, ready};

use crate::message::{InboxId, SessionKey, Target};

/// Carries out what owners order of the gateway itself. Whether they may was decided before.
pub trait Steward: Send + Sync + 'static {
    /// Carries an errand out and returns what the owner reads: one that cannot be done says why and what would mend it. The same
    /// again after a crash changes nothing more.
    fn carry_out(&self, ordered: Ordered) -> BoxFuture<'static, String>;
}

/// An errand with whoever ordered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// What is to be done.
    pub errand: Errand,
    /// The session that it was ordered in.
    pub session: SessionKey,
    /// Where whoever ordered it reads.
    pub chat: Target,
    /// The row of the order, which says when it was accepted.
    pub row: InboxId,
}

/// What an owner orders of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Looks at the config file or changes it.
    Config(ConfigErrand),
    /// Looks at what is laid over it for the life of the process, or changes that.
    Debug(DebugErrand),
    /// Restarts the gateway.
    Restart,
    /// Looks at who may talk on the account of the chat, or changes it.
    Allowlist(AllowlistErrand),
}

/// What is done with the config file. Paths are as people write them; nothing has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigErrand {
    /// Shows what stands in the file.
    Show,
    /// Shows what holds at a path.
    Get(String),
    /// Sets a path.
    Set(Assignment),
    /// Takes a path out.
    Unset(String),
}

/// What is done with the settings that are held in memory only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DebugErrand {
    /// Shows them.
    Show,
    /// Sets one.
    Set(Assignment),
    /// Takes one out.
    Unset(String),
    /// Takes all of them out.
    Reset,
}

/// `PATH=VALUE`.
#[derive(Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The path.
    pub path: String,
    /// The value: JSON5, or a text where it is none.
    pub value: String,
}

/// Shows the path only: the value may be a secret.
impl std::fmt::Debug for Assignment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assignment").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What is done with the lists of who may talk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowlistErrand {
    /// Shows them.
    List(Lists),
    /// Adds somebody.
    Add(Listed),
    /// Takes somebody out.
    Remove(Listed),
}

/// Which lists are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lists {
    /// That for direct chats.
    Direct,
    /// That for groups.
    Groups,
    /// Both.
    All,
}

/// Somebody on a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which list.
    pub lists: Lists,
    /// Where it is kept.
    pub place: Place,
    /// Who: an id as the platform has it.
    pub who: String,
}

/// Where a list is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the config file.
    Config,
    /// In the store, beside those whom pairing let in; for direct chats only.
    Store,
    /// In both, as far as there is such a list.
    Both,
}

impl AllowlistErrand {
    /// Returns whether the config file is changed by it.
    #[must_use]
    pub const fn writes_config(&self) -> bool {
        match self {
            Self::List(_) => false,
            Self::Add(entry) | Self::Remove(entry) => !matches!(entry.place, Place::Store),
        }
    }
}

/// Carries nothing out, and says so: for where there is no gateway around the actors.
#[derive(Clone, Copy, Debug)]
pub struct NoSteward;

impl Steward for NoSteward {
    fn carry_out(&self, _: Ordered) -> BoxFuture<'static, String> {
        ready("Nobody is here who could do this.".to_owned()).boxed()
    }
}
