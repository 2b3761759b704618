//! Whether a session's answers are sent where its own word says nothing: a pure function of rules and the session's key.

use super::memory::SendPolicy;
use crate::message::SessionKey;

/// The settings of `session.sendPolicy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendRules {
    /// What holds where no rule fits.
    pub usual: Sending,
    /// The rules: one that denies counts before all that allow.
    pub rules: Vec<SendRule>,
}

/// Whether answers are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sending {
    /// They are.
    #[default]
    Allow,
    /// They are kept in the transcript.
    Deny,
}

/// One rule; what it does not name fits everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendRule {
    /// What holds for what fits.
    pub action: Sending,
    /// An integration, in lower case.
    pub channel: Option<String>,
    /// A kind of conversation.
    pub kind: Option<SessionKind>,
    /// How the session's key begins, whole or behind `agent:<id>:`, in lower case.
    pub key_prefix: Option<String>,
}

/// What kind of conversation a session is, as its key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionKind {
    /// One person and the agent, and whatever is no group.
    Direct,
    /// A closed group.
    Group,
    /// A room.
    Channel,
    /// A sub-conversation of any.
    Thread,
}

/// Returns the part of a key behind `agent:<id>:`.
fn own_part(key: &SessionKey) -> &str {
    let own = key.agent().and_then(|agent| key.as_str().strip_prefix("agent:")?.strip_prefix(agent)?.strip_prefix(':'));
    own.unwrap_or(key.as_str())
}

/// Returns the integration that a key names, and the kind of its chat.
fn chat_of(key: &SessionKey) -> (Option<&str>, SessionKind) {
    let parts: Vec<&str> = own_part(key).split(':').take(3).collect();
    match parts.as_slice() {
        [channel, "group", ..] => (Some(channel), SessionKind::Group),
        [channel, "channel", ..] => (Some(channel), SessionKind::Channel),
        [channel, "dm", ..] | [channel, _, "dm", ..] => (Some(channel), SessionKind::Direct),
        _ => (None, SessionKind::Direct),
    }
}

impl SessionKind {
    /// Returns a key's kind; a thread is one whatever it is part of.
    #[must_use]
    pub fn of(key: &SessionKey) -> Self {
        if key.as_str().contains(":thread:") { Self::Thread } else { chat_of(key).1 }
    }
}

impl SendRules {
    /// Returns whether a session's answers are sent.
    pub(super) fn decide(&self, key: &SessionKey) -> SendPolicy {
        let fitting = || self.rules.iter().filter(|rule| rule.fits(key)).map(|rule| rule.action);
        let action = if fitting().any(|action| action == Sending::Deny) {
            Sending::Deny
        } else {
            fitting().next().unwrap_or(self.usual)
        };
        match action {
            Sending::Allow => SendPolicy::Allow,
            Sending::Deny => SendPolicy::Deny,
        }
    }
}

impl SendRule {
    fn fits(&self, key: &SessionKey) -> bool {
        let (channel, kind) = chat_of(key);
        let begins = |prefix: &String| key.as_str().starts_with(prefix) || own_part(key).starts_with(prefix);
        self.channel.as_deref().is_none_or(|wanted| channel == Some(wanted))
            && self.kind.is_none_or(|wanted| wanted == kind)
            && self.key_prefix.as_ref().is_none_or(begins)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_decide_by_the_sessions_key() {
        let rule = |action, channel: Option<&str>, kind, prefix: Option<&str>| SendRule {
            action,
            channel: channel.map(str::to_owned),
            kind,
            key_prefix: prefix.map(str::to_owned),
        };
        let quiet_groups = vec![rule(Sending::Deny, Some("chat"), Some(SessionKind::Group), None)];
        let loud_one =
            vec![rule(Sending::Allow, None, None, Some("chat:dm:ann")), rule(Sending::Deny, Some("other"), None, None)];
        let cases = [
            (Sending::Allow, vec![], "agent:main:main", SendPolicy::Allow),
            (Sending::Deny, vec![], "agent:main:main", SendPolicy::Deny),
            (Sending::Allow, quiet_groups.clone(), "agent:main:chat:group:g", SendPolicy::Deny),
            (Sending::Allow, quiet_groups.clone(), "agent:main:chat:group:g:thread:1", SendPolicy::Deny),
            (Sending::Allow, quiet_groups.clone(), "agent:main:chat:dm:u", SendPolicy::Allow),
            (Sending::Allow, quiet_groups, "agent:main:other:group:g", SendPolicy::Allow),
            (Sending::Deny, loud_one.clone(), "agent:main:chat:dm:ann", SendPolicy::Allow),
            (Sending::Deny, loud_one.clone(), "agent:main:chat:dm:bob", SendPolicy::Deny),
            (Sending::Allow, loud_one.clone(), "agent:main:other:account:dm:ann", SendPolicy::Deny),
            (Sending::Allow, loud_one, "agent:main:main", SendPolicy::Allow),
        ];
        for (usual, rules, key, expected) in cases {
            assert_eq!(SendRules { usual, rules }.decide(&SessionKey::new(key)), expected, "{key}");
        }
    }
}
