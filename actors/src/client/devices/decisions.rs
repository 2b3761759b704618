//! What operators decide about devices that wait.

use super::book::DeviceBook;
use super::error::DeviceError;
use super::record::Record;
use super::shown::{DeviceApproved, DevicePairs, DeviceRejected, PairingDecision};
use crate::client::Grant;

impl DeviceBook {
    /// Returns who waits and who was let in, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn list(&self) -> Result<DevicePairs, DeviceError> {
        let state = self.open().await?;
        let mut paired: Vec<_> = state.paired.values().map(Record::shown).collect();
        paired.sort_by(|one, other| {
            (other.approved_at_ms, &one.card.device_id).cmp(&(one.approved_at_ms, &other.card.device_id))
        });
        Ok(DevicePairs { pending: state.pending.iter().rev().cloned().collect(), paired })
    }

    /// Lets a device in that waits. It comes in at its next attempt.
    ///
    /// # Errors
    /// No such request waits, it asks for a scope that the approver does not have, or the store does not answer.
    pub async fn approve(&self, request_id: &str, by: &Grant) -> Result<DeviceApproved, DeviceError> {
        let mut state = self.open().await?;
        let request = state.pending.iter().find(|request| request.request_id == request_id).cloned();
        let request = request.ok_or(DeviceError::UnknownRequest)?;
        if let Some(scope) = by.lacks(request.scopes) {
            return Err(DeviceError::Beyond(scope));
        }
        let known = state.paired.get(&request.card.device_id).cloned();
        if known.is_none() {
            self.make_room(&mut state).await?;
        }
        let record = Record::admit(known, &request, false, self.clock.now_ms());
        let device = record.shown();
        self.write(&mut state, record).await?;
        state.pending.retain(|pending| pending.request_id != request_id);
        self.tell_resolved(&request, PairingDecision::Approved);
        Ok(DeviceApproved { request_id: request.request_id, device })
    }

    /// Sends a device away that waits. It may ask again.
    ///
    /// # Errors
    /// No such request waits, or the store does not answer.
    pub async fn reject(&self, request_id: &str) -> Result<DeviceRejected, DeviceError> {
        let mut state = self.open().await?;
        let place = state.pending.iter().position(|request| request.request_id == request_id);
        let request = state.pending.remove(place.ok_or(DeviceError::UnknownRequest)?);
        self.tell_resolved(&request, PairingDecision::Rejected);
        Ok(DeviceRejected { request_id: request.request_id, device_id: request.card.device_id })
    }
}
