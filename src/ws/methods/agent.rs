//! `agent` and `agent.wait`: gateway-protocol §7.4.

use std::sync::Arc;
use std::time::Duration;

use callboard_actors::channel::webchat;
use callboard_actors::client::{Payload, Refusal, Scope, WireError};
use callboard_actors::message::{Code, RunId, RunReport, RunStand, RunVerdict, Target};
use callboard_actors::ports::{SessionName, SessionRow};
use callboard_actors::registry::main_key;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::attachments::{self, Attachment};
use super::turns::{self, Named, Ordered, Wishes, agent_named, session_named};
use super::{levels, sessions_changed};
use crate::ws::Control;
use crate::ws::params::invalid;
use crate::ws::table::{Cx, Free, Method, TURN, method};

/// How long `agent.wait` waits when the client names no limit, milliseconds.
const WAIT_MS: u64 = 30_000;

/// The longest that a turn may take and that is waited for one; more is cut to it.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3_600);

/// How often it is looked whether a turn is known by now.
const WAIT_LOOK: Duration = Duration::from_millis(50);

pub(super) const METHODS: &[Method] = &[
    method!("agent", Scope::Write, TURN, "Has an agent run a turn: answered when it is accepted, and again when it is over.", AgentParams => Free, agent),
    method!("agent.wait", Scope::Write, TURN, "Waits for the end of a turn.", WaitParams => Free, wait),
];

/// A turn that is ordered.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct AgentParams {
    /// What the agent is told.
    #[schemars(length(min = 1, max = 524_288))]
    message: String,
    /// The turn's id: the same key is run once.
    #[schemars(length(min = 1, max = 256))]
    idempotency_key: String,
    /// Which agent.
    agent_id: Option<String>,
    /// In which session.
    session_key: Option<String>,
    /// In which session, by the id of its transcript or by a name that is made one.
    #[schemars(length(max = 256))]
    session_id: Option<String>,
    /// Whom it is about, as the channel spells it.
    to: Option<String>,
    /// Where the answer goes, before `to`.
    reply_to: Option<String>,
    /// How much the model is to think.
    thinking: Option<String>,
    /// Whether the answer is sent to a channel.
    deliver: Option<bool>,
    /// Files that go with it.
    attachments: Option<Vec<Attachment>>,
    /// The channel that `to` is of.
    channel: Option<String>,
    /// The channel of the answer, before `channel`.
    reply_channel: Option<String>,
    /// The account of the channel.
    account_id: Option<String>,
    /// The account of the answer, before `accountId`.
    reply_account_id: Option<String>,
    /// The thread of the answer.
    thread_id: Option<String>,
    /// Taken of tools of other gateways, and decides nothing: the session's key has it.
    #[serde(rename = "groupId")]
    _group_id: Option<String>,
    /// As `groupId`.
    #[serde(rename = "groupChannel")]
    _group_channel: Option<String>,
    /// As `groupId`.
    #[serde(rename = "groupSpace")]
    _group_space: Option<String>,
    /// How long it may take, seconds; 0 leaves it to the session.
    timeout: Option<u64>,
    /// Taken, and decides nothing: every session has a lane of its own.
    #[serde(rename = "lane")]
    _lane: Option<String>,
    /// Instructions for this turn alone.
    #[schemars(length(max = 524_288))]
    extra_system_prompt: Option<String>,
    /// The session's name for people.
    #[schemars(length(min = 1, max = 64))]
    label: Option<String>,
    /// The session that made this one.
    spawned_by: Option<String>,
}

async fn agent(mut cx: Cx, mut params: AgentParams) -> Result<Free, Refusal> {
    let control = &Arc::clone(&cx.control);
    // What is wrong with the parameters is told as such; a store that does not answer is not.
    let bad = |error: WireError| {
        if error.code == Code::InvalidRequest.wire() { invalid("agent", &error.message) } else { error }
    };
    let session = session_of(control, &params).await.map_err(bad)?;
    let row = control.store.session(session.key.clone()).await?;
    may_send(row.as_ref())?;
    let deliver = if params.deliver == Some(true) { delivery(control, &params, row.as_ref()).map_err(bad)? } else { None };
    let thinking = params.thinking.as_deref().map(|level| levels::check("thinkingLevel", level)).transpose().map_err(bad)?;
    let traits = traits(&params);
    // The same order again changes nothing of its session.
    if !traits.is_empty() && !turns::is_known(control, "agent", &params.idempotency_key).await? {
        sessions_changed::change(control, &session.key, traits).await?;
    }
    let key = session.key.clone();
    let media = attachments::take(control, params.attachments.take().unwrap_or_default()).await?;
    cx.call.let_go();
    let timeout_ms = params.timeout.filter(|seconds| *seconds > 0);
    let wishes = Wishes {
        session,
        key: params.idempotency_key,
        text: params.message,
        media,
        system: params.extra_system_prompt,
        thinking,
        timeout_ms: timeout_ms.map(|seconds| seconds.min(WAIT_MAX.as_secs()) * 1_000),
        deliver,
    };
    let accepted = |run: &RunId| json!({ "runId": run, "status": "accepted", "acceptedAt": control.clock().now_ms() });
    match turns::order(&cx, "agent", wishes).await? {
        Ordered::New(run) => {
            cx.seat().answer_early(&cx.call.id, &Ok(Payload::of(&accepted(&run))));
            turns::ended(control, &run, &key).await
        }
        Ordered::Known(run, RunStand::Ended(_)) => turns::ended(control, &run, &key).await,
        Ordered::Known(run, _) | Ordered::Open(run) => Ok(Free(accepted(&run))),
        Ordered::Done(run) => turns::remembered(control, &run, &key).await,
        Ordered::Dead(run) => Err(turns::failed(&run)),
    }
}

/// Returns what an order says of its session.
fn traits(params: &AgentParams) -> Map<String, Value> {
    let given = [("label", &params.label), ("spawnedBy", &params.spawned_by)];
    given.into_iter().filter_map(|(field, text)| Some((field.to_owned(), filled(text)?.into()))).collect()
}

/// Returns a text without the space around it; nothing of one without anything else.
fn filled(text: &Option<String>) -> Option<&str> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// Refuses a session that is not to be answered.
pub(super) fn may_send(row: Option<&SessionRow>) -> Result<(), WireError> {
    match row.and_then(|row| row.traits.send_policy.as_deref()) {
        Some("deny") => Err(WireError::invalid("send blocked by session policy")),
        _ => Ok(()),
    }
}

/// Finds the session: by its key, by its id, by whom it is about, or the agent's main one.
async fn session_of(control: &Control, params: &AgentParams) -> Result<Named, WireError> {
    let agent = filled(&params.agent_id).map(|id| agent_named(control, id)).transpose()?;
    if let Some(key) = filled(&params.session_key) {
        let named = session_named(control, agent.as_deref(), key)?;
        let of = agent_named(control, named.key.agent().unwrap_or_default())?;
        return match agent {
            Some(agent) if agent != of => {
                Err(WireError::invalid(format!("agent \"{agent}\" does not match session key agent \"{of}\"")))
            }
            _ => Ok(named),
        };
    }
    let routes = control.routes.get();
    let agent_or_default = agent.clone().unwrap_or_else(|| routes.default_agent.clone());
    if let Some(id) = filled(&params.session_id) {
        // It names one transcript: what is said to it is not to begin another one.
        if let Ok(transcript) = Uuid::try_parse(id) {
            let fits = |row: &SessionRow| agent.as_deref().is_none_or(|agent| row.key.agent() == Some(agent));
            let found = control.store.find_session(SessionName::Id(transcript)).await?.filter(fits);
            let missing = || WireError::invalid(format!("No session found: {id}"));
            return found.map(|row| Named::plain(row.key)).ok_or_else(missing);
        }
        return session_named(control, None, &format!("agent:{agent_or_default}:explicit:{id}"))
            .map(|named| Named::plain(named.key));
    }
    Ok(Named::plain(main_key(&agent_or_default, &routes.main_key)))
}

/// Finds where the answer is sent; `None` sends it nowhere.
fn delivery(control: &Control, params: &AgentParams, row: Option<&SessionRow>) -> Result<Option<Target>, WireError> {
    let last = row.and_then(|row| row.reply_to.clone()).filter(|target| target.account.channel() != webchat::NAME);
    let to = filled(&params.reply_to).or(filled(&params.to));
    let thread = filled(&params.thread_id).map(str::to_owned);
    let wanted = filled(&params.reply_account_id).or(filled(&params.account_id)).map(str::to_lowercase);
    let (channel, wanted) = match filled(&params.reply_channel).or(filled(&params.channel)).map(str::to_lowercase) {
        // The answer stands in the transcript, which is all that the web chat shows.
        Some(named) if named == webchat::NAME => return Ok(None),
        Some(named) if named != "last" => (named, wanted),
        _ => match &last {
            Some(last) => {
                let (channel, account) = (last.account.channel().to_owned(), last.account.account().to_owned());
                (channel, wanted.or(Some(account)))
            }
            None if to.is_some() => {
                return Err(WireError::invalid("`to` alone says nothing before there is a last channel: name a channel"));
            }
            None => return Ok(None),
        },
    };
    let accounts = control.channels.accounts();
    let mut own = accounts.into_iter().filter(|account| account.key.channel() == channel).peekable();
    if own.peek().is_none() {
        // What clients name who know of no other channel is no fault of theirs.
        return if channel == "whatsapp" { Ok(None) } else { Err(WireError::invalid(format!("unknown channel: {channel}"))) };
    }
    let Some(account) = own.find(|account| wanted.as_deref().is_none_or(|wanted| account.key.account() == wanted)) else {
        return Err(WireError::invalid(format!("unknown account of {channel}: {}", wanted.unwrap_or_default())));
    };
    let target = match to {
        Some(to) => Some(account.platform.target(to).map_err(|error| WireError::invalid(error.to_string()))?.target),
        None => last.filter(|last| last.account == account.key),
    };
    Ok(target.map(|target| Target { thread: thread.or(target.thread), ..target }))
}

/// Which turn is waited for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct WaitParams {
    /// The turn.
    #[schemars(length(min = 1))]
    run_id: String,
    /// How long, milliseconds.
    #[serde(default)]
    timeout_ms: Option<u64>,
}

async fn wait(cx: Cx, WaitParams { run_id, timeout_ms }: WaitParams) -> Result<Free, Refusal> {
    let limit = Duration::from_millis(timeout_ms.unwrap_or(WAIT_MS)).min(WAIT_MAX);
    let clock = cx.control.clock();
    let run = RunId::named(&run_id).ok_or_else(|| invalid("agent.wait", "at /runId: no run has this name"))?;
    let report = async {
        loop {
            // One that nobody ordered yet, or whose row has not been read since the start, may still come.
            let Some(mut following) = cx.control.switchboard.runs().follow(&run) else {
                clock.sleep(WAIT_LOOK).await;
                continue;
            };
            if let Ok(stand) = following.wait_for(|stand| matches!(stand, RunStand::Ended(_))).await
                && let RunStand::Ended(report) = &*stand
            {
                return report.clone();
            }
        }
    };
    Ok(Free(match clock.within(limit, report).await {
        None => json!({ "runId": run, "status": "timeout" }),
        Some(report) => waited(&run, &report),
    }))
}

fn waited(run: &RunId, report: &RunReport) -> Value {
    let RunReport { outcome, started_ms, ended_ms, .. } = report;
    let (status, error) = match outcome {
        RunVerdict::Done => ("ok", None),
        RunVerdict::Failed(failure) => ("error", Some(failure.message.clone())),
        RunVerdict::Aborted(why) => ("error", Some(format!("the turn was aborted: {why}"))),
    };
    let mut told = json!({ "runId": run, "status": status, "startedAt": started_ms, "endedAt": ended_ms });
    if let (Some(error), Some(fields)) = (error, told.as_object_mut()) {
        fields.insert("error".to_owned(), error.into());
    }
    told
}
