//! Failures in sessions, in the registry and in the fan-out, and threads that block, under load.

use serde_json::json;

use super::dice::Dice;
use super::size;
use super::stage::{Stage, forgiving};
use crate::harness::gateway::merge;

/// So many that each has nothing to do for longer than [`PASSIVATE_SEC`] between two messages: sessions leave memory all the
/// time, and failures meet their comings and goings.
const CHATS: usize = 300;
const PER_SECOND: u32 = 200;
const PASSIVATE_SEC: u64 = 1;

#[tokio::test]
async fn failures_in_sessions_and_routing_lose_nothing_and_double_nothing() {
    let mut dice = Dice::from_env("session_faults");
    let mut stage = set_up().await;
    let messages = size(2_000, 20_000);
    let platform = stage.platform();
    let said = platform.say_many(messages, CHATS, PER_SECOND);
    let mut faults = 0;
    let drills = async {
        while platform.ledger.answered() < messages * 19 / 20 {
            let session = a_session(&stage, &mut dice).await;
            let (id, kind) = match dice.below(12) {
                0 | 1 => ("registry", "panic"),
                2 => ("registry", "hang"),
                3 => ("fanout", "panic"),
                4 => ("fanout", "hang"),
                5 | 6 => (session.as_str(), "stop"),
                7 => (session.as_str(), "hang"),
                _ => (session.as_str(), "panic"),
            };
            stage.fault(id, kind).await;
            faults += 1;
            let further = platform.ledger.answered() + dice.below(12);
            platform.ledger.until_answered(further.min(messages)).await;
        }
    };
    tokio::join!(said, drills);
    stage.finish().await;
    eprintln!("session_faults: {faults} faults, {} repeats", stage.repeats());
    assert_eq!(stage.repeats(), 0, "the way out was not touched");
}

#[tokio::test]
async fn blocked_threads_lose_nothing() {
    let mut dice = Dice::from_env("blocked_threads");
    let mut stage = set_up().await;
    let messages = size(1_000, 10_000);
    let platform = stage.platform();
    let said = platform.say_many(messages, CHATS, PER_SECOND);
    let moments = dice.moments(size(3, 20), messages / 10, messages * 4 / 5);
    let drills = async {
        for (number, moment) in moments.iter().enumerate() {
            platform.ledger.until_answered(*moment).await;
            let session = a_session(&stage, &mut dice).await;
            stage.fault(if number % 3 == 2 { "registry" } else { &session }, "block").await;
        }
    };
    tokio::join!(said, drills);
    stage.finish().await;
    eprintln!("blocked_threads: {} blocks, {} repeats", moments.len(), stage.repeats());
}

async fn set_up() -> Stage {
    let mut settings = forgiving();
    merge(&mut settings, json!({ "session": { "passivateSec": PASSIVATE_SEC } }));
    let mut stage = Stage::prepare(&["one"], settings).await;
    stage.slow_turns(20);
    stage.up().await;
    stage
}

/// Returns a session in memory; the registry while there is none.
async fn a_session(stage: &Stage, dice: &mut Dice) -> String {
    let mut sessions = stage.actors("session:").await;
    if sessions.is_empty() { "registry".to_owned() } else { sessions.swap_remove(dice.below(sessions.len())) }
}
