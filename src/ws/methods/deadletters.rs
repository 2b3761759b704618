//! `deadletters.*`: messages that could not be answered or sent, as under `/admin/deadletters`.

use callboard_actors::client::{Refusal, Scope, WireError};
use callboard_actors::ports::DeadLetterId;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::http::admin::deadletters::{DeadLetterAnswer, DeadLetterList, PAGE_ITEMS_DEFAULT};
use crate::ws::params::invalid;
use crate::ws::table::{Cx, Method, SHORT, method};

pub(super) const METHODS: &[Method] = &[
    method!("deadletters.list", Scope::Read, SHORT, "Lists the messages that were given up, newest first.", ListParams => DeadLetterList, list),
    method!("deadletters.retry", Scope::Admin, SHORT, "Puts a dead letter back at the end of its chat's queue.", OneLetter => DeadLetterAnswer, retry),
    method!("deadletters.discard", Scope::Admin, SHORT, "Forgets a dead letter.", OneLetter => DeadLetterAnswer, discard),
];

/// Which letters.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ListParams {
    /// How many; 100 without.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<usize>,
    /// The `next` of the page before.
    #[serde(default)]
    #[schemars(length(max = 64))]
    after: Option<String>,
}

/// One letter.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct OneLetter {
    /// Its id, a UUID.
    #[schemars(length(min = 1, max = 64))]
    id: String,
}

async fn list(cx: Cx, ListParams { limit, after }: ListParams) -> Result<DeadLetterList, Refusal> {
    let after = after.map(|after| letter_id(&cx, "after", &after)).transpose()?;
    Ok(DeadLetterList::page(&*cx.control.store, after, limit.unwrap_or(PAGE_ITEMS_DEFAULT)).await?)
}

async fn retry(cx: Cx, OneLetter { id }: OneLetter) -> Result<DeadLetterAnswer, Refusal> {
    let id = letter_id(&cx, "id", &id)?;
    Ok(DeadLetterAnswer::retry(&*cx.control.store, &*cx.control.switchboard, id).await?)
}

async fn discard(cx: Cx, OneLetter { id }: OneLetter) -> Result<DeadLetterAnswer, Refusal> {
    let id = letter_id(&cx, "id", &id)?;
    Ok(DeadLetterAnswer::discard(&*cx.control.store, id).await?)
}

fn letter_id(cx: &Cx, field: &str, text: &str) -> Result<DeadLetterId, WireError> {
    text.parse().map_err(|_| invalid(&cx.call.method, &format!("at /{field}: must be the id of a dead letter, a UUID")))
}
