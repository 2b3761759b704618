//! A door, and whoever knocks.

use std::sync::{Arc, Mutex};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use callboard_actors::client::devices::DeviceBook;
use callboard_actors::client::{Grant, Role, Scopes};
use callboard_actors::core::{Clock, Live};
use callboard_actors::ports::memory::MemoryStore;
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};

use crate::access::{AccessSettings, Auth, Caller, Porter};
use crate::ws::handshake::{Admitted, Handshake, Knock, Refusal};

pub(super) const TOKEN: &str = "a-long-and-secret-token";
pub(super) const NONCE: &str = "28760a3d-b9d9-40ab-bd43-54f58ee650f9";
pub(super) const NOW_MS: i64 = 1_795_218_908_913;

pub(super) struct Door {
    pub(super) clock: Clock,
    pub(super) store: Arc<MemoryStore>,
    pub(super) devices: Arc<DeviceBook>,
    pub(super) porter: Arc<Porter>,
    settings: Arc<Mutex<Arc<AccessSettings>>>,
    handshake: Handshake,
}

impl Door {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut AccessSettings)) -> Self {
        let clock = Clock::manual(NOW_MS);
        let mut now = AccessSettings { auth: Auth::Token(TOKEN.into()), ..AccessSettings::default() };
        change(&mut now);
        let settings = Arc::new(Mutex::new(Arc::new(now)));
        let live = Arc::clone(&settings);
        let porter = Porter::new(Live::new(move || Arc::clone(&live.lock().unwrap())), &clock);
        let store = MemoryStore::new(&clock);
        let devices = DeviceBook::new(store.clone(), clock.clone(), Arc::new(|_| {}));
        let handshake = Handshake::new(Arc::clone(&porter), Arc::clone(&devices));
        Self { clock, store, devices, porter, settings, handshake }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut AccessSettings)) {
        let mut settings = self.settings.lock().unwrap();
        let mut new = AccessSettings::clone(&settings);
        change(&mut new);
        *settings = Arc::new(new);
    }

    /// Says something as the first thing, in answer to a challenge.
    pub(super) async fn answer(&self, nonce: &str, caller: &Caller, text: &str) -> Result<Admitted, Refusal> {
        self.handshake.admit(Knock { nonce, text, caller }).await
    }

    pub(super) async fn say(&self, caller: &Caller, text: &str) -> Result<Admitted, Refusal> {
        self.answer(NONCE, caller, text).await
    }

    pub(super) async fn knock(&self, caller: &Caller, params: &Value) -> Result<Admitted, Refusal> {
        self.say(caller, &frame(params)).await
    }

    /// Knocks and is let in.
    pub(super) async fn enters(&self, caller: &Caller, params: &Value) -> Admitted {
        self.knock(caller, params).await.unwrap_or_else(|refusal| panic!("{refusal:?}"))
    }

    /// Knocks and is sent away; returns the error that it is told.
    pub(super) async fn error(&self, caller: &Caller, params: &Value) -> Value {
        let refusal = self.knock(caller, params).await.expect_err("sent away");
        let answer: Value = serde_json::from_str(&refusal.answer.expect("an answer")).unwrap();
        answer["error"].clone()
    }

    /// Knocks, has to wait, and is approved by the owner.
    pub(super) async fn approved(&self, caller: &Caller, params: &Value) {
        let error = self.error(caller, params).await;
        let request_id = error["details"]["requestId"].as_str().unwrap_or_else(|| panic!("{error}"));
        self.devices.approve(request_id, &owner()).await.unwrap();
    }
}

pub(super) fn owner() -> Grant {
    Grant { role: Role::Operator, scopes: Scopes::all(), device: None }
}

/// Somebody on this machine.
pub(super) fn here() -> Caller {
    caller("127.0.0.1", &[("host", "127.0.0.1:18789")])
}

/// Somebody elsewhere.
pub(super) fn afar() -> Caller {
    caller("192.0.2.7", &[("host", "192.0.2.1:18789")])
}

/// Somebody, as a gateway sees it that believes the tailnet's proxy.
pub(super) fn caller(peer: &str, lines: &[(&str, &str)]) -> Caller {
    seen(peer, lines, &AccessSettings { allow_tailscale: true, ..AccessSettings::default() })
}

pub(super) fn seen(peer: &str, lines: &[(&str, &str)], settings: &AccessSettings) -> Caller {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    Caller::read(Some(peer.parse().unwrap()), &headers, settings).unwrap()
}

pub(super) fn frame(params: &Value) -> String {
    json!({ "type": "req", "id": "c1", "method": "connect", "params": params }).to_string()
}

/// What a client of a protocol sends at the least.
pub(super) fn connect(protocol: u8) -> Value {
    json!({
        "minProtocol": protocol, "maxProtocol": protocol,
        "client": { "id": "test", "version": "1.0.0", "platform": "linux", "mode": "test" },
    })
}

/// The same with a token.
pub(super) fn token(protocol: u8, token: &str) -> Value {
    set(connect(protocol), "/auth", json!({ "token": token }))
}

/// The same with the shared token.
pub(super) fn with_token(protocol: u8) -> Value {
    token(protocol, TOKEN)
}

/// Puts a value in its place.
pub(super) fn set(mut params: Value, path: &str, value: Value) -> Value {
    let (parent, name) = path.rsplit_once('/').unwrap();
    params.pointer_mut(parent).unwrap()[name] = value;
    params
}

/// Takes a value away.
pub(super) fn without(mut params: Value, path: &str) -> Value {
    let (parent, name) = path.rsplit_once('/').unwrap();
    params.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
    params
}

/// A device's key pair.
pub(super) struct Key(Ed25519KeyPair);

impl Key {
    pub(super) fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    pub(super) fn public(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    pub(super) fn id(&self) -> String {
        digest(&SHA256, self.public()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn pem(&self) -> String {
        let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], self.public()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    /// Signs parameters, as clients do that answer the challenge.
    pub(super) fn sign(&self, params: Value) -> Value {
        self.sign_at(params, NOW_MS, Some(NONCE))
    }

    /// Signs parameters: written out from the protocol's description, not with the code that is tested.
    pub(super) fn sign_at(&self, params: Value, signed_at: i64, nonce: Option<&str>) -> Value {
        let text = |path: &str| params.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let scopes = params["scopes"].as_array().cloned().unwrap_or_default();
        let scopes: Vec<_> = scopes.iter().map(|scope| scope.as_str().unwrap()).collect();
        let role = if params["role"].is_null() { "operator".to_owned() } else { text("/role") };
        let mut payload = format!(
            "{}|{}|{}|{}|{role}|{}|{signed_at}|{}",
            if nonce.is_some() { "v2" } else { "v1" },
            self.id(),
            text("/client/id"),
            text("/client/mode"),
            scopes.join(","),
            text("/auth/token"),
        );
        if let Some(nonce) = nonce {
            payload += &format!("|{nonce}");
        }
        self.put(params, &payload, signed_at, nonce)
    }

    /// Puts the device with a signature over a payload into the parameters.
    pub(super) fn put(&self, params: Value, payload: &str, signed_at: i64, nonce: Option<&str>) -> Value {
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(payload.as_bytes()));
        let public_key = URL_SAFE_NO_PAD.encode(self.public());
        let mut device = json!({ "id": self.id(), "publicKey": public_key, "signature": signature, "signedAt": signed_at });
        if let Some(nonce) = nonce {
            device["nonce"] = nonce.into();
        }
        set(params, "/device", device)
    }
}
