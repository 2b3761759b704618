//! What the HTTP edge reads from the configuration, at each request.

use std::time::Duration;

use secrecy::SecretString;

/// Who may ask.
#[derive(Clone, Debug)]
pub enum Auth {
    /// Whoever has the token (`gateway.auth.mode` `token`). An empty one lets nobody in.
    Token(SecretString),
    /// Whoever has the password (`gateway.auth.mode` `password`). An empty one lets nobody in.
    Password(SecretString),
    /// Everybody: for tests, never for a listening gateway.
    Open,
}

/// From where the listener can be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// From this machine only: a foreign `Host` is a page that had its name point here, and is refused.
    Loopback,
    /// From elsewhere, under names that nobody knows here: `Host` is checked only when `hosts` names some.
    Network,
}

/// The settings of the HTTP edge.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Who may ask; read at each request, so a new token holds at once.
    pub auth: Auth,
    /// From where the listener can be reached.
    pub exposure: Exposure,
    /// Host names that are ours, beside those of the loopback (`gateway.http.hosts`); without port, lower-case.
    pub hosts: Vec<String>,
    /// Origins of pages that may change things, beside our own (`gateway.controlUi.allowedOrigins`), as browsers write them.
    pub origins: Vec<String>,
    /// Whether drills are allowed (`gateway.faults.enabled`).
    pub faults_enabled: bool,
    /// Whether `/v1/chat/completions` answers (`gateway.http.endpoints.chatCompletions.enabled`).
    pub chat_completions_enabled: bool,
    /// The most bytes of a body; a larger one is answered with 413.
    pub body_bytes_max: usize,
    /// How many wrong credentials one address may send at once before it hears 429; read when the gateway is made.
    pub failed_auth_burst: u32,
    /// How many more each minute gives back; read when the gateway is made.
    pub failed_auth_per_minute: u32,
    /// The agent for requests that name none.
    pub default_agent: String,
    /// Every agent there is.
    pub agents: Vec<String>,
    /// How long a waiting client is held at the most; longer than a turn's own deadline, so that this one is told.
    pub turn_wait_max: Duration,
}

impl Default for HttpSettings {
    /// An empty token, so nobody is let in until one is set; loopback; chat completions on, drills off; 1 MiB.
    fn default() -> Self {
        Self {
            auth: Auth::Token(SecretString::default()),
            exposure: Exposure::Loopback,
            hosts: Vec::new(),
            origins: Vec::new(),
            faults_enabled: false,
            chat_completions_enabled: true,
            body_bytes_max: 1024 * 1024,
            failed_auth_burst: 10,
            failed_auth_per_minute: 30,
            default_agent: "main".into(),
            agents: vec!["main".into()],
            turn_wait_max: Duration::from_secs(660),
        }
    }
}
