//! From the outbox to a transcript and whoever listens.

use serde_json::Value;

use super::super::send::TextShaper;
use super::bench::{Bench, id, session};
use crate::channel::webchat::default_account;
use crate::core::Drill;
use crate::doubles::play;
use crate::message::{ChatKind, ChatRef, EventName, Media, Outbound, Shaper as _, Target};
use crate::ports::{OutboxState, Store as _};

/// Returns the payloads of the chat events so far.
fn chats(bench: &Bench) -> Vec<Value> {
    let events = bench.notebook.events.lock().unwrap();
    let chats = events.iter().filter(|event| event.name == EventName::Chat);
    chats.map(|event| serde_json::from_str(event.payload.get()).expect("JSON")).collect()
}

#[test]
fn a_row_is_a_line_of_the_transcript_and_an_event_and_is_confirmed() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        let id = bench.queue("agent:main:main", "the kettle boils").await;
        bench.all_sent().await;
        assert_eq!(bench.state(id).await, OutboxState::Sent);
        assert_eq!(bench.lines().await, ["the kettle boils"]);
        let chats = chats(&bench);
        assert_eq!(chats.len(), 1);
        assert_eq!((&chats[0]["state"], &chats[0]["sessionKey"]), (&Value::from("final"), &Value::from("agent:main:main")));
        assert_eq!(chats[0]["message"]["content"][0]["text"], "the kettle boils");
        assert_eq!(chats[0]["runId"], Value::from(id.to_string()));
        assert_eq!(*bench.notebook.changed_sessions.lock().unwrap(), [session()]);
    });
}

#[test]
fn rows_keep_their_order() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        let texts: Vec<String> = (0..1200).map(|n| n.to_string()).collect();
        for text in &texts {
            bench.queue("agent:main:main", text).await;
        }
        bench.all_sent().await;
        let lines = bench.store.inner.history(session(), 2000).await.unwrap();
        assert_eq!(lines.into_iter().map(|line| line.text).collect::<Vec<_>>(), texts);
    });
}

#[test]
fn nothing_is_confirmed_or_told_before_it_is_on_the_disk() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        bench.store.fail("flush");
        let id = bench.queue("agent:main:main", "late").await;
        stage.pass_until("it is tried again", || bench.store.asked("flush") > 2).await;
        assert_eq!((bench.state(id).await, chats(&bench).len()), (OutboxState::Queued, 0));
        bench.store.mend("flush");
        bench.all_sent().await;
        assert_eq!((bench.lines().await.len(), chats(&bench).len()), (1, 1), "once, however often it was tried");
    });
}

/// The line was written and its confirmation lost with the actor: the row comes again and is found.
#[test]
fn a_crash_between_line_and_confirmation_writes_no_second_line() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        bench.store.fail("flush");
        let row = bench.queue("agent:main:main", "once").await;
        stage.until("it is written", || bench.store.asked("append_transcript") == 1).await;
        stage.supervisor.fault(&id(), Drill::Panic).unwrap();
        bench.back(1).await;
        bench.store.mend("flush");
        bench.all_sent().await;
        assert_eq!(bench.state(row).await, OutboxState::Sent);
        assert_eq!(bench.lines().await, ["once"]);
        assert_eq!(bench.counters.outbox_resent.get(), 1);
    });
}

/// Those that are sent again with it, and one that comes while they are written.
#[test]
fn a_row_that_cannot_be_looked_up_lets_no_later_one_of_its_chat_pass() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        bench.store.fail("flush");
        bench.store.fail("append_transcript");
        bench.queue("agent:main:main", "1").await;
        stage.until("its line is lost", || bench.store.asked("append_transcript") == 1).await;
        bench.queue("agent:main:main", "2").await;
        // Not a crash, after which rows go one by one.
        stage.supervisor.restart(&id(), std::time::Duration::from_secs(5)).await.unwrap();
        bench.back(1).await;
        let asked = bench.store.asked("begin_send");
        bench.queue("agent:main:main", "3").await;
        stage.until("it is on its way", || bench.store.asked("begin_send") > asked).await;
        bench.store.mend("append_transcript");
        bench.store.fail_once("history");
        bench.store.mend("flush");
        bench.all_sent().await;
        assert_eq!(bench.lines().await, ["1", "2", "3"]);
    });
}

#[test]
fn a_chat_that_is_no_session_is_a_dead_letter() {
    play(|stage| async move {
        let bench = Bench::up(&stage).await;
        let bad = bench.queue("nobody", "hello").await;
        let good = bench.queue("agent:main:main", "hello").await;
        bench.all_sent().await;
        assert_eq!((bench.state(bad).await, bench.state(good).await), (OutboxState::Dead, OutboxState::Sent));
        let letters = bench.store.inner.dead_letters(None, 10).await.unwrap();
        assert_eq!(letters.items[0].code, crate::message::Code::InvalidTarget);
    });
}

#[test]
fn text_and_attachment_are_one_payload_unless_they_are_very_long() {
    let shape = |text: &str, media: Option<&str>| -> Vec<String> {
        let chat = ChatRef { kind: ChatKind::Direct, id: "agent:main:main".into() };
        let target = Target { account: default_account(), chat, thread: None };
        let outbound = Outbound {
            media: media.map(|url| Media::at_url(url, None)).into_iter().collect(),
            ..Outbound::text(target, text.into())
        };
        TextShaper.shape(outbound).into_iter().map(|payload| payload.text).collect()
    };
    assert_eq!(shape("look", Some("https://x.example/a.png")), ["look\n\nAttachment: https://x.example/a.png"]);
    assert_eq!(shape("", Some("https://x.example/a.png")), ["Attachment: https://x.example/a.png"]);
    assert!(shape(" \n", None).is_empty());
    assert_eq!(shape(&"word ".repeat(10_000), None).len(), 1);
    assert_eq!(shape(&"word ".repeat(20_000), None).len(), 2);
}
