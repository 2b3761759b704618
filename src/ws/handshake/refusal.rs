//! Why a client was not let in, and how it is told.

use std::borrow::Cow;

use callboard_actors::client::devices::DeviceError;
use callboard_actors::client::{WireError, refusal_frame};
use callboard_actors::message::Code;
use callboard_actors::ports::StoreError;
use serde_json::{Value, json};

use super::credential::{Denial, Hint};
use super::protocol::{self, Protocol, Range};

/// The most bytes of a close frame's reason.
const REASON_BYTES_MAX: usize = 120;

/// A client that was not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The whole response frame to send before the close, where there is one.
    pub answer: Option<String>,
    /// The close frame's code.
    pub close_code: u16,
    /// The close frame's reason, at most 120 bytes.
    pub close_reason: String,
    /// What happened, for the log.
    pub event: &'static str,
}

impl Refusal {
    /// Returns the refusal of somebody who has been told why often enough.
    pub(super) fn mute(self) -> Self {
        Self { answer: None, close_reason: String::new(), ..self }
    }
}

/// What is wrong with an attempt.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fault {
    /// The frame is no JSON.
    Unreadable,
    /// The frame is no request.
    NotARequest,
    /// The request is another than `connect`.
    OtherMethod,
    /// The parameters are wrong: what is told of them.
    Params(String),
    /// No protocol in common.
    Protocol(Range),
    /// A role that there is not.
    Role,
    /// The control UI without a device identity.
    InsecureUi,
    /// Neither a device identity nor a credential.
    NoDevice,
    /// Something is wrong with the device identity.
    Device(DeviceFault),
    /// No credential, or a wrong one.
    Denied(Denial, Hint),
    /// The device has to be paired first.
    Unpaired {
        /// The request that waits for an operator.
        request_id: String,
        /// What the device lacks.
        lack: Lack,
    },
    /// Too many devices wait or are paired, or the device was shut out in the same moment.
    Devices(DeviceError),
    /// The store does not answer.
    Store(StoreError),
}

/// What is wrong with a device identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DeviceFault {
    /// Its id is not the hash of its key.
    Identity,
    /// It was signed more than ten minutes ago, or will be.
    Expired,
    /// It does not sign the challenge, from afar.
    NoNonce,
    /// It signs another challenge.
    Nonce,
    /// The signature is not that of the key.
    Signature,
}

/// What a device lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lack {
    /// Everything: nobody has let it in yet.
    Pairing,
    /// The role.
    Role,
    /// Some of the scopes.
    Scopes,
}

impl DeviceFault {
    const fn text(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Identity => ("device identity mismatch", "DEVICE_AUTH_DEVICE_ID_MISMATCH", "handshake.device_id_mismatch"),
            Self::Expired => {
                ("device signature expired", "DEVICE_AUTH_SIGNATURE_EXPIRED", "handshake.device_signature_expired")
            }
            Self::NoNonce => ("device nonce required", "DEVICE_AUTH_NONCE_REQUIRED", "handshake.device_nonce_missing"),
            Self::Nonce => ("device nonce mismatch", "DEVICE_AUTH_NONCE_MISMATCH", "handshake.device_nonce_mismatch"),
            Self::Signature => {
                ("device signature invalid", "DEVICE_AUTH_SIGNATURE_INVALID", "handshake.device_signature_invalid")
            }
        }
    }
}

impl Lack {
    const fn reason(self) -> &'static str {
        match self {
            Self::Pairing => "not-paired",
            Self::Role => "role-upgrade",
            Self::Scopes => "scope-upgrade",
        }
    }
}

impl Fault {
    /// Returns whether it counts as a missing or wrong credential.
    pub(super) const fn is_guess(&self) -> bool {
        match self {
            Self::Denied(Denial::Limited, _) => false,
            _ => matches!(self, Self::Denied(..) | Self::NoDevice | Self::Device(_)),
        }
    }

    /// Returns the refusal of a request with an id; `protocol` is what would have been spoken, as far as that is known.
    pub(super) fn refusal(&self, id: Option<&str>, protocol: Option<Protocol>) -> Refusal {
        let text = self.text();
        let answer = id.filter(|_| !self.is_silent()).map(|id| self.answer(id, &text, protocol));
        let (close_code, reason) = match self {
            Self::Unreadable => (1000, ""),
            Self::Protocol(_) => (1002, &*text),
            _ => (1008, &*text),
        };
        Refusal { answer, close_code, close_reason: cut(reason, REASON_BYTES_MAX).to_owned(), event: self.event() }
    }

    const fn is_silent(&self) -> bool {
        matches!(self, Self::Unreadable | Self::NotARequest)
    }

    fn answer(&self, id: &str, text: &str, protocol: Option<Protocol>) -> String {
        let error = WireError::new(self.code(), text);
        let error = match self.details(protocol) {
            Some(details) => error.details(details),
            None => error,
        };
        String::from_utf8_lossy(&refusal_frame(id, &error)).into_owned()
    }

    const fn code(&self) -> Code {
        match self {
            Self::NoDevice | Self::Unpaired { .. } => Code::NotPaired,
            Self::Devices(error) => error.code(),
            Self::Store(error) => error.code(),
            _ => Code::InvalidRequest,
        }
    }

    fn text(&self) -> Cow<'static, str> {
        match self {
            Self::Unreadable => "".into(),
            Self::NotARequest => "invalid request frame".into(),
            Self::OtherMethod => "invalid handshake: first request must be connect".into(),
            Self::Params(told) => told.clone().into(),
            Self::Protocol(_) => "protocol mismatch".into(),
            Self::Role => "invalid role".into(),
            Self::InsecureUi => "control ui requires HTTPS or localhost (secure context)".into(),
            Self::NoDevice => "device identity required".into(),
            Self::Device(fault) => fault.text().0.into(),
            Self::Denied(denial, hint) => denial.text(*hint).into(),
            Self::Unpaired { .. } => "pairing required".into(),
            Self::Devices(error) => error.to_string().into(),
            Self::Store(_) => "the store of paired devices does not answer: try again in a moment".into(),
        }
    }

    const fn event(&self) -> &'static str {
        match self {
            Self::Unreadable => "handshake.unreadable",
            Self::NotARequest => "handshake.no_request",
            Self::OtherMethod => "handshake.other_method",
            Self::Params(_) => "handshake.params",
            Self::Protocol(_) => "handshake.protocol",
            Self::Role => "handshake.role",
            Self::InsecureUi => "handshake.insecure_ui",
            Self::NoDevice => "handshake.no_device",
            Self::Device(fault) => fault.text().2,
            Self::Denied(denial, _) => denial.event(),
            Self::Unpaired { .. } => "handshake.unpaired",
            Self::Devices(DeviceError::PendingFull | DeviceError::DevicesFull) => "handshake.full",
            Self::Devices(_) => "handshake.devices",
            Self::Store(_) => "handshake.store",
        }
    }

    /// Returns what machines are told. Clients of protocol 3 know of two cases only.
    fn details(&self, protocol: Option<Protocol>) -> Option<Value> {
        if let Self::Protocol(range) = self {
            return Some(protocol::mismatch(*range));
        }
        let old = protocol.is_none_or(Protocol::is_three);
        match self {
            Self::Unpaired { request_id, .. } if old => Some(json!({ "requestId": request_id })),
            Self::Unpaired { request_id, lack } => {
                Some(json!({ "code": "PAIRING_REQUIRED", "requestId": request_id, "reason": lack.reason() }))
            }
            _ if old => None,
            Self::InsecureUi => Some(json!({ "code": "CONTROL_UI_DEVICE_IDENTITY_REQUIRED" })),
            Self::NoDevice => Some(json!({ "code": "DEVICE_IDENTITY_REQUIRED" })),
            Self::Device(fault) => Some(json!({ "code": fault.text().1 })),
            Self::Denied(denial, _) => Some(denial.details()),
            _ => None,
        }
    }
}

/// Returns the beginning of a text, at most so many bytes of it and no half character.
pub(super) fn cut(text: &str, bytes_max: usize) -> &str {
    let end = text.floor_char_boundary(bytes_max.min(text.len()));
    text.get(..end).unwrap_or_default()
}
