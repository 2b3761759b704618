//! How the account comes by its link: logins of every sort, what refuses them, what the lists show.

use reqwest::Method;
use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::gateway::merge;
use crate::harness::rocketchat::faults::Trouble;
use crate::harness::rocketchat::{Kind, PASSWORD, Tokens, Version};
use crate::harness::{eventually, until};

/// What is wrong, how it is brought about, and what the text says.
type Refusal = (&'static str, fn(&Rig), &'static str);

/// Lays a personal access token over the account's password.
fn with_token(rig: &Rig, token: &str) {
    let mut settings = rig.gateway.settings();
    let account = settings["channels"]["rocketchat"].as_object_mut().expect("the account");
    account.remove("username");
    account.remove("password");
    merge(&mut settings, json!({ "channels": { "rocketchat": { "authToken": token, "userId": rig.bot.id } } }));
    rig.gateway.configure(&settings);
}

#[tokio::test]
async fn an_expired_login_is_renewed_and_nothing_is_lost() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    for round in 0..3 {
        rig.server.expire(&rig.bot, Tokens::Logins);
        let text = format!("after expiry {round}");
        rig.server.say(&rid, &rig.ann, &text);
        assert_eq!(rig.server.wait_for_said(&rid, round + 1).await[round], text);
    }
    assert_eq!(rig.server.calls("login").iter().filter(|call| call.status != 200).count(), 0);
}

#[tokio::test]
async fn one_login_is_made_for_all_who_need_it_and_the_servers_limit_on_it_is_waited_out() {
    let rig = Rig::start(Version::Seven, json!({})).await;
    let rooms = [rig.room(Kind::Direct, "").await, rig.room(Kind::Channel, "a").await, rig.room(Kind::Private, "b").await];
    let before = rig.server.calls("login").len();
    rig.server.plan("login", Trouble::Limited(1), 1);
    rig.server.expire(&rig.bot, Tokens::Logins);
    for rid in &rooms {
        rig.server.say(rid, &rig.ann, "@call.bot hello");
    }
    for rid in &rooms {
        rig.server.wait_for_said(rid, 1).await;
    }
    let statuses: Vec<_> = rig.server.calls("login").iter().skip(before).map(|call| call.status).collect();
    assert_eq!(statuses, [429, 200]);
}

#[tokio::test]
async fn what_is_known_stays_when_settings_change_that_need_no_new_link() {
    let rig = Rig::start(Version::Eight, json!({ "groupAllowFrom": ["@ann", "@nobody"] })).await;
    let shown = async || rig.status().await["status"].clone();
    let known = |shown: &Value| (shown["bot"].clone(), shown["unknownNames"].clone());
    let wanted = (json!("call.bot"), json!(["nobody"]));
    until("names were looked for", async || (known(&shown().await) == wanted).then_some(())).await;
    let logins = rig.server.logins();
    rig.gateway.change(json!({ "channels": { "rocketchat": { "requireMention": false } } }));
    until("it is taken over", async || (shown().await["requireMention"] == false).then_some(())).await;
    assert_eq!(known(&shown().await), wanted);
    // A probe goes by the login of the link: it made one of its own.
    let probed = rig.gateway.expect(200, Method::POST, "/admin/channels/rocketchat/default/probe", None).await;
    assert_eq!(probed["probe"]["bot"]["username"], "call.bot", "{probed}");
    assert_eq!((rig.server.logins(), rig.count("link_reconnects_total").await), (logins, 0));
}

#[tokio::test]
async fn a_token_that_is_revoked_blocks_the_link_and_says_what_to_do() {
    let mut rig = Rig::prepare(Version::Seven, json!({}));
    let token = rig.server.access_token(&rig.bot);
    with_token(&rig, &token);
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.say(&rid, &rig.ann, "hello");
    rig.server.wait_for_said(&rid, 1).await;
    rig.server.force_logout(&rig.bot);
    let status = rig.link("blocked").await;
    let reason = status["reason"].as_str().expect("a reason");
    for part in
        ["has expired or was revoked", "no username and password are set", "personal access token", "or username and password"]
    {
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(status["code"], "bad_credentials");
    let seen = format!("{}{}{}", rig.gateway.output(), rig.gateway.log(), rig.status().await);
    assert!(!seen.contains(&token), "no token in what is shown");
    with_token(&rig, &rig.server.access_token(&rig.bot));
    rig.link("up").await;
    rig.server.say(&rid, &rig.ann, "again");
    assert_eq!(rig.server.wait_for_said(&rid, 2).await, ["hello", "again"]);
}

#[tokio::test]
async fn a_login_that_is_refused_is_told_by_its_reason() {
    let cases: [Refusal; 2] = [
        ("second factor", |rig| rig.server.ask_for_code(&rig.bot, "123456"), "two-factor"),
        (
            "wrong password",
            |rig| rig.gateway.change(json!({ "channels": { "rocketchat": { "password": "no such" } } })),
            "check `username` and `password`",
        ),
    ];
    for (what, prepare, text) in cases {
        for version in [Version::Seven, Version::Eight] {
            let mut rig = Rig::prepare(version, json!({}));
            prepare(&rig);
            rig.gateway.again().await;
            let status = rig.link("blocked").await;
            let reason = status["reason"].as_str().expect("a reason");
            assert!(reason.contains(text), "{what} {version:?}: {reason}");
            assert!(!reason.contains(PASSWORD) && !reason.contains("no such"), "{reason}");
        }
    }
}

#[tokio::test]
async fn the_environment_file_fills_in_the_default_account() {
    let mut rig = Rig::prepare(Version::Eight, json!({}));
    let mut settings = rig.gateway.settings();
    let account = settings["channels"]["rocketchat"].as_object_mut().expect("the account");
    ["baseUrl", "username", "password"].iter().for_each(|key| drop(account.remove(*key)));
    rig.gateway.configure(&settings);
    let env = format!(
        "ROCKETCHAT_URL={}/api/v1/\nROCKETCHAT_USERNAME=call.bot\nROCKETCHAT_PASSWORD=\"{PASSWORD}\"\n",
        rig.server.url
    );
    std::fs::write(rig.gateway.state().join(".env"), env).expect("the file");
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    let status = rig.status().await["status"].clone();
    assert_eq!(
        (&status["tokenSource"], &status["baseUrlSource"], &status["bot"]),
        (&json!("env"), &json!("env"), &json!("call.bot"))
    );
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.say(&rid, &rig.ann, "hello");
    rig.server.wait_for_said(&rid, 1).await;
    let seen = format!("{}{}", rig.gateway.output(), rig.gateway.log());
    assert!(!seen.contains(PASSWORD), "no password in what is shown");
}

#[tokio::test]
async fn an_account_is_added_and_probed_from_the_command_line() {
    let mut rig = Rig::prepare(Version::Seven, json!({}));
    let mut settings = rig.gateway.settings();
    settings["channels"] = json!({});
    rig.gateway.configure(&settings);
    let token = rig.server.access_token(&rig.bot);
    let refused = |arguments: &[&str]| rig.gateway.run(2, &[&["channels", "add", "rocketchat"], arguments].concat());
    assert!(refused(&[]).contains("Rocket.Chat requires --auth-token, --user-id, and --http-url (or --use-env)."));
    assert!(
        refused(&["--use-env", "--account", "a"]).contains("Rocket.Chat env vars can only be used for the default account.")
    );
    let bad = ["--auth-token", &token, "--user-id", &rig.bot.id, "--http-url", "nowhere"];
    assert!(refused(&bad).contains("Rocket.Chat --http-url must include a valid base URL."));
    let good =
        ["channels", "add", "rocketchat", "--auth-token", &token, "--user-id", &rig.bot.id, "--http-url", &rig.server.url];
    rig.gateway.run(0, &[&good[..], &["--name", "Bot"]].concat());
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    let probe = rig.gateway.expect(200, Method::POST, "/admin/channels/rocketchat/default/probe", None).await["probe"].clone();
    assert_eq!((&probe["ok"], &probe["bot"]["_id"], &probe["status"]), (&json!(true), &json!(rig.bot.id), &json!(200)));
    assert!(probe["elapsedMs"].is_u64());
    rig.gateway.run(0, &[&good[..], &["--account", "second"]].concat());
    let ids: Vec<Value> = until("two accounts", async || {
        let list = rig.gateway.get("/admin/channels").await;
        let own = list["channels"].as_array()?.iter().filter(|account| account["channel"] == "rocketchat");
        let ids: Vec<_> = own.map(|account| account["account"].clone()).collect();
        (ids.len() == 2).then_some(ids)
    })
    .await;
    assert_eq!(ids, ["default", "second"]);
    assert_eq!(rig.gateway.settings()["channels"]["rocketchat"]["accounts"]["default"]["name"], "Bot");
}

#[tokio::test]
async fn a_frozen_connection_is_given_up() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.freeze_sockets();
    rig.server.say(&rid, &rig.ann, "anybody?");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["anybody?"]);
    eventually("one live connection", || rig.server.sockets() == 1).await;
}
