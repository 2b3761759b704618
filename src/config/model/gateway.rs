//! `gateway.*`.

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{ChatCompletions, HttpTools, Responses};

/// The gateway itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Gateway {
    /// Whether this machine runs the gateway (`local`) or its command line uses one elsewhere (`remote`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// The port to listen on; 0 takes any free one. Without it 18789, with `--dev` 19001.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 65535))]
    pub port: Option<u16>,
    /// Which addresses to listen on.
    pub bind: Bind,
    /// The address of `bind: "custom"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_bind_host: Option<String>,
    /// Who may use the gateway.
    pub auth: Auth,
    /// The HTTP interface.
    pub http: Http,
    /// The control UI.
    pub control_ui: ControlUi,
    /// What clients over HTTP can have done.
    pub tools: HttpTools,
    /// Faults made on purpose, for drills.
    pub faults: Faults,
    /// What happens when the config file changes.
    pub reload: Reload,
    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed.
    #[schemars(length(max = 64))]
    pub trusted_proxies: Vec<String>,
    /// The gateway that the command line uses with `mode: "remote"`.
    pub remote: Remote,
    /// How long turns may take to finish at shutdown, in seconds; what is not finished then is run again at the next start.
    #[schemars(range(min = 0, max = 600))]
    pub drain_sec: u64,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            mode: None,
            port: None,
            bind: Bind::default(),
            custom_bind_host: None,
            auth: Auth::default(),
            http: Http::default(),
            control_ui: ControlUi::default(),
            tools: HttpTools::default(),
            faults: Faults::default(),
            reload: Reload::default(),
            trusted_proxies: Vec::new(),
            remote: Remote::default(),
            drain_sec: 10,
        }
    }
}

/// Where the gateway runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Here.
    Local,
    /// Elsewhere.
    Remote,
}

/// Which addresses to listen on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Bind {
    /// Only this machine.
    #[default]
    Loopback,
    /// Every address.
    Lan,
    /// The tailnet's address.
    Tailnet,
    /// The tailnet's address if there is one, else loopback.
    Auto,
    /// `customBindHost`.
    Custom,
}

/// Who may use the gateway.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Auth {
    /// What clients show; without it `token`, or `password` when only a password is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<AuthMode>,
    /// The shared token. The variable `CALLBOARD_GATEWAY_TOKEN` wins over it.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub token: Option<SecretString>,
    /// The shared password. The variable `CALLBOARD_GATEWAY_PASSWORD` wins over it.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
    /// Whether the tailnet's proxy on this machine is believed when it says who asks.
    pub allow_tailscale: bool,
}

/// What clients show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// The token.
    Token,
    /// The password.
    Password,
}

/// The HTTP interface.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Http {
    /// Compatible endpoints, each of which can be switched.
    pub endpoints: Endpoints,
    /// Names under which the gateway is reached beside those of the loopback and of a tailnet, without port. When there are some,
    /// requests under other names are refused; without any, only those of web pages are. Addresses need no name here.
    #[schemars(length(max = 64))]
    pub hosts: Vec<String>,
}

/// The control UI.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ControlUi {
    /// Origins of pages that may change things and read answers (CORS) beside the gateway's own, for example
    /// `https://bot.example.org`.
    #[schemars(length(max = 64))]
    pub allowed_origins: Vec<String>,
    /// Whether the control UI may do without a device identity on a page without TLS, where browsers cannot make one.
    pub allow_insecure_auth: bool,
    /// Whether the control UI's device identity is not looked at, so that the token alone lets in. For emergencies only.
    pub dangerously_disable_device_auth: bool,
}

/// What happens when the config file changes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Reload {
    /// `hybrid` takes over what can be while running and restarts for the rest, `hot` leaves the rest for the next start,
    /// `restart` restarts for every change, `off` does not look at the file; SIGHUP and the control plane still have it read.
    pub mode: ReloadMode,
    /// How long the file has to be left alone before it is read, in milliseconds.
    #[schemars(range(min = 0, max = 60_000))]
    pub debounce_ms: u64,
}

impl Default for Reload {
    fn default() -> Self {
        Self { mode: ReloadMode::default(), debounce_ms: 300 }
    }
}

/// What happens when the config file changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReloadMode {
    /// Taken over while running; a restart where that is not enough.
    #[default]
    Hybrid,
    /// Taken over while running; the rest at the next start.
    Hot,
    /// A restart for every change.
    Restart,
    /// Nothing.
    Off,
}

/// Compatible endpoints.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Endpoints {
    /// `POST /v1/chat/completions`.
    pub chat_completions: ChatCompletions,
    /// `POST /v1/responses`.
    pub responses: Responses,
    /// `GET /v1/models` and `GET /v1/models/{id}`.
    pub models: Endpoint,
    /// `POST /tools/invoke`.
    pub tools_invoke: Endpoint,
}

/// A compatible endpoint.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Endpoint {
    /// Whether it answers.
    pub enabled: bool,
}

impl Default for Endpoint {
    fn default() -> Self {
        Self { enabled: true }
    }
}

/// Faults made on purpose.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Faults {
    /// Whether `POST /admin/actors/{id}/fault` exists. Never on a gateway that matters.
    pub enabled: bool,
}

/// A gateway elsewhere.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Remote {
    /// Its address: `http`, `https`, `ws` or `wss`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its token.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub token: Option<SecretString>,
    /// Its password.
    #[serde(skip_serializing)]
    #[schemars(with = "Option<String>")]
    pub password: Option<SecretString>,
}
