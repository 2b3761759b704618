//! When marks come off.

use crate::channel::connector::Marking;
use crate::channel::marks::Marks;
use crate::message::{InboxId, Mark, OutboxId};

fn marked(marks: &Marks, message: &str) -> InboxId {
    let row = InboxId::new();
    marks.put(row, Marking { message: message.into(), mark: Mark::Put("eyes".into()) });
    row
}

fn off(marks: &Marks) -> Vec<String> {
    let due = marks.take_due();
    assert!(due.iter().all(|marking| marking.mark == Mark::Take("eyes".into())), "{due:?}");
    due.into_iter().map(|marking| marking.message).collect()
}

#[test]
fn marks_come_off_when_the_last_payload_of_their_answer_is_sent() {
    let marks = Marks::default();
    let (one, two, three) = (marked(&marks, "one"), marked(&marks, "two"), marked(&marks, "three"));
    let (last, other) = (OutboxId::new(), OutboxId::new());
    marks.answered(&[one, two], Some(last));
    marks.sent(other);
    assert!(off(&marks).is_empty(), "something else was sent");
    marks.sent(last);
    assert_eq!(off(&marks), ["one", "two"], "a turn may answer several");
    marks.sent(last);
    assert!(off(&marks).is_empty(), "once");
    marks.answered(&[three], None);
    assert_eq!(off(&marks), ["three"], "all of its answer had left");
    marks.answered(&[InboxId::new()], None);
    assert!(off(&marks).is_empty(), "it had no mark");
}

/// A turn is run again after a crash of its session: the answer that is sent counts.
#[test]
fn an_answer_that_was_never_sent_takes_nothing_off() {
    let marks = Marks::default();
    let row = marked(&marks, "one");
    let (lost, sent) = (OutboxId::new(), OutboxId::new());
    marks.answered(&[row], Some(lost));
    marks.answered(&[row], Some(sent));
    assert!(off(&marks).is_empty());
    marks.sent(sent);
    assert_eq!(off(&marks), ["one"]);
}

#[test]
fn what_is_remembered_is_bounded_and_the_oldest_stays_marked() {
    let marks = Marks::default();
    let rows: Vec<_> = (0..1025).map(|number| marked(&marks, &number.to_string())).collect();
    marks.answered(&rows, None);
    let off = off(&marks);
    assert_eq!((off.len(), off[0].as_str()), (1024, "1"));
}
