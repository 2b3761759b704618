//! Turns that answer several rows and are cut short: what was done in them is done for all of their rows.

use std::sync::Arc;

use super::bench::{Bench, key, one_by_one};
use crate::agent::{Ending, Piece, Repeat};
use crate::doubles::{Line, PropTool, Stage, play, toolbox};
use crate::message::{BegunRound, InboxId, Role, Tenure, ToolCall, ToolResult, Usage};
use crate::ports::Store as _;
use crate::session::{QueueRules, QueueWish};

fn bench(stage: &Arc<Stage>, bell: &Arc<PropTool>, words: &str) -> Bench {
    let mut bench = Bench { tools: toolbox(&[bell], &stage.clock), ..Bench::new(stage) };
    bench.settings.queue =
        QueueRules { usual: QueueWish::parse(words).unwrap().over(one_by_one().usual), ..QueueRules::default() };
    bench
}

fn bell() -> Arc<PropTool> {
    PropTool::new("bell", Repeat::Never)
}

fn call() -> ToolCall {
    ToolCall { id: "call".into(), name: "bell".into(), args: serde_json::json!({}) }
}

async fn transcript(bench: &Bench) -> Vec<String> {
    let lines = bench.transcript().await.into_iter();
    lines.map(|(role, text)| format!("{}: {text}", if role == Role::User { "U" } else { "A" })).collect()
}

/// Returns what each request showed: the message, and the results of all calls before.
fn requests(bench: &Bench) -> Vec<(String, Vec<String>)> {
    let shown = bench.provider.prompts().into_iter().map(|prompt| {
        let calls = prompt.rounds.into_iter().flat_map(|round| round.calls);
        (prompt.text, calls.map(|(_, result)| result.text().to_owned()).collect())
    });
    shown.collect()
}

fn request(text: &str, results: &[&str]) -> (String, Vec<String>) {
    (text.to_owned(), results.iter().map(|result| (*result).to_owned()).collect())
}

#[test]
fn rows_that_share_a_turn_with_steps_share_it_again_after_a_crash() {
    // What stands in front of the answer, with as many messages as there are lines.
    let cases = [("collect", "1\n\n2\n\n3"), ("collect cap:2", "[1 earlier message, cut short]\n- 1\n\n2\n\n3")];
    for (words, question) in cases {
        play(|stage| async move {
            let bell = bell();
            let bench = bench(&stage, &bell, words);
            bench.provider.add(Line::Calls("Ring. ", &["bell"]));
            bench.provider.add(Line::Panic);
            bench.provider.add(Line::Say("Rung."));
            bench.arrive(&["1", "2", "3"]).await;
            bench.start(Tenure::Kept);
            bench.answered().await;
            assert_eq!(transcript(&bench).await, [format!("U: {question}"), "A: Ring. Rung.".to_owned()], "{words}");
            let wanted = [request(question, &[]), request(question, &["bell 1"]), request(question, &["bell 1"])];
            assert_eq!((requests(&bench), bell.calls()), (wanted.to_vec(), 1), "{words}");
        });
    }
}

/// A message that a turn was given before a round belongs to it; one that was given behind the last round waits for its own.
#[test]
fn what_a_turn_was_told_under_way_is_told_again_after_a_crash() {
    let meanwhile = "bell 1\n\n[The user says meanwhile] 2";
    for (words, lines) in
        [("steer", ["U: 1", "U: 2", "A: Rung."].as_slice()), ("steer-backlog", &["U: 1", "A: Rung.", "U: 2", "A: 2"])]
    {
        play(|stage| async move {
            let bell = bell();
            let bench = bench(&stage, &bell, words);
            let pieces = bench.stream();
            bench.arrive(&["1"]).await;
            let session = bench.start(Tenure::Kept);
            stage.until("the turn runs", || bench.provider.asked() == 1).await;
            bench.arrive(&["2"]).await;
            session.wake();
            stage.pass_until("it is given the other", || bench.counters.turns.steered.get() == 1).await;
            bench.provider.add(Line::Call("bell"));
            bench.provider.add(Line::Panic);
            bench.provider.add(Line::Say("Rung."));
            let ending = Ending { finish_reason: "tool_calls".into(), usage: Usage::default() };
            [Piece::Tool(call()), Piece::End(ending)].into_iter().for_each(|piece| pieces.send(piece).unwrap());
            bench.answered().await;
            assert_eq!(transcript(&bench).await, lines, "{words}");
            let (requests, again) = (requests(&bench), request("1", &[meanwhile, "bell 2"]));
            assert_eq!((&requests[2], &requests[3]), (&again, &again), "{words}");
            assert_eq!(bell.calls(), 2, "{words}");
        });
    }
}

/// Puts rows in hand of a turn with a round in the store, and leaves them there as a gateway that is killed does.
async fn leave_in_hand(bench: &Bench, texts: &[&str]) -> Vec<InboxId> {
    bench.arrive(texts).await;
    let store = &bench.store.inner;
    let ids: Vec<_> = store.waiting_rows(key(), 0, 9).await.unwrap().into_iter().map(|(_, row)| row.id).collect();
    store.take_rows(key(), ids.clone(), Vec::new()).await.unwrap();
    let round = BegunRound { with: ids[1..].to_vec(), ..BegunRound::new(String::new(), vec![call()]) };
    store.begin_round(ids[0], 0, round).await.unwrap();
    store.finish_call(ids[0], 0, 0, ToolResult::Done("long ago".into())).await.unwrap();
    ids
}

#[test]
fn they_share_it_also_where_each_row_has_a_turn_of_its_own_by_now() {
    play(|stage| async move {
        let bell = bell();
        let bench = bench(&stage, &bell, "followup");
        leave_in_hand(&bench, &["1", "2"]).await;
        bench.arrive(&["3", "4"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(requests(&bench), [request("1\n\n2", &["long ago"]), request("3", &[]), request("4", &[])]);
    });
}

#[test]
fn one_that_was_ended_meanwhile_is_not_waited_for() {
    play(|stage| async move {
        let bell = bell();
        let bench = bench(&stage, &bell, "collect");
        let ids = leave_in_hand(&bench, &["1", "2"]).await;
        bench.store.inner.bury_inbox(ids[1], crate::message::Code::Poison, "by hand".into()).await.unwrap();
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(requests(&bench), [request("1", &["long ago"])]);
    });
}

#[test]
fn one_that_is_taken_away_at_the_last_moment_is_not_answered_twice() {
    play(|stage| async move {
        let bell = bell();
        let bench = bench(&stage, &bell, "collect");
        let ids = leave_in_hand(&bench, &["1"]).await;
        bench.arrive(&["2"]).await;
        let store = Arc::clone(&bench.store.inner);
        let told = store.waiting_rows(key(), 0, 9).await.unwrap().remove(0).1;
        let said = crate::message::Steered {
            id: told.id,
            line: super::super::seed::Seed::row(told).entry(0),
            backlog: crate::message::Backlog::Answered,
        };
        let id = said.id;
        store.begin_round(ids[0], 1, BegunRound { said: vec![said], ..BegunRound::default() }).await.unwrap();
        let looked = bench.store.hold_answer("waiting_rows");
        bench.start(Tenure::Kept);
        stage.until("the rows are looked at", || bench.store.asked("waiting_rows") == 1).await;
        store.bury_inbox(id, crate::message::Code::Poison, "by hand".into()).await.unwrap();
        drop(looked);
        bench.answered().await;
        let meanwhile = "long ago\n\n[The user says meanwhile] 2";
        assert_eq!((requests(&bench), bench.store.asked("take_rows")), (vec![request("1", &[meanwhile])], 2));
        assert_eq!(transcript(&bench).await, ["U: 1", "A: 1"]);
    });
}
