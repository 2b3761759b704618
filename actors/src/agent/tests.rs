use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use tokio::sync::mpsc;

use super::*;
use crate::core::{Backoff, Clock, Progress};
use crate::message::{Code, Delta, ToolCall, ToolResult, ToolRound, ToolSpec, ToolUse, Usage};

type Item = Result<Piece, ProviderError>;

/// Gives one scripted answer a request and keeps what it was asked; an answer marked endless stalls after its pieces.
struct Scripted {
    answers: Mutex<VecDeque<(Vec<Item>, Tail)>>,
    asked: Mutex<Vec<Prompt>>,
}

#[derive(Clone, Copy)]
enum Tail {
    Closes,
    Stalls,
}

impl Scripted {
    fn new(answers: Vec<Vec<Item>>) -> Arc<Self> {
        Self::with_tails(answers.into_iter().map(|answer| (answer, Tail::Closes)).collect())
    }

    fn with_tails(answers: Vec<(Vec<Item>, Tail)>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into()), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<Prompt> {
        self.asked.lock().unwrap().clone()
    }
}

impl Provider for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn stream(&self, prompt: Prompt) -> BoxStream<'static, Item> {
        self.asked.lock().unwrap().push(prompt);
        let (pieces, tail) = self.answers.lock().unwrap().pop_front().expect("an answer is scripted");
        let tail = match tail {
            Tail::Closes => stream::empty().boxed(),
            Tail::Stalls => stream::pending().boxed(),
        };
        stream::iter(pieces).chain(tail).boxed()
    }
}

fn text(piece: &str) -> Item {
    Ok(Piece::Text(piece.into()))
}

fn end(reason: &str, input: u64, output: u64) -> Item {
    Ok(Piece::End(Ending { finish_reason: reason.into(), usage: Usage::tokens(input, output) }))
}

fn tool(id: &str) -> Item {
    Ok(Piece::Tool(ToolCall { id: id.into(), name: "weather".into(), args: serde_json::json!({"at": "home"}) }))
}

fn failure(code: Code, retry_after: Option<Duration>) -> ProviderError {
    ProviderError { code, message: "provider scripted said no".into(), retry_after }
}

fn quick() -> RunLimits {
    let backoff = Backoff { base: Duration::ZERO, max: Duration::ZERO, jitter: 0.0 };
    RunLimits { retry: RetryPolicy { backoff, ..RetryPolicy::default() }, ..RunLimits::default() }
}

async fn run_with(provider: &Arc<Scripted>, limits: RunLimits, sink: impl Sink) -> RunEnd {
    run_prompt(provider, Prompt { text: "hello".into(), ..Prompt::default() }, limits, sink).await
}

async fn run_prompt(provider: &Arc<Scripted>, prompt: Prompt, limits: RunLimits, sink: impl Sink) -> RunEnd {
    let clock = Clock::system();
    let progress = Progress::unwatched(&clock);
    let provider: Arc<dyn Provider> = Arc::clone(provider) as _;
    Run {
        provider,
        prompt,
        limits,
        clock: &clock,
        progress: &progress,
        sink,
        steer: SteerBox::default(),
        hands: Hands::default(),
        state: TurnState::Waiting,
    }
    .finish()
    .await
}

fn code_of(end: &RunEnd) -> Code {
    match &end.outcome {
        RunOutcome::Failed(error) | RunOutcome::Late(error) => error.code,
        other => panic!("expected a failure, got {other:?}"),
    }
}

#[tokio::test]
async fn passes_the_text_on_piece_by_piece() {
    let provider = Scripted::new(vec![vec![text("one "), Ok(Piece::Thinking), text("two"), end("stop", 3, 2)]]);
    let (sink, mut heard) = mpsc::channel(8);
    let end = run_with(&provider, quick(), sink).await;
    assert_eq!(end.text, "one two");
    let ending = Ending { finish_reason: "stop".into(), usage: Usage::tokens(3, 2) };
    assert_eq!(end.outcome, RunOutcome::Done(ending));
    let mut pieces = Vec::new();
    while let Some(Delta::Text { text }) = heard.recv().await {
        pieces.push(text);
    }
    assert_eq!(pieces, ["one ", "two"]);
}

#[tokio::test]
async fn runs_as_a_task_of_its_own() {
    let provider = Scripted::new(vec![vec![text("hello"), end("stop", 0, 0)]]);
    let (sink, _heard) = mpsc::channel::<Delta>(8);
    let turn = tokio::spawn(async move { run_with(&provider, quick(), sink).await });
    assert_eq!(turn.await.unwrap().text, "hello");
}

#[tokio::test]
async fn a_reader_that_is_slow_holds_the_provider_back() {
    let provider = Scripted::new(vec![vec![text("one"), text("two"), end("stop", 0, 0)]]);
    let (sink, mut heard) = mpsc::channel(1);
    let mut turn = Box::pin(run_with(&provider, quick(), sink));
    assert!(futures_util::poll!(&mut turn).is_pending());
    assert_eq!(heard.try_recv(), Ok(Delta::Text { text: "one".into() }));
    assert!(heard.try_recv().is_err(), "the second piece waits for room");
    assert_eq!(turn.await.text, "onetwo");
}

#[tokio::test]
async fn a_stream_without_an_end_has_broken_off_and_keeps_its_text() {
    let provider = Scripted::new(vec![vec![text("half")]]);
    let end = run_with(&provider, quick(), ()).await;
    assert_eq!((end.text.as_str(), code_of(&end)), ("half", Code::ProviderBroken));
}

#[tokio::test]
async fn a_tool_call_is_answered_with_an_error_and_the_provider_asked_again() {
    let provider = Scripted::new(vec![
        vec![text("let me see. "), tool("a"), tool("b"), end("tool_calls", 1, 2)],
        vec![text("I cannot"), end("stop", 10, 20)],
    ]);
    let end = run_with(&provider, quick(), ()).await;
    assert_eq!(end.text, "let me see. I cannot");
    let ending = Ending { finish_reason: "stop".into(), usage: Usage::tokens(11, 22) };
    assert_eq!(end.outcome, RunOutcome::Done(ending));
    let rounds = &provider.asked()[1].rounds;
    assert_eq!(rounds.len(), 1);
    assert_eq!(rounds[0].text, "let me see. ");
    let results: Vec<_> = rounds[0].calls.iter().map(|(call, result)| (call.id.as_str(), result.clone())).collect();
    let refused = ToolResult::Failed("no tool named weather is available".into());
    assert_eq!(results, [("a", refused.clone()), ("b", refused)]);
}

#[tokio::test]
async fn rounds_of_tool_calls_are_bounded() {
    let answers = (0..3).map(|_| vec![tool("a"), end("tool_calls", 0, 0)]).collect();
    let provider = Scripted::new(answers);
    let end = run_with(&provider, RunLimits { tool_rounds_max: 2, ..quick() }, ()).await;
    assert_eq!(code_of(&end), Code::Refused);
    assert_eq!(provider.asked().len(), 3);
}

/// A prompt of an asker that has these tools and has called one already.
fn with_tools(names: &[&str]) -> Prompt {
    let spec = |name: &&str| ToolSpec { name: (*name).into(), description: None, parameters: None, strict: None };
    let tools = ToolUse { specs: names.iter().map(spec).map(Into::into).collect(), ..ToolUse::default() };
    Prompt { text: "hello".into(), tools, rounds: vec![ToolRound::default()], ..Prompt::default() }
}

#[tokio::test]
async fn a_call_of_the_askers_tool_ends_the_turn() {
    let other = Ok(Piece::Tool(ToolCall { id: "o".into(), name: "unheard".into(), args: serde_json::json!({}) }));
    let provider = Scripted::new(vec![vec![text("wait. "), tool("a"), other, tool("b"), end("stop", 1, 2)]]);
    let limits = RunLimits { tool_rounds_max: 0, ..quick() };
    let end = run_prompt(&provider, with_tools(&["clock", "weather"]), limits, ()).await;
    assert_eq!(end.text, "wait. ");
    assert_eq!(end.calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    let ending = Ending { finish_reason: "tool_calls".into(), usage: Usage::tokens(1, 2) };
    assert_eq!(end.outcome, RunOutcome::Done(ending));
}

#[tokio::test]
async fn rounds_that_the_asker_brings_are_not_counted() {
    let provider = Scripted::new(vec![vec![tool("a"), end("tool_calls", 0, 0)], vec![text("done"), end("stop", 0, 0)]]);
    let end = run_prompt(&provider, with_tools(&["clock"]), RunLimits { tool_rounds_max: 1, ..quick() }, ()).await;
    assert_eq!((end.text.as_str(), end.calls), ("done", vec![]));
}

#[tokio::test]
async fn tool_calls_of_one_round_are_bounded() {
    let provider = Scripted::new(vec![(0..=TOOL_CALLS_MAX).map(|_| tool("a")).collect()]);
    let end = run_with(&provider, quick(), ()).await;
    assert_eq!(code_of(&end), Code::Refused);
}

#[tokio::test]
async fn an_answer_is_cut_at_its_most_bytes_between_characters() {
    let provider = Scripted::with_tails(vec![(vec![text("abc"), text("défg"), text("never read")], Tail::Stalls)]);
    let end = run_with(&provider, RunLimits { answer_bytes_max: 5, ..quick() }, ()).await;
    assert_eq!(end.text, "abcd");
    assert!(matches!(end.outcome, RunOutcome::Done(Ending { finish_reason, .. }) if finish_reason == "length"));
}

#[tokio::test]
async fn an_answer_of_exactly_the_most_bytes_is_whole() {
    let provider = Scripted::new(vec![vec![text("abcde"), end("stop", 0, 0)]]);
    let end = run_with(&provider, RunLimits { answer_bytes_max: 5, ..quick() }, ()).await;
    assert!(matches!(end.outcome, RunOutcome::Done(Ending { finish_reason, .. }) if finish_reason == "stop"));
}

#[tokio::test]
async fn a_busy_provider_is_asked_again() {
    let busy = || vec![Err(failure(Code::ProviderBusy, Some(Duration::ZERO)))];
    let provider = Scripted::new(vec![busy(), busy(), vec![text("here"), end("stop", 0, 0)]]);
    let end = run_with(&provider, quick(), ()).await;
    assert_eq!(end.text, "here");
    assert_eq!(provider.asked().len(), 3);
}

#[tokio::test]
async fn tries_are_bounded() {
    let provider = Scripted::new((0..3).map(|_| vec![Err(failure(Code::ProviderBusy, None))]).collect());
    let end = run_with(&provider, quick(), ()).await;
    assert_eq!(code_of(&end), Code::ProviderBusy);
    assert_eq!(provider.asked().len(), 3);
}

#[tokio::test]
async fn what_a_reader_has_seen_is_not_said_twice() {
    let provider = Scripted::new(vec![vec![text("half"), Err(failure(Code::ProviderBroken, None))]]);
    let end = run_with(&provider, quick(), ()).await;
    assert_eq!((end.text.as_str(), code_of(&end)), ("half", Code::ProviderBroken));
    assert_eq!(provider.asked().len(), 1);
}

#[tokio::test]
async fn a_later_round_is_asked_again_though_an_earlier_one_was_read() {
    let provider = Scripted::new(vec![
        vec![text("wait. "), tool("a"), end("tool_calls", 0, 0)],
        vec![Err(failure(Code::ProviderBusy, None))],
        vec![text("done"), end("stop", 0, 0)],
    ]);
    assert_eq!(run_with(&provider, quick(), ()).await.text, "wait. done");
}

#[tokio::test]
async fn a_reader_that_went_away_ends_the_turn() {
    let provider = Scripted::with_tails(vec![(vec![text("hello")], Tail::Stalls)]);
    let (sink, heard) = mpsc::channel::<Delta>(1);
    drop(heard);
    assert_eq!(run_with(&provider, quick(), sink).await.outcome, RunOutcome::Gone);
}

#[tokio::test]
async fn a_stalled_provider_ends_with_the_turns_time_and_keeps_the_text() {
    let provider = Scripted::with_tails(vec![(vec![text("so far")], Tail::Stalls)]);
    let clock = Clock::manual(0);
    let progress = Progress::unwatched(&clock);
    let turn = Run {
        provider: Arc::clone(&provider) as Arc<dyn Provider>,
        prompt: Prompt::default(),
        limits: quick(),
        clock: &clock,
        progress: &progress,
        sink: (),
        steer: SteerBox::default(),
        hands: Hands::default(),
        state: TurnState::Waiting,
    };
    let advance = async {
        while provider.asked().is_empty() || clock.waiters() == 0 {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(600));
    };
    let (end, ()) = tokio::join!(turn.finish(), advance);
    assert_eq!((end.text.as_str(), code_of(&end)), ("so far", Code::Timeout));
    assert!(matches!(end.outcome, RunOutcome::Late(_)), "the turn's own deadline, not the provider's: {:?}", end.outcome);
}

#[test]
fn waits_between_tries() {
    let exact = Backoff { base: Duration::from_secs(1), max: Duration::from_secs(8), jitter: 0.0 };
    let policy = RetryPolicy { tries_max: 4, backoff: exact, retry_after_max: Duration::from_secs(60) };
    let seconds = |s| Some(Duration::from_secs(s));
    let cases = [
        ("the first wait", Code::ProviderBusy, None, 1, Seen::Nothing, seconds(1)),
        ("it doubles", Code::ProviderBroken, None, 3, Seen::Nothing, seconds(4)),
        ("the last try was the last", Code::ProviderBusy, None, 4, Seen::Nothing, None),
        ("a part was read", Code::ProviderBusy, None, 1, Seen::Part, None),
        ("a refused key stays refused", Code::ProviderAuth, None, 1, Seen::Nothing, None),
        ("an unknown model stays unknown", Code::ProviderModel, seconds(1), 1, Seen::Nothing, None),
        ("as long as asked", Code::ProviderBusy, seconds(20), 1, Seen::Nothing, seconds(20)),
        ("never sooner than our own wait", Code::ProviderBusy, seconds(0), 3, Seen::Nothing, seconds(4)),
        ("too long to hold a turn", Code::ProviderBusy, seconds(61), 1, Seen::Nothing, None),
        ("a provider that is away", Code::Unavailable, None, 2, Seen::Nothing, seconds(2)),
        ("a provider that took its whole time", Code::Timeout, None, 1, Seen::Nothing, None),
    ];
    for (name, code, retry_after, tries, seen, expected) in cases {
        assert_eq!(policy.wait(&failure(code, retry_after), tries, seen), expected, "{name}");
    }
    assert_eq!(RetryPolicy::NEVER.wait(&failure(Code::ProviderBusy, None), 1, Seen::Nothing), None);
}

#[tokio::test]
async fn thoughts_before_a_call_go_back_to_the_model_that_had_them() {
    let thought = |model: &str| Thought { model: model.into(), block: serde_json::json!({ "of": model }) };
    let asked = |model: &str| Ok(Piece::Asked(AskedModel { provider: "p".into(), model: model.into() }));
    let provider = Scripted::new(vec![
        // One that had thought fell out, and another stepped in.
        vec![
            asked("a"),
            Ok(Piece::Thought(thought("a"))),
            asked("b"),
            Ok(Piece::Thought(thought("b"))),
            tool("1"),
            end("tool_calls", 1, 1),
        ],
        vec![asked("b"), tool("2"), end("tool_calls", 1, 1)],
        vec![asked("a"), text("done"), end("stop", 1, 1)],
    ]);
    let mut written = Written::default();
    let outcome = write(&provider, &mut written).await;
    assert!(matches!(outcome, RunOutcome::Done(_)), "{outcome:?}");
    let expected = std::collections::BTreeMap::from([(0, vec![thought("b")])]);
    let thoughts: Vec<_> = provider.asked().into_iter().map(|prompt| prompt.thoughts).collect();
    assert_eq!(thoughts, [Default::default(), expected.clone(), expected]);
    assert_eq!(written.by, Some(AskedModel { provider: "p".into(), model: "a".into() }), "the one that answered");
}

#[tokio::test]
async fn what_a_failed_turn_cost_is_known() {
    let provider = Scripted::new(vec![vec![tool("1"), end("tool_calls", 10, 2)], vec![Err(failure(Code::ProviderAuth, None))]]);
    let mut written = Written::default();
    let outcome = write(&provider, &mut written).await;
    assert!(matches!(outcome, RunOutcome::Failed(_)), "{outcome:?}");
    assert_eq!((written.usage, written.by), (Usage::tokens(10, 2), None));
}

async fn write(provider: &Arc<Scripted>, written: &mut Written) -> RunOutcome {
    let clock = Clock::system();
    let progress = Progress::unwatched(&clock);
    let run = Run {
        provider: Arc::clone(provider) as _,
        prompt: Prompt { text: "hello".into(), ..Prompt::default() },
        limits: quick(),
        clock: &clock,
        progress: &progress,
        sink: (),
        steer: SteerBox::default(),
        hands: Hands::default(),
        state: TurnState::Waiting,
    };
    run.write(written).await
}
