//! What the server does wrong, as a test has set it.

use std::time::Duration;

/// How the port behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// It accepts connections.
    Open,
    /// It refuses them: nothing listens. The port stays ours.
    Refuse,
    /// It accepts them and closes them at once.
    HangUp,
}

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// A page of a proxy in place of the answer; the request has no effect.
    Html(u16),
    /// A status with a text that is not JSON; the request has no effect.
    Status(u16),
    /// 400 with the server's own name of a reason; the request has no effect.
    Refused(&'static str),
    /// The request has its effect at once and is answered so much later.
    Slow(Duration),
    /// The request has its effect, and the connection ends in the middle of the answer.
    CommitThenCut,
    /// The request has no effect, and the connection ends without an answer.
    RefuseThenCut,
    /// The request has no effect, and its answer does not end for as long as it is read.
    Endless,
    /// 429, to be made again after so many seconds; the request has no effect.
    Limited(u64),
}

/// Troubles to come on one route.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The path's first part after `/api/v1/`, `file-upload`, `websocket`, or `*` for every one.
    pub route: String,
    /// What goes wrong.
    pub trouble: Trouble,
    /// How often it still does.
    pub left: usize,
}

/// How often an event is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// Once for each subscription that it fits.
    One,
    /// Twice, one after the other.
    Two,
}

/// What `__my_messages__` carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MyMessages {
    /// Every room that the user may see.
    All,
    /// The same without private groups, as users have reported of real servers.
    NoPrivate,
}

/// What a message is answered with whose `_id` is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DuplicateId {
    /// 400 with the text of a failure inside, as servers do whose normaliser trips over the missing message.
    OddFailure,
    /// 200 without a message.
    EmptySuccess,
}

/// When the server closes a DDP connection by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangUp {
    /// It does not.
    Never,
    /// After it has said `connected`.
    AfterConnect,
    /// After it has answered a login that succeeded.
    AfterLogin,
}

/// All of it.
#[derive(Debug)]
pub struct Faults {
    /// Troubles of requests, the first that fits counts.
    pub planned: Vec<Planned>,
    /// How often events are sent.
    pub copies: Copies,
    /// Frames that are sent before each event: malformed ones, unknown ones.
    pub noise: Vec<String>,
    /// What the one subscription for everything carries.
    pub my_messages: MyMessages,
    /// What a known `_id` is answered with.
    pub duplicate_id: DuplicateId,
    /// When connections end by themselves.
    pub hang_up: HangUp,
    /// Events that nobody may subscribe to.
    pub refused_events: Vec<String>,
    /// Where downloads are sent on to, if they are not served here.
    pub downloads_at: Option<String>,
}

impl Faults {
    /// Returns none at all.
    pub fn none() -> Self {
        Self {
            planned: Vec::new(),
            copies: Copies::One,
            noise: Vec::new(),
            my_messages: MyMessages::All,
            duplicate_id: DuplicateId::OddFailure,
            hang_up: HangUp::Never,
            refused_events: Vec::new(),
            downloads_at: None,
        }
    }

    /// Takes the trouble that is due on this route.
    pub fn take(&mut self, route: &str) -> Option<Trouble> {
        let planned = self.planned.iter_mut().find(|planned| planned.left > 0 && fits(&planned.route, route))?;
        planned.left -= 1;
        Some(planned.trouble.clone())
    }
}

fn fits(planned: &str, route: &str) -> bool {
    planned == "*" || planned == route
}
