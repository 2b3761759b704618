//! What each part of the gateway gets to see: its own settings, checked, in its own types.

mod agents;
mod gateway;
mod mcp;
mod messages;
mod model_keys;
mod models;
mod reach;
mod session;
mod tools;
mod workspaces;

use std::path::PathBuf;
use std::time::Duration;

use callboard_actors::agent::ToolPolicy;
use callboard_actors::channel::{Account, AckReaction};
use callboard_actors::mcp::McpSettings;
use callboard_actors::ports::StoreLimits;
use callboard_actors::registry::RouteSettings;
use callboard_actors::session::{OnProviderFailure, SessionSettings, Verbose};

pub use agents::AgentSettings;
pub use gateway::{AuthSettings, GatewaySettings, ProxyNet, ReloadSettings};
pub use model_keys::{KeyWay, ProviderKey};
pub use models::{ModelsConfig, ProviderConfig, ProviderKind, RemoteStyle};
pub use tools::group_tools;

use super::model::{self, Level, Model};
use super::{KeyPath, Paths, Problem};
use crate::archive::ArchiveSettings;
use crate::media::MediaSettings;
use crate::tools::Reach;
use crate::workspace::Workspaces;

/// The longest a turn waits for a token, and then some, before it counts as stuck.
const SILENCE_SPARE: Duration = Duration::from_secs(30);

/// Finds the folder to which a file's name at a key is relative.
pub type FolderOf<'a> = &'a dyn Fn(&KeyPath) -> PathBuf;

/// Everything, by who reads it.
#[derive(Clone, Debug)]
pub struct Slices {
    /// The listener and who may use it.
    pub gateway: GatewaySettings,
    /// Sessions and their turns.
    pub session: SessionSettings,
    /// The route table.
    pub routes: RouteSettings,
    /// Every agent with its own settings, the default one first.
    pub agents: Vec<AgentSettings>,
    /// Every configured login.
    pub accounts: Vec<Account>,
    /// How the files of transcripts that were begun anew are kept.
    pub archive: ArchiveSettings,
    /// The store's bounds.
    pub store: StoreLimits,
    /// LLM backends.
    pub models: ModelsConfig,
    /// Who may call which tool.
    pub tools: ToolPolicy,
    /// How far the tools of turns reach.
    pub reach: Reach,
    /// Servers of the Model Context Protocol that are to be connected.
    pub mcp: Vec<McpSettings>,
    /// Which agent works where.
    pub workspaces: Workspaces,
    /// The media room.
    pub media: MediaSettings,
    /// With what messages are marked that were taken in.
    pub ack: Option<AckReaction>,
    /// When a payload is given up.
    pub delivery: DeliverySettings,
    /// How many messages of a group agents are told that were not for them.
    pub overheard_max: usize,
    /// When an actor is stuck or given up.
    pub supervision: SupervisionSettings,
    /// Logs.
    pub logging: LoggingSettings,
}

/// When a payload is given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverySettings {
    /// How many crashes a row in hand survives (`deadletters.crashesMax`).
    pub crashes_max: u32,
    /// How often it is tried (`deadletters.attemptsMax`).
    pub attempts_max: u32,
    /// How long it may wait; `None` is for ever (`deadletters.ageMaxHours`).
    pub age_max: Option<Duration>,
}

/// When an actor is stuck or given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SupervisionSettings {
    /// How long a thread may be blocked (`supervision.stuckSec`).
    pub stuck: Duration,
    /// Restarts within the window (`supervision.restartsMax`).
    pub restarts_max: u32,
    /// The window (`supervision.restartsWindowSec`).
    pub restarts_window: Duration,
    /// The first wait (`supervision.backoffBaseMs`).
    pub backoff_base: Duration,
    /// The longest wait (`supervision.backoffMaxMs`).
    pub backoff_max: Duration,
    /// How long a run has to last for its failures to be forgotten (`supervision.stableSec`).
    pub stable: Duration,
}

/// Logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggingSettings {
    /// The least level in the file.
    pub level: Level,
    /// The least level on the console.
    pub console_level: Level,
    /// How the console looks.
    pub console_style: model::ConsoleStyle,
    /// How often mailboxes are written; `None` is never.
    pub mailbox_interval: Option<Duration>,
    /// How many mailboxes are written, the busiest first.
    pub mailbox_actors_max: usize,
    /// How full a mailbox is written at once, percent.
    pub mailbox_warn_depth_percent: u32,
    /// The age above which a mailbox is written at once.
    pub mailbox_warn_age: Duration,
    /// How many days files are kept, today's included.
    pub retention_days: u32,
    /// The most bytes of one file.
    pub file_bytes_max: u64,
    /// The most bytes of all files.
    pub total_bytes_max: u64,
}

/// Cuts the slices.
///
/// # Errors
/// Everything that the types could not say: names that nobody has, values that exclude each other.
pub fn cut(model: &Model, accounts: Vec<Account>, paths: &Paths, folder: FolderOf<'_>) -> Result<Slices, Vec<Problem>> {
    let mut problems = Vec::new();
    let models = models::cut(model, folder, &mut problems);
    let slices = Slices {
        gateway: gateway::cut(model, paths, &mut problems),
        session: session(model, &models, &accounts, &mut problems),
        archive: session::archive(model, &mut problems),
        routes: agents::routes(model, &accounts, &mut problems),
        agents: agents::cut(model, &models, &mut problems),
        accounts,
        store: store(&model.store),
        models,
        tools: tools::cut(model),
        reach: reach::cut(model, &mut problems),
        mcp: mcp::cut(model, paths, folder, &mut problems),
        workspaces: workspaces::cut(model, paths, folder),
        media: media(model),
        ack: messages::ack(model),
        delivery: delivery(&model.deadletters),
        overheard_max: usize::try_from(model.messages.group_chat.history_limit).unwrap_or(0),
        supervision: supervision(&model.supervision, &mut problems),
        logging: logging(&model.logging),
    };
    if problems.is_empty() { Ok(slices) } else { Err(problems) }
}

fn session(model: &Model, models: &ModelsConfig, accounts: &[Account], problems: &mut Vec<Problem>) -> SessionSettings {
    let defaults = &model.agents.defaults;
    SessionSettings {
        turn_timeout: Duration::from_secs(defaults.timeout_seconds),
        turn_silence: models.longest_silence() + SILENCE_SPARE,
        passivate_after: Duration::from_secs(model.session.passivate_sec),
        history_entries_max: model.session.history_entries_max,
        model: defaults.model.as_ref().and_then(model::ModelName::primary).map(str::to_owned),
        thinking: defaults.thinking_default.map(|level| level.as_str().to_owned()),
        verbose: match defaults.verbose_default {
            model::VerboseLevel::Off => Verbose::Off,
            model::VerboseLevel::On | model::VerboseLevel::Full => Verbose::On,
        },
        system: defaults.system_prompt.clone(),
        on_provider_failure: match model.session.on_provider_failure {
            model::OnProviderFailure::Reply => OnProviderFailure::Reply,
            model::OnProviderFailure::Retry => OnProviderFailure::Retry,
        },
        turn_retries_max: model.session.turn_retries_max,
        actors_max: model.session.actors_max,
        crashes_max: model.deadletters.crashes_max,
        queue: messages::queue(model, accounts, problems),
        lanes: messages::lanes(model),
        speech: messages::speech(model, problems),
        pauses: messages::pauses(model, problems),
        commands: session::commands(model, accounts),
        resets: session::resets(model),
        sending: session::sending(model),
        compaction: session::compaction(model, models, problems),
        models: session::models(models),
    }
}

fn store(store: &model::Store) -> StoreLimits {
    const HOUR_MS: i64 = 3_600_000;
    let hours = |hours: u32| i64::from(hours) * HOUR_MS;
    StoreLimits {
        inbox_rows_max: store.inbox_rows_max,
        outbox_rows_max: store.outbox_rows_max,
        inbox_retention_ms: hours(store.inbox_retention_hours),
        outbox_retention_ms: hours(store.outbox_retention_hours),
        deadletters_retention_ms: hours(store.deadletters_retention_hours),
        transcript_retention_ms: hours(store.transcript_retention_hours),
        usage_retention_days: i64::from(store.usage_retention_days),
    }
}

fn media(model: &Model) -> MediaSettings {
    let media = &model.media;
    let settings = MediaSettings {
        retention: Duration::from_secs(u64::from(media.ttl_hours) * 3600),
        room_bytes_max: u64::from(media.room_max_mb) << 20,
        ..MediaSettings::default()
    };
    settings.with_file_mb(model.agents.defaults.media_max_mb)
}

fn delivery(deadletters: &model::Deadletters) -> DeliverySettings {
    DeliverySettings {
        crashes_max: deadletters.crashes_max,
        attempts_max: deadletters.attempts_max,
        age_max: unless_zero(u64::from(deadletters.age_max_hours) * 3600),
    }
}

fn supervision(supervision: &model::Supervision, problems: &mut Vec<Problem>) -> SupervisionSettings {
    if supervision.backoff_max_ms < supervision.backoff_base_ms {
        let text = format!("is less than `supervision.backoffBaseMs` ({}): raise it", supervision.backoff_base_ms);
        problems.push(Problem::new(KeyPath::default().key("supervision").key("backoffMaxMs"), text));
    }
    SupervisionSettings {
        stuck: Duration::from_secs(supervision.stuck_sec),
        restarts_max: supervision.restarts_max,
        restarts_window: Duration::from_secs(supervision.restarts_window_sec),
        backoff_base: Duration::from_millis(supervision.backoff_base_ms),
        backoff_max: Duration::from_millis(supervision.backoff_max_ms),
        stable: Duration::from_secs(supervision.stable_sec),
    }
}

fn logging(logging: &model::Logging) -> LoggingSettings {
    LoggingSettings {
        level: logging.level,
        console_level: logging.console_level,
        console_style: logging.console_style,
        mailbox_interval: unless_zero(logging.mailbox_interval_sec),
        mailbox_actors_max: logging.mailbox_actors_max,
        mailbox_warn_depth_percent: logging.mailbox_warn_depth_percent,
        mailbox_warn_age: Duration::from_millis(logging.mailbox_warn_age_ms),
        retention_days: logging.retention_days,
        file_bytes_max: logging.file_bytes_max,
        total_bytes_max: logging.total_bytes_max,
    }
}

fn unless_zero(secs: u64) -> Option<Duration> {
    (secs > 0).then(|| Duration::from_secs(secs))
}
