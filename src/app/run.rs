//! The phases of a life.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use callboard_actors::channel::Desks;
use callboard_actors::core::{ActorKind, Backoff, Clock, Intensity, Supervision, Supervisor};
use callboard_actors::message::{Counters, EventBody, Switchboard};
use callboard_actors::ports::Store as _;
use callboard_actors::registry::Board;
use callboard_actors::session::TurnGate;
use callboard_actors::troupe::{self, Props, Temper, Troupe};

use super::live::LiveConfig;
use super::pulse::Pulse;
use super::reload::Reloader;
use super::signals::{Asked, Signals};
use super::view::Accounts;
use super::{AppError, Options, announce, listener, logging};
use crate::config::slices::Slices;
use crate::http::{self, Gateway, Parts, Phase, Readiness};
use crate::logs::{self, Logs};
use crate::storage::{LateStore, Options as StoreOptions, STORE_FILE, SqliteStore, StateLock, StoreGuardian};

/// How many threads answer HTTP.
const HTTP_WORKERS: usize = 2;

/// How long answers that are written may take to get out at shutdown.
const FLUSH_WAIT: Duration = Duration::from_secs(2);

/// How long channels may take to say goodbye to their platforms.
const GOODBYE_WAIT: Duration = Duration::from_secs(4);

/// How long actors may take to end at shutdown.
const END_WAIT: Duration = Duration::from_secs(3);

/// How long the last lines of the log may take to be written.
const LOGS_WAIT: Duration = Duration::from_secs(2);

/// How often the outbox is looked at while it empties.
const FLUSH_LOOK: Duration = Duration::from_millis(20);

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub fn run(options: Options) -> Result<(), AppError> {
    let clock = Clock::system();
    let lock = StateLock::acquire(&options.paths.state_dir, &clock)?;
    let slices = &options.config.slices;
    let settings = logging::settings(&slices.logging, &options.paths, options.verbosity);
    let logs = Arc::new(logs::install(&settings, clock.clone())?);
    logs.hide(logging::secrets(slices));
    for warning in &options.config.warnings {
        tracing::warn!(event = "config.warning", "{warning}");
    }
    let listener = listener::listen(&options.config.slices.gateway)?;
    let done = actix::System::new().block_on(live(options, listener, Arc::clone(&logs), clock));
    logs.flush(LOGS_WAIT);
    drop(lock);
    done
}

/// Everything that one life holds.
struct Life {
    supervisor: Supervisor,
    store: Arc<LateStore>,
    board: Arc<Board>,
    live: LiveConfig,
    desks: Arc<Desks>,
    counters: Arc<Counters>,
    gate: TurnGate,
    readiness: Arc<Readiness>,
}

impl Life {
    fn new(options: &Options, clock: Clock) -> Result<Self, AppError> {
        let slices = &options.config.slices;
        let live = LiveConfig::new(options.config.clone(), clock.clone())?;
        let settings = Supervision { stuck_after: slices.supervision.stuck, ..Supervision::default() };
        Ok(Self {
            supervisor: Supervisor::new(settings, clock),
            store: Arc::default(),
            board: Arc::new(Board::new(live.routes())),
            live,
            desks: Arc::default(),
            counters: Arc::default(),
            gate: TurnGate::default(),
            readiness: Arc::default(),
        })
    }

    fn serve(&self, listener: TcpListener) -> Result<ServerHandle, AppError> {
        let view = Accounts {
            accounts: self.live.accounts(),
            desks: Arc::clone(&self.desks),
            board: Arc::clone(&self.board),
            supervisor: self.supervisor.clone(),
        };
        let parts = Parts {
            supervisor: self.supervisor.clone(),
            store: Arc::clone(&self.store) as _,
            switchboard: Arc::clone(&self.board) as Arc<dyn Switchboard>,
            settings: self.live.http(),
            channels: Arc::new(view),
            readiness: Arc::clone(&self.readiness),
            counters: Arc::clone(&self.counters),
        };
        let server = http::serve(listener, Gateway::new(parts), HTTP_WORKERS).map_err(AppError::Serve)?;
        let handle = server.handle();
        actix::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(event = "http.ended", "{error}");
            }
        });
        Ok(handle)
    }

    /// Opens the store on a thread of its own, since reading a long log back takes a while.
    async fn open_store(&self, path: PathBuf, slices: &Slices) -> Result<Arc<SqliteStore>, AppError> {
        let options = StoreOptions {
            limits: self.live.store(),
            clock: self.supervisor.clock().clone(),
            crashes_max: slices.delivery.crashes_max,
            ..StoreOptions::default()
        };
        let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&path, options)).await;
        let store = opened.map_err(|error| AppError::Serve(std::io::Error::other(error)))??;
        self.store.arrive(Arc::clone(&store) as _);
        Ok(store)
    }

    fn start_actors(&self, store: &Arc<SqliteStore>, slices: &Slices) -> Result<Arc<Troupe>, AppError> {
        let _ = self.supervisor.start(StoreGuardian::spec(store))?;
        let supervision = &slices.supervision;
        let props = Props {
            supervisor: self.supervisor.clone(),
            store: Arc::clone(store) as _,
            providers: Arc::new(self.live.clone()),
            accounts: self.live.accounts(),
            routes: self.live.routes(),
            sessions: self.live.sessions(),
            channels: self.live.channels(),
            desks: Arc::clone(&self.desks),
            counters: Arc::clone(&self.counters),
            gate: self.gate.clone(),
            temper: Temper {
                intensity: Intensity { restarts_max: supervision.restarts_max, window: supervision.restarts_window },
                backoff: Backoff { base: supervision.backoff_base, max: supervision.backoff_max, jitter: 0.2 },
                stable_after: supervision.stable,
            },
        };
        Ok(troupe::start(props, &self.board)?)
    }

    /// Goes down in good order: takes nothing in, lets what runs finish, sends what is written, says goodbye.
    async fn drain(&self, troupe: &Troupe, server: ServerHandle, turns_wait: Duration) {
        tracing::info!(event = "gateway.draining", turns = self.gate.running());
        self.readiness.set(Phase::Draining);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        self.board.publish(EventBody::Shutdown { reason: "gateway stopping".into() });
        self.gate.close();
        let clock = self.supervisor.clock();
        if clock.within(turns_wait, self.gate.emptied()).await.is_none() {
            tracing::warn!(event = "gateway.turns_parked", turns = self.gate.running(), "they run again at the next start");
        }
        let _ = clock.within(FLUSH_WAIT, self.outbox_emptied()).await;
        troupe.close_channels(GOODBYE_WAIT).await;
        self.supervisor.stop_kind(ActorKind::Channel, END_WAIT).await;
        self.supervisor.stop_kind(ActorKind::Session, END_WAIT).await;
        server.stop(true).await;
        let _ = self.store.flush().await;
        self.supervisor.shut_down();
    }

    async fn outbox_emptied(&self) {
        while self.store.health().outbox_open > 0 {
            self.supervisor.clock().sleep(FLUSH_LOOK).await;
        }
    }
}

async fn live(options: Options, listener: TcpListener, logs: Arc<Logs>, clock: Clock) -> Result<(), AppError> {
    let mut signals = Signals::listen().map_err(AppError::Serve)?;
    let address = listener.local_addr().map_err(AppError::Serve)?;
    let life = Life::new(&options, clock)?;
    let server = life.serve(listener)?;
    tracing::info!(event = "gateway.listening", %address, pid = std::process::id());
    let slices = options.config.slices.clone();
    let store = life.open_store(options.paths.state_dir.join(STORE_FILE), &slices).await?;
    let troupe = life.start_actors(&store, &slices)?;
    life.readiness.set(Phase::Ready);
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    announce::ready(address, &options.paths);
    let reloader = Reloader::new(life.live.clone(), logs, Arc::clone(&life.board), options);
    let (reload, reloads) = tokio::sync::mpsc::channel(1);
    let supervisor = life.supervisor.clone();
    actix::spawn(logs::mailbox::run(supervisor.clone(), life.live.mailboxes(), supervisor.clock().clone()));
    actix::spawn(Pulse { supervisor, reloader }.run(reloads));
    while let Asked::Reload = signals.next().await {
        // One that waits already is enough.
        let _ = reload.try_send(());
    }
    actix::spawn(signals.force_at_next());
    life.drain(&troupe, server, slices.gateway.drain).await;
    drop(store);
    tracing::info!(event = "gateway.stopped");
    Ok(())
}
