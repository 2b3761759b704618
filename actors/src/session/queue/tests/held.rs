use std::time::Duration;

use super::super::held::{Held, held};
use super::super::merge::merge;
use super::super::plan::{Batch, Plan, Quiet, Sort, Waiting, plan};
use super::super::policy::{QueueMode, QueuePolicy};
use crate::message::{BegunRound, ChatKind, Ends, Hold, InboxId};
use crate::ports::conformance::make;
use crate::ports::{Drafted, InboxRow};
use crate::session::hints::Hints;

const NOW: i64 = 100_000;

/// Returns a row of a chat that came so long ago, and waits 1000 ms of quiet, 3000 at the longest; `None` waits for nothing.
fn row(chat: &str, writer: &str, text: &str, wait: Option<(i64, Ends)>) -> Waiting {
    let mut inbound = make::accept(chat, text).inbound;
    (inbound.text, inbound.route.peer.id, inbound.route.peer.name) = (text.to_owned(), writer.to_owned(), writer.to_owned());
    inbound.hold = wait.map(|(ago_ms, ends)| Hold { since_ms: NOW - ago_ms, quiet_ms: 1000, longest_ms: 3000, ends });
    let row =
        InboxRow { id: InboxId::new(), seq: 1, crashes: 0, inbound, steps: Vec::new(), said: Vec::new(), drafted: Drafted::No };
    let policy = QueuePolicy { mode: QueueMode::Collect, ..QueuePolicy::default() };
    Waiting { row, policy, sort: Sort::Message, hints: Hints::default() }
}

fn waits(ago_ms: i64) -> Option<(i64, Ends)> {
    Some((ago_ms, Ends::Waits))
}

const MENTION: Option<(i64, Ends)> = Some((0, Ends::Now));

fn shown(held: Held) -> String {
    match held {
        Held::Now(rows) => rows.iter().map(|row| row.inbound.text.as_str()).collect::<Vec<_>>().join("+"),
        Held::Later(wait) => format!("in {} ms", wait.as_millis()),
        Held::Others => "others".to_owned(),
        Held::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn what_waits_is_answered_after_the_quiet_or_with_what_ends_it() {
    let a = |text: &str, wait| row("a", "ann", text, wait);
    for (rows, expected) in [
        (vec![], "nothing"),
        (vec![a("1", waits(0))], "in 1000 ms"),
        (vec![a("1", waits(999))], "in 1 ms"),
        (vec![a("1", waits(1000))], "1"),
        (vec![a("1", waits(900)), a("2", waits(400))], "in 600 ms"),
        (vec![a("1", waits(2900)), a("2", waits(100))], "in 100 ms"),
        (vec![a("1", waits(3000)), a("2", waits(0))], "1+2"),
        (vec![a("1", waits(10)), a("2", MENTION)], "1+2"),
        (vec![a("1", waits(10)), a("2", MENTION), a("3", waits(0))], "1+2"),
        (vec![a("1", waits(10)), row("b", "bob", "2", MENTION)], "2"),
        (vec![row("b", "bob", "1", waits(300)), a("2", waits(800))], "in 200 ms"),
        (vec![a("1", waits(10)), a("2", None)], "others"),
        // The clock was set back since it came.
        (vec![a("1", waits(-50_000))], "1"),
    ] {
        assert_eq!(shown(held(&rows, NOW)), expected);
    }
}

#[test]
fn what_waits_keeps_nothing_else_out() {
    let rows = vec![row("a", "ann", "1", waits(10)), row("a", "ann", "2", None), row("a", "ann", "3", waits(0))];
    let Plan::Turn(batch) = plan(rows, Quiet::Enough, NOW) else { panic!("a turn") };
    assert_eq!(batch.rows.iter().map(|row| row.inbound.text.as_str()).collect::<Vec<_>>(), ["2"]);
    let rest = plan(vec![row("a", "ann", "1", waits(10))], Quiet::Enough, NOW);
    assert_eq!(rest, Plan::Rest(Duration::from_millis(990)));
}

#[test]
fn a_turn_that_was_cut_short_goes_on_whole_behind_what_waits() {
    let mut cut = row("b", "bob", "2", None);
    let shared = row("b", "eve", "3", None);
    cut.row.steps = vec![BegunRound { with: vec![shared.row.id], ..BegunRound::default() }];
    cut.sort = Sort::Alone;
    let rows = vec![row("a", "ann", "1", waits(10)), cut, shared, row("b", "bob", "4", None)];
    let Plan::Turn(batch) = plan(rows, Quiet::Enough, NOW) else { panic!("a turn") };
    assert_eq!(batch.rows.iter().map(|row| row.inbound.text.as_str()).collect::<Vec<_>>(), ["2", "3"]);
}

#[test]
fn what_waited_is_told_as_it_was_said() {
    let text = |rows: Vec<Waiting>| {
        let rows = rows.into_iter().map(|waiting| waiting.row).collect();
        let merged = merge(Batch { rows, ..Batch::default() }).unwrap();
        (merged.row.inbound.text, merged.row.inbound.route.peer.id)
    };
    let room = [row("a", "Alice", "panel a", waits(0)), row("a", "Bob", "panel b", MENTION)];
    assert_eq!(text(room.to_vec()), ("Alice: panel a\nBob: panel b".to_owned(), "Bob".to_owned()));
    let same = [row("a", "Alice", "one", waits(0)), row("a", "Alice", "two", waits(0))];
    assert_eq!(text(same.to_vec()).0, "Alice: one\nAlice: two");
    assert_eq!(text(same[..1].to_vec()).0, "one", "one alone needs no name");
    let mut direct = same.to_vec();
    direct.iter_mut().for_each(|waiting| waiting.row.inbound.route.chat.kind = ChatKind::Direct);
    assert_eq!(text(direct).0, "one\ntwo");
}
