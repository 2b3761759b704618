//! The gateway killed at random moments under load, the broker stopped and started in between.

use std::sync::Arc;

use serde_json::json;

use super::dice::Dice;
use super::shelf::Shelf;
use super::size;
use super::stage::{Stage, Up};

const CHATS: usize = 50;
/// How many messages a second come in: below what the gateway does, so that it is idle and busy in turns.
const PER_SECOND: u32 = 400;
/// How long after a moment a kill may come.
const JITTER_MS: usize = 40;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Blow {
    Kill,
    Broker,
}

/// What the blows left behind.
#[derive(Default)]
struct Toll {
    /// Payloads on their way at the kills: their PUBACKs were not written down.
    outbox_in_hand: usize,
    inbox_in_hand: usize,
    /// What the gateway counted as sent again, over its lives, as far as it could be read before each kill.
    resent: usize,
}

#[tokio::test]
async fn kills_and_broker_stops_lose_nothing_and_double_only_what_was_on_its_way() {
    let mut dice = Dice::from_env("kill_nine");
    let (messages, kills) = (size(2_000, 10_000), size(8, 20));
    let mut stage = Stage::prepare(&["one"], json!({})).await;
    stage.slow_turns(15);
    stage.up().await;
    let platform = Arc::new(stage.platforms.remove(0));
    let talk = tokio::spawn({
        let platform = Arc::clone(&platform);
        async move { platform.say_many(messages, CHATS, PER_SECOND).await }
    });
    let mut blows: Vec<_> =
        dice.moments(kills, messages / 50, messages * 9 / 10).into_iter().map(|at| (at, Blow::Kill)).collect();
    blows.extend([(messages / 3, Blow::Broker), (messages * 2 / 3, Blow::Broker)]);
    blows.sort_by_key(|(at, _)| *at);
    let mut toll = Toll::default();
    for (at, blow) in blows {
        platform.ledger.until_answered(at).await;
        match blow {
            Blow::Kill => {
                tokio::time::sleep(dice.within_ms(JITTER_MS)).await;
                kill(&mut stage, &mut toll).await;
            }
            Blow::Broker => bounce(&mut stage).await,
        }
    }
    talk.await.expect("all is said");
    stage.platforms.push(Arc::into_inner(platform).expect("the only one"));
    stage.platform().ledger.until_all_answered().await;
    stage.until_settled().await;
    toll.resent += stage.metric("callboard_outbox_resent_total").await;
    let shelf = stage.finish().await;
    report(&stage, &shelf, &toll, kills);
}

async fn kill(stage: &mut Stage, toll: &mut Toll) {
    toll.resent += stage.metric("callboard_outbox_resent_total").await;
    stage.gateway.kill();
    let shelf = Shelf::open(&stage.gateway.state());
    toll.outbox_in_hand += shelf.outbox_in_hand();
    toll.inbox_in_hand += shelf.inbox_in_hand();
    drop(shelf);
    stage.gateway.again().await;
}

/// Stops the broker until the gateway has seen it.
async fn bounce(stage: &mut Stage) {
    stage.broker.stop();
    stage.until_links(Up::No).await;
    stage.broker.again();
}

fn report(stage: &Stage, shelf: &Shelf, toll: &Toll, kills: usize) {
    let sendings = shelf.sendings();
    let (repeats, said) = (stage.repeats(), stage.platform().ledger.said());
    eprintln!(
        "kill_nine: {said} messages, {kills} kills: {repeats} repeats; {} payloads and {} turns in hand at kills, {} resent as counted, {} rows marked",
        toll.outbox_in_hand,
        toll.inbox_in_hand,
        toll.resent,
        sendings.values().filter(|sending| sending.resent).count()
    );
    // A row on its way at a kill is counted by the next life when it goes out again, which that life's end may hide from us.
    assert!(repeats <= toll.outbox_in_hand + toll.resent, "more repeats than were on their way or counted");
    for (text, copies) in stage.platform().ledger.repeats() {
        // Once for each kill that it was on its way at, and once for each broker that went away with it.
        assert!(copies <= sendings[&text].crashes as usize + 2, "{text:?} came {copies} times more: {:?}", sendings[&text]);
    }
}
