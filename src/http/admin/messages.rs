//! Messages that nobody asked for, sent by hand or by a script.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::Data;
use callboard_actors::channel::Account;
use callboard_actors::message::{AccountKey, Code, LinkState, Outbound, OutboxId};
use callboard_actors::ports::{NewOutbox, OutboxState, StoreError};
use futures_util::future::join_all;
use serde::Serialize;
use utoipa::ToSchema;

use super::channels;
use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::fields::Fields;
use crate::http::gateway::Gateway;
use crate::http::observe::Trace;

/// How long the platform's confirmation is waited for before the answer is `queued`.
const SENT_WAIT_MAX: Duration = Duration::from_secs(1);
/// How often the rows are looked at meanwhile.
const SENT_LOOK_EVERY: Duration = Duration::from_millis(20);
/// The most bytes of a client's key.
const KEY_BYTES_MAX: usize = 256;

/// A message to send.
#[derive(Clone, Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub(in crate::http) struct MessageRequest {
    /// The integration.
    channel: String,
    /// The account; the integration's first one without.
    account: Option<String>,
    /// The target, in any form that the integration knows.
    to: String,
    /// What to say; may be missing when there is media.
    text: Option<String>,
    /// A public URL to send along.
    media_url: Option<String>,
    /// A key under which the same message is sent only once.
    idempotency_key: Option<String>,
}

/// A message that is on its way or there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct MessageAnswer {
    /// The row of its first part.
    id: String,
    /// `sent` when the platform confirmed all of it, else `queued`.
    state: &'static str,
}

impl MessageRequest {
    fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let mut fields = Fields::parse(body)?;
        let request = Self {
            channel: fields.required("channel")?,
            account: fields.optional("account")?,
            to: fields.required("to")?,
            text: fields.optional("text")?,
            media_url: fields.optional("mediaUrl")?,
            idempotency_key: fields.optional("idempotencyKey")?,
        };
        fields.done("`channel`, `account`, `to`, `text`, `mediaUrl` and `idempotencyKey`")?;
        request.check()
    }

    fn check(self) -> Result<Self, ApiError> {
        if let Some(url) = &self.media_url {
            let public = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
            if !public {
                return Err(ApiError::field("mediaUrl", "`mediaUrl` must be an http or https URL"));
            }
        } else if self.text.as_ref().is_none_or(|text| text.trim().is_empty()) {
            return Err(ApiError::field("text", "`text` or `mediaUrl` is required"));
        }
        match &self.idempotency_key {
            Some(key) if key.is_empty() || key.len() > KEY_BYTES_MAX || key.contains(char::is_control) => {
                let text = format!("`idempotencyKey` must have 1 to {KEY_BYTES_MAX} bytes and no control characters");
                Err(ApiError::field("idempotencyKey", text))
            }
            _ => Ok(self),
        }
    }
}

/// Puts a message into the outbox; answered when it is durable, and waits a moment for the platform's word.
#[utoipa::path(
    post, path = "/admin/messages", tag = "messages", request_body = MessageRequest,
    responses(
        (status = 202, body = MessageAnswer), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "the account is disabled"),
        (status = 502, body = ErrorBody, description = "the platform refused it; it stands in the dead letters"),
        (status = 503, body = ErrorBody)
    )
)]
pub(in crate::http) async fn send(gateway: Data<Gateway>, trace: Trace, body: Body) -> Result<HttpResponse, ApiError> {
    let request = MessageRequest::parse(&body.0)?;
    let account = account(&gateway, &request)?;
    let key = request.idempotency_key.clone();
    let parts = gateway.switchboard.shape(payload(&account, request)?);
    let ids = enqueue(&gateway, parts, key.as_deref(), &trace).await?;
    let Some(&first) = ids.first() else {
        return Err(ApiError::field("text", "nothing is left to send"));
    };
    gateway.switchboard.wake_channel(&account.key);
    let up = gateway.channels.link(&account.key).state == LinkState::Up;
    let state = if up { wait_sent(&gateway, &ids).await? } else { OutboxState::Queued };
    let state = if state == OutboxState::Sent { "sent" } else { "queued" };
    Ok(HttpResponse::Accepted().json(MessageAnswer { id: first.to_string(), state }))
}

fn account(gateway: &Gateway, request: &MessageRequest) -> Result<Account, ApiError> {
    let channel = request.channel.to_lowercase();
    let found = match &request.account {
        Some(account) => channels::find(gateway, &AccountKey::new(&channel, account))?,
        None => match gateway.channels.accounts().into_iter().find(|account| account.key.channel() == channel) {
            Some(first) => first,
            None => channels::find(gateway, &AccountKey::new(&channel, "default"))?,
        },
    };
    if found.enabled {
        return Ok(found);
    }
    Err(ApiError::new(Code::Conflict, format!("the account `{}` is disabled", found.key)).about("account"))
}

fn payload(account: &Account, request: MessageRequest) -> Result<Outbound, ApiError> {
    let target = account.platform.target(&request.to);
    let target = target.map_err(|error| ApiError::new(Code::InvalidTarget, error.to_string()).about("to"))?;
    Ok(target.payload(request.text.unwrap_or_default(), request.media_url))
}

/// Submits all parts before it waits for the first, so that they share a commit and keep their order.
async fn enqueue(
    gateway: &Gateway,
    parts: Vec<Outbound>,
    key: Option<&str>,
    trace: &Trace,
) -> Result<Vec<OutboxId>, StoreError> {
    let submitted: Vec<_> = parts
        .into_iter()
        .enumerate()
        .map(|(index, outbound)| {
            let idempotency_key = key.map(|key| part_key(key, index));
            gateway.store.enqueue(NewOutbox { id: OutboxId::new(), outbound, trace: trace.0, idempotency_key })
        })
        .collect();
    join_all(submitted).await.into_iter().map(|queued| queued.map(|queued| queued.id)).collect()
}

/// Each part has a key of its own, which no client's key can be.
fn part_key(key: &str, index: usize) -> String {
    if index == 0 { key.to_owned() } else { format!("{key}\u{1f}{index}") }
}

async fn wait_sent(gateway: &Gateway, ids: &[OutboxId]) -> Result<OutboxState, ApiError> {
    let begun = gateway.clock.elapsed();
    for &id in ids {
        loop {
            match gateway.store.outbox_state(id).await? {
                Some(OutboxState::Dead) => {
                    let text = format!("the platform did not take it: see the dead letter `{id}`");
                    return Err(ApiError::new(Code::Refused, text));
                }
                Some(OutboxState::Queued) if gateway.clock.elapsed() - begun >= SENT_WAIT_MAX => {
                    return Ok(OutboxState::Queued);
                }
                Some(OutboxState::Queued) => gateway.clock.sleep(SENT_LOOK_EVERY).await,
                // A row that is gone was confirmed and has outlived its retention.
                Some(OutboxState::Sent) | None => break,
            }
        }
    }
    Ok(OutboxState::Sent)
}
