//! What becomes of messages that come while a turn runs, and how many turns run.

use std::time::Duration;

use callboard_actors::channel::{Account, KINDS};
use callboard_actors::session::{LaneLimits, QUEUE_DEBOUNCE_MAX, QueueDrop, QueueMode, QueuePolicy, QueueRules};

use crate::config::check::nearest;
use crate::config::model::{self, Model};
use crate::config::{KeyPath, Problem, later};

pub(super) fn queue(model: &Model, accounts: &[Account], problems: &mut Vec<Problem>) -> QueueRules {
    let queue = &model.messages.queue;
    let at = KeyPath::default().key("messages").key("queue");
    check_channels(queue.by_channel.keys(), &at.key("byChannel"), problems);
    check_channels(queue.debounce_ms_by_channel.keys(), &at.key("debounceMsByChannel"), problems);
    for (channel, ms) in &queue.debounce_ms_by_channel {
        if Duration::from_millis(*ms) > QUEUE_DEBOUNCE_MAX {
            let text = format!("is more than {} ms, the most: lower it", QUEUE_DEBOUNCE_MAX.as_millis());
            problems.push(Problem::new(at.key("debounceMsByChannel").key(channel), text));
        }
    }
    QueueRules {
        usual: QueuePolicy {
            mode: mode(queue.mode),
            debounce: Duration::from_millis(queue.debounce_ms),
            cap: queue.cap,
            drop: match queue.drop {
                model::QueueDrop::Old => QueueDrop::Old,
                model::QueueDrop::New => QueueDrop::New,
                model::QueueDrop::Summarize => QueueDrop::Summarize,
            },
        },
        by_channel: queue.by_channel.iter().map(|(channel, own)| (channel.to_lowercase(), mode(*own))).collect(),
        debounce_by_channel: queue
            .debounce_ms_by_channel
            .iter()
            .map(|(channel, ms)| (channel.to_lowercase(), Duration::from_millis(*ms)))
            .collect(),
        holds: accounts.iter().any(|account| account.platform.access().hold.is_some()),
    }
}

pub(super) fn lanes(model: &Model) -> LaneLimits {
    let defaults = &model.agents.defaults;
    LaneLimits {
        main: defaults.max_concurrent,
        subagent: defaults.subagents.max_concurrent,
        cron: model.cron.max_concurrent_runs,
    }
}

const fn mode(mode: model::QueueMode) -> QueueMode {
    match mode {
        model::QueueMode::Collect => QueueMode::Collect,
        model::QueueMode::Followup => QueueMode::Followup,
        model::QueueMode::Steer | model::QueueMode::Queue => QueueMode::Steer,
        model::QueueMode::SteerBacklog | model::QueueMode::SteerAndBacklog => QueueMode::SteerBacklog,
        model::QueueMode::Interrupt => QueueMode::Interrupt,
    }
}

fn check_channels<'a>(named: impl Iterator<Item = &'a String>, at: &KeyPath, problems: &mut Vec<Problem>) {
    for channel in named {
        let lower = channel.to_lowercase();
        let known = || KINDS.iter().map(|kind| kind.name).chain(later::CHANNELS.iter().copied());
        if !known().any(|kind| kind == lower) {
            let hint = nearest(&lower, known()).map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
            problems.push(Problem::new(at.key(channel), format!("no integration is called `{channel}`{hint}")));
        }
    }
}
