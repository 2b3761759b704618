use std::sync::{Arc, Mutex};

use futures_util::future::{BoxFuture, ready};

use super::*;
use crate::agent::{
    Ending, Entrance, Gone, Hands, Journal, Prompt, Provider, Repeat, RunEnd, RunLimits, RunOutcome, SteerBox,
    TOOL_RESULT_BYTES_MAX, ToolContext, Toolbox,
};
use crate::core::{Clock, Progress};
use crate::doubles::{Line, PropTool, Scripted, toolbox};
use crate::message::{Code, SessionKey, ToolResult, TraceId, Usage};

/// Hears everything; notes states only where they change.
#[derive(Default)]
struct Ear {
    news: Vec<String>,
    states: Vec<TurnState>,
}

impl Sink for Ear {
    async fn text(&mut self, piece: &str, _whole: &str) -> Result<(), Gone> {
        self.news.push(format!("says {piece}"));
        Ok(())
    }

    fn tool(&mut self, news: ToolNews<'_>) {
        self.news.push(match news {
            ToolNews::Start(call) => format!("{} starts", call.id),
            ToolNews::Update(call, partial) => format!("{} has {partial}", call.id),
            ToolNews::Result(call, result) => format!("{} gives {}", call.id, result.text()),
        });
    }

    fn stands(&mut self, state: TurnState) {
        self.states.push(state);
    }
}

/// Notes steps, and refuses to when it is broken.
#[derive(Default)]
struct Notes {
    steps: Mutex<Vec<String>>,
    broken: bool,
}

impl Notes {
    fn note(&self, step: String) -> BoxFuture<'static, Result<(), ProviderError>> {
        self.steps.lock().unwrap().push(step);
        let error = ProviderError { code: Code::NotFound, message: "the row is gone".into(), retry_after: None };
        Box::pin(ready(if self.broken { Err(error) } else { Ok(()) }))
    }
}

impl Journal for Notes {
    fn begun(&self, round: usize, calls: &BegunRound) -> BoxFuture<'static, Result<(), ProviderError>> {
        self.note(format!("{round} begins with {}", calls.calls.len()))
    }

    fn finished(&self, round: usize, call: usize, result: &ToolResult) -> BoxFuture<'static, Result<(), ProviderError>> {
        self.note(format!("{round}.{call} gave {}", result.text()))
    }
}

fn hands(tools: Arc<Toolbox>) -> Hands {
    Hands::of(tools, ToolContext::new(Entrance::Turn, SessionKey::new("agent:main:main"), "main", TraceId::new()))
}

async fn run(lines: Vec<Line>, hands: Hands, ear: &mut Ear) -> (RunEnd, Vec<Prompt>) {
    let provider: Arc<Scripted> = Arc::default();
    lines.into_iter().for_each(|line| provider.add(line));
    let clock = Clock::system();
    let progress = Progress::unwatched(&clock);
    let run = Run {
        provider: Arc::clone(&provider) as Arc<dyn Provider>,
        prompt: Prompt { text: "hello".into(), ..Prompt::default() },
        limits: RunLimits::default(),
        clock: &clock,
        progress: &progress,
        sink: ear,
        steer: SteerBox::default(),
        hands,
        state: TurnState::Waiting,
    };
    (run.finish().await, provider.prompts())
}

fn results(prompt: &Prompt) -> Vec<&str> {
    prompt.rounds.iter().flat_map(|round| &round.calls).map(|(_, result)| result.text()).collect()
}

fn call(id: &str, name: &str, args: serde_json::Value) -> ToolCall {
    ToolCall { id: id.into(), name: name.into(), args }
}

#[tokio::test]
async fn calls_of_a_round_run_beside_each_other_and_their_results_keep_the_providers_order() {
    let (first, second) = (PropTool::new("first", Repeat::Never), PropTool::new("second", Repeat::Never));
    let open = first.hold();
    let (notes, mut ear) = (Arc::new(Notes::default()), Ear::default());
    let hands = hands(toolbox(&[&first, &second], &Clock::system())).kept(Arc::clone(&notes) as _, Vec::new());
    let turn = run(vec![Line::Calls("So. ", &["first", "second"]), Line::Say("Done.")], hands, &mut ear);
    let release = async {
        // The first goes on when the second is over.
        while notes.steps.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
        drop(open);
    };
    let ((end, prompts), ()) = tokio::join!(turn, release);
    assert_eq!(end.text, "So. Done.");
    let ending = Ending { finish_reason: "stop".into(), usage: Usage::tokens(4, 1) };
    assert_eq!(end.outcome, RunOutcome::Done(ending));
    assert_eq!(results(&prompts[1]), ["first 1", "second 1"]);
    assert_eq!(*notes.steps.lock().unwrap(), ["0 begins with 2", "0.1 gave second 1", "0.0 gave first 1"]);
    let news: Vec<_> = ear.news.iter().filter(|news| !news.contains(" has ")).collect();
    let wanted = ["says So. ", "call-1 starts", "call-2 starts", "call-2 gives second 1", "call-1 gives first 1", "says Done."];
    assert_eq!(news, wanted);
    assert!(ear.news.contains(&"call-1 has first is at it".to_owned()), "{:?}", ear.news);
    use TurnState::{Done, Streaming, Tool, Waiting};
    assert_eq!(ear.states, [Streaming, Tool, Waiting, Streaming, Done]);
    assert_eq!(end.rounds.len(), 1);
    assert!(end.rounds[0].calls.iter().all(|(_, result)| result.is_some()));
}

#[tokio::test]
async fn pictures_of_a_tool_are_shown_with_its_round_and_to_whoever_goes_on() {
    let (plain, sees) = (PropTool::new("plain", Repeat::Never), PropTool::new("sees", Repeat::Never));
    let tools = toolbox(&[&plain, &sees], &Clock::system());
    let lines = vec![Line::Calls("", &["plain", "sees"]), Line::Calls("", &["sees"]), Line::Say("Seen.")];
    let (end, prompts) = run(lines, hands(Arc::clone(&tools)), &mut Ear::default()).await;
    let shown = |prompt: &Prompt| {
        let calls =
            prompt.shown.iter().flat_map(|(round, calls)| calls.iter().map(move |(call, media)| (*round, *call, media)));
        calls.map(|(round, call, media)| (round, call, media[0].data.clone().unwrap())).collect::<Vec<_>>()
    };
    let (one, two) = ((0, 1, "picture 1".into()), (1, 0, "picture 2".into()));
    assert_eq!(shown(&prompts[0]), []);
    assert_eq!(shown(&prompts[1]), std::slice::from_ref(&one));
    assert_eq!(shown(&prompts[2]), [one.clone(), two.clone()]);
    // Another try, of another model for example, makes no call again.
    let (_, prompts) = run(vec![Line::Say("Seen.")], hands(tools).after(end.rounds), &mut Ear::default()).await;
    assert_eq!(shown(&prompts[0]), [one, two]);
}

/// Backends differ in what they take: what the gateway shows by itself costs no turn.
#[tokio::test]
async fn a_model_that_refuses_the_pictures_of_tools_is_asked_without_them() {
    let sees = PropTool::new("sees", Repeat::Never);
    let lines = vec![Line::Calls("", &["sees"]), Line::Fail(Code::Refused), Line::Say("In words, then.")];
    let (end, prompts) = run(lines, hands(toolbox(&[&sees], &Clock::system())), &mut Ear::default()).await;
    assert_eq!(end.text, "In words, then.");
    assert_eq!(prompts.iter().map(|prompt| prompt.shown.len()).collect::<Vec<_>>(), [0, 1, 0]);
    assert_eq!(results(&prompts[1]), results(&prompts[2]));
    assert!(end.rounds.iter().all(|round| round.shown.is_empty()), "nor does another try show them");
    // Without any a refusal is what it was.
    let (end, prompts) = run(vec![Line::Fail(Code::Refused)], hands(toolbox(&[], &Clock::system())), &mut Ear::default()).await;
    assert!(matches!(end.outcome, RunOutcome::Failed(error) if error.code == Code::Refused));
    assert_eq!(prompts.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_with_a_tool_is_for_the_model_to_read() {
    let (fails, talks) = (PropTool::new("fails", Repeat::Never), PropTool::new("talks", Repeat::Never));
    let hands = hands(toolbox(&[&fails, &talks], &Clock::system()));
    let lines = vec![Line::Calls("", &["fails", "nobody", "talks"]), Line::Say("Well.")];
    let (end, prompts) = run(lines, hands, &mut Ear::default()).await;
    assert_eq!(end.text, "Well.");
    let results = results(&prompts[1]);
    assert_eq!(results[..2], ["it is broken", "no tool named nobody is available"]);
    assert!(
        results[2].ends_with(" of 500000 bytes]") && results[2].len() < TOOL_RESULT_BYTES_MAX + 100,
        "{}",
        results[2].len()
    );
}

#[tokio::test]
async fn a_call_that_cannot_be_written_down_is_not_made() {
    let bell = PropTool::new("bell", Repeat::Never);
    let notes = Arc::new(Notes { broken: true, ..Notes::default() });
    let hands = hands(toolbox(&[&bell], &Clock::system())).kept(notes, Vec::new());
    let (end, prompts) = run(vec![Line::Call("bell")], hands, &mut Ear::default()).await;
    assert!(matches!(&end.outcome, RunOutcome::Failed(error) if error.code == Code::NotFound), "{:?}", end.outcome);
    assert_eq!((bell.calls(), prompts.len()), (0, 1));
}

#[tokio::test]
async fn a_turn_goes_on_after_the_rounds_that_were_kept() {
    let no_args = || serde_json::json!({});
    let cases: [(&str, Repeat, ToolCall, &str, usize); 4] = [
        ("one that may be repeated is", Repeat::Safe, call("2", "bell", no_args()), "bell 1", 1),
        ("one that may not is not", Repeat::Never, call("2", "bell", no_args()), "it is not known whether it was done", 0),
        ("one that is gone meanwhile", Repeat::Safe, call("2", "gone", no_args()), "no tool named gone", 0),
        ("one that was asked for badly", Repeat::Safe, call("2", "bell", "{".into()), "no JSON object", 0),
    ];
    for (what, repeat, open, wanted, calls) in cases {
        let bell = PropTool::new("bell", repeat);
        let mut kept = BegunRound::new("Before. ".into(), vec![call("1", "bell", no_args()), open]);
        kept.finish(0, ToolResult::Done("long ago".into()));
        let notes = Arc::new(Notes::default());
        let hands = hands(toolbox(&[&bell], &Clock::system())).kept(Arc::clone(&notes) as _, vec![kept]);
        let mut ear = Ear::default();
        let (end, prompts) = run(vec![Line::Say("After.")], hands, &mut ear).await;
        assert_eq!(end.text, "Before. After.", "{what}");
        let results = results(&prompts[0]);
        assert_eq!(results[0], "long ago", "{what}");
        assert!(results[1].contains(wanted), "{what}: {}", results[1]);
        assert_eq!(bell.calls(), calls, "{what}");
        assert_eq!(notes.steps.lock().unwrap().len(), 1, "only the one result: {what}");
        assert_eq!(ear.states[..2], [TurnState::Tool, TurnState::Waiting], "{what}");
    }
}
