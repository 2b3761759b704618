//! A session as lists show it: gateway-protocol §7.1 and §7.6.

use callboard_actors::message::SessionKey;
use callboard_actors::ports::SessionRow;
use serde_json::{Value, json};

use super::usage;
use crate::ws::Control;

/// How many tokens a model reads at the most where its provider does not say.
pub(super) const CONTEXT_TOKENS: u64 = 128_000;

/// Returns what sessions without settings of their own have.
pub(super) fn defaults(control: &Control) -> Value {
    let models = control.models.get();
    let default = models.names.default_model();
    let (provider, model) = (default.map(|default| &default.provider), default.map(|default| &default.model));
    json!({ "modelProvider": provider, "model": model, "contextTokens": CONTEXT_TOKENS })
}

/// Returns a session as `status` shows it.
pub(super) fn status_row(control: &Control, row: &SessionRow, now_ms: i64) -> Value {
    let total = row.usage.total();
    let traits = &row.traits;
    let flags: Vec<String> = [("think", &traits.thinking_level), ("verbose", &traits.verbose_level)]
        .into_iter()
        .filter_map(|(name, level)| level.as_ref().map(|level| format!("{name}:{level}")))
        .chain([format!("id:{}", row.id)])
        .collect();
    let mut told = json!({
        "agentId": row.key.agent(),
        "key": row.key,
        "kind": Kind::of(&row.key).as_str(),
        "sessionId": row.id,
        "updatedAt": row.updated_ms,
        "age": now_ms.saturating_sub(row.updated_ms),
        "thinkingLevel": traits.thinking_level,
        "verboseLevel": traits.verbose_level,
        "systemSent": true,
        "abortedLastRun": false,
        "remainingTokens": CONTEXT_TOKENS.saturating_sub(total),
        "percentUsed": total.saturating_mul(100) / CONTEXT_TOKENS,
        "contextTokens": CONTEXT_TOKENS,
        "flags": flags,
    });
    if let Some(fields) = told.as_object_mut() {
        fields.extend(usage::fields(row.usage));
        let model = traits.model.clone().map(Value::from).or_else(|| defaults(control).get("model").cloned());
        fields.insert("model".to_owned(), model.unwrap_or_default());
    }
    told
}

/// What kind of conversation a session is, as its key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One person and the agent, and whatever is no group.
    Direct,
    /// A group or a room.
    Group,
    /// The one session of everybody.
    Global,
    /// The session of what belongs to nobody.
    Unknown,
}

impl Kind {
    /// Returns a key's kind.
    pub(super) fn of(key: &SessionKey) -> Self {
        let own = key.agent().and_then(|agent| key.as_str().strip_prefix("agent:")?.strip_prefix(agent)?.strip_prefix(':'));
        match own.unwrap_or(key.as_str()) {
            "global" => Self::Global,
            "unknown" => Self::Unknown,
            rest if rest.contains(":group:") || rest.contains(":channel:") => Self::Group,
            _ => Self::Direct,
        }
    }

    /// Returns its name on the wire.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Group => "group",
            Self::Global => "global",
            Self::Unknown => "unknown",
        }
    }
}

/// Returns what a session has of its own: its id and its settings.
pub(super) fn entry(row: &SessionRow) -> Value {
    let mut told = json!({ "sessionId": row.id, "updatedAt": row.updated_ms });
    if let (Some(fields), Ok(Value::Object(traits))) = (told.as_object_mut(), serde_json::to_value(&row.traits)) {
        fields.extend(traits);
        fields.extend(usage::fields(row.usage));
    }
    told
}

/// Returns a session as `sessions.list` shows it.
pub(super) fn list_row(control: &Control, row: &SessionRow) -> Value {
    let kind = Kind::of(&row.key);
    let mut told = entry(row);
    let (channel, to, account) = match &row.reply_to {
        Some(target) => (target.account.channel(), Some(target.chat.id.as_str()), Some(target.account.account())),
        None => ("webchat", None, None),
    };
    let Value::Object(defaults) = defaults(control) else { return told };
    let chosen = row.traits.model.as_deref().map(|name| name.split_once('/').unwrap_or((name, name)));
    let more = json!({
        "key": row.key,
        "kind": kind.as_str(),
        "chatType": if kind == Kind::Group { "group" } else { "direct" },
        "origin": { "provider": channel, "surface": channel },
        "systemSent": true,
        "abortedLastRun": false,
        "displayName": row.traits.label,
        "modelProvider": chosen.map(|(provider, _)| provider.into()).or_else(|| defaults.get("modelProvider").cloned()),
        "model": chosen.map(|(_, model)| model.into()).or_else(|| defaults.get("model").cloned()),
        "contextTokens": CONTEXT_TOKENS,
        "deliveryContext": { "channel": channel, "to": to, "accountId": account },
        "lastChannel": channel,
        "lastTo": to,
        "lastAccountId": account,
    });
    if let (Some(fields), Value::Object(more)) = (told.as_object_mut(), more) {
        fields.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
    }
    told
}
