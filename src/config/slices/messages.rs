//! What becomes of messages that come while a turn runs, and how many turns run.

use std::collections::BTreeMap;
use std::time::Duration;

use callboard_actors::channel::{Account, AckReaction, AckScope, AckThen, KINDS};
use callboard_actors::message::{PieceCut, SpeechWay};
use callboard_actors::session::{
    LaneLimits, PartBreak, Pause, QUEUE_DEBOUNCE_MAX, QueueDrop, QueueMode, QueuePolicy, QueueRules, SpeechSettings,
};

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

/// Returns how answers leave while their turns run.
pub(super) fn speech(model: &Model, problems: &mut Vec<Problem>) -> SpeechSettings {
    let defaults = &model.agents.defaults;
    let (coalesce, chunk) = (&defaults.block_streaming_coalesce, &defaults.block_streaming_chunk);
    SpeechSettings {
        way: match defaults.block_streaming_default {
            model::OnOff::On => SpeechWay::Parts,
            model::OnOff::Off => SpeechWay::Whole,
        },
        at: match defaults.block_streaming_break {
            model::BlockBreak::TextEnd => PartBreak::Text,
            model::BlockBreak::MessageEnd => PartBreak::Round,
        },
        piece_min: chunk.min_chars,
        piece_max: chunk.max_chars,
        cut: match chunk.break_preference {
            model::BreakPreference::Paragraph => PieceCut::Nowhere,
            model::BreakPreference::Newline => PieceCut::Line,
            model::BreakPreference::Sentence => PieceCut::Sentence,
        },
        pause: pause(&defaults.human_delay, &KeyPath::default().key("agents").key("defaults"), problems),
        min_chars: coalesce.min_chars,
        max_chars: coalesce.max_chars,
        idle: Duration::from_millis(coalesce.idle_ms),
    }
}

/// Returns how long single agents wait between parts, by the agent's name.
pub(super) fn pauses(model: &Model, problems: &mut Vec<Problem>) -> BTreeMap<String, Pause> {
    let (usual, list) = (&model.agents.defaults.human_delay, KeyPath::default().key("agents").key("list"));
    let own =
        model.agents.list.iter().enumerate().filter_map(|(place, agent)| Some((place, agent, agent.human_delay.as_ref()?)));
    own.map(|(place, agent, delay)| (agent.id.clone(), pause(&delay.over(usual), &list.index(place), problems))).collect()
}

fn pause(delay: &model::HumanDelay, at: &KeyPath, problems: &mut Vec<Problem>) -> Pause {
    let usual = model::HumanDelay::default();
    let (min_ms, max_ms) = match delay.mode {
        model::HumanDelayMode::Off => return Pause::NONE,
        model::HumanDelayMode::Natural => (usual.min_ms, usual.max_ms),
        model::HumanDelayMode::Custom => (delay.min_ms, delay.max_ms),
    };
    if min_ms > max_ms {
        let at = at.key("humanDelay").key("maxMs");
        problems.push(Problem::new(at, format!("is less than minMs ({min_ms}): raise it, or lower minMs")));
    }
    Pause { min: Duration::from_millis(min_ms), max: Duration::from_millis(max_ms) }
}

/// Returns with what messages are marked that were taken in.
pub(super) fn ack(model: &Model) -> Option<AckReaction> {
    let scope = match model.messages.ack_reaction_scope {
        model::AckReactionScope::All => AckScope::All,
        model::AckReactionScope::Direct => AckScope::Direct,
        model::AckReactionScope::GroupAll => AckScope::Groups,
        model::AckReactionScope::GroupMentions => AckScope::Mentions,
        model::AckReactionScope::Off | model::AckReactionScope::None => return None,
    };
    let emoji = model.messages.ack_reaction.trim();
    let then = if model.messages.remove_ack_after_reply { AckThen::ComesOff } else { AckThen::Stays };
    (!emoji.is_empty()).then(|| AckReaction { emoji: emoji.to_owned(), scope, then })
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
