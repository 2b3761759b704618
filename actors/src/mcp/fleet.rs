//! Which servers there are.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;

use super::actor::{McpActor, McpParts, lender};
use super::desk::McpDesk;
use super::settings::McpSettings;
use crate::agent::Toolbox;
use crate::core::{ActorId, Live, Supervisor};
use crate::ports::{McpDialer, MediaRoom};

/// How long until a server that could not be started is tried again.
const AGAIN: Duration = Duration::from_millis(200);

/// What the fleet is lent.
#[derive(Clone)]
pub struct McpFleetParts {
    /// Who keeps the actors alive.
    pub supervisor: Supervisor,
    /// The servers of the moment, those that are disabled left out.
    pub servers: Live<Vec<McpSettings>>,
    /// Who connects.
    pub dialer: Arc<dyn McpDialer>,
    /// What others see.
    pub desk: Arc<McpDesk>,
    /// Where tools are lent to.
    pub toolbox: Arc<Toolbox>,
    /// Where pictures and files of answers go.
    pub media: Arc<dyn MediaRoom>,
}

/// Starts, restarts and retires the actors of servers, as the configuration has them.
pub struct McpFleet {
    parts: McpFleetParts,
    running: Mutex<BTreeMap<String, u64>>,
}

impl McpFleet {
    /// Returns a fleet of none; [`McpFleet::reconcile`] starts what there is.
    #[must_use]
    pub fn new(parts: McpFleetParts) -> Self {
        Self { parts, running: Mutex::default() }
    }

    /// Brings what runs in line with the configuration of the moment: a server whose settings changed is connected anew, the others
    /// go on. One that comes back while its actor is still ending is tried again a moment later.
    pub fn reconcile(self: &Arc<Self>) {
        let McpFleetParts { supervisor, servers, dialer, desk, toolbox, media } = &self.parts;
        let wanted = servers.get();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mut gone = std::mem::take(&mut *running);
        for settings in wanted.iter() {
            let name = &settings.server.name;
            match gone.remove(name) {
                Some(fingerprint) if fingerprint == settings.fingerprint => {}
                Some(_) => supervisor.restart_soon(&id(name)),
                None => {
                    let (servers, dialer, clock) = (servers.clone(), Arc::clone(dialer), supervisor.clock().clone());
                    let (desk, toolbox, media) = (Arc::clone(desk), Arc::clone(toolbox), Arc::clone(media));
                    let parts = McpParts { servers, dialer, desk, toolbox, media, clock };
                    self.parts.desk.open(name, supervisor.clock().now_ms());
                    if let Err(error) = supervisor.start(McpActor::spec(name, parts)) {
                        tracing::warn!(event = "mcp.not_started", server = name, "{error}; it is tried again");
                        self.take_out(name);
                        self.reconcile_later();
                        continue;
                    }
                }
            }
            running.insert(name.clone(), settings.fingerprint);
        }
        for name in gone.into_keys() {
            supervisor.retire(&id(&name));
            self.take_out(&name);
        }
    }

    /// Forgets a server first: its actor may be about to lend tools, and from then on it lends none.
    fn take_out(&self, name: &str) {
        self.parts.desk.forget(name);
        self.parts.toolbox.give_back(&lender(name));
    }

    fn reconcile_later(self: &Arc<Self>) {
        // Outside of a runtime the next change of the configuration looks again.
        let Ok(runtime) = Handle::try_current() else { return };
        let (fleet, clock) = (Arc::downgrade(self), self.parts.supervisor.clock().clone());
        runtime.spawn(async move {
            clock.sleep(AGAIN).await;
            if let Some(fleet) = fleet.upgrade() {
                fleet.reconcile();
            }
        });
    }
}

impl std::fmt::Debug for McpFleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("McpFleet").field(&self.parts.desk).finish()
    }
}

fn id(server: &str) -> ActorId {
    ActorId::new(format!("mcp:{server}"))
}
