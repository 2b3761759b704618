//! Keys and headers of LLM backends.

use secrecy::ExposeSecret as _;

use super::{Home, config};
use crate::config::slices::{KeyWay, ProviderKind};

/// Each key as `name secret way`, of the only backend.
fn keys(text: &str) -> Vec<String> {
    let config = config(text);
    let ProviderKind::Remote { keys, .. } = &config.slices.models.providers[0].kind else { panic!("not an endpoint") };
    let way = |way| if way == KeyWay::Bearer { "bearer" } else { "own" };
    keys.iter().map(|key| format!("{} {} {}", key.name, key.secret.expose_secret(), way(key.way))).collect()
}

fn with(auth: &str, provider: &str) -> String {
    format!("{{ auth: {auth}, models: {{ providers: {{ Claude: {{ api: 'anthropic-messages', {provider} }} }} }} }}")
}

#[test]
fn keys_come_from_profiles_and_from_the_backend_in_order() {
    let profiles = "{ b: { provider: 'claude', apiKey: 'B' }, a: { provider: 'Claude', mode: 'token', token: 'A' } }";
    let both = format!("{{ profiles: {profiles} }}");
    let ordered = format!("{{ profiles: {profiles}, order: {{ claude: ['b', 'a'] }} }}");
    let only = format!("{{ profiles: {profiles}, order: {{ claude: ['b'] }} }}");
    let own = "apiKey: 'K', apiKeys: ['L', 'K', 'B']";
    let cases: [(String, &[&str]); 6] = [
        (with("{}", own), &["apiKey K own", "apiKeys[0] L own", "apiKeys[2] B own"]),
        (with(&both, own), &["a A bearer", "b B own", "apiKey K own", "apiKeys[0] L own"]),
        (with(&ordered, ""), &["b B own", "a A bearer"]),
        (with(&only, ""), &["b B own"]),
        (with(&both, "authHeader: true"), &["a A bearer", "b B bearer"]),
        (with("{ profiles: { a: { provider: 'Claude', apiKey: ' ' } } }", ""), &[]),
    ];
    for (text, expected) in cases {
        assert_eq!(keys(&text), expected, "{text}");
    }
}

/// Other gateways keep the secrets elsewhere, and know backends that nobody configures.
#[test]
fn what_of_the_keys_leads_nowhere_is_told_and_costs_nothing() {
    let auth = "{ cooldowns: { billingMaxHours: 1 }, profiles: {
        bare: { provider: 'claude', mode: 'api_key', email: 'a@b.c' },
        login: { provider: 'claude', mode: 'oauth' },
        other: { provider: 'gemini', apiKey: 'x' },
    }, order: { claude: ['bare', 'other', 'nobody'], gemini: [] } }";
    let home = Home::new().config(&with(auth, "apiKey: 'K'"));
    let loaded = home.load().unwrap();
    let mut warnings: Vec<_> = loaded.warnings.iter().map(|warning| format!("{}: {}", warning.path, warning.text)).collect();
    warnings.sort();
    let expected = [
        "auth.cooldowns: known, without effect yet",
        "auth.order.claude[1]: has no effect: it names no profile of this backend",
        "auth.order.claude[2]: has no effect: it names no profile of this backend",
        "auth.order.gemini: has no effect: `models.providers` has no such backend",
        "auth.profiles.bare: has no effect: its key is not here, set `apiKey`",
        "auth.profiles.login: has no effect: logins that renew themselves are not built, use the mode `api_key` or `token`",
        "auth.profiles.other: has no effect: `models.providers` has no \"gemini\"",
    ];
    assert_eq!(warnings, expected);
    assert_eq!(keys(&with(auth, "apiKey: 'K'")), ["apiKey K own"]);
}

#[test]
fn secrets_of_backends_are_shown_nowhere() {
    let auth = "{ profiles: { a: { provider: 'claude', apiKey: 'sesame' }, b: { provider: 'claude', mode: 'token', token: 'sesame' } } }";
    let config = config(&with(auth, "headers: { 'X-Team': 'sesame' }"));
    assert!(!config.get(&"".parse().unwrap()).unwrap().to_string().contains("sesame"));
    assert!(!format!("{config:?}").contains("sesame"));
}
