//! What every request leaves behind: a span with its trace, its place in the counters, and an answer even after a panic.

use std::panic::AssertUnwindSafe;

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};
use callboard_actors::message::{Code, TraceId};
use futures_util::FutureExt as _;
use futures_util::future::{Ready, ready};
use tracing::Span;
use tracing_actix_web::RootSpanBuilder;

use super::error::ApiError;
use super::gateway::Gateway;

/// The header that carries the trace, in and out.
pub(super) const TRACE_HEADER: HeaderName = HeaderName::from_static("x-callboard-trace-id");

/// Makes the span of a request. It names the route's pattern, never the path or query, since ids and codes stand in those.
#[derive(Debug)]
pub(super) struct RootSpan;

impl RootSpanBuilder for RootSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let trace = offered_trace(request.request()).unwrap_or_default();
        request.extensions_mut().insert(trace);
        tracing::info_span!("http", %trace, method = %request.method(), route = request.match_pattern().unwrap_or_default())
    }

    fn on_request_end<B: MessageBody>(_span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        tracing::debug!(event = "http.request", status = status.as_u16(), "answered");
    }
}

fn offered_trace(request: &HttpRequest) -> Option<TraceId> {
    request.headers().get(TRACE_HEADER)?.to_str().ok()?.parse().ok()
}

/// The trace of the request at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace(pub(super) TraceId);

impl FromRequest for Trace {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<TraceId>().copied();
        ready(Ok(Self(known.unwrap_or_default())))
    }
}

/// Returns the context that the application was given.
///
/// # Errors
/// There is none.
pub(super) fn gateway_of(request: &ServiceRequest) -> Result<Data<Gateway>, ApiError> {
    request.app_data::<Data<Gateway>>().cloned().ok_or_else(|| ApiError::new(Code::Internal, "the server has no context"))
}

/// Answers are data for the one who asked: no browser may guess another type, no cache may keep them.
fn harden(headers: &mut HeaderMap) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Counts a request, names its trace in the answer, and answers for a handler that panicked.
///
/// # Errors
/// Something before the handlers failed, or one panicked; the server turns it into an answer.
pub(super) async fn observe<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let gateway = gateway_of(&request)?;
    let outcome = AssertUnwindSafe(next.call(request)).catch_unwind().await.unwrap_or_else(|_| {
        tracing::error!(event = "http.panicked", "a handler panicked");
        Err(ApiError::new(Code::Internal, "something inside failed; the log has the trace").into())
    });
    let mut response = outcome.inspect_err(|error| gateway.http.count(error.as_response_error().status_code()))?;
    gateway.http.count(response.status());
    harden(response.headers_mut());
    let trace = response.request().extensions().get::<TraceId>().map(TraceId::to_string);
    if let Some(value) = trace.and_then(|trace| HeaderValue::from_maybe_shared(trace).ok()) {
        response.headers_mut().insert(TRACE_HEADER, value);
    }
    Ok(response)
}
