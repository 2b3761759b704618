//! Sessions: when they begin anew, which answers are sent, who may order what.

use std::collections::BTreeSet;
use std::time::Duration;

use callboard_actors::channel::{Account, DmPolicy};
use callboard_actors::session::{
    AccessGroups, CommandRules, CompactionMode, CompactionRules, Direct, ResetPolicy, ResetRules, SendRule, SendRules, Sending,
    SessionKind, Writers,
};
use jiff::tz::TimeZone;

use super::ModelsConfig;
use crate::archive::{ArchiveSettings, Mode, PruneRules};
use crate::config::model::{self, ChatType, MaintenanceMode, Model, Reset, ResetMode, Retention, SendAction};
use crate::config::{KeyPath, Problem};

/// The hour of a daily reset that names none.
const HOUR: i8 = 4;

/// The silence before a reset that names none, minutes.
const IDLE_MINUTES: u32 = 60;

/// The commands that begin a session anew whatever the settings say.
const RESETS: [&str; 2] = ["/new", "/reset"];

pub(super) fn commands(model: &Model, accounts: &[Account]) -> CommandRules {
    let commands = &model.commands;
    let triggers = model.session.reset_triggers.iter().map(|trigger| trigger.trim().to_lowercase());
    CommandRules {
        text: commands.text.into(),
        config: commands.config.into(),
        debug: commands.debug.into(),
        restart: commands.restart.into(),
        access_groups: if commands.use_access_groups { AccessGroups::Used } else { AccessGroups::Ignored },
        writers: accounts.iter().map(|account| (account.key.clone(), writers(account))).collect(),
        reset_triggers: triggers.filter(|trigger| !trigger.is_empty() && !RESETS.contains(&trigger.as_str())).collect(),
    }
}

fn writers(account: &Account) -> Writers {
    let access = account.platform.access();
    let lower = |ids: &[String]| ids.iter().map(|id| id.to_lowercase()).collect::<BTreeSet<_>>();
    Writers {
        owners: lower(&access.allow_from),
        in_groups: lower(&access.group_allow_from),
        direct: if access.dm == DmPolicy::Open { Direct::Everybody } else { Direct::Known },
    }
}

pub(super) fn compaction(model: &Model, models: &ModelsConfig, problems: &mut Vec<Problem>) -> CompactionRules {
    let compaction = &model.agents.defaults.compaction;
    if let Some(name) = &compaction.model
        && models.names.look_up(name).is_none()
    {
        let at = KeyPath::default().key("agents").key("defaults").key("compaction").key("model");
        problems.push(Problem::new(at, models.names.unknown(name)));
    }
    CompactionRules {
        mode: match compaction.mode {
            model::CompactionMode::Safeguard | model::CompactionMode::Default => CompactionMode::Automatic,
            model::CompactionMode::Off => CompactionMode::ByHand,
        },
        reserve_tokens: compaction.reserve_tokens.unwrap_or_default().max(compaction.reserve_tokens_floor),
        keep_recent_tokens: compaction.keep_recent_tokens,
        model: compaction.model.clone(),
        instructions: compaction.custom_instructions.clone().filter(|text| !text.trim().is_empty()),
        time_max: Duration::from_secs(compaction.timeout_seconds),
    }
}

pub(super) fn resets(model: &Model) -> ResetRules {
    let session = &model.session;
    let by_type = &session.reset_by_type;
    // As the older key has it: a silence alone, unless something newer is said.
    let usual = match (&session.reset, session.idle_minutes) {
        (Some(reset), _) => policy(reset),
        (None, Some(minutes)) => ResetPolicy { daily_at: None, idle: Some(minutes_of(minutes)) },
        (None, None) => policy(&Reset::default()),
    };
    ResetRules {
        usual,
        direct: by_type.dm.as_ref().map(policy),
        group: by_type.group.as_ref().map(policy),
        thread: by_type.thread.as_ref().map(policy),
        by_channel: session.reset_by_channel.iter().map(|(channel, reset)| (channel.to_lowercase(), policy(reset))).collect(),
        zone: TimeZone::system(),
    }
}

fn policy(reset: &Reset) -> ResetPolicy {
    let idle = reset.idle_minutes.map(minutes_of);
    match reset.mode {
        ResetMode::Daily => ResetPolicy { daily_at: Some(reset.at_hour.unwrap_or(HOUR)), idle },
        ResetMode::Idle => ResetPolicy { daily_at: None, idle: idle.or(Some(minutes_of(IDLE_MINUTES))) },
        ResetMode::Off => ResetPolicy::default(),
    }
}

fn minutes_of(minutes: u32) -> Duration {
    Duration::from_secs(u64::from(minutes) * 60)
}

/// The longest that something can be told to be kept: ten years.
const KEPT_HOURS_MAX: u64 = 10 * 366 * 24;

/// Returns how sessions and the archive are kept.
pub(super) fn archive(model: &Model, problems: &mut Vec<Problem>) -> ArchiveSettings {
    let maintenance = &model.session.maintenance;
    let mode = match maintenance.mode {
        MaintenanceMode::Warn => Mode::Warn,
        MaintenanceMode::Enforce => Mode::Enforce,
    };
    let keep_for = kept_for(&maintenance.reset_archive_retention, "resetArchiveRetention", problems);
    let after = kept_for(&maintenance.prune_after, "pruneAfter", problems);
    ArchiveSettings { mode, keep_for, prune: PruneRules { after, entries_max: maintenance.max_entries.into() } }
}

/// Returns how long something is kept; `None` for ever.
fn kept_for(retention: &Retention, key: &str, problems: &mut Vec<Problem>) -> Option<Duration> {
    let hours = match retention {
        Retention::Kept(false) => return None,
        Retention::Kept(true) => None,
        Retention::Days(days) => u64::from(*days).checked_mul(24),
        Retention::For(text) => hours_of(text),
    };
    let hours = hours.filter(|hours| (1..=KEPT_HOURS_MAX).contains(hours));
    if hours.is_none() {
        let at = KeyPath::default().key("session").key("maintenance").key(key);
        let text = "must be a time such as 30d, 12h or 4w, ten years at the most, or false for ever";
        problems.push(Problem::new(at, text));
    }
    hours.map(|hours| Duration::from_secs(hours * 3600))
}

fn hours_of(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = match text.strip_suffix(['h', 'd', 'w']) {
        Some(number) => (number, text.get(number.len()..)),
        None => (text, Some("d")),
    };
    let hours = match unit {
        Some("h") => 1,
        Some("w") => 7 * 24,
        _ => 24,
    };
    number.trim().parse::<u64>().ok()?.checked_mul(hours)
}

pub(super) fn sending(model: &Model) -> SendRules {
    let action = |action: SendAction| match action {
        SendAction::Allow => Sending::Allow,
        SendAction::Deny => Sending::Deny,
    };
    let rule = |rule: &model::SendRule| SendRule {
        action: action(rule.action),
        channel: rule.matches.channel.as_ref().map(|channel| channel.to_lowercase()),
        kind: rule.matches.chat_type.map(|kind| match kind {
            ChatType::Direct | ChatType::Dm => SessionKind::Direct,
            ChatType::Group => SessionKind::Group,
            ChatType::Room | ChatType::Channel => SessionKind::Channel,
        }),
        key_prefix: rule.matches.key_prefix.as_ref().map(|prefix| prefix.to_lowercase()),
    };
    let policy = &model.session.send_policy;
    SendRules { usual: action(policy.default), rules: policy.rules.iter().map(rule).collect() }
}

/// Returns the models that people can name.
pub(super) fn models(models: &ModelsConfig) -> Vec<String> {
    let named = models.providers.iter().flat_map(|provider| provider.model_ids().map(move |model| (&provider.name, model)));
    named.map(|(provider, model)| format!("{provider}/{model}")).collect()
}
