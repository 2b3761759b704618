//! What operators do with devices' tokens.

use secrecy::ExposeSecret as _;

use super::book::DeviceBook;
use super::error::DeviceError;
use super::shown::{TokenRevoked, TokenRotated};
use super::token::{TokenForm, TokenRecord};
use crate::client::{Grant, Role, Scopes};

/// Which connections are to be cut: those of a device in a role. The one that ordered it may be among them, and hears its answer
/// first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closing {
    device_id: String,
    role: Role,
}

impl Closing {
    /// Returns whether a connection is one of them.
    #[must_use]
    pub fn hits(&self, grant: &Grant) -> bool {
        grant.role == self.role && grant.device.as_deref() == Some(&*self.device_id)
    }
}

impl DeviceBook {
    /// Makes a new token for a device in a role, good for the scopes given or for those of the one before, which is void at once.
    /// Narrower scopes stay narrower: for more the device has to ask.
    ///
    /// # Errors
    /// The device is not paired in that role, it or the one who asks does not have a scope, or the store
    /// does not answer.
    pub async fn rotate(
        &self,
        device_id: &str,
        role: Role,
        scopes: Option<Scopes>,
        form: TokenForm,
        by: &Grant,
    ) -> Result<(TokenRotated, Closing), DeviceError> {
        let mut state = self.open().await?;
        let mut record = state.paired.get(device_id).cloned().ok_or(DeviceError::UnknownDevice)?;
        let now_ms = self.clock.now_ms();
        let live = record.live_mut(role).ok_or(DeviceError::UnknownDevice)?;
        may_decide(by, device_id, live.scopes)?;
        let scopes = scopes.unwrap_or(live.scopes);
        if let Some(scope) = live.scopes.lack(scopes) {
            return Err(DeviceError::BeyondPairing(scope));
        }
        if let Some(scope) = by.lacks(scopes) {
            return Err(DeviceError::Beyond(scope));
        }
        let token = form.mint();
        live.scopes = scopes;
        live.tokens = vec![TokenRecord::new(&token, now_ms)];
        live.rotated_at_ms = Some(now_ms);
        self.write(&mut state, record).await?;
        state.unmake(device_id, role);
        let token = token.expose_secret().to_owned();
        let device_id = device_id.to_owned();
        let closing = Closing { device_id: device_id.clone(), role };
        Ok((TokenRotated { device_id, role, token, scopes, rotated_at_ms: now_ms }, closing))
    }

    /// Makes a device's token in a role void at once, and with it the pairing in that role: the device has to ask anew.
    ///
    /// # Errors
    /// The device is not paired in that role, the one who asks does not have a scope of it, or the store
    /// does not answer.
    pub async fn revoke(&self, device_id: &str, role: Role, by: &Grant) -> Result<(TokenRevoked, Closing), DeviceError> {
        let mut state = self.open().await?;
        let mut record = state.paired.get(device_id).cloned().ok_or(DeviceError::UnknownDevice)?;
        let now_ms = self.clock.now_ms();
        let live = record.live_mut(role).ok_or(DeviceError::UnknownDevice)?;
        may_decide(by, device_id, live.scopes)?;
        live.tokens.clear();
        live.revoked_at_ms = Some(now_ms);
        self.write(&mut state, record).await?;
        state.unmake(device_id, role);
        let device_id = device_id.to_owned();
        let closing = Closing { device_id: device_id.clone(), role };
        Ok((TokenRevoked { device_id, role, revoked_at_ms: now_ms }, closing))
    }
}

/// An operator decides about its own device, and about those that may no more than itself.
fn may_decide(by: &Grant, device_id: &str, scopes: Scopes) -> Result<(), DeviceError> {
    if by.device.as_deref() == Some(device_id) {
        return Ok(());
    }
    by.lacks(scopes).map_or(Ok(()), |scope| Err(DeviceError::Beyond(scope)))
}
