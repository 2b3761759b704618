//! `agents.list`, `agent.identity.get`, `models.*`, `usage.status`: gateway-protocol §7.2 and §7.3.

use callboard_actors::client::{Refusal, Scope};
use callboard_actors::session::CONTEXT_TOKENS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::turns::{agent_named, own_session};
use crate::config::model::{AboutModel, ModelInput};
use crate::providers::{ProviderStanding, Rest};
use crate::ws::Control;
use crate::ws::params::invalid;
use crate::ws::table::{Cx, Free, Method, Nothing, SHORT, method};

/// The name of an agent that has none.
const NAME: &str = "Assistant";

pub(super) const METHODS: &[Method] = &[
    method!("agents.list", Scope::Read, SHORT, "Lists the agents.", Nothing => Agents, list),
    method!("agent.identity.get", Scope::Read, SHORT, "Tells who an agent is, named by itself or by a session of its.", IdentityParams => Identity, identity),
    method!("models.list", Scope::Read, SHORT, "Lists the models that can be asked.", ModelsParams => Models, models),
    method!("models.status", Scope::Read, SHORT, "Tells which keys and models are left alone after a failure.", Nothing => Standing, status),
    method!("usage.status", Scope::Read, SHORT, "Tells which providers cannot be used as usual; quotas of accounts are not known.", Nothing => Free, usage_status),
];

/// The agents.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Agents {
    /// The one for what no binding matches.
    default_id: String,
    /// The main session's name.
    main_key: String,
    /// How sessions are told apart: by who sends.
    scope: &'static str,
    /// The agents.
    agents: Vec<Agent>,
}

/// One agent.
#[derive(Debug, Serialize, JsonSchema)]
struct Agent {
    /// Its id.
    id: String,
    /// Its name for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

async fn list(cx: Cx, _: Nothing) -> Result<Agents, Refusal> {
    let routes = cx.control.routes.get();
    let agents = routes.agents.iter().map(|id| Agent { id: id.clone(), name: name(&cx.control, id) }).collect();
    Ok(Agents { default_id: routes.default_agent.clone(), main_key: routes.main_key.clone(), scope: "per-sender", agents })
}

fn name(control: &Control, id: &str) -> Option<String> {
    let shown = control.shown.get();
    let listed = shown.pointer("/agents/list")?.as_array()?;
    let entry = listed.iter().find(|entry| entry.get("id").and_then(Value::as_str) == Some(id))?;
    entry.get("name")?.as_str().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// Whose identity; the default agent's without.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct IdentityParams {
    /// The agent.
    #[serde(default)]
    #[schemars(length(max = 128))]
    agent_id: Option<String>,
    /// A session of its.
    #[serde(default)]
    #[schemars(length(max = 1_024))]
    session_key: Option<String>,
}

/// Who an agent is.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Identity {
    /// Its id.
    agent_id: String,
    /// Its name for people.
    name: String,
    /// What stands for it in small: the first letter of its name.
    avatar: String,
}

async fn identity(cx: Cx, IdentityParams { agent_id, session_key }: IdentityParams) -> Result<Identity, Refusal> {
    let filled = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let named = filled(agent_id).map(|id| agent_named(&cx.control, &id)).transpose()?;
    let session = filled(session_key).map(|key| own_session(&cx.control, &key)).transpose()?;
    let of_session = session.as_ref().and_then(|session| session.key.agent());
    if let (Some(named), Some(other)) = (&named, of_session)
        && named != other
    {
        let what = format!("agent \"{named}\" does not match session key agent \"{other}\"");
        return Err(invalid("agent.identity.get", &what).into());
    }
    let default = || cx.control.routes.get().default_agent.clone();
    let id = named.or_else(|| of_session.map(str::to_owned)).unwrap_or_else(default);
    let name = name(&cx.control, &id).unwrap_or_else(|| NAME.to_owned());
    let avatar = name.chars().take(1).flat_map(char::to_uppercase).collect();
    Ok(Identity { agent_id: id, name, avatar })
}

/// How much newer clients want to know; the list is the same.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct ModelsParams {
    /// Which part of the catalogue; there is one.
    #[serde(default)]
    #[schemars(length(max = 64))]
    #[expect(dead_code, reason = "taken, and without effect")]
    view: Option<String>,
    /// Whether more is to be told of each; all that is known is told always.
    #[serde(default)]
    #[expect(dead_code, reason = "taken, and without effect")]
    include_details: Option<bool>,
}

/// The models.
#[derive(Debug, Serialize, JsonSchema)]
struct Models {
    /// The models, by provider.
    models: Vec<ModelRow>,
}

/// One model.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct ModelRow {
    /// Its id at its provider.
    id: String,
    /// Its name for people.
    name: String,
    /// Its provider.
    provider: String,
    /// How many tokens it is taken to read at the most.
    context_window: u64,
    /// Whether it is asked to think first.
    reasoning: bool,
    /// What it takes.
    input: Vec<&'static str>,
    /// How long it is left alone after a failure, and why: by itself, or because all keys of its provider are.
    #[serde(skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
}

impl ModelRow {
    fn new(provider: &str, id: &str) -> Self {
        let (id, provider) = (id.to_owned(), provider.to_owned());
        Self {
            name: id.clone(),
            id,
            provider,
            context_window: CONTEXT_TOKENS,
            reasoning: false,
            input: vec!["text"],
            rest: None,
        }
    }

    fn about(provider: &str, about: &AboutModel) -> Self {
        let pictures = about.input.as_ref().is_some_and(|input| input.contains(&ModelInput::Image));
        Self {
            name: about.name.clone().unwrap_or_else(|| about.id.clone()),
            context_window: about.context_window.unwrap_or(CONTEXT_TOKENS),
            reasoning: about.reasoning.unwrap_or_default(),
            input: if pictures { vec!["text", "image"] } else { vec!["text"] },
            ..Self::new(provider, &about.id)
        }
    }
}

async fn models(cx: Cx, _: ModelsParams) -> Result<Models, Refusal> {
    let known = cx.control.models.get();
    let mut models = Vec::new();
    for provider in &known.providers {
        models.extend(provider.models.iter().map(|about| ModelRow::about(&provider.name, about)));
        if provider.models.is_empty() {
            // It is asked by its own name.
            models.push(ModelRow::new(&provider.name, &provider.name));
        }
    }
    if models.is_empty() {
        models.push(ModelRow::new("echo", "echo"));
    }
    let standing = cx.control.standing.get();
    for row in &mut models {
        let provider = standing.iter().find(|standing| standing.provider == row.provider);
        row.rest = provider.and_then(|provider| provider.rest_of(&row.id)).cloned();
    }
    Ok(Models { models })
}

/// How the providers stand.
#[derive(Debug, Serialize, JsonSchema)]
struct Standing {
    /// When this was looked at, milliseconds since 1970.
    ts: i64,
    /// Each provider, by name.
    providers: Vec<ProviderStanding>,
}

async fn status(cx: Cx, _: Nothing) -> Result<Standing, Refusal> {
    Ok(Standing { ts: cx.control.clock().now_ms(), providers: cx.control.standing.get().to_vec() })
}

/// Clients show a window for each quota of an account, and an error where there is one.
async fn usage_status(cx: Cx, _: Nothing) -> Result<Free, Refusal> {
    let standing = cx.control.standing.get();
    let told = standing.iter().filter_map(|provider| {
        let error = trouble(provider)?;
        Some(json!({ "provider": provider.provider, "displayName": provider.provider, "windows": [], "error": error }))
    });
    Ok(Free(json!({ "updatedAt": cx.control.clock().now_ms(), "providers": told.collect::<Vec<_>>() })))
}

/// Returns what rests of a provider, for people.
fn trouble(provider: &ProviderStanding) -> Option<String> {
    let keys = provider.keys.iter().filter_map(|key| Some((format!("key {}", key.name), key.rest.as_ref()?)));
    let models = provider.models.iter().filter_map(|model| Some((format!("model {}", model.model), model.rest.as_ref()?)));
    let told: Vec<_> = keys
        .chain(models)
        .map(|(what, rest)| format!("{what} rests for {} s after {}", rest.left_ms.div_ceil(1_000), rest.code))
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}
