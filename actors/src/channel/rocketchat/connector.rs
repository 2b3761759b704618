//! One connection's life: the login, the subscriptions, what was missed, the messages, the end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::api::{Api, Me};
use super::catch_up::Bounds;
use super::checkpoints::Checkpoints;
use super::config::ReplyTo;
use super::media::{Caps, FileSender, Uploads};
use super::opening::{self, Opened};
use super::place::Places;
use super::pump::{End, Parts, Pump};
use super::threads::Threads;
use crate::channel::connector::{STABLE_AFTER, told_to_close};
use crate::channel::outflow::Outflow;
use crate::channel::{Connector, Link, LinkEnd, LinkEvent};
use crate::core::Clock;
use crate::message::{AccountKey, Code};
use crate::ports::StoreError;

/// What outlives a connection.
#[derive(Debug)]
pub(super) struct Shared {
    /// The rooms that chats were found to be.
    pub(super) places: Places,
    /// The threads that answers open.
    pub(super) threads: Threads,
    /// Rooms that are listened to also where the server does not list them.
    pub(super) rooms: Vec<String>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Names whose ids are wanted.
    wanted: BTreeSet<String>,
    names: BTreeMap<String, String>,
    dated: HashMap<String, i64>,
    me: Option<Me>,
}

impl Shared {
    /// Returns the memory of an account that never connected.
    pub(super) fn new(rooms: Vec<String>, wanted: BTreeSet<String>, reply_to: ReplyTo) -> Self {
        Self {
            places: Places::default(),
            threads: Threads::new(reply_to),
            rooms,
            state: Mutex::new(State { wanted, ..State::default() }),
        }
    }

    /// Returns the names whose ids are not known.
    pub(super) fn unknown_names(&self) -> Vec<String> {
        let state = self.state();
        state.wanted.iter().filter(|name| !state.names.contains_key(*name)).cloned().collect()
    }

    /// Adds ids of names; returns all that are known.
    pub(super) fn add_names(&self, found: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut state = self.state();
        state.names.extend(found.clone());
        state.names.clone()
    }

    /// Returns who the account was found to be.
    pub(super) fn me(&self) -> Option<Me> {
        self.state().me.clone()
    }

    /// Returns what the server said of a room when it was last read to its end.
    pub(super) fn dated(&self, room: &str) -> Option<i64> {
        self.state().dated.get(room).copied()
    }

    /// Keeps what the server said of rooms that were read to their end, and of no others.
    pub(super) fn keep_dated<'a>(&self, dated: impl Iterator<Item = (&'a String, &'a i64)>) {
        self.state().dated = dated.map(|(room, at_ms)| (room.clone(), *at_ms)).collect();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection not yet made.
pub(super) struct RocketConnector {
    pub(super) account: AccountKey,
    /// Why there is nothing to connect to or with; else the server.
    pub(super) api: Result<Arc<Api>, &'static str>,
    pub(super) shared: Arc<Shared>,
    pub(super) watchdog: Duration,
    pub(super) bounds: Bounds,
    /// The largest files that are sent.
    pub(super) caps: Caps,
    pub(super) clock: Clock,
}

impl Connector for RocketConnector {
    fn run(self: Box<Self>, link: Link) -> BoxFuture<'static, LinkEnd> {
        Box::pin(self.live(link))
    }
}

impl RocketConnector {
    async fn live(self: Box<Self>, mut link: Link) -> LinkEnd {
        let api = match &self.api {
            Ok(api) => Arc::clone(api),
            Err(missing) => {
                let mend = "Run: callboard channels add rocketchat --http-url URL --auth-token TOKEN --user-id ID";
                return LinkEnd::new(Code::Misconfigured, format!("rocketchat account is not configured ({missing}). {mend}"));
            }
        };
        let checkpoints = Checkpoints::new(link.cursors.clone());
        let since_ms = match self.recall(&checkpoints, &link).await {
            Ok(since_ms) => since_ms,
            Err(end) => return end,
        };
        let uploads = match Uploads::read(link.cursors.clone()).await {
            Ok(uploads) => Arc::new(uploads),
            Err(error) => return LinkEnd::new(error.code(), format!("what was being sent is not known: {error}")),
        };
        let mut early = Outflow::default();
        // Beyond the bound a row stays unconfirmed, and is taken in hand again after the link's end.
        let hold = |row| drop(early.hold(row));
        let opened = tokio::select! {
            opened = opening::open(&api, &self.clock, &link.progress) => opened,
            () = told_to_close(&mut link.commands, hold) => Err(LinkEnd::closed()),
        };
        let Opened { wire, me } = match opened {
            Ok(opened) => opened,
            Err(end) => return end,
        };
        self.shared.state().me = Some(me.clone());
        let room = Arc::clone(&link.media);
        let files = FileSender { me: me.clone(), room, uploads, caps: self.caps.clone() };
        let parts = Parts {
            files,
            wire,
            link,
            account: self.account.clone(),
            me,
            api,
            shared: Arc::clone(&self.shared),
            clock: self.clock.clone(),
            watchdog: self.watchdog,
            bounds: self.bounds,
            checkpoints,
            since_ms,
            early,
        };
        let (ended, up_at) = Pump::new(parts).run().await;
        let was_stable = up_at.is_some_and(|since| self.clock.elapsed().saturating_sub(since) >= STABLE_AFTER);
        LinkEnd { was_stable, ..concluded(ended) }
    }

    /// Reads what was written down: since when the account listens, and the ids of names.
    async fn recall(&self, checkpoints: &Checkpoints, link: &Link) -> Result<i64, LinkEnd> {
        let unread = |error: StoreError| LinkEnd::new(error.code(), format!("where reading stopped is not known: {error}"));
        let since_ms = checkpoints.since(self.clock.now_ms()).await.map_err(unread)?;
        let wanted = self.shared.state().wanted.clone();
        let names = checkpoints.names(&wanted).await.map_err(unread)?;
        let names = self.shared.add_names(&names);
        if !names.is_empty() && link.events.send(LinkEvent::Names(names)).await.is_err() {
            return Err(LinkEnd::closed());
        }
        Ok(since_ms)
    }
}

fn concluded(ended: End) -> LinkEnd {
    match ended {
        End::Closed => LinkEnd::closed(),
        End::Broken(error) => LinkEnd::new(error.code(), error.to_string()),
        End::Refused(error) => opening::refused(error),
        End::LoggedOut => LinkEnd::new(Code::LinkDown, "the server has logged the account out; it logs in again".to_owned()),
        End::Store(error) => LinkEnd::new(error.code(), format!("where reading stopped is not known: {error}")),
    }
}
