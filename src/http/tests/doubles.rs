//! Stand-ins for what the edge is lent.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::channel::{Access, Account, Connector, Facts, Platform, Probe, Reconnect, TargetAddress, TargetError};
use callboard_actors::message::{
    AccountKey, Activation, Ask, AskError, BegunRound, BlobId, ChatKind, ChatRef, Code, Delta, Entry, EventBody, InboxId,
    LinkState, LinkStatus, Listener, Media, Outbound, OutboxId, Receipt, Route, RunId, Runs, Said, Sampling, SessionKey,
    Shaper, Switchboard, Target, ToolResult, ToolRound, ToolUse, Usage,
};
use callboard_actors::ports::{
    Accept, Accepted, Answer, Attempt, Compacted, Context, CrashCount, DeadLetter, DeadLetterId, DeviceRow, Direction,
    InboxFate, InboxRow, NewOutbox, OutboxNote, OutboxRow, OutboxState, Page, Pairing, PairingOutcome, PairingRequest, Queued,
    SendOrder, SessionName, SessionRow, Store, StoreError, StoreHealth, Summary, TurnOutcome, UsageDay, UsageQuery, UsageSums,
};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Map, Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::access::Caller;
use crate::http::Upgrades;
use crate::outgoing::ChannelsView;

fn answer<T: Send + 'static>(value: Result<T, StoreError>) -> Answer<T> {
    ready(value).boxed()
}

fn unused<T: Send + 'static>() -> Answer<T> {
    answer(Err(StoreError::Closed))
}

/// Rows in memory, as many as the edge needs.
#[derive(Default)]
pub(super) struct FakeStore {
    pub(super) outbox: Mutex<Vec<NewOutbox>>,
    pub(super) sent: Mutex<OutboxEnd>,
    pub(super) letters: Mutex<Vec<DeadLetter>>,
    pub(super) pairings: Mutex<Vec<Pairing>>,
    pub(super) trouble: Mutex<Option<(Code, String)>>,
    pub(super) full: Mutex<Option<StoreError>>,
    pub(super) sessions: Mutex<Vec<SessionRow>>,
    pub(super) lines: Mutex<Vec<Entry>>,
}

#[derive(Clone, Copy, Default)]
pub(super) enum OutboxEnd {
    #[default]
    Waits,
    Sent,
    Dead,
}

impl FakeStore {
    fn take_letter(&self, id: DeadLetterId) -> Result<DeadLetter, StoreError> {
        let mut letters = self.letters.lock().unwrap();
        let index = letters.iter().position(|letter| letter.id == id);
        index.map(|index| letters.remove(index)).ok_or_else(|| StoreError::Missing { what: format!("dead letter {id}") })
    }

    fn take_pairing(&self, channel: &str, code: &str) -> Option<Pairing> {
        let mut pairings = self.pairings.lock().unwrap();
        let index = pairings.iter().position(|pairing| pairing.channel == channel && pairing.code == code)?;
        Some(pairings.remove(index))
    }
}

impl Store for FakeStore {
    fn accept(&self, _: Vec<Accept>) -> Answer<Vec<Accepted>> {
        unused()
    }
    fn begin_turn(&self, _: SessionKey, _: usize) -> Answer<Vec<InboxRow>> {
        unused()
    }
    fn waiting_rows(&self, _: SessionKey, _: u64, _: usize) -> Answer<Vec<(u64, InboxRow)>> {
        unused()
    }
    fn take_rows(&self, _: SessionKey, _: Vec<InboxId>, _: Vec<(InboxId, &'static str)>) -> Answer<Vec<InboxId>> {
        unused()
    }
    fn find_session(&self, _: SessionName) -> Answer<Option<SessionRow>> {
        unused()
    }
    fn finish_turn(&self, _: TurnOutcome, _: usize) -> Answer<Vec<InboxRow>> {
        unused()
    }
    fn begin_round(&self, _: InboxId, _: usize, _: BegunRound) -> Answer<()> {
        unused()
    }
    fn finish_call(&self, _: InboxId, _: usize, _: usize, _: ToolResult) -> Answer<()> {
        unused()
    }
    fn say(&self, _: InboxId, _: usize, _: String, _: Vec<NewOutbox>) -> Answer<()> {
        unused()
    }
    fn reopen_inbox(&self, _: SessionKey, _: CrashCount) -> Answer<usize> {
        unused()
    }
    fn bury_inbox(&self, _: InboxId, _: Code, _: String) -> Answer<()> {
        unused()
    }
    fn sessions_with_open_rows(&self) -> Answer<Vec<SessionKey>> {
        unused()
    }
    fn enqueue_all(&self, rows: Vec<NewOutbox>) -> Answer<Vec<Queued>> {
        if let Some(error) = self.full.lock().unwrap().clone() {
            return answer(Err(error));
        }
        let mut outbox = self.outbox.lock().unwrap();
        let known = |row: &NewOutbox| {
            let known =
                outbox.iter().find(|known| known.idempotency_key.is_some() && known.idempotency_key == row.idempotency_key);
            known.map(|known| Queued { id: known.id, new: false })
        };
        let there: Vec<_> = rows.iter().filter_map(known).collect();
        if !there.is_empty() {
            return answer(Ok(there));
        }
        let queued = rows.iter().map(|row| Queued { id: row.id, new: true }).collect();
        outbox.extend(rows);
        answer(Ok(queued))
    }
    fn outbox_note(&self, id: OutboxId) -> Answer<Option<OutboxNote>> {
        let state = match *self.sent.lock().unwrap() {
            OutboxEnd::Waits => OutboxState::Queued,
            OutboxEnd::Sent => OutboxState::Sent,
            OutboxEnd::Dead => OutboxState::Dead,
        };
        let dead = (state == OutboxState::Dead).then(|| "it said no".to_owned());
        let outbox = self.outbox.lock().unwrap();
        let note = outbox.iter().find(|row| row.id == id).map(|row| {
            let Target { account, chat, .. } = row.outbound.target.clone();
            OutboxNote { state, platform_id: None, account, chat, dead }
        });
        answer(Ok(note))
    }
    fn begin_send(&self, _: AccountKey, _: usize, _: SendOrder) -> Answer<Vec<OutboxRow>> {
        unused()
    }
    fn confirm_send(&self, _: Vec<(OutboxId, Receipt)>) {}
    fn fail_send(&self, _: OutboxId, _: Attempt) -> Answer<()> {
        unused()
    }
    fn reopen_outbox(&self, _: AccountKey, _: CrashCount) -> Answer<usize> {
        unused()
    }
    fn next_due(&self, _: AccountKey) -> Answer<Option<i64>> {
        unused()
    }
    fn owes(&self, _: AccountKey, _: ChatRef) -> Answer<bool> {
        unused()
    }
    fn sent_as(&self, _: AccountKey, _: String) -> Answer<Option<OutboxId>> {
        unused()
    }
    fn media_in_use(&self) -> Answer<HashSet<BlobId>> {
        answer(Ok(HashSet::new()))
    }
    fn outbox_state(&self, id: OutboxId) -> Answer<Option<OutboxState>> {
        let known = self.outbox.lock().unwrap().iter().any(|row| row.id == id);
        let state = match *self.sent.lock().unwrap() {
            OutboxEnd::Waits => OutboxState::Queued,
            OutboxEnd::Sent => OutboxState::Sent,
            OutboxEnd::Dead => OutboxState::Dead,
        };
        answer(Ok(known.then_some(state)))
    }
    fn history(&self, _: SessionKey, limit: usize) -> Answer<Vec<Entry>> {
        let lines = self.lines.lock().unwrap();
        answer(Ok(lines[lines.len().saturating_sub(limit)..].to_vec()))
    }
    fn context(&self, _: SessionKey, _: usize) -> Answer<Context> {
        unused()
    }
    fn summarise(&self, _: SessionKey, _: Summary) -> Answer<SessionRow> {
        unused()
    }
    fn transcript(&self, _: SessionKey, _: u64, _: usize) -> Answer<Vec<(u64, Entry)>> {
        unused()
    }
    fn append_transcript(&self, _: SessionKey, _: Vec<Entry>, _: Usage) {}
    fn sessions(&self, limit: usize) -> Answer<Vec<SessionRow>> {
        answer(Ok(self.sessions.lock().unwrap().iter().take(limit).cloned().collect()))
    }
    fn session(&self, key: SessionKey) -> Answer<Option<SessionRow>> {
        answer(Ok(self.sessions.lock().unwrap().iter().find(|row| row.key == key).cloned()))
    }
    fn activations(&self) -> Answer<Vec<(SessionKey, Activation)>> {
        unused()
    }
    fn patch_session(&self, _: SessionKey, _: Map<String, Value>) -> Answer<SessionRow> {
        unused()
    }
    fn reset_session(&self, _: SessionKey) -> Answer<(SessionRow, Vec<Entry>)> {
        unused()
    }
    fn delete_session(&self, _: SessionKey) -> Answer<Option<Vec<Entry>>> {
        unused()
    }
    fn compact_session(&self, _: SessionKey, _: usize) -> Answer<Compacted> {
        unused()
    }
    fn open_rows(&self, _: usize) -> Answer<Vec<(SessionKey, u64)>> {
        unused()
    }
    fn usage_sums(&self, _: UsageQuery) -> Answer<UsageSums> {
        unused()
    }
    fn usage_days(&self, _: i64) -> Answer<Vec<UsageDay>> {
        unused()
    }
    fn inbox_fate(&self, _: AccountKey, _: String) -> Answer<Option<InboxFate>> {
        unused()
    }
    fn devices(&self) -> Answer<Vec<DeviceRow>> {
        unused()
    }
    fn put_device(&self, _: DeviceRow) -> Answer<()> {
        unused()
    }
    fn remove_device(&self, _: String) -> Answer<()> {
        unused()
    }
    fn dead_letters(&self, after: Option<DeadLetterId>, limit: usize) -> Answer<Page<DeadLetter>> {
        let letters = self.letters.lock().unwrap();
        let from = after.and_then(|after| letters.iter().position(|letter| letter.id == after)).map_or(0, |at| at + 1);
        let items: Vec<_> = letters.iter().skip(from).take(limit).cloned().collect();
        let more = from + items.len() < letters.len();
        let next = items.last().filter(|_| more).map(|letter| letter.id);
        answer(Ok(Page { items, next }))
    }
    fn retry_dead_letter(&self, id: DeadLetterId) -> Answer<DeadLetter> {
        answer(self.take_letter(id))
    }
    fn discard_dead_letter(&self, id: DeadLetterId) -> Answer<DeadLetter> {
        answer(self.take_letter(id))
    }
    fn request_pairing(&self, _: PairingRequest) -> Answer<PairingOutcome> {
        unused()
    }
    fn pairings(&self, _: i64) -> Answer<Vec<Pairing>> {
        answer(Ok(self.pairings.lock().unwrap().clone()))
    }
    fn approve_pairing(&self, channel: String, code: String, notice: String, _: i64) -> Answer<Option<Pairing>> {
        let found = self.take_pairing(&channel, &code);
        if let Some(pairing) = &found {
            let account = AccountKey::new(&pairing.channel, &pairing.account);
            let chat = ChatRef { kind: ChatKind::Direct, id: pairing.peer.clone() };
            let target = Target { account, chat, thread: None };
            let outbound = Outbound::text(target, notice);
            let id = OutboxId::new();
            let row = NewOutbox { id, outbound, trace: Default::default(), idempotency_key: None };
            self.outbox.lock().unwrap().push(row);
        }
        answer(Ok(found))
    }
    fn reject_pairing(&self, channel: String, code: String, _: i64) -> Answer<Option<Pairing>> {
        answer(Ok(self.take_pairing(&channel, &code)))
    }
    fn allowed_peers(&self, _: AccountKey) -> Answer<Vec<String>> {
        unused()
    }
    fn allow_peer(&self, _: AccountKey, _: String, _: i64) -> Answer<bool> {
        unused()
    }
    fn forget_peer(&self, _: AccountKey, _: String) -> Answer<bool> {
        unused()
    }
    fn cursor(&self, _: String) -> Answer<Option<String>> {
        unused()
    }
    fn set_cursor(&self, _: String, _: String) -> Answer<()> {
        unused()
    }
    fn claim(&self, _: String, _: String, _: i64) -> Answer<u64> {
        unused()
    }
    fn flush(&self) -> Answer<()> {
        answer(Ok(()))
    }
    fn health(&self) -> StoreHealth {
        StoreHealth { trouble: self.trouble.lock().unwrap().clone(), inbox_open: 3, outbox_open: 4 }
    }
}

/// What a session says to each question.
pub(super) type Play = Box<dyn Fn(&Ask) -> Result<Vec<Delta>, AskError> + Send + Sync>;

/// A question, without the way back.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) session: SessionKey,
    pub(super) system: Option<String>,
    pub(super) before: Vec<Said>,
    pub(super) text: String,
    pub(super) media: Vec<Media>,
    pub(super) rounds: Vec<ToolRound>,
    pub(super) tools: ToolUse,
    pub(super) sampling: Sampling,
}

/// Answers questions by a script and writes down who was woken.
pub(super) struct FakeSwitchboard {
    pub(super) play: Mutex<Play>,
    pub(super) asked: Mutex<Vec<Asked>>,
    pub(super) woken: Mutex<Vec<String>>,
    pub(super) runs: Runs,
    /// Told when the client of a turn that is never answered has gone.
    pub(super) gone: mpsc::UnboundedSender<()>,
}

impl Switchboard for FakeSwitchboard {
    fn resolve(&self, _: &Route) -> SessionKey {
        SessionKey::new("agent:main:main")
    }
    fn wake_session(&self, session: &SessionKey) {
        self.woken.lock().unwrap().push(session.to_string());
    }
    fn wake_channel(&self, account: &AccountKey) {
        self.woken.lock().unwrap().push(account.to_string());
    }
    fn ask(&self, ask: Ask) -> Result<(), AskError> {
        let deltas = (self.play.lock().unwrap())(&ask)?;
        let told = Asked {
            session: ask.session.clone(),
            system: ask.system.clone(),
            before: ask.before.clone(),
            text: ask.text.clone(),
            media: ask.media.clone(),
            rounds: ask.rounds.clone(),
            tools: ask.tools.clone(),
            sampling: ask.sampling.clone(),
        };
        self.asked.lock().unwrap().push(told);
        let gone = self.gone.clone();
        actix_web::rt::spawn(async move {
            let waits = deltas.is_empty();
            for delta in deltas {
                // A text of three dots is a turn that hangs in its middle.
                if delta == (Delta::Text { text: "...".into() }) {
                    ask.deltas.closed().await;
                    let _ = gone.send(());
                    return;
                }
                let _ = ask.deltas.send(delta).await;
            }
            if waits {
                ask.deltas.closed().await;
                let _ = gone.send(());
            }
        });
        Ok(())
    }
    /// Cuts at every full stop.
    fn shape(&self, outbound: Outbound) -> Vec<Outbound> {
        if !outbound.media.is_empty() {
            return vec![outbound];
        }
        let pieces = outbound.text.split_inclusive('.').map(str::trim).filter(|text| !text.is_empty());
        pieces.map(|text| Outbound { text: text.to_owned(), ..outbound.clone() }).collect()
    }
    fn channel_up(&self, _: &AccountKey, _: Arc<dyn Shaper>) {}
    fn link_changed(&self, _: &AccountKey, _: LinkStatus) {}
    fn session_idle(&self, _: &SessionKey) {}
    fn abort(&self, _: &SessionKey, _: Option<RunId>, _: &'static str, _: oneshot::Sender<Option<RunId>>) {}
    fn session_changed(&self, _: &SessionKey) {}
    fn runs(&self) -> &Runs {
        &self.runs
    }
    fn listen(&self, _: Arc<dyn Listener>) {}
    fn publish(&self, _: EventBody) {}
    fn has_listeners(&self) -> bool {
        false
    }
}

/// A platform whose targets look like `peer:<id>`.
#[derive(Debug)]
struct FakePlatform(AccountKey);

impl Platform for FakePlatform {
    fn connector(&self) -> Box<dyn Connector> {
        panic!("the edge never connects")
    }
    fn access(&self) -> Access {
        Access::default()
    }
    fn reconnect(&self) -> Reconnect {
        let second = Duration::from_secs(1);
        Reconnect { base: second, max: second, attempts_max: 0, slow: second }
    }
    fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }
    fn send_order(&self) -> SendOrder {
        SendOrder::Pipelined
    }
    fn shaper(&self) -> Arc<dyn Shaper> {
        panic!("the switchboard shapes")
    }
    fn target(&self, text: &str) -> Result<TargetAddress, TargetError> {
        let id = text.strip_prefix("peer:").ok_or_else(|| TargetError(format!("`{text}` is no target: write `peer:<id>`")))?;
        let chat = ChatRef { kind: ChatKind::Direct, id: id.to_owned() };
        Ok(TargetAddress { target: Target { account: self.0.clone(), chat, thread: None }, mentions: Vec::new() })
    }
    fn pairing_notice(&self, _: &str, _: &str) -> String {
        String::new()
    }
    fn probe(&self) -> BoxFuture<'static, Probe> {
        assert!(self.0.account() != "bomb", "bang");
        let facts = Map::from_iter([("mqttConnected".to_owned(), Value::Bool(true))]);
        ready(Probe { ok: true, error: None, facts }).boxed()
    }
    fn status(&self) -> Map<String, Value> {
        json!({ "host": "broker.test" }).as_object().cloned().unwrap_or_default()
    }
}

#[derive(Default)]
pub(super) struct FakeChannels {
    pub(super) accounts: Mutex<Vec<Account>>,
    pub(super) links: Mutex<BTreeMap<AccountKey, LinkStatus>>,
    pub(super) reloaded: Mutex<Vec<AccountKey>>,
}

impl FakeChannels {
    pub(super) fn add(&self, account: &str, enabled: bool) {
        let key = AccountKey::new("socket-chat", account);
        let platform = Arc::new(FakePlatform(key.clone()));
        self.accounts.lock().unwrap().push(Account { key, label: account.to_owned(), enabled, fingerprint: 0, platform });
    }

    pub(super) fn set_link(&self, account: &str, status: LinkStatus) {
        self.links.lock().unwrap().insert(AccountKey::new("socket-chat", account), status);
    }
}

impl ChannelsView for FakeChannels {
    fn accounts(&self) -> Vec<Account> {
        self.accounts.lock().unwrap().clone()
    }
    fn facts(&self, key: &AccountKey) -> Facts {
        let status = self.links.lock().unwrap().get(key).cloned().unwrap_or_else(|| LinkStatus::plain(LinkState::Down));
        Facts { status, ..Facts::default() }
    }
    fn allowed_changed(&self, key: &AccountKey) {
        self.reloaded.lock().unwrap().push(key.clone());
    }
}

pub(super) fn letter(direction: Direction) -> DeadLetter {
    DeadLetter {
        id: uuid::Uuid::now_v7(),
        direction,
        channel: "socket-chat".into(),
        account: "default".into(),
        chat: "wxid_1".into(),
        attempts: 5,
        code: Code::Refused,
        reason: "the platform refused it".into(),
        at: "2026-01-01T00:00:00Z".into(),
        session: (direction == Direction::Inbound).then(|| SessionKey::new("agent:main:socket-chat:dm:wxid_1")),
    }
}

/// Where sockets would be made: says on which path one was wanted, and from where.
#[derive(Default)]
pub(super) struct FakeSockets {
    pub(super) wanted: Mutex<Vec<String>>,
}

impl Upgrades for FakeSockets {
    fn open(&self, request: &HttpRequest, _: Payload, caller: Caller) -> Result<HttpResponse, actix_web::Error> {
        let way = if caller.is_local() { "here" } else { "afar" };
        self.wanted.lock().unwrap().push(format!("{} from {way}", request.path()));
        Ok(HttpResponse::ImATeapot().finish())
    }
}
