//! The desk at which control clients hand messages in.

use std::collections::BTreeMap;
use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc, oneshot};

use super::normalise::normalise;
use super::post::{Answer, Post, PostError, Posted, Waiting};
use crate::channel::Account;
use crate::core::{ActorId, Clock, Live, State, Supervisor};
use crate::message::{AccountKey, Inbound, Switchboard};
use crate::ports::Store;

/// How many messages of one account may wait for their rows; a further one is answered as overloaded.
pub const POSTS_WAITING_MAX: usize = 1024;

/// How many bytes of text the messages of one account that wait may have; a further one is answered as overloaded.
pub const POSTS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What the desk is lent.
#[derive(Clone)]
pub struct DeskParts {
    /// Where transcripts are.
    pub store: Arc<dyn Store>,
    /// The way to sessions and listeners.
    pub switchboard: Arc<dyn Switchboard>,
    /// Knows why a channel does not run.
    pub supervisor: Supervisor,
    /// The accounts that are configured: one of them that is not there yet will be.
    pub accounts: Live<Vec<Account>>,
}

/// Where control clients hand messages in and hear when they have their rows. One for the process; cheap to clone.
#[derive(Clone, Default)]
pub struct WebChatDesk(Arc<Inner>);

#[derive(Default)]
struct Inner {
    parts: ArcSwapOption<DeskParts>,
    lines: Mutex<BTreeMap<AccountKey, Line>>,
}

/// One account at the desk; it outlives the account's links.
struct Line {
    /// How many links it has had.
    lives: u64,
    stand: Stand,
    messages: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

/// Whether somebody takes messages.
enum Stand {
    /// A link does.
    Open(mpsc::Sender<Waiting>),
    /// The link is gone.
    Gone,
    /// The link says goodbye, or has said it.
    Closing,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            lives: 0,
            stand: Stand::Gone,
            messages: Arc::new(Semaphore::new(POSTS_WAITING_MAX)),
            bytes: Arc::new(Semaphore::new(POSTS_BYTES_MAX)),
        }
    }
}

impl WebChatDesk {
    /// Gives the desk what it works with.
    pub fn connect(&self, parts: DeskParts) {
        self.0.parts.store(Some(Arc::new(parts)));
    }

    /// Takes from the desk what it works with, which may hold the desk in turn: for a process that goes on with another one.
    pub fn let_go(&self) {
        self.0.parts.store(None);
    }

    /// Hands a message in, at once and in the order of the calls. The answer comes when its row is committed, or was before;
    /// a client that stops waiting takes nothing back.
    ///
    /// # Errors
    /// Says why it was not taken. After [`PostError::Interrupted`] it may have been, and the same message handed in again has
    /// one row all the same.
    pub fn post(&self, post: Post) -> BoxFuture<'static, Result<Posted, PostError>> {
        let account = post.account.clone();
        let Some(parts) = self.parts() else { return ready(Err(PostError::Starting(account))).boxed() };
        match self.hand_in(post, &parts) {
            Ok(answer) => answer.map(move |answer| answer.unwrap_or_else(|_| Err(why_not(&account, &parts)))).boxed(),
            Err(error) => ready(Err(error)).boxed(),
        }
    }

    fn hand_in(&self, post: Post, parts: &DeskParts) -> Result<oneshot::Receiver<Answer>, PostError> {
        let account = post.account.clone();
        let inbound = normalise(post, parts.supervisor.clock().now_ms())?;
        let waiting = {
            let lines = self.lines();
            match lines.get(&account) {
                Some(Line { stand: Stand::Open(posts), messages, bytes, .. }) => put(posts, inbound, [messages, bytes], parts)?,
                Some(Line { stand: Stand::Closing, .. }) => return Err(PostError::Closing(account)),
                Some(Line { stand: Stand::Gone, .. }) | None => None,
            }
        };
        waiting.ok_or_else(|| why_not(&account, parts))
    }

    /// Opens the desk for an account's link. An earlier link of it gets nothing more.
    pub(super) fn open(&self, account: &AccountKey) -> Hatch {
        let (posts, taken) = mpsc::channel(POSTS_WAITING_MAX);
        let mut lines = self.lines();
        let line = lines.entry(account.clone()).or_default();
        line.lives += 1;
        line.stand = Stand::Open(posts);
        Hatch { desk: self.clone(), account: account.clone(), life: line.lives, posts: taken }
    }

    pub(super) fn parts(&self) -> Option<Arc<DeskParts>> {
        self.0.parts.load_full()
    }

    /// Returns the clock that everybody goes by.
    pub(super) fn clock(&self) -> Clock {
        self.parts().map_or_else(Clock::system, |parts| parts.supervisor.clock().clone())
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<AccountKey, Line>> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for WebChatDesk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebChatDesk")
    }
}

/// Gives a message to the link; `None` when the link is just ending.
fn put(
    posts: &mpsc::Sender<Waiting>,
    inbound: Inbound,
    [messages, bytes]: [&Arc<Semaphore>; 2],
    parts: &DeskParts,
) -> Result<Option<oneshot::Receiver<Answer>>, PostError> {
    let account = inbound.route.account.clone();
    let full = || PostError::Full(account.clone());
    let place = Arc::clone(messages).try_acquire_owned().map_err(|_| full())?;
    let size = u32::try_from(inbound.text.len()).unwrap_or(u32::MAX);
    let room = Arc::clone(bytes).try_acquire_many_owned(size).map_err(|_| full())?;
    let (waiting, answer) = Waiting::new(inbound, Arc::clone(&parts.switchboard), [place, room]);
    match posts.try_send(waiting) {
        Ok(()) => Ok(Some(answer)),
        // There are as many places as there is room, so this does not happen.
        Err(TrySendError::Full(_)) => Err(full()),
        Err(TrySendError::Closed(_)) => Ok(None),
    }
}

/// Says why nobody takes messages for an account.
fn why_not(account: &AccountKey, parts: &DeskParts) -> PostError {
    let account = account.clone();
    let is_wanted = || parts.accounts.get().iter().any(|wanted| wanted.key == account && wanted.enabled);
    match parts.supervisor.report(&ActorId::new(format!("channel:{account}"))).map(|report| report.state) {
        // The registry has not come to it yet.
        Err(_) if is_wanted() => PostError::Starting(account),
        Err(_) | Ok(State::Blocked) => PostError::Absent(account),
        Ok(State::Stopped) => PostError::Stopped(account),
        Ok(State::Failed) => PostError::Failed(account),
        Ok(State::Starting | State::Running | State::Backoff | State::Stuck) => PostError::Starting(account),
    }
}

/// An account's link at the desk. Dropped, the desk knows that it is gone, and whatever was not taken says so.
pub(super) struct Hatch {
    desk: WebChatDesk,
    account: AccountKey,
    life: u64,
    posts: mpsc::Receiver<Waiting>,
}

impl Hatch {
    /// Returns the next message; `None` when there will be no more.
    pub(super) async fn next(&mut self) -> Option<Waiting> {
        self.posts.recv().await
    }

    /// Takes no more in; what is in already still comes out.
    pub(super) fn close(&self) {
        self.leave(Stand::Closing);
    }

    fn leave(&self, stand: Stand) {
        let mut lines = self.desk.lines();
        if let Some(line) = lines.get_mut(&self.account).filter(|line| line.life_is(self.life)) {
            line.stand = stand;
        }
    }
}

impl Line {
    fn life_is(&self, life: u64) -> bool {
        self.lives == life && matches!(self.stand, Stand::Open(_))
    }
}

impl Drop for Hatch {
    fn drop(&mut self) {
        self.leave(Stand::Gone);
    }
}
