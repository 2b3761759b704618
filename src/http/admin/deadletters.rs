//! Messages that could not be answered or sent.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use callboard_actors::message::AccountKey;
use callboard_actors::ports::{DeadLetter, DeadLetterId, Direction};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::error::{ApiError, ErrorBody};
use crate::http::gateway::Gateway;
use crate::http::query::Params;

/// How many are shown when nobody says how many.
const PAGE_ITEMS_DEFAULT: usize = 100;

/// One message with the reason why it was given up.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct DeadLetterView {
    /// The row.
    id: String,
    /// `inbound` or `outbound`.
    #[schema(value_type = String)]
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
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct DeadLetterList {
    /// The letters, newest first.
    deadletters: Vec<DeadLetterView>,
    /// What `after` has to be for the next page; null on the last.
    next: Option<String>,
}

/// One dead letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct DeadLetterAnswer {
    /// The letter as it was.
    deadletter: DeadLetterView,
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
    let page = gateway.store.dead_letters(after, limit).await?;
    let deadletters = page.items.into_iter().map(DeadLetterView::from).collect();
    Ok(HttpResponse::Ok().json(DeadLetterList { deadletters, next: page.next.map(|id| id.to_string()) }))
}

/// Puts a dead letter back at the end of its chat's queue.
#[utoipa::path(
    post, path = "/admin/deadletters/{id}/retry", tag = "deadletters",
    params(("id" = String, Path, description = "the letter's id")),
    responses((status = 200, body = DeadLetterAnswer), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn retry(gateway: Data<Gateway>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let letter = gateway.store.retry_dead_letter(letter_id("id", &id)?).await?;
    match (letter.direction, &letter.session) {
        (Direction::Inbound, Some(session)) => gateway.switchboard.wake_session(session),
        (Direction::Inbound, None) => {}
        (Direction::Outbound, _) => gateway.switchboard.wake_channel(&AccountKey::new(&letter.channel, &letter.account)),
    }
    tracing::info!(event = "admin.deadletter_retry", id = %letter.id, "put back by hand");
    Ok(HttpResponse::Ok().json(DeadLetterAnswer { deadletter: letter.into() }))
}

/// Forgets a dead letter.
#[utoipa::path(
    delete, path = "/admin/deadletters/{id}", tag = "deadletters",
    params(("id" = String, Path, description = "the letter's id")),
    responses((status = 200, body = DeadLetterAnswer), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody))
)]
pub(in crate::http) async fn discard(gateway: Data<Gateway>, id: Path<String>) -> Result<HttpResponse, ApiError> {
    let letter = gateway.store.discard_dead_letter(letter_id("id", &id)?).await?;
    tracing::info!(event = "admin.deadletter_discard", id = %letter.id, "discarded by hand");
    Ok(HttpResponse::Ok().json(DeadLetterAnswer { deadletter: letter.into() }))
}

fn letter_id(param: &str, text: &str) -> Result<DeadLetterId, ApiError> {
    text.parse().map_err(|_| ApiError::field(param, format!("`{param}` must be the id of a dead letter, a UUID")))
}
