//! Messages that nobody asked for, sent by hand or by a script.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::body::Body;
use crate::http::error::{ApiError, ErrorBody};
use crate::http::fields::Fields;
use crate::http::gateway::Gateway;
use crate::http::observe::Trace;
use crate::outgoing::Message;

/// A message that is on its way or there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::http) struct MessageAnswer {
    /// The row of its first part.
    id: String,
    /// `sent` when the platform confirmed all of it, else `queued`.
    state: &'static str,
}

/// Reads a message.
fn parse(body: &[u8]) -> Result<Message, ApiError> {
    let mut fields = Fields::parse(body)?;
    let message = Message {
        channel: fields.required("channel")?,
        account: fields.optional("account")?,
        to: fields.required("to")?,
        text: fields.optional("text")?,
        media_url: fields.optional("mediaUrl")?,
        media: Vec::new(),
        idempotency_key: fields.optional("idempotencyKey")?,
        key_owner: None,
    };
    fields.done("`channel`, `account`, `to`, `text`, `mediaUrl` and `idempotencyKey`")?;
    Ok(message)
}

/// Puts a message into the outbox; answered when it is durable, and waits a moment for the platform's word.
#[utoipa::path(
    post, path = "/admin/messages", tag = "messages", request_body = Message,
    responses(
        (status = 202, body = MessageAnswer), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody, description = "the account is disabled"),
        (status = 502, body = ErrorBody, description = "the platform refused it; it stands in the dead letters"),
        (status = 503, body = ErrorBody)
    )
)]
pub(in crate::http) async fn send(gateway: Data<Gateway>, trace: Trace, body: Body) -> Result<HttpResponse, ApiError> {
    let sent = gateway.outgoing().send(parse(&body.bytes)?, trace.0).await?;
    Ok(HttpResponse::Accepted().json(MessageAnswer { id: sent.id.to_string(), state: sent.state.as_str() }))
}
