//! Where messages stand: a private conversation, or a panel of a group.

use crate::message::ChatKind;

/// So many people, the account included, make a conversation of two.
const PAIR: usize = 2;

/// What sort of place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// A private conversation of two or of a few.
    Session {
        /// The conversation under which notes to the inbox name it.
        converse: Option<String>,
        /// How many are in it, the account included; 0 where the server does not say.
        people: usize,
    },
    /// A room of a group.
    Panel {
        /// The group, where it is known.
        group: Option<String>,
    },
}

/// A place that is listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Its id.
    pub(super) id: String,
    /// What sort it is.
    pub(super) sort: Sort,
    /// What people call it.
    pub(super) name: Option<String>,
    /// When it was made, milliseconds since 1970, as far as the server says.
    pub(super) created_ms: Option<i64>,
}

impl Place {
    /// Returns whether it is a session.
    pub(super) const fn is_session(&self) -> bool {
        matches!(self.sort, Sort::Session { .. })
    }

    /// Returns whether the server says anything of it, and not the settings alone.
    pub(super) const fn is_described(&self) -> bool {
        match &self.sort {
            Sort::Session { converse, people } => converse.is_some() || *people > 0,
            Sort::Panel { group } => group.is_some() || self.name.is_some(),
        }
    }

    /// Returns the group of a panel.
    pub(super) fn group(&self) -> Option<&str> {
        match &self.sort {
            Sort::Panel { group } => group.as_deref(),
            Sort::Session { .. } => None,
        }
    }

    /// Returns what it is to the agent: what is said among several is kept apart from what one person says.
    pub(super) const fn chat_kind(&self) -> ChatKind {
        match &self.sort {
            Sort::Panel { .. } => ChatKind::Channel,
            Sort::Session { people, .. } if *people > PAIR => ChatKind::Group,
            Sort::Session { .. } => ChatKind::Direct,
        }
    }

    /// Returns what people call it, where somebody of a name wrote in it.
    pub(super) fn label(&self, writer: &str) -> String {
        match self.chat_kind() {
            ChatKind::Direct => writer.to_owned(),
            ChatKind::Group | ChatKind::Channel => self.name.clone().unwrap_or_else(|| self.id.clone()),
        }
    }
}
