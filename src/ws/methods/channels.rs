//! `channels.*`: gateway-protocol §7.7, and orders to accounts.

use std::time::Duration;

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::core::ActorId;
use callboard_actors::message::{AccountKey, Code};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::actors::give;
use crate::http::admin::order::{ChangeView, Order};
use crate::ws::channels::{self, PROBE_WAIT, Probing};
use crate::ws::table::{Cx, Free, Method, SHORT, method};

/// How long a platform may take to answer a probe, whatever the client asks for, milliseconds.
const PROBE_MS_MAX: f64 = 30_000.0;

/// The picture that a Mac shows beside a channel.
const SYSTEM_IMAGE: &str = "message";

pub(super) const METHODS: &[Method] = &[
    method!("channels.status", Scope::Read, SHORT, "Tells how every channel and each of its accounts is.", StatusParams => Free, status),
    method!("channels.logout", Scope::Admin, SHORT, "Takes an account off its platform until it is started again; its credentials stay in the config file.", OneAccount => LoggedOut, logout),
    method!("channels.start", Scope::Admin, SHORT, "Starts an account's actor; answered when it is done.", OneAccount => ChangeView, start),
    method!("channels.stop", Scope::Admin, SHORT, "Stops an account's actor; answered when it is done.", OneAccount => ChangeView, stop),
    method!("channels.restart", Scope::Admin, SHORT, "Restarts an account's actor; answered when it is done.", OneAccount => ChangeView, restart),
];

/// Whether platforms are asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct StatusParams {
    /// Asks every platform whether its account could be used.
    #[serde(default)]
    probe: Option<bool>,
    /// How long each may take, milliseconds; at most half a minute, ten seconds without it.
    #[serde(default)]
    #[schemars(range(min = 0))]
    timeout_ms: Option<f64>,
}

async fn status(cx: Cx, StatusParams { probe, timeout_ms }: StatusParams) -> Result<Free, Refusal> {
    let wait = timeout_ms.map_or(PROBE_WAIT, |ms| Duration::from_secs_f64(ms.clamp(1.0, PROBE_MS_MAX) / 1_000.0));
    let probing = if probe == Some(true) { Probing::Yes(wait) } else { Probing::No };
    let summary = channels::summary(&cx.control, probing).await;
    let images: Value = summary.order.iter().map(|id| ((*id).to_owned(), Value::from(SYSTEM_IMAGE))).collect();
    let meta: Vec<Value> = summary
        .order
        .iter()
        .map(|id| {
            let label = summary.labels.get(*id);
            json!({ "id": id, "label": label, "detailLabel": label, "systemImage": SYSTEM_IMAGE })
        })
        .collect();
    Ok(Free(json!({
        "ts": cx.control.clock().now_ms(),
        "channelOrder": summary.order,
        "channelLabels": summary.labels,
        "channelDetailLabels": summary.labels,
        "channelSystemImages": images,
        "channelMeta": meta,
        "channels": summary.by_id,
        "channelAccounts": summary.accounts,
        "channelDefaultAccountId": summary.defaults,
    })))
}

/// One account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
struct OneAccount {
    /// The integration.
    #[schemars(length(min = 1, max = 64))]
    channel: String,
    /// The account; the integration's default one without.
    #[serde(default)]
    #[schemars(length(min = 1, max = 128))]
    account_id: Option<String>,
}

/// An account that was taken off its platform.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct LoggedOut {
    /// The integration.
    channel: String,
    /// The account.
    account_id: String,
    /// Whether credentials were deleted: never, they stand in the config file.
    cleared: bool,
    /// Whether the account is off its platform now.
    logged_out: bool,
    /// Its actor before and after.
    #[serde(flatten)]
    change: ChangeView,
}

async fn logout(cx: Cx, params: OneAccount) -> Result<LoggedOut, Refusal> {
    let key = find(&cx, &params)?;
    // Done only once the actor is down; else it is an error.
    let change = give(&cx, &actor(&key), Order::Stop).await?;
    let (channel, account_id) = (key.channel().to_owned(), key.account().to_owned());
    Ok(LoggedOut { channel, account_id, cleared: false, logged_out: true, change })
}

async fn start(cx: Cx, params: OneAccount) -> Result<ChangeView, Refusal> {
    give(&cx, &actor(&find(&cx, &params)?), Order::Start).await
}

async fn stop(cx: Cx, params: OneAccount) -> Result<ChangeView, Refusal> {
    give(&cx, &actor(&find(&cx, &params)?), Order::Stop).await
}

async fn restart(cx: Cx, params: OneAccount) -> Result<ChangeView, Refusal> {
    give(&cx, &actor(&find(&cx, &params)?), Order::Restart).await
}

fn actor(key: &AccountKey) -> ActorId {
    ActorId::new(format!("channel:{key}"))
}

/// Finds a configured account.
fn find(cx: &Cx, OneAccount { channel, account_id }: &OneAccount) -> Result<AccountKey, WireError> {
    let accounts = cx.control.channels.accounts();
    let wanted = account_id.as_ref().map(|account| AccountKey::new(channel, account));
    let channel = channel.to_lowercase();
    // The default account stands first.
    let mut own = accounts.into_iter().map(|account| account.key).filter(|key| key.channel() == channel).peekable();
    if own.peek().is_none() {
        return Err(WireError::invalid(format!("invalid {} channel", cx.call.method)));
    }
    let found = own.find(|key| wanted.as_ref().is_none_or(|wanted| wanted == key));
    found.ok_or_else(|| {
        let account = account_id.as_deref().unwrap_or_default();
        WireError::new(Code::NotFound, format!("`{channel}` has no account `{account}`: channels.status lists them"))
    })
}
