//! One server's life.

use std::sync::Arc;
use std::time::Duration;

use super::desk::McpDesk;
use super::lent::{TOOLS_MAX, lent};
use super::settings::McpSettings;
use crate::agent::Toolbox;
use crate::core::{ActorId, ActorKind, ActorSpec, Backoff, Behaviour, BuildError, Clock, Live, Scope};
use crate::ports::{McpDialer, McpFault, McpLink, McpToolSpec, MediaRoom};

/// How long a server may take to start and to say what it has.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(60);
/// How often a server is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(30);
/// How long it may take to say so.
const PING_TIME_MAX: Duration = Duration::from_secs(20);
/// How much longer than all of that a task may be silent before its actor is taken for stuck.
const SPARE: Duration = Duration::from_secs(30);
/// How waits grow between connections.
const RECONNECT: Backoff = Backoff { base: Duration::from_millis(250), max: Duration::from_secs(60), jitter: 0.2 };
/// How long a connection has to last for the failures before it to be forgotten.
const STABLE_AFTER: Duration = Duration::from_secs(30);

/// What the actors of servers are lent.
#[derive(Clone)]
pub(super) struct McpParts {
    pub(super) servers: Live<Vec<McpSettings>>,
    pub(super) dialer: Arc<dyn McpDialer>,
    pub(super) desk: Arc<McpDesk>,
    pub(super) toolbox: Arc<Toolbox>,
    pub(super) media: Arc<dyn MediaRoom>,
    pub(super) clock: Clock,
}

/// Keeps the connection to one server.
pub struct McpActor {
    settings: McpSettings,
    parts: McpParts,
    held: Option<Held>,
    /// How many connections in a row failed or did not last.
    failures: u32,
}

/// A connection. With it goes the server's process, also when its actor panics.
struct Held {
    link: Arc<dyn McpLink>,
    since: Duration,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.link.close();
    }
}

/// A server is told nothing through its mailbox: calls go to it straight, and its own news is a wake-up.
#[derive(Debug)]
pub enum Nothing {}

impl McpActor {
    /// Returns how the actor is made.
    pub(super) fn spec(name: &str, parts: McpParts) -> ActorSpec<Self> {
        let id = ActorId::new(format!("mcp:{name}"));
        let name = name.to_owned();
        ActorSpec::new(id, ActorKind::Mcp, move || {
            let servers = parts.servers.get();
            let settings = servers.iter().find(|settings| settings.server.name == name).cloned();
            let gone = || BuildError::misconfigured(format!("`mcp.servers.{name}` is no longer there, or is disabled"));
            Ok(Self { settings: settings.ok_or_else(gone)?, parts: parts.clone(), held: None, failures: 0 })
        })
    }

    fn name(&self) -> &str {
        &self.settings.server.name
    }

    fn dial(&mut self, scope: &mut Scope<'_, Self>) {
        self.parts.desk.connecting(self.name(), scope.clock().now_ms());
        let bell = scope.myself().bell();
        let (dialer, server, clock) =
            (Arc::clone(&self.parts.dialer), Arc::clone(&self.settings.server), scope.clock().clone());
        scope.child(
            "connect",
            CONNECT_TIME_MAX + SPARE,
            |_| async move {
                let connect = async {
                    let link = dialer.dial(server, Arc::new(move || bell.ring())).await?;
                    // A server that does not say what it has is of no use, and its process ends here.
                    let held = Held { link, since: clock.elapsed() };
                    let specs = held.link.tools(TOOLS_MAX).await?;
                    Ok::<_, McpFault>((held, specs))
                };
                let late = || {
                    McpFault::new(
                        crate::message::Code::Timeout,
                        format!("not connected after {} s", CONNECT_TIME_MAX.as_secs()),
                    )
                };
                clock.within(CONNECT_TIME_MAX, connect).await.unwrap_or_else(|| Err(late()))
            },
            |actor, connected, scope| match connected {
                Ok((held, specs)) => actor.connected(held, specs, scope),
                Err(error) => actor.lost(&error.reason, scope),
            },
        );
    }

    fn connected(&mut self, held: Held, specs: Vec<McpToolSpec>, scope: &mut Scope<'_, Self>) {
        let link = Arc::clone(&held.link);
        self.held = Some(held);
        let count = self.lend(specs, scope.clock());
        self.parts.desk.up(self.name(), Arc::clone(&link), count, scope.clock().now_ms());
        tracing::info!(event = "mcp.connected", actor = %scope.id(), tools = count);
        let clock = scope.clock().clone();
        scope.child(
            "watch",
            PING_EVERY + PING_TIME_MAX + SPARE,
            |progress| async move {
                let mut closed = link.closed();
                loop {
                    tokio::select! {
                        why = &mut closed => return why,
                        () = clock.sleep(PING_EVERY) => {}
                    }
                    match clock.within(PING_TIME_MAX, link.ping()).await {
                        Some(Ok(())) => progress.stamp(),
                        Some(Err(error)) => return error.reason,
                        None => return format!("it did not answer a ping within {} s", PING_TIME_MAX.as_secs()),
                    }
                }
            },
            |actor, why, scope| actor.lost(&why, scope),
        );
    }

    fn lend(&self, specs: Vec<McpToolSpec>, clock: &Clock) -> usize {
        let (tools, mut left_out) = lent(&self.settings, specs, &self.parts.desk, &self.parts.media, clock);
        let offered = tools.len();
        let Self { parts: McpParts { desk, toolbox, .. }, .. } = self;
        let Some(bad) = desk.lend(self.name(), || toolbox.lend(&lender(self.name()), tools)) else { return 0 };
        let count = offered.saturating_sub(bad.len());
        left_out.extend(bad.iter().map(ToString::to_string));
        for why in left_out {
            tracing::warn!(event = "mcp.tool_left_out", server = self.name(), "{why}");
        }
        count
    }

    /// Goes on without a connection: the tools stay in the toolbox, and a call says that the server is away.
    fn lost(&mut self, why: &str, scope: &mut Scope<'_, Self>) {
        let lasted = self.held.take().map(|held| scope.clock().elapsed().saturating_sub(held.since));
        if lasted.is_some_and(|lasted| lasted >= STABLE_AFTER) {
            self.failures = 0;
        }
        self.failures = self.failures.saturating_add(1);
        self.parts.desk.down(self.name(), Some(why.to_owned()), scope.clock().now_ms());
        let wait = RECONNECT.wait(self.failures);
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        tracing::warn!(event = "mcp.lost", actor = %scope.id(), wait_ms, "{why}");
        scope.after(wait, Self::dial);
    }
}

/// Returns the name under which a server lends its tools.
pub(super) fn lender(server: &str) -> String {
    format!("mcp:{server}")
}

impl Behaviour for McpActor {
    type Message = Nothing;

    fn started(&mut self, scope: &mut Scope<'_, Self>) {
        self.dial(scope);
    }

    fn receive(&mut self, message: Nothing, _: &mut Scope<'_, Self>) {
        match message {}
    }

    /// The server's tools are others now.
    fn woken(&mut self, scope: &mut Scope<'_, Self>) {
        let Some(held) = &self.held else { return };
        let specs = held.link.tools(TOOLS_MAX);
        scope.run(PING_TIME_MAX, specs, |actor, answer, scope| {
            // One that does not say which it has is noticed by the watch.
            if let Some(Ok(specs)) = answer {
                let count = actor.lend(specs, scope.clock());
                actor.parts.desk.lends(actor.name(), count);
            }
        });
    }

    fn stopping(&mut self, scope: &mut Scope<'_, Self>) {
        self.held = None;
        self.parts.desk.down(self.name(), None, scope.clock().now_ms());
    }
}

impl Drop for McpActor {
    fn drop(&mut self) {
        // After a panic nothing else says so.
        if let Some(held) = self.held.take() {
            self.parts.desk.down(self.name(), Some("its actor was restarted".to_owned()), self.parts.clock.now_ms());
            drop(held);
        }
    }
}
