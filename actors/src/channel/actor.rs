//! The one actor for all platforms: it keeps an account's link up, lets in who may come in, and sends what waits.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::admission::{Admission, approved};
use super::complaints::Complaints;
use super::connector::{AckToken, LinkCommand, LinkEvent, Normalised};
use super::facts::Desk;
use super::intake::Fate;
use super::live_link::{LiveLink, MAILBOX_MAX};
use super::outgo::{Care, Outgo, SEND_WINDOW};
use super::platform::Account;
use super::policy::Access;
use super::settings::ChannelSettings;
use super::speakers::Mouth;
use super::talks::Talks;
use crate::core::{ActorId, ActorKind, ActorSpec, Behaviour, BuildError, Exit, Live, Mailbox, Overflow, Scope, TaskHandle};
use crate::message::{AccountCounters, AccountKey, Inbound, LinkState, LinkStatus, Switchboard};
use crate::ports::{CrashCount, MediaRoom, Store};

/// How long the store may take for one request.
pub(super) const STORE_WAIT: Duration = Duration::from_secs(30);

/// How soon a request that the store could not serve is made again.
pub(super) const STORE_AGAIN: Duration = Duration::from_secs(1);

/// What a channel actor can be told. For rows that wait it is only woken.
#[derive(Debug)]
pub enum ChannelMessage {
    /// Something came from its link.
    Link {
        /// Which life of the link it came from; of what comes late from an earlier one only confirmations count.
        life: u64,
        /// What came.
        event: LinkEvent,
        /// A frame's place in the window.
        permit: Option<OwnedSemaphorePermit>,
    },
    /// Say goodbye to the platform and connect no more; hears when that is done.
    Close(oneshot::Sender<()>),
}

/// What every channel is lent.
#[derive(Clone)]
pub struct ChannelParts {
    /// Where rows are.
    pub store: Arc<dyn Store>,
    /// Where the bytes of pictures and files are.
    pub media: Arc<dyn MediaRoom>,
    /// The way to everybody else.
    pub switchboard: Arc<dyn Switchboard>,
    /// The settings of the moment.
    pub settings: Live<ChannelSettings>,
    /// The accounts of the moment.
    pub accounts: Live<Vec<Account>>,
    /// What others see of it.
    pub desk: Desk,
    /// What is counted.
    pub counters: Arc<AccountCounters>,
}

/// One account's connection to its platform.
pub struct ChannelActor {
    /// The settings that `access` was made of.
    generation: Arc<Vec<Account>>,
    access: Access,
    /// Ids of people whom the settings name, as the link found them.
    names: BTreeMap<String, String>,
    talks: Talks,
    complaints: Complaints,
    pub(super) account: Account,
    pub(super) parts: ChannelParts,
    /// Ids that pairing let in.
    pub(super) approved: HashSet<String>,
    pub(super) link: Option<LiveLink>,
    /// Failures in a row.
    pub(super) failures: u32,
    pub(super) outgo: Outgo,
    /// When rows that wait for their next try are looked for.
    pub(super) due: Option<TaskHandle>,
    pub(super) closing: Closing,
}

/// Whether the link is to stay down.
pub(super) enum Closing {
    /// It is to be up.
    No,
    /// It is saying goodbye; the sender hears when it has.
    Asked(oneshot::Sender<()>),
    /// It has said goodbye and stays down until the actor is restarted.
    Done,
}

impl ChannelActor {
    /// Returns how the actor is made; its id is `channel:<channel>:<account>`.
    #[must_use]
    pub fn spec(key: &AccountKey, parts: ChannelParts) -> ActorSpec<Self> {
        let id = ActorId::new(format!("channel:{key}"));
        let key = key.clone();
        ActorSpec::new(id, ActorKind::Channel, move || Self::new(&key, parts.clone()))
            .mailbox(Mailbox { capacity: MAILBOX_MAX, overflow: Overflow::Reject })
    }

    fn new(key: &AccountKey, parts: ChannelParts) -> Result<Self, BuildError> {
        let generation = parts.accounts.get();
        let account = find(&generation, key)
            .ok_or_else(|| BuildError::misconfigured(format!("no account `{key}` is configured any more")))?;
        Ok(Self {
            access: account.platform.access(),
            names: BTreeMap::new(),
            talks: Talks::default(),
            complaints: Complaints::default(),
            account,
            generation,
            parts,
            approved: HashSet::new(),
            link: None,
            failures: 0,
            outgo: Outgo::new(Care::Usual),
            due: None,
            closing: Closing::No,
        })
    }

    /// Takes over what changed in the settings and needs no new link: who may talk, how text is cut.
    fn follow_settings(&mut self) {
        let generation = self.parts.accounts.get();
        if Arc::ptr_eq(&generation, &self.generation) {
            return;
        }
        if let Some(account) = find(&generation, &self.account.key).filter(|new| new.fingerprint == self.account.fingerprint) {
            self.access = account.platform.access().with_names(&self.names);
            self.account = account;
            self.show_up();
        }
        self.generation = generation;
    }

    /// Has sessions know by which rules the account sends.
    fn show_up(&self) {
        let mouth = Mouth { shaper: self.account.platform.shaper(), desk: self.parts.desk.clone() };
        self.parts.switchboard.channel_up(&self.account.key, Arc::new(mouth));
    }

    pub(super) fn key(&self) -> AccountKey {
        self.account.key.clone()
    }

    fn heard(&mut self, event: LinkEvent, permit: Option<OwnedSemaphorePermit>, scope: &mut Scope<'_, Self>) {
        match event {
            LinkEvent::Status(status) => {
                let up = status.state == LinkState::Up;
                self.set_status(status, scope);
                if up {
                    self.outgo.hungry = true;
                    self.dispatch(scope);
                    self.unmark();
                }
            }
            LinkEvent::Names(names) => {
                self.access = self.account.platform.access().with_names(&names);
                self.names = names;
            }
            LinkEvent::LeftOut { reason, count } => {
                self.parts.desk.dropped(reason, count);
                tracing::info!(event = "inbound.left_out", actor = %scope.id(), reason, count);
            }
            LinkEvent::Way(name) => self.goes_over(name, scope),
            LinkEvent::Unmarked(why) => {
                self.parts.counters.marks_dropped.inc();
                tracing::debug!(event = "inbound.unmarked", actor = %scope.id(), "{why}");
            }
            LinkEvent::Frame { frame, ack } => self.frame(frame, ack, permit, scope),
            LinkEvent::Confirmed { id, receipt } => self.confirmed(id, receipt, scope),
            LinkEvent::Failed { id, code, reason, retry_after_ms } => self.failed(id, (code, reason, retry_after_ms), scope),
        }
    }

    fn frame(
        &mut self,
        frame: Normalised,
        ack: Option<AckToken>,
        permit: Option<OwnedSemaphorePermit>,
        scope: &Scope<'_, Self>,
    ) {
        let fate = match frame {
            Normalised::Message(inbound) => self.admit(*inbound, scope),
            Normalised::Ignored(why) => {
                self.parts.desk.dropped(why, 1);
                tracing::info!(event = "inbound.ignored", actor = %scope.id(), reason = why);
                Fate::Nothing
            }
            Normalised::Bad(why) => {
                self.parts.counters.inbound_bad.inc();
                if let Some(untold) = self.complaints.tell(scope.clock().elapsed()) {
                    tracing::warn!(event = "inbound.bad", actor = %scope.id(), untold, "{why}");
                }
                Fate::Nothing
            }
        };
        if let (Some(link), Some(permit)) = (&self.link, permit) {
            link.write(fate, ack, permit);
        }
    }

    fn admit(&mut self, inbound: Inbound, scope: &Scope<'_, Self>) -> Fate {
        self.follow_settings();
        let now_ms = scope.clock().now_ms();
        self.parts.desk.update(|facts| facts.last_inbound_ms = Some(now_ms));
        let settings = self.parts.settings.get();
        let admission = Admission {
            account: &self.account,
            access: &self.access,
            approved: &self.approved,
            switchboard: self.parts.switchboard.as_ref(),
            counters: &self.parts.counters,
            desk: &self.parts.desk,
            orders: &settings.orders,
            context_max: settings.context_max,
            names: &self.names,
        };
        admission.admit(inbound, &mut self.talks, (now_ms, scope.clock().elapsed()))
    }

    pub(super) fn read_approvals(&mut self, scope: &mut Scope<'_, Self>) {
        let allowed = self.parts.store.allowed_peers(self.key());
        scope.run(STORE_WAIT, allowed, |channel, answer, scope| match answer {
            Some(Ok(peers)) => channel.approved = approved(peers),
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, Self::read_approvals);
            }
        });
    }

    fn close(&mut self, done: oneshot::Sender<()>) {
        // A link with no room for orders is cut with its actor.
        let told = self.link.as_ref().is_some_and(|link| link.order(LinkCommand::Close).is_ok());
        self.closing = if told {
            Closing::Asked(done)
        } else {
            // Whoever asked may have stopped waiting.
            let _ = done.send(());
            Closing::Done
        };
    }
}

fn find(accounts: &[Account], key: &AccountKey) -> Option<Account> {
    accounts.iter().find(|account| account.key == *key).cloned()
}

impl Behaviour for ChannelActor {
    type Message = ChannelMessage;

    fn started(&mut self, scope: &mut Scope<'_, Self>) {
        let now_ms = scope.clock().now_ms();
        self.parts.desk.update(|facts| {
            facts.last_start_ms = Some(now_ms);
            // After a crash nobody has said so.
            facts.status = LinkStatus { state: LinkState::Down, ..facts.status.clone() };
        });
        self.show_up();
        let max = self.parts.settings.get().crashes_max;
        let crashed = matches!(scope.last_exit(), Some(Exit::Panicked | Exit::Stuck));
        let crash = match scope.row_at_crash() {
            // Rows went one by one, so this one was the only one begun.
            Some(_) if crashed => CrashCount::Counted { max },
            _ => CrashCount::Uncounted,
        };
        self.outgo = Outgo::new(if crashed { Care::OneByOne { left: SEND_WINDOW } } else { Care::Usual });
        self.recover(crash, scope);
    }

    fn receive(&mut self, message: ChannelMessage, scope: &mut Scope<'_, Self>) {
        match message {
            ChannelMessage::Link { life, event, permit } => {
                if self.link.as_ref().is_some_and(|link| link.life == life) {
                    self.heard(event, permit, scope);
                } else if let LinkEvent::Confirmed { id, receipt } = event {
                    // The platform has it, whoever sent it: one row less to send again.
                    self.parts.store.confirm_send(vec![(id, receipt)]);
                    self.parts.desk.marks().sent(id);
                    if !self.outgo.has(id) {
                        self.parts.counters.outbound_sent.inc();
                    }
                }
            }
            ChannelMessage::Close(done) => self.close(done),
        }
    }

    fn woken(&mut self, scope: &mut Scope<'_, Self>) {
        self.follow_settings();
        self.flush_confirmed();
        if self.parts.desk.take_approvals_changed() {
            self.read_approvals(scope);
        }
        self.outgo.hungry = true;
        self.dispatch(scope);
        self.unmark();
    }

    fn stopping(&mut self, scope: &mut Scope<'_, Self>) {
        self.flush_confirmed();
        let now_ms = scope.clock().now_ms();
        self.parts.desk.update(|facts| {
            facts.last_stop_ms = Some(now_ms);
            facts.status = LinkStatus::plain(LinkState::Down);
        });
    }
}
