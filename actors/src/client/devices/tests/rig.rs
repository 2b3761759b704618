//! A book, and somebody who comes to the door.

use std::sync::{Arc, Mutex};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::client::devices::{DeviceBook, DeviceCard, DeviceError, Entry, Issued, ShownToken, TokenForm, Visit, Welcome};
use crate::client::{Grant, Role, Scopes};
use crate::core::Clock;
use crate::doubles::ShakyStore;

pub(super) struct Rig {
    pub(super) clock: Clock,
    pub(super) store: Arc<ShakyStore>,
    pub(super) book: Arc<DeviceBook>,
    heard: Arc<Mutex<Vec<(&'static str, Value)>>>,
}

impl Rig {
    pub(super) fn new() -> Self {
        let clock = Clock::manual(1_000_000);
        let store = ShakyStore::new(&clock);
        let heard = Arc::<Mutex<Vec<_>>>::default();
        let book = book(&store, &clock, &heard);
        Self { clock, store, book, heard }
    }

    /// Returns the book of the next life: nothing of this one's memory is left.
    pub(super) fn restart(&mut self) {
        self.book = book(&self.store, &self.clock, &self.heard);
    }

    /// Returns what was told since the last time, as `name: field`.
    pub(super) fn heard(&self) -> Vec<(&'static str, Value)> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    /// Comes to the door of this machine with the shared secret.
    pub(super) async fn at_home(&self, id: &str, role: Role, scopes: &[&str]) -> Issued {
        known(self.book.enter(visit(id, role, scopes, Welcome::Silent)).await)
    }

    /// Comes from afar.
    pub(super) async fn afar(&self, id: &str, role: Role, scopes: &[&str]) -> Result<Entry, DeviceError> {
        self.book.enter(visit(id, role, scopes, Welcome::Asked)).await
    }

    /// Comes from afar and has to wait.
    pub(super) async fn waits(&self, id: &str, role: Role, scopes: &[&str]) -> String {
        match self.afar(id, role, scopes).await.unwrap() {
            Entry::Waits { request_id, .. } => request_id,
            Entry::Known(issued) => panic!("let in with {:?}", issued.scopes),
        }
    }

    pub(super) async fn verify(&self, id: &str, role: Role, token: &str) -> Option<Scopes> {
        self.book.verify(id, role, token).await.unwrap()
    }
}

fn book(store: &Arc<ShakyStore>, clock: &Clock, heard: &Arc<Mutex<Vec<(&'static str, Value)>>>) -> Arc<DeviceBook> {
    let heard = Arc::clone(heard);
    let tell = move |body: crate::message::EventBody| {
        heard.lock().unwrap().push((body.name.as_str(), serde_json::from_str(body.payload.get()).unwrap()));
    };
    DeviceBook::new(store.clone(), clock.clone(), Arc::new(tell))
}

pub(super) fn visit(id: &str, role: Role, scopes: &[&str], welcome: Welcome) -> Visit<'static> {
    Visit { card: card(id), role, scopes: Scopes::named(scopes), welcome, token: ShownToken::None, form: TokenForm::Hex }
}

pub(super) fn card(id: &str) -> DeviceCard {
    DeviceCard {
        device_id: id.to_owned(),
        public_key: format!("key-of-{id}"),
        display_name: Some("Desk".into()),
        platform: Some("linux".into()),
        client_id: Some("cli".into()),
        client_mode: Some("cli".into()),
        remote_ip: Some("192.0.2.7".into()),
    }
}

pub(super) fn known(entry: Result<Entry, DeviceError>) -> Issued {
    match entry.unwrap() {
        Entry::Known(issued) => issued,
        Entry::Waits { lacking, .. } => panic!("waits for {lacking:?}"),
    }
}

pub(super) fn text(token: &SecretString) -> &str {
    token.expose_secret()
}

/// An operator at a connection without a device.
pub(super) fn operator(scopes: &[&str]) -> Grant {
    Grant { role: Role::Operator, scopes: Scopes::named(scopes), device: None }
}

/// An operator at a connection of a device.
pub(super) fn operator_on(id: &str, scopes: &[&str]) -> Grant {
    Grant { device: Some(id.to_owned()), ..operator(scopes) }
}

pub(super) const ADMIN: &[&str] = &["operator.admin"];
pub(super) const READ: &[&str] = &["operator.read"];
pub(super) const PAIRING: &[&str] = &["operator.pairing"];
