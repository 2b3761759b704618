use std::time::Duration;

use callboard_actors::message::{Code, Entry, RunId, ToolCall, ToolResult, ToolRound, Usage};
use futures_util::StreamExt as _;

use super::*;

fn script(yaml: &str) -> Script {
    Script::parse("script", "demo.yaml", yaml, &Clock::system()).unwrap()
}

fn said(text: &str) -> Prompt {
    Prompt { text: text.into(), ..Prompt::default() }
}

async fn play(script: &Script, prompt: Prompt) -> Vec<Result<Piece, ProviderError>> {
    script.stream(prompt).collect().await
}

/// The text, then how it ended: the finish reason, the error's code or `broken`.
async fn heard(script: &Script, prompt: Prompt) -> (String, String) {
    let mut text = String::new();
    let mut end = "broken".to_owned();
    for piece in play(script, prompt).await {
        match piece {
            Ok(Piece::Text(more)) => text.push_str(&more),
            Ok(Piece::End(ending)) => end = ending.finish_reason,
            Ok(_) => {}
            Err(error) => end = error.code.to_string(),
        }
    }
    (text, end)
}

fn line(role: Role) -> Entry {
    Entry { role, text: "before".into(), media: Vec::new(), run: RunId::new(), at_ms: 0, rounds: Vec::new() }
}

#[actix_web::test]
async fn the_first_step_that_fits_is_played() {
    let script = script(
        "steps:
  - when: { turn: 2 }
    do: [ { text: second } ]
  - when: { contains: WEATHER }
    do: [ { text: sunny } ]
  - when: { startsWith: '/go', turn: 1 }
    do: [ { text: gone } ]
  - when: { equals: stop }
    do: [ { text: stopped }, { finish: length } ]
",
    );
    let again = Prompt { history: vec![line(Role::User), line(Role::Assistant)], ..said("weather") };
    let cases = [
        (said("Weather today?"), "sunny", "stop"),
        (said(" /Go home"), "gone", "stop"),
        (said("stop"), "stopped", "length"),
        (said("stop it"), "stop it", "stop"),
        (again, "second", "stop"),
    ];
    for (prompt, text, end) in cases {
        assert_eq!(heard(&script, prompt).await, (text.to_owned(), end.to_owned()));
    }
}

#[actix_web::test]
async fn a_step_is_played_as_often_as_it_says() {
    let json = r#"{"steps": [
        {"times": 2, "do": [{"error": {"code": "provider_busy", "retryAfterMs": 1500}}]},
        {"do": ["echo"]}
    ]}"#;
    let script = script(json);
    let first = play(&script, said("a")).await;
    let Some(Err(error)) = first.first() else { panic!("{first:?}") };
    assert_eq!((error.code, error.retry_after), (Code::ProviderBusy, Some(Duration::from_millis(1500))));
    assert!(error.message.starts_with("provider script: "), "{error}");
    assert_eq!(heard(&script, said("b")).await.1, "provider_busy");
    assert_eq!(heard(&script, said("c")).await, ("c".into(), "stop".into()));
}

#[actix_web::test]
async fn tools_end_a_round_and_the_step_goes_on_in_the_next() {
    let script = script(
        "steps:
  - times: 1
    do:
      - text: 'Let me see. '
      - tool: { name: forecast, args: { at: home } }
      - tool: { name: clock }
      - usage: { input: 4, output: 2 }
      - text: 'Rain: '
      - results
",
    );
    let pieces = play(&script, said("weather")).await;
    let calls: Vec<ToolCall> =
        pieces.iter().filter_map(|piece| if let Ok(Piece::Tool(call)) = piece { Some(call.clone()) } else { None }).collect();
    assert_eq!(calls.iter().map(|call| call.name.as_str()).collect::<Vec<_>>(), ["forecast", "clock"]);
    assert_eq!(calls[0].args, serde_json::json!({"at": "home"}));
    assert!(matches!(pieces.last(), Some(Ok(Piece::End(end))) if end.finish_reason == "tool_calls"));
    let calls = calls.into_iter().map(|call| (call, ToolResult::Done("wet".into()))).collect();
    let next = Prompt { rounds: vec![ToolRound { text: "Let me see. ".into(), calls }], ..said("weather") };
    let pieces = play(&script, next).await;
    assert_eq!(pieces[0], Ok(Piece::Text("Rain: ".into())));
    assert_eq!(pieces[1], Ok(Piece::Text("wet\nwet".into())));
    assert!(matches!(&pieces[2], Ok(Piece::End(end)) if end.usage == Usage::tokens(4, 2)));
}

#[actix_web::test]
async fn cuts_wait_and_stall() {
    let clock = Clock::manual(0);
    let yaml =
        "steps: [ { when: { equals: cut }, do: [ { text: half }, cut ] }, { do: [ { waitMs: 300 }, { text: late }, stall ] } ]";
    let script = Script::parse("script", "demo.yaml", yaml, &clock).unwrap();
    assert_eq!(heard(&script, said("cut")).await, ("half".into(), "broken".into()));

    let mut stream = script.stream(said("slow"));
    assert!(futures_util::poll!(stream.next()).is_pending());
    clock.advance(Duration::from_millis(299));
    assert!(futures_util::poll!(stream.next()).is_pending());
    clock.advance(Duration::from_millis(1));
    assert_eq!(stream.next().await, Some(Ok(Piece::Text("late".into()))));
    clock.advance(Duration::from_secs(1_000_000));
    assert!(futures_util::poll!(stream.next()).is_pending());
}

#[test]
fn a_bad_file_is_refused_with_line_and_mend() {
    let cases = [
        ("", 1, "steps"),
        ("steps: []", 1, "write 1 to 1000"),
        ("steps:\n  - do:\n      - shout: loud", 3, "shout"),
        ("steps:\n  - do: [ echo ]\n    wenn: {}", 3, "wenn"),
        ("steps:\n  - do: [ echo ]\n  - do: []", 3, "`do` has 0 actions"),
        ("steps:\n  - do: [ cut, echo ]", 2, "put it last"),
        ("steps:\n  - when: { turn: 0 }\n    do: [ echo ]", 2, "the first turn is 1"),
        ("steps:\n  - do: [ { text: '' } ]", 2, "`text` is empty"),
        ("steps:\n  - do: [ { waitMs: 99999999 } ]", 2, "at most 3600000"),
        ("steps:\n  - do: [ { error: { code: nonsense } } ]", 2, "nonsense"),
        ("{\"steps\": [\n{\"do\": [}", 2, ""),
    ];
    for (contents, line, text) in cases {
        let error = Script::parse("script", "demo.yaml", contents, &Clock::system()).unwrap_err();
        assert_eq!(error.line, line, "{contents:?}: {error}");
        assert!(error.to_string().contains(text), "{contents:?}: {error}");
        assert!(error.to_string().starts_with("script demo.yaml, line "), "{error}");
    }
    let large = format!("steps: [] #{}", "x".repeat(1024 * 1024));
    assert!(Script::parse("script", "demo.yaml", &large, &Clock::system()).is_err());
}

#[actix_web::test]
async fn the_example_of_the_documentation_plays() {
    let source = include_str!("mod.rs");
    let example = source.split("```yaml").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let yaml: String = example.lines().map(|line| format!("{}\n", line.trim_start_matches("//!"))).collect();
    let script = script(&yaml);
    assert_eq!(heard(&script, said("hello")).await, ("Good morning.".into(), "stop".into()));
    let later = |text: &str| Prompt { history: vec![line(Role::User)], ..said(text) };
    assert_eq!(heard(&script, later("the weather")).await, (String::new(), "provider_busy".into()));
    assert_eq!(heard(&script, later("the weather")).await, (String::new(), "tool_calls".into()));
    assert_eq!(heard(&script, later("/cut")).await, ("Half an ans".into(), "broken".into()));
    assert_eq!(heard(&script, later("other")).await, ("other".into(), "stop".into()));
}
