use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};

use bytes::Bytes;

use super::bench::next;
use crate::client::{Backlog, Batch, CloseCode, Closing, Pushed, WAITING_BYTES_MAX};
use crate::message::Delivery::{Droppable, Kept};

const KIB: usize = 1024;

fn frame(bytes: usize) -> Bytes {
    vec![b'x'; bytes].into()
}

/// Returns a backlog in which the bound has just been passed.
fn full() -> Backlog {
    let backlog = Backlog::default();
    while backlog.waiting_bytes() <= WAITING_BYTES_MAX {
        assert_eq!(backlog.push(frame(100 * KIB), Kept), Pushed::Waiting);
    }
    backlog
}

fn end(code: CloseCode, reason: &str) -> Closing {
    Closing { code, reason: reason.to_owned() }
}

fn assert_end(backlog: &Backlog, closing: &Closing) {
    assert!(matches!(next(backlog), Some(Batch::Close(found)) if found == *closing));
    assert!(next(backlog).is_none(), "nothing follows the end");
}

#[test]
fn what_is_droppable_is_dropped_above_the_bound_and_nobody_is_cut() {
    let backlog = full();
    let before = backlog.waiting_bytes();
    assert_eq!(backlog.push(frame(1), Droppable), Pushed::Dropped);
    assert_eq!((backlog.waiting_bytes(), backlog.is_cut()), (before, false));
    assert!(before <= WAITING_BYTES_MAX + 100 * KIB);
}

#[test]
fn at_the_bound_there_is_still_room() {
    let backlog = Backlog::default();
    assert_eq!(backlog.push(frame(WAITING_BYTES_MAX), Kept), Pushed::Waiting);
    assert_eq!(backlog.push(frame(1), Droppable), Pushed::Waiting);
    assert_eq!(backlog.push(frame(1), Droppable), Pushed::Dropped);
}

#[test]
fn what_is_kept_cuts_above_the_bound_and_only_the_end_is_left() {
    let backlog = full();
    assert_eq!(backlog.push(frame(1), Kept), Pushed::Cut);
    assert!(backlog.is_cut());
    assert_eq!(backlog.waiting_bytes(), 0);
    assert_eq!((backlog.push(frame(1), Kept), backlog.push(frame(1), Droppable)), (Pushed::Cut, Pushed::Cut));
    // The first reason counts.
    backlog.close(CloseCode::RESTART, "service restart");
    assert_end(&backlog, &end(CloseCode::POLICY, "slow consumer"));
}

#[test]
fn one_frame_larger_than_the_bound_is_written() {
    let backlog = Backlog::default();
    assert_eq!(backlog.push(frame(WAITING_BYTES_MAX * 2), Kept), Pushed::Waiting);
    assert!(matches!(next(&backlog), Some(Batch::Frames(frames)) if frames.len() == 1));
    assert_eq!(backlog.push(frame(1), Kept), Pushed::Waiting);
}

#[test]
fn batches_are_small_so_that_the_rest_is_still_counted() {
    let backlog = Backlog::default();
    for _ in 0..10 {
        backlog.push(frame(30 * KIB), Kept);
    }
    let mut sizes = Vec::new();
    while let Some(Batch::Frames(frames)) = next(&backlog) {
        sizes.push(frames.len());
        assert_eq!(backlog.waiting_bytes(), (10 - sizes.iter().sum::<usize>()) * 30 * KIB);
    }
    assert_eq!(sizes, [3, 3, 3, 1]);
}

#[test]
fn the_end_comes_after_what_waits_and_nothing_after_it() {
    let backlog = Backlog::default();
    backlog.push(Bytes::from_static(b"one"), Kept);
    backlog.push(Bytes::from_static(b"two"), Kept);
    backlog.close(CloseCode::RESTART, "service restart");
    backlog.close(CloseCode::NORMAL, "later");
    assert_eq!(backlog.push(frame(1), Kept), Pushed::Dropped);
    assert!(matches!(next(&backlog), Some(Batch::Frames(frames)) if frames == ["one", "two"]));
    assert!(!backlog.is_cut());
    assert_end(&backlog, &end(CloseCode::RESTART, "service restart"));
}

#[test]
fn a_socket_that_is_gone_keeps_nothing() {
    let backlog = full();
    backlog.leave();
    assert_eq!((backlog.waiting_bytes(), backlog.push(frame(1), Kept)), (0, Pushed::Gone));
    backlog.close(CloseCode::NORMAL, "");
    assert!(next(&backlog).is_none() && !backlog.is_cut());
}

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn the_socket_is_woken_by_a_frame_and_by_the_end() {
    let (backlog, bell) = (Backlog::default(), Arc::<Bell>::default());
    let waker = Waker::from(Arc::clone(&bell));
    let rung = |act: &dyn Fn()| {
        while backlog.poll_batch(&mut Context::from_waker(&waker)).is_ready() {}
        let before = bell.0.load(SeqCst);
        act();
        bell.0.load(SeqCst) > before
    };
    assert!(rung(&|| assert_eq!(backlog.push(frame(1), Kept), Pushed::Waiting)));
    assert!(rung(&|| backlog.close(CloseCode::NORMAL, "")));
}
