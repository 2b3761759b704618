use secrecy::SecretString;

use super::rig::{ADMIN, PAIRING, READ, Rig, known, operator, operator_on, text, visit};
use crate::client::devices::{DeviceError, Entry, Lacking, ShownToken, TokenForm, Visit, Welcome};
use crate::client::{Grant, Role, Scope, Scopes};

#[tokio::test]
async fn tokens_are_long_and_of_the_form_asked_for() {
    let rig = Rig::new();
    let hex = rig.at_home("one", Role::Operator, ADMIN).await;
    assert_eq!(text(&hex.token).len(), 32);
    assert!(text(&hex.token).bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
    let long = visit("one", Role::Operator, ADMIN, Welcome::Asked);
    let long = known(rig.book.enter(Visit { form: TokenForm::Base64Url, ..long }).await);
    assert_eq!(text(&long.token).len(), 43);
    assert!(text(&long.token).bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    for issued in [&hex, &long] {
        assert!(rig.verify("one", Role::Operator, text(&issued.token)).await.is_some());
    }
}

#[tokio::test]
async fn a_token_is_good_for_one_device_and_one_role() {
    let rig = Rig::new();
    let one = rig.at_home("one", Role::Operator, ADMIN).await;
    rig.at_home("two", Role::Operator, ADMIN).await;
    rig.at_home("one", Role::Node, &[]).await;
    let token = text(&one.token);
    assert_eq!(rig.verify("one", Role::Operator, token).await, Some(Scopes::named(ADMIN)));
    assert_eq!(rig.verify("two", Role::Operator, token).await, None);
    assert_eq!(rig.verify("one", Role::Node, token).await, None);
    assert_eq!(rig.verify("nobody", Role::Operator, token).await, None);
    for wrong in ["", &token[1..], &format!("{token}0"), &token.to_uppercase(), "null"] {
        assert_eq!(rig.verify("one", Role::Operator, wrong).await, None, "{wrong}");
    }
}

#[tokio::test]
async fn who_comes_again_hears_the_same_token() {
    let mut rig = Rig::new();
    let first = rig.at_home("one", Role::Operator, ADMIN).await;
    rig.clock.advance(std::time::Duration::from_secs(60));
    let again = rig.at_home("one", Role::Operator, ADMIN).await;
    assert_eq!((text(&again.token), again.issued_at_ms), (text(&first.token), first.issued_at_ms));
    let mut shown = visit("one", Role::Operator, ADMIN, Welcome::Asked);
    shown.token = ShownToken::Beside(&first.token);
    rig.restart();
    let shown = known(rig.book.enter(shown).await);
    assert_eq!((text(&shown.token), shown.issued_at_ms), (text(&first.token), first.issued_at_ms));
    // Without it, another is made, since nobody but the device knows the first; both are good.
    let other = rig.at_home("one", Role::Operator, ADMIN).await;
    assert_ne!(text(&other.token), text(&first.token));
    for token in [&other.token, &first.token] {
        assert!(rig.verify("one", Role::Operator, text(token)).await.is_some());
    }
}

#[tokio::test]
async fn of_many_tokens_the_ones_in_use_stay() {
    let mut rig = Rig::new();
    let used = rig.at_home("one", Role::Operator, ADMIN).await;
    let mut idle = Vec::new();
    for _ in 0..6 {
        rig.restart();
        rig.clock.advance(std::time::Duration::from_secs(3600));
        assert!(rig.verify("one", Role::Operator, text(&used.token)).await.is_some());
        idle.push(rig.at_home("one", Role::Operator, ADMIN).await);
    }
    assert!(rig.verify("one", Role::Operator, text(&idle[0].token)).await.is_none());
    assert!(rig.verify("one", Role::Operator, text(&idle[5].token)).await.is_some());
    assert!(rig.verify("one", Role::Operator, text(&used.token)).await.is_some());
}

#[tokio::test]
async fn a_rotated_token_is_void_at_once() {
    let mut rig = Rig::new();
    let old = rig.at_home("one", Role::Operator, ADMIN).await;
    let (rotated, closing) = rig.book.rotate("one", Role::Operator, None, TokenForm::Hex, &operator(ADMIN)).await.unwrap();
    assert_ne!(rotated.token, text(&old.token));
    assert_eq!((rotated.scopes, rotated.rotated_at_ms), (Scopes::named(ADMIN), 1_000_000));
    assert!(closing.hits(&operator_on("one", READ)));
    assert!(!closing.hits(&operator_on("two", ADMIN)) && !closing.hits(&operator(ADMIN)));
    assert!(!closing.hits(&Grant { role: Role::Node, ..operator_on("one", READ) }));
    for _ in 0..2 {
        assert_eq!(rig.verify("one", Role::Operator, text(&old.token)).await, None);
        assert!(rig.verify("one", Role::Operator, &rotated.token).await.is_some());
        rig.restart();
    }
    // What this process made before is not given out again.
    let next = rig.at_home("one", Role::Operator, ADMIN).await;
    assert_ne!(text(&next.token), text(&old.token));
    let summary = &rig.book.list().await.unwrap().paired[0].tokens[0];
    assert_eq!(summary.rotated_at_ms, Some(1_000_000));
}

#[tokio::test]
async fn a_token_that_is_rotated_between_its_check_and_the_entry_buys_no_new_one() {
    let rig = Rig::new();
    let old = rig.at_home("one", Role::Operator, ADMIN).await;
    let comes = || Visit { token: ShownToken::LetsIn(&old.token), ..visit("one", Role::Operator, ADMIN, Welcome::Asked) };
    assert!(rig.verify("one", Role::Operator, text(&old.token)).await.is_some());
    let (rotated, _) = rig.book.rotate("one", Role::Operator, None, TokenForm::Hex, &operator(ADMIN)).await.unwrap();
    assert_eq!(rig.book.enter(comes()).await.unwrap_err(), DeviceError::VoidToken);
    assert!(rig.verify("one", Role::Operator, &rotated.token).await.is_some());
    // Nor does it wait for an operator once it is shut out.
    rig.book.revoke("one", Role::Operator, &operator(ADMIN)).await.unwrap();
    assert_eq!(rig.book.enter(comes()).await.unwrap_err(), DeviceError::VoidToken);
    assert!(rig.book.list().await.unwrap().pending.is_empty());
}

#[tokio::test]
async fn a_rotation_passes_on_no_more_than_the_operator_and_the_device_have() {
    let rig = Rig::new();
    rig.at_home("admin", Role::Operator, ADMIN).await;
    rig.at_home("reader", Role::Operator, READ).await;
    let rotate = |id, scopes: Option<&[&str]>, by: Grant| {
        let (book, scopes) = (rig.book.clone(), scopes.map(Scopes::named));
        async move { book.rotate(id, Role::Operator, scopes, TokenForm::Hex, &by).await.map(|(rotated, _)| rotated.scopes) }
    };
    // Who may only pair does not get hold of an admin's token, nor of a narrowed one of an admin's device.
    assert_eq!(rotate("admin", None, operator(PAIRING)).await, Err(DeviceError::Beyond(Scope::Admin)));
    assert_eq!(rotate("admin", Some(&[]), operator(PAIRING)).await, Err(DeviceError::Beyond(Scope::Admin)));
    // A connection that has less than its device does not widen itself through its own token.
    assert_eq!(rotate("admin", None, operator_on("admin", PAIRING)).await, Err(DeviceError::Beyond(Scope::Admin)));
    // An admin does not give a device what it never asked for.
    assert_eq!(rotate("reader", Some(ADMIN), operator(ADMIN)).await, Err(DeviceError::BeyondPairing(Scope::Admin)));
    assert_eq!(rotate("nobody", None, operator(ADMIN)).await, Err(DeviceError::UnknownDevice));
    let narrowed = rotate("admin", Some(READ), operator(ADMIN)).await;
    assert_eq!(narrowed, Ok(Scopes::named(READ)));
    assert_eq!(rotate("admin", Some(ADMIN), operator(ADMIN)).await, Err(DeviceError::BeyondPairing(Scope::Admin)));
    assert!(matches!(rig.afar("admin", Role::Operator, ADMIN).await.unwrap(), Entry::Waits { lacking: Lacking::Scopes, .. }));
}

#[tokio::test]
async fn a_revoked_token_does_not_come_back() {
    let mut rig = Rig::new();
    let old = rig.at_home("one", Role::Operator, ADMIN).await;
    let (revoked, closing) = rig.book.revoke("one", Role::Operator, &operator(ADMIN)).await.unwrap();
    assert_eq!((revoked.device_id.as_str(), revoked.revoked_at_ms), ("one", 1_000_000));
    assert!(closing.hits(&operator_on("one", READ)));
    let token = text(&old.token).to_owned();
    assert_eq!(rig.verify("one", Role::Operator, &token).await, None);
    let again = rig.book.rotate("one", Role::Operator, None, TokenForm::Hex, &operator(ADMIN)).await;
    assert_eq!(again.unwrap_err(), DeviceError::UnknownDevice);
    let again = rig.book.revoke("one", Role::Operator, &operator(ADMIN)).await;
    assert_eq!(again.unwrap_err(), DeviceError::UnknownDevice);
    rig.restart();
    assert_eq!(rig.verify("one", Role::Operator, &token).await, None);
    // From afar it has to ask anew; showing the old token helps nothing.
    let mut visit = visit("one", Role::Operator, READ, Welcome::Asked);
    let secret = SecretString::from(token.as_str());
    visit.token = ShownToken::Beside(&secret);
    let Entry::Waits { request_id, lacking } = rig.book.enter(visit).await.unwrap() else { panic!("let in") };
    assert_eq!(lacking, Lacking::Role);
    rig.book.approve(&request_id, &operator(ADMIN)).await.unwrap();
    assert_eq!(rig.verify("one", Role::Operator, &token).await, None);
    let new = known(rig.afar("one", Role::Operator, READ).await);
    assert_ne!(text(&new.token), token);
    assert_eq!(new.scopes, Scopes::named(READ), "what it had before is gone");
}

#[tokio::test]
async fn only_who_has_its_scopes_shuts_a_device_out() {
    let rig = Rig::new();
    rig.at_home("admin", Role::Operator, ADMIN).await;
    let refused = rig.book.revoke("admin", Role::Operator, &operator(PAIRING)).await.unwrap_err();
    assert_eq!(refused, DeviceError::Beyond(Scope::Admin));
    // Its owner may, with whatever the connection has.
    rig.book.revoke("admin", Role::Operator, &operator_on("admin", PAIRING)).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_was_being_made_meanwhile_is_found_out() {
    let rig = Rig::new();
    rig.at_home("one", Role::Operator, ADMIN).await;
    let grant = operator_on("one", &["operator.admin", "operator.pairing"]);
    assert!(rig.book.stands(&grant).await);
    assert!(rig.book.stands(&operator(ADMIN)).await);
    rig.book.rotate("one", Role::Operator, Some(Scopes::named(READ)), TokenForm::Hex, &operator(ADMIN)).await.unwrap();
    assert!(!rig.book.stands(&grant).await);
    assert!(rig.book.stands(&operator_on("one", READ)).await);
    rig.book.revoke("one", Role::Operator, &operator(ADMIN)).await.unwrap();
    assert!(!rig.book.stands(&operator_on("one", READ)).await);
    assert!(!rig.book.stands(&operator_on("two", &[])).await);
}
