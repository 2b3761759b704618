//! From the items of a request to the messages of a chat completion request.

use serde_json::{Value, json};

use super::parts;
use crate::http::error::ApiError;
use crate::http::fields::kind;
use crate::http::openai::attached;
use crate::http::openai::content::Content;
use crate::http::openai::request::{ChatMessage, MessageCall};

/// How many items a request may have.
const ITEMS_MAX: usize = 4_096;

/// Puts the items behind what was said before; `open` is what an earlier answer left to be gone on with.
///
/// # Errors
/// Names the item that cannot be used: its type or role is not known, or a call and its result do not fit together.
pub(super) fn messages(input: &Value, open: &[ChatMessage]) -> Result<Vec<ChatMessage>, ApiError> {
    let mut talk = Talk { messages: open.to_vec(), waiting: waiting(open) };
    match input {
        Value::String(text) => {
            talk.close("input")?;
            talk.messages.push(message("user", Content::text(text.clone())));
        }
        Value::Array(items) if items.len() > ITEMS_MAX => {
            let text = format!("`input` has {} items: send at most {ITEMS_MAX}", items.len());
            return Err(ApiError::field("input", text));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                talk.take(item, &format!("input[{index}]"))?;
            }
            talk.close("input")?;
        }
        other => {
            let text = format!("`input` must be a string or a list of items, not {}", kind(other));
            return Err(ApiError::field("input", text));
        }
    }
    attached::look(&talk.messages)?;
    Ok(talk.messages)
}

/// Returns the calls at the end of a conversation whose results have not come.
fn waiting(open: &[ChatMessage]) -> Vec<String> {
    let calls = open.last().and_then(|last| last.tool_calls.as_deref()).unwrap_or_default();
    calls.iter().map(|call| call.id().to_owned()).collect()
}

struct Talk {
    messages: Vec<ChatMessage>,
    /// The ids of calls that wait for their results.
    waiting: Vec<String>,
}

impl Talk {
    fn take(&mut self, item: &Value, at: &str) -> Result<(), ApiError> {
        if !item.is_object() {
            return Err(ApiError::field(at, format!("`{at}` must be an object, not {}", kind(item))));
        }
        let text = |name: &str| {
            let param = format!("{at}.{name}");
            let given = item.get(name).and_then(Value::as_str);
            given.ok_or_else(|| ApiError::field(param.clone(), format!("`{param}` must be a string")))
        };
        match item.get("type").and_then(Value::as_str) {
            // Clients leave the type of a message out.
            None | Some("message") => self.message(item, text("role")?, at),
            Some("function_call") => {
                let id = text("call_id").or_else(|error| text("id").map_err(|_| error))?;
                self.call(id, text("name")?, text("arguments")?, at)
            }
            Some("function_call_output") => self.output(text("call_id")?, item, at),
            // What a model thought, and what the client remembers by its id only, means nothing here.
            Some("reasoning" | "item_reference") => Ok(()),
            Some(other) => {
                let param = format!("{at}.type");
                let text = format!("`{param}` is not known: {}", other.escape_default());
                Err(ApiError::field(param, text))
            }
        }
    }

    fn message(&mut self, item: &Value, role: &str, at: &str) -> Result<(), ApiError> {
        if !matches!(role, "system" | "developer" | "user" | "assistant") {
            let param = format!("{at}.role");
            let text = format!("`{param}` is not a known role: there are `system`, `developer`, `user` and `assistant`");
            return Err(ApiError::field(param, text));
        }
        self.close(at)?;
        let at = format!("{at}.content");
        let content = parts::read(item.get("content").unwrap_or(&Value::Null), &at)?;
        self.messages.push(message(role, content));
        Ok(())
    }

    /// Takes a call; those that stand side by side are one round.
    fn call(&mut self, id: &str, name: &str, arguments: &str, at: &str) -> Result<(), ApiError> {
        let last_is_round = self.messages.last().is_some_and(|last| last.role == "assistant" && last.tool_calls.is_some());
        if !last_is_round {
            self.close(at)?;
            // What was said right before is the round's own text.
            if self.messages.last().is_none_or(|last| last.role != "assistant") {
                self.messages.push(message("assistant", Content::default()));
            }
        }
        let Some(round) = self.messages.last_mut() else { return Ok(()) };
        round.tool_calls.get_or_insert_default().push(MessageCall::new(id, name, arguments));
        self.waiting.push(id.to_owned());
        Ok(())
    }

    fn output(&mut self, id: &str, item: &Value, at: &str) -> Result<(), ApiError> {
        let Some(place) = self.waiting.iter().position(|waiting| waiting == id) else {
            let param = format!("{at}.call_id");
            let text = format!("`{param}` names none of the calls before it that wait for a result");
            return Err(ApiError::field(param, text));
        };
        self.waiting.remove(place);
        let at = format!("{at}.output");
        let content = match item.get("output") {
            Some(Value::String(text)) => Content::text(text.clone()),
            Some(parts @ Value::Array(_)) => parts::read(parts, &at)?,
            _ => return Err(ApiError::field(at.clone(), format!("`{at}` must be a string or a list of parts"))),
        };
        let mut message = message("tool", content);
        message.tool_call_id = Some(id.to_owned());
        self.messages.push(message);
        Ok(())
    }

    /// Looks whether every call has its result, before something else follows.
    fn close(&self, at: &str) -> Result<(), ApiError> {
        match self.waiting.first() {
            None => Ok(()),
            Some(id) => {
                let id: String = id.chars().take(100).collect();
                let text = format!("before `{at}` ends, the call {} needs its `function_call_output`", json!(id));
                Err(ApiError::field(at, text))
            }
        }
    }
}

/// Returns a message without calls.
pub(super) fn message(role: &str, content: Content) -> ChatMessage {
    ChatMessage { role: role.to_owned(), content, tool_calls: None, tool_call_id: None }
}
