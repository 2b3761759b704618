//! Chat completions.

use std::time::Duration;

use callboard_actors::message::{AskError, Code, Delta, TurnFailure};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::client::{Answer, TOKEN, get, head, post, request};
use super::rig::{Rig, end};

const PATH: &str = "/v1/chat/completions";

fn failed() -> Delta {
    Delta::Failed(TurnFailure { code: Code::ProviderBusy, message: "the provider is busy".into() })
}

fn text(text: &str) -> Delta {
    Delta::Text { text: text.into() }
}

/// Reads the events of a stream; the last one has to be the end mark.
fn events(answer: &Answer) -> Vec<Value> {
    let lines: Vec<_> = answer.body.split("\n\n").filter(|event| !event.is_empty()).collect();
    let (last, events) = lines.split_last().unwrap();
    assert_eq!(*last, "data: [DONE]");
    events.iter().map(|event| serde_json::from_str(event.strip_prefix("data: ").unwrap()).unwrap()).collect()
}

#[actix_web::test]
async fn a_whole_answer_has_the_known_form() {
    let rig = Rig::new().await;
    let body = json!({
        "model": "gpt-4", "messages": [{ "role": "user", "content": "Hello there" }],
        "temperature": 0.2, "tools": [], "tool_choice": null, "n": 1, "unknown": { "deep": [1] }
    });
    let answer = post(rig.at, PATH, &body.to_string()).await.json();
    assert_eq!((&answer["object"], &answer["model"]), (&json!("chat.completion"), &json!("gpt-4")));
    assert!(answer["id"].as_str().unwrap().starts_with("chatcmpl_"));
    let choice = &answer["choices"][0];
    assert_eq!((&choice["message"]["role"], &choice["message"]["content"]), (&json!("assistant"), &json!("Hello there")));
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(answer["usage"], json!({ "prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5 }));
    rig.stop().await;
}

#[actix_web::test]
async fn a_streamed_answer_ends_with_its_reason_and_the_tokens() {
    let rig = Rig::new().await;
    let mut body = json!({ "stream": true, "messages": [{ "role": "user", "content": "a \"b\" \u{1F600}" }] });
    let answer = post(rig.at, PATH, &body.to_string()).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    let chunks = events(&answer);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let said: String = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
    assert_eq!(said, "a \"b\" \u{1F600}");
    let last = chunks.last().unwrap();
    assert_eq!(last["choices"][0], json!({ "index": 0, "delta": {}, "finish_reason": "stop" }));
    assert!(chunks.iter().all(|chunk| chunk["object"] == "chat.completion.chunk" && chunk["id"] == chunks[0]["id"]));
    body["stream_options"] = json!({ "include_usage": true });
    let chunks = events(&post(rig.at, PATH, &body.to_string()).await);
    let last = chunks.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(5)));
    rig.stop().await;
}

#[actix_web::test]
async fn messages_become_instructions_and_one_question() {
    let rig = Rig::new().await;
    let cases = [
        (json!([{ "role": "user", "content": "q" }]), None, "q", 0),
        (
            json!([{ "role": "user", "content": [{ "type": "text", "text": "a" }, { "type": "input_text", "text": "b" }] }]),
            None,
            "a\nb",
            0,
        ),
        (
            json!([{ "role": "system", "content": "s1" }, { "role": "developer", "content": "s2" }, { "role": "user", "content": "q" }]),
            Some("s1\n\ns2"),
            "q",
            0,
        ),
        (
            json!([
                { "role": "system", "content": "s" }, { "role": "user", "content": "u1" },
                { "role": "assistant", "content": "a1" }, { "role": "assistant", "content": null, "tool_calls": [] },
                { "role": "tool", "tool_call_id": "1", "content": "t1" }, { "role": "user", "content": "u2" },
                { "role": "assistant", "content": "prefill" }
            ]),
            Some("s\n\nWhat was said before:\nUser: u1\nAssistant: a1\nTool: t1"),
            "u2",
            0,
        ),
        (
            json!([{ "role": "user", "content": "u" }, { "role": "tool", "content": "42" }]),
            Some("What was said before:\nUser: u"),
            "42",
            0,
        ),
        (
            json!([{ "role": "user", "content": [
                { "type": "image_url", "image_url": { "url": "https://x.test/a.png", "detail": "low" } }, { "type": "text", "text": "what" }
            ] }]),
            None,
            "what",
            1,
        ),
        (json!([{ "role": "user", "content": [{ "type": "image_url", "image_url": "http://x.test/a.png" }] }]), None, "", 1),
    ];
    for (messages, system, question, media) in cases {
        assert_eq!(post(rig.at, PATH, &json!({ "messages": messages }).to_string()).await.status, 200, "{messages}");
        let got = rig.switchboard.asked.lock().unwrap().pop().unwrap();
        assert_eq!((got.system.as_deref(), &*got.text, got.media.len()), (system, question, media), "{messages}");
        assert!(got.before.is_empty() && got.rounds.is_empty(), "{messages}");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn wrong_requests_name_what_is_wrong() {
    let rig = Rig::new().await;
    let user = json!([{ "role": "user", "content": "x" }]);
    let cases = [
        (json!({}), "messages"),
        (json!({ "messages": "x" }), "messages"),
        (json!({ "messages": [] }), "messages"),
        (json!({ "messages": [{ "role": "system", "content": "x" }] }), "messages"),
        (json!({ "messages": [{ "role": "user", "content": " " }] }), "messages"),
        (json!({ "messages": [{ "role": "user", "content": "x" }, { "content": "x" }] }), "messages[1]"),
        (json!({ "messages": [{ "role": "user", "content": 7 }] }), "messages[0]"),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "data:image/png;base64,A" } }] }] }),
            "messages[0].content[0].image_url",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "image_url", "image_url": { "url": "file:///etc/passwd" } }] }] }),
            "messages[0].content[0].image_url",
        ),
        (json!({ "messages": [{ "role": "wizard", "content": "x" }] }), "messages[0].role"),
        (json!({ "messages": user, "stream": "yes" }), "stream"),
        (json!({ "messages": user, "model": 4 }), "model"),
        (json!({ "messages": user, "user": { "a": 1 } }), "user"),
        (json!({ "messages": user, "user": "x".repeat(300) }), "user"),
        (json!({ "messages": user, "stream_options": "all" }), "stream_options"),
    ];
    for (body, param) in cases {
        let error = post(rig.at, PATH, &body.to_string()).await.error(400, "invalid_request");
        assert_eq!((&error["param"], &error["type"]), (&json!(param), &json!("invalid_request_error")), "{body}");
    }
    assert!(rig.switchboard.asked.lock().unwrap().is_empty());
    rig.stop().await;
}

#[actix_web::test]
async fn agents_and_sessions_are_chosen_as_the_reference_says() {
    let rig = Rig::new().await;
    rig.change(|settings| settings.agents = vec!["main".into(), "ops".into()]);
    let bearer = format!("Bearer {TOKEN}");
    type Case<'a> = (&'a [(&'a str, &'a str)], Value, &'a str);
    let cases: &[Case<'_>] = &[
        (&[], json!({}), "agent:main:openai:"),
        (&[], json!({ "model": "gpt-4o" }), "agent:main:openai:"),
        (&[], json!({ "model": "callboard:ops" }), "agent:ops:openai:"),
        (&[], json!({ "model": "moltbot/ops" }), "agent:ops:openai:"),
        (&[("x-callboard-agent-id", "ops")], json!({ "model": "callboard:main" }), "agent:ops:openai:"),
        (&[("x-clawdbot-agent", "ops")], json!({}), "agent:ops:openai:"),
        (&[], json!({ "user": "Ann" }), "agent:main:openai-user:ann"),
        (&[("x-openclaw-session-key", "agent:main:main")], json!({ "user": "Ann" }), "agent:main:main"),
        (&[("x-moltbot-session-key", "work")], json!({ "model": "callboard:ops" }), "agent:ops:work"),
    ];
    for (headers, extra, wanted) in cases {
        let mut body = json!({ "messages": [{ "role": "user", "content": "x" }] });
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let headers: Vec<_> = headers.iter().copied().chain([("authorization", bearer.as_str())]).collect();
        assert_eq!(request(rig.at, "POST", PATH, &headers, &body.to_string()).await.status, 200);
        let session = rig.switchboard.asked.lock().unwrap().pop().unwrap().session;
        assert!(
            if wanted.ends_with(':') { session.as_str().starts_with(wanted) } else { session.as_str() == *wanted },
            "{session}"
        );
    }
    let body = json!({ "model": "callboard:nobody", "messages": [{ "role": "user", "content": "x" }] });
    assert_eq!(post(rig.at, PATH, &body.to_string()).await.error(404, "not_found")["param"], "model");
    rig.stop().await;
}

#[actix_web::test]
async fn a_failure_has_its_status_until_something_was_streamed() {
    let rig = Rig::new().await;
    let whole = json!({ "messages": [{ "role": "user", "content": "x" }] }).to_string();
    let streamed = json!({ "stream": true, "messages": [{ "role": "user", "content": "x" }] }).to_string();
    rig.play(|_| vec![failed()]);
    for body in [&whole, &streamed] {
        let answer = post(rig.at, PATH, body).await;
        assert_eq!(answer.error(503, "provider_busy")["message"], "the provider is busy");
    }
    rig.play(|_| vec![text("half "), failed()]);
    post(rig.at, PATH, &whole).await.error(503, "provider_busy");
    let answer = post(rig.at, PATH, &streamed).await;
    assert_eq!(answer.status, 200);
    let last = events(&answer).pop().unwrap();
    assert_eq!(last["error"]["code"], "provider_busy");
    // A session that ends without a word.
    rig.play(|_| vec![text("half ")]);
    post(rig.at, PATH, &whole).await.error(503, "unavailable");
    assert_eq!(events(&post(rig.at, PATH, &streamed).await).pop().unwrap()["error"]["code"], "unavailable");
    for (error, status, code) in [(AskError::Overloaded, 429, "overloaded"), (AskError::Unavailable, 503, "unavailable")] {
        *rig.switchboard.play.lock().unwrap() = Box::new(move |_| Err(error));
        let answer = post(rig.at, PATH, &whole).await;
        answer.error(status, code);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    rig.stop().await;
}

#[actix_web::test]
async fn a_client_that_goes_ends_its_turn() {
    let mut rig = Rig::new().await;
    for stream in [false, true] {
        for deltas in [vec![], vec![text("one "), text("...")]] {
            rig.play(move |_| deltas.clone());
            let body = json!({ "stream": stream, "messages": [{ "role": "user", "content": "x" }] }).to_string();
            let bytes = head(rig.at, "POST", PATH, &[("authorization", &format!("Bearer {TOKEN}"))], &body);
            let mut socket = tokio::net::TcpStream::connect(rig.at).await.unwrap();
            socket.write_all(bytes.as_bytes()).await.unwrap();
            let asked = async {
                while rig.switchboard.asked.lock().unwrap().is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(10), asked).await.unwrap();
            rig.switchboard.asked.lock().unwrap().clear();
            let _ = tokio::time::timeout(Duration::from_millis(1), socket.read(&mut [0; 64])).await;
            drop(socket);
            tokio::time::timeout(Duration::from_secs(10), rig.gone.recv()).await.expect("the turn goes on");
        }
    }
    rig.stop().await;
}

#[actix_web::test]
async fn a_silent_stream_is_kept_open_by_comments_and_ends_some_time() {
    let rig = Rig::with(callboard_actors::core::Clock::manual(0), |_| {}).await;
    rig.change(|settings| settings.turn_wait_max = Duration::from_secs(40));
    rig.play(|_| vec![text("one "), text("...")]);
    let body = json!({ "stream": true, "messages": [{ "role": "user", "content": "x" }] }).to_string();
    let bytes = head(rig.at, "POST", PATH, &[("authorization", &format!("Bearer {TOKEN}"))], &body);
    let mut socket = tokio::net::TcpStream::connect(rig.at).await.unwrap();
    socket.write_all(bytes.as_bytes()).await.unwrap();
    let mut heard = String::new();
    let reading = async {
        while !heard.contains("[DONE]") {
            let mut piece = [0; 4096];
            tokio::select! {
                biased;
                count = socket.read(&mut piece) => heard.push_str(std::str::from_utf8(&piece[..count.unwrap()]).unwrap()),
                () = tokio::task::yield_now() => {}
            }
            // Moved only while the stream waits, or it would end before it began.
            if heard.contains("one ") && rig.clock.waiters() > 0 {
                rig.clock.advance(Duration::from_secs(15));
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap();
    assert_eq!(heard.matches(": still here\n\n").count(), 2, "{heard}");
    assert!(heard.contains("\"code\":\"timeout\""), "{heard}");
    rig.stop().await;
}

#[actix_web::test]
async fn a_session_that_never_answers_is_not_waited_for_for_ever() {
    let rig = Rig::new().await;
    rig.change(|settings| settings.turn_wait_max = Duration::from_millis(20));
    rig.play(|_| vec![]);
    for stream in [false, true] {
        let body = json!({ "stream": stream, "messages": [{ "role": "user", "content": "x" }] }).to_string();
        post(rig.at, PATH, &body).await.error(504, "timeout");
    }
    rig.stop().await;
}

#[actix_web::test]
async fn the_endpoint_can_be_switched_off() {
    let rig = Rig::new().await;
    rig.change(|settings| settings.chat_completions_enabled = false);
    let body = json!({ "messages": [{ "role": "user", "content": "x" }] }).to_string();
    post(rig.at, PATH, &body).await.error(404, "not_found");
    rig.stop().await;
}

#[actix_web::test]
async fn models_are_the_names_of_agents() {
    let rig = Rig::new().await;
    let list = get(rig.at, "/v1/models").await.json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert_eq!((&list["object"], ids), (&json!("list"), vec!["callboard", "callboard:main"]));
    assert_eq!(get(rig.at, "/v1/models/callboard:main").await.json()["object"], "model");
    get(rig.at, "/v1/models/nope").await.error(404, "not_found");
    rig.stop().await;
}

#[actix_web::test]
async fn an_empty_answer_is_an_answer() {
    let rig = Rig::new().await;
    rig.play(|_| vec![end()]);
    let mut body = json!({ "messages": [{ "role": "user", "content": "x" }] });
    assert_eq!(post(rig.at, PATH, &body.to_string()).await.json()["choices"][0]["message"]["content"], "");
    body["stream"] = json!(true);
    assert_eq!(events(&post(rig.at, PATH, &body.to_string()).await).len(), 2);
    rig.stop().await;
}
