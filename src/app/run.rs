//! One life after the other in the same process: the folder, the log, the port and the signals outlive a restart, everything else
//! is built anew.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use callboard_actors::core::{ActorId, Clock};
use callboard_actors::message::Switchboard as _;
use callboard_actors::registry::REGISTRY;
use callboard_actors::troupe::Troupe;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::life::{Farewell, Life};
use super::pulse::{Pulse, bridge};
use super::reload::Reloader;
use super::restart::RestartHandle;
use super::signals::{Asked, Signals, force};
use super::{AppError, Options, announce, descriptors, listener, logging, sentinel};
use crate::archive::Pruner;
use crate::config::desk::{ConfigDesk, RestartWish};
use crate::config::refuse::{Unconfigured, check_start};
use crate::config::{Config, load};
use crate::http::Phase;
use crate::logs::{self, Logs};
use crate::storage::{STORE_FILE, SqliteStore, StateLock};
use crate::ws::{Control, PulseActor};

/// How long the last lines of the log may take to be written.
const LOGS_WAIT: Duration = Duration::from_secs(2);

/// How long the store may take for the word to the chat that ordered a restart.
const STORE_WAIT: Duration = Duration::from_secs(5);

/// How long the registry may take to come up.
const REGISTRY_WAIT: Duration = Duration::from_secs(60);

/// Runs the gateway until it is told to stop.
///
/// # Errors
/// When it cannot start.
pub fn run(options: Options) -> Result<(), AppError> {
    let clock = Clock::system();
    let lock = StateLock::acquire(&options.paths.state_dir, &clock)?;
    let settings = logging::settings(&options.config.slices.logging, &options.paths, options.verbosity);
    let logs = Arc::new(logs::install(&settings, clock.clone())?);
    // Also of what follows up to the first life.
    logs.hide(options.config.secrets());
    descriptors::raise();
    let address = listener::address(&options.config.slices.gateway)?;
    let listener = listener::listen(address)?;
    let restart = RestartHandle::new(clock.clone(), options.paths.state_dir.clone());
    let done = actix::System::new().block_on(async {
        let signals = Signals::listen().map_err(AppError::Serve)?;
        let logs = Arc::clone(&logs);
        Process { options, clock, logs, door: Some(listener), address, restart, signals, bridge: None }.live().await
    });
    logs.flush(LOGS_WAIT);
    drop(lock);
    done
}

/// What outlives a restart.
struct Process {
    options: Options,
    clock: Clock,
    logs: Arc<Logs>,
    /// The port. Held here too, so that who connects between two lives waits instead of being refused; `None` only while it
    /// changes hands.
    door: Option<TcpListener>,
    /// The address that the settings meant when the port was taken.
    address: SocketAddr,
    restart: RestartHandle,
    signals: Signals,
    /// Tells the service manager between two lives that all is well.
    bridge: Option<JoinHandle<()>>,
}

/// What the next life begins with.
struct Next {
    config: Config,
    address: SocketAddr,
    door: Door,
}

/// Where the next life listens.
enum Door {
    /// Where this one does.
    Same,
    /// Elsewhere.
    Open(TcpListener),
    /// At another address of the same port, which is free only when this one is closed.
    AfterClosing,
}

/// A life that runs.
struct Running {
    life: Life,
    store: Arc<SqliteStore>,
    troupe: Arc<Troupe>,
    control: Arc<Control>,
    server: ServerHandle,
    reload: mpsc::Sender<()>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Tells the chat in which a restart was ordered what came of it, if there is one.
    async fn tell_chat(&self, text: &str, state: &Path) {
        let clock = self.life.supervisor.clock();
        let Some((account, told)) = sentinel::tell_chat(state, text, self.store.as_ref()) else { return };
        match clock.within(STORE_WAIT, told).await {
            Some(Ok(_)) => self.life.board.wake_channel(&account),
            Some(Err(error)) => tracing::warn!(event = "restart.sentinel", %account, "the chat is not told: {error}"),
            None => tracing::warn!(event = "restart.sentinel", %account, "the chat is not told: the store does not answer"),
        }
    }
}

impl Process {
    /// Lives until a stop.
    async fn live(mut self) -> Result<(), AppError> {
        loop {
            let running = self.begin().await?;
            let next = self.until_asked(&running).await;
            match self.end(running, next.is_some()).await {
                Farewell::Stop => {
                    tracing::info!(event = "gateway.stopped");
                    return Ok(());
                }
                Farewell::Restart => self.become_next(next)?,
            }
        }
    }

    async fn begin(&mut self) -> Result<Running, AppError> {
        let Options { config, paths, verbosity, .. } = &self.options;
        self.logs.hide(config.secrets());
        self.logs.reload(&logging::settings(&config.slices.logging, paths, *verbosity));
        for warning in &config.warnings {
            tracing::warn!(event = "config.warning", "{warning}");
        }
        let listener = self.door()?;
        let address = listener.local_addr().map_err(AppError::Serve)?;
        let life = Life::new(&self.options, self.clock.clone())?;
        let (reloader, desk) = self.desk(&life);
        let control = life.control(&self.options, &desk);
        life.lend_gateway(&control, self.restart.clone(), &paths.state_dir);
        let server = life.serve(listener, &control)?;
        tracing::info!(event = "gateway.listening", %address, pid = std::process::id());
        let store = life.open_store(paths.state_dir.join(STORE_FILE), &config.slices).await?;
        let steward = life.steward(&control, self.restart.clone());
        let troupe = life.start_actors(&store, &config.slices, steward)?;
        PulseActor::start(&control)?;
        // It lists the channels when it starts: whoever hears "ready" finds them.
        life.supervisor.start_again(&ActorId::new(REGISTRY), REGISTRY_WAIT).await?;
        life.readiness.set(Phase::Ready);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
        match self.bridge.take() {
            Some(bridge) => bridge.abort(),
            None => announce::ready(address, paths),
        }
        let (reload, reloads) = mpsc::channel(1);
        let supervisor = life.supervisor.clone();
        let mailboxes = logs::mailbox::run(supervisor.clone(), life.live.mailboxes(), self.clock.clone());
        let pulse = Pulse { supervisor, reloader, desk, control: Arc::clone(&control) };
        let sweeps = life.media.clone().run();
        let live = life.live.clone();
        let pruner = Pruner {
            store: Arc::clone(&store),
            switchboard: Arc::clone(&life.board) as _,
            archive: life.archive.clone(),
            clock: self.clock.clone(),
        };
        let kept = move || live.with(|config| (config.slices.archive, config.slices.routes.main_key.clone()));
        let archive = life.archive.clone().run(pruner, kept);
        let tasks =
            vec![actix::spawn(mailboxes), actix::spawn(pulse.run(reloads)), actix::spawn(sweeps), actix::spawn(archive)];
        let running = Running { life, store, troupe, control, server, reload, tasks };
        // A crash between the two tells the chat only once, which has a key; the session is told by whoever takes the note.
        running.tell_chat(sentinel::BACK, &paths.state_dir).await;
        if let Some(note) = sentinel::take(&paths.state_dir) {
            sentinel::deliver(&note, running.store.as_ref(), &config.slices.routes, self.clock.now_ms());
        }
        Ok(running)
    }

    /// Opens the desk of the config file, and returns who takes over what is written there.
    fn desk(&self, life: &Life) -> (Arc<Reloader>, Arc<ConfigDesk>) {
        let (live, board) = (life.live.clone(), Arc::clone(&life.board));
        let reloader = Arc::new(Reloader::new(live, Arc::clone(&self.logs), board, self.restart.clone(), &self.options));
        let Options { paths, env, overrides, .. } = &self.options;
        let keeper = Arc::clone(&reloader) as _;
        let desk = ConfigDesk::new(paths.clone(), env.clone(), overrides.clone(), keeper, self.clock.clone());
        (reloader, Arc::new(desk))
    }

    /// Waits until this life is to end; answers with the next one, if one follows.
    async fn until_asked(&mut self, running: &Running) -> Option<Next> {
        loop {
            tokio::select! {
                asked = self.signals.next() => match asked {
                    Asked::Drain => return None,
                    // One that waits already is enough.
                    Asked::Reload => drop(running.reload.try_send(())),
                    Asked::Restart => self.asked_by_signal(&running.life),
                },
                pending = self.restart.due() => match self.prepare(&running.life) {
                    Ok(next) => {
                        tracing::info!(event = "gateway.restarting", reason = %pending.reason);
                        return Some(next);
                    }
                    Err(error) => {
                        running.tell_chat(sentinel::NOT_BACK, &self.options.paths.state_dir).await;
                        sentinel::discard(&self.options.paths.state_dir);
                        tracing::error!(
                            event = "gateway.restart_refused", reason = %pending.reason,
                            "the gateway goes on as it is: {error}"
                        );
                    }
                },
            }
        }
    }

    fn asked_by_signal(&self, life: &Life) {
        if life.live.with(|config| config.slices.gateway.restart_by_signal) {
            let _ = self.restart.restart("SIGUSR1", &RestartWish { delay_ms: Some(0), ..RestartWish::default() });
        } else {
            tracing::warn!(event = "gateway.restart_refused", "SIGUSR1 is ignored: set commands.restart to true to allow it");
        }
    }

    /// Looks whether a life could follow, before this one ends for it.
    fn prepare(&self, life: &Life) -> Result<Next, AppError> {
        let Options { paths, env, overrides, .. } = &self.options;
        let config = load(paths, env, &overrides.lasting())?;
        check_start(&config, paths, Unconfigured::Allowed)?;
        life.live.probe(&config)?;
        let address = listener::address(&config.slices.gateway)?;
        let door = if address == self.address {
            Door::Same
        } else {
            match listener::listen(address) {
                Ok(listener) => Door::Open(listener),
                // Only what this life itself may be in the way of; an address that is nobody's is not there afterwards either.
                Err(error) if error.is_taken() && address.port() == self.address.port() => Door::AfterClosing,
                Err(error) => return Err(error.into()),
            }
        };
        Ok(Next { config, address, door })
    }

    /// Goes down in good order. Who is told to stop while it restarts stops.
    async fn end(&mut self, running: Running, restarts: bool) -> Farewell {
        let Running { life, store, troupe, control, server, reload, tasks } = running;
        let mut farewell = if restarts { Farewell::Restart } else { Farewell::Stop };
        {
            let mut drain = std::pin::pin!(life.drain(&troupe, &control, server, farewell));
            loop {
                tokio::select! {
                    () = &mut drain => break,
                    asked = self.signals.next() => match (asked, farewell) {
                        (Asked::Drain, Farewell::Stop) => force(&self.logs),
                        (Asked::Drain, Farewell::Restart) => farewell = Farewell::Stop,
                        (Asked::Reload | Asked::Restart, _) => {}
                    },
                }
            }
        }
        drop(reload);
        for task in tasks {
            task.abort();
            // Its end, so that nothing of this life is left in the next one.
            let _ = task.await;
        }
        drop((troupe, control, life));
        // Whoever still holds the store has nothing to put back in the next one's file.
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
        farewell
    }

    fn become_next(&mut self, next: Option<Next>) -> Result<(), AppError> {
        let Some(Next { config, address, door }) = next else { return Ok(()) };
        self.bridge = Some(actix::spawn(bridge(self.clock.clone())));
        self.options.overrides.overlay.clear();
        let old = std::mem::replace(&mut self.options.config, config).slices.gateway;
        match door {
            Door::Same => return Ok(()),
            Door::Open(listener) => self.door = Some(listener),
            Door::AfterClosing => {
                self.door = None;
                match listener::listen(address) {
                    Ok(listener) => self.door = Some(listener),
                    Err(error) => {
                        tracing::error!(event = "gateway.address_kept", "it goes on at {}: {error}", self.address);
                        self.door = Some(listener::listen(self.address)?);
                        // What looks at the settings means the address that is listened on.
                        self.options.config.slices.gateway.keep_address(&old);
                        return Ok(());
                    }
                }
            }
        }
        self.address = address;
        Ok(())
    }

    /// Returns the port for a server, which closes what it is given.
    fn door(&self) -> Result<TcpListener, AppError> {
        let door = self.door.as_ref().map(TcpListener::try_clone);
        door.unwrap_or_else(|| Err(std::io::ErrorKind::NotConnected.into())).map_err(AppError::Serve)
    }
}
