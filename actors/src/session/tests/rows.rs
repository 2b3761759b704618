//! Rows: each answered once, in order, whatever the store does.

use std::time::Duration;

use tokio::sync::oneshot;

use super::bench::{Bench, ask, heard, key};
use crate::core::State;
use crate::doubles::{Line, Trouble, play};
use crate::message::{Code, Role, Tenure};
use crate::ports::Store as _;
use crate::ports::conformance::make;
use crate::session::{OnProviderFailure, tells_failure};

#[test]
fn rows_are_answered_one_at_a_time_in_order() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.arrive(&["1", "2"]).await;
        let (open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "one"));
        let session = bench.start(Tenure::Kept);
        stage.until("the first turn runs", || bench.provider.asked() == 1).await;
        bench.arrive(&["3", "4"]).await;
        session.wake();
        session.wake();
        drop(open);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["one", "2", "3", "4"]);
        assert_eq!(bench.provider.most_at_a_time(), 1);
        assert_eq!(*bench.notebook.woken_channels.lock().unwrap(), vec![make::account(); 4]);
        assert_eq!(bench.counters.turns.answered.get(), 4);
    });
}

#[test]
fn a_wake_up_at_any_moment_of_a_turn_is_not_lost() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let session = bench.start(Tenure::Kept);
        for number in 0..200_u32 {
            bench.arrive(&[&number.to_string()]).await;
            session.wake();
            if number % 3 == 0 {
                tokio::task::yield_now().await;
            }
        }
        stage.until("all rows are answered without another wake-up", || bench.open_rows() == 0).await;
    });
}

/// Each request fails once, or is done and its answer never comes: no row is left, doubled or out of its place.
#[test]
fn a_failing_or_late_store_costs_time_and_nothing_else() {
    for request in ["reopen_inbox", "begin_turn", "context", "finish_turn"] {
        for trouble in Trouble::ALL {
            play(|stage| async move {
                let bench = Bench::new(&stage);
                bench.arrive(&["1", "2", "3"]).await;
                bench.store.trouble(trouble, request);
                bench.start(Tenure::Kept);
                bench.answered().await;
                assert_eq!(bench.outbox().await, ["1", "2", "3"], "{request} {trouble:?}");
                let history = bench.store.history(key(), 100).await.unwrap();
                assert_eq!(history.len(), 6, "{request} {trouble:?}: {history:?}");
            });
        }
    }
}

#[test]
fn a_full_outbox_holds_the_turn_and_loses_no_answer() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.arrive(&["1"]).await;
        bench.store.fail("finish_turn");
        bench.start(Tenure::Kept);
        stage.pass_until("it is tried again and again", || bench.store.asked("finish_turn") > 3).await;
        bench.store.mend("finish_turn");
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["1"]);
        assert_eq!(bench.provider.asked(), 1, "the turn itself was over");
    });
}

#[test]
fn each_piece_of_a_cut_answer_is_a_row() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.provider.add(Line::Say("first\nsecond\nthird"));
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(bench.outbox().await, ["first", "second", "third"]);
    });
}

#[test]
fn a_line_that_tells_a_failure_is_known() {
    let sorry = |code: &str| format!("Sorry, I could not answer that ({code}). Please try again later.");
    let cases = [
        (sorry(Code::Timeout.as_str()), true),
        (format!("half an\n\nanswer\n\n{}", sorry(Code::ProviderAuth.as_str())), true),
        (format!("{}\n\nThat is what it said.", sorry("timeout")), false),
        (sorry("it is too late"), false),
        (sorry(""), false),
        ("hello".to_owned(), false),
        (String::new(), false),
    ];
    for (line, expected) in cases {
        assert_eq!(tells_failure(&line), expected, "{line:?}");
    }
}

#[test]
fn a_provider_failure_is_never_silence() {
    let sorry = |code: Code| format!("Sorry, I could not answer that ({code}). Please try again later.");
    // What is set, what the provider says, what the peer hears, how often the provider is asked.
    let cases = [
        (OnProviderFailure::Reply, vec![Line::Fail(Code::Timeout)], sorry(Code::Timeout), 1),
        (OnProviderFailure::Retry, vec![Line::Fail(Code::Timeout)], "1".to_owned(), 2),
        (OnProviderFailure::Retry, (0..3).map(|_| Line::Fail(Code::Timeout)).collect(), sorry(Code::Timeout), 3),
        (OnProviderFailure::Retry, vec![Line::Fail(Code::ProviderAuth)], sorry(Code::ProviderAuth), 1),
    ];
    for (setting, lines, reply, asked) in cases {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            bench.settings.on_provider_failure = setting;
            bench.settings.turn_retries_max = 2;
            lines.into_iter().for_each(|line| bench.provider.add(line));
            bench.arrive(&["1"]).await;
            bench.start(Tenure::Kept);
            bench.answered().await;
            assert_eq!(bench.outbox().await, [reply]);
            assert_eq!(bench.provider.asked(), asked);
        });
    }
}

/// A gateway that goes down does not wait for a turn that waits for its next try; the row stays open for the next start.
#[test]
fn a_turn_that_waits_for_its_next_try_holds_no_pass() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.settings.on_provider_failure = OnProviderFailure::Retry;
        bench.provider.add(Line::Fail(Code::Timeout));
        bench.arrive(&["1"]).await;
        bench.start(Tenure::Kept);
        stage.until("the first try has failed", || bench.counters.turns.failed.get() == 1).await;
        stage.until("nothing runs", || bench.gate.running() == 0).await;
        bench.gate.close();
        bench.gate.emptied().await;
        stage.pass(Duration::from_secs(20)).await;
        assert_eq!((bench.provider.asked(), bench.open_rows()), (1, 1));
    });
}

#[test]
fn a_closed_gate_leaves_rows_and_lets_a_running_turn_finish() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        let (open, gate) = oneshot::channel();
        bench.provider.add(Line::SayAfter(gate, "one"));
        bench.arrive(&["1", "2"]).await;
        let session = bench.start(Tenure::Kept);
        stage.until("the first turn runs", || bench.provider.asked() == 1).await;
        bench.gate.close();
        let refused = ask(&session, "too late");
        drop(open);
        stage.until("it has finished", || bench.open_rows() == 1 && bench.gate.running() == 0).await;
        let heard = heard(refused).await;
        assert!(format!("{heard:?}").contains("Unavailable"), "{heard:?}");
        assert_eq!(bench.outbox().await, ["one"]);
        assert_eq!(session.vitals().state(), State::Running);
    });
}

#[test]
fn the_transcript_has_both_sides_in_order() {
    play(|stage| async move {
        let bench = Bench::new(&stage);
        bench.arrive(&["1", "2"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        let lines = bench.store.history(key(), 10).await.unwrap();
        let seen: Vec<_> = lines.iter().map(|line| (line.role, line.text.as_str())).collect();
        assert_eq!(seen, [(Role::User, "1"), (Role::Assistant, "1"), (Role::User, "2"), (Role::Assistant, "2")]);
        let second = &bench.provider.prompts()[1];
        assert_eq!(second.history.len(), 2, "the second turn was told of the first");
    });
}
