//! Conversations that are being summed up, the gateway killed meanwhile: a summary is there whole or not at all, and every message is
//! answered once either way.

use std::path::Path;
use std::time::Instant;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::dice::Dice;
use super::ledger::STILLNESS;
use super::size;
use crate::harness::LOOK_EVERY;
use crate::harness::control::ControlClient;
use crate::harness::gateway::Gateway;
use crate::harness::llm::{Llm, Style, Turn};

/// How long after a summary is let go a kill may come.
const JITTER_MS: usize = 30;
/// How many messages may be said before a summary is due.
const MESSAGES_MAX: usize = 50;

/// Answers at once, and sums up when the test lets it.
fn play(body: &Value) -> Turn {
    if is_summary(body) { Turn::Late("a summary of it all") } else { Turn::Say("an answer") }
}

fn is_summary(body: &Value) -> bool {
    body.to_string().contains("You sum up a conversation between people")
}

fn summaries(llm: &Llm) -> usize {
    llm.asked().iter().filter(|asked| is_summary(&asked.body)).count()
}

#[tokio::test]
async fn kills_in_the_middle_of_a_summary_leave_it_whole_or_not_at_all() {
    let mut dice = Dice::from_env("summaries");
    let kills = size(4, 30);
    let llm = Llm::start_by(Style::Completions, play);
    let provider = llm.provider(json!({ "models": [{ "id": "m", "contextWindow": 4_000 }] }));
    let mut gateway = Gateway::start(json!({
        "models": { "providers": { "one": provider } },
        "agents": { "defaults": { "compaction": { "reserveTokensFloor": 0 } } },
        "deadletters": { "crashesMax": 100 },
    }))
    .await;
    let state = gateway.state();
    let (mut said, mut cut, mut written) = (0, 0, 0);
    for kill in 0..kills {
        llm.hold();
        let mut client = ControlClient::connect(&gateway).await;
        let before = summaries(&llm);
        for number in 0.. {
            assert!(number < MESSAGES_MAX, "no summary is asked for");
            say(&mut client, &mut said).await;
            let asked_or_done = || summaries(&llm) > before || done(&state) == said;
            until("a summary is asked for, or the message answered", asked_or_done).await;
            if summaries(&llm) > before {
                break;
            }
        }
        let compactions = check(&state);
        // Every other kill comes while it is certainly not over.
        if kill % 2 == 1 {
            llm.let_go();
            tokio::time::sleep(dice.within_ms(JITTER_MS)).await;
        }
        gateway.kill();
        match check(&state) - compactions {
            0 => cut += 1,
            _ => written += 1,
        }
        // What is asked for from now on is let go.
        let (mut let_go, mut moved) = (summaries(&llm), Instant::now());
        gateway.again().await;
        while done(&state) < said {
            if summaries(&llm) > let_go {
                (let_go, moved) = (let_go + 1, Instant::now());
                llm.let_go();
            }
            assert!(moved.elapsed() < STILLNESS, "{} of {said} messages are answered and then nothing", done(&state));
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    assert_eq!(gateway.stop(), Some(0), "an end in good order\n{}", gateway.output());
    let compactions = check(&state);
    eprintln!("summaries: {said} messages, {kills} kills: {cut} summaries cut short, {written} written, {compactions} in all");
    assert!(cut >= kills / 2, "{cut} of {kills} kills met a summary in the making");
    let count = |sql: &str| count(&state, sql);
    for (what, sql, expected) in [
        ("dead letters", "SELECT count(*) FROM deadletters", 0),
        ("messages", "SELECT count(*) FROM inbox", said),
        ("questions", "SELECT count(DISTINCT body ->> 'text') FROM transcript WHERE body ->> 'role' = 'user'", said),
        ("lines of questions", "SELECT count(*) FROM transcript WHERE body ->> 'role' = 'user'", said),
        ("answers", "SELECT count(*) FROM transcript WHERE body ->> 'role' = 'assistant'", said),
    ] {
        assert_eq!(count(sql), expected, "{what}");
    }
    let last = llm.asked().pop().expect("a request").body.to_string();
    assert!(last.contains("a summary of it all"), "the last turn was told the summary: {last}");
}

async fn say(client: &mut ControlClient, said: &mut usize) {
    *said += 1;
    let message = format!("message {said} {}", "of many words ".repeat(100));
    let order = json!({ "message": message, "idempotencyKey": format!("key-{said}"), "sessionKey": "main", "timeout": 600 });
    let id = client.send("agent", order).await;
    client.answer(&id).await.expect("accepted");
}

/// Checks that what the store's file says of summaries is of one piece; answers how many there are.
fn check(state: &Path) -> usize {
    let lines = count(state, "SELECT count(*) FROM transcript WHERE body ->> 'role' = 'summary'");
    assert_eq!(count(state, "SELECT total(compactions) FROM sessions"), lines, "each is counted with its line");
    let newest = "SELECT count(*) FROM sessions s JOIN transcript t ON t.entry = (s.session << 32) + s.summary
        WHERE t.body ->> 'role' = 'summary' AND s.told_from < s.summary";
    assert_eq!(
        count(state, newest),
        usize::from(lines > 0),
        "the session knows the newest, and from where on lines are told beside it"
    );
    lines
}

fn done(state: &Path) -> usize {
    count(state, "SELECT count(*) FROM inbox WHERE state = 2")
}

fn count(state: &Path, sql: &str) -> usize {
    let file = Connection::open(state.join("callboard.db")).expect("the store's file");
    file.query_row(sql, [], |row| row.get::<_, f64>(0)).expect(sql) as usize
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < STILLNESS, "it does not come that {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
