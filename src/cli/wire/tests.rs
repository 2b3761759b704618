use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use url::Url;

use callboard_actors::client::Scope;

use super::connect::socket_url;
use super::{CALL_TIMEOUT, Face, Link};
use crate::cli::error::CliError;

/// What a stand-in for a gateway does after it has read a request.
#[derive(Clone)]
enum Step {
    /// Answers it with these fields.
    Answer(Value),
    /// Answers it and says more with the same id.
    Twice(Value, Value),
    /// Closes.
    Close(u16, &'static str),
}

/// Serves one connection; each request gets the next step. Gives the requests back.
async fn stand_in(steps: Vec<Step>) -> (Url, tokio::task::JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let served = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut socket = accept_async(tcp).await.unwrap();
        let challenge = json!({ "type": "event", "event": "connect.challenge", "payload": { "nonce": "n", "ts": 1 } });
        socket.send(Message::text(challenge.to_string())).await.unwrap();
        let mut requests = Vec::new();
        for step in steps {
            let Some(Ok(Message::Text(text))) = socket.next().await else { break };
            let request: Value = serde_json::from_str(&text).unwrap();
            let answer = |mut fields: Value| {
                fields["type"] = "res".into();
                fields["id"] = request["id"].clone();
                Message::text(fields.to_string())
            };
            match step {
                Step::Answer(fields) => socket.send(answer(fields)).await.unwrap(),
                Step::Twice(first, second) => {
                    socket.send(answer(first)).await.unwrap();
                    socket.send(Message::text(r#"{"type":"event","event":"tick","payload":{"ts":1}}"#)).await.unwrap();
                    socket.send(answer(second)).await.unwrap();
                }
                Step::Close(code, reason) => {
                    let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
                    socket.close(Some(frame)).await.unwrap();
                }
            }
            requests.push(request);
        }
        requests
    });
    (Url::parse(&format!("http://{address}")).unwrap(), served)
}

fn hello() -> Step {
    Step::Answer(json!({ "ok": true, "payload": { "type": "hello-ok", "protocol": 4, "policy": { "maxPayload": 200 } } }))
}

async fn open(url: &Url, token: Option<&str>) -> Result<Link, CliError> {
    let token = token.map(SecretString::from);
    Link::open(url, token.as_ref(), Face::cli(&[Scope::Read])).await
}

/// The exit code's number; `ExitCode` does not show it.
fn kind(error: &CliError) -> u8 {
    match error {
        CliError::Failed(_) => 1,
        CliError::Usage(_) => 2,
        CliError::Unreachable { .. } => 3,
        CliError::Unauthorized { .. } => 4,
    }
}

#[tokio::test]
async fn a_connection_says_who_it_is_and_no_more_than_it_needs() {
    let (url, served) = stand_in(vec![hello(), Step::Answer(json!({ "ok": true, "payload": { "z": 1, "a": 2 } }))]).await;
    let mut link = open(&url, Some("sesame")).await.unwrap();
    assert_eq!(link.hello()["protocol"], json!(4));
    let payload = link.call("health", Value::Null, CALL_TIMEOUT).await.unwrap().unwrap();
    assert_eq!(payload.text(), r#"{"z":1,"a":2}"#);
    let long = link.call("health", json!({ "x": "x".repeat(200) }), CALL_TIMEOUT).await.unwrap_err();
    assert_eq!(kind(&long), 2, "{long}");
    let requests = served.await.unwrap();
    assert_eq!(requests[0]["params"]["scopes"], json!(["operator.read"]));
    assert_eq!(requests[0]["params"]["client"]["id"], json!("cli"));
    assert_eq!((&requests[0]["params"]["minProtocol"], &requests[0]["params"]["maxProtocol"]), (&json!(3), &json!(4)));
    assert_eq!(requests[0]["params"]["auth"], json!({ "token": "sesame", "password": "sesame" }));
    assert!(requests[1].get("params").is_none(), "{}", requests[1]);
}

#[tokio::test]
async fn a_turn_is_waited_for_to_its_end() {
    let accepted = json!({ "ok": true, "payload": { "runId": "r", "status": "accepted" } });
    let done = json!({ "ok": true, "payload": { "runId": "r", "status": "ok" } });
    let (url, _served) =
        stand_in(vec![hello(), Step::Twice(accepted.clone(), done.clone()), Step::Twice(accepted, done)]).await;
    let mut link = open(&url, None).await.unwrap();
    let last = link.call_to_the_end("agent", json!({}), CALL_TIMEOUT).await.unwrap().unwrap();
    assert_eq!(last.json()["status"], json!("ok"));
    let first = link.call_to_the_end("other", json!({}), CALL_TIMEOUT).await.unwrap().unwrap();
    assert_eq!(first.json()["status"], json!("accepted"));
}

#[tokio::test]
async fn refusals_have_their_exit_codes_and_show_no_secret() {
    let refusal =
        |code: &str, message: &str| Step::Answer(json!({ "ok": false, "error": { "code": code, "message": message } }));
    let mismatch = "unauthorized: gateway token mismatch (set gateway.remote.token to match gateway.auth.token)";
    for (step, token, exit, told) in [
        (refusal("INVALID_REQUEST", mismatch), Some("sesame"), 4, "refused the token"),
        (refusal("NOT_PAIRED", "device identity required"), None, 4, "wants a token"),
        (refusal("NOT_PAIRED", "pairing required"), Some("sesame"), 4, "pairing required"),
        (refusal("INVALID_REQUEST", "invalid role"), Some("sesame"), 1, "invalid role"),
        (Step::Close(1008, "unauthorized: x"), Some("sesame"), 4, "unauthorized: x"),
        (Step::Close(1008, ""), Some("sesame"), 4, "too many wrong tokens"),
        (Step::Close(1012, "service restart"), Some("sesame"), 3, "stops or restarts"),
        (Step::Close(1000, ""), Some("sesame"), 1, "1000"),
    ] {
        let (url, _served) = stand_in(vec![step]).await;
        let error = open(&url, token).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(kind(&error), exit, "{text}");
        assert!(text.contains(told) && !text.contains("sesame"), "{text}");
    }
}

#[tokio::test]
async fn another_protocol_is_told_with_its_number() {
    let details = json!({ "expectedProtocol": 9 });
    let error = json!({ "code": "INVALID_REQUEST", "message": "protocol mismatch", "details": details });
    let (url, _served) = stand_in(vec![Step::Answer(json!({ "ok": false, "error": error }))]).await;
    let told = open(&url, None).await.unwrap_err().to_string();
    assert!(told.contains("protocol 9"), "{told}");
}

#[test]
fn the_sockets_address_has_no_secret_in_it() {
    for (base, socket) in
        [("http://h:1/", "ws://h:1/"), ("https://user:pw@h/base/", "wss://h/base/"), ("http://[::1]:5", "ws://[::1]:5/")]
    {
        assert_eq!(socket_url(&Url::parse(base).unwrap()).as_str(), socket);
    }
}
