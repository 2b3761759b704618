//! What a test can make go wrong.

use std::sync::mpsc;

use super::super::RocketChat;
use super::super::faults::{Copies, Door, DuplicateId, Faults, HangUp, MyMessages, Planned, Trouble};
use super::super::limits::Bound;
use super::super::serve::{OBEY_WITHIN, Order};
use super::super::world::Out;

impl RocketChat {
    /// Plans a trouble for the next requests of a route: `chat.sendMessage`, `file-upload`, `websocket`, `*` for every one.
    pub fn plan(&self, route: &str, trouble: Trouble, times: usize) {
        self.world().faults.planned.push(Planned { route: route.to_owned(), trouble, left: times });
    }

    /// Takes back everything that was planned or set wrong. Rate limits, the clock and the port stay.
    pub fn heal(&self) {
        self.world().faults = Faults::none();
    }

    /// Sets how the port behaves, and waits until it does.
    pub fn door(&self, door: Door) {
        let (done, told) = mpsc::channel();
        assert!(self.orders.send(Order { door, done }).is_ok(), "a running server");
        told.recv_timeout(OBEY_WITHIN).expect("a server that obeys");
    }

    /// Ends every connection, of HTTP too, without a word.
    pub fn cut_connections(&self) {
        self.shared.cut.send_modify(|count| *count += 1);
    }

    /// Ends every DDP connection without a close frame.
    pub fn drop_sockets(&self) {
        self.world().sockets.tell_all(&Out::Cut);
    }

    /// Ends every DDP connection with a close frame.
    pub fn close_sockets(&self) {
        self.world().sockets.tell_all(&Out::Close);
    }

    /// Makes every DDP connection of this moment half open: it stays, and nothing is read or written any more.
    pub fn freeze_sockets(&self) {
        self.world().sockets.tell_all(&Out::Freeze);
    }

    /// Goes away: refuses connections and ends those that there are. [`Self::come_back`] ends it.
    pub fn go_away(&self) {
        self.door(Door::Refuse);
        self.cut_connections();
    }

    /// Is there again.
    pub fn come_back(&self) {
        self.door(Door::Open);
    }

    /// Sends a text to everybody over DDP, whatever it is.
    pub fn send_raw(&self, text: &str) {
        self.world().sockets.tell_all(&Out::Text(text.to_owned()));
    }

    /// Sends bytes to everybody over DDP.
    pub fn send_bytes(&self, bytes: &[u8]) {
        self.world().sockets.tell_all(&Out::Binary(bytes.to_vec()));
    }

    /// Sends these frames before each event.
    pub fn make_noise(&self, frames: &[&str]) {
        self.world().faults.noise = frames.iter().map(|frame| (*frame).to_owned()).collect();
    }

    /// Sets how often events are sent.
    pub fn send_copies(&self, copies: Copies) {
        self.world().faults.copies = copies;
    }

    /// Sets what `__my_messages__` carries.
    pub fn my_messages(&self, carry: MyMessages) {
        self.world().faults.my_messages = carry;
    }

    /// Sets what a message is answered with whose `_id` is there already.
    pub fn on_duplicate_id(&self, answer: DuplicateId) {
        self.world().faults.duplicate_id = answer;
    }

    /// Sets when DDP connections are closed by the server.
    pub fn hang_up(&self, when: HangUp) {
        self.world().faults.hang_up = when;
    }

    /// Refuses subscriptions to an event.
    pub fn refuse_event(&self, event: &str) {
        self.world().faults.refused_events.push(event.to_owned());
    }

    /// Sends downloads on to another host, which keeps the same files at `/storage/ID`.
    pub fn download_at(&self, base: &str) {
        self.world().faults.downloads_at = Some(base.to_owned());
    }

    /// Bounds the calls of each route in a window, ms; `None` gives everybody the permission to go around it.
    pub fn limit(&self, bound: Option<(u64, i64)>) {
        self.world().limits.bound = bound.map(|(calls, window_ms)| Bound { calls, window_ms });
    }

    /// Moves the server's clock.
    pub fn move_clock(&self, by_ms: i64) {
        self.world().move_clock(by_ms);
    }

    /// Sets how long a login holds from now on, ms by the server's clock.
    pub fn logins_hold(&self, login_ms: i64) {
        self.world().login_ms = login_ms;
    }

    /// Sets the longest text that is taken, characters.
    pub fn text_max(&self, chars: usize) {
        self.world().text_chars_max = chars;
    }
}
