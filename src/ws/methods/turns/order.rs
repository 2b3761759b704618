//! From a client's wishes to a row, written once for each idempotency key.

use std::time::Duration;

use callboard_actors::channel::webchat::{self, Post, PostError, Posted};
use callboard_actors::client::{Scope, WireError};
use callboard_actors::message::{
    AccountKey, Code, Media, Opened, Order, OrderedBy, Peer, RunId, RunStand, Runs, SessionKey, Target, TraceId,
};
use callboard_actors::ports::InboxFate;
use callboard_actors::session::COMPACT_MARK;

use super::Named;
use crate::ws::Control;
use crate::ws::params::invalid;
use crate::ws::table::Cx;

/// How long a channel that is being started is waited for: clients ask as soon as the gateway listens.
const START_WAIT: Duration = Duration::from_secs(5);

/// How often it is asked meanwhile.
const START_LOOK: Duration = Duration::from_millis(20);

/// What a client wants of a turn.
#[derive(Debug)]
pub(in super::super) struct Wishes {
    /// In which session.
    pub(in super::super) session: Named,
    /// The client's key, under which there is one turn.
    pub(in super::super) key: String,
    /// What it says.
    pub(in super::super) text: String,
    /// What goes with it, as it lies in the media room.
    pub(in super::super) media: Vec<Media>,
    /// Instructions for this turn alone.
    pub(in super::super) system: Option<String>,
    /// How much the model is to think.
    pub(in super::super) thinking: Option<String>,
    /// How long it may take, milliseconds.
    pub(in super::super) timeout_ms: Option<u64>,
    /// Where its answer is sent.
    pub(in super::super) deliver: Option<Target>,
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Ordered {
    /// It has its row now.
    New(RunId),
    /// It was ordered before; what is known of it since the start of the process.
    Known(RunId, RunStand),
    /// It was ordered before the process started, and waits or runs.
    Open(RunId),
    /// It was ordered before the process started, and is answered.
    Done(RunId),
    /// It was ordered before the process started, and stands in the dead letters.
    Dead(RunId),
}

/// Orders a turn.
///
/// # Errors
/// The key can be none, or the channel does not take it.
pub(in super::super) async fn order(cx: &Cx, method: &'static str, wishes: Wishes) -> Result<Ordered, WireError> {
    let control = &cx.control;
    let run = RunId::named(&wishes.key)
        .ok_or_else(|| invalid(method, "at /idempotencyKey: must have 1 to 256 bytes and no control characters"))?;
    let runs = control.switchboard.runs();
    let session = wishes.session.key.clone();
    if let Opened::Known(stand) = runs.open(&run, &session, control.clock().now_ms()) {
        return Ok(Ordered::Known(run, stand));
    }
    // Closed again unless the row is there: also when this future is dropped. A row that is written all the same opens its
    // own page when it begins.
    let page = OpenPage { runs, run: &run, keep: false };
    let account = account(control);
    let platform_id = platform_id(method, &run);
    let post = post_of(cx, &run, wishes, account.clone(), platform_id.clone());
    let posted = hand_in(control, post).await.map_err(|error| WireError::new(error.code(), error.to_string()))?;
    if posted == (Posted { duplicate: false }) {
        page.keep();
        return Ok(Ordered::New(run));
    }
    let fate = control.store.inbox_fate(account, platform_id).await?;
    if let Some((_, stand @ RunStand::Ended(_))) = runs.find(&run) {
        page.keep();
        return Ok(Ordered::Known(run, stand));
    }
    match fate {
        Some(InboxFate::Open) => {
            page.keep();
            Ok(Ordered::Open(run))
        }
        Some(InboxFate::Done) => Ok(Ordered::Done(run.clone())),
        Some(InboxFate::Dead) => Ok(Ordered::Dead(run.clone())),
        None => Err(WireError::new(Code::Conflict, "this idempotency key was used and forgotten again: take a new one")),
    }
}

/// Says whether a turn was ordered before under a client's key, by the same method.
///
/// # Errors
/// The store does not answer.
pub(in super::super) async fn is_known(control: &Control, method: &'static str, key: &str) -> Result<bool, WireError> {
    // What can be no name is refused with the order.
    let Some(run) = RunId::named(key) else { return Ok(false) };
    if control.switchboard.runs().find(&run).is_some() {
        return Ok(true);
    }
    Ok(control.store.inbox_fate(account(control), platform_id(method, &run)).await?.is_some())
}

/// Opens the page of a turn that was ordered before the process started and waits still, so that it can be called off.
///
/// # Errors
/// The store does not answer.
pub(in super::super) async fn recall(control: &Control, run: &RunId, session: &SessionKey) -> Result<(), WireError> {
    let runs = control.switchboard.runs();
    for method in ["chat.send", "agent", "sessions.compact"] {
        let waits = || control.store.inbox_fate(account(control), platform_id(method, run));
        if waits().await? != Some(InboxFate::Open) {
            continue;
        }
        if runs.open(run, session, control.clock().now_ms()) == Opened::New {
            let page = OpenPage { runs, run, keep: false };
            // One that ended meanwhile has told nobody, and nothing ends on its page any more.
            if waits().await? == Some(InboxFate::Open) {
                page.keep();
            }
        }
        break;
    }
    Ok(())
}

fn platform_id(method: &str, run: &RunId) -> String {
    match method {
        "agent" => format!("agent:{run}"),
        "sessions.compact" => format!("{COMPACT_MARK}{run}"),
        _ => format!("chat:{run}"),
    }
}

/// Hands a message in; while the channel is being started, again and again for a while.
async fn hand_in(control: &Control, post: Post) -> Result<Posted, PostError> {
    let clock = control.clock();
    let begun = clock.elapsed();
    loop {
        match control.webchat.post(post.clone()).await {
            Err(PostError::Starting(_)) if clock.elapsed().saturating_sub(begun) < START_WAIT => clock.sleep(START_LOOK).await,
            answer => return answer,
        }
    }
}

fn post_of(cx: &Cx, run: &RunId, wishes: Wishes, account: AccountKey, platform_id: String) -> Post {
    let seat = cx.seat();
    let id = seat.grant.device.clone().unwrap_or_else(|| seat.card.id.clone());
    let peer = Peer { id, name: seat.card.display_name.clone().unwrap_or_else(|| seat.card.id.clone()) };
    let Wishes { session, key: _, text, media, system, thinking, timeout_ms, deliver } = wishes;
    let Named { key, spelled } = session;
    // An answer that is sent to its own session would stand there twice.
    let deliver = deliver.filter(|target| target.account.channel() != webchat::NAME || SessionKey::new(&target.chat.id) != key);
    let by = if seat.grant.allows(Scope::Admin) { OrderedBy::Admin } else { OrderedBy::Client };
    let order = Order { session: key, spelled, run: run.clone(), by, system, model: None, thinking, timeout_ms, deliver };
    Post { account, order, text, media, peer, platform_id, trace: TraceId::new() }
}

/// Returns the account through which clients talk: the first one that is on.
fn account(control: &Control) -> AccountKey {
    let accounts = control.channels.accounts();
    let own = accounts.into_iter().find(|account| account.key.channel() == webchat::NAME && account.enabled);
    own.map_or_else(webchat::default_account, |account| account.key)
}

/// A page that was opened for a row which is not there yet.
struct OpenPage<'a> {
    runs: &'a Runs,
    run: &'a RunId,
    keep: bool,
}

impl OpenPage<'_> {
    fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for OpenPage<'_> {
    fn drop(&mut self) {
        if !self.keep {
            self.runs.close(self.run);
        }
    }
}
