//! Messages that could not be answered or sent.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::message::{AccountKey, Switchboard};
use callboard_actors::ports::{DeadLetter, DeadLetterId, Direction, Store, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{ApiError, ErrorBody};
use crate::http::gateway::Gateway;
use crate::http::query::Params;

/// How many are shown when nobody says how many.
pub(crate) const PAGE_ITEMS_DEFAULT: usize = 100;

/// One message with the reason why it was given up.
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetterView {
    /// The row.
    id: String,
    /// `inbound` or `outbound`.
    #[schema(value_type = String)]
    #[schemars(with = "String")]
    direction: Direction,
    /// The integration.
    channel: String,
    /// The account.
    account: String,
    /// The chat, as the platform spells it.
    chat: String,
    /// How often it was tried.
    attempts: u32,
    /// The stable code.
    code: &'static str,
    /// The reason for people.
    reason: String,
    /// When it was given up, RFC 3339.
    at: String,
}

impl From<DeadLetter> for DeadLetterView {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { id, direction, channel, account, chat, attempts, code, reason, at, session: _ } = letter;
        Self { id: id.to_string(), direction, channel, account, chat, attempts, code: code.as_str(), reason, at }
    }
}

/// A page of dead letters.
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
pub(crate) struct DeadLetterList {
    /// The letters, newest first.
    deadletters: Vec<DeadLetterView>,
    /// What `after` has to be for the next page; null on the last.
    next: Option<String>,
}

/// One dead letter.
#[derive(Clone, Debug, Serialize, ToSchema, JsonSchema)]
pub(crate) struct DeadLetterAnswer {
    /// The letter as it was.
    deadletter: DeadLetterView,
}

impl DeadLetterList {
    /// Reads a page behind a letter.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn page(store: &dyn Store, after: Option<DeadLetterId>, limit: usize) -> Result<Self, StoreError> {
        let page = store.dead_letters(after, limit).await?;
        let deadletters = page.items.into_iter().map(DeadLetterView::from).collect();
        Ok(Self { deadletters, next: page.next.map(|id| id.to_string()) })
    }
}

impl DeadLetterAnswer {
    /// Puts a letter back at the end of its chat's queue, and wakes whoever takes it from there.
    ///
    /// # Errors
    /// There is no such letter, or the store does not answer.
    pub(crate) async fn retry(store: &dyn Store, switchboard: &dyn Switchboard, id: DeadLetterId) -> Result<Self, StoreError> {
        let letter = store.retry_dead_letter(id).await?;
        match (letter.direction, &letter.session) {
            (Direction::Inbound, Some(session)) => switchboard.wake_session(session),
            (Direction::Inbound, None) => {}
            (Direction::Outbound, _) => switchboard.wake_channel(&AccountKey::new(&letter.channel, &letter.account)),
        }
        tracing::info!(event = "admin.deadletter_retry", id = %letter.id, "put back by hand");
        Ok(Self { deadletter: letter.into() })
    }

    /// Forgets a letter.
    ///
    /// # Errors
    /// There is no such letter, or the store does not answer.
    pub(crate) async fn discard(store: &dyn Store, id: DeadLetterId) -> Result<Self, StoreError> {
        let letter = store.discard_dead_letter(id).await?;
        tracing::info!(event = "admin.deadletter_discard", id = %letter.id, "discarded by hand");
        Ok(Self { deadletter: letter.into() })
    }
}

/// Lists the dead letters.
#[utoipa::path(
    get, path = "/admin/deadletters", tag = "deadletters",
    params(
        ("limit" = Option<u32>, Query, description = "how many, 1 to 1000; 100 without"),
        ("after" = Option<String>, Query, description = "the `next` of the page before")
    ),
    responses((status = 200, body = DeadLetterList), (status = 400, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn list(gateway: Data<Gateway>, request: HttpRequest) -> Result<HttpResponse, ApiError> {
    let params = Params::of(&request)?;
    let limit = params.limit()?.unwrap_or(PAGE_ITEMS_DEFAULT);
    let after = params.text("after").map(|text| letter_id("after", text)).transpose()?;
    Ok(HttpResponse::Ok().json(DeadLetterList::page(&*gateway.store, after, limit).await?))
}

/// Puts a dead letter back at the end of its chat's queue.
#[utoipa::path(
    post, path = "/admin/deadletters/{id}/retry", tag = "deadletters",
    params(("id" = String, Path, description = "the letter's id")),
    responses((status = 200, body = DeadLetterAnswer), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn retry(gateway: Data<Gateway>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let id = letter_id("id", &id)?;
    Ok(HttpResponse::Ok().json(DeadLetterAnswer::retry(&*gateway.store, &*gateway.switchboard, id).await?))
}

/// Forgets a dead letter.
#[utoipa::path(
    delete, path = "/admin/deadletters/{id}", tag = "deadletters",
    params(("id" = String, Path, description = "the letter's id")),
    responses((status = 200, body = DeadLetterAnswer), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn discard(gateway: Data<Gateway>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().json(DeadLetterAnswer::discard(&*gateway.store, letter_id("id", &id)?).await?))
}

fn letter_id(param: &str, text: &str) -> Result<DeadLetterId, ApiError> {
    text.parse().map_err(|_| ApiError::field(param, format!("`{param}` must be the id of a dead letter, a UUID")))
}
