//! Prompts that the styles are tried with.

use bytes::Bytes;
use callboard_actors::agent::Prompt;
use callboard_actors::message::{Media, ToolCall, ToolResult, ToolRound};
use serde_json::json;

/// Returns a bare question.
pub(super) fn hello() -> Prompt {
    Prompt { model: "big".into(), text: "hello".into(), ..Prompt::default() }
}

/// Returns a question after a round of two calls, of which the second gave a picture.
pub(super) fn seen() -> Prompt {
    let call = |id: &str| ToolCall { id: id.into(), name: "look".into(), args: json!({}) };
    let calls = vec![(call("c1"), ToolResult::Done("one".into())), (call("c2"), ToolResult::Done("two".into()))];
    let picture = Media::in_hand(Bytes::from_static(b"abc"), None, Some("image/png".into()));
    let shown = [(0, [(1, vec![picture])].into())].into();
    Prompt { rounds: vec![ToolRound { text: String::new(), calls }], shown, ..hello() }
}
