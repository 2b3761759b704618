//! Which chats of an account have something to send now: plain memory, rebuilt from the rows at each opening.
//!
//! A lane's due time is a lower bound. When a visit finds that its first row is due later, the lane is seated anew; so an index
//! over the due times of all rows is not needed, and a visit costs what it takes.

use std::collections::{BTreeSet, HashMap, VecDeque};

use callboard_actors::ports::SendOrder;

/// Where a lane waits for its next visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seat {
    /// Nowhere: nothing waits, or what waits goes after a confirmation.
    Parked,
    /// In the queue of those that may have a due row.
    Ready(i64),
    /// Until a time.
    Timed(i64),
}

#[derive(Debug)]
struct Lane {
    waiting: u64,
    begun: u64,
    seat: Seat,
}

#[derive(Debug)]
struct Account {
    lanes: HashMap<i64, Lane>,
    ready: VecDeque<i64>,
    timed: BTreeSet<(i64, i64)>,
    order: SendOrder,
}

impl Default for Account {
    fn default() -> Self {
        Self { lanes: HashMap::new(), ready: VecDeque::new(), timed: BTreeSet::new(), order: SendOrder::Pipelined }
    }
}

/// What a visit to a lane left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Everything that waits may go at once.
    Ready,
    /// Its first row is due at a time.
    Due(i64),
}

/// The lanes of every account.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    accounts: HashMap<i64, Account>,
}

impl Lanes {
    /// Counts rows that wait in a chat from now on, the earliest due at `due_ms`.
    pub(super) fn arrive(&mut self, account: i64, chat: i64, rows: u64, due_ms: i64) {
        if rows == 0 {
            return;
        }
        let account = self.accounts.entry(account).or_default();
        account.lane(chat).waiting += rows;
        account.seat(chat, due_ms);
    }

    /// Counts rows that are in hand without a visit: what was found at opening.
    pub(super) fn found_begun(&mut self, account: i64, chat: i64, rows: u64) {
        self.accounts.entry(account).or_default().lane(chat).begun += rows;
    }

    /// Counts a row in hand that has to wait again until `due_ms`.
    pub(super) fn put_back(&mut self, account: i64, chat: i64, due_ms: i64, now_ms: i64) {
        let account = self.accounts.entry(account).or_default();
        let lane = account.lane(chat);
        // What waited for a confirmation may be due earlier than what comes back.
        let hidden = lane.waiting > 0 && lane.seat == Seat::Parked;
        lane.begun = lane.begun.saturating_sub(1);
        lane.waiting += 1;
        account.seat(chat, if hidden { due_ms.min(now_ms) } else { due_ms });
    }

    /// Counts a row that is no longer open: it was in hand, or it waited.
    pub(super) fn leave(&mut self, account: i64, chat: i64, from: Held, now_ms: i64) {
        let Some(account) = self.accounts.get_mut(&account) else { return };
        let Some(lane) = account.lanes.get_mut(&chat) else { return };
        match from {
            Held::Begun => lane.begun = lane.begun.saturating_sub(1),
            Held::Waiting => lane.waiting = lane.waiting.saturating_sub(1),
        }
        match (lane.waiting, lane.begun) {
            (0, 0) => account.forget(chat),
            (0, _) => account.park(chat),
            // What is first now may be due earlier than what was.
            _ => account.seat(chat, now_ms),
        }
    }

    /// Takes the next chat to visit out of its seat.
    pub(super) fn next(&mut self, account: i64, order: SendOrder, now_ms: i64) -> Option<i64> {
        let account = self.accounts.get_mut(&account)?;
        if std::mem::replace(&mut account.order, order) != order {
            account.seat_parked(now_ms);
        }
        account.promote(now_ms);
        while let Some(chat) = account.ready.pop_front() {
            let Some(lane) = account.lanes.get_mut(&chat) else { continue };
            if !matches!(lane.seat, Seat::Ready(_)) {
                continue;
            }
            lane.seat = Seat::Parked;
            if lane.waiting > 0 && (order == SendOrder::Pipelined || lane.begun == 0) {
                return Some(chat);
            }
        }
        None
    }

    /// Records a visit: how many rows were taken in hand, and when the next is due.
    pub(super) fn visited(&mut self, account: i64, chat: i64, taken: u64, left: Left, now_ms: i64) {
        let Some(account) = self.accounts.get_mut(&account) else { return };
        let Some(lane) = account.lanes.get_mut(&chat) else { return };
        lane.waiting = lane.waiting.saturating_sub(taken);
        lane.begun += taken;
        match left {
            _ if lane.waiting == 0 => {}
            Left::Ready => account.seat(chat, now_ms),
            Left::Due(due_ms) => account.seat(chat, due_ms),
        }
    }

    /// Returns when the earliest chat is to be visited.
    pub(super) fn next_due(&self, account: i64) -> Option<i64> {
        let account = self.accounts.get(&account)?;
        let ready = account.ready.iter().filter_map(|chat| match account.lanes.get(chat)?.seat {
            Seat::Ready(due_ms) => Some(due_ms),
            _ => None,
        });
        let timed = account.timed.first().map(|(due_ms, _)| *due_ms);
        ready.min().into_iter().chain(timed).min()
    }
}

/// How an open row was held when it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// It waited.
    Waiting,
    /// It was in hand.
    Begun,
}

impl Account {
    fn lane(&mut self, chat: i64) -> &mut Lane {
        self.lanes.entry(chat).or_insert(Lane { waiting: 0, begun: 0, seat: Seat::Parked })
    }

    /// Seats a lane by a due time, unless it is seated for an earlier one; parks it while it waits for a confirmation.
    fn seat(&mut self, chat: i64, due_ms: i64) {
        let order = self.order;
        let lane = self.lane(chat);
        if order == SendOrder::OnePerChat && lane.begun > 0 {
            return self.park(chat);
        }
        match lane.seat {
            Seat::Ready(_) => return,
            Seat::Timed(earlier) if earlier <= due_ms => return,
            Seat::Timed(later) => {
                lane.seat = Seat::Timed(due_ms);
                self.timed.remove(&(later, chat));
            }
            Seat::Parked => lane.seat = Seat::Timed(due_ms),
        }
        self.timed.insert((due_ms, chat));
    }

    fn park(&mut self, chat: i64) {
        if let Some(lane) = self.lanes.get_mut(&chat) {
            if let Seat::Timed(due_ms) = lane.seat {
                self.timed.remove(&(due_ms, chat));
            }
            lane.seat = Seat::Parked;
        }
    }

    fn forget(&mut self, chat: i64) {
        self.park(chat);
        self.lanes.remove(&chat);
    }

    /// Seats what waited for a confirmation: under another order it may not have to.
    fn seat_parked(&mut self, now_ms: i64) {
        let parked = |(chat, lane): (&i64, &Lane)| (lane.waiting > 0 && lane.seat == Seat::Parked).then_some(*chat);
        let chats: Vec<i64> = self.lanes.iter().filter_map(parked).collect();
        for chat in chats {
            self.seat(chat, now_ms);
        }
    }

    fn promote(&mut self, now_ms: i64) {
        while let Some((due_ms, chat)) = self.timed.first().copied().filter(|(due_ms, _)| *due_ms <= now_ms) {
            self.timed.remove(&(due_ms, chat));
            if let Some(lane) = self.lanes.get_mut(&chat) {
                lane.seat = Seat::Ready(due_ms);
                self.ready.push_back(chat);
            }
        }
    }
}
