//! Which protocol is spoken, and how each of them is told of a refusal.

use serde_json::{Value, json};

use super::rig::{Door, Key, afar, connect, here, set, token, with_token};

fn range(min: i64, max: i64) -> Value {
    set(set(with_token(3), "/minProtocol", min.into()), "/maxProtocol", max.into())
}

#[tokio::test]
async fn the_highest_number_that_both_speak() {
    let door = Door::new();
    let ranges = [(3, 3, 3), (4, 4, 4), (7, 7, 7), (3, 4, 4), (3, 7, 7), (1, 9, 7), (4, 6, 4), (2, 3, 3), (5, 1000, 7)];
    for (min, max, spoken) in ranges {
        assert_eq!(door.enters(&here(), &range(min, max)).await.protocol, spoken, "{min}..{max}");
    }
    let whole = set(set(with_token(3), "/minProtocol", json!(3.0)), "/maxProtocol", json!(3.0));
    assert_eq!(door.enters(&here(), &whole).await.protocol, 3);
}

/// The largest number that clients in JavaScript have.
const EXACT_MAX: i64 = 9_007_199_254_740_991;

#[tokio::test]
async fn no_number_in_common() {
    let door = Door::new();
    let old = json!({ "expectedProtocol": 3 });
    let newer = |min: i64, max: i64, expected: u8| {
        json!({
            "code": "PROTOCOL_MISMATCH", "clientMinProtocol": min, "clientMaxProtocol": max, "expectedProtocol": expected,
            "minimumProbeProtocol": 3,
        })
    };
    for (min, max, details) in [
        (1, 2, old.clone()),
        (1, 1, old.clone()),
        (4, 3, old),
        (5, 6, newer(5, 6, 4)),
        (8, 9, newer(8, 9, 7)),
        (EXACT_MAX, EXACT_MAX, newer(EXACT_MAX, EXACT_MAX, 7)),
    ] {
        let refusal = door.knock(&here(), &range(min, max)).await.unwrap_err();
        assert_eq!((refusal.close_code, refusal.close_reason.as_str()), (1002, "protocol mismatch"), "{min}..{max}");
        let answer: Value = serde_json::from_str(&refusal.answer.unwrap()).unwrap();
        assert_eq!(answer["error"], json!({ "code": "INVALID_REQUEST", "message": "protocol mismatch", "details": details }));
    }
}

#[tokio::test]
async fn newer_clients_are_told_in_codes_too() {
    let (door, key) = (Door::new(), Key::new(1));
    let old = door.error(&here(), &token(3, "wrong")).await;
    assert_eq!(old.as_object().unwrap().keys().collect::<Vec<_>>(), ["code", "message"]);
    let mismatch = json!({
        "code": "AUTH_TOKEN_MISMATCH", "authReason": "token_mismatch", "canRetryWithDeviceToken": false,
        "recommendedNextStep": "update_auth_credentials",
    });
    for protocol in [4, 7] {
        let error = door.error(&here(), &token(protocol, "wrong")).await;
        assert_eq!((&error["code"], &error["details"]), (&json!("INVALID_REQUEST"), &mismatch));
    }
    let missing = &door.error(&here(), &key.sign(connect(4))).await["details"];
    assert_eq!(missing["code"], "AUTH_TOKEN_MISSING");
    assert_eq!(missing["recommendedNextStep"], "update_auth_configuration");
    assert_eq!(door.error(&here(), &connect(4)).await["details"], json!({ "code": "DEVICE_IDENTITY_REQUIRED" }));
    let expired = key.sign_at(with_token(4), 0, None);
    assert_eq!(door.error(&here(), &expired).await["details"], json!({ "code": "DEVICE_AUTH_SIGNATURE_EXPIRED" }));
    let unpaired = &door.error(&afar(), &key.sign(with_token(4))).await["details"];
    assert_eq!((&unpaired["code"], &unpaired["reason"]), (&json!("PAIRING_REQUIRED"), &json!("not-paired")));
    assert!(unpaired["requestId"].is_string());
}
