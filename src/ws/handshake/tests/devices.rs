//! Devices at the door: who is paired without a word, and who is asked about.

use std::time::Duration;

use callboard_actors::client::devices::{DEVICES_MAX, DeviceCard, Entry, ShownToken, TokenForm, Visit, Welcome};
use callboard_actors::client::{Role, Scopes};
use serde_json::{Value, json};

use super::rig::{Door, Key, NONCE, NOW_MS, TOKEN, afar, frame, here, owner, seen, set, with_token};
use crate::access::AccessSettings;
use crate::ws::handshake::Method;

#[tokio::test]
async fn a_device_on_this_machine_is_paired_without_a_word() {
    let (door, key) = (Door::new(), Key::new(1));
    let scopes = ["operator.admin", "operator.approvals", "operator.pairing"];
    let admitted = door.enters(&here(), &key.sign(set(with_token(3), "/scopes", json!(scopes)))).await;
    assert_eq!((admitted.grant.device, admitted.grant.scopes), (Some(key.id()), Scopes::named(scopes)));
    let auth = serde_json::to_value(admitted.auth).unwrap();
    assert_eq!((&auth["role"], &auth["issuedAtMs"], &auth["scopes"]), (&json!("operator"), &json!(NOW_MS), &json!(scopes)));
    let paired = door.devices.list().await.unwrap().paired;
    assert_eq!((paired.len(), paired[0].card.remote_ip.as_deref()), (1, None));
    // The same over a second connection, which has fewer scopes but no other token.
    let again = door.enters(&here(), &key.sign(with_token(3))).await;
    assert_eq!(again.grant.scopes, Scopes::named(["operator.admin"]));
    assert_eq!(again.auth.unwrap().device_token, auth["deviceToken"]);
}

#[tokio::test]
async fn a_token_has_the_form_of_the_protocol_spoken() {
    for (protocol, length) in [(3, 32), (4, 43), (7, 43)] {
        let params = set(with_token(protocol), "/scopes", json!(["operator.admin"]));
        let admitted = Door::new().enters(&here(), &Key::new(1).sign(params)).await;
        assert_eq!(admitted.auth.unwrap().device_token.len(), length, "{protocol}");
    }
}

#[tokio::test]
async fn a_device_from_afar_is_asked_about_and_let_in_after_that() {
    let (door, key) = (Door::new(), Key::new(1));
    let params = key.sign(with_token(3));
    let error = door.error(&afar(), &params).await;
    let request = door.devices.list().await.unwrap().pending.remove(0);
    assert_eq!(error["details"], json!({ "requestId": request.request_id }));
    assert_eq!((request.card.remote_ip.as_deref(), request.is_repair), (Some("192.0.2.7"), false));
    assert_eq!(request.card.client_id.as_deref(), Some("test"));
    assert_eq!(door.error(&afar(), &params).await["details"]["requestId"], request.request_id);
    door.approved(&afar(), &params).await;
    assert_eq!(door.enters(&afar(), &params).await.grant.device, Some(key.id()));
}

#[tokio::test]
async fn more_than_it_is_paired_for_is_asked_about_anew() {
    let (door, key) = (Door::new(), Key::new(1));
    let params = |protocol, role: &str, scopes: &[&str]| {
        key.sign(set(set(with_token(protocol), "/role", role.into()), "/scopes", json!(scopes)))
    };
    let read = || params(3, "operator", &["operator.read"]);
    door.approved(&afar(), &read()).await;
    door.enters(&afar(), &read()).await;
    for (role, scopes, reason) in [("operator", &["operator.admin"][..], "scope-upgrade"), ("node", &[], "role-upgrade")] {
        let error = door.error(&afar(), &params(4, role, scopes)).await;
        assert_eq!((&error["details"]["code"], &error["details"]["reason"]), (&json!("PAIRING_REQUIRED"), &json!(reason)));
    }
    let pending = door.devices.list().await.unwrap().pending;
    assert!(pending.len() == 2 && pending.iter().all(|request| request.is_repair));
    assert_eq!(door.enters(&afar(), &read()).await.grant.role, Role::Operator);
    // On this machine, with the secret that gives everything, nobody needs to be asked.
    door.enters(&here(), &params(3, "operator", &["operator.admin"])).await;
}

#[tokio::test]
async fn a_frame_heard_on_the_way_is_no_good_a_second_time() {
    let (door, key) = (Door::new(), Key::new(1));
    let heard = frame(&key.sign(with_token(3)));
    door.say(&here(), &heard).await.unwrap();
    // Every connection has a challenge of its own.
    for caller in [here(), afar()] {
        let replay = door.answer("the-challenge-of-another-connection", &caller, &heard).await.unwrap_err();
        assert_eq!(replay.close_reason, "device nonce mismatch");
    }
    // Where no challenge is signed, on this machine, it is good for ten minutes only.
    let unchallenged = frame(&key.sign_at(with_token(3), NOW_MS, None));
    door.say(&here(), &unchallenged).await.unwrap();
    door.clock.advance(Duration::from_millis(10 * 60 * 1000 + 1));
    for (caller, text) in [(here(), &unchallenged), (here(), &heard), (afar(), &unchallenged)] {
        assert_eq!(door.say(&caller, text).await.unwrap_err().close_reason, "device signature expired");
    }
}

#[tokio::test]
async fn nobody_is_paired_without_a_word_by_saying_that_it_is_here() {
    const HOST: (&str, &str) = ("host", "127.0.0.1:18789");
    let proxied = AccessSettings { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..AccessSettings::default() };
    let plain = AccessSettings::default();
    let callers = [
        seen("192.0.2.7", &[HOST, ("x-forwarded-for", "127.0.0.1")], &plain),
        seen("192.0.2.7", &[HOST, ("x-real-ip", "127.0.0.1")], &plain),
        seen("127.0.0.1", &[HOST, ("x-forwarded-for", "127.0.0.1")], &plain),
        seen("127.0.0.1", &[HOST, ("x-forwarded-for", "127.0.0.1")], &proxied),
        seen("127.0.0.1", &[HOST, ("x-forwarded-for", "127.0.0.1, 203.0.113.9")], &proxied),
        seen("127.0.0.1", &[("host", "evil.example")], &plain),
        seen("192.0.2.7", &[("host", "localhost")], &plain),
    ];
    for (seed, caller) in callers.iter().enumerate() {
        let (door, key) = (Door::new(), Key::new(seed as u8));
        let error = door.error(caller, &key.sign(with_token(3))).await;
        assert_eq!(error["message"], "pairing required", "{caller:?}");
        let unchallenged = door.error(caller, &key.sign_at(with_token(3), NOW_MS, None)).await;
        assert_eq!(unchallenged["message"], "device nonce required", "{caller:?}");
    }
}

#[tokio::test]
async fn keys_in_either_form_are_one_device() {
    let (door, key) = (Door::new(), Key::new(1));
    for caller in [here(), afar()] {
        let pem = set(key.sign(with_token(3)), "/device/publicKey", key.pem().into());
        assert_eq!(door.enters(&caller, &pem).await.grant.device, Some(key.id()));
        door.enters(&caller, &key.sign(with_token(3))).await;
    }
    let paired = door.devices.list().await.unwrap().paired;
    assert_eq!(paired.len(), 1);
    assert!(!paired[0].card.public_key.contains("BEGIN"));
}

#[tokio::test]
async fn without_a_challenge_a_device_on_this_machine_signs_the_older_form() {
    let (door, key) = (Door::new(), Key::new(1));
    for nonce in [None, Some(NONCE)] {
        door.enters(&here(), &key.sign_at(with_token(3), NOW_MS, nonce)).await;
    }
}

#[tokio::test]
async fn newer_devices_sign_what_they_run_on_and_name_their_token_apart() {
    let (door, key) = (Door::new(), Key::new(1));
    let base = |auth: Value| {
        let params = set(set(with_token(4), "/client/platform", "Linux".into()), "/client/deviceFamily", "Desk Top".into());
        set(set(params, "/auth", auth), "/scopes", json!(["operator.read"]))
    };
    let sign = |params: Value, token: &str, tail: &str| {
        let payload = format!("v3|{}|test|test|operator|operator.read|{NOW_MS}|{token}|{NONCE}|{tail}", key.id());
        key.put(params, &payload, NOW_MS, Some(NONCE))
    };
    let first = sign(base(json!({ "token": TOKEN })), TOKEN, "linux|desk top");
    let issued = door.enters(&here(), &first).await.auth.unwrap().device_token;
    let other_machine = sign(base(json!({ "token": TOKEN })), TOKEN, "darwin|desk top");
    assert_eq!(door.error(&here(), &other_machine).await["message"], "device signature invalid");
    // Alone, or beside a shared token that is wrong by now; the first of the two is signed.
    let own = sign(base(json!({ "deviceToken": issued })), &issued, "linux|desk top");
    let both = sign(base(json!({ "token": "old", "deviceToken": issued })), "old", "linux|desk top");
    for params in [own, both] {
        let admitted = door.enters(&afar(), &params).await;
        assert_eq!((admitted.method, admitted.auth.unwrap().device_token), (Method::DeviceToken, issued.clone()));
    }
    let void = sign(base(json!({ "deviceToken": "void" })), "void", "linux|desk top");
    let error = door.error(&afar(), &void).await;
    assert_eq!(error["message"], "unauthorized: device token mismatch (rotate/reissue device token)");
    assert_eq!(error["details"]["code"], "AUTH_DEVICE_TOKEN_MISMATCH", "the client forgets it by this");
    // It stands for no device, and is no shared token.
    assert_eq!(door.error(&here(), &base(json!({ "deviceToken": issued }))).await["message"], "device identity required");
    assert_eq!(door.error(&here(), &base(json!({ "deviceToken": TOKEN }))).await["message"], "device identity required");
}

#[tokio::test]
async fn an_insecure_control_ui_with_an_unpaired_device_is_let_in() {
    let ui = |params: Value| set(set(params, "/client/id", "clawdbot-control-ui".into()), "/client/mode", "webchat".into());
    let (door, key) = (Door::new(), Key::new(1));
    let params = key.sign(ui(with_token(3)));
    assert_eq!(door.error(&afar(), &params).await["message"], "pairing required");
    door.change(|settings| settings.allow_insecure_auth = true);
    door.enters(&afar(), &params).await;
    // The setting is for the control UI.
    let other = Key::new(2).sign(with_token(3));
    assert_eq!(door.error(&afar(), &other).await["message"], "pairing required");
    // Where devices are not even looked at, one that proves nothing hurts nobody.
    let door = Door::with(|settings| settings.disable_device_auth = true);
    let admitted = door.enters(&afar(), &set(params, "/device/signature", "AAAA".into())).await;
    assert_eq!(admitted.grant.device, None);
}

#[tokio::test]
async fn a_store_that_fails_lets_in_whom_it_knows() {
    let (door, key, other) = (Door::new(), Key::new(1), Key::new(2));
    let issued = door.enters(&here(), &key.sign(with_token(3))).await.auth.unwrap().device_token;
    door.store.fail_writes();
    let error = door.error(&here(), &other.sign(with_token(3))).await;
    assert_eq!((&error["code"], &error["retryable"]), (&json!("UNAVAILABLE"), &json!(true)));
    door.enters(&here(), &key.sign(set(with_token(3), "/auth/token", issued.into()))).await;
    door.enters(&here(), &with_token(3)).await;
}

#[tokio::test]
async fn a_full_book_says_that_it_is_full_of_paired_devices() {
    let (door, key) = (Door::new(), Key::new(1));
    for number in 0..DEVICES_MAX {
        let card = DeviceCard {
            device_id: number.to_string(),
            public_key: String::new(),
            display_name: None,
            platform: None,
            client_id: None,
            client_mode: None,
            remote_ip: None,
        };
        let visit = Visit {
            card,
            role: Role::Operator,
            scopes: Scopes::NONE,
            welcome: Welcome::Asked,
            token: ShownToken::None,
            form: TokenForm::Hex,
        };
        let Entry::Waits { request_id, .. } = door.devices.enter(visit).await.unwrap() else { panic!("it is let in") };
        door.devices.approve(&request_id, &owner()).await.unwrap();
    }
    let error = door.error(&here(), &key.sign(with_token(3))).await;
    assert_eq!(error["message"], "too many devices are paired: revoke the tokens of some that are not used any more");
}
