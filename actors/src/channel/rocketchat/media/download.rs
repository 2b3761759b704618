//! From the server into the media room. The login goes to the server itself and to nobody else.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use reqwest::Response;
use reqwest::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};

use crate::channel::rocketchat::api::{Api, ApiError};
use crate::channel::rocketchat::rest::RestError;
use crate::message::Media;
use crate::ports::{Claim, MediaFault, MediaRoom, Opened};

/// Where a download leads.
#[derive(Debug)]
pub(in crate::channel::rocketchat) enum Download {
    /// Here it is.
    File(Response),
    /// To another host: a storage. It is asked without the login, and only if it is public.
    Elsewhere(String),
}

/// Takes a file in. The server is asked once there is a place for what it answers: it holds no answer open for us meanwhile.
pub(in crate::channel::rocketchat) async fn take(
    api: Arc<Api>,
    path: String,
    claim: Claim,
    room: Arc<dyn MediaRoom>,
) -> Result<Media, MediaFault> {
    let expected = claim.clone();
    let opening = async move {
        match api.download(&path).await.map_err(fault)? {
            Download::Elsewhere(url) => Ok(Opened::Elsewhere(url)),
            Download::File(response) => {
                look(&response, &expected)?;
                let broken = |error| fault(ApiError::Rest(RestError::unreachable(error)));
                Ok(Opened::Bytes(response.bytes_stream().map_err(broken).boxed()))
            }
        }
    };
    room.take(claim, opening.boxed()).await
}

/// Looks at what is said of the answer before any of it is read. A proxy or a login page answers with a success too.
///
/// # Errors
/// It is not the file, or it is too large.
fn look(response: &Response, claim: &Claim) -> Result<(), MediaFault> {
    let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // None was asked for: what unfolds may unfold to anything.
    if !matches!(header(CONTENT_ENCODING), "" | "identity") {
        return Err(MediaFault::NotTheFile("the answer is compressed, though nobody asked for that".to_owned()));
    }
    if header(CONTENT_LENGTH).parse::<u64>().is_ok_and(|length| length > claim.bytes_max) {
        return Err(MediaFault::TooLarge { max: claim.bytes_max });
    }
    let kind = header(CONTENT_TYPE).to_ascii_lowercase();
    let said = claim.mime.as_deref().unwrap_or_default();
    for (other, name) in [("text/html", "a web page"), ("application/json", "JSON")] {
        if kind.starts_with(other) && !said.starts_with(other) {
            return Err(MediaFault::NotTheFile(format!("the server answered with {name}, not with the file")));
        }
    }
    Ok(())
}

fn fault(error: ApiError) -> MediaFault {
    match error {
        ApiError::Rest(RestError::TooLong { bytes_max }) => MediaFault::TooLarge { max: bytes_max as u64 },
        error => MediaFault::Unreachable(error.to_string()),
    }
}
