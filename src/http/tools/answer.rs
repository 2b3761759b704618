//! The answers, in the form that clients of this endpoint know.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use callboard_actors::agent::{ToolFault, ToolOutput};
use callboard_actors::message::Code;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// How many seconds a client is asked to wait when the gateway cannot do it now.
const RETRY_AFTER_SECS: u64 = 1;

/// What a tool gave back.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ToolAnswer {
    /// Always true.
    ok: bool,
    /// What it gave.
    result: ToolResultOut,
}

/// What a tool gave.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ToolResultOut {
    /// For a model to read.
    content: [TextOut; 1],
    /// For a program to read.
    #[schema(value_type = Object)]
    details: Value,
}

/// A text.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct TextOut {
    /// Always `text`.
    r#type: &'static str,
    /// The text.
    text: String,
}

/// Why a tool gave nothing back.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ToolRefusal {
    /// Always false.
    ok: bool,
    /// The reason.
    error: ToolErrorOut,
}

/// The reason.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct ToolErrorOut {
    /// `not_found` or `tool_error`.
    r#type: &'static str,
    /// For people.
    message: String,
    /// The stable code.
    code: &'static str,
}

/// Answers with what a tool gave.
pub(super) fn done(output: ToolOutput) -> HttpResponse {
    let ToolOutput { text, details, .. } = output;
    let result = ToolResultOut { content: [TextOut { r#type: "text", text }], details };
    HttpResponse::Ok().json(ToolAnswer { ok: true, result })
}

/// Answers with why it gave nothing. Whatever is wrong with the call is 400; only what is wrong with the gateway at the moment has a
/// status of its own, since the same call may succeed later.
pub(super) fn refused(fault: &ToolFault) -> HttpResponse {
    let code = fault.code();
    let (status, kind) = match (fault, code) {
        (ToolFault::NotAvailable { .. }, _) => (StatusCode::NOT_FOUND, "not_found"),
        (_, Code::Overloaded | Code::Unavailable | Code::StoreUnavailable | Code::StoreFull | Code::Internal) => {
            (StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), "tool_error")
        }
        _ => (StatusCode::BAD_REQUEST, "tool_error"),
    };
    let mut response = HttpResponse::build(status);
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECS));
    }
    let error = ToolErrorOut { r#type: kind, message: fault.to_string(), code: code.as_str() };
    response.json(ToolRefusal { ok: false, error })
}
