use serde_json::{Value, json};

use super::super::accounts::{KEYS, read};
use super::super::config::{self, AccountConfig};
use crate::channel::{Account, DEFAULTS_KEY, DmPolicy, ENV_KEY, GroupPolicy};
use crate::message::{Paragraphs, SpeechWay};

fn accounts(section: Value) -> Vec<Account> {
    read(&section).unwrap_or_else(|problems| panic!("{section}: {problems:?}"))
}

fn problem(section: Value) -> (String, String) {
    let problems = read(&section).expect_err("a problem");
    assert_eq!(problems.len(), 1, "{problems:?}");
    (problems[0].path.clone(), problems[0].text.clone())
}

#[test]
fn the_accounts_and_their_order() {
    let cases: [(Value, &[&str]); 6] = [
        (Value::Null, &[]),
        (json!({}), &["default"]),
        (json!({ "baseUrl": "http://h" }), &["default"]),
        (json!({ "baseUrl": "http://h", "accounts": { "b": {}, "a": {} } }), &["a", "b"]),
        (json!({ "accounts": { "a": {}, "default": {} } }), &["default", "a"]),
        (json!({ "accounts": {} }), &["default"]),
    ];
    for (section, expected) in cases {
        let ids: Vec<_> = accounts(section.clone()).iter().map(|account| account.key.account().to_owned()).collect();
        assert_eq!(ids, expected, "{section}");
    }
}

#[test]
fn an_account_takes_from_the_top_what_it_does_not_say() {
    let section = json!({
        "baseUrl": "https://chat.example.org///api/V1/", "username": "bot", "password": "p", "requireMention": false,
        "accounts": { "a": { "username": "second", "requireMention": true }, "b": { "enabled": false } },
    });
    let accounts = accounts(section);
    let status: Vec<_> = accounts.iter().map(|account| account.platform.status()).collect();
    assert_eq!(status[0]["baseUrl"], "https://chat.example.org");
    assert_eq!((&status[0]["requireMention"], &status[1]["requireMention"]), (&json!(true), &json!(false)));
    assert_eq!((accounts[0].enabled, accounts[1].enabled), (true, false));
    assert_ne!(accounts[0].fingerprint, accounts[1].fingerprint);
    assert!(status.iter().all(|status| status["configured"] == true && status["tokenSource"] == "config"));
    assert!(!read(&json!({ "enabled": false, "accounts": { "a": { "enabled": true } } })).unwrap()[0].enabled);
}

#[test]
fn the_environment_fills_in_what_the_file_does_not_say_for_the_default_account_only() {
    let env = json!({ "baseUrl": " http://env/ ", "authToken": "t", "userId": "u", "username": "n", "password": "p" });
    let status = |section: Value| accounts(section).into_iter().map(|account| account.platform.status()).collect::<Vec<_>>();
    let shown = &status(json!({ ENV_KEY: env }))[0];
    assert_eq!(
        (&shown["baseUrl"], &shown["baseUrlSource"], &shown["tokenSource"]),
        (&json!("http://env"), &json!("env"), &json!("env"))
    );
    let shown = &status(json!({ ENV_KEY: env, "baseUrl": "http://file" }))[0];
    assert_eq!(
        (&shown["baseUrl"], &shown["baseUrlSource"], &shown["tokenSource"]),
        (&json!("http://file"), &json!("config"), &json!("env"))
    );
    let named = &status(json!({ ENV_KEY: env, "accounts": { "a": {} } }))[0];
    assert_eq!((&named["configured"], &named["baseUrlSource"]), (&json!(false), &json!("none")));
}

#[test]
fn what_is_configured_is_an_address_and_a_login() {
    let cases = [
        (json!({ "baseUrl": "http://h", "authToken": "t", "userId": "u" }), true),
        (json!({ "baseUrl": "http://h", "username": "t", "password": "u" }), true),
        (json!({ "baseUrl": "http://h", "authToken": "t" }), false),
        (json!({ "baseUrl": "http://h", "username": "t", "password": " " }), false),
        (json!({ "authToken": "t", "userId": "u" }), false),
    ];
    for (section, expected) in cases {
        let account = &accounts(section.clone())[0];
        assert_eq!(account.platform.status()["configured"], json!(expected), "{section}");
        assert!(!format!("{:?}", account).contains("\"t\""));
    }
}

#[test]
fn mistakes_are_named_with_their_place_and_mend() {
    let open = "channels.rocketchat.dmPolicy=\"open\" requires channels.rocketchat.allowFrom to include \"*\"";
    let cases = [
        (json!({ "dmPolicy": "open" }), "dmPolicy", open),
        (json!({ "accounts": { "a": { "dmPolicy": "open", "allowFrom": ["ann"] } } }), "accounts.a.dmPolicy", open),
        (json!({ "baseUrl": "chat.example.org" }), "baseUrl", "has to be an address"),
        (json!({ "baseUrl": "http://u:p@h" }), "baseUrl", "without a login"),
        (json!({ "baseURL": "http://h" }), "baseURL", "did you mean `baseUrl`"),
        (json!({ "authToken": 7 }), "authToken", "has to be a text"),
        (json!({ "textChunkLimit": 0 }), "textChunkLimit", "64 to 100000"),
        (json!({ "rooms": { "r": { "mediaMaxMb": 0 } } }), "rooms", "MiB of mediaMaxMb"),
        (json!({ "chatmode": "always" }), "chatmode", "unknown variant"),
        (json!({ "defaultTo": "user:" }), "defaultTo", "Invalid rocketchat target"),
        (json!([]), "", "has to be an object"),
        (json!({ "dmPolicy": "maybe", "accounts": { "a": {}, "b": {} } }), "dmPolicy", "unknown variant"),
    ];
    for (section, path, text) in cases {
        let found = problem(section.clone());
        assert_eq!(found.0, path, "{section}");
        assert!(found.1.contains(text), "{section}: {}", found.1);
    }
}

#[test]
fn lists_are_of_ids_and_of_names_whose_ids_are_looked_for() {
    let list = json!(["*", " Rocketchat:U1 ", "user:u1", "@Ann", "ben", "AbCdEfGhJkLmNpQrS", 7, "", "@"]);
    let access = accounts(json!({ "allowFrom": list }))[0].platform.access();
    assert_eq!(access.allow_from, ["*", "u1", "@ann", "@ben", "ben", "abcdefghjklmnpqrs", "@7", "7"]);
    let named = access.with_names(&[("ann".to_owned(), "IdOfAnn".to_owned())].into());
    assert_eq!(named.allow_from[2], "idofann");
    assert_eq!(named.allow_from[3], "@ben");
}

#[test]
fn rooms_go_by_the_list_of_people() {
    let access = |section: Value| accounts(section)[0].platform.access();
    let cases = [
        (json!({}), GroupPolicy::Allowlist, vec![]),
        (json!({ "allowFrom": ["user:a"] }), GroupPolicy::Open, vec!["a"]),
        (json!({ "allowFrom": ["user:a"], "groupAllowFrom": ["user:b"] }), GroupPolicy::Open, vec!["b"]),
        (json!({ "groupPolicy": "open", "allowFrom": ["user:a"] }), GroupPolicy::Open, vec![]),
        (json!({ "groupPolicy": "disabled", "allowFrom": ["user:a"] }), GroupPolicy::Disabled, vec![]),
    ];
    for (section, group, people) in cases {
        let access = access(section.clone());
        assert_eq!(
            (access.group, access.group_allow_from),
            (group, people.into_iter().map(str::to_owned).collect()),
            "{section}"
        );
        assert!(access.groups.is_empty() && access.dm == DmPolicy::Pairing);
    }
}

#[test]
fn the_mode_wins_over_the_mention() {
    let cases = [
        (json!({}), true, vec![]),
        (json!({ "requireMention": false }), false, vec![]),
        (json!({ "requireMention": false, "chatmode": "oncall" }), true, vec![]),
        (json!({ "chatmode": "onmessage" }), false, vec![]),
        (json!({ "chatmode": "onchar" }), true, vec![">", "!"]),
        (json!({ "chatmode": "onchar", "oncharPrefixes": [" ? ", " "] }), true, vec!["?"]),
        (json!({ "chatmode": "onchar", "oncharPrefixes": [" "] }), true, vec![">", "!"]),
    ];
    for (section, mention, prefixes) in cases {
        let access = accounts(section.clone())[0].platform.access();
        assert_eq!(
            (access.require_mention, access.prefixes),
            (mention, prefixes.into_iter().map(str::to_owned).collect()),
            "{section}"
        );
    }
}

#[test]
fn every_key_is_in_the_schema_and_none_besides() {
    let schema = config::schema();
    let mut known: Vec<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    known.retain(|key| *key != "accounts");
    let mut keys = KEYS.to_vec();
    known.sort_unstable();
    keys.sort_unstable();
    assert_eq!(known, keys);
}

#[test]
fn what_holds_for_every_channel_holds_where_nothing_else_is_said() {
    let group_policy = |section: Value| accounts(section)[0].platform.status()["groupPolicy"].clone();
    let defaults = json!({ "groupPolicy": "disabled", "heartbeat": {} });
    assert_eq!(group_policy(json!({})), "allowlist");
    assert_eq!(group_policy(json!({ DEFAULTS_KEY: defaults })), "disabled");
    assert_eq!(group_policy(json!({ DEFAULTS_KEY: defaults, "groupPolicy": "open" })), "open");
    assert_eq!(group_policy(json!({ DEFAULTS_KEY: defaults, "accounts": { "a": { "groupPolicy": "open" } } })), "open");
}

#[test]
fn how_answers_leave_is_what_the_account_says() {
    let speech = |section: Value| accounts(section)[0].platform.shaper().speech();
    let usual = speech(json!({ "textChunkLimit": 3000 }));
    assert_eq!((usual.way, usual.min_chars, usual.max_chars), (None, Some(1500), Some(3000)));
    assert_eq!((usual.idle.map(|idle| idle.as_millis()), usual.paragraphs), (Some(1000), Paragraphs::Gathered));
    let own = json!({
        "blockStreaming": true, "blockStreamingCoalesce": { "minChars": 10, "maxChars": 9000, "idleMs": 5 }, "chunkMode": "newline",
    });
    let own = speech(own);
    assert_eq!((own.way, own.min_chars, own.max_chars), (Some(SpeechWay::Parts), Some(10), Some(4000)));
    assert_eq!((own.idle.map(|idle| idle.as_millis()), own.paragraphs), (Some(5), Paragraphs::Single));
    assert_eq!(speech(json!({ "blockStreaming": false })).way, Some(SpeechWay::Whole));
    assert_eq!(speech(json!({ "blockStreaming": false, "streamMode": "edit" })).way, Some(SpeechWay::Edits));
    let (path, text) = problem(json!({ "blockStreamingCoalesce": { "idleMs": 0 } }));
    assert!(path == "blockStreamingCoalesce" && text.contains("idleMs"), "{path}: {text}");
}

#[test]
fn a_room_has_the_word_on_the_size_of_its_files() {
    let config = |rooms: Value| serde_json::from_value::<AccountConfig>(json!({ "mediaMaxMb": 2, "rooms": rooms })).unwrap();
    let caps = config(json!({ "small": { "mediaMaxMb": 1 }, "plain": {} })).caps();
    let sizes = [Some("small"), Some("plain"), Some("other"), None].map(|room| caps.of(room) >> 20);
    assert_eq!(sizes, [1, 2, 2, 2]);
    assert_ne!(config(json!({ "a": {} })).fingerprint(), config(json!({ "a": { "mediaMaxMb": 1 } })).fingerprint());
}
