//! What the server has seen: for tests to count.

/// A message that a client has posted and the server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Its `_id`.
    pub id: String,
    /// Its room.
    pub rid: String,
    /// Whose it is.
    pub uid: String,
    /// Its text of the first time.
    pub text: String,
    /// The root of its thread.
    pub tmid: Option<String>,
    /// The uploads that it shows.
    pub files: Vec<String>,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The path's first part after `/api/v1/`, or `file-upload`, `websocket`, `storage`, `info`.
    pub route: String,
    /// The path as it was asked for.
    pub path: String,
    /// The status that it was answered with; 0 when it was cut.
    pub status: u16,
    /// Whether it carried a login.
    pub login: Login,
}

/// Whether a request carried a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// A token in its headers, whether it holds or not.
    Shown,
    /// None.
    Absent,
}

/// One sign of somebody who types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typing {
    /// In which room.
    pub rid: String,
    /// The name that was given.
    pub name: String,
    /// The root of the thread.
    pub tmid: Option<String>,
    /// What it says.
    pub sign: Sign,
}

/// What a sign of typing says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It began or goes on.
    Typing,
    /// It ended.
    Still,
    /// The name is not the sender's: everybody ignores it, and the sender hears nothing of that.
    Ignored,
}

/// All of it, in order.
#[derive(Debug, Default)]
pub struct Record {
    /// Messages that clients have posted; those of the test are not among them.
    pub accepted: Vec<Accepted>,
    /// Ids of messages that were posted again.
    pub repeated: Vec<String>,
    /// Texts of messages that clients have edited, with the ids.
    pub edits: Vec<(String, String)>,
    /// Requests.
    pub calls: Vec<Call>,
    /// Signs of typing.
    pub typing: Vec<Typing>,
    /// DDP connections that were opened.
    pub sockets: usize,
    /// Logins that succeeded, by either wire; by a token that was there too.
    pub logins: usize,
    /// Names of events that were subscribed to.
    pub subscribed: Vec<String>,
    /// Frames that no client should send.
    pub odd_frames: Vec<String>,
}
