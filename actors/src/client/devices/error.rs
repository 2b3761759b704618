//! Why something could not be done with a device.

use crate::client::{Scope, WireError};
use crate::message::Code;
use crate::ports::StoreError;

/// Why something could not be done with a device; the texts of the first three are those of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No request of this id waits: it is decided, over, or replaced by a wider one.
    #[error("unknown requestId")]
    UnknownRequest,
    /// There is no such device, or it has no token of this role.
    #[error("unknown deviceId/role")]
    UnknownDevice,
    /// Who asks does not have this scope itself, so it cannot decide about it.
    #[error("missing scope: {0}")]
    Beyond(Scope),
    /// The device was never let in with this scope.
    #[error("the device is not paired with {0}: let it ask for the scope and approve that")]
    BeyondPairing(Scope),
    /// The token by which the device comes is void: it was good a moment ago.
    #[error("device token mismatch")]
    VoidToken,
    /// Too many requests wait.
    #[error("too many devices wait to be paired: approve or reject some, or wait five minutes")]
    PendingFull,
    /// Too many devices are paired.
    #[error("too many devices are paired: revoke the tokens of some that are not used any more")]
    DevicesFull,
    /// The store did not take it, and nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DeviceError {
    /// Returns the stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::UnknownRequest | Self::UnknownDevice => Code::NotFound,
            Self::Beyond(_) => Code::Forbidden,
            Self::BeyondPairing(_) => Code::InvalidRequest,
            Self::VoidToken => Code::Unauthorized,
            Self::PendingFull | Self::DevicesFull => Code::Overloaded,
            Self::Store(error) => error.code(),
        }
    }
}

impl From<DeviceError> for WireError {
    fn from(error: DeviceError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
