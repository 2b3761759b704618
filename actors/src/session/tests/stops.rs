//! Orders to stop in a session that several chats share: each ends what runs for its own place, and what waits there.

use super::bench::{Bench, ask, end, heard, key, one_by_one, order, retire, say};
use super::commands::ready;
use crate::agent::Piece;
use crate::core::ActorRef;
use crate::doubles::{Stage, Trouble, play};
use crate::message::{Delta, Retired, RunVerdict, SessionMessage, Tenure};
use crate::ports::conformance::make;
use crate::ports::{CrashCount, Store as _};
use crate::session::QueueRules;
use tokio::sync::mpsc;

/// Puts rows into the inbox of the one session, each said in a chat of its own account: `chat: text`.
async fn arrive(bench: &Bench, lines: &[&str]) {
    let accept = |line: &&str| {
        let (chat, text) = line.split_once(": ").unwrap();
        let mut accept = make::accept(chat, line);
        (accept.inbound.text, accept.session) = (text.to_owned(), key());
        accept
    };
    bench.store.inner.accept(lines.iter().map(accept).collect()).await.unwrap();
}

async fn running(bench: &Bench, stage: &Stage) -> (mpsc::UnboundedSender<Piece>, ActorRef<SessionMessage>) {
    let pieces = bench.stream();
    arrive(bench, &["ann: 1"]).await;
    let session = bench.start(Tenure::Kept);
    stage.until("the first turn runs", || bench.provider.asked() == 1).await;
    (pieces, session)
}

/// Returns what waits in the outbox, each with its chat.
async fn sent(bench: &Bench) -> Vec<String> {
    let order = crate::ports::SendOrder::Pipelined;
    let rows = bench.store.inner.begin_send(make::account(), 100, order).await.unwrap();
    rows.into_iter().map(|row| format!("{}: {}", row.outbound.target.chat.id, row.outbound.text)).collect()
}

#[test]
fn a_stop_leaves_what_runs_and_waits_for_other_chats() {
    for queue in [one_by_one(), QueueRules::default()] {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.settings.queue = queue;
            let (pieces, session) = running(&bench, &stage).await;
            arrive(&bench, &["bob: 2", "ann: 3", "bob: stop", "bob: /stop", "bob: 4"]).await;
            session.wake();
            // It is told at once, while the other chat's turn runs: left are the first, and 3 and 4.
            stage.pass_until("both orders are answered", || bench.open_rows() == 3).await;
            assert_eq!(sent(&bench).await, ["bob: Stopped.", "bob: Nothing was running."]);
            [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
            bench.answered().await;
            assert_eq!(sent(&bench).await, ["ann: one", "ann: 3", "bob: 4"]);
            assert_eq!((bench.counters.turns.aborted.get(), bench.counters.turns.dropped.get()), (0, 1));
        });
    }
}

#[test]
fn a_stop_ends_the_turn_of_its_own_chat_and_what_waits_there_alone() {
    for queue in [one_by_one(), QueueRules::default()] {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            bench.settings.queue = queue;
            let (_pieces, session) = running(&bench, &stage).await;
            arrive(&bench, &["bob: 2", "ann: 3", "ann: /stop"]).await;
            session.wake();
            bench.answered().await;
            assert_eq!(sent(&bench).await, ["ann: Stopped.", "bob: 2"]);
            assert_eq!((bench.counters.turns.aborted.get(), bench.counters.turns.dropped.get()), (1, 1));
        });
    }
}

#[test]
fn a_stop_in_an_idle_session_ends_what_waits_in_its_chat() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.settings.queue = QueueRules::default();
        arrive(&bench, &["bob: 1", "ann: 2", "ann: /stop"]).await;
        bench.start(Tenure::Kept);
        bench.answered().await;
        assert_eq!(sent(&bench).await, ["ann: Stopped.", "bob: 1"]);
    });
}

/// What a client waits for, over HTTP or by an order, is ended by that client alone.
#[test]
fn a_stop_in_a_chat_ends_no_clients_turn() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        let session = bench.start(Tenure::Kept);
        let pieces = bench.stream();
        let deltas = ask(&session, "hello");
        stage.until("the client's turn runs", || bench.provider.asked() == 1).await;
        arrive(&bench, &["ann: /stop"]).await;
        session.wake();
        stage.pass_until("the order is answered", || bench.open_rows() == 0).await;
        [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
        assert!(matches!(heard(deltas).await.last(), Some(Delta::End(_))));

        let pieces = bench.stream();
        bench.order("hello again", order("mine")).await;
        session.wake();
        stage.until("the ordered turn runs", || bench.provider.asked() == 2).await;
        arrive(&bench, &["ann: stop"]).await;
        session.wake();
        stage.pass_until("the order is answered too", || bench.open_rows() == 1).await;
        [say("two"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
        let report = bench.report("mine").await;
        assert_eq!((&report.outcome, report.text.as_str()), (&RunVerdict::Done, "two"));
        assert_eq!(sent(&bench).await, ["ann: Nothing was running."; 2]);
    });
}

#[test]
fn a_stop_beside_a_clients_turn_leaves_what_was_cut_short_in_its_chat_to_its_end() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.settings.queue = QueueRules::default();
        arrive(&bench, &["bob: 1"]).await;
        bench.store.inner.begin_turn(key(), 1).await.unwrap();
        bench.store.inner.reopen_inbox(key(), CrashCount::Counted { max: 9 }).await.unwrap();
        let pieces = bench.stream();
        let gate = bench.store.hold_answer("reopen_inbox");
        let session = bench.start(Tenure::Kept);
        let deltas = ask(&session, "hello");
        // It has the question before it looks at its rows.
        assert_eq!(retire(&session).await.expect("it answers"), Retired::Busy);
        drop(gate);
        stage.until("the client's turn runs", || bench.provider.asked() == 1).await;
        arrive(&bench, &["bob: /stop"]).await;
        let seen = bench.store.asked("waiting_rows") + 2;
        session.wake();
        stage.pass_until("the order is looked at beside the turn", || bench.store.asked("waiting_rows") >= seen).await;
        [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
        assert!(matches!(heard(deltas).await.last(), Some(Delta::End(_))));
        bench.answered().await;
        assert_eq!(sent(&bench).await, ["bob: Stopped."]);
        assert_eq!(bench.prompts(), ["hello"], "what was cut short is not begun again");
    });
}

/// What the store does not do at once is done when the turn is over, before all that waits.
#[test]
fn a_stop_that_the_store_does_not_take_is_carried_out_at_the_turns_end() {
    for request in ["waiting_rows", "finish_turn"] {
        play(|stage| async move {
            let mut bench = Bench::new(&stage);
            ready(&mut bench);
            let (pieces, session) = running(&bench, &stage).await;
            arrive(&bench, &["bob: 2"]).await;
            session.wake();
            let looked = bench.store.asked("waiting_rows");
            stage.pass_until("it is seen", || bench.store.asked("waiting_rows") > looked).await;
            arrive(&bench, &["bob: /stop", "bob: 3"]).await;
            session.wake();
            // Seen once more beside the turn, then carried out.
            let mut asked = bench.store.asked("waiting_rows") + 1;
            stage.pass_until("the order is seen", || bench.store.asked("waiting_rows") >= asked).await;
            asked = bench.store.asked(request);
            bench.store.fail_once(request);
            stage.pass_until("it is tried", || bench.store.asked(request) > asked || bench.open_rows() < 4).await;
            [say("one"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
            bench.answered().await;
            let said = sent(&bench).await;
            assert!(said.contains(&"ann: one".to_owned()) && said.contains(&"bob: 3".to_owned()), "{request}: {said:?}");
            assert!(!said.contains(&"bob: 2".to_owned()), "{request}: {said:?}");
            let answers: Vec<_> = said.iter().filter(|line| line.contains("topped") || line.contains("running")).collect();
            assert_eq!(answers, ["bob: Stopped."], "{request}: {said:?}");
            assert_eq!(bench.counters.turns.dropped.get(), 1, "{request}");
        });
    }
}

/// What a stop leaves unanswered ends in the commit that answers it: whatever fails between, it says what it did, and all is counted.
#[test]
fn a_stop_and_what_it_ends_are_one_commit() {
    for request in ["take_rows", "finish_turn", "session"] {
        for trouble in Trouble::ALL {
            play(|stage| async move {
                let mut bench = Bench::new(&stage);
                ready(&mut bench);
                bench.settings.queue = QueueRules::default();
                arrive(&bench, &["bob: 1", "bob: 2", "bob: /stop", "bob: 3"]).await;
                bench.store.trouble(trouble, request);
                bench.start(Tenure::Kept);
                bench.answered().await;
                assert_eq!(sent(&bench).await, ["bob: Stopped.", "bob: 3"], "{request} {trouble:?}");
                assert_eq!(bench.counters.turns.dropped.get(), 2, "{request} {trouble:?}");
            });
        }
    }
}

/// Until it is written down that a stop was answered, nothing that it ends is gone: whoever comes after a crash does all of it.
#[test]
fn a_crash_before_a_stop_is_answered_leaves_what_it_ends() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        ready(&mut bench);
        bench.settings.queue = QueueRules::default();
        arrive(&bench, &["bob: 1", "bob: /stop"]).await;
        bench.store.fail("finish_turn");
        bench.start(Tenure::Kept);
        stage.pass_until("the order is in hand", || bench.store.asked("finish_turn") > 0).await;
        assert_eq!((bench.open_rows(), bench.counters.turns.dropped.get()), (2, 0));
        bench.stage.supervisor.restart(&super::bench::id(), std::time::Duration::from_secs(20)).await.expect("it is back");
        bench.store.mend("finish_turn");
        bench.answered().await;
        assert_eq!(sent(&bench).await, ["bob: Stopped."]);
        assert_eq!(bench.counters.turns.dropped.get(), 1);
    });
}
