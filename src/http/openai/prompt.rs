//! From a list of chat messages to one question: instructions are joined, the last thing said is the question, and what was
//! said before it is told in the instructions.

use callboard_actors::message::Media;

use super::content::Content;
use super::request::ChatMessage;
use crate::http::error::ApiError;

/// What a session is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// Instructions and what was said before; none for none.
    pub(super) system: Option<String>,
    /// The question.
    pub(super) text: String,
    /// What comes with it.
    pub(super) media: Vec<Media>,
}

/// Reads the question out of the messages.
///
/// # Errors
/// A role is not known, or nobody asks anything.
pub(super) fn question(messages: Vec<ChatMessage>) -> Result<Question, ApiError> {
    let mut instructions = String::new();
    let mut said = Vec::with_capacity(messages.len());
    for (index, message) in messages.into_iter().enumerate() {
        match Speaker::of(&message.role) {
            Some(Speaker::System) => paragraph(&mut instructions, &message.content.text),
            Some(speaker) => said.push((speaker, message.content)),
            None => {
                let param = format!("messages[{index}].role");
                return Err(ApiError::field(param.clone(), format!("`{param}` is not a known role: {ROLES}")));
            }
        }
    }
    let asks = |(speaker, content): &(Speaker, Content)| {
        *speaker != Speaker::Assistant && !(content.text.trim().is_empty() && content.images.is_empty())
    };
    let last = said.iter().rposition(asks);
    let Some(last) = last else { return Err(ApiError::field("messages", "Missing user message in `messages`.")) };
    // What an assistant said after the last question has no place in one; the reference leaves it out too.
    said.truncate(last + 1);
    let Some((_, asked)) = said.pop() else { return Err(ApiError::field("messages", "Missing user message in `messages`.")) };
    paragraph(&mut instructions, &history(&said));
    Ok(Question { system: (!instructions.is_empty()).then_some(instructions), text: asked.text, media: asked.images })
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
}

fn history(said: &[(Speaker, Content)]) -> String {
    let mut block = String::new();
    for (speaker, content) in said {
        let images = content.images.iter().map(|image| image.url.as_str());
        let lines: Vec<_> = Some(content.text.as_str()).filter(|text| !text.is_empty()).into_iter().chain(images).collect();
        if lines.is_empty() {
            continue;
        }
        if block.is_empty() {
            block.push_str("What was said before:");
        }
        block.push('\n');
        block.push_str(speaker.label());
        block.push_str(": ");
        block.push_str(&lines.join("\n"));
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
