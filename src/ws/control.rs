//! Everything that the methods are lent.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use actix_web::web::Payload;
use actix_web::{Error, HttpRequest, HttpResponse};
use callboard_actors::channel::webchat::WebChatDesk;
use callboard_actors::client::devices::DeviceBook;
use callboard_actors::client::{ClientActor, ClientSeat, CloseCode, Methods, Noticed, Pass, Presence, PresenceEntry, Seats};
use callboard_actors::core::{Bell, Clock, Live, Supervisor};
use callboard_actors::mcp::McpDesk;
use callboard_actors::message::{Event, EventBody, EventName, Heard, Listener, StateVersion, Switchboard};
use callboard_actors::ports::{MediaRoom, Store};
use callboard_actors::registry::RouteSettings;
use callboard_actors::session::TurnGate;
use serde_json::{Value, json};

use super::handshake::Handshake;
use super::snapshot::HealthBoard;
use super::table::Table;
use super::{line, socket};
use crate::access::{Caller, Porter};
use crate::config::desk::ConfigDesk;
use crate::config::slices::ModelsConfig;
use crate::http::{ChannelsView, Doctor, Upgrades};
use crate::providers::ProviderStanding;
use crate::workspace::Workspaces;
use crate::workspace::skills::Surroundings;

/// Where the gateway is.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The machine's name.
    pub host: String,
    /// Its address, where it has one beside the loopback.
    pub ip: Option<String>,
    /// The config file.
    pub config_path: PathBuf,
    /// The state folder.
    pub state_dir: PathBuf,
    /// The folder of the log.
    pub logs_dir: PathBuf,
    /// The folder that agents work in.
    pub workspace: PathBuf,
    /// The canvas host's address.
    pub canvas_host: Option<String>,
}

/// What the control plane is lent.
pub struct ControlParts {
    /// Lists and restarts actors; has the clock.
    pub supervisor: Supervisor,
    /// Keeps rows.
    pub store: Arc<dyn Store>,
    /// Wakes, asks and tells.
    pub switchboard: Arc<dyn Switchboard>,
    /// The accounts and their links.
    pub channels: Arc<dyn ChannelsView>,
    /// Knows whether the gateway is of use.
    pub doctor: Doctor,
    /// Looks at who asks.
    pub porter: Arc<Porter>,
    /// The config file.
    pub config: Arc<ConfigDesk>,
    /// The configuration that holds, without its secrets.
    pub shown: Live<Value>,
    /// The settings of routing.
    pub routes: Live<RouteSettings>,
    /// The MCP servers, as they are.
    pub mcp: Arc<McpDesk>,
    /// The models that can be asked.
    pub models: Live<ModelsConfig>,
    /// How the providers' keys and models stand.
    pub standing: Live<Vec<ProviderStanding>>,
    /// Where messages of control clients are handed in.
    pub webchat: WebChatDesk,
    /// The lanes of turns.
    pub gate: TurnGate,
    /// Where the gateway is.
    pub places: Places,
    /// Where the bytes of pictures and files are.
    pub media: Arc<dyn MediaRoom>,
    /// The folders that agents work in.
    pub workspaces: Live<Workspaces>,
    /// What is around the process.
    pub surroundings: Surroundings,
}

/// The control plane: one for each life of the gateway.
pub struct Control {
    pub(super) parts: ControlParts,
    pub(super) devices: Arc<DeviceBook>,
    pub(super) handshake: Handshake,
    pub(super) seats: Seats,
    pub(super) presence: Presence,
    pub(super) health: HealthBoard,
    pub(super) due: Due,
    watching: AtomicBool,
    /// The passes that were good at the last look.
    passes: Mutex<[Option<Pass>; 2]>,
}

impl std::ops::Deref for Control {
    type Target = ControlParts;

    fn deref(&self) -> &ControlParts {
        &self.parts
    }
}

impl Control {
    /// Puts the parts together.
    #[must_use]
    pub fn new(parts: ControlParts) -> Arc<Self> {
        let clock = parts.supervisor.clock().clone();
        let teller = Arc::clone(&parts.switchboard);
        let devices = DeviceBook::new(Arc::clone(&parts.store), clock.clone(), Arc::new(move |event| teller.publish(event)));
        let handshake = Handshake::new(Arc::clone(&parts.porter), Arc::clone(&devices));
        let presence = Presence::new(gateway_entry(&parts.places, clock.now_ms()));
        Arc::new(Self {
            devices,
            handshake,
            seats: Seats::default(),
            presence,
            health: HealthBoard::default(),
            due: Due::default(),
            watching: AtomicBool::new(false),
            passes: Mutex::default(),
            parts,
        })
    }

    pub(super) fn clock(&self) -> &Clock {
        self.parts.supervisor.clock()
    }

    /// Returns the methods as the clients' actors see them.
    pub(super) fn methods(self: &Arc<Self>) -> Arc<dyn Methods> {
        Arc::new(Table(Arc::clone(self)))
    }

    /// Returns how often the shared pictures have changed.
    pub(super) fn version(&self) -> StateVersion {
        StateVersion { presence: self.presence.version(), health: self.health.version() }
    }

    /// Returns how long the process has run; a restart within it does not begin anew.
    pub(super) fn uptime_ms(&self) -> u64 {
        u64::try_from(self.clock().elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Says that the list of who is there has changed; everybody is told soon, however many changes there are.
    pub(super) fn presence_changed(&self) {
        self.due.presence.store(true, Ordering::Release);
        self.due.ring();
    }

    /// Says that health may have changed; everybody is told soon.
    pub(super) fn health_changed(&self) {
        self.due.health.store(true, Ordering::Release);
        self.due.ring();
    }

    /// Tells everybody who is there.
    pub(super) fn tell_presence(&self) {
        let told = json!({ "presence": self.presence.list(self.clock().now_ms()) });
        self.switchboard.publish(EventBody::new(EventName::Presence, &told).droppable().version(self.version()));
    }

    /// Makes the picture of health anew and tells everybody.
    pub(super) async fn tell_health(&self) {
        let health = self.health.refresh(self).await;
        self.switchboard.publish(EventBody::new(EventName::Health, &health).version(self.version()));
    }

    /// Goes on with a client that has its seat: tells the others, and looks whether its device still stands.
    pub(super) fn entered(self: &Arc<Self>, seat: &Arc<ClientSeat>, noticed: Noticed) {
        if noticed == Noticed::Listed {
            self.presence_changed();
        }
        self.health_changed();
        self.watch();
        if seat.grant.device.is_none() {
            return;
        }
        let (control, seat) = (Arc::clone(self), Arc::clone(seat));
        actix::spawn(async move {
            if !control.devices.stands(&seat.grant).await {
                seat.backlog.close(CloseCode::POLICY, "device token revoked");
            }
        });
    }

    /// Notices what changes health, as long as there is a client to tell: a listener for nobody would have every turn tell its
    /// pieces.
    fn watch(self: &Arc<Self>) {
        if !self.watching.swap(true, Ordering::AcqRel) {
            self.switchboard.listen(Arc::new(HealthWatch(Arc::downgrade(self))));
        }
    }

    /// Closes the connections that came by a credential which lets nobody in any more. To be called again and again: it acts a
    /// look after the change, so that whoever ordered that by its connection hears the answer first.
    pub fn shut_out(&self) {
        let settings = self.parts.porter.settings();
        let passes = [Some(settings.shared_pass()), settings.tailnet_pass()];
        let before = std::mem::replace(&mut *self.passes.lock().unwrap_or_else(PoisonError::into_inner), passes);
        if before != passes {
            return;
        }
        let is_void = |seat: &ClientSeat| seat.pass.is_some() && !passes.contains(&seat.pass);
        let closed = self.seats.close_where(CloseCode::POLICY, "credential changed", is_void);
        if closed > 0 {
            tracing::info!(event = "client.shut_out", closed, "the credential by which they came is another now");
        }
    }

    /// Ends what belonged to a connection that is gone.
    pub(super) fn left(&self, conn: &str) {
        let Some(seat) = self.seats.leave(conn) else { return };
        self.parts.supervisor.retire(&ClientActor::id(&seat));
        tracing::info!(event = "client.left", conn, client = %seat.card.id);
        if self.presence.disconnected(&seat, self.clock().now_ms()) == Noticed::Listed {
            self.presence_changed();
        }
    }

    /// Waits until what was told is on its way, at most so long, and closes every connection.
    pub async fn close(&self, flush_max: Duration) {
        let flushed = async {
            while self.seats.list().iter().any(|seat| seat.backlog.waiting_bytes() > 0) {
                self.clock().sleep(FLUSH_LOOK).await;
            }
        };
        let _ = self.clock().within(flush_max, flushed).await;
        self.seats.close_all(CloseCode::RESTART, "service restart");
    }
}

/// Hears what changes health.
struct HealthWatch(Weak<Control>);

impl Listener for HealthWatch {
    fn hear(&self, event: &Arc<Event>) -> Heard {
        let Some(control) = self.0.upgrade() else { return Heard::Gone };
        if matches!(event.name, EventName::Channel | EventName::Actor) {
            control.health_changed();
        }
        if !control.seats.is_empty() {
            return Heard::Here;
        }
        control.watching.store(false, Ordering::Release);
        // Somebody may have come in between, and found it watching still.
        let came = !control.seats.is_empty() && !control.watching.swap(true, Ordering::AcqRel);
        if came { Heard::Here } else { Heard::Gone }
    }
}

/// What everybody is to be told soon, and who tells it.
#[derive(Debug, Default)]
pub(super) struct Due {
    pub(super) presence: AtomicBool,
    pub(super) health: AtomicBool,
    teller: OnceLock<Bell>,
}

impl Due {
    /// Gives it the one who tells; only the first call counts.
    pub(super) fn told_by(&self, teller: Bell) {
        let _ = self.teller.set(teller);
    }

    fn ring(&self) {
        // Before the teller is there nothing is lost: it looks when it starts.
        if let Some(teller) = self.teller.get() {
            teller.ring();
        }
    }
}

/// How often it is looked whether clients have been told.
const FLUSH_LOOK: Duration = Duration::from_millis(10);

/// Opens sockets into a control plane.
pub struct Sockets(pub Arc<Control>);

impl Upgrades for Sockets {
    fn open(&self, request: &HttpRequest, payload: Payload, caller: Caller) -> Result<HttpResponse, Error> {
        socket::open(request, payload, Arc::clone(&self.0), caller, line::cutter(request))
    }
}

fn gateway_entry(places: &Places, now_ms: i64) -> PresenceEntry {
    let Places { host, ip, .. } = places;
    let shown = ip.as_ref().map_or_else(|| host.clone(), |ip| format!("{host} ({ip})"));
    let version = env!("CARGO_PKG_VERSION");
    PresenceEntry {
        host: Some(host.clone()),
        ip: ip.clone(),
        version: Some(version.to_owned()),
        platform: Some(std::env::consts::OS.to_owned()),
        device_family: Some(capitalised(std::env::consts::OS)),
        model_identifier: Some(std::env::consts::ARCH.to_owned()),
        mode: Some("gateway".to_owned()),
        reason: Some("self".to_owned()),
        text: format!("Gateway: {shown} · app {version} · mode gateway · reason self"),
        ts: now_ms,
        ..PresenceEntry::default()
    }
}

fn capitalised(word: &str) -> String {
    let mut marks = word.chars();
    marks.next().map_or_else(String::new, |first| first.to_uppercase().chain(marks).collect())
}
