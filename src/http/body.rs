//! Request bodies: bounded in size, in time, and in sum.

use std::marker::PhantomData;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut, Data};
use actix_web::{FromRequest, HttpRequest};
use callboard_actors::message::Code;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ApiError;
use super::gateway::Gateway;
use super::settings::HttpSettings;

/// How long a client may take to send its body.
const BODY_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long where it may hold pictures and files.
const LARGE_BODY_WAIT_MAX: Duration = Duration::from_secs(120);

/// The largest body that is taken whatever else is on its way, bytes.
const SMALL_BYTES: usize = 1024 * 1024;
/// How many bytes of larger bodies are held at once, of all clients; one that finds no place is answered with 429 and may come again.
const LARGE_BYTES_MAX: usize = 128 * 1024 * 1024;
/// What a place stands for, bytes.
const PLACE_BYTES: usize = 1024;

static PLACES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(LARGE_BYTES_MAX / PLACE_BYTES)));

/// How large a body may be, by what it is for.
pub(super) trait Limit: 'static {
    /// How long it may take to arrive.
    const WAIT_MAX: Duration = BODY_WAIT_MAX;

    /// Returns the most bytes.
    fn bytes_max(settings: &HttpSettings) -> usize;
}

/// Orders of the admin interface.
#[derive(Debug)]
pub(super) struct Plain;
/// Calls of tools.
#[derive(Debug)]
pub(super) struct Tools;
/// Chat completions.
#[derive(Debug)]
pub(super) struct Chat;
/// Responses.
#[derive(Debug)]
pub(super) struct Responses;

impl Limit for Plain {
    fn bytes_max(settings: &HttpSettings) -> usize {
        settings.body_bytes_max
    }
}

impl Limit for Tools {
    fn bytes_max(settings: &HttpSettings) -> usize {
        settings.tools_body_bytes_max
    }
}

impl Limit for Chat {
    const WAIT_MAX: Duration = LARGE_BODY_WAIT_MAX;

    fn bytes_max(settings: &HttpSettings) -> usize {
        settings.chat.bytes_max
    }
}

impl Limit for Responses {
    const WAIT_MAX: Duration = LARGE_BODY_WAIT_MAX;

    fn bytes_max(settings: &HttpSettings) -> usize {
        settings.responses.bytes_max
    }
}

/// A whole body. What a client sends beyond its limit is not kept; the server goes on reading a little while, so that the client
/// sees the answer and not a cut socket.
#[derive(Debug)]
pub(super) struct Body<L = Plain> {
    /// The bytes.
    pub(super) bytes: Bytes,
    _places: Option<OwnedSemaphorePermit>,
    _limit: PhantomData<L>,
}

impl<L: Limit> FromRequest for Body<L> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let whole = read(request, payload, L::bytes_max, L::WAIT_MAX);
        Box::pin(async move {
            let (bytes, places) = whole.await?;
            Ok(Self { bytes, _places: places, _limit: PhantomData })
        })
    }
}

type Whole = (Bytes, Option<OwnedSemaphorePermit>);

fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: fn(&HttpSettings) -> usize,
    wait_max: Duration,
) -> impl Future<Output = Result<Whole, ApiError>> + use<> {
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
        let whole = gateway.clock.within(wait_max, collect(payload, declared, limit)).await;
        let late = || format!("the body did not arrive within {} seconds", wait_max.as_secs());
        whole.unwrap_or_else(|| Err(ApiError::new(Code::InvalidRequest, late())))
    }
}

fn declared(request: &HttpRequest) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(mut payload: Payload, declared: Option<usize>, limit: usize) -> Result<Whole, ApiError> {
    if declared.is_some_and(|bytes| bytes > limit) {
        return Err(too_large(limit));
    }
    let mut places = places(declared.unwrap_or(0))?;
    let mut whole = next(&mut payload).await?.unwrap_or_default();
    // Small bodies come in one piece and are not copied.
    if let Some(second) = next(&mut payload).await? {
        let mut buffer = BytesMut::with_capacity(declared.unwrap_or(whole.len() + second.len()).min(limit));
        buffer.extend_from_slice(&whole);
        let mut piece = Some(second);
        while let Some(bytes) = piece {
            let size = buffer.len() + bytes.len();
            if size > limit {
                return Err(too_large(limit));
            }
            if places.is_none() && size > SMALL_BYTES {
                // How large it gets is not known: it may get as large as it may.
                places = self::places(limit)?;
            }
            buffer.extend_from_slice(&bytes);
            piece = next(&mut payload).await?;
        }
        whole = buffer.freeze();
    }
    if whole.len() > limit { Err(too_large(limit)) } else { Ok((whole, places)) }
}

/// Takes the places of a large body; none for a small one.
fn places(bytes: usize) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
    if bytes <= SMALL_BYTES {
        return Ok(None);
    }
    let count = u32::try_from(bytes.div_ceil(PLACE_BYTES)).unwrap_or(u32::MAX);
    let places = Arc::clone(&PLACES).try_acquire_many_owned(count);
    places
        .map(Some)
        .map_err(|_| ApiError::new(Code::Overloaded, "too many large bodies are on their way at once: try again in a moment"))
}

async fn next(payload: &mut Payload) -> Result<Option<Bytes>, ApiError> {
    let piece = payload.next().await.transpose();
    piece.map_err(|error| ApiError::new(Code::InvalidRequest, format!("the body broke off: {error}")))
}

fn too_large(limit: usize) -> ApiError {
    ApiError::new(Code::TooLarge, format!("the body is larger than {limit} bytes"))
}
