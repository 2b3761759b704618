//! The store in memory as a model: whatever is asked, in whatever order, over restarts, both say the same.

mod sessions;

use std::collections::BTreeMap;
use std::time::Duration;

use callboard_actors::message::{Code, InboxId, OutboxId};
use callboard_actors::ports::conformance::make;
use callboard_actors::ports::memory::MemoryStore;
use callboard_actors::ports::{Accepted, Attempt, CrashCount, NewOutbox, SendOrder, TurnOutcome};
use proptest::prelude::*;

use super::*;

const CHATS: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
enum Step {
    Accept { chat: usize, message: u8 },
    Begin { chat: usize, limit: usize },
    Finish { chat: usize, answers: usize },
    Reopen { chat: usize },
    Bury { nth: usize },
    Enqueue { chat: usize, key: Option<u8> },
    Send { order: SendOrder },
    Confirm { nth: usize },
    Fail { nth: usize, wait_ms: Option<i64> },
    ReopenSends { crash: bool },
    RetryLetter { nth: usize },
    DiscardLetter { nth: usize },
    Say { chat: usize, tokens: u64 },
    Patch { chat: usize, label: Option<u8> },
    Reset { chat: usize },
    Delete { chat: usize },
    Compact { chat: usize, keep: usize },
    SumUp { chat: usize, from: usize },
    Pass { ms: u64 },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let chat = 0..CHATS.len();
    prop_oneof![
        4 => (chat.clone(), any::<u8>()).prop_map(|(chat, message)| Step::Accept { chat, message }),
        3 => (chat.clone(), 1_usize..4).prop_map(|(chat, limit)| Step::Begin { chat, limit }),
        3 => (chat.clone(), 0_usize..3).prop_map(|(chat, answers)| Step::Finish { chat, answers }),
        1 => chat.clone().prop_map(|chat| Step::Reopen { chat }),
        1 => any::<usize>().prop_map(|nth| Step::Bury { nth }),
        2 => (chat.clone(), 0_u64..9).prop_map(|(chat, tokens)| Step::Say { chat, tokens }),
        2 => (chat.clone(), proptest::option::of(0_u8..2)).prop_map(|(chat, label)| Step::Patch { chat, label }),
        1 => chat.clone().prop_map(|chat| Step::Reset { chat }),
        1 => chat.clone().prop_map(|chat| Step::Delete { chat }),
        1 => (chat.clone(), 0_usize..4).prop_map(|(chat, keep)| Step::Compact { chat, keep }),
        1 => (chat.clone(), 0_usize..8).prop_map(|(chat, from)| Step::SumUp { chat, from }),
        3 => (chat, proptest::option::of(0_u8..4)).prop_map(|(chat, key)| Step::Enqueue { chat, key }),
        4 => prop_oneof![Just(SendOrder::Pipelined), Just(SendOrder::OnePerChat)].prop_map(|order| Step::Send { order }),
        3 => any::<usize>().prop_map(|nth| Step::Confirm { nth }),
        3 => (any::<usize>(), proptest::option::weighted(0.8, 0_i64..40)).prop_map(|(nth, wait_ms)| Step::Fail { nth, wait_ms }),
        1 => any::<bool>().prop_map(|crash| Step::ReopenSends { crash }),
        1 => any::<usize>().prop_map(|nth| Step::RetryLetter { nth }),
        1 => any::<usize>().prop_map(|nth| Step::DiscardLetter { nth }),
        2 => (0_u64..30).prop_map(|ms| Step::Pass { ms }),
        1 => Just(Step::Restart),
    ]
}

/// Both stores, and which inbox row of one is which of the other (outbox ids are made by us and are the same).
struct Pair {
    path: std::path::PathBuf,
    options: Options,
    real: Option<Arc<SqliteStore>>,
    model: Arc<MemoryStore>,
    inbox: Vec<(InboxId, InboxId)>,
    outbox: Vec<OutboxId>,
}

fn nth<T: Copy>(items: &[T], nth: usize) -> Option<T> {
    items.get(nth.checked_rem(items.len())?).copied()
}

/// Puts rows into an order that does not depend on which chat is served first.
fn by_chat(rows: Vec<callboard_actors::ports::OutboxRow>) -> BTreeMap<String, Vec<(u64, OutboxId, u32, bool)>> {
    let mut chats: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for row in rows {
        let seen = (row.seq, row.id, row.attempts, row.resent);
        chats.entry(row.outbound.target.chat.id).or_default().push(seen);
    }
    chats
}

impl Pair {
    fn real(&self) -> &SqliteStore {
        self.real.as_deref().unwrap()
    }

    fn payload(&mut self, chat: usize) -> NewOutbox {
        let row = make::outbox(CHATS[chat], "payload");
        self.outbox.push(row.id);
        row
    }

    fn assert_same_rows(&self, real: &[callboard_actors::ports::InboxRow], model: &[callboard_actors::ports::InboxRow]) {
        assert_eq!(real.len(), model.len());
        for (real, model) in real.iter().zip(model) {
            assert!(self.inbox.contains(&(real.id, model.id)));
            assert_eq!((real.seq, real.crashes, &real.inbound), (model.seq, model.crashes, &model.inbound));
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Accept { chat, message } => {
                let new = make::accept(CHATS[chat], &message.to_string());
                let real = self.real().accept(vec![new.clone()]).await.unwrap().remove(0);
                let model = self.model.accept(vec![new]).await.unwrap().remove(0);
                match (real, model) {
                    (Accepted::New { id, seq }, Accepted::New { id: other, seq: expected }) => {
                        assert_eq!(seq, expected);
                        self.inbox.push((id, other));
                    }
                    (real, model) => assert_eq!(real, model),
                }
            }
            Step::Begin { chat, limit } => {
                let real = self.real().begin_turn(make::session(CHATS[chat]), limit).await.unwrap();
                let model = self.model.begin_turn(make::session(CHATS[chat]), limit).await.unwrap();
                self.assert_same_rows(&real, &model);
            }
            Step::Finish { chat, answers } => self.finish(chat, answers).await,
            Step::Reopen { chat } => {
                let crash = CrashCount::Counted { max: 3 };
                let real = self.real().reopen_inbox(make::session(CHATS[chat]), crash).await;
                assert_eq!(real, self.model.reopen_inbox(make::session(CHATS[chat]), crash).await);
            }
            Step::Bury { nth: at } => {
                if let Some((real, model)) = nth(&self.inbox, at) {
                    let real = self.real().bury_inbox(real, Code::Internal, "x".into()).await.is_ok();
                    assert_eq!(real, self.model.bury_inbox(model, Code::Internal, "x".into()).await.is_ok());
                }
            }
            Step::Enqueue { chat, key } => {
                let row = NewOutbox { idempotency_key: key.map(|key| key.to_string()), ..self.payload(chat) };
                assert_eq!(self.real().enqueue(row.clone()).await, self.model.enqueue(row).await);
            }
            Step::Send { order } => {
                let real = self.real().begin_send(make::account(), 1_000, order).await.unwrap();
                let model = self.model.begin_send(make::account(), 1_000, order).await.unwrap();
                assert_eq!(by_chat(real), by_chat(model));
            }
            Step::Pass { ms } => self.options.clock.advance(Duration::from_millis(ms)),
            Step::Restart => {
                self.real = None;
                self.real = Some(open(&self.path, &self.options));
                for chat in CHATS {
                    self.model.reopen_inbox(make::session(chat), CrashCount::Uncounted).await.unwrap();
                }
                self.model.reopen_outbox(make::account(), CrashCount::Uncounted).await.unwrap();
            }
            Step::Say { .. }
            | Step::Patch { .. }
            | Step::Reset { .. }
            | Step::Delete { .. }
            | Step::Compact { .. }
            | Step::SumUp { .. } => {
                self.take_session(step).await;
            }
            other => self.take_send(other).await,
        }
    }

    async fn finish(&mut self, chat: usize, answers: usize) {
        let session = make::session(CHATS[chat]);
        self.real().reopen_inbox(session.clone(), CrashCount::Uncounted).await.unwrap();
        self.model.reopen_inbox(session.clone(), CrashCount::Uncounted).await.unwrap();
        let real = self.real().begin_turn(session.clone(), 2).await.unwrap();
        let model = self.model.begin_turn(session, 2).await.unwrap();
        self.assert_same_rows(&real, &model);
        let outbox: Vec<_> = (0..answers).map(|_| self.payload(chat)).collect();
        let done = |rows: &[callboard_actors::ports::InboxRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let turn = make::turn(CHATS[chat], &done(&real), outbox);
        let same = TurnOutcome { done: done(&model), ..turn.clone() };
        let real = self.real().finish_turn(turn, 1).await.unwrap();
        let model = self.model.finish_turn(same, 1).await.unwrap();
        self.assert_same_rows(&real, &model);
    }

    async fn take_send(&mut self, step: Step) {
        match step {
            Step::Confirm { nth: at } => {
                if let Some(id) = nth(&self.outbox, at) {
                    self.real().confirm_send(vec![(id, make::receipt())]);
                    self.model.confirm_send(vec![(id, make::receipt())]);
                }
            }
            Step::Fail { nth: at, wait_ms } => {
                if let Some(id) = nth(&self.outbox, at) {
                    let next_ms = wait_ms.map(|wait_ms| self.options.clock.now_ms() + wait_ms);
                    let attempt = Attempt { code: Code::LinkDown, reason: "down".into(), next_ms };
                    let real = self.real().fail_send(id, attempt.clone()).await.is_ok();
                    assert_eq!(real, self.model.fail_send(id, attempt).await.is_ok());
                }
            }
            Step::ReopenSends { crash } => {
                let crash = if crash { CrashCount::Counted { max: 2 } } else { CrashCount::Uncounted };
                let real = self.real().reopen_outbox(make::account(), crash).await;
                assert_eq!(real, self.model.reopen_outbox(make::account(), crash).await);
            }
            Step::RetryLetter { nth: at } => {
                if let Some((real, model)) = self.letter(at).await {
                    self.real().retry_dead_letter(real).await.unwrap();
                    self.model.retry_dead_letter(model).await.unwrap();
                }
            }
            Step::DiscardLetter { nth: at } => {
                if let Some((real, model)) = self.letter(at).await {
                    self.real().discard_dead_letter(real).await.unwrap();
                    self.model.discard_dead_letter(model).await.unwrap();
                }
            }
            other => unreachable!("{other:?}"),
        }
    }

    async fn letter(&self, at: usize) -> Option<(uuid::Uuid, uuid::Uuid)> {
        self.real().flush().await.unwrap();
        let real = self.real().dead_letters(None, 1_000).await.unwrap().items;
        let model = self.model.dead_letters(None, 1_000).await.unwrap().items;
        assert_eq!(real.len(), model.len());
        // Rows of different chats may have been put back in either order; their reasons tell them apart no better than ids do.
        let real = real.get(at.checked_rem(real.len())?)?.id;
        let twin = self.inbox.iter().find(|(id, _)| id.as_uuid() == real).map_or(real, |(_, model)| model.as_uuid());
        Some((real, twin))
    }

    async fn assert_same_state(&self) {
        self.real().flush().await.unwrap();
        assert_eq!(self.real().health(), self.model.health());
        self.assert_same_sessions().await;
        for id in &self.outbox {
            assert_eq!(self.real().outbox_state(*id).await, self.model.outbox_state(*id).await);
        }
        let mut open = self.real().sessions_with_open_rows().await.unwrap();
        let mut expected = self.model.sessions_with_open_rows().await.unwrap();
        open.sort();
        expected.sort();
        assert_eq!(open, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn says_what_the_model_says(steps in proptest::collection::vec(step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let folder = folder();
            let (path, options) = (folder.path().join("s.db"), still());
            let (real, model) = (Some(open(&path, &options)), MemoryStore::new(&options.clock));
            let mut pair = Pair { path, options, real, model, inbox: Vec::new(), outbox: Vec::new() };
            for step in steps {
                pair.take(step).await;
            }
            pair.assert_same_state().await;
        });
    }
}
