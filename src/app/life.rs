//! The phases of one life: serve, open the store, start the actors, drain.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use callboard_actors::agent::{Tool, Toolbox};
use callboard_actors::channel::Desks;
use callboard_actors::channel::webchat::{DeskParts, WebChatDesk};
use callboard_actors::core::{ActorKind, Backoff, Clock, Intensity, Supervision, Supervisor};
use callboard_actors::mcp::{McpDesk, McpFleet, McpFleetParts};
use callboard_actors::message::{Counters, EventBody, EventName, Switchboard};
use callboard_actors::ports::{Steward, Store as _};
use callboard_actors::registry::Board;
use callboard_actors::session::TurnGate;
use callboard_actors::troupe::{self, Props, Temper, Troupe};

use super::live::LiveConfig;
use super::restart::RestartHandle;
use super::view::Accounts;
use super::{AppError, Options, places};
use crate::access::Porter;
use crate::archive::FileArchive;
use crate::config::desk::ConfigDesk;
use crate::config::slices::Slices;
use crate::http::{self, ChannelsView, Doctor, Gateway, Parts, Phase, Readiness};
use crate::mcp;
use crate::media::{MediaHouse, MediaParts};
use crate::outgoing::Outgoing;
use crate::steward::{GatewaySteward, StewardParts};
use crate::storage::{LateStore, Options as StoreOptions, SqliteStore, StoreGuardian};
use crate::tools::{self, GatewayParts, GatewayTool, MochatSetup, MochatSetupParts, Restarter, ToolParts};
use crate::workspace::WorkspaceBriefing;
use crate::workspace::skills::Surroundings;
use crate::ws::{Control, ControlParts, Sockets};

/// How many threads answer HTTP.
const HTTP_WORKERS: usize = 2;

/// How long answers that are written may take to get out at shutdown.
const FLUSH_WAIT: Duration = Duration::from_secs(2);

/// How long channels may take to say goodbye to their platforms.
const GOODBYE_WAIT: Duration = Duration::from_secs(4);

/// How long actors may take to end at shutdown.
const END_WAIT: Duration = Duration::from_secs(3);

/// How soon clients may expect the gateway back from a restart, milliseconds; what turns take to finish comes on top.
const RESTART_EXPECTED_MS: u64 = 1_500;

/// How often the outbox is looked at while it empties.
const FLUSH_LOOK: Duration = Duration::from_millis(20);

/// Everything that one life holds.
pub(super) struct Life {
    pub(super) supervisor: Supervisor,
    pub(super) store: Arc<LateStore>,
    pub(super) board: Arc<Board>,
    pub(super) live: LiveConfig,
    desks: Arc<Desks>,
    counters: Arc<Counters>,
    gate: TurnGate,
    webchat: WebChatDesk,
    briefing: WorkspaceBriefing,
    pub(super) media: MediaHouse,
    toolbox: Arc<Toolbox>,
    mcp: Arc<McpDesk>,
    fleet: Arc<McpFleet>,
    pub(super) readiness: Arc<Readiness>,
    /// Where transcripts go that leave the store.
    pub(super) archive: FileArchive,
}

/// Why a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Farewell {
    /// The process ends.
    Stop,
    /// Another life follows.
    Restart,
}

impl Farewell {
    /// Returns what clients are told.
    fn told(self) -> serde_json::Value {
        match self {
            Self::Stop => serde_json::json!({ "reason": "gateway stopping", "restartExpectedMs": null }),
            Self::Restart => serde_json::json!({ "reason": "gateway restarting", "restartExpectedMs": RESTART_EXPECTED_MS }),
        }
    }
}

impl Life {
    pub(super) fn new(options: &Options, clock: Clock) -> Result<Self, AppError> {
        let slices = &options.config.slices;
        let webchat = WebChatDesk::default();
        let live = LiveConfig::new(options.config.clone(), clock.clone(), webchat.clone())?;
        let settings = Supervision { stuck_after: slices.supervision.stuck, ..Supervision::default() };
        let supervisor = Supervisor::new(settings, clock.clone());
        let briefing = WorkspaceBriefing::new(live.workspaces(), surroundings(options), clock);
        let store: Arc<LateStore> = Arc::default();
        let media = MediaHouse::new(MediaParts {
            state_dir: options.paths.state_dir.clone(),
            store: Arc::clone(&store) as _,
            workspaces: live.workspaces(),
            settings: live.media(),
            clock: supervisor.clock().clone(),
        });
        let board = Arc::new(Board::new(live.routes()));
        webchat.connect(DeskParts {
            store: Arc::clone(&store) as _,
            switchboard: Arc::clone(&board) as _,
            supervisor: supervisor.clone(),
            accounts: live.accounts(),
        });
        let desks: Arc<Desks> = Arc::default();
        let outgoing = Outgoing {
            store: Arc::clone(&store) as _,
            switchboard: Arc::clone(&board) as _,
            channels: view(&live, &desks, &board, &supervisor),
            clock: supervisor.clock().clone(),
        };
        let tools = tools::tools(&ToolParts {
            outgoing,
            routes: live.routes(),
            reach: live.reach(),
            workspaces: live.workspaces(),
            media: Arc::new(media.clone()),
        });
        let toolbox = Arc::new(Toolbox::new(tools, live.tools(), supervisor.clock().clone())?);
        let mcp: Arc<McpDesk> = Arc::default();
        let fleet = Arc::new(McpFleet::new(McpFleetParts {
            supervisor: supervisor.clone(),
            servers: live.mcp(),
            dialer: Arc::new(mcp::Dialer),
            desk: Arc::clone(&mcp),
            toolbox: Arc::clone(&toolbox),
            media: Arc::new(media.clone()),
        }));
        // The fleet's tools hold the desk of the config file, and that the settings: nobody may hold the fleet in turn.
        let told = Arc::downgrade(&fleet);
        live.listen(move || {
            if let Some(fleet) = told.upgrade() {
                fleet.reconcile();
            }
        });
        let readiness: Arc<Readiness> = Arc::default();
        let archive = FileArchive::new(options.paths.state_dir.clone(), supervisor.clock().clone(), Arc::clone(&readiness));
        Ok(Self {
            supervisor,
            store,
            board,
            live,
            desks,
            counters: Arc::default(),
            gate: TurnGate::default(),
            webchat,
            briefing,
            media,
            toolbox,
            mcp,
            fleet,
            readiness,
            archive,
        })
    }

    /// Puts the control plane together.
    pub(super) fn control(&self, options: &Options, config: &Arc<ConfigDesk>) -> Arc<Control> {
        let channels = self.view();
        let doctor = Doctor {
            supervisor: self.supervisor.clone(),
            store: Arc::clone(&self.store) as _,
            channels: Arc::clone(&channels),
            readiness: Arc::clone(&self.readiness),
        };
        Control::new(ControlParts {
            supervisor: self.supervisor.clone(),
            store: Arc::clone(&self.store) as _,
            switchboard: Arc::clone(&self.board) as _,
            channels,
            doctor,
            porter: Porter::new(self.live.access(), self.supervisor.clock()),
            config: Arc::clone(config),
            shown: self.live.shown(),
            routes: self.live.routes(),
            mcp: Arc::clone(&self.mcp),
            models: self.live.models(),
            standing: self.live.standing(),
            webchat: self.webchat.clone(),
            gate: self.gate.clone(),
            places: places::of(&options.paths),
            media: Arc::new(self.media.clone()),
            workspaces: self.live.workspaces(),
            surroundings: surroundings(options),
        })
    }

    fn view(&self) -> Arc<dyn ChannelsView> {
        view(&self.live, &self.desks, &self.board, &self.supervisor)
    }

    /// Lends the tools that look after the gateway itself, which need what is made after the others.
    pub(super) fn lend_gateway(&self, control: &Control, restart: RestartHandle, state_dir: &Path) {
        let restart: Restarter = Arc::new(move |reason, wish| restart.restart(reason, wish));
        let parts = GatewayParts {
            desk: Arc::clone(&control.config),
            doctor: control.doctor.clone(),
            mcp: Arc::clone(&self.mcp),
            restart,
        };
        let mochat = MochatSetupParts {
            desk: Arc::clone(&control.config),
            state_dir: state_dir.to_owned(),
            clock: self.supervisor.clock().clone(),
        };
        let lent: Vec<Arc<dyn Tool>> = vec![Arc::new(GatewayTool::new(parts)), Arc::new(MochatSetup::new(mochat))];
        for bad in self.toolbox.lend("gateway", lent) {
            tracing::error!(event = "tools.left_out", "{bad}");
        }
    }

    /// Returns who looks after the gateway for owners who order it in a chat.
    pub(super) fn steward(&self, control: &Control, restart: RestartHandle) -> Arc<dyn Steward> {
        Arc::new(GatewaySteward::new(StewardParts {
            desk: Arc::clone(&control.config),
            restart: Arc::new(move |reason, wish| restart.restart(reason, wish)),
            store: Arc::clone(&self.store) as _,
            channels: self.view(),
            clock: self.supervisor.clock().clone(),
        }))
    }

    pub(super) fn serve(&self, listener: TcpListener, control: &Arc<Control>) -> Result<ServerHandle, AppError> {
        let parts = Parts {
            supervisor: self.supervisor.clone(),
            store: Arc::clone(&self.store) as _,
            switchboard: Arc::clone(&self.board) as Arc<dyn Switchboard>,
            settings: self.live.http(),
            channels: self.view(),
            readiness: Arc::clone(&self.readiness),
            counters: Arc::clone(&self.counters),
            gate: self.gate.clone(),
            media: Arc::new(self.media.clone()),
            tools: Arc::clone(&self.toolbox),
            mcp: Arc::clone(&self.mcp),
            standing: self.live.standing(),
            porter: Arc::clone(&control.porter),
            upgrades: Some(Arc::new(Sockets(Arc::clone(control)))),
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
    pub(super) async fn open_store(&self, path: PathBuf, slices: &Slices) -> Result<Arc<SqliteStore>, AppError> {
        let options = StoreOptions {
            limits: self.live.store(),
            clock: self.supervisor.clock().clone(),
            crashes_max: slices.delivery.crashes_max,
            ..StoreOptions::default()
        };
        let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&path, options)).await;
        let store = opened.map_err(|error| AppError::Serve(std::io::Error::other(error)))??;
        // Before anything is heard: what a group says is heard or not by it.
        match store.activations().await {
            Ok(own) => own.iter().for_each(|(session, activation)| self.board.set_activation(session, Some(*activation))),
            Err(error) => tracing::warn!(event = "session.activations_unread", "groups go by the settings alone: {error}"),
        }
        self.store.arrive(Arc::clone(&store) as _);
        Ok(store)
    }

    pub(super) fn start_actors(
        &self,
        store: &Arc<SqliteStore>,
        slices: &Slices,
        steward: Arc<dyn Steward>,
    ) -> Result<Arc<Troupe>, AppError> {
        let _ = self.supervisor.start(StoreGuardian::spec(store))?;
        let supervision = &slices.supervision;
        let props = Props {
            supervisor: self.supervisor.clone(),
            store: Arc::clone(store) as _,
            archive: Arc::new(self.archive.clone()),
            providers: Arc::new(self.live.clone()),
            tools: Arc::clone(&self.toolbox),
            accounts: self.live.accounts(),
            routes: self.live.routes(),
            sessions: self.live.sessions(),
            channels: self.live.channels(),
            desks: Arc::clone(&self.desks),
            counters: Arc::clone(&self.counters),
            gate: self.gate.clone(),
            briefing: Arc::new(self.briefing.clone()),
            media: Arc::new(self.media.clone()),
            steward,
            temper: Temper {
                intensity: Intensity { restarts_max: supervision.restarts_max, window: supervision.restarts_window },
                backoff: Backoff { base: supervision.backoff_base, max: supervision.backoff_max, jitter: 0.2 },
                stable_after: supervision.stable,
            },
        };
        let troupe = troupe::start(props, &self.board)?;
        self.fleet.reconcile();
        Ok(troupe)
    }

    /// Goes down in good order: takes nothing in, lets what runs finish, sends what is written, says goodbye.
    pub(super) async fn drain(&self, troupe: &Troupe, control: &Control, server: ServerHandle, farewell: Farewell) {
        tracing::info!(event = "gateway.draining", turns = self.gate.running());
        self.readiness.set(Phase::Draining);
        if farewell == Farewell::Stop {
            let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
        }
        self.board.publish(EventBody::new(EventName::Shutdown, &farewell.told()));
        self.gate.close();
        let clock = self.supervisor.clock();
        let turns_wait = self.live.with(|config| config.slices.gateway.drain);
        if clock.within(turns_wait, self.gate.emptied()).await.is_none() {
            tracing::warn!(event = "gateway.turns_parked", turns = self.gate.running(), "they run again at the next start");
        }
        let _ = clock.within(FLUSH_WAIT, self.outbox_emptied()).await;
        troupe.close_channels(GOODBYE_WAIT).await;
        self.supervisor.stop_kind(ActorKind::Channel, END_WAIT).await;
        self.supervisor.stop_kind(ActorKind::Session, END_WAIT).await;
        self.supervisor.stop_kind(ActorKind::Mcp, END_WAIT).await;
        control.close(FLUSH_WAIT).await;
        self.supervisor.stop_kind(ActorKind::Client, END_WAIT).await;
        server.stop(true).await;
        let _ = self.store.flush().await;
        self.supervisor.shut_down();
        self.supervisor.let_go();
        self.webchat.let_go();
    }

    async fn outbox_emptied(&self) {
        while self.store.health().outbox_open > 0 {
            self.supervisor.clock().sleep(FLUSH_LOOK).await;
        }
    }
}

fn view(live: &LiveConfig, desks: &Arc<Desks>, board: &Arc<Board>, supervisor: &Supervisor) -> Arc<dyn ChannelsView> {
    Arc::new(Accounts {
        accounts: live.accounts(),
        desks: Arc::clone(desks),
        board: Arc::clone(board),
        supervisor: supervisor.clone(),
    })
}

/// Returns what is around the process, as far as skills ask.
fn surroundings(options: &Options) -> Surroundings {
    let path = options.env.get("PATH").map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
    Surroundings { path, variables: Arc::new(options.env.names().map(str::to_owned).collect()) }
}
