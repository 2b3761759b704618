//! What each credential gives: never more than it has.

use callboard_actors::client::devices::TokenForm;
use callboard_actors::client::{Role, Scope, Scopes};
use serde_json::{Value, json};

use super::rig::{Door, Key, TOKEN, afar, caller, connect, here, owner, seen, set, token, with_token};
use crate::access::{AccessSettings, Auth};
use crate::ws::handshake::Method;

const MISMATCH: &str = "unauthorized: gateway token mismatch (provide gateway auth token)";

fn asking(params: Value, scopes: &[&str]) -> Value {
    set(params, "/scopes", json!(scopes))
}

#[tokio::test]
async fn without_scopes_protocol_three_means_the_owner_and_later_ones_nobody() {
    let door = Door::new();
    let table: &[(u8, Value, &[&str])] = &[
        (3, Value::Null, &["operator.admin"]),
        (3, json!([]), &["operator.admin"]),
        (3, json!(["operator.read"]), &["operator.read"]),
        (3, json!(["operator.unheard-of"]), &[]),
        (4, Value::Null, &[]),
        (4, json!([]), &[]),
        (4, json!(["operator.write", "operator.talk.secrets"]), &["operator.write"]),
        (7, Value::Null, &[]),
        (7, json!(["operator.admin", "operator.pairing"]), &["operator.admin", "operator.pairing"]),
    ];
    for (protocol, scopes, given) in table {
        let admitted = door.enters(&here(), &set(with_token(*protocol), "/scopes", scopes.clone())).await;
        assert_eq!(admitted.grant.scopes, Scopes::named(*given), "{protocol} {scopes}");
        assert_eq!((admitted.method, admitted.grant.device), (Method::Token, None));
    }
}

#[tokio::test]
async fn a_node_has_no_scopes_whatever_it_names() {
    let door = Door::new();
    for protocol in [3, 4, 7] {
        let params = asking(set(with_token(protocol), "/role", "node".into()), &["operator.admin"]);
        let grant = door.enters(&here(), &params).await.grant;
        assert_eq!((grant.role, grant.scopes), (Role::Node, Scopes::NONE));
        assert!(!grant.allows(Scope::Read));
    }
}

#[tokio::test]
async fn a_devices_token_gives_what_it_was_made_for() {
    let (door, key) = (Door::new(), Key::new(1));
    let first = door.enters(&here(), &key.sign(asking(with_token(3), &["operator.write"]))).await;
    let issued = first.auth.expect("a token of its own");
    assert_eq!((issued.role, issued.scopes), (Role::Operator, Scopes::named(["operator.write"])));
    let own = |scopes: &[&str]| key.sign(asking(token(3, &issued.device_token), scopes));
    for caller in [here(), afar()] {
        let admitted = door.enters(&caller, &own(&["operator.read"])).await;
        assert_eq!((admitted.method, admitted.grant.scopes), (Method::DeviceToken, Scopes::named(["operator.read"])));
        let again = admitted.auth.expect("the same");
        assert_eq!((&again.device_token, again.issued_at_ms), (&issued.device_token, issued.issued_at_ms));
        // Naming none, it has what it has: less than the owner, whom protocol 3 means by that.
        let admitted = door.enters(&caller, &own(&[])).await;
        assert_eq!(admitted.grant.scopes, Scopes::named(["operator.write"]));
        // More is asked of the owner, on this machine too.
        for more in [&["operator.admin"][..], &["operator.read", "operator.pairing"]] {
            let error = door.error(&caller, &own(more)).await;
            assert_eq!((&error["code"], &error["message"]), (&json!("NOT_PAIRED"), &json!("pairing required")), "{more:?}");
        }
    }
}

#[tokio::test]
async fn the_token_that_let_a_device_in_is_the_one_it_keeps() {
    let (door, key) = (Door::new(), Key::new(1));
    let issued = door.enters(&here(), &key.sign(with_token(3))).await.auth.unwrap().device_token;
    // In another protocol's form this process made none yet, so it would make one for a token that is good for nothing.
    let params = set(token(4, &issued), "/auth/deviceToken", "stale".into());
    let admitted = door.enters(&afar(), &key.sign(params)).await;
    assert_eq!((admitted.method, admitted.auth.unwrap().device_token), (Method::DeviceToken, issued));
}

#[tokio::test]
async fn a_devices_token_is_nothing_without_the_device() {
    let (door, key, other) = (Door::new(), Key::new(1), Key::new(2));
    let issued = door.enters(&here(), &key.sign(with_token(3))).await.auth.unwrap().device_token;
    door.enters(&here(), &other.sign(with_token(3))).await;
    for params in [
        token(3, &issued),
        other.sign(token(3, &issued)),
        key.sign(set(token(3, &issued), "/role", "node".into())),
        key.sign(token(3, &issued[1..])),
        key.sign(set(connect(3), "/auth", json!({ "token": "x", "password": issued }))),
    ] {
        assert_eq!(door.error(&here(), &params).await["message"], MISMATCH, "{params}");
    }
}

#[tokio::test]
async fn a_new_shared_token_holds_at_once_and_devices_keep_theirs() {
    let (door, key) = (Door::new(), Key::new(1));
    let issued = door.enters(&here(), &key.sign(with_token(3))).await.auth.unwrap().device_token;
    door.change(|settings| settings.auth = Auth::Token("another".into()));
    assert!(door.knock(&here(), &with_token(3)).await.is_err());
    assert!(door.knock(&here(), &key.sign(with_token(3))).await.is_err());
    door.enters(&here(), &token(3, "another")).await;
    door.enters(&here(), &key.sign(token(3, &issued))).await;
    door.change(|settings| settings.auth = Auth::Password("open sesame".into()));
    door.enters(&here(), &key.sign(token(3, &issued))).await;
}

#[tokio::test]
async fn rotated_and_revoked_tokens_are_void_at_once() {
    let (door, key) = (Door::new(), Key::new(1));
    let first = door.enters(&here(), &key.sign(with_token(3))).await;
    let old = first.auth.unwrap().device_token;
    assert!(door.devices.stands(&first.grant).await);
    let (rotated, closing) = door.devices.rotate(&key.id(), Role::Operator, None, TokenForm::Hex, &owner()).await.unwrap();
    assert!(closing.hits(&first.grant), "the open connection is named");
    assert!(door.knock(&here(), &key.sign(token(3, &old))).await.is_err());
    let grant = door.enters(&afar(), &key.sign(token(3, &rotated.token))).await.grant;
    let (_, closing) = door.devices.revoke(&key.id(), Role::Operator, &owner()).await.unwrap();
    assert!(closing.hits(&grant));
    assert!(!door.devices.stands(&grant).await);
    for void in [&old, &rotated.token] {
        assert_eq!(door.error(&afar(), &key.sign(token(3, void))).await["message"], MISMATCH);
    }
    // With the shared token from afar it is a device that has to be let in again.
    assert_eq!(door.error(&afar(), &key.sign(with_token(3))).await["code"], "NOT_PAIRED");
}

#[tokio::test]
async fn the_word_of_the_tailnets_proxy_lets_paired_devices_in() {
    let lines = [
        ("host", "box.tail1.ts.net"),
        ("tailscale-user-login", "ada@example.org"),
        ("x-forwarded-for", "100.101.102.103"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "box.tail1.ts.net"),
    ];
    let (door, key) = (Door::new(), Key::new(1));
    let tailnet = caller("127.0.0.1", &lines);
    let params = key.sign(connect(3));
    // It comes from elsewhere, however near the proxy is, so nobody is paired without being asked about.
    assert_eq!(door.error(&tailnet, &params).await["message"], "pairing required");
    door.approved(&tailnet, &params).await;
    let admitted = door.enters(&tailnet, &params).await;
    assert_eq!((admitted.method, admitted.grant.scopes), (Method::Tailscale, Scopes::named(["operator.admin"])));
    // Without the setting, or from elsewhere, it is said in vain.
    let missing = "unauthorized: gateway token missing (provide gateway auth token)";
    let off = seen("127.0.0.1", &lines, &AccessSettings::default());
    assert_eq!(door.error(&off, &params).await["message"], missing);
    assert_eq!(door.error(&caller("100.101.102.103", &lines), &params).await["message"], missing);
    // Without a device it is not enough.
    assert_eq!(door.error(&tailnet, &connect(3)).await["message"], "device identity required");
}

#[tokio::test]
async fn where_nothing_is_asked_for_everybody_is_the_owner() {
    let door = Door::with(|settings| settings.auth = Auth::Open);
    let admitted = door.enters(&afar(), &connect(3)).await;
    assert_eq!((admitted.method, admitted.grant.scopes), (Method::None, Scopes::named(["operator.admin"])));
    let admitted = Door::new().enters(&here(), &Key::new(1).sign(with_token(3))).await;
    let shown = format!("{admitted:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains(&admitted.auth.unwrap().device_token));
}
