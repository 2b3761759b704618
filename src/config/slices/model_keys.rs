//! The keys of LLM backends: those that stand beside a backend, and those of `auth`.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret as _, SecretString};

use crate::config::model::{AuthProfile, ModelAuth, Models, ProfileMode, Provider};
use crate::config::{KeyPath, Problem};

/// A key of a backend.
#[derive(Clone, Debug)]
pub struct ProviderKey {
    /// What it is called, for people: the profile's name, or the setting that it stands in.
    pub name: String,
    /// The key.
    pub secret: SecretString,
    /// How it is sent.
    pub way: KeyWay,
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyWay {
    /// As the backend's protocol has it.
    Own,
    /// As `Authorization: Bearer …`.
    Bearer,
}

/// The profiles by the name of their backend, in the order in which they are taken.
#[derive(Debug, Default)]
pub(super) struct Profiles(BTreeMap<String, Vec<ProviderKey>>);

/// Reads the profiles. One that leads nowhere costs nothing: it is told in `warnings`, since other gateways keep secrets elsewhere
/// and know backends that nobody has to configure.
pub(super) fn profiles(auth: &ModelAuth, models: &Models, warnings: &mut Vec<Problem>) -> Profiles {
    let at = KeyPath::default().key("auth");
    let mut known = Profiles::default();
    let mut usable: BTreeMap<&str, (&str, ProviderKey)> = BTreeMap::new();
    for (name, profile) in &auth.profiles {
        let backend = models.providers.keys().find(|backend| backend.eq_ignore_ascii_case(&profile.provider));
        match (backend, key(name, profile)) {
            (Some(backend), Ok(key)) => drop(usable.insert(name.as_str(), (backend.as_str(), key))),
            (None, _) => {
                let text = format!("has no effect: `models.providers` has no {:?}", profile.provider);
                warnings.push(Problem::new(at.key("profiles").key(name), text));
            }
            (_, Err(text)) => warnings.push(Problem::new(at.key("profiles").key(name), text)),
        }
    }
    for (backend, names) in &auth.order {
        let at = at.key("order").key(backend);
        let Some(backend) = models.providers.keys().find(|known| known.eq_ignore_ascii_case(backend)) else {
            warnings.push(Problem::new(at, "has no effect: `models.providers` has no such backend"));
            continue;
        };
        let keys = known.0.entry(backend.clone()).or_default();
        for (place, name) in names.iter().enumerate() {
            match usable.get(name.as_str()) {
                Some((of, key)) if of == backend => keys.push(key.clone()),
                _ if auth.profiles.get(name).is_some_and(|profile| profile.provider.eq_ignore_ascii_case(backend)) => {}
                _ => warnings.push(Problem::new(at.index(place), "has no effect: it names no profile of this backend")),
            }
        }
    }
    for (backend, key) in usable.into_values() {
        if !auth.order.keys().any(|ordered| ordered.eq_ignore_ascii_case(backend)) {
            known.0.entry(backend.to_owned()).or_default().push(key);
        }
    }
    known
}

/// Returns the key of a profile, or why it has none.
fn key(name: &str, profile: &AuthProfile) -> Result<ProviderKey, &'static str> {
    let (secret, way, missing) = match profile.mode {
        ProfileMode::ApiKey => (&profile.api_key, KeyWay::Own, "has no effect: its key is not here, set `apiKey`"),
        ProfileMode::Token => (&profile.token, KeyWay::Bearer, "has no effect: its token is not here, set `token`"),
        ProfileMode::Oauth => {
            return Err("has no effect: logins that renew themselves are not built, use the mode `api_key` or `token`");
        }
    };
    let secret = secret.clone().filter(|secret| !secret.expose_secret().trim().is_empty());
    Ok(ProviderKey { name: name.to_owned(), secret: secret.ok_or(missing)?, way })
}

impl Profiles {
    /// Returns all keys of a backend, those of its profiles first. The same key twice would be asked twice.
    pub(super) fn keys(&self, name: &str, provider: &Provider) -> Vec<ProviderKey> {
        let own = |name: String, secret: &SecretString| ProviderKey { name, secret: secret.clone(), way: KeyWay::Own };
        let first = provider.api_key.iter().map(|key| own("apiKey".to_owned(), key));
        let more = provider.api_keys.iter().enumerate().map(|(place, key)| own(format!("apiKeys[{place}]"), key));
        let mut keys: Vec<ProviderKey> = Vec::new();
        for mut key in self.0.get(name).into_iter().flatten().cloned().chain(first).chain(more) {
            if provider.auth_header {
                key.way = KeyWay::Bearer;
            }
            let same = |known: &ProviderKey| known.secret.expose_secret() == key.secret.expose_secret();
            if !keys.iter().any(same) {
                keys.push(key);
            }
        }
        keys
    }
}
