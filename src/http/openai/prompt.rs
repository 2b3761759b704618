//! From a list of chat messages to one question: instructions are joined, the last thing asked is the question, and what was
//! said before it is told in the instructions. Where tools of the client were called it is told message by message instead.

use callboard_actors::message::{Role, Said, ToolCall, ToolResult, ToolRound};

use super::attached::Attached;
use super::content::Content;
use super::request::{ChatMessage, MessageCall};
use crate::http::error::ApiError;

/// What a session is asked.
#[derive(Debug, PartialEq)]
pub(super) struct Question {
    /// Instructions and what was said before; none for none.
    pub(super) system: Option<String>,
    /// What was said before, where tools were called in it.
    pub(super) before: Vec<Said>,
    /// The question.
    pub(super) text: String,
    /// What comes with it.
    pub(super) attached: Vec<Attached>,
    /// The calls that this question has had so far.
    pub(super) rounds: Vec<ToolRound>,
}

/// Reads the question out of the messages.
///
/// # Errors
/// A role is not known, a call and its result do not fit together, or nobody asks anything.
pub(super) fn question(messages: Vec<ChatMessage>) -> Result<Question, ApiError> {
    let (mut instructions, mut said) = read(messages)?;
    let last = said.iter().rposition(Item::asks);
    let Some(last) = last else { return Err(nobody_asks()) };
    let tail = said.split_off(last + 1);
    let Some(Item::Line { content: asked, .. }) = said.pop() else { return Err(nobody_asks()) };
    let mut before = Vec::new();
    if said.iter().any(|item| matches!(item, Item::Round(_))) {
        before = said.into_iter().filter_map(Item::told).collect();
    } else {
        paragraph(&mut instructions, &history(&said));
    }
    let system = (!instructions.is_empty()).then_some(instructions);
    Ok(Question { system, before, text: asked.text, attached: asked.attached, rounds: rounds(tail) })
}

fn nobody_asks() -> ApiError {
    ApiError::field("messages", "Missing user message in `messages`.")
}

const ROLES: &str = "there are `system`, `developer`, `user`, `assistant`, `tool` and `function`";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaker {
    System,
    User,
    Assistant,
    Tool,
}

impl Speaker {
    fn of(role: &str) -> Option<Self> {
        Some(match role {
            "system" | "developer" => Self::System,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" | "function" => Self::Tool,
            _ => return None,
        })
    }

    const fn label(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::User => "User",
            Self::Assistant => "Assistant",
            Self::Tool => "Tool",
        }
    }

    const fn role(self) -> Role {
        match self {
            Self::System => Role::System,
            Self::User => Role::User,
            Self::Assistant => Role::Assistant,
            Self::Tool => Role::Tool,
        }
    }
}

/// One thing that was said or done.
enum Item {
    Line { speaker: Speaker, content: Content },
    Round(ToolRound),
}

impl Item {
    fn asks(&self) -> bool {
        match self {
            Self::Line { speaker, content } => *speaker != Speaker::Assistant && !content.is_empty(),
            Self::Round(_) => false,
        }
    }

    fn told(self) -> Option<Said> {
        match self {
            Self::Round(round) => Some(Said::Round(round)),
            Self::Line { speaker, content } => {
                let text = content.with_links();
                (!text.is_empty()).then(|| Said::Line { role: speaker.role(), text })
            }
        }
    }
}

/// Returns the instructions, and everything else in its order with each result beside its call.
fn read(messages: Vec<ChatMessage>) -> Result<(String, Vec<Item>), ApiError> {
    let mut instructions = String::new();
    let mut said = Vec::with_capacity(messages.len());
    let mut open: Option<Open> = None;
    for (index, mut message) in messages.into_iter().enumerate() {
        let Some(speaker) = Speaker::of(&message.role) else {
            let param = format!("messages[{index}].role");
            return Err(ApiError::field(param.clone(), format!("`{param}` is not a known role: {ROLES}")));
        };
        if speaker == Speaker::Tool
            && let Some(round) = &mut open
        {
            round.take(index, message)?;
            continue;
        }
        said.extend(open.take().map(Open::close).transpose()?);
        files(speaker, &mut message.content, &mut instructions);
        match (speaker, message.tool_calls) {
            (Speaker::Assistant, Some(calls)) if !calls.is_empty() => {
                open = Some(Open::new(index, message.content.with_links(), calls));
            }
            // Instructions are words; what else is in them is told by a line.
            (Speaker::System, _) => paragraph(&mut instructions, &message.content.with_links()),
            (speaker, _) => said.push(Item::Line { speaker, content: message.content }),
        }
    }
    said.extend(open.map(Open::close).transpose()?);
    Ok((instructions, said))
}

/// Puts the texts of files where a model reads them. Who sent nothing else has at least said that.
fn files(speaker: Speaker, content: &mut Content, instructions: &mut String) {
    if speaker == Speaker::Tool {
        return;
    }
    let texts = content.take_texts();
    if speaker == Speaker::User && !texts.is_empty() && content.is_empty() {
        "The user sent files.".clone_into(&mut content.text);
    }
    texts.iter().for_each(|text| paragraph(instructions, text));
}

/// Calls whose results are still being read.
struct Open {
    index: usize,
    text: String,
    calls: Vec<(ToolCall, Option<String>)>,
}

impl Open {
    fn new(index: usize, text: String, calls: Vec<MessageCall>) -> Self {
        Self { index, text, calls: calls.into_iter().map(|call| (call.into(), None)).collect() }
    }

    /// Puts a result beside its call.
    fn take(&mut self, index: usize, message: ChatMessage) -> Result<(), ApiError> {
        let id = message.tool_call_id.unwrap_or_default();
        let Some((_, result)) = self.calls.iter_mut().find(|(call, result)| call.id == id && result.is_none()) else {
            let param = format!("messages[{index}].tool_call_id");
            let text = format!("`{param}` names none of the calls before it that wait for a result");
            return Err(ApiError::field(param, text));
        };
        *result = Some(message.content.with_links());
        Ok(())
    }

    fn close(self) -> Result<Item, ApiError> {
        let mut calls = Vec::with_capacity(self.calls.len());
        for (place, (call, result)) in self.calls.into_iter().enumerate() {
            let Some(result) = result else {
                let param = format!("messages[{}].tool_calls[{place}]", self.index);
                return Err(ApiError::field(param.clone(), format!("`{param}` has no `tool` message with its result")));
            };
            calls.push((call, ToolResult::Done(result)));
        }
        Ok(Item::Round(ToolRound { text: self.text, calls }))
    }
}

/// Returns the calls behind the question. What an assistant said between them goes with the calls that follow; what it said after
/// the last of them has no place in a question, and the reference leaves it out too.
fn rounds(tail: Vec<Item>) -> Vec<ToolRound> {
    let mut rounds = Vec::new();
    let mut remark = String::new();
    for item in tail {
        match item {
            Item::Line { content, .. } => paragraph(&mut remark, &content.with_links()),
            Item::Round(mut round) => {
                paragraph(&mut remark, &round.text);
                round.text = std::mem::take(&mut remark);
                rounds.push(round);
            }
        }
    }
    rounds
}

fn history(said: &[Item]) -> String {
    let mut block = String::new();
    for item in said {
        let Item::Line { speaker, content } = item else { continue };
        let text = content.with_links();
        if text.is_empty() {
            continue;
        }
        if block.is_empty() {
            block.push_str("What was said before:");
        }
        block.push('\n');
        block.push_str(speaker.label());
        block.push_str(": ");
        block.push_str(&text);
    }
    block
}

fn paragraph(text: &mut String, more: &str) {
    if more.trim().is_empty() {
        return;
    }
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}
