//! What the HTTP edge reads from the configuration, at each request.

use std::time::Duration;

use super::openai::BodyRules;

/// The settings of the HTTP edge.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Whether drills are allowed (`gateway.faults.enabled`).
    pub faults_enabled: bool,
    /// Whether `/v1/chat/completions` answers (`gateway.http.endpoints.chatCompletions.enabled`).
    pub chat_completions_enabled: bool,
    /// Whether `/v1/responses` answers (`gateway.http.endpoints.responses.enabled`).
    pub responses_enabled: bool,
    /// Whether `/v1/models` answers (`gateway.http.endpoints.models.enabled`).
    pub models_enabled: bool,
    /// Whether `/tools/invoke` answers (`gateway.http.endpoints.toolsInvoke.enabled`).
    pub tools_invoke_enabled: bool,
    /// The most bytes of any other body; a larger one is answered with 413.
    pub body_bytes_max: usize,
    /// The most bytes of a body of `/tools/invoke`.
    pub tools_body_bytes_max: usize,
    /// What a body of `/v1/chat/completions` may hold.
    pub chat: BodyRules,
    /// What a body of `/v1/responses` may hold.
    pub responses: BodyRules,
    /// The agent for requests that name none.
    pub default_agent: String,
    /// Every agent there is.
    pub agents: Vec<String>,
    /// The name of each agent's main session (`session.mainKey`).
    pub main_key: String,
    /// How long a waiting client is held at the most; longer than a turn's own deadline, so that this one is told.
    pub turn_wait_max: Duration,
}

impl Default for HttpSettings {
    /// Endpoints on, drills off; bodies of 1 MiB, 2 MiB for tools, 20 MB for chat completions and responses.
    fn default() -> Self {
        Self {
            faults_enabled: false,
            chat_completions_enabled: true,
            responses_enabled: true,
            models_enabled: true,
            tools_invoke_enabled: true,
            body_bytes_max: 1024 * 1024,
            tools_body_bytes_max: 2 * 1024 * 1024,
            chat: BodyRules::chat_completions(),
            responses: BodyRules::responses(),
            default_agent: "main".into(),
            agents: vec!["main".into()],
            main_key: "main".into(),
            turn_wait_max: Duration::from_secs(660),
        }
    }
}
