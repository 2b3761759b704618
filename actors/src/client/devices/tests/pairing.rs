use std::time::Duration;

use serde_json::json;

use super::rig::{ADMIN, PAIRING, READ, Rig, known, operator, text, visit};
use crate::client::devices::{DeviceError, Entry, Lacking, PENDING_TTL_MS, ShownToken, Visit, Welcome};
use crate::client::{Role, Scope, Scopes};

#[tokio::test]
async fn a_stranger_waits_until_an_operator_lets_it_in() {
    let rig = Rig::new();
    let request_id = rig.waits("one", Role::Operator, READ).await;
    let heard = rig.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].0, "device.pair.requested");
    assert_eq!(
        heard[0].1,
        json!({
            "requestId": request_id, "deviceId": "one", "publicKey": "key-of-one", "displayName": "Desk", "platform": "linux",
            "clientId": "cli", "clientMode": "cli", "remoteIp": "192.0.2.7", "role": "operator", "roles": ["operator"],
            "scopes": ["operator.read"], "silent": false, "ts": 1_000_000,
        })
    );
    let approved = rig.book.approve(&request_id, &operator(ADMIN)).await.unwrap();
    assert_eq!(approved.device.scopes, Scopes::named(READ));
    let resolved = json!({ "requestId": request_id, "deviceId": "one", "decision": "approved", "ts": 1_000_000 });
    assert_eq!(rig.heard(), [("device.pair.resolved", resolved)]);
    let issued = known(rig.afar("one", Role::Operator, READ).await);
    assert_eq!(rig.verify("one", Role::Operator, text(&issued.token)).await, Some(Scopes::named(READ)));
    assert_eq!(rig.book.approve(&request_id, &operator(ADMIN)).await.unwrap_err(), DeviceError::UnknownRequest);
}

#[tokio::test]
async fn whoever_is_here_with_the_secret_is_let_in_without_a_word() {
    let rig = Rig::new();
    rig.at_home("one", Role::Operator, ADMIN).await;
    let heard = rig.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!((heard[0].0, &heard[0].1["decision"]), ("device.pair.resolved", &json!("approved")));
    let list = rig.book.list().await.unwrap();
    assert!(list.pending.is_empty());
    assert_eq!(list.paired[0].card.device_id, "one");
}

#[tokio::test]
async fn the_same_request_keeps_its_id_and_a_wider_one_is_another() {
    let rig = Rig::new();
    let first = rig.waits("one", Role::Operator, READ).await;
    assert_eq!(rig.waits("one", Role::Operator, READ).await, first);
    assert_eq!(rig.waits("one", Role::Operator, &[]).await, first, "less than was asked for already");
    assert_eq!(rig.heard().len(), 1, "told once");
    // An operator who looks at the first must not approve more by it.
    let wider = rig.waits("one", Role::Operator, ADMIN).await;
    assert_ne!(wider, first);
    assert_eq!(rig.book.approve(&first, &operator(ADMIN)).await.unwrap_err(), DeviceError::UnknownRequest);
    assert_eq!(rig.waits("one", Role::Operator, READ).await, wider);
    // Another role is another request beside it.
    let node = rig.waits("one", Role::Node, &[]).await;
    assert_ne!(node, wider);
    assert_eq!(rig.book.list().await.unwrap().pending.len(), 2);
}

#[tokio::test]
async fn a_request_is_over_after_five_minutes() {
    let rig = Rig::new();
    let first = rig.waits("one", Role::Operator, READ).await;
    rig.clock.advance(Duration::from_millis(PENDING_TTL_MS as u64 - 1));
    assert_eq!(rig.waits("one", Role::Operator, READ).await, first, "asking again does not make it live longer");
    rig.clock.advance(Duration::from_millis(1));
    assert_eq!(rig.book.approve(&first, &operator(ADMIN)).await.unwrap_err(), DeviceError::UnknownRequest);
    assert!(rig.book.list().await.unwrap().pending.is_empty());
    assert_ne!(rig.waits("one", Role::Operator, READ).await, first);
}

#[tokio::test]
async fn a_rejected_device_is_not_let_in_and_may_ask_again() {
    let rig = Rig::new();
    let request_id = rig.waits("one", Role::Operator, READ).await;
    rig.heard();
    assert_eq!(rig.book.reject(&request_id).await.unwrap().device_id, "one");
    let resolved = json!({ "requestId": request_id, "deviceId": "one", "decision": "rejected", "ts": 1_000_000 });
    assert_eq!(rig.heard(), [("device.pair.resolved", resolved)]);
    assert_eq!(rig.book.reject(&request_id).await.unwrap_err(), DeviceError::UnknownRequest);
    assert_ne!(rig.waits("one", Role::Operator, READ).await, request_id);
}

#[tokio::test]
async fn nobody_lets_in_with_what_they_do_not_have() {
    let rig = Rig::new();
    let admin = rig.waits("one", Role::Operator, ADMIN).await;
    for scopes in [PAIRING, &["operator.pairing", "operator.write", "operator.approvals"], &[]] {
        let error = rig.book.approve(&admin, &operator(scopes)).await.unwrap_err();
        assert_eq!(error, DeviceError::Beyond(Scope::Admin), "{scopes:?}");
        assert_eq!(error.to_string(), "missing scope: operator.admin");
    }
    let both = rig.waits("two", Role::Operator, &["operator.read", "operator.approvals"]).await;
    let error = rig.book.approve(&both, &operator(&["operator.pairing", "operator.write"])).await.unwrap_err();
    assert_eq!(error, DeviceError::Beyond(Scope::Approvals));
    // A node has no scopes to pass on, and a machine with none is let in by whoever may pair.
    let mut node = operator(ADMIN);
    node.role = Role::Node;
    assert!(rig.book.approve(&both, &node).await.is_err());
    let machine = rig.waits("three", Role::Node, &[]).await;
    assert!(rig.book.approve(&machine, &operator(PAIRING)).await.is_ok());
    assert!(rig.book.approve(&admin, &operator(ADMIN)).await.is_ok());
}

#[tokio::test]
async fn more_than_it_was_let_in_with_is_asked_for_anew() {
    let rig = Rig::new();
    let issued = rig.at_home("one", Role::Operator, READ).await;
    rig.heard();
    let wants = |role, scopes| rig.afar("one", role, scopes);
    assert!(matches!(wants(Role::Operator, ADMIN).await.unwrap(), Entry::Waits { lacking: Lacking::Scopes, .. }));
    assert_eq!(rig.heard()[0].1["isRepair"], true);
    assert!(matches!(wants(Role::Node, &[]).await.unwrap(), Entry::Waits { lacking: Lacking::Role, .. }));
    assert_eq!(rig.verify("one", Role::Operator, text(&issued.token)).await, Some(Scopes::named(READ)), "nothing gained yet");
    let list = rig.book.list().await.unwrap();
    for request in &list.pending {
        rig.book.approve(&request.request_id, &operator(ADMIN)).await.unwrap();
    }
    let scopes = Scopes::named(["operator.admin", "operator.read"]);
    assert_eq!(rig.verify("one", Role::Operator, text(&issued.token)).await, Some(scopes));
    known(wants(Role::Node, &[]).await);
    let paired = &rig.book.list().await.unwrap().paired[0];
    assert_eq!((paired.roles.as_slice(), paired.tokens.len()), (&[Role::Operator, Role::Node][..], 2));
}

#[tokio::test]
async fn its_own_token_does_not_let_a_device_widen_itself() {
    let rig = Rig::new();
    let issued = rig.at_home("one", Role::Operator, READ).await;
    let visit = Visit { token: ShownToken::LetsIn(&issued.token), ..visit("one", Role::Operator, ADMIN, Welcome::Asked) };
    assert!(matches!(rig.book.enter(visit).await.unwrap(), Entry::Waits { lacking: Lacking::Scopes, .. }));
}
