use std::sync::Arc;
use std::time::Duration;

use callboard_actors::agent::{
    Hands, Piece, Prompt, Provider as _, ProviderError, Run, RunEnd, RunLimits, RunOutcome, SteerBox, TurnState,
};
use callboard_actors::core::{Clock, Progress};
use callboard_actors::message::{
    Code, Entry, Media, Role, RunId, Said, Sampling, ToolCall, ToolChoice, ToolResult, ToolRound, ToolSchema, ToolSpec,
    ToolUse, Usage,
};
use futures_util::StreamExt as _;
use serde_json::json;

use crate::providers::remote::Clients;
use crate::providers::stand_in::{Reply, StandIn, Then, done, event, finish, text, usage};
use crate::providers::{Remote, RemoteSettings, Style, TimeLimits};

const PATIENT: Duration = Duration::from_secs(30);
const SHORT: Duration = Duration::from_millis(150);

fn limits(first_token: Duration, between_tokens: Duration) -> TimeLimits {
    TimeLimits { connect: PATIENT, first_token, between_tokens }
}

fn provider_with(url: &str, limits: TimeLimits) -> Remote {
    let settings = RemoteSettings {
        id: "cloud".into(),
        style: Style::Completions,
        base_url: url.into(),
        keys: vec!["sk-secret".into()],
        headers: Vec::new(),
        models: Vec::new(),
        limits,
    };
    Remote::new(settings, &mut Clients::default(), &Clock::system()).unwrap()
}

fn provider(stand_in: &StandIn) -> Remote {
    provider_with(&stand_in.url, limits(PATIENT, PATIENT))
}

fn hello() -> Prompt {
    Prompt { model: "big".into(), text: "hello".into(), ..Prompt::default() }
}

async fn pieces(provider: &Remote, prompt: Prompt) -> Vec<Result<Piece, ProviderError>> {
    let all = provider.stream(prompt).collect::<Vec<_>>();
    Clock::system().within(PATIENT, all).await.expect("the stream ends")
}

/// All text, and how it ended.
async fn heard(provider: &Remote) -> (String, Result<(String, Usage), ProviderError>) {
    let mut said = String::new();
    let mut end = None;
    for piece in pieces(provider, hello()).await {
        assert!(end.is_none(), "nothing follows the end");
        match piece {
            Ok(Piece::Text(text)) => said.push_str(&text),
            Ok(Piece::End(ending)) => end = Some(Ok((ending.finish_reason, ending.usage))),
            Ok(Piece::Asked(_) | Piece::Thought(_) | Piece::Tool(_) | Piece::Thinking | Piece::Reasoning(_)) => {}
            Err(error) => end = Some(Err(error)),
        }
    }
    (said, end.expect("a stream says how it ends"))
}

async fn error_of(reply: Reply) -> ProviderError {
    let stand_in = StandIn::start([reply]);
    heard(&provider(&stand_in)).await.1.expect_err("an error")
}

#[actix_web::test]
async fn streams_an_answer() {
    let parts = vec![": ping\n\n".into(), text("Hel"), text("lo"), finish("stop"), usage(7, 2), done()];
    let stand_in = StandIn::start([Reply::Stream(parts, Then::Stall)]);
    let (said, end) = heard(&provider(&stand_in)).await;
    assert_eq!(said, "Hello");
    assert_eq!(end, Ok(("stop".into(), Usage::tokens(7, 2))));
    let asked = &stand_in.asked()[0];
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.authorization.as_deref(), Some("Bearer sk-secret"));
    let expected = json!({
        "model": "big",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": true,
        "stream_options": {"include_usage": true},
    });
    assert_eq!(asked.body, expected);
}

#[actix_web::test]
async fn sends_the_whole_conversation() {
    let stand_in = StandIn::start([Reply::Stream(vec![text("x"), finish("stop"), done()], Then::Close)]);
    let media = |url: &str, mime: Option<&str>| Media::at_url(url, mime.map(Into::into));
    let entry =
        |role, text: &str, media| Entry { role, text: text.into(), media, run: RunId::new(), at_ms: 0, rounds: Vec::new() };
    let call = ToolCall { id: "c1".into(), name: "clock".into(), args: json!({"zone": "utc"}) };
    let prompt = Prompt {
        system: Some("Be kind.".into()),
        history: vec![
            entry(Role::User, "see", vec![media("http://a/old.png", Some("image/png"))]),
            entry(Role::Assistant, "seen", Vec::new()),
        ],
        media: vec![media("http://a/new.png", Some("image/png")), media("http://a/doc", None)],
        rounds: vec![ToolRound { text: "hm".into(), calls: vec![(call, ToolResult::Failed("no tool".into()))] }],
        ..hello()
    };
    pieces(&provider(&stand_in), prompt).await;
    let expected = json!([
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "see\n[media] http://a/old.png (image/png)"},
        {"role": "assistant", "content": "seen"},
        {"role": "user", "content": [
            {"type": "text", "text": "hello\n[media] http://a/doc"},
            {"type": "image_url", "image_url": {"url": "http://a/new.png"}},
        ]},
        {"role": "assistant", "content": "hm", "tool_calls": [
            {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{\"zone\":\"utc\"}"}},
        ]},
        {"role": "tool", "content": "error: no tool", "tool_call_id": "c1"},
    ]);
    assert_eq!(stand_in.asked()[0].body["messages"], expected);
}

#[actix_web::test]
async fn sends_what_the_asker_brings() {
    let stand_in = StandIn::start([Reply::Stream(vec![text("x"), finish("stop"), done()], Then::Close)]);
    let call = ToolCall { id: "c1".into(), name: "clock".into(), args: json!("not json") };
    let line = |role, text: &str| Said::Line { role, text: text.into() };
    let round = |result: &str| ToolRound { text: String::new(), calls: vec![(call.clone(), ToolResult::Done(result.into()))] };
    let spec = ToolSpec {
        name: "clock".into(),
        description: Some("tells the time".into()),
        parameters: ToolSchema::new(&json!({"type": "object"})).ok(),
        strict: Some(true),
    };
    let prompt = Prompt {
        thinking: Some("high".into()),
        before: vec![line(Role::User, "a"), Said::Round(round("1")), line(Role::Assistant, "b")],
        rounds: vec![round("2")],
        tools: ToolUse { specs: vec![spec.into()], choice: Some(ToolChoice::Named("clock".into())), parallel: Some(false) },
        sampling: Sampling {
            temperature: Some(0.5),
            top_p: Some(0.25),
            max_tokens: Some(1),
            max_completion_tokens: Some(2),
            stop: vec!["end".into()],
            response_format: Some(json!({"type": "json_object"})),
            seed: Some(-3),
            reasoning_effort: Some("low".into()),
        },
        ..hello()
    };
    pieces(&provider(&stand_in), prompt).await;
    let calls = json!([{"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "not json"}}]);
    let expected = json!({
        "model": "big",
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": null, "tool_calls": calls},
            {"role": "tool", "content": "1", "tool_call_id": "c1"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": null, "tool_calls": calls},
            {"role": "tool", "content": "2", "tool_call_id": "c1"},
        ],
        "stream": true,
        "stream_options": {"include_usage": true},
        "tools": [{"type": "function", "function": {
            "name": "clock", "description": "tells the time", "parameters": {"type": "object"}, "strict": true,
        }}],
        "tool_choice": {"type": "function", "function": {"name": "clock"}},
        "parallel_tool_calls": false,
        "temperature": 0.5, "top_p": 0.25, "max_tokens": 1, "max_completion_tokens": 2, "stop": ["end"],
        "response_format": {"type": "json_object"}, "seed": -3, "reasoning_effort": "low",
    });
    assert_eq!(stand_in.asked()[0].body, expected);
}

#[actix_web::test]
async fn sends_how_much_to_think_where_the_protocol_has_a_word_for_it() {
    let answer = || Reply::Stream(vec![text("x"), finish("stop"), done()], Then::Close);
    let stand_in = StandIn::start([answer(), answer()]);
    for level in ["high", "off"] {
        pieces(&provider(&stand_in), Prompt { thinking: Some(level.into()), ..hello() }).await;
    }
    let asked: Vec<_> = stand_in.asked().iter().map(|asked| asked.body.get("reasoning_effort").cloned()).collect();
    assert_eq!(asked, [Some(json!("high")), None]);
}

#[actix_web::test]
async fn puts_tool_calls_together() {
    let part = |calls| event(&json!({"choices": [{"delta": {"tool_calls": calls}}]}));
    let parts = vec![
        part(json!([{"index": 0, "id": "c1", "function": {"name": "forecast", "arguments": "{\"at\":"}}])),
        part(json!([{"index": 1, "id": "c2", "function": {"name": "clock", "arguments": ""}}])),
        part(json!([{"index": 0, "function": {"arguments": "\"home\"}"}}])),
        finish("tool_calls"),
        done(),
    ];
    let stand_in = StandIn::start([Reply::Stream(parts, Then::Close)]);
    let pieces = pieces(&provider(&stand_in), hello()).await;
    let call = |id: &str, name: &str, args| Ok(Piece::Tool(ToolCall { id: id.into(), name: name.into(), args }));
    let tail = &pieces[pieces.len() - 3..];
    assert_eq!(tail[0], call("c1", "forecast", json!({"at": "home"})));
    assert_eq!(tail[1], call("c2", "clock", json!({})));
    assert!(matches!(&tail[2], Ok(Piece::End(end)) if end.finish_reason == "tool_calls"));
    assert!(pieces[..pieces.len() - 3].iter().all(|piece| *piece == Ok(Piece::Thinking)));
}

#[actix_web::test]
async fn takes_an_answer_in_one_piece() {
    let body = json!({
        "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    });
    let headers = vec![("content-type", "application/json".to_owned())];
    let stand_in = StandIn::start([Reply::Plain(200, headers, body.to_string())]);
    let (said, end) = heard(&provider(&stand_in)).await;
    assert_eq!((said.as_str(), end), ("Hello", Ok(("length".into(), Usage::tokens(1, 2)))));
}

#[actix_web::test]
async fn an_answer_needs_no_farewell() {
    for then in [Then::Close, Then::Cut] {
        let stand_in = StandIn::start([Reply::Stream(vec![text("whole"), finish("stop")], then)]);
        let (said, end) = heard(&provider(&stand_in)).await;
        assert_eq!((said.as_str(), end.unwrap().0.as_str()), ("whole", "stop"));
    }
    let stand_in = StandIn::start([Reply::Stream(vec![text("whole"), finish("stop")], Then::Stall)]);
    let (said, end) = heard(&provider_with(&stand_in.url, limits(PATIENT, SHORT))).await;
    assert_eq!((said.as_str(), end.unwrap().0.as_str()), ("whole", "stop"));
}

#[actix_web::test]
async fn a_refusal_says_what_to_mend() {
    let body = r#"{"error": {"message": "Incorrect key provided: sk-secret", "type": "invalid_request_error", "code": "bad"}}"#;
    let cases = [
        (
            401,
            body,
            Code::ProviderAuth,
            "refused the key: Incorrect key provided: *** (bad); set models.providers.cloud.apiKey",
        ),
        (403, r#"{"message":"no"}"#, Code::ProviderAuth, "refused the key: no;"),
        (404, "no such model", Code::ProviderModel, "knows no model big"),
        (
            400,
            r#"{"error":{"message":"The model does not exist","code":"model_not_found"}}"#,
            Code::ProviderModel,
            "knows no model big",
        ),
        (400, r#"{"error":"too long"}"#, Code::Refused, "refused the request with status 400: too long"),
        (422, "", Code::Refused, "status 422: no reason given"),
        (500, "oops", Code::ProviderBroken, "failed with status 500: no reason given"),
        (503, "<html>busy</html>", Code::ProviderBusy, "is not ready, status 503"),
        (529, "overloaded", Code::ProviderBusy, "status 529"),
        (307, "", Code::Refused, "baseUrl to where it is"),
    ];
    for (status, body, code, text) in cases {
        let error = error_of(Reply::Plain(status, Vec::new(), body.into())).await;
        assert_eq!(error.code, code, "{status}");
        assert!(error.message.starts_with("provider cloud ") && error.message.contains(text), "{status}: {error}");
        assert!(!error.message.contains("secret"), "{error}");
        assert_eq!(error.retry_after, None);
    }
}

#[actix_web::test]
async fn a_rate_limit_says_how_long() {
    let header = |value: &str| vec![("retry-after", value.to_owned())];
    let error = error_of(Reply::Plain(429, header("7"), "slow down".into())).await;
    assert_eq!((error.code, error.retry_after), (Code::ProviderBusy, Some(Duration::from_secs(7))));
    let error = error_of(Reply::Plain(429, header("Fri, 01 Jan 2100 00:00:00 GMT"), String::new())).await;
    assert!(error.retry_after.unwrap() > Duration::from_secs(365 * 86_400));
    let error = error_of(Reply::Plain(429, Vec::new(), json!({ "message": "y".repeat(10_000) }).to_string())).await;
    assert_eq!(error.retry_after, None);
    assert!(error.message.chars().count() < 300, "{error}");
}

#[actix_web::test]
async fn a_broken_answer_is_an_error_behind_its_text() {
    let huge = "x".repeat(2 * 1024 * 1024);
    let reported = json!({"error": {"message": "engine died", "type": "server_error"}});
    let overloaded = json!({"error": {"message": "try later", "type": "overloaded_error"}});
    let cases = [
        ("cut", vec![text("half")], Then::Cut, "half", Code::ProviderBroken, "broke off in the middle"),
        ("closed too early", vec![text("half")], Then::Close, "half", Code::ProviderBroken, "broke off in the middle"),
        ("nothing at all", vec![], Then::Close, "", Code::ProviderBroken, "broke off"),
        (
            "not JSON",
            vec![text("half"), "data: {\"choices\": [\n\n".into()],
            Then::Close,
            "half",
            Code::ProviderBroken,
            "no chat completion",
        ),
        ("another type", vec!["data: [1]\n\n".into()], Then::Close, "", Code::ProviderBroken, "no chat completion"),
        (
            "a huge line",
            vec![text("half"), format!("data: {huge}")],
            Then::Stall,
            "half",
            Code::ProviderBroken,
            "more than 1048576 bytes",
        ),
        ("an error inside", vec![text("half"), event(&reported)], Then::Stall, "half", Code::ProviderBroken, "engine died"),
        ("overload inside", vec![event(&overloaded)], Then::Stall, "", Code::ProviderBusy, "try later"),
    ];
    for (name, parts, then, text, code, message) in cases {
        let stand_in = StandIn::start([Reply::Stream(parts, then)]);
        let (said, end) = heard(&provider(&stand_in)).await;
        let error = end.expect_err(name);
        assert_eq!((said.as_str(), error.code), (text, code), "{name}");
        assert!(error.message.contains(message), "{name}: {error}");
    }
    let page = vec![("content-type", "text/html; charset=utf-8".to_owned())];
    let error = error_of(Reply::Plain(200, page, "<html>".into())).await;
    assert!(error.message.contains("a web page") && error.message.contains("baseUrl"), "{error}");
}

#[actix_web::test]
async fn silence_ends_with_the_time_for_it() {
    let role = event(&json!({"choices": [{"delta": {"role": "assistant", "content": ""}}]}));
    let before = "sent no token within 150ms";
    let cases = [
        ("before the head", Reply::Silence, limits(SHORT, PATIENT), "", before),
        ("before the first event", Reply::Stream(vec![], Then::Stall), limits(SHORT, PATIENT), "", before),
        ("behind pings", Reply::Stream(vec![": ping\n\n".into()], Then::Stall), limits(SHORT, PATIENT), "", before),
        ("behind the role", Reply::Stream(vec![role], Then::Stall), limits(SHORT, PATIENT), "", before),
        (
            "between tokens",
            Reply::Stream(vec![text("half")], Then::Stall),
            limits(PATIENT, SHORT),
            "half",
            "fell silent for 150ms",
        ),
    ];
    for (name, reply, limits, text, message) in cases {
        let stand_in = StandIn::start([reply]);
        let (said, end) = heard(&provider_with(&stand_in.url, limits)).await;
        let error = end.expect_err(name);
        assert_eq!((said.as_str(), error.code), (text, Code::Timeout), "{name}");
        assert!(error.message.contains(message), "{name}: {error}");
    }
}

#[actix_web::test]
async fn a_backend_that_is_away_is_named() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/v1?key=hidden");
    let error = heard(&provider_with(&url, limits(PATIENT, PATIENT))).await.1.expect_err("nobody listens");
    assert_eq!(error.code, Code::Unavailable);
    assert!(error.message.contains("cannot be reached at http://127.0.0.1:"), "{error}");
    assert!(error.message.contains("models.providers.cloud.baseUrl") && !error.message.contains("hidden"), "{error}");
}

#[actix_web::test]
async fn a_backend_that_speaks_tls_badly_is_an_error() {
    let stand_in = StandIn::start([Reply::Silence]);
    let url = stand_in.url.replace("http:", "https:");
    let error = heard(&provider_with(&url, limits(PATIENT, PATIENT))).await.1.expect_err("no TLS there");
    assert_eq!(error.code, Code::Unavailable);
}

async fn run(provider: Remote) -> RunEnd {
    let clock = Clock::system();
    let progress = Progress::unwatched(&clock);
    let mut limits = RunLimits::default();
    limits.retry.backoff.base = Duration::from_millis(1);
    let turn = Run {
        provider: Arc::new(provider),
        prompt: hello(),
        limits,
        clock: &clock,
        progress: &progress,
        sink: (),
        steer: SteerBox::default(),
        hands: Hands::default(),
        state: TurnState::Waiting,
    };
    turn.finish().await
}

#[actix_web::test]
async fn a_turn_survives_a_busy_backend() {
    let busy = Reply::Plain(429, vec![("retry-after", "0".to_owned())], String::new());
    let broken = Reply::Plain(500, Vec::new(), String::new());
    let fine = Reply::Stream(vec![text("here"), finish("stop"), done()], Then::Close);
    let stand_in = StandIn::start([busy, broken, fine]);
    let end = run(provider(&stand_in)).await;
    assert_eq!(end.text, "here");
    assert!(matches!(end.outcome, RunOutcome::Done(_)), "{end:?}");
    assert_eq!(stand_in.asked().len(), 3);
}

#[actix_web::test]
async fn a_turn_gives_up_at_once_on_a_refused_key() {
    let stand_in = StandIn::start([Reply::Plain(401, Vec::new(), String::new())]);
    let end = run(provider(&stand_in)).await;
    assert!(matches!(end.outcome, RunOutcome::Failed(ref error) if error.code == Code::ProviderAuth), "{end:?}");
    assert_eq!(stand_in.asked().len(), 1);
}
