//! The owner asks an agent for the channel, and has it.

use serde_json::{Value, json};

use crate::harness::control::ControlClient;
use crate::harness::gateway::Gateway;
use crate::harness::mochat::Mochat;
use crate::harness::until;

const ASKED: &str = "Set up Mochat, my e-mail is you@example.com";
const SCRIPT: &str = r#"
steps:
  - when: { contains: "set up mochat" }
    do:
      - tool: { name: mochat_setup, args: { email: you@example.com, name: Helper, greeting: "Hello, owner." } }
      - results
  - when: { contains: "a second mochat" }
    do:
      - tool: { name: mochat_setup, args: { email: you@example.com, account: Second } }
      - results
  - when: { contains: "an evil mochat" }
    do:
      - tool: { name: mochat_setup, args: { email: you@example.com, account: ../evil } }
      - results
  - do: [echo]
"#;

/// Starts a gateway that knows where the platform is and has no agent there.
async fn gateway(platform: &Mochat) -> Gateway {
    let account = json!({ "baseUrl": platform.url, "replyDelayMode": "never", "refreshIntervalMs": 1000 });
    let mut gateway = Gateway::prepare(json!({ "channels": { "mochat": account } }));
    gateway.play(SCRIPT);
    gateway.again().await;
    gateway
}

/// Asks for it in web chat; returns what is answered.
async fn ask(client: &mut ControlClient, key: &str) -> String {
    ask_for(client, key, ASKED).await
}

async fn ask_for(client: &mut ControlClient, key: &str, asked: &str) -> String {
    let said = json!({ "sessionKey": "main", "message": asked, "idempotencyKey": key });
    client.call("chat.send", said).await.expect("started");
    let ours = |frame: &Value| frame["payload"]["runId"] == key && frame["payload"]["state"] == "final";
    let frame = client.until(ours).await;
    frame["payload"]["message"]["content"][0]["text"].as_str().expect("a text").to_owned()
}

async fn told(client: &mut ControlClient, key: &str) -> Value {
    let text = ask(client, key).await;
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"))
}

#[tokio::test]
async fn a_sentence_of_the_owner_ends_in_a_channel_that_answers() {
    let platform = Mochat::start().await;
    let gateway = gateway(&platform).await;
    let mut client = ControlClient::connect(&gateway).await;
    let first = told(&mut client, "k1").await;
    assert_eq!((&first["ok"], &first["agent"]), (&json!(true), &json!("registered")), "{first}");
    assert_eq!(
        (&first["config"]["accounts"], &first["config"]["restart"]),
        (&json!(["mochat:default"]), &Value::Null),
        "no other account is touched"
    );
    let account = gateway.settings()["channels"]["mochat"].clone();
    assert_eq!((&account["replyDelayMode"], &account["agentUserId"]), (&json!("never"), &first["agentUserId"]), "{account}");
    let token = account["clawToken"].as_str().expect("a token");
    assert!(!first.to_string().contains(token), "the token is nothing for a model");
    platform.connected(1).await;

    // Whoever is no owner has not even the tool: a client that may only send, and a person on the platform.
    let mut sender = ControlClient::open(&gateway).await;
    sender.hello(json!({ "scopes": ["operator.read", "operator.write"] })).await.expect("hello-ok");
    let refused = ask(&mut sender, "k2").await;
    assert!(refused.contains("no tool named mochat_setup is available"), "{refused}");
    for (content, answer) in [("first words", "first words"), (ASKED, "no tool named mochat_setup is available")] {
        let said = json!({ "sessionId": first["sessionId"], "content": content, "author": first["ownerUserId"] });
        platform.say(said).await;
        until("it is answered", async || {
            let sent = platform.sent().await;
            sent.iter().any(|message| message["content"].as_str().is_some_and(|text| text.contains(answer))).then_some(())
        })
        .await;
    }

    let again = told(&mut client, "k3").await;
    assert_eq!((&again["agent"], &again["config"]["changed"]), (&json!("known"), &json!(false)), "{again}");
    assert_eq!(again["agentUserId"], first["agentUserId"]);
    assert_eq!(platform.happened("rest agents/selfRegister").await, 1, "an agent that is there is used");
    assert_eq!(platform.sockets().await.len(), 1, "the link is left alone");
}

#[tokio::test]
async fn another_account_is_an_agent_of_its_own() {
    let platform = Mochat::start().await;
    let gateway = gateway(&platform).await;
    let mut client = ControlClient::connect(&gateway).await;
    let first = told(&mut client, "k1").await;
    let text = ask_for(&mut client, "k2", "I want a second Mochat").await;
    let second: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
    assert_eq!((&second["account"], &second["agent"]), (&json!("mochat:second"), &json!("registered")), "{second}");
    assert_eq!(second["config"]["accounts"], json!(["mochat:second"]), "no other account is touched");
    assert_ne!(second["agentUserId"], first["agentUserId"]);
    let section = gateway.settings()["channels"]["mochat"].clone();
    assert_eq!(section["accounts"]["second"]["agentUserId"], second["agentUserId"], "{section}");
    assert!(gateway.state().join("credentials/mochat-second.json").is_file());
    platform.connected(2).await;
    let refused = ask_for(&mut client, "k3", "I want an evil Mochat").await;
    assert!(refused.contains("no id of an account"), "{refused}");
    assert_eq!(platform.happened("rest agents/selfRegister").await, 2);
}

#[tokio::test]
async fn what_fails_is_told_to_the_owner_with_what_was_done() {
    let platform = Mochat::start().await;
    let gateway = gateway(&platform).await;
    let mut client = ControlClient::connect(&gateway).await;
    platform.fault(json!({ "route": "agents/bind", "kind": "status", "status": 503, "times": 1 })).await;
    let failed = ask(&mut client, "k1").await;
    for part in ["the agent is registered", "the server refused", "--agent-user-id"] {
        assert!(failed.contains(part), "{part}: {failed}");
    }
    assert_eq!(gateway.settings()["channels"]["mochat"]["clawToken"], Value::Null);
    let kept = std::fs::read_to_string(gateway.state().join("credentials/mochat-default.json")).expect("the token is kept");
    let kept: Value = serde_json::from_str(&kept).expect("JSON");
    assert!(!failed.contains(kept["token"].as_str().expect("a token")), "{failed}");
    let done = told(&mut client, "k2").await;
    assert_eq!((&done["agent"], &done["agentUserId"]), (&json!("known"), &kept["botUserId"]), "{done}");
    assert_eq!(platform.happened("rest agents/selfRegister").await, 1, "the agent of the first try is used");
    platform.connected(1).await;
}
