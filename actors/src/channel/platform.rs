//! What an integration lends to the shell: its accounts, their settings, their connectors.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Serialize;

use super::media::put_in_hand;
use super::webchat::WebChatDesk;
use super::{Access, Connector};
use crate::message::{AccountKey, ChatRef, Deed, Media, Outbound, Shaper, Target};
use crate::ports::{MEDIA_BYTES_DEFAULT, MediaAnswer, MediaRoom, SendOrder};

/// How a dropped link comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    /// The first wait; it doubles from there, with jitter.
    pub base: Duration,
    /// The longest wait.
    pub max: Duration,
    /// How many failures in a row before the link is `blocked`; 0 is never.
    pub attempts_max: u32,
    /// How often a blocked link is tried again, for ever.
    pub slow: Duration,
}

/// What a probe of an account found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Probe {
    /// Whether the account could be used now.
    pub ok: bool,
    /// Why not; carries no secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What the platform told, by its own names.
    #[serde(flatten)]
    pub facts: serde_json::Map<String, serde_json::Value>,
}

/// A target that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetError(pub String);

/// One account's settings and what can be made of them.
pub trait Platform: Send + Sync + fmt::Debug + 'static {
    /// Returns a connector for one link's life. Called again for every reconnect.
    fn connector(&self) -> Box<dyn Connector>;

    /// Returns the same account at this process's desk, for a platform whose far end is in this process; `None` for all others.
    fn at_desk(&self, desk: &WebChatDesk) -> Option<Arc<dyn Platform>> {
        let _ = desk;
        None
    }

    /// Returns what the account has learned since its link was begun, and shows in its status; `None` for a platform that learns
    /// nothing.
    fn memory(&self) -> Option<Memory> {
        None
    }

    /// Returns the same account with what it has learned, under settings that need no new link: the link goes on with it.
    fn remembering(&self, memory: Memory) -> Option<Arc<dyn Platform>> {
        let _ = memory;
        None
    }

    /// Takes what came with a message of a chat into the media room, before the message is written; `None` for what stays where it is.
    fn fetch(&self, media: &Media, chat: &ChatRef, room: &Arc<dyn MediaRoom>) -> Option<MediaAnswer<Media>> {
        let _ = chat;
        put_in_hand(media, room, MEDIA_BYTES_DEFAULT)
    }

    /// Returns who may talk.
    fn access(&self) -> Access;

    /// Returns how a dropped link comes back.
    fn reconnect(&self) -> Reconnect;

    /// Returns how long a link may be silent before it is taken for half open.
    fn patience(&self) -> Duration;

    /// Returns how many rows of one chat may be on their way at a time.
    fn send_order(&self) -> SendOrder;

    /// Returns how outgoing text is cut.
    fn shaper(&self) -> Arc<dyn Shaper>;

    /// Returns what can be done with messages that are there, besides sending others. A row that wants anything else never
    /// reaches a link.
    fn deeds(&self) -> &'static [Deed] {
        &[]
    }

    /// Reads a target as people write it.
    ///
    /// # Errors
    /// Names the target and the forms that would do.
    fn target(&self, text: &str) -> Result<TargetAddress, TargetError>;

    /// Returns the text that tells a stranger their id and code; `code` is to be given to the operator.
    fn pairing_notice(&self, peer: &str, code: &str) -> String;

    /// Asks the platform whether the account could be used, without disturbing a live link.
    fn probe(&self) -> BoxFuture<'static, Probe>;

    /// Returns what the status lists show of the settings; no secret.
    fn status(&self) -> serde_json::Map<String, serde_json::Value>;
}

/// What a platform keeps between two generations of its settings; only the platform itself knows its type.
pub type Memory = Arc<dyn std::any::Any + Send + Sync>;

/// A target as a platform read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAddress {
    /// The chat.
    pub target: Target,
    /// People to address in it.
    pub mentions: Vec<String>,
}

impl TargetAddress {
    /// Makes a payload for the target.
    #[must_use]
    pub fn payload(self, text: String, media: Vec<Media>) -> Outbound {
        Outbound { media, mentions: self.mentions, ..Outbound::text(self.target, text) }
    }
}

/// One configured login.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub key: AccountKey,
    /// Its name for people.
    pub label: String,
    /// Whether it is to run.
    pub enabled: bool,
    /// Changes exactly when a setting changes that needs a new link; what is read per message leaves it alone.
    pub fingerprint: u64,
    /// Its settings.
    pub platform: Arc<dyn Platform>,
}

impl Account {
    /// Returns the same account at this process's desk.
    #[must_use]
    pub fn at_desk(mut self, desk: &WebChatDesk) -> Self {
        if let Some(platform) = self.platform.at_desk(desk) {
            self.platform = platform;
        }
        self
    }

    /// Returns the same account with what it had learned under the settings before, where its link goes on with these.
    #[must_use]
    pub fn after(mut self, before: &[Self]) -> Self {
        let same = |old: &&Self| old.key == self.key && old.fingerprint == self.fingerprint;
        let memory = before.iter().find(same).and_then(|old| old.platform.memory());
        if let Some(platform) = memory.and_then(|memory| self.platform.remembering(memory)) {
            self.platform = platform;
        }
        self
    }
}

/// A setting that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountProblem {
    /// Where: the path below `channels.<kind>`, dotted.
    pub path: String,
    /// What is wrong and how to mend it.
    pub text: String,
}

/// Where in a section the loader puts what the environment says; no key of a file can be called so.
pub const ENV_KEY: &str = "$env";

/// In a schema: whether the keys of an object may be written with underscores too, `claw_token` for `clawToken`.
pub const UNDERSCORES_KEY: &str = "x-underscores";

/// Under which key of a section the loader puts what holds for every kind (`channels.defaults`).
pub const DEFAULTS_KEY: &str = "$defaults";

/// One integration.
#[derive(Debug)]
pub struct Kind {
    /// Its key under `channels`.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// npm names and paths under which other gateways know it.
    pub plugin_names: &'static [&'static str],
    /// Reads `channels.<name>` into accounts, default first; null where the file has no such section.
    pub accounts: fn(&serde_json::Value) -> Result<Vec<Account>, Vec<AccountProblem>>,
    /// Variables of the environment, each with the key of the account `default` that it stands for where the file says nothing.
    /// The loader puts them under [`ENV_KEY`].
    pub env: &'static [(&'static str, &'static str)],
    /// Returns the JSON Schema of `channels.<name>`.
    pub schema: fn() -> serde_json::Value,
}

/// Every integration there is: the one table that a new channel adds a line to.
pub static KINDS: &[Kind] = &[super::socket_chat::KIND, super::rocketchat::KIND, super::mochat::KIND, super::webchat::KIND];
