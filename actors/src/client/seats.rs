//! Every open connection: for lists, for closing all of them, and for cutting one whose device was shut out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{Backlog, ClientSeat, CloseCode};

/// The open connections.
#[derive(Debug, Default)]
pub struct Seats(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    /// Connections that have not said who they are yet.
    strangers: HashMap<String, Weak<Backlog>>,
    seated: HashMap<String, Arc<ClientSeat>>,
    closed: Option<(CloseCode, &'static str)>,
}

impl Seats {
    /// Takes a connection on that has not said who it is yet. Once everything was closed it is closed at once.
    pub fn open(&self, conn: &str, backlog: &Arc<Backlog>) {
        let mut table = self.lock();
        if let Some((code, reason)) = table.closed {
            backlog.close(code, reason);
        }
        table.strangers.insert(conn.to_owned(), Arc::downgrade(backlog));
    }

    /// Gives a connection its seat.
    pub fn seat(&self, seat: &Arc<ClientSeat>) {
        let mut table = self.lock();
        table.strangers.remove(&seat.conn);
        table.seated.insert(seat.conn.clone(), Arc::clone(seat));
    }

    /// Takes a connection off; answers with its seat when it had one.
    pub fn leave(&self, conn: &str) -> Option<Arc<ClientSeat>> {
        let mut table = self.lock();
        table.strangers.remove(conn);
        table.seated.remove(conn)
    }

    /// Returns the connections that have a seat, the one that came first in front.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<ClientSeat>> {
        let mut seats: Vec<_> = self.lock().seated.values().cloned().collect();
        seats.sort_by(|one, other| (one.connected_ms, &one.conn).cmp(&(other.connected_ms, &other.conn)));
        seats
    }

    /// Returns whether no connection has a seat.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().seated.is_empty()
    }

    /// Returns how many connections there are.
    #[must_use]
    pub fn count(&self) -> usize {
        let table = self.lock();
        table.strangers.len() + table.seated.len()
    }

    /// Closes the connections that a rule names; answers how many.
    pub fn close_where(&self, code: CloseCode, reason: &str, which: impl Fn(&ClientSeat) -> bool) -> usize {
        let seats: Vec<_> = self.lock().seated.values().filter(|seat| which(seat)).cloned().collect();
        seats.iter().for_each(|seat| seat.backlog.close(code, reason));
        seats.len()
    }

    /// Closes every connection, and each that still comes.
    pub fn close_all(&self, code: CloseCode, reason: &'static str) {
        let mut table = self.lock();
        table.closed = Some((code, reason));
        table.strangers.values().filter_map(Weak::upgrade).for_each(|backlog| backlog.close(code, reason));
        table.seated.values().for_each(|seat| seat.backlog.close(code, reason));
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
