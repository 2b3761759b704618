use serde_json::{Value, json};

use super::super::accounts::{KEYS, read};
use super::super::config;
use crate::channel::{Account, DmPolicy, GroupPolicy, NameMatching};

fn accounts(section: Value) -> Vec<Account> {
    read(&section).unwrap_or_else(|problems| panic!("{section}: {problems:?}"))
}

fn ids(section: Value) -> Vec<String> {
    accounts(section).iter().map(|account| account.key.account().to_owned()).collect()
}

fn problem(section: Value) -> (String, String) {
    let problems = read(&section).expect_err("a problem");
    assert_eq!(problems.len(), 1, "{problems:?}");
    (problems[0].path.clone(), problems[0].text.clone())
}

#[test]
fn the_accounts_and_their_order() {
    let cases: [(Value, &[&str]); 9] = [
        (Value::Null, &[]),
        (json!({}), &["default"]),
        (json!({ "apiKey": "k" }), &["default"]),
        (json!({ "apiKey": "k", "accounts": { "b": { "apiKey": "1" }, "a": { "apiKey": "2" } } }), &["default", "b", "a"]),
        (json!({ "accounts": { "b": {}, "a": {} } }), &["b", "a"]),
        (json!({ "dmPolicy": "open", "accounts": { "a": {} } }), &["a"]),
        (json!({ "accounts": { "a": {}, "default": {} } }), &["default", "a"]),
        (json!({ "accounts": {} }), &["default"]),
        (json!({ "accounts": { " Work ": {} } }), &["work"]),
    ];
    for (section, expected) in cases {
        assert_eq!(ids(section.clone()), expected, "{section}");
    }
}

#[test]
fn the_defaults_are_those_of_the_reference() {
    let account = &accounts(json!({}))[0];
    assert!(account.enabled);
    assert_eq!(account.label, "default");
    let access = account.platform.access();
    assert_eq!((access.dm, access.group, access.names), (DmPolicy::Pairing, GroupPolicy::Open, NameMatching::IdsOnly));
    assert!(access.require_mention && access.allow_from.is_empty() && access.groups.is_empty());
    let reconnect = account.platform.reconnect();
    assert_eq!(
        (reconnect.base.as_millis(), reconnect.max.as_secs(), reconnect.attempts_max, reconnect.slow.as_secs()),
        (2000, 60, 10, 300)
    );
    let status = account.platform.status();
    assert_eq!(status["configured"], json!(false));
    assert_eq!(status["apiBaseUrl"], json!("https://api-bot.aibotk.com"));
    assert_eq!(status["issues"][0]["message"], json!("socket-chat account is not configured (missing apiKey)."));
    assert!(account.platform.patience().as_secs() > 90);
}

#[test]
fn lists_are_lower_cased_and_bare() {
    let section = json!({
        "allowFrom": ["socket-chat:Wxid_A", " sc:wxid_b ", "", "WXID_A", "*"], "groups": ["group:1@Chatroom", "socket-chat:room:2"],
        "groupAllowFrom": ["SC:wxid_c"], "groupPolicy": "allowlist", "requireMention": false, "allowNameMatching": true
    });
    let access = accounts(section)[0].platform.access();
    assert_eq!(access.allow_from, ["wxid_a", "wxid_b", "*"]);
    assert_eq!(access.groups, ["1@chatroom", "2"]);
    assert_eq!(access.group_allow_from, ["wxid_c"]);
    assert_eq!((access.group, access.names, access.require_mention), (GroupPolicy::Allowlist, NameMatching::NamesToo, false));
}

#[test]
fn zero_and_less_attempts_are_for_ever() {
    for (attempts, expected) in [(0, 0), (-1, 0), (3, 3), (i64::MAX, u32::MAX)] {
        assert_eq!(accounts(json!({ "maxReconnectAttempts": attempts }))[0].platform.reconnect().attempts_max, expected);
    }
}

#[test]
fn named_accounts_do_not_inherit_and_default_is_merged() {
    let section = json!({
        "apiKey": "top", "dmPolicy": "open", "name": "Top",
        "accounts": { "default": { "dmPolicy": "allowlist", "requireMention": false }, "work": { "apiKey": "w", "enabled": false } }
    });
    let found = accounts(section);
    assert_eq!(found[0].label, "Top");
    assert_eq!(found[0].platform.access().dm, DmPolicy::Open, "the top level wins");
    assert!(!found[0].platform.access().require_mention, "what it does not say comes from accounts.default");
    assert_eq!(found[0].platform.status()["configured"], json!(true));
    assert_eq!((found[1].label.as_str(), found[1].enabled), ("work", false));
    assert_eq!(found[1].platform.access().dm, DmPolicy::Pairing);
    assert_eq!(found[1].platform.status()["apiBaseUrl"], json!("https://api-bot.aibotk.com"));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let cases = [
        (json!([]), "", "has to be an object of settings"),
        (json!({ "apikey": "k" }), "apikey", "unknown setting `apikey`: did you mean `apiKey`?"),
        (json!({ "dmPolcy": "open" }), "dmPolcy", "unknown setting `dmPolcy`: did you mean `dmPolicy`?"),
        (json!({ "acounts": {} }), "acounts", "unknown setting `acounts`: did you mean `accounts`?"),
        (json!({ "zzz": 1 }), "zzz", "unknown setting `zzz`: remove it"),
        (json!({ "accounts": { "a": { "accounts": {} } } }), "accounts.a.accounts", "unknown setting `accounts`: remove it"),
        (json!({ "apiKey": 12345 }), "apiKey", "has to be a text"),
        (json!({ "apiBaseUrl": "api.example" }), "apiBaseUrl", "has to be an address like"),
        (json!({ "apiBaseUrl": "https://x.example/?apikey=1" }), "apiBaseUrl", "has to be an address like"),
        (json!({ "apiBaseUrl": "https://me:pw@x.example" }), "apiBaseUrl", "has to be an address like"),
        (
            json!({ "dmPolicy": "closed" }),
            "dmPolicy",
            "unknown variant `closed`, expected one of `pairing`, `allowlist`, `open`, `disabled`",
        ),
        (json!({ "reconnectBaseDelayMs": 0 }), "reconnectBaseDelayMs", "has to be 10 to 60000 milliseconds, not 0"),
        (json!({ "reconnectSlowSec": 0 }), "reconnectSlowSec", "has to be 1 to 86400 seconds, not 0"),
        (json!({ "mqttConfigTtlSec": -1 }), "mqttConfigTtlSec", "invalid value: integer `-1`, expected u64"),
        (json!({ "mediaMaxMb": 0 }), "mediaMaxMb", "has to be 1 to 1024 MiB, not 0"),
        (json!({ "defaultTo": "group:" }), "defaultTo", "Invalid socket-chat target"),
        (json!({ "caPem": "x" }), "caPem", "`caPem` holds no readable certificate"),
        (json!({ "caFile": "ca.pem" }), "caFile", "its contents are missing"),
        (json!({ "accounts": [] }), "accounts", "has to be an object of accounts"),
        (json!({ "accounts": { "a": 1 } }), "accounts.a", "has to be an object of settings"),
        (json!({ "accounts": { "a b": {} } }), "accounts.a b", "an account's id is letters"),
        (json!({ "accounts": { "a": {}, "A ": {} } }), "accounts.A ", "there are two accounts `a`"),
        (
            json!({ "accounts": { "a": { "useTls": "yes" } } }),
            "accounts.a.useTls",
            "invalid type: string \"yes\", expected a boolean",
        ),
        (
            json!({ "apiKey": "k", "accounts": { "Default": { "dmPolcy": "open" } } }),
            "accounts.Default.dmPolcy",
            "did you mean `dmPolicy`?",
        ),
        (
            json!({ "apiKey": "k", "accounts": { "default": { "mediaMaxMb": 0 } } }),
            "accounts.default.mediaMaxMb",
            "has to be 1",
        ),
        (json!({ "apiBaseUrl": "x", "accounts": { "default": { "apiKey": "k" } } }), "apiBaseUrl", "has to be an address"),
        (json!({ "requireMenton": true, "accounts": { "a": {} } }), "requireMenton", "did you mean `requireMention`?"),
    ];
    for (section, path, text) in cases {
        let (found_path, found_text) = problem(section.clone());
        assert_eq!(found_path, path, "{section}");
        assert!(found_text.contains(text), "{section}: {found_text}");
    }
}

#[test]
fn every_mistake_is_named_at_once() {
    let problems = read(&json!({ "apikey": "k", "useTls": 1, "accounts": { "a": { "zz": 1 } } })).expect_err("problems");
    let mut paths: Vec<_> = problems.iter().map(|problem| problem.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["accounts.a.zz", "apikey", "useTls"]);
}

#[test]
fn the_key_is_never_shown() {
    let found = accounts(json!({ "apiKey": "sk-secret-1", "accounts": { "a": { "apiKey": "sk-secret-2" } } }));
    for account in &found {
        let shown = format!("{account:?} {:?}", account.platform.status());
        assert!(!shown.contains("sk-secret"), "{shown}");
    }
    let (_, text) = problem(json!({ "apiKey": 987_654_321 }));
    assert!(!text.contains("987"), "{text}");
}

#[test]
fn only_settings_of_the_link_change_the_fingerprint() {
    let fingerprint = |section: Value| accounts(section)[0].fingerprint;
    let plain = fingerprint(json!({ "apiKey": "k" }));
    for same in [
        json!({ "apiKey": " k " }),
        json!({ "apiKey": "k", "apiBaseUrl": "https://api-bot.aibotk.com/" }),
        json!({ "apiKey": "k", "dmPolicy": "open", "allowFrom": ["a"], "groupPolicy": "disabled", "requireMention": false }),
        json!({ "apiKey": "k", "name": "x", "enabled": false, "mqttConfigTtlSec": 1, "reconnectSlowSec": 5, "maxReconnectAttempts": 1 }),
    ] {
        assert_eq!(fingerprint(same.clone()), plain, "{same}");
    }
    for other in [
        json!({ "apiKey": "l" }),
        json!({}),
        json!({ "apiKey": "k", "useTls": true }),
        json!({ "apiKey": "k", "apiBaseUrl": "http://x.example" }),
    ] {
        assert_ne!(fingerprint(other.clone()), plain, "{other}");
    }
}

#[test]
fn the_schema_knows_every_setting() {
    let schema = config::schema();
    let mut known: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    known.retain(|key| *key != "accounts");
    assert_eq!(known, KEYS);
    assert_eq!(schema["properties"]["mqttConfigTtlSec"]["default"], json!(300));
    assert_eq!(schema["properties"]["apiBaseUrl"]["default"], json!("https://api-bot.aibotk.com"));
    assert!(schema["properties"]["accounts"].is_object());
}

#[test]
fn a_target_becomes_an_address() {
    let account = &accounts(json!({}))[0];
    let address = account.platform.target("socket-chat:group:1@chatroom@wxid_a").unwrap();
    assert_eq!(address.target.chat.id, "1@chatroom");
    assert_eq!(address.mentions, ["wxid_a"]);
    let notice = account.platform.pairing_notice("wxid_a", "ABCD2345");
    assert!(notice.lines().any(|line| line == "Your Socket Chat user id: wxid_a"), "{notice}");
    assert!(notice.contains("callboard pairing approve socket-chat ABCD2345"), "{notice}");
}
