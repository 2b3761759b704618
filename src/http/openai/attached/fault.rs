//! Why a picture or file of a request is not taken, each with its field.

use callboard_actors::message::Code;
use callboard_actors::message::base64::Base64Fault;
use callboard_actors::ports::MediaFault;

use super::Kinds;
use crate::http::error::ApiError;

/// Returns the failure of a field.
pub(super) fn wrong(at: &str, why: &str) -> ApiError {
    ApiError::field(at, format!("`{at}` {why}"))
}

/// Returns that something is too large, and which setting says so.
pub(super) fn too_large(at: &str, bytes_max: u64, kinds: &Kinds) -> ApiError {
    let text = format!("`{at}` is larger than {bytes_max} bytes, the most that is taken{}", kinds.told("maxBytes"));
    ApiError::new(Code::TooLarge, text).about(at)
}

/// Returns that a type is none that is taken.
pub(super) fn wrong_type(at: &str, mime: &str, kinds: &Kinds) -> ApiError {
    let mime: String = mime.chars().filter(char::is_ascii_graphic).take(100).collect();
    wrong(
        at,
        &format!("is {mime}, a type that is not read: there are {}{}", kinds.mimes.join(", "), kinds.told("allowedMimes")),
    )
}

/// Returns why base64 gave no bytes.
pub(super) fn base64(at: &str, fault: &Base64Fault, kinds: &Kinds) -> ApiError {
    match fault {
        Base64Fault::TooLarge { .. } => too_large(at, kinds.bytes_max, kinds),
        Base64Fault::Invalid => wrong(at, "is not valid base64"),
        Base64Fault::Crowded => ApiError::new(Code::Overloaded, format!("`{at}`: {fault}")).about(at),
    }
}

/// Returns why the media room has none of it. What may be had later is the server's affair, everything else the request's.
pub(super) fn media(at: &str, fault: &MediaFault, kinds: &Kinds) -> ApiError {
    match fault {
        MediaFault::TooLarge { max } => too_large(at, *max, kinds),
        MediaFault::Full | MediaFault::Disk(_) => ApiError::new(fault.code(), format!("`{at}`: {fault}")).about(at),
        fault => wrong(at, &format!("cannot be taken: {fault}")),
    }
}
