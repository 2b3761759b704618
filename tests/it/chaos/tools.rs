//! Turns with tools, the gateway killed at random moments: each turn ends once, no finished call is made again, and what is not
//! known to have been done is said to be so.

use std::path::Path;

use rusqlite::Connection;
use serde_json::json;

use super::dice::Dice;
use super::shelf::Shelf;
use super::size;
use super::stage::Stage;

/// How many messages a second come in: fewer than the gateway answers, so that kills meet turns at every stage.
const PER_SECOND: u32 = 100;
/// How long after a moment a kill may come.
const JITTER_MS: usize = 40;

/// Two rounds: in each a note is sent, which must not be sent twice, beside a look around, which may be made again.
const SCRIPT: &str = "steps:
  - do:
      - tool: { name: message, args: { channel: webchat, target: 'agent:main:notes', message: first } }
      - tool: { name: agents_list, args: {} }
      - waitMs: 20
      - tool: { name: message, args: { channel: webchat, target: 'agent:main:notes', message: second } }
      - tool: { name: agents_list, args: {} }
      - waitMs: 20
      - echo
";

/// How many notes a turn sends.
const NOTES: usize = 2;

/// What the gateway says of a call that a kill cut short.
const UNKNOWN: &str = "it is not known whether it was done";

#[tokio::test]
async fn kills_between_tools_make_no_call_twice_and_lose_no_turn() {
    let mut dice = Dice::from_env("tools");
    let (messages, sessions, kills) = (size(150, 1_000), size(15, 100), size(6, 40));
    let settings = json!({ "session": { "dmScope": "per-peer" }, "deadletters": { "crashesMax": 100 } });
    let mut stage = Stage::prepare(&["one"], settings).await;
    stage.play(SCRIPT);
    stage.up().await;
    let platform = std::sync::Arc::new(stage.platforms.remove(0));
    let talk = tokio::spawn({
        let platform = std::sync::Arc::clone(&platform);
        async move { platform.say_many(messages, sessions, PER_SECOND).await }
    });
    let mut in_hand = 0;
    for at in dice.moments(kills, messages / 50, messages * 9 / 10) {
        platform.ledger.until_answered(at).await;
        tokio::time::sleep(dice.within_ms(JITTER_MS)).await;
        stage.gateway.kill();
        in_hand += Shelf::open(&stage.gateway.state()).inbox_in_hand();
        stage.gateway.again().await;
    }
    talk.await.expect("all is said");
    platform.ledger.until_all_answered().await;
    stage.until_settled().await;
    assert_eq!(stage.gateway.stop(), Some(0), "an end in good order\n{}", stage.gateway.output());
    let unknown = check(&stage.gateway.state(), messages, sessions);
    eprintln!(
        "tools: {messages} turns in {sessions} sessions, {kills} kills: {in_hand} turns in hand, {unknown} calls not known"
    );
    assert!(unknown <= NOTES * in_hand, "{unknown} calls are not known, with {in_hand} turns in hand at kills");
}

/// Checks the store's file; answers of how many calls it is not known whether they were made.
fn check(state: &Path, messages: usize, sessions: usize) -> usize {
    let file = Connection::open(state.join("callboard.db")).expect("the store's file");
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, u32>(0)).expect(sql) as usize;
    let turns = "(SELECT entry, body FROM transcript WHERE body -> 'rounds' IS NOT NULL)";
    let calls = format!("{turns}, json_each(body, '$.rounds') AS round, json_each(round.value, '$.calls') AS call");
    let unknown = format!("SELECT count(*) FROM {calls} WHERE call.value ->> '$[1].text' LIKE '%{UNKNOWN}%'");
    let notes = "FROM outbox o JOIN accounts a USING (account) WHERE a.channel = 'webchat'";
    for (what, sql, expected) in [
        ("dead letters", "SELECT count(*) FROM deadletters".to_owned(), 0),
        ("messages done", "SELECT count(*) FROM inbox WHERE state = 2".to_owned(), messages),
        ("sessions with turns", format!("SELECT count(DISTINCT entry >> 32) FROM {turns}"), sessions),
        ("turns", format!("SELECT count(DISTINCT body ->> 'run') FROM {turns}"), messages),
        ("answers", format!("SELECT count(*) FROM {turns}"), messages),
        ("calls in the transcripts", format!("SELECT count(*) FROM {calls}"), 2 * NOTES * messages),
        ("steps that are left", "SELECT count(*) FROM steps".to_owned(), 0),
        (
            "turns with a note too many",
            format!("SELECT count(*) FROM (SELECT 1 {notes} GROUP BY o.trace_id HAVING count(*) > {NOTES})"),
            0,
        ),
        ("notes that are no turn's", format!("SELECT count(*) {notes} AND o.trace_id NOT IN (SELECT trace_id FROM inbox)"), 0),
        (
            "answers",
            "SELECT count(*) FROM outbox o JOIN accounts a USING (account) WHERE a.channel <> 'webchat'".to_owned(),
            messages,
        ),
    ] {
        assert_eq!(count(&sql), expected, "{what}");
    }
    let (unknown, sent) = (count(&unknown), count(&format!("SELECT count(*) {notes}")));
    assert!(sent <= NOTES * messages && sent + unknown >= NOTES * messages, "{sent} notes and {unknown} calls not known");
    unknown
}
