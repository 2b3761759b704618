use std::time::Duration;

use serde_json::Value;

use super::rig::{ADMIN, READ, Rig, known, operator, text};
use crate::client::Role;
use crate::client::devices::{DeviceError, TokenForm};
use crate::ports::{DeviceRow, Store as _};

#[tokio::test]
async fn no_token_is_kept_or_listed() {
    let rig = Rig::new();
    let issued = rig.at_home("one", Role::Operator, ADMIN).await;
    let (rotated, _) = rig.book.rotate("one", Role::Operator, None, TokenForm::Base64Url, &operator(ADMIN)).await.unwrap();
    let rows = rig.store.devices().await.unwrap();
    let list = serde_json::to_string(&rig.book.list().await.unwrap()).unwrap();
    for secret in [text(&issued.token), rotated.token.as_str()] {
        assert!(!rows[0].body.contains(secret));
        assert!(!list.contains(secret));
        assert!(!format!("{issued:?} {rotated:?} {:?}", rig.book).contains(secret));
    }
    assert!(!list.contains("hash"), "{list}");
}

#[tokio::test]
async fn the_list_has_the_form_of_the_protocol() {
    let rig = Rig::new();
    rig.at_home("one", Role::Operator, READ).await;
    rig.clock.advance(Duration::from_millis(5));
    rig.at_home("two", Role::Node, &[]).await;
    let list = serde_json::to_value(rig.book.list().await.unwrap()).unwrap();
    let ids: Vec<_> = list["paired"].as_array().unwrap().iter().map(|device| device["deviceId"].clone()).collect();
    assert_eq!(ids, ["two", "one"], "the newest first");
    let shown = &list["paired"][1];
    assert_eq!(
        *shown,
        serde_json::json!({
            "deviceId": "one", "publicKey": "key-of-one", "displayName": "Desk", "platform": "linux", "clientId": "cli",
            "clientMode": "cli", "remoteIp": "192.0.2.7", "role": "operator", "roles": ["operator"],
            "scopes": ["operator.read"], "createdAtMs": 1_000_000, "approvedAtMs": 1_000_000,
            "tokens": [{
                "role": "operator", "scopes": ["operator.read"], "createdAtMs": 1_000_000, "lastUsedAtMs": 1_000_000,
            }],
        })
    );
}

#[tokio::test]
async fn what_was_let_in_outlives_the_process() {
    let mut rig = Rig::new();
    let issued = rig.at_home("one", Role::Operator, READ).await;
    let request = rig.waits("two", Role::Operator, READ).await;
    rig.book.approve(&request, &operator(ADMIN)).await.unwrap();
    let before = rig.book.list().await.unwrap();
    rig.restart();
    assert_eq!(rig.book.list().await.unwrap(), before);
    assert!(rig.verify("one", Role::Operator, text(&issued.token)).await.is_some());
    known(rig.afar("two", Role::Operator, READ).await);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_hurts_no_other() {
    let mut rig = Rig::new();
    rig.at_home("one", Role::Operator, READ).await;
    let body = rig.store.devices().await.unwrap()[0].body.clone();
    for (id, body) in [("x", "not json"), ("y", "{}"), ("z", body.as_str())] {
        rig.store.put_device(DeviceRow { id: id.into(), body: body.into() }).await.unwrap();
    }
    rig.restart();
    let list = rig.book.list().await.unwrap();
    assert_eq!(list.paired.len(), 1, "{list:?}");
    assert_eq!(list.paired[0].card.device_id, "one");
}

#[tokio::test]
async fn nothing_is_true_that_could_not_be_written() {
    let rig = Rig::new();
    rig.store.fail("put_device");
    let failed = rig.book.enter(super::rig::visit("one", Role::Operator, READ, crate::client::devices::Welcome::Silent)).await;
    assert!(matches!(failed, Err(DeviceError::Store(_))));
    assert!(rig.book.list().await.unwrap().paired.is_empty());
    let request = rig.waits("two", Role::Operator, READ).await;
    assert!(rig.book.approve(&request, &operator(ADMIN)).await.is_err());
    rig.heard();
    rig.store.mend("put_device");
    rig.book.approve(&request, &operator(ADMIN)).await.expect("the request still waits");
    let issued = rig.at_home("one", Role::Operator, READ).await;
    rig.store.fail("put_device");
    assert!(rig.book.revoke("one", Role::Operator, &operator(ADMIN)).await.is_err());
    assert!(rig.verify("one", Role::Operator, text(&issued.token)).await.is_some(), "as the error said");
}

#[tokio::test]
async fn a_write_that_was_given_up_halfway_is_looked_up() {
    let rig = Rig::new();
    let issued = rig.at_home("one", Role::Operator, ADMIN).await;
    rig.store.lose_answer("put_device");
    {
        let by = operator(ADMIN);
        let mut revoking = Box::pin(rig.book.revoke("one", Role::Operator, &by));
        assert!(futures_util::poll!(&mut revoking).is_pending());
        // Whoever asked hangs up; the row is written.
    }
    assert_eq!(rig.verify("one", Role::Operator, text(&issued.token)).await, None);
}

#[tokio::test]
async fn a_store_that_does_not_answer_pairs_nobody_and_is_asked_again() {
    let rig = Rig::new();
    rig.store.fail("devices");
    assert!(matches!(rig.book.verify("one", Role::Operator, "x").await, Err(DeviceError::Store(_))));
    assert!(rig.book.list().await.is_err());
    rig.store.mend("devices");
    assert!(rig.book.list().await.unwrap().paired.is_empty());
}

#[tokio::test]
async fn the_use_of_a_token_is_shown_at_once_and_written_now_and_then() {
    let rig = Rig::new();
    let issued = rig.at_home("one", Role::Operator, ADMIN).await;
    let written = rig.store.asked("put_device");
    for _ in 0..100 {
        rig.clock.advance(Duration::from_secs(1));
        rig.verify("one", Role::Operator, text(&issued.token)).await.unwrap();
    }
    assert_eq!(rig.store.asked("put_device"), written);
    let used = rig.book.list().await.unwrap().paired[0].tokens[0].last_used_at_ms;
    assert_eq!(used, Some(1_100_000));
    rig.clock.advance(Duration::from_secs(600));
    rig.verify("one", Role::Operator, text(&issued.token)).await.unwrap();
    assert_eq!(rig.store.asked("put_device"), written + 1);
    let row: Value = serde_json::from_str(&rig.store.devices().await.unwrap()[0].body).unwrap();
    assert_eq!(row["roles"][0]["usedAtMs"], 1_700_000);
    // A disk that is full shuts nobody out.
    rig.store.fail("put_device");
    rig.clock.advance(Duration::from_secs(600));
    assert!(rig.verify("one", Role::Operator, text(&issued.token)).await.is_some());
}
