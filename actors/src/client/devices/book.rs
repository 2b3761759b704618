//! The book of devices, written through to the store.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::{Mutex, MutexGuard};

use super::error::DeviceError;
use super::record::Record;
use super::shown::{PairingDecision, PairingResolved, PendingDevice};
use super::token::TokenForm;
use crate::client::{Grant, Role};
use crate::core::Clock;
use crate::message::{EventBody, EventName};
use crate::ports::Store;

/// How long a request waits for an operator.
pub const PENDING_TTL_MS: i64 = 5 * 60 * 1000;
/// How many requests wait at a time; one more is refused.
pub const PENDING_MAX: usize = 100;
/// How many devices are paired at a time. One more takes the place of one that has no role any more or was let in without asking,
/// the one that has not been heard of for longest; where there is none such, it is refused.
pub const DEVICES_MAX: usize = 1000;

/// Tells everybody who may hear it.
pub type Tell = Arc<dyn Fn(EventBody) + Send + Sync>;

/// The devices that were let in, their tokens, and those that wait. One for the gateway.
pub struct DeviceBook {
    store: Arc<dyn Store>,
    pub(super) clock: Clock,
    tell: Tell,
    state: Mutex<State>,
}

/// What is in memory of it.
#[derive(Default)]
pub(super) struct State {
    /// Whether memory and store are known to say the same. A write that failed or was given up may have happened or not, so the
    /// next one to open the book reads it anew.
    fresh: bool,
    pub(super) paired: HashMap<String, Record>,
    /// Oldest first.
    pub(super) pending: Vec<PendingDevice>,
    /// The tokens that this process made last, so that a device without one hears the same again. Looked up only together with
    /// their record, so one that is void is void.
    pub(super) made: HashMap<(String, Role, TokenForm), SecretString>,
}

impl State {
    /// Forgets the tokens that were made for a device in a role.
    pub(super) fn unmake(&mut self, device_id: &str, role: Role) {
        self.made.retain(|(device, known, _), _| device != device_id || *known != role);
    }
}

impl DeviceBook {
    /// Returns the book over what the store has, which is read when the book is first needed.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Clock, tell: Tell) -> Arc<Self> {
        Arc::new(Self { store, clock, tell, state: Mutex::default() })
    }

    /// Returns whether what a connection was given still stands: its device has its role with its scopes. Always so without a
    /// device. A store that does not answer leaves it standing.
    pub async fn stands(&self, grant: &Grant) -> bool {
        let Some(device) = &grant.device else { return true };
        let Ok(state) = self.open().await else { return true };
        let live = state.paired.get(device).and_then(|record| record.live(grant.role));
        live.is_some_and(|role| role.scopes.lack(grant.scopes).is_none())
    }

    /// Opens the book: read from the store when it has to be, without the requests that are over.
    pub(super) async fn open(&self) -> Result<MutexGuard<'_, State>, DeviceError> {
        let mut state = self.state.lock().await;
        if !state.fresh {
            let rows = self.store.devices().await?;
            state.paired.clear();
            for row in &rows {
                match Record::read(row) {
                    Some(record) => drop(state.paired.insert(row.id.clone(), record)),
                    None => tracing::warn!(event = "device.unreadable", device = row.id, "a paired device cannot be read"),
                }
            }
            state.fresh = true;
        }
        let now_ms = self.clock.now_ms();
        state.pending.retain(|request| now_ms.saturating_sub(request.ts) < PENDING_TTL_MS);
        Ok(state)
    }

    /// Writes a device down, then remembers it.
    pub(super) async fn write(&self, state: &mut State, record: Record) -> Result<(), DeviceError> {
        state.fresh = false;
        self.store.put_device(record.row()).await?;
        state.paired.insert(record.card.device_id.clone(), record);
        state.fresh = true;
        Ok(())
    }

    /// Forgets a device.
    pub(super) async fn forget(&self, state: &mut State, id: String) -> Result<(), DeviceError> {
        state.fresh = false;
        self.store.remove_device(id.clone()).await?;
        state.paired.remove(&id);
        state.made.retain(|(device, ..), _| *device != id);
        state.fresh = true;
        Ok(())
    }

    pub(super) fn tell_requested(&self, request: &PendingDevice) {
        (self.tell)(EventBody::new(EventName::DevicePairRequested, request));
    }

    pub(super) fn tell_resolved(&self, request: &PendingDevice, decision: PairingDecision) {
        let resolved = PairingResolved {
            request_id: request.request_id.clone(),
            device_id: request.card.device_id.clone(),
            decision,
            ts: self.clock.now_ms(),
        };
        (self.tell)(EventBody::new(EventName::DevicePairResolved, &resolved));
    }
}

impl fmt::Debug for DeviceBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeviceBook").finish_non_exhaustive()
    }
}
