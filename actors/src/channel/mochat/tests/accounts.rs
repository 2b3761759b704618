use serde_json::{Value, json};

use super::super::accounts::{KEYS, read};
use super::super::config;
use crate::channel::{Account, DmPolicy, ENV_KEY, GroupPolicy};
use crate::message::{HoldRule, HoldScope};

fn accounts(section: Value) -> Vec<Account> {
    read(&section).unwrap_or_else(|problems| panic!("{section}: {problems:?}"))
}

fn problem(section: Value) -> (String, String) {
    let problems = read(&section).expect_err("a problem");
    assert_eq!(problems.len(), 1, "{problems:?}");
    (problems[0].path.clone(), problems[0].text.clone())
}

#[test]
fn every_key_is_in_the_schema() {
    let schema = config::schema();
    let mut known: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    known.retain(|key| *key != "accounts");
    let mut keys = KEYS.to_vec();
    known.sort_unstable();
    keys.sort_unstable();
    assert_eq!(known, keys);
}

#[test]
fn keys_may_be_written_with_underscores() {
    let camel = json!({
        "baseUrl": "http://h/", "clawToken": "claw_0a", "agentUserId": "bot", "socketPath": "/ws", "sessions": ["*"],
        "mention": { "requireInGroups": true }, "groups": { "a_b": { "requireMention": false } }, "accounts": { "x_y": {} },
        "replyDelayMode": "off", "replyDelayMs": 5,
    });
    let snake = json!({
        "base_url": "http://h/", "claw_token": "claw_0a", "agent_user_id": "bot", "socket_path": "/ws", "sessions": ["*"],
        "mention": { "require_in_groups": true }, "groups": { "a_b": { "require_mention": false } }, "accounts": { "x_y": {} },
        "reply_delay_mode": "never", "reply_delay_ms": 5,
    });
    let (camel, snake) = (accounts(camel), accounts(snake));
    assert_eq!(camel[0].key.account(), "x_y");
    assert_eq!(camel[0].fingerprint, snake[0].fingerprint);
    assert_eq!(camel[0].platform.access(), snake[0].platform.access());
    assert_eq!(camel[0].platform.status(), snake[0].platform.status());
    assert_eq!(camel[0].platform.access().mention_rules.get("a_b"), Some(&false));
    let (path, text) = problem(json!({ "clawToken": "claw_0a", "claw_token": "claw_0b" }));
    assert_eq!(path, "claw_token");
    assert!(text.contains("two spellings") && !text.contains("0a") && !text.contains("0b"), "{text}");
}

#[test]
fn who_may_talk() {
    let access = |section: Value| accounts(section)[0].platform.access();
    let open = access(json!({}));
    assert_eq!((open.dm, open.group, open.group_allow_from.len()), (DmPolicy::Open, GroupPolicy::Open, 0));
    let listed = access(json!({ "allowFrom": [" Ann ", "bob", ""] }));
    assert_eq!((listed.dm, listed.group), (DmPolicy::Allowlist, GroupPolicy::Open));
    assert_eq!((&listed.allow_from, &listed.group_allow_from), (&vec!["ann".to_owned(), "bob".to_owned()], &listed.allow_from));
    let nobody = access(json!({ "allowFrom": [] }));
    assert_eq!((nobody.dm, nobody.group, nobody.groups.len()), (DmPolicy::Allowlist, GroupPolicy::Allowlist, 0));
}

#[test]
fn which_messages_wait() {
    let hold = |section: Value| accounts(section)[0].platform.access().hold;
    let rule = |scope, quiet_ms, longest_ms| Some(HoldRule { scope, quiet_ms, longest_ms });
    for (section, expected) in [
        (json!({}), rule(HoldScope::Unaddressed, 120_000, 360_000)),
        (json!({ "replyDelayMode": "always", "replyDelayMs": 10 }), rule(HoldScope::Everything, 10, 30)),
        (json!({ "replyDelayMs": 10, "replyDelayMaxMs": 5 }), rule(HoldScope::Unaddressed, 10, 10)),
        (json!({ "replyDelayMs": -3 }), rule(HoldScope::Unaddressed, 0, 0)),
        (json!({ "replyDelayMode": "never" }), None),
        (json!({ "reply_delay_mode": "off" }), None),
    ] {
        assert_eq!(hold(section.clone()), expected, "{section}");
    }
    let asks = json!({ "mention": { "requireInGroups": true }, "groups": { "g": { "requireMention": true } } });
    let access = accounts(asks.clone())[0].platform.access();
    assert!(!access.require_mention && access.mention_rules.is_empty(), "what mentions nobody waits, and is not dropped");
    assert!(accounts(asks)[0].platform.status()["issues"].to_string().contains("requireMention drops none"));
}

#[test]
fn what_is_wrong_is_named() {
    for (section, path, part) in [
        (json!({ "baseUrl": "mochat.io" }), "baseUrl", "https://mochat.io"),
        (json!({ "socketUrl": "ftp://h" }), "socketUrl", "https://mochat.io"),
        (json!({ "clawTokn": "x" }), "clawTokn", "did you mean `clawToken`"),
        (json!({ "clawToken": 7 }), "clawToken", "has to be a text"),
        (json!({ "sessions": ["a b"] }), "sessions", "no id"),
        (json!({ "watchLimit": 0 }), "watchLimit", "1 to 500"),
        (json!({ "replyDelayMode": "sometimes" }), "replyDelayMode", "always"),
        (json!({ "defaultTo": "panel:" }), "defaultTo", "expected session_ID"),
        (json!({ "accounts": { "a": { "retry_delay_ms": 1 } } }), "accounts.a.retryDelayMs", "100 to 30000"),
    ] {
        let (found, text) = problem(section.clone());
        assert_eq!(found, path, "{section}");
        assert!(text.contains(part), "{section}: {text}");
    }
}

#[test]
fn the_environment_gives_the_token_of_the_default_account() {
    let env = json!({ "clawToken": "claw_0a" });
    let configured = |section: Value| {
        let accounts = accounts(section);
        accounts.iter().map(|account| account.platform.status()["configured"] == true).collect::<Vec<_>>()
    };
    assert_eq!(configured(json!({ ENV_KEY: env, "agentUserId": "bot" })), [true]);
    assert_eq!(
        configured(json!({ ENV_KEY: env, "agentUserId": "bot", "accounts": { "b": {}, "default": {} } })),
        [true, false]
    );
}

#[test]
fn a_change_that_needs_no_new_link_leaves_the_fingerprint_alone() {
    let base = json!({ "clawToken": "claw_0a", "agentUserId": "bot", "sessions": ["*"] });
    let fingerprint = |change: Value| {
        let mut section = base.clone();
        section.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        accounts(section)[0].fingerprint
    };
    let plain = fingerprint(json!({}));
    for change in [json!({ "allowFrom": ["a"] }), json!({ "name": "n" }), json!({ "mention": { "requireInGroups": true } })] {
        assert_eq!(fingerprint(change.clone()), plain, "{change}");
    }
    for change in [
        json!({ "clawToken": "claw_0b" }),
        json!({ "sessions": ["a"] }),
        json!({ "panels": ["*"] }),
        json!({ "socketUrl": "http://other" }),
        json!({ "socketDisableMsgpack": true }),
    ] {
        assert_ne!(fingerprint(change.clone()), plain, "{change}");
    }
}

#[test]
fn what_hears_nothing_or_everybody_is_said() {
    let issues = |section: Value| accounts(section)[0].platform.status()["issues"].to_string();
    let whole = json!({ "clawToken": "claw_0a", "agentUserId": "b", "sessions": ["*"], "allowFrom": ["*"] });
    assert_eq!(issues(whole), "[]");
    for (change, part) in [
        (json!({}), "clawToken missing"),
        (json!({ "clawToken": "claw_0a" }), "agentUserId missing"),
        (json!({ "clawToken": "0a", "agentUserId": "b" }), "does not begin with claw_"),
        (json!({}), "sessions and panels name nothing"),
        (json!({}), "allowFrom is not set"),
        (json!({ "allowFrom": [] }), "every message is dropped"),
    ] {
        assert!(issues(change.clone()).contains(part), "{change}");
    }
}
