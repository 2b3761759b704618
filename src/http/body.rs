//! Request bodies: bounded in size and time.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use callboard_actors::message::Code;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;

use super::error::ApiError;
use super::gateway::Gateway;
use super::settings::HttpSettings;

/// How long a client may take to send its body.
const BODY_WAIT_MAX: Duration = Duration::from_secs(30);

/// A whole body, at most `bodyBytesMax`. What a client sends beyond is not kept; the server goes on reading a little while, so
/// that the client sees the answer and not a cut socket.
#[derive(Debug)]
pub(super) struct Body(pub(super) Bytes);

/// The same, at most `largeBodyBytesMax`.
#[derive(Debug)]
pub(super) struct LargeBody(pub(super) Bytes);

impl FromRequest for Body {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let whole = read(request, payload, |settings| settings.body_bytes_max);
        Box::pin(async move { Ok(Self(whole.await?)) })
    }
}

impl FromRequest for LargeBody {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let whole = read(request, payload, |settings| settings.large_body_bytes_max);
        Box::pin(async move { Ok(Self(whole.await?)) })
    }
}

fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: fn(&HttpSettings) -> usize,
) -> impl Future<Output = Result<Bytes, ApiError>> + use<> {
    let gateway = request.app_data::<Data<Gateway>>().cloned();
    let declared = declared(request);
    let encoded = request.headers().get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity");
    let payload = payload.take();
    async move {
        let gateway = gateway.ok_or_else(|| ApiError::new(Code::Internal, "the server has no context"))?;
        if encoded {
            return Err(ApiError::field("Content-Encoding", "send the body as it is, without a content encoding"));
        }
        let limit = limit(&gateway.settings.get());
        let whole = gateway.clock.within(BODY_WAIT_MAX, collect(payload, declared, limit)).await;
        whole.unwrap_or_else(|| Err(ApiError::new(Code::InvalidRequest, "the body did not arrive within 30 seconds")))
    }
}

fn declared(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(mut payload: Payload, declared: Option<usize>, limit: usize) -> Result<Bytes, ApiError> {
    if declared.is_some_and(|bytes| bytes > limit) {
        return Err(too_large(limit));
    }
    let mut whole = next(&mut payload).await?.unwrap_or_default();
    // Small bodies come in one piece and are not copied.
    if let Some(second) = next(&mut payload).await? {
        let mut buffer = BytesMut::with_capacity(declared.unwrap_or(whole.len() + second.len()).min(limit));
        buffer.extend_from_slice(&whole);
        let mut piece = Some(second);
        while let Some(bytes) = piece {
            if buffer.len() + bytes.len() > limit {
                return Err(too_large(limit));
            }
            buffer.extend_from_slice(&bytes);
            piece = next(&mut payload).await?;
        }
        whole = buffer.freeze();
    }
    if whole.len() > limit { Err(too_large(limit)) } else { Ok(whole) }
}

async fn next(payload: &mut Payload) -> Result<Option<Bytes>, ApiError> {
    let piece = payload.next().await.transpose();
    piece.map_err(|error| ApiError::new(Code::InvalidRequest, format!("the body broke off: {error}")))
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(Code::TooLarge, format!("the body is larger than {limit} bytes"))
}
