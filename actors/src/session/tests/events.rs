//! What everybody who listens hears of a turn.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use super::bench::{Bench, abort, ask, end, heard, key, order, say};
use crate::doubles::{Line, play};
use crate::message::{Code, Tenure};
use crate::ports::conformance::START_MS;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn the_events_of_one_turn_are_in_order_and_a_chat_is_shown_no_more_than_one_in_150_ms() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        // What is written, how long after the piece before, how much is told by then.
        for (piece, wait, told) in [(" Hel", 0, 3), ("lo", 149, 4), (" the", 1, 6), ("re", 149, 7)] {
            stage.clock.advance(ms(wait));
            pieces.send(say(piece)).unwrap();
            bench.until_told(told).await;
        }
        pieces.send(end()).unwrap();
        bench.answered().await;
        bench.until_told(9).await;
        let (began, ended) = (START_MS, START_MS + 299);
        let expected = [
            format!(r#"agent 1 lifecycle! {{"phase":"start","startedAt":{began}}}"#),
            r#"agent 2 assistant {"delta":" Hel","text":" Hel"}"#.to_owned(),
            "chat 2 delta  Hel".to_owned(),
            r#"agent 3 assistant {"delta":"lo","text":" Hello"}"#.to_owned(),
            r#"agent 4 assistant {"delta":" the","text":" Hello the"}"#.to_owned(),
            "chat 4 delta  Hello the".to_owned(),
            r#"agent 5 assistant {"delta":"re","text":" Hello there"}"#.to_owned(),
            format!(r#"agent 6 lifecycle! {{"endedAt":{ended},"phase":"end"}}"#),
            "chat 6 final! Hello there".to_owned(),
        ];
        let told = bench.told();
        // The clock may have moved on before the end was told.
        let without_time = |line: &String| line.split(r#"edAt":"#).next().unwrap_or_default().to_owned();
        assert_eq!(told.iter().map(without_time).collect::<Vec<_>>(), expected.iter().map(without_time).collect::<Vec<_>>());
        assert_eq!(told[0], expected[0]);
    });
}

#[test]
fn events_name_the_turn_and_the_session_as_whoever_asked_spelled_it() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.arrive(&["1"]).await;
        bench.order("2", order("mine")).await;
        let session = bench.start(Tenure::Kept);
        bench.answered().await;
        heard(ask(&session, "3")).await;
        stage.until("all is told", || bench.told().iter().filter(|line| line.contains("final")).count() == 3).await;
        let events = bench.notebook.events.lock().unwrap();
        let mut names: Vec<(String, String)> = Vec::new();
        for event in events.iter() {
            let payload: serde_json::Value = serde_json::from_str(event.payload.get()).unwrap();
            let name = (payload["runId"].as_str().unwrap().to_owned(), payload["sessionKey"].as_str().unwrap().to_owned());
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        let [row, ordered, asked] = &names[..] else { panic!("one name a turn: {names:?}") };
        assert_eq!(ordered, &("mine".to_owned(), "Room".to_owned()));
        assert_eq!((row.1.as_str(), asked.1.as_str()), (key().as_str(), key().as_str()));
        assert_ne!(row.0, asked.0);
    });
}

/// Each event repeats the whole text so far: of a long answer not every piece is an event, and none is lost.
#[test]
fn the_pieces_of_a_long_answer_are_told_together() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        for _ in 0..100 {
            pieces.send(say(&"x".repeat(1024))).unwrap();
        }
        pieces.send(end()).unwrap();
        bench.answered().await;
        stage.until("it is over", || bench.told().iter().any(|line| line.contains("final"))).await;
        let told = bench.told();
        let deltas: Vec<usize> = told
            .iter()
            .filter_map(|line| line.strip_prefix("agent ")?.split_once("assistant "))
            .map(|(_, data)| serde_json::from_str::<serde_json::Value>(data).unwrap()["delta"].as_str().unwrap().len())
            .collect();
        assert_eq!(deltas.iter().sum::<usize>(), 100 * 1024);
        assert!(deltas.len() < 40, "{} events", deltas.len());
    });
}

#[test]
fn nothing_is_made_while_nobody_listens_and_whoever_comes_late_hears_the_whole() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.notebook.alone.store(true, SeqCst);
        let pieces = bench.stream();
        bench.arrive(&["1", "2"]).await;
        bench.start(Tenure::Kept);
        stage.until("it runs", || bench.provider.asked() == 1).await;
        pieces.send(say("early")).unwrap();
        stage.pass(ms(1000)).await;
        assert_eq!(bench.told(), Vec::<String>::new());
        bench.notebook.alone.store(false, SeqCst);
        pieces.send(say(" late")).unwrap();
        bench.until_told(2).await;
        assert_eq!(
            bench.told(),
            [r#"agent 2 assistant {"delta":"early late","text":"early late"}"#, "chat 2 delta early late"]
        );
    });
}

/// A client that hears of the answer may read the transcript at once.
#[test]
fn the_end_is_told_when_it_is_written_down() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.arrive(&["1"]).await;
        bench.store.fail("finish_turn");
        bench.start(Tenure::Kept);
        stage.pass_until("it is tried again", || bench.store.asked("finish_turn") > 2).await;
        assert_eq!(bench.told().len(), 3, "{:?}", bench.told());
        bench.store.mend("finish_turn");
        bench.answered().await;
        bench.until_told(5).await;
        assert_eq!(bench.told()[4], "chat 3 final! 1");
    });
}

#[test]
fn a_silent_answer_has_a_final_without_a_message() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        pieces.send(end()).unwrap();
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        bench.until_told(3).await;
        assert_eq!(bench.told()[2], "chat 2 final! -");
    });
}

#[test]
fn a_failed_turn_is_told_honestly_and_its_peer_reads_an_apology() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.provider.add(Line::Fail(Code::ProviderAuth));
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        bench.until_told(3).await;
        let told = bench.told();
        assert!(told[1].starts_with(r#"agent 2 lifecycle! {"endedAt":"#), "{}", told[1]);
        assert!(told[1].ends_with(r#""error":"it is scripted","phase":"error"}"#), "{}", told[1]);
        assert_eq!(told[2], "chat 2 error! - it is scripted");
        assert!(bench.outbox().await[0].starts_with("Sorry"));
    });
}

#[test]
fn a_turn_without_anybody_to_ask_is_told_as_failed() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.model = Some("none".into());
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        bench.until_told(2).await;
        assert_eq!(bench.told()[1], "chat 1 error! - no model none");
    });
}

#[test]
fn what_an_aborted_turn_wrote_is_kept_and_not_sent() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        bench.arrive(&["1", "2"]).await;
        let session = bench.start(Tenure::Kept);
        pieces.send(say("half an")).unwrap();
        bench.until_told(3).await;
        assert!(abort(&session, None).await.is_some());
        bench.answered().await;
        let told = bench.told();
        assert!(told[3].contains(r#""aborted":true"#) && told[3].contains(r#""phase":"end""#), "{}", told[3]);
        assert_eq!(told[4], "chat 3 aborted! - rpc");
        assert_eq!(bench.outbox().await, ["2"]);
        assert_eq!(bench.transcript().await[1].1, "half an");
    });
}

/// A client that does not read holds its turn up; an abort ends that too.
#[test]
fn an_abort_is_not_held_up_by_a_client_that_does_not_read() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        let session = bench.start(Tenure::Kept);
        let client = ask(&session, "one");
        (0..20).for_each(|_| pieces.send(say("x")).unwrap());
        stage.until("the backlog is full", || client.len() == 8).await;
        assert!(abort(&session, None).await.is_some());
        stage.until("it is told", || bench.told().last().is_some_and(|last| last == "chat 11 aborted! - rpc")).await;
        assert_eq!(bench.counters.turns.aborted.get(), 1);
    });
}

/// The answer is whole and only its client does not take the last word: the next in line are not held up by it for ever.
#[test]
fn an_abort_ends_the_wait_for_a_client_that_does_not_take_the_end() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let pieces = bench.stream();
        let session = bench.start(Tenure::Kept);
        let client = ask(&session, "one");
        (0..8).for_each(|_| pieces.send(say("x")).unwrap());
        pieces.send(end()).unwrap();
        stage.until("the backlog is full", || client.len() == 8).await;
        stage.until("it has been asked for all", || pieces.is_closed()).await;
        assert!(abort(&session, None).await.is_some());
        stage.until("it is told", || bench.told().last().is_some_and(|last| last == "chat 10 final! xxxxxxxx")).await;
        assert_eq!(bench.counters.turns.answered.get(), 1);
    });
}
