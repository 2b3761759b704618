//! Seats to test with, and what was written for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use serde_json::Value;

use crate::client::{Backlog, Batch, ClientCard, ClientSeat, Closing, Grant, NodeFacts, Role, Scope, Scopes, Seating};

/// A seat, and how often its connection was cut.
pub(super) struct Place {
    pub(super) seat: Arc<ClientSeat>,
    pub(super) cuts: Arc<AtomicUsize>,
}

impl Place {
    /// Returns the place of an owner's program.
    pub(super) fn new(conn: &str) -> Self {
        Self::of(conn, card("app", "ui"), Scopes::from_iter([Scope::Admin]))
    }

    pub(super) fn of(conn: &str, card: ClientCard, scopes: Scopes) -> Self {
        let cuts = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&cuts);
        let seat = ClientSeat::new(Seating {
            conn: conn.to_owned(),
            protocol: 3,
            card,
            node: NodeFacts::default(),
            grant: Grant { role: Role::Operator, scopes, device: None },
            pass: None,
            address: None,
            connected_ms: 0,
            backlog: Arc::default(),
            cutter: Arc::new(move || {
                count.fetch_add(1, SeqCst);
            }),
        });
        Self { seat, cuts }
    }

    /// Returns what was written since the last look.
    pub(super) fn written(&self) -> Vec<Value> {
        written(&self.seat.backlog).0
    }
}

pub(super) fn card(id: &str, mode: &str) -> ClientCard {
    ClientCard { id: id.to_owned(), mode: mode.to_owned(), ..ClientCard::default() }
}

/// Returns the next batch, if there is one.
pub(super) fn next(backlog: &Backlog) -> Option<Batch> {
    match backlog.poll_batch(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(batch) => Some(batch),
        Poll::Pending => None,
    }
}

/// Takes everything that waits: the frames, and the end if there is one.
pub(super) fn written(backlog: &Backlog) -> (Vec<Value>, Option<Closing>) {
    let mut frames = Vec::new();
    loop {
        match next(backlog) {
            Some(Batch::Frames(batch)) => {
                frames.extend(batch.iter().map(|frame| serde_json::from_slice::<Value>(frame).expect("JSON")));
            }
            Some(Batch::Close(closing)) => return (frames, Some(closing)),
            None => return (frames, None),
        }
    }
}
