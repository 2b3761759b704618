//! From a body to a tool.

use actix_web::http::header::HeaderMap;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::agent::{Entrance, ToolContext, ToolFault, ToolOutput};
use callboard_actors::message::{Code, SessionKey, TraceId};
use callboard_actors::registry::{client_key, main_key};
use serde_json::json;

use super::answer::{ToolAnswer, ToolRefusal, done, refused};
use super::request::{Invocation, Run, ToolRequest};
use crate::http::body::{Body, Tools};
use crate::http::error::{ApiError, ErrorBody};
use crate::http::gateway::Gateway;
use crate::http::named::{checked, header};
use crate::http::observe::Trace;
use crate::http::settings::HttpSettings;

/// Calls one of the gateway's own tools. The policy is the one of every way in, with more kept from HTTP.
#[utoipa::path(
    post, path = "/tools/invoke", tag = "tools", request_body = ToolRequest,
    params(
        ("x-callboard-message-channel" = Option<String>, Header, description = "the integration that the conversation comes by"),
        ("x-callboard-account-id" = Option<String>, Header, description = "the login that it comes by")
    ),
    responses(
        (status = 200, body = ToolAnswer),
        (status = 400, body = ToolRefusal, description = "the tool could not do it; or the body is wrong, in the form of other failures"),
        (status = 401, body = ErrorBody), (status = 404, body = ToolRefusal, description = "no such tool, or not over HTTP"),
        (status = 413, body = ErrorBody), (status = 429, body = ToolRefusal), (status = 500, body = ToolRefusal),
        (status = 503, body = ToolRefusal)
    )
)]
pub(in crate::http) async fn invoke(
    gateway: Data<Gateway>,
    request: HttpRequest,
    trace: Trace,
    body: Body<Tools>,
) -> Result<HttpResponse, ApiError> {
    let settings = gateway.settings.get();
    if !settings.tools_invoke_enabled {
        let text = "tools are off: set `gateway.http.endpoints.toolsInvoke.enabled`";
        return Err(ApiError::new(Code::NotFound, text));
    }
    let mut invocation = Invocation::parse(&body.bytes)?;
    let context = context(&settings, request.headers(), &invocation, trace.0)?;
    match run(&gateway, context, &mut invocation).await {
        Ok(output) => Ok(done(output)),
        Err(fault) => Ok(refused(&fault)),
    }
}

async fn run(gateway: &Gateway, context: ToolContext, invocation: &mut Invocation) -> Result<ToolOutput, ToolFault> {
    let tool = gateway.tools.find(context, &invocation.tool)?;
    invocation.merge(&tool);
    let args = std::mem::take(&mut invocation.args);
    if invocation.run == Run::Dry {
        tool.check(&args)?;
        let name = &invocation.tool;
        let text = format!("dry run: `{name}` was not called");
        return Ok(ToolOutput::new(text, json!({ "dryRun": true, "tool": name, "args": args })));
    }
    tool.call(args).await
}

/// Says for whom the tool is called.
fn context(
    settings: &HttpSettings,
    headers: &HeaderMap,
    invocation: &Invocation,
    trace: TraceId,
) -> Result<ToolContext, ApiError> {
    let named = |what: &str| match header(headers, what)? {
        Some((name, text)) => checked(&name, text).map(|text| Some(text.to_lowercase())),
        None => Ok(None),
    };
    let (agent, session) = session(settings, headers, invocation)?;
    let (channel, account) = (named("message-channel")?, named("account-id")?);
    Ok(ToolContext { channel, account, ..ToolContext::new(Entrance::Http, session, agent, trace) })
}

/// Returns the agent and the session that a call is for.
fn session(settings: &HttpSettings, headers: &HeaderMap, invocation: &Invocation) -> Result<(String, SessionKey), ApiError> {
    let by_header = header(headers, "agent-id")?;
    let wanted = match (&invocation.agent_id, &by_header) {
        (Some(agent), _) => Some(("agentId".to_owned(), agent.as_str())),
        (None, Some((name, agent))) => Some((name.clone(), *agent)),
        (None, None) => None,
    };
    let key = invocation.session_key.as_deref().map(|key| checked("sessionKey", key)).transpose()?;
    let by_name = wanted.as_ref().map(|(param, wanted)| known(settings, param, wanted)).transpose()?;
    let agent = by_name.unwrap_or_else(|| settings.default_agent.clone());
    let Some(key) = key else { return Ok((agent.clone(), main_key(&agent, &settings.main_key))) };
    let session = client_key(&agent, &settings.main_key, key);
    let session = session.map_err(|error| ApiError::field("sessionKey", error.to_string()))?;
    let own = session.agent().unwrap_or_default();
    match wanted {
        Some((param, _)) if own != agent => {
            let text = format!("the agent of `{param}` is not that of `sessionKey`");
            Err(ApiError::field(param, text))
        }
        Some(_) => Ok((agent, session)),
        None => Ok((known(settings, "sessionKey", own)?, session)),
    }
}

fn known(settings: &HttpSettings, param: &str, agent: &str) -> Result<String, ApiError> {
    let known = settings.agents.iter().find(|known| known.eq_ignore_ascii_case(agent)).cloned();
    known.ok_or_else(|| {
        ApiError::field(param, format!("no agent `{}` is configured: GET /v1/models lists them", agent.escape_default()))
    })
}
