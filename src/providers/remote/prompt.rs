//! What the styles read of a prompt in the same way, each in its own words.

use std::borrow::Cow;
use std::collections::BTreeMap;

use callboard_actors::agent::{Prompt, Thought};
use callboard_actors::message::{Entry, Role, Said, ToolResult, ToolRound, ToolSchema, ToolSpec};
use serde::Serialize;
use serde_json::{Map, Value};

use super::picture::{Sorted, sort, with_links};
use super::settings::{Ability, AboutModel};

/// The levels of thinking that OpenAI's styles have a name for; with any other the backend decides.
const EFFORTS: [&str; 4] = ["minimal", "low", "medium", "high"];

/// What a model is told that has begun to answer and was cut short. Not every backend goes on behind an answer that is last.
const GO_ON: &str = "[Your answer was interrupted behind these words, which the reader has already. Go on right behind them, and \
                     repeat nothing of them.]";

/// Stands before pictures of tools where nobody else has said it.
const SHOWN: &str = "[What the tools above gave back to see, in the order of their results:]";

/// One thing of a conversation.
pub(super) enum Told<'a> {
    /// What somebody said.
    Line(Role, Cow<'a, str>),
    /// Tools that were called, and what belongs to it.
    Round(Round<'a>),
    /// What is said now, with what comes with it.
    Now(Sorted<'a>),
}

/// Tools that were called, and what came of it.
pub(super) struct Round<'a> {
    /// The calls with their results.
    pub(super) made: &'a ToolRound,
    /// What the model thought before.
    pub(super) thoughts: &'a [Thought],
    /// The pictures that came with the results, by the place of the call; none for a model that takes none.
    shown: BTreeMap<usize, Vec<Cow<'a, str>>>,
}

impl<'a> Round<'a> {
    const fn past(made: &'a ToolRound) -> Self {
        Self { made, thoughts: &[], shown: BTreeMap::new() }
    }

    fn now(prompt: &'a Prompt, place: usize, made: &'a ToolRound, about: Option<&AboutModel>) -> Self {
        let thoughts = prompt.thoughts.get(&place).map(Vec::as_slice).unwrap_or_default();
        let shown = prompt.shown.get(&place).into_iter().flatten();
        let shown = shown.map(|(call, media)| (*call, sort("", media, about).pictures)).collect();
        Self { made, thoughts, shown }
    }

    /// Returns the pictures that came with the result of a call, by their addresses.
    pub(super) fn shown(&self, call: usize) -> &[Cow<'a, str>] {
        self.shown.get(&call).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns what is said behind the results, for the styles whose results are words: the pictures of all of them. `None` for none.
    pub(super) fn behind(self) -> Option<Sorted<'a>> {
        let pictures: Vec<_> = self.shown.into_values().flatten().collect();
        (!pictures.is_empty()).then(|| Sorted { text: SHOWN.to_owned(), pictures })
    }
}

/// Returns the conversation in its order, without the instructions.
pub(super) fn told<'a>(prompt: &'a Prompt, about: Option<&'a AboutModel>) -> impl Iterator<Item = Told<'a>> {
    let before = prompt.before.iter().map(|said| match said {
        Said::Line { role, text } => Told::Line(*role, text.into()),
        Said::Round(round) => Told::Round(Round::past(round)),
    });
    let now = Told::Now(sort(&prompt.text, &prompt.media, about));
    let rounds = prompt.rounds.iter().enumerate();
    let rounds = rounds.map(move |(place, round)| Told::Round(Round::now(prompt, place, round, about)));
    let said = || [Told::Line(Role::Assistant, prompt.said.as_str().into()), Told::Line(Role::User, GO_ON.into())];
    let said = (!prompt.said.is_empty()).then(said).into_iter().flatten();
    prompt.history.iter().flat_map(past).chain(before).chain([now]).chain(rounds).chain(said)
}

/// An earlier line. Its picture is only named: a link that has expired since would make the backend refuse the whole session.
/// The tools that were called on the way to an answer stand before it.
fn past(entry: &Entry) -> impl Iterator<Item = Told<'_>> {
    let words = entry.last_words();
    // After a turn that ended with its tools there is nothing more.
    let is_said = entry.rounds.is_empty() || !words.is_empty();
    let line = is_said.then(|| match entry.media.as_slice() {
        [] => Cow::Borrowed(words),
        media => Cow::Owned(with_links(words, media)),
    });
    let line = line.map(|words| Told::Line(entry.role, words));
    entry.rounds.iter().map(|round| Told::Round(Round::past(round))).chain(line)
}

/// Returns what the styles call somebody.
pub(super) const fn role_name(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Assistant => "assistant",
        // A result stands there without its call, which no protocol allows.
        Role::User | Role::Tool | Role::Summary => "user",
    }
}

/// Returns what came of a call, for the styles that have no mark for a failure.
pub(super) fn result_text(result: &ToolResult) -> Cow<'_, str> {
    match result {
        ToolResult::Done(text) => text.into(),
        ToolResult::Failed(reason) => format!("error: {reason}").into(),
    }
}

/// A request's body: what is put together for it, and the tools, which were written down before.
#[derive(Serialize)]
pub(super) struct Body<T> {
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tools: Vec<T>,
}

/// Returns what a tool takes, for the styles that want it said where it takes nothing.
pub(super) fn parameters(spec: &ToolSpec) -> Parameters<'_> {
    spec.parameters.as_ref().map_or(Parameters::NOTHING, Parameters::Schema)
}

/// What a tool takes, a JSON Schema.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Parameters<'a> {
    Schema(&'a ToolSchema),
    Nothing { r#type: &'static str, properties: Nothing },
}

/// An object without a member.
#[derive(Serialize)]
pub(super) struct Nothing {}

impl Parameters<'_> {
    pub(super) const NOTHING: Self = Self::Nothing { r#type: "object", properties: Nothing {} };
}

/// Returns how much to think, in OpenAI's words. The asker's own word is sent as it is, before that of the session.
pub(super) fn effort<'a>(prompt: &'a Prompt, about: Option<&AboutModel>) -> Option<&'a str> {
    let thinking = prompt.thinking.as_deref().filter(|level| EFFORTS.contains(level));
    let thinking = thinking.filter(|_| about.is_none_or(|about| about.thinking == Ability::Can));
    prompt.sampling.reasoning_effort.as_deref().or(thinking)
}
