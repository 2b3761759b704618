//! How often an address is told why, and how often it may be wrong.

use std::time::Duration;

use super::rig::{Door, afar, caller, connect, here, set, token, with_token};

#[tokio::test]
async fn an_address_is_told_why_a_hundred_times_a_minute() {
    let door = Door::new();
    let (one, other) = (caller("192.0.2.7", &[]), caller("192.0.2.8", &[]));
    for _ in 0..100 {
        let refusal = door.say(&one, "not json").await.unwrap_err();
        assert_eq!((refusal.close_code, refusal.answer), (1000, None));
    }
    let wrong = token(3, "wrong");
    let mute = door.knock(&one, &wrong).await.unwrap_err();
    assert_eq!((mute.answer, mute.close_code, mute.close_reason.as_str()), (None, 1008, ""));
    assert_eq!(mute.event, "handshake.token_mismatch", "the log still hears why");
    assert!(door.knock(&other, &wrong).await.unwrap_err().answer.is_some());
    // Whoever is right is let in all the same.
    door.enters(&one, &with_token(3)).await;
    door.clock.advance(Duration::from_secs(1));
    assert!(door.knock(&one, &wrong).await.unwrap_err().answer.is_some());
    assert!(door.knock(&one, &wrong).await.unwrap_err().answer.is_none());
}

#[tokio::test]
async fn wrong_credentials_count_for_http_too_and_mere_mistakes_do_not() {
    let door = Door::with(|settings| settings.failed_auth_burst = 3);
    for text in ["not json", "{}", r#"{"type":"req","id":"1","method":"health"}"#] {
        door.say(&here(), text).await.unwrap_err();
    }
    door.knock(&here(), &set(with_token(3), "/maxProtocol", 9.into())).await.unwrap();
    for params in [&token(3, "wrong"), &connect(3)] {
        door.knock(&here(), params).await.unwrap_err();
    }
    assert!(door.porter.failed(here().address()).is_ok());
    assert!(door.porter.failed(here().address()).is_err());
}

#[tokio::test]
async fn from_elsewhere_nothing_is_looked_at_after_too_many_wrong_credentials() {
    let door = Door::with(|settings| settings.failed_auth_burst = 3);
    for _ in 0..3 {
        assert!(door.error(&afar(), &token(4, "wrong")).await["message"].as_str().unwrap().contains("mismatch"));
    }
    let error = door.error(&afar(), &with_token(4)).await;
    assert_eq!(error["message"], "unauthorized: too many failed authentication attempts (retry later)");
    assert_eq!(
        (&error["details"]["code"], &error["details"]["authReason"]),
        (&"AUTH_RATE_LIMITED".into(), &"rate_limited".into())
    );
    door.enters(&here(), &with_token(4)).await;
    door.enters(&caller("192.0.2.8", &[]), &with_token(4)).await;
    door.clock.advance(Duration::from_secs(2));
    door.enters(&afar(), &with_token(4)).await;
}

#[tokio::test]
async fn this_machine_is_heard_however_often_it_was_wrong() {
    let door = Door::with(|settings| settings.failed_auth_burst = 1);
    for _ in 0..5 {
        door.knock(&here(), &token(3, "wrong")).await.unwrap_err();
    }
    door.enters(&here(), &with_token(3)).await;
}
