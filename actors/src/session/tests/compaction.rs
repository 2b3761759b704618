//! Conversations that are summed up: before they are too long, when they were, and by hand.

use std::sync::Arc;
use std::time::Duration;

use super::bench::{Bench, abort, ask, end, failure, heard, key, order, say};
use super::shared::bell;
use crate::core::ActorRef;
use crate::doubles::{Line, Stage, play, toolbox};
use crate::message::{Code, Delta, Role, RunVerdict, SessionMessage, Tenure, Usage};
use crate::ports::Store as _;
use crate::ports::conformance::make;
use crate::session::{CommandRules, CompactionMode, Writers};

/// A message of so many tokens that two turns of it have room, and a third has not.
fn long(name: &str) -> String {
    format!("{name} {}", "x".repeat(156))
}

fn bench(stage: &Arc<Stage>) -> Bench {
    let mut bench = Bench::new(stage);
    let writers = Writers { owners: ["u1".to_owned()].into(), ..Writers::default() };
    bench.settings.commands = CommandRules { writers: [(make::account(), writers)].into(), ..CommandRules::default() };
    bench
}

async fn talk(bench: &Bench, session: &ActorRef<SessionMessage>, texts: &[String]) {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    bench.arrive(&texts).await;
    session.wake();
    bench.answered().await;
}

/// Returns the history of each request in short: who spoke, and how it begins.
fn histories(bench: &Bench) -> Vec<String> {
    let shown = |role: Role, text: &str| match role {
        Role::Summary => format!("S{}", text.rsplit('\n').next().unwrap_or_default()),
        _ => text.chars().take(1).collect(),
    };
    let prompts = bench.provider.prompts().into_iter();
    prompts.map(|prompt| prompt.history.iter().map(|line| shown(line.role, &line.text)).collect::<Vec<_>>().join(" ")).collect()
}

async fn roles(bench: &Bench) -> String {
    let lines = bench.transcript().await;
    let mark = |role| match role {
        Role::Summary => 'S',
        Role::User => 'U',
        _ => 'A',
    };
    lines.into_iter().map(|(role, _)| mark(role)).collect()
}

async fn compactions(bench: &Bench) -> u64 {
    bench.store.inner.session(key()).await.unwrap().map_or(0, |row| row.compactions)
}

fn of_compaction(bench: &Bench) -> Vec<String> {
    let told = bench.told().into_iter().filter(|line| line.contains(" compaction! "));
    told.map(|line| line.split_once("! ").unwrap().1.to_owned()).collect()
}

const START: &str = "{\"phase\":\"start\"}";
const END: &str = "{\"phase\":\"end\",\"willRetry\":false}";
const RETRY: &str = "{\"phase\":\"end\",\"willRetry\":true}";

#[test]
fn a_conversation_that_is_nearly_too_long_is_summed_up_before_it_is_asked() {
    play(|stage| async move {
        let bench = bench(&stage);
        bench.provider.reads(400);
        let session = bench.start(Tenure::Kept);
        talk(&bench, &session, &[long("1"), long("2")]).await;
        bench.provider.add(Line::Say("short"));
        talk(&bench, &session, &[long("3")]).await;
        assert_eq!(histories(&bench), ["", "1 1", "", "Sshort 2 2"]);
        let request = &bench.provider.prompts()[2];
        assert!(request.text.contains("[user] 1 x") && !request.text.contains("[user] 2 x"), "{}", request.text);
        assert!(request.tools.specs.is_empty() && request.rounds.is_empty());
        assert_eq!((roles(&bench).await.as_str(), compactions(&bench).await), ("UAUASUA", 1));
        assert_eq!(of_compaction(&bench), [START, END]);
        assert_eq!(bench.outbox().await, [long("1"), long("2"), long("3")], "nobody is sent the summary");
        // The next one tells of the one before.
        bench.provider.add(Line::Say("shorter"));
        talk(&bench, &session, &[long("4")]).await;
        assert!(bench.provider.prompts()[4].text.contains("<summary>\nshort\n</summary>"));
        assert_eq!(histories(&bench)[5], "Sshorter 3 3");
    });
}

#[test]
fn a_summary_stays_in_front_of_the_newest_lines_also_of_a_session_that_comes_back() {
    play(|stage| async move {
        let mut bench = bench(&stage);
        bench.settings.history_entries_max = 2;
        let session = bench.start(Tenure::Kept);
        talk(&bench, &session, &["1".into(), "2".into()]).await;
        bench.provider.add(Line::Say("short"));
        talk(&bench, &session, &["/compact".into(), "3".into(), "4".into(), "5".into()]).await;
        let wanted = ["", "1 1", "", "Sshort 2 2", "Sshort 3 3", "Sshort 4 4"];
        assert_eq!(histories(&bench), wanted);
        session.tell(SessionMessage::Changed).unwrap();
        talk(&bench, &session, &["6".into()]).await;
        assert_eq!(histories(&bench)[6], "Sshort 5 5");
    });
}

#[test]
fn a_model_that_finds_it_too_long_is_asked_once_more_with_a_summary() {
    play(|stage| async move {
        let bench = bench(&stage);
        let session = bench.start(Tenure::Kept);
        talk(&bench, &session, &["1".into(), "2".into()]).await;
        [Line::Fail(Code::ProviderContext), Line::Say("short"), Line::Say("answer")]
            .into_iter()
            .for_each(|line| bench.provider.add(line));
        talk(&bench, &session, &["3".into()]).await;
        assert_eq!(histories(&bench), ["", "1 1", "1 1 2 2", "", "Sshort 2 2"]);
        assert_eq!((bench.outbox().await, compactions(&bench).await), (vec!["1".into(), "2".into(), "answer".into()], 1));
        assert_eq!(of_compaction(&bench), [START, RETRY]);
        assert_eq!(bench.counters.turns.failed.get(), 0);
        // Too long again with the summary: that is said.
        let lines = [Line::Fail(Code::ProviderContext), Line::Say("shorter"), Line::Fail(Code::ProviderContext)];
        lines.into_iter().for_each(|line| bench.provider.add(line));
        talk(&bench, &session, &["4".into()]).await;
        assert_eq!(bench.outbox().await, ["Sorry, I could not answer that (provider_context). Please try again later."]);
    });
}

#[test]
fn what_tools_did_before_is_not_done_again() {
    play(|stage| async move {
        let bell = bell();
        let bench = Bench { tools: toolbox(&[&bell], &stage.clock), ..bench(&stage) };
        let session = bench.start(Tenure::Kept);
        talk(&bench, &session, &["1".into(), "2".into()]).await;
        let lines =
            [Line::Calls("Ring. ", &["bell"]), Line::Fail(Code::ProviderContext), Line::Say("short"), Line::Say("Rung.")];
        lines.into_iter().for_each(|line| bench.provider.add(line));
        talk(&bench, &session, &["3".into()]).await;
        assert_eq!(bell.calls(), 1);
        let prompts = bench.provider.prompts();
        let last = prompts.last().unwrap();
        assert_eq!((last.rounds.len(), last.rounds[0].calls[0].1.text()), (1, "bell 1"));
        assert_eq!(bench.transcript().await.last().unwrap().1, "Ring. Rung.");
    });
}

#[test]
fn a_client_that_has_read_a_part_does_not_read_it_twice() {
    play(|stage| async move {
        let bell = bell();
        let bench = Bench { tools: toolbox(&[&bell], &stage.clock), ..bench(&stage) };
        let session = bench.start(Tenure::Kept);
        talk(&bench, &session, &["1".into(), "2".into()]).await;
        [Line::Calls("Ring. ", &["bell"]), Line::Fail(Code::ProviderContext)]
            .into_iter()
            .for_each(|line| bench.provider.add(line));
        let parts = heard(ask(&session, "3")).await;
        assert!(matches!(parts.last(), Some(Delta::Failed(failure)) if failure.code == Code::ProviderContext));
        assert_eq!(compactions(&bench).await, 0);
        // One that has read nothing has its answer.
        [Line::Fail(Code::ProviderContext), Line::Say("short"), Line::Say("4")]
            .into_iter()
            .for_each(|line| bench.provider.add(line));
        assert_eq!(failure(&heard(ask(&session, "4")).await), None);
        assert_eq!(compactions(&bench).await, 1);
    });
}

#[test]
fn a_summary_that_fails_leaves_everything_as_it_was_and_is_not_tried_at_every_turn() {
    let apology = "Sorry, I could not answer that (provider_context). Please try again later.";
    // How the summary fails: no answer, an empty one, a store that does not take it or does not answer.
    for way in 0..4 {
        play(|stage| async move {
            let bench = bench(&stage);
            let session = bench.start(Tenure::Kept);
            talk(&bench, &session, &["1".into(), "2".into()]).await;
            bench.outbox().await;
            bench.provider.add(Line::Fail(Code::ProviderContext));
            bench.provider.add(if way == 0 {
                Line::Fail(Code::ProviderAuth)
            } else {
                Line::Say(if way == 1 { " " } else { "short" })
            });
            match way {
                2 => bench.store.fail_once("summarise"),
                3 => bench.store.lose_answer("summarise"),
                _ => {}
            }
            talk(&bench, &session, &["3".into()]).await;
            assert_eq!(
                (bench.outbox().await, of_compaction(&bench)),
                (vec![apology.to_owned()], vec![START.into(), END.into()]),
                "{way}"
            );
            // One whose answer was lost is written all the same, and counts from then on.
            assert_eq!(compactions(&bench).await, u64::from(way == 3), "{way}");
            let before = bench.provider.asked();
            bench.provider.add(Line::Fail(Code::ProviderContext));
            talk(&bench, &session, &["4".into()]).await;
            assert_eq!((bench.outbox().await, bench.provider.asked()), (vec![apology.to_owned()], before + 1), "{way}");
            let told = histories(&bench).pop().unwrap();
            assert_eq!(told.starts_with("Sshort 2 2"), way == 3, "{told}");
            assert!(told.starts_with("1 1 2 2") || way == 3, "{told}");
            stage.clock.advance(Duration::from_secs(301));
            [Line::Fail(Code::ProviderContext), Line::Say("later"), Line::Say("5")]
                .into_iter()
                .for_each(|line| bench.provider.add(line));
            talk(&bench, &session, &["5".into()]).await;
            assert_eq!(bench.outbox().await, ["5"], "{way}");
        });
    }
}

#[test]
fn a_crash_in_the_middle_leaves_the_old_conversation_and_the_message_is_answered() {
    play(|stage| async move {
        let bench = bench(&stage);
        let session = bench.start(Tenure::Kept);
        talk(&bench, &session, &["1".into(), "2".into()]).await;
        bench.outbox().await;
        // The summary is in the making when it dies.
        [Line::Fail(Code::ProviderContext), Line::Panic].into_iter().for_each(|line| bench.provider.add(line));
        talk(&bench, &session, &["3".into()]).await;
        assert_eq!((bench.outbox().await, compactions(&bench).await), (vec!["3".to_owned()], 0));
        assert_eq!(roles(&bench).await, "UAUAUA");
    });
}

#[test]
fn a_command_sums_up_in_its_place_and_says_what_it_did() {
    play(|stage| async move {
        let mut bench = bench(&stage);
        bench.settings.compaction.mode = CompactionMode::ByHand;
        bench.settings.compaction.instructions = Some("dates".into());
        let session = bench.start(Tenure::Kept);
        talk(&bench, &session, &["/compact".into(), "1".into(), "/compact again".into(), "2".into()]).await;
        bench.provider.add(Line::Say("short"));
        talk(&bench, &session, &["/compact the Names".into(), "3".into()]).await;
        let nothing = "There is nothing to compact yet.";
        let done = "Compacted: 2 lines summed up, 2 lines kept as they are.";
        assert_eq!(bench.outbox().await, [nothing, "1", nothing, "2", done, "3"]);
        assert_eq!(histories(&bench), ["", "1 1", "", "Sshort 2 2"]);
        let request = &bench.provider.prompts()[2].text;
        assert!(request.contains("besides: dates\n") && request.contains("besides: the Names\n"), "{request}");
        // By itself it does nothing then.
        bench.provider.add(Line::Fail(Code::ProviderContext));
        talk(&bench, &session, &["4".into()]).await;
        assert_eq!(compactions(&bench).await, 1);
        bench.provider.add(Line::Fail(Code::ProviderAuth));
        bench.outbox().await;
        talk(&bench, &session, &["/compact later".into()]).await;
        assert_eq!(bench.outbox().await, ["The conversation could not be summed up (provider_auth) and is as it was."]);
    });
}

#[test]
fn one_that_was_asked_for_can_be_ended() {
    play(|stage| async move {
        let bench = bench(&stage);
        let session = bench.start(Tenure::Kept);
        talk(&bench, &session, &["1".into(), "2".into()]).await;
        bench.outbox().await;
        let pieces = bench.stream();
        bench.order("/compact", order("mine")).await;
        session.wake();
        stage.until("it is asked", || bench.provider.asked() == 3).await;
        pieces.send(say("sho")).unwrap();
        assert_eq!(abort(&session, Some("mine")).await.as_deref(), Some("mine"));
        let report = bench.report("mine").await;
        assert_eq!(report.outcome, RunVerdict::Aborted("rpc"));
        assert_eq!((compactions(&bench).await, roles(&bench).await.as_str()), (0, "UAUA"));
        talk(&bench, &session, &["3".into()]).await;
        assert_eq!(histories(&bench).last().unwrap(), "1 1 2 2");
    });
}

/// Whoever asked for it in a chat would hear nothing of it otherwise.
#[test]
fn one_that_is_ended_says_so_to_whoever_asked_for_it() {
    for by_hand in [true, false] {
        play(|stage| async move {
            let bench = bench(&stage);
            let session = bench.start(Tenure::Kept);
            talk(&bench, &session, &["1".into(), "2".into()]).await;
            bench.outbox().await;
            let _pieces = bench.stream();
            bench.arrive(&["/compact"]).await;
            session.wake();
            stage.until("it is asked", || bench.provider.asked() == 3).await;
            let ended = "The compaction was ended before it was done.";
            let expected = if by_hand {
                abort(&session, None).await.expect("it is ended");
                vec![ended]
            } else {
                bench.arrive(&["/stop"]).await;
                session.wake();
                vec![ended, "Stopped."]
            };
            bench.answered().await;
            assert_eq!(bench.outbox().await, expected);
            assert_eq!((compactions(&bench).await, bench.transcript().await.len()), (0, 4));
        });
    }
}

/// What a summary cost is counted piece by piece: a later one may fail.
#[test]
fn what_a_piece_cost_is_counted_whatever_becomes_of_the_next() {
    for fails in [true, false] {
        play(|stage| async move {
            let mut bench = bench(&stage);
            bench.settings.compaction.mode = CompactionMode::ByHand;
            bench.provider.reads(400);
            let session = bench.start(Tenure::Kept);
            talk(&bench, &session, &["1", "2", "3", "4"].map(long)).await;
            bench.outbox().await;
            let pieces = bench.stream();
            [say("short"), end()].into_iter().for_each(|piece| pieces.send(piece).unwrap());
            bench.provider.add(if fails { Line::Fail(Code::ProviderAuth) } else { Line::Say("shorter") });
            talk(&bench, &session, &["/compact".into()]).await;
            assert_eq!(bench.provider.asked(), 6, "two requests");
            assert_eq!(compactions(&bench).await, u64::from(!fails));
            let used = bench.store.inner.session(key()).await.unwrap().unwrap().usage;
            assert_eq!(used, Usage::tokens(3, 5), "fails: {fails}");
        });
    }
}
