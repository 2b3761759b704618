//! Turns with tools, the gateway killed at random moments: each turn ends once, no finished call is made again, and what is not
//! known to have been done is said to be so.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::json;

use super::dice::Dice;
use super::ledger::STILLNESS;
use super::shelf::Shelf;
use super::size;
use super::stage::Stage;
use crate::harness::LOOK_EVERY;

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
    let (mut in_hand, mut cut) = (0, BTreeSet::new());
    for at in dice.moments(kills, messages / 50, messages * 9 / 10) {
        platform.ledger.until_answered(at).await;
        tokio::time::sleep(dice.within_ms(JITTER_MS)).await;
        stage.gateway.kill();
        in_hand += Shelf::open(&stage.gateway.state()).inbox_in_hand();
        cut.append(&mut calls(&stage.gateway.state(), CUT_SHORT));
        stage.gateway.again().await;
    }
    talk.await.expect("all is said");
    platform.ledger.until_all_answered().await;
    stage.until_settled().await;
    assert_eq!(stage.gateway.stop(), Some(0), "an end in good order\n{}", stage.gateway.output());
    let unknown = check(&stage.gateway.state(), messages, messages, sessions);
    eprintln!(
        "tools: {messages} turns in {sessions} sessions, {kills} kills: {in_hand} turns in hand, {} calls not known",
        unknown.len()
    );
    assert_eq!(unknown, cut, "what is said not to be known is what a kill cut short, and nothing else");
}

/// How long a turn of several messages takes: longer than it takes for the next message of its session to come.
const SHARED_SCRIPT: &str = "steps:
  - do:
      - tool: { name: message, args: { channel: webchat, target: 'agent:main:notes', message: first } }
      - tool: { name: agents_list, args: {} }
      - waitMs: 60
      - tool: { name: message, args: { channel: webchat, target: 'agent:main:notes', message: second } }
      - tool: { name: agents_list, args: {} }
      - waitMs: 60
      - echo
";

/// What a turn answers stays together over kills from its first call on: its calls are made once for all of its messages.
#[tokio::test]
async fn kills_between_tools_leave_messages_together_that_share_a_turn() {
    let mut dice = Dice::from_env("shared");
    let (messages, sessions, kills) = (size(150, 1_000), size(5, 30), size(6, 40));
    let queue = json!({ "mode": "collect", "debounceMs": 0, "cap": 200 });
    let settings = json!({
        "session": { "dmScope": "per-peer" },
        "deadletters": { "crashesMax": 100 },
        "messages": { "queue": queue }
    });
    let mut stage = Stage::prepare(&["one"], settings).await;
    stage.play(SHARED_SCRIPT);
    stage.up().await;
    let state = stage.gateway.state();
    let platform = std::sync::Arc::new(stage.platforms.remove(0));
    let talk = tokio::spawn({
        let platform = std::sync::Arc::clone(&platform);
        async move { platform.say_many(messages, sessions, PER_SECOND).await }
    });
    let mut cut = BTreeSet::new();
    for at in dice.moments(kills, messages / 50, messages * 9 / 10) {
        until_done(&state, at).await;
        tokio::time::sleep(dice.within_ms(JITTER_MS)).await;
        stage.gateway.kill();
        cut.append(&mut calls(&state, CUT_SHORT));
        stage.gateway.again().await;
    }
    talk.await.expect("all is said");
    until_done(&state, messages).await;
    stage.until_settled().await;
    assert_eq!(stage.gateway.stop(), Some(0), "an end in good order\n{}", stage.gateway.output());
    let questions = questions(&state);
    let unknown = check(&state, messages, questions.len(), sessions);
    eprintln!("shared: {messages} messages in {} turns, {kills} kills, {} calls not known", questions.len(), unknown.len());
    assert_eq!(unknown, cut, "what is said not to be known is what a kill cut short, and nothing else");
    assert!(questions.len() < messages, "no turn answered more than one message");
    let mut answered: Vec<_> = questions.iter().flat_map(|question| question.split("\n\n")).collect();
    answered.sort_unstable();
    let chats = 0..sessions;
    let said = chats.flat_map(|chat| {
        (0..messages)
            .filter(move |number| number % sessions == chat)
            .zip(1..)
            .map(move |(_, n)| format!("wxid_one_{chat:02} says {n}"))
    });
    let mut said: Vec<_> = said.collect();
    said.sort_unstable();
    assert_eq!(answered, said, "each message stands in one question");
}

/// Waits until so many messages are done, whoever answered them.
async fn until_done(state: &Path, count: usize) {
    let file = Connection::open(state.join("callboard.db")).expect("the store's file");
    let done = || file.query_row("SELECT count(*) FROM inbox WHERE state = 2", [], |row| row.get::<_, u32>(0));
    let (mut last, mut moved) = (0, Instant::now());
    loop {
        let now = done().expect("a count") as usize;
        if now >= count {
            return;
        }
        if now > last {
            (last, moved) = (now, Instant::now());
        }
        assert!(moved.elapsed() < STILLNESS, "{now} of {count} messages are done and then nothing");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The questions of all turns.
fn questions(state: &Path) -> Vec<String> {
    let file = Connection::open(state.join("callboard.db")).expect("the store's file");
    let sql = "SELECT body ->> 'text' FROM transcript WHERE body ->> 'role' = 'user'";
    let mut statement = file.prepare(sql).expect(sql);
    let found = statement.query_map([], |row| row.get(0)).expect(sql);
    found.collect::<Result<_, _>>().expect("questions")
}

/// A call: the turn that made it, the place of its round, its place in the round.
type Call = (String, u32, u32);

/// The notes that were begun and not written down as over; a look around is made again.
const CUT_SHORT: &str = "SELECT lower(hex(s.row)), s.round, asked.key FROM steps s, json_each(s.body, '$.calls') AS asked
    WHERE s.call = 0 AND asked.value ->> 'name' = 'message'
      AND NOT EXISTS (SELECT 1 FROM steps r WHERE r.row = s.row AND r.round = s.round AND r.call = asked.key + 1)";

/// The calls of which the transcripts say that nobody knows.
const TOLD_UNKNOWN: &str = "SELECT replace(body ->> 'run', '-', ''), round.key, asked.key
    FROM transcript, json_each(body, '$.rounds') AS round, json_each(round.value, '$.calls') AS asked
    WHERE asked.value ->> '$[1].text' LIKE '%it is not known whether it was done%'";

/// Returns calls that the store's file tells of.
fn calls(state: &Path, sql: &str) -> BTreeSet<Call> {
    let file = Connection::open(state.join("callboard.db")).expect("the store's file");
    let mut statement = file.prepare(sql).expect(sql);
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).expect(sql);
    found.collect::<Result<_, _>>().expect("calls")
}

/// Checks the store's file after so many messages that so many turns answer; answers of which calls it is not known whether they
/// were made.
fn check(state: &Path, messages: usize, answers: usize, sessions: usize) -> BTreeSet<Call> {
    let file = Connection::open(state.join("callboard.db")).expect("the store's file");
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, u32>(0)).expect(sql) as usize;
    let turns = "(SELECT entry, body FROM transcript WHERE body -> 'rounds' IS NOT NULL)";
    let made = format!("{turns}, json_each(body, '$.rounds') AS round, json_each(round.value, '$.calls') AS call");
    let notes = "FROM outbox o JOIN accounts a USING (account) WHERE a.channel = 'webchat'";
    for (what, sql, expected) in [
        ("dead letters", "SELECT count(*) FROM deadletters".to_owned(), 0),
        ("messages done", "SELECT count(*) FROM inbox WHERE state = 2".to_owned(), messages),
        ("sessions with turns", format!("SELECT count(DISTINCT entry >> 32) FROM {turns}"), sessions),
        ("turns", format!("SELECT count(DISTINCT body ->> 'run') FROM {turns}"), answers),
        ("lines of the agent", format!("SELECT count(*) FROM {turns}"), answers),
        ("calls in the transcripts", format!("SELECT count(*) FROM {made}"), 2 * NOTES * answers),
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
            answers,
        ),
    ] {
        assert_eq!(count(&sql), expected, "{what}");
    }
    let (unknown, sent) = (calls(state, TOLD_UNKNOWN), count(&format!("SELECT count(*) {notes}")));
    let all = sent..=sent + unknown.len();
    assert!(all.contains(&(NOTES * answers)), "{sent} notes and {} calls not known", unknown.len());
    unknown
}
