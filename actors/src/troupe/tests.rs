//! Channels in step with the settings, and sessions in step with what ends them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Props, Temper, Troupe, start};
use crate::channel::{Access, Account, Desks, LinkEvent, Reconnect};
use crate::core::{ActorId, Backoff, Drill, Intensity, Live, State};
use crate::doubles::{Only, Played, Scripted, ShakyStore, Shelf, Stage, Wire, account_of, play};
use crate::message::{AccountKey, Counters, LinkState, LinkStatus, Switchboard as _};

use crate::ports::conformance::make;
use crate::ports::{SendOrder, Store as _};
use crate::registry::{Board, Casting as _, Reconciled, RouteSettings};
use crate::session::{SessionSettings, TurnGate};

struct Bench {
    stage: Arc<Stage>,
    store: Arc<ShakyStore>,
    board: Arc<Board>,
    accounts: Arc<Mutex<Arc<Vec<Account>>>>,
    platform: Arc<Played>,
    wires: mpsc::UnboundedReceiver<Wire>,
    troupe: Option<Arc<Troupe>>,
}

impl Bench {
    fn new(stage: &Arc<Stage>) -> Self {
        let (wires, played) = mpsc::unbounded_channel();
        let second = Duration::from_secs(1);
        let reconnect = Reconnect { base: second, max: second, attempts_max: 0, slow: second };
        let platform =
            Arc::new(Played { wires, access: Mutex::new(Access::default()), reconnect, order: SendOrder::Pipelined });
        Self {
            stage: Arc::clone(stage),
            store: ShakyStore::new(&stage.clock),
            board: Arc::new(Board::new(Live::fixed(RouteSettings::default()))),
            accounts: Arc::default(),
            platform,
            wires: played,
            troupe: None,
        }
    }

    fn account(&self, name: &str, fingerprint: u64) -> Account {
        Account { key: AccountKey::new("played", name), fingerprint, ..account_of(Arc::clone(&self.platform)) }
    }

    fn set(&self, accounts: Vec<Account>) {
        *self.accounts.lock().unwrap() = Arc::new(accounts);
        let _ = self.board.reconcile();
    }

    fn start(&mut self) {
        let accounts = Arc::clone(&self.accounts);
        let at_once = Backoff { base: Duration::ZERO, max: Duration::ZERO, jitter: 0.0 };
        let props = Props {
            supervisor: self.stage.supervisor.clone(),
            store: Arc::clone(&self.store) as _,
            archive: Arc::new(Shelf::default()),
            providers: Arc::new(Only(Arc::new(Scripted::default()))),
            tools: crate::doubles::toolbox(&[], &self.stage.clock),
            accounts: Live::new(move || Arc::clone(&accounts.lock().unwrap())),
            routes: Live::fixed(RouteSettings::default()),
            sessions: Live::fixed(SessionSettings::default()),
            channels: Live::fixed(crate::channel::ChannelSettings::default()),
            desks: Arc::<Desks>::default(),
            counters: Arc::<Counters>::default(),
            gate: TurnGate::default(),
            briefing: Arc::new(crate::ports::NoBriefing),
            media: Arc::new(crate::ports::NoMediaRoom),
            steward: Arc::new(crate::ports::NoSteward),
            temper: Temper {
                intensity: Intensity { restarts_max: 100, window: Duration::from_secs(300) },
                backoff: at_once,
                stable_after: Duration::from_secs(30),
            },
        };
        self.troupe = Some(start(props, &self.board).expect("they start"));
    }

    async fn wire(&mut self) -> Wire {
        let wire = tokio::time::timeout(Duration::from_secs(20), self.wires.recv()).await;
        wire.expect("in time: a link").expect("the platform is there")
    }

    fn state(&self, name: &str) -> Option<State> {
        self.stage.supervisor.report(&id(name)).ok().map(|report| report.state)
    }

    fn restarts(&self, name: &str) -> Option<u32> {
        self.stage.supervisor.report(&id(name)).ok().map(|report| report.restarts)
    }
}

fn id(name: &str) -> ActorId {
    ActorId::new(format!("channel:played:{name}"))
}

#[test]
fn accounts_are_started_restarted_and_ended_by_the_settings() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.set(vec![bench.account("a", 1), bench.account("b", 1)]);
        bench.start();
        let (_a, _b) = (bench.wire().await, bench.wire().await);
        bench.set(vec![bench.account("a", 2), bench.account("b", 1), bench.account("c", 1)]);
        let (_a, _c) = (bench.wire().await, bench.wire().await);
        assert_eq!((bench.restarts("a"), bench.restarts("b"), bench.restarts("c")), (Some(1), Some(0), Some(0)));
        bench.set(vec![bench.account("a", 2), Account { enabled: false, ..bench.account("b", 1) }]);
        stage.until("two are gone", || bench.state("b").is_none() && bench.state("c").is_none()).await;
        assert_eq!(bench.state("a"), Some(State::Running));
        assert_eq!(bench.board.running_channels(), [(AccountKey::new("played", "a"), 2)]);
    });
}

/// The old actor may not have ended yet when the account is back.
#[test]
fn an_account_that_goes_and_comes_back_at_once_is_there() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.set(vec![bench.account("a", 1)]);
        bench.start();
        let mut wires = vec![bench.wire().await];
        let troupe = bench.troupe.clone().unwrap();
        for _ in 0..20 {
            *bench.accounts.lock().unwrap() = Arc::default();
            assert_eq!(troupe.reconcile(&bench.board), Reconciled::Done);
            *bench.accounts.lock().unwrap() = Arc::new(vec![bench.account("a", 1)]);
            stage.until("it could be started", || troupe.reconcile(&bench.board) == Reconciled::Done).await;
            wires.push(bench.wire().await);
            assert_eq!(bench.board.running_channels().len(), 1);
        }
    });
}

#[test]
fn a_row_goes_all_the_way_also_after_its_session_ended_by_itself() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.start();
        let session = ActorId::new(format!("session:{}", make::session("room")));
        for number in 1..=5 {
            bench.store.accept(vec![make::accept("room", &number.to_string())]).await.unwrap();
            bench.board.wake_session(&make::session("room"));
            stage.pass_until("it is answered", || bench.store.health().inbox_open == 0).await;
            stage.supervisor.fault(&session, Drill::Stop).unwrap();
        }
        assert_eq!(bench.store.health().outbox_open, 5);
    });
}

#[test]
fn every_channel_says_goodbye_and_none_is_waited_for_for_ever() {
    play(|stage| async move {
        let mut bench = Bench::new(&stage);
        bench.set(vec![bench.account("a", 1), bench.account("b", 1)]);
        bench.start();
        let mut wires = [bench.wire().await, bench.wire().await];
        for wire in &wires {
            wire.tell(LinkEvent::Status(LinkStatus::plain(LinkState::Up))).await;
        }
        let troupe = bench.troupe.clone().unwrap();
        let goodbye = troupe.close_channels(Duration::from_secs(3));
        let waiting = async {
            for wire in &mut wires {
                assert!(matches!(wire.command().await, crate::channel::LinkCommand::Close));
            }
            stage.pass(Duration::from_secs(4)).await;
        };
        tokio::join!(goodbye, waiting);
    });
}
