//! What a turn's provider is told before everything else.

use futures_util::future::{BoxFuture, FutureExt as _, ready};

use crate::message::SessionKey;

/// What a turn's provider is told before everything else: what an agent's owner keeps for it outside the configuration. Asked anew for
/// every turn; the answer is bounded in time and size by whoever gives it.
pub trait Briefing: Send + Sync + 'static {
    /// Returns the instructions for a turn of a session; `None` where there are none.
    fn brief(&self, session: &SessionKey) -> BoxFuture<'static, Option<String>>;
}

/// Has nothing to tell.
#[derive(Clone, Copy, Debug)]
pub struct NoBriefing;

impl Briefing for NoBriefing {
    fn brief(&self, _: &SessionKey) -> BoxFuture<'static, Option<String>> {
        ready(None).boxed()
    }
}
