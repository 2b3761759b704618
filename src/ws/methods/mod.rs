//! The methods, one file a group.

mod actors;
mod agent;
mod agents;
mod attachments;
mod channels;
mod chat;
mod config;
mod cron;
mod deadletters;
mod devices;
mod health;
mod levels;
mod log_lines;
mod logs;
mod message_action;
mod nodes;
mod pairing;
mod send;
mod session_rows;
mod sessions;
mod sessions_changed;
mod sessions_export;
mod skills;
mod system;
mod turns;
mod usage;

use super::table::Method;

/// Every group.
static GROUPS: &[&[Method]] = &[
    health::METHODS,
    system::METHODS,
    logs::METHODS,
    agent::METHODS,
    chat::METHODS,
    sessions::METHODS,
    sessions_changed::METHODS,
    sessions_export::METHODS,
    send::METHODS,
    message_action::METHODS,
    agents::METHODS,
    channels::METHODS,
    config::METHODS,
    cron::METHODS,
    nodes::METHODS,
    skills::METHODS,
    devices::METHODS,
    pairing::METHODS,
    actors::METHODS,
    deadletters::METHODS,
    usage::METHODS,
];

/// Methods of the protocol that are known and not built yet.
pub(super) const LATER: &[&str] = &[
    "browser.request",
    "cron.add",
    "cron.remove",
    "cron.run",
    "cron.runs",
    "cron.update",
    "exec.approval.request",
    "exec.approval.resolve",
    "exec.approvals.get",
    "exec.approvals.node.get",
    "exec.approvals.node.set",
    "exec.approvals.set",
    "node.describe",
    "node.event",
    "node.invoke",
    "node.invoke.result",
    "node.pair.approve",
    "node.pair.list",
    "node.pair.reject",
    "node.pair.request",
    "node.pair.verify",
    "node.rename",
    "poll",
    "set-heartbeats",
    "skills.bins",
    "skills.install",
    "skills.update",
    "talk.mode",
    "tts.convert",
    "tts.disable",
    "tts.enable",
    "tts.providers",
    "tts.setProvider",
    "tts.status",
    "update.run",
    "voicewake.get",
    "voicewake.set",
    "wake",
    "web.login.start",
    "web.login.wait",
    "wizard.cancel",
    "wizard.next",
    "wizard.start",
    "wizard.status",
];

/// Returns every method that works.
pub(super) fn all() -> impl Iterator<Item = &'static Method> {
    GROUPS.iter().flat_map(|group| group.iter())
}
