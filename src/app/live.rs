//! The configuration of the moment, cut for everybody who reads it.

use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use callboard_actors::agent::{Provider, ProviderError, Providers, ToolPolicy};
use callboard_actors::channel::webchat::WebChatDesk;
use callboard_actors::channel::{Account, ChannelSettings, Meaning, Orders};
use callboard_actors::core::{Clock, Live};
use callboard_actors::mcp::McpSettings;
use callboard_actors::ports::StoreLimits;
use callboard_actors::registry::RouteSettings;
use callboard_actors::session::SessionSettings;
use serde_json::Value;

use super::{bodies, logging, models};
use crate::access::{AccessSettings, Auth, Exposure};
use crate::config::Config;
use crate::config::model::{AuthMode, Bind};
use crate::config::slices::{GatewaySettings, ModelsConfig, Slices};
use crate::http::HttpSettings;
use crate::logs::mailbox::MailboxSettings;
use crate::media::MediaSettings;
use crate::providers::{ProviderStanding, ProviderTable, TableError};
use crate::tools::Reach;
use crate::workspace::Workspaces;

/// The longest that a payload waits where the settings name no limit: ten years.
const FOR_EVER: std::time::Duration = std::time::Duration::from_secs(10 * 365 * 24 * 3600);

/// How much longer a client is held than its turn may take, so that it hears of the deadline.
const TELL_OF_DEADLINE: std::time::Duration = std::time::Duration::from_secs(60);

/// One generation of the configuration, every slice ready to be handed out.
struct Generation {
    config: Config,
    sessions: Arc<SessionSettings>,
    routes: Arc<RouteSettings>,
    channels: Arc<ChannelSettings>,
    accounts: Arc<Vec<Account>>,
    http: Arc<HttpSettings>,
    access: Arc<AccessSettings>,
    store: Arc<StoreLimits>,
    mailboxes: Arc<MailboxSettings>,
    tools: Arc<ToolPolicy>,
    reach: Arc<Reach>,
    workspaces: Arc<Workspaces>,
    media: Arc<MediaSettings>,
    mcp: Arc<Vec<McpSettings>>,
    models: Arc<ModelsConfig>,
    shown: Arc<Value>,
    providers: Arc<ProviderTable>,
}

/// The configuration of the moment. Cheap to clone; every clone sees a reload at once.
#[derive(Clone)]
pub(super) struct LiveConfig {
    current: Arc<ArcSwap<Generation>>,
    clock: Clock,
    webchat: WebChatDesk,
    listener: Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>,
}

impl LiveConfig {
    /// Takes the first configuration.
    ///
    /// # Errors
    /// Its providers cannot be built.
    pub(super) fn new(config: Config, clock: Clock, webchat: WebChatDesk) -> Result<Self, TableError> {
        let current = Arc::new(ArcSwap::from_pointee(Generation::new(config, &clock, &webchat, &[])?));
        Ok(Self { current, clock, webchat, listener: Arc::default() })
    }

    /// Takes the next configuration; the one before goes on when this one cannot be used.
    ///
    /// # Errors
    /// Its providers cannot be built.
    pub(super) fn replace(&self, config: Config) -> Result<(), TableError> {
        let before = self.current.load();
        let next = Generation::new(config, &self.clock, &self.webchat, &before.accounts)?;
        // A key that was refused a moment ago is not asked again because something else was changed.
        next.providers.inherit(&before.providers);
        self.current.store(Arc::new(next));
        if let Some(told) = self.listener.get() {
            told();
        }
        Ok(())
    }

    /// Looks whether a configuration could be taken.
    ///
    /// # Errors
    /// Its providers cannot be built.
    pub(super) fn probe(&self, config: &Config) -> Result<(), TableError> {
        providers(config, &self.clock).map(drop)
    }

    /// Returns the clock that providers go by.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Looks at the whole of this moment.
    pub(super) fn with<T>(&self, look: impl FnOnce(&Config) -> T) -> T {
        look(&self.current.load().config)
    }

    /// Returns the whole of this moment.
    pub(super) fn config(&self) -> Config {
        self.current.load().config.clone()
    }

    pub(super) fn sessions(&self) -> Live<SessionSettings> {
        self.slice(|generation| &generation.sessions)
    }

    pub(super) fn routes(&self) -> Live<RouteSettings> {
        self.slice(|generation| &generation.routes)
    }

    pub(super) fn channels(&self) -> Live<ChannelSettings> {
        self.slice(|generation| &generation.channels)
    }

    pub(super) fn accounts(&self) -> Live<Vec<Account>> {
        self.slice(|generation| &generation.accounts)
    }

    pub(super) fn http(&self) -> Live<HttpSettings> {
        self.slice(|generation| &generation.http)
    }

    pub(super) fn access(&self) -> Live<AccessSettings> {
        self.slice(|generation| &generation.access)
    }

    pub(super) fn store(&self) -> Live<StoreLimits> {
        self.slice(|generation| &generation.store)
    }

    /// Returns the configuration without its secrets.
    pub(super) fn shown(&self) -> Live<Value> {
        self.slice(|generation| &generation.shown)
    }

    pub(super) fn models(&self) -> Live<ModelsConfig> {
        self.slice(|generation| &generation.models)
    }

    /// Returns how the providers' keys and models stand, at each look.
    pub(super) fn standing(&self) -> Live<Vec<ProviderStanding>> {
        let current = Arc::clone(&self.current);
        Live::new(move || Arc::new(current.load().providers.standing()))
    }

    pub(super) fn mailboxes(&self) -> Live<MailboxSettings> {
        self.slice(|generation| &generation.mailboxes)
    }

    pub(super) fn tools(&self) -> Live<ToolPolicy> {
        self.slice(|generation| &generation.tools)
    }

    pub(super) fn reach(&self) -> Live<Reach> {
        self.slice(|generation| &generation.reach)
    }

    pub(super) fn workspaces(&self) -> Live<Workspaces> {
        self.slice(|generation| &generation.workspaces)
    }

    pub(super) fn media(&self) -> Live<MediaSettings> {
        self.slice(|generation| &generation.media)
    }

    pub(super) fn mcp(&self) -> Live<Vec<McpSettings>> {
        self.slice(|generation| &generation.mcp)
    }

    /// Has somebody told of every configuration that is taken over from now on. Only the first one counts.
    pub(super) fn listen(&self, listener: impl Fn() + Send + Sync + 'static) {
        let _ = self.listener.set(Box::new(listener));
    }

    fn slice<T: Send + Sync + 'static>(&self, cut: fn(&Generation) -> &Arc<T>) -> Live<T> {
        let current = Arc::clone(&self.current);
        Live::new(move || Arc::clone(cut(&current.load())))
    }
}

/// Asks the providers of the moment.
impl Providers for LiveConfig {
    fn find(&self, model: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        self.current.load().providers.find(model)
    }

    fn find_for(&self, agent: Option<&str>, default: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        self.current.load().providers.find_for(agent, default)
    }
}

impl Generation {
    fn new(config: Config, clock: &Clock, webchat: &WebChatDesk, before: &[Account]) -> Result<Self, TableError> {
        let providers = Arc::new(providers(&config, clock)?);
        let slices = &config.slices;
        Ok(Self {
            sessions: Arc::new(slices.session.clone()),
            routes: Arc::new(slices.routes.clone()),
            channels: Arc::new(channels(slices)),
            accounts: Arc::new(slices.accounts.iter().map(|account| account.clone().at_desk(webchat).after(before)).collect()),
            http: Arc::new(http(&config)),
            access: Arc::new(access(&slices.gateway)),
            store: Arc::new(slices.store),
            mailboxes: Arc::new(logging::mailbox(&slices.logging)),
            tools: Arc::new(slices.tools.clone()),
            reach: Arc::new(slices.reach.clone()),
            workspaces: Arc::new(slices.workspaces.clone()),
            media: Arc::new(slices.media),
            mcp: Arc::new(slices.mcp.clone()),
            models: Arc::new(slices.models.clone()),
            shown: Arc::new(config.shown()),
            providers,
            config,
        })
    }
}

fn providers(config: &Config, clock: &Clock) -> Result<ProviderTable, TableError> {
    let slices = &config.slices;
    let choices = models::choices(&slices.models, slices.session.model.as_deref(), &slices.agents);
    ProviderTable::new(models::settings(&slices.models), &choices, clock)
}

fn channels(slices: &Slices) -> ChannelSettings {
    let (delivery, commands) = (&slices.delivery, slices.session.commands.clone());
    ChannelSettings {
        orders: Orders::new(move |message| match message {
            message if commands.is_order(message) => Meaning::Order,
            message if commands.is_command(message) => Meaning::Command,
            _ => Meaning::Message,
        }),
        attempts_max: delivery.attempts_max,
        crashes_max: delivery.crashes_max,
        outbound_age_max: delivery.age_max.unwrap_or(FOR_EVER),
        context_max: slices.overheard_max,
        ack: slices.ack.clone(),
    }
}

fn http(config: &Config) -> HttpSettings {
    let slices = &config.slices;
    let gateway = &slices.gateway;
    HttpSettings {
        faults_enabled: gateway.faults,
        chat_completions_enabled: gateway.chat_completions.enabled,
        responses_enabled: gateway.responses.enabled,
        chat: bodies::chat(&gateway.chat_completions),
        responses: bodies::responses(&gateway.responses),
        models_enabled: gateway.models,
        tools_invoke_enabled: gateway.tools_invoke,
        default_agent: slices.routes.default_agent.clone(),
        agents: slices.routes.agents.clone(),
        main_key: slices.routes.main_key.clone(),
        turn_wait_max: slices.session.turn_timeout + TELL_OF_DEADLINE,
        ..HttpSettings::default()
    }
}

fn access(gateway: &GatewaySettings) -> AccessSettings {
    AccessSettings {
        auth: auth(gateway),
        exposure: match gateway.bind {
            Bind::Loopback => Exposure::Loopback,
            Bind::Lan | Bind::Tailnet | Bind::Auto | Bind::Custom => Exposure::Network,
        },
        hosts: gateway.hosts.clone(),
        origins: gateway.origins.clone(),
        allow_tailscale: gateway.allow_tailscale,
        allow_insecure_auth: gateway.allow_insecure_auth,
        disable_device_auth: gateway.disable_device_auth,
        trusted_proxies: gateway.trusted_proxies.clone(),
        ..AccessSettings::default()
    }
}

fn auth(gateway: &GatewaySettings) -> Auth {
    let secret = gateway.auth.secret().cloned().unwrap_or_default();
    match gateway.auth.mode {
        Some(AuthMode::Password) => Auth::Password(secret),
        // An empty token lets nobody in.
        Some(AuthMode::Token) | None => Auth::Token(secret),
    }
}
