//! A device at the door.

use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::book::{DEVICES_MAX, DeviceBook, PENDING_MAX, State};
use super::error::DeviceError;
use super::record::{Record, RoleRecord};
use super::shown::{DeviceCard, PairingDecision, PendingDevice};
use super::token::{TokenForm, TokenRecord};
use crate::client::{Role, Scopes};

/// How old the note of a token's last use may be until it is written anew, so that a client that comes often does not cost a
/// write each time.
const USE_NEWS_MS: i64 = 10 * 60 * 1000;

/// What happens to a device that lacks something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Welcome {
    /// It is let in: it asks from this machine, with the secret that operators share.
    Silent,
    /// An operator is asked.
    Asked,
}

/// The token that a device shows.
#[derive(Clone, Copy, Debug)]
pub enum ShownToken<'a> {
    /// None.
    None,
    /// One beside the credential by which it comes, whatever it is good for.
    Beside(&'a SecretString),
    /// The credential by which it comes, verified a moment ago.
    LetsIn(&'a SecretString),
}

/// A device that has proved itself, with what it asks for.
#[derive(Debug)]
pub struct Visit<'a> {
    /// The device.
    pub card: DeviceCard,
    /// As what it wants to be let in.
    pub role: Role,
    /// With which scopes.
    pub scopes: Scopes,
    /// What happens when it lacks something.
    pub welcome: Welcome,
    /// The token that it shows.
    pub token: ShownToken<'a>,
    /// How a token for it is written.
    pub form: TokenForm,
}

/// What a device lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lacking {
    /// Everything: it has never been let in.
    Pairing,
    /// The role, or it was taken away.
    Role,
    /// Some of the scopes.
    Scopes,
}

/// What becomes of a device.
#[derive(Debug)]
pub enum Entry {
    /// It is let in, with its token.
    Known(Issued),
    /// It has to wait for an operator.
    Waits {
        /// The request; the same for as long as it waits and asks for no more.
        request_id: String,
        /// What it lacks.
        lacking: Lacking,
    },
}

/// A device's token.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub token: SecretString,
    /// The scopes that it is good for.
    pub scopes: Scopes,
    /// When it was made, milliseconds since 1970.
    pub issued_at_ms: i64,
}

impl<'a> ShownToken<'a> {
    const fn secret(self) -> Option<&'a SecretString> {
        match self {
            Self::None => None,
            Self::Beside(token) | Self::LetsIn(token) => Some(token),
        }
    }
}

impl DeviceBook {
    /// Returns the scopes of a device's token; `None` when it is not a token of this device and role, or is void.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn verify(&self, device_id: &str, role: Role, token: &str) -> Result<Option<Scopes>, DeviceError> {
        let mut state = self.open().await?;
        let Some(record) = state.paired.get_mut(device_id) else { return Ok(None) };
        let Some(live) = record.live_mut(role).filter(|live| live.token(token).is_some()) else { return Ok(None) };
        let scopes = live.scopes;
        if live.note(token, self.clock.now_ms(), USE_NEWS_MS) {
            let record = record.clone();
            if let Err(error) = self.write(&mut state, record).await {
                tracing::debug!(event = "device.use_unnoted", %error, "the use of a device's token is not noted");
            }
        }
        Ok(Some(scopes))
    }

    /// Lets a device in that has what it asks for, or that may be paired without asking; has it wait otherwise.
    ///
    /// # Errors
    /// The token by which it comes became void after it was verified, too many wait or are paired, or the store does not answer.
    pub async fn enter(&self, visit: Visit<'_>) -> Result<Entry, DeviceError> {
        let mut state = self.open().await?;
        let known = state.paired.get(&visit.card.device_id).cloned();
        // Whoever has the old token must not get the new one for it.
        if let ShownToken::LetsIn(token) = visit.token
            && known.as_ref().and_then(|record| record.live(visit.role)?.token(token.expose_secret())).is_none()
        {
            return Err(DeviceError::VoidToken);
        }
        let (record, paired) = match (lacking(known.as_ref(), visit.role, visit.scopes), known) {
            (None, Some(record)) => (record, None),
            (lacking, known) if visit.welcome == Welcome::Silent => {
                let request = request(&visit, lacking != Some(Lacking::Pairing), self.clock.now_ms());
                if known.is_none() {
                    self.make_room(&mut state).await?;
                }
                (Record::admit(known, &request, true, self.clock.now_ms()), Some(request))
            }
            (lacking, _) => return self.wait(&mut state, &visit, lacking.unwrap_or(Lacking::Pairing)),
        };
        let issued = self.issue(&mut state, record, &visit, paired.is_some()).await?;
        if let Some(request) = paired {
            // What waited is settled with it.
            state.pending.retain(|pending| !is_same_seat(pending, &request));
            self.tell_resolved(&request, PairingDecision::Approved);
        }
        Ok(Entry::Known(issued))
    }

    /// Finds the token that a device is to use: the one that it showed, the one that it was given last, or a new one.
    async fn issue(
        &self,
        state: &mut State,
        mut record: Record,
        visit: &Visit<'_>,
        changed: bool,
    ) -> Result<Issued, DeviceError> {
        let seat = (record.card.device_id.clone(), visit.role, visit.form);
        let made = state.made.get(&seat);
        let Some(live) = record.live_mut(visit.role) else { return Err(DeviceError::UnknownDevice) };
        let good =
            visit.token.secret().into_iter().chain(made).find(|token| live.token(token.expose_secret()).is_some()).cloned();
        let (token, new) = match good {
            Some(token) => (token, false),
            None => (visit.form.mint(), true),
        };
        if new {
            live.add(TokenRecord::new(&token, self.clock.now_ms()));
        }
        let issued = issued(live, token);
        if new || changed {
            self.write(state, record).await?;
        }
        if new {
            state.made.insert(seat, issued.token.clone());
        }
        Ok(issued)
    }

    /// Has a device wait for an operator.
    fn wait(&self, state: &mut State, visit: &Visit<'_>, lacking: Lacking) -> Result<Entry, DeviceError> {
        let asked = request(visit, lacking != Lacking::Pairing, self.clock.now_ms());
        let place = state.pending.iter().position(|pending| is_same_seat(pending, &asked));
        if let Some(waiting) = place.and_then(|place| state.pending.get(place))
            && waiting.scopes.lack(asked.scopes).is_none()
        {
            return Ok(Entry::Waits { request_id: waiting.request_id.clone(), lacking });
        }
        // An operator who looks at the narrower request must not approve the wider one by it.
        if let Some(place) = place {
            state.pending.remove(place);
        }
        if state.pending.len() >= PENDING_MAX {
            return Err(DeviceError::PendingFull);
        }
        self.tell_requested(&asked);
        let request_id = asked.request_id.clone();
        state.pending.push(asked);
        Ok(Entry::Waits { request_id, lacking })
    }

    /// Makes room for one more device.
    pub(super) async fn make_room(&self, state: &mut State) -> Result<(), DeviceError> {
        if state.paired.len() < DEVICES_MAX {
            return Ok(());
        }
        let spare = state.paired.values().filter(|record| record.is_spare());
        let oldest = spare.min_by_key(|record| record.seen_at_ms()).map(|record| record.card.device_id.clone());
        let oldest = oldest.ok_or(DeviceError::DevicesFull)?;
        tracing::info!(event = "device.forgotten", device = oldest, "too many devices: one is forgotten");
        self.forget(state, oldest).await
    }
}

fn lacking(known: Option<&Record>, role: Role, scopes: Scopes) -> Option<Lacking> {
    let Some(record) = known else { return Some(Lacking::Pairing) };
    let Some(live) = record.live(role) else { return Some(Lacking::Role) };
    live.scopes.lack(scopes).map(|_| Lacking::Scopes)
}

fn request(visit: &Visit<'_>, is_repair: bool, now_ms: i64) -> PendingDevice {
    PendingDevice {
        request_id: Uuid::new_v4().to_string(),
        card: visit.card.clone(),
        role: visit.role,
        roles: vec![visit.role],
        scopes: visit.scopes,
        silent: visit.welcome == Welcome::Silent,
        is_repair,
        ts: now_ms,
    }
}

fn is_same_seat(one: &PendingDevice, other: &PendingDevice) -> bool {
    one.role == other.role && one.card.device_id == other.card.device_id
}

fn issued(live: &RoleRecord, token: SecretString) -> Issued {
    let made_at_ms = live.token(token.expose_secret()).map(|record| record.made_at_ms);
    Issued { scopes: live.scopes, issued_at_ms: made_at_ms.unwrap_or_default(), token }
}
