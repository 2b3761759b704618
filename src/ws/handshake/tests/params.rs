//! The parameters: what is read, what is let pass, and how what is wrong is named.

use serde_json::{Value, json};

use super::rig::{Door, TOKEN, here, set, with_token, without};

async fn wrong(params: &Value) -> String {
    let error = Door::new().error(&here(), params).await;
    assert_eq!(error["code"], "INVALID_REQUEST");
    let message = error["message"].as_str().unwrap();
    message.strip_prefix("invalid connect params: ").unwrap_or_else(|| panic!("{message}")).to_owned()
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_in_the_protocols_words() {
    let all = "must have required property 'minProtocol'; must have required property 'maxProtocol'; \
        must have required property 'client'";
    let device = "at /device: must have required property 'id'; at /device: must have required property 'publicKey'; \
        at /device: must have required property 'signature'; at /device: must have required property 'signedAt'";
    let mode = "at /client/mode: must be equal to constant; at /client/mode: must match a schema in anyOf \
        (webchat, cli, ui, backend, node, probe, test, operator)";
    let past = json!({ "id": "x", "publicKey": "x", "signature": "x", "signedAt": -1 });
    for (params, clauses) in [
        (json!({}), all),
        (Value::Null, all),
        (json!([]), "at root: must be object"),
        (json!("x"), "at root: must be object"),
        (without(with_token(3), "/client"), "must have required property 'client'"),
        (without(with_token(3), "/client/id"), "at /client: must have required property 'id'"),
        (without(with_token(3), "/client/mode"), "at /client: must have required property 'mode'"),
    ] {
        assert_eq!(wrong(&params).await, clauses, "{params}");
    }
    for (path, value, clauses) in [
        ("/client", json!(1), "at /client: must be object"),
        ("/client/id", json!(7), "at /client/id: must be string"),
        ("/client/id", json!(""), "at /client/id: must NOT have fewer than 1 characters"),
        ("/client/version", json!(""), "at /client/version: must NOT have fewer than 1 characters"),
        ("/client/instanceId", json!(""), "at /client/instanceId: must NOT have fewer than 1 characters"),
        ("/client/mode", json!("x"), mode),
        ("/client/mode", json!(1), mode),
        ("/minProtocol", json!(0), "at /minProtocol: must be >= 1"),
        ("/minProtocol", json!("3"), "at /minProtocol: must be integer"),
        ("/maxProtocol", json!(3.5), "at /maxProtocol: must be integer"),
        ("/maxProtocol", json!(1e300), "at /maxProtocol: must be <= 9007199254740991"),
        ("/maxProtocol", json!(i64::MAX), "at /maxProtocol: must be <= 9007199254740991"),
        ("/role", json!(1), "at /role: must be string"),
        ("/role", json!(""), "at /role: must NOT have fewer than 1 characters"),
        ("/caps", json!("x"), "at /caps: must be array"),
        ("/caps", json!(["a", 1]), "at /caps/1: must be string"),
        ("/scopes", json!([""]), "at /scopes/0: must NOT have fewer than 1 characters"),
        ("/scopes", json!(vec!["x"; 17]), "at /scopes: must NOT have more than 16 items"),
        ("/commands", json!(vec!["x"; 257]), "at /commands: must NOT have more than 256 items"),
        ("/permissions", json!({ "a": 1 }), "at /permissions/a: must be boolean"),
        ("/auth", json!("x"), "at /auth: must be object"),
        ("/auth/token", json!(1), "at /auth/token: must be string"),
        ("/device", json!({}), device),
        ("/device", past, "at /device/signedAt: must be >= 0"),
    ] {
        assert_eq!(wrong(&set(with_token(3), path, value.clone())).await, clauses, "{path} {value}");
    }
}

#[tokio::test]
async fn a_long_list_of_faults_ends_and_repeats_no_secret() {
    let bad: serde_json::Map<_, _> = (0..200).map(|n| (format!("{n}-{}", "x".repeat(1000)), json!(n))).collect();
    let params = set(set(with_token(3), "/permissions", bad.into()), "/auth/password", json!([TOKEN]));
    let clauses = wrong(&params).await;
    assert!(clauses.len() < 4_000 && clauses.split("; ").count() == 16, "{clauses}");
    assert!(!clauses.contains(TOKEN));
    let refusal = Door::new().knock(&here(), &json!({ "client": { "id": "é".repeat(200) } })).await.unwrap_err();
    assert!(refusal.close_reason.len() <= 120 && refusal.close_reason.starts_with("invalid connect params: "));
}

#[tokio::test]
async fn what_is_not_known_is_let_pass() {
    let mut params = set(with_token(3), "/foo", json!({ "deep": [1, 2, 3] }));
    params = set(params, "/client/buildId", json!("b1"));
    params = set(params, "/auth/bootstrapToken", json!("x"));
    for nothing in ["/role", "/device", "/caps", "/auth/password"] {
        params = set(params, nothing, Value::Null);
    }
    Door::new().enters(&here(), &params).await;
    // The form in which documents show it.
    let shown = json!({
        "minProtocol": 7, "maxProtocol": 7, "role": "operator", "scopes": ["operator.read"], "auth": { "token": TOKEN },
        "client": { "id": "cli-abc123", "version": "1.0.0", "platform": "macos", "mode": "operator" },
    });
    let admitted = Door::new().enters(&here(), &shown).await;
    assert_eq!((admitted.protocol, admitted.client.id.as_str(), admitted.client.mode.as_str()), (7, "cli-abc123", "operator"));
}

#[tokio::test]
async fn what_clients_say_of_themselves_is_kept_short_and_clean() {
    let mut params = with_token(3);
    for (path, value) in [
        ("/client/displayName", json!("Ada's\u{1b}[31m desk\n\u{0}")),
        ("/client/version", json!("v".repeat(10_000))),
        ("/client/platform", json!("é".repeat(100))),
        ("/userAgent", json!("u".repeat(60_000))),
        ("/locale", json!("en-GB")),
        ("/pathEnv", json!("/usr/bin:".repeat(5_000))),
        ("/caps", json!(["canvas"])),
        ("/commands", json!(["system.run"])),
        ("/permissions", json!({ "camera": true, "mic": false })),
    ] {
        params = set(params, path, value);
    }
    let admitted = Door::new().enters(&here(), &params).await;
    assert_eq!(admitted.client.display_name.as_deref(), Some("Ada's[31m desk"));
    assert_eq!((admitted.client.version.len(), admitted.client.platform.len()), (128, 128));
    assert_eq!(admitted.path_env.map(|path| path.len()), Some(4096));
    assert_eq!((admitted.caps, admitted.commands), (vec!["canvas".to_owned()], vec!["system.run".to_owned()]));
    assert_eq!(admitted.permissions.into_iter().collect::<Vec<_>>(), [("camera".to_owned(), true), ("mic".to_owned(), false)]);
    assert_eq!(admitted.id, "c1");
}
