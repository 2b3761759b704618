//! An answer as the events of OpenResponses, numbered from 0.

use actix_web::web::{BufMut as _, BytesMut};
use callboard_actors::message::{ToolCall, TurnEnd};
use serde_json::{Value, json};

use super::endpoint::Afterwards;
use super::wire::{Head, call_item, called, incomplete, part};
use crate::http::error::ApiError;
use crate::http::openai::flow::Writer;

/// Writes events.
pub(super) struct Events {
    head: Head,
    afterwards: Afterwards,
    sequence: u64,
    /// All that was said; in bounds as the turn's own answer is.
    text: String,
    message: Stage,
}

/// Where the message stands: an answer that only calls tools has none.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    NotBegun,
    Begun,
}

impl Events {
    pub(super) fn new(head: Head, afterwards: Afterwards) -> Self {
        Self { head, afterwards, sequence: 0, text: String::new(), message: Stage::NotBegun }
    }

    fn event(&mut self, out: &mut BytesMut, kind: &str, body: Value) {
        out.put_slice(b"event: ");
        out.put_slice(kind.as_bytes());
        out.put_slice(b"\ndata: ");
        let mut event = json!({ "type": kind, "sequence_number": self.sequence });
        if let (Some(event), Value::Object(body)) = (event.as_object_mut(), body) {
            event.extend(body);
        }
        self.sequence += 1;
        // A JSON value always can be written.
        let _ = serde_json::to_writer(out.writer(), &event);
        out.put_slice(b"\n\n");
    }

    fn begin_message(&mut self, out: &mut BytesMut) {
        if self.message == Stage::Begun {
            return;
        }
        self.message = Stage::Begun;
        let item = self.head.silent();
        self.event(out, "response.output_item.added", json!({ "output_index": 0, "item": item }));
        self.part_event(out, "response.content_part.added", json!({ "part": part("") }));
    }

    /// Writes an event about the one part of the message.
    fn part_event(&mut self, out: &mut BytesMut, kind: &str, body: Value) {
        let mut whole = json!({ "item_id": self.head.message, "output_index": 0, "content_index": 0 });
        if let (Some(whole), Value::Object(body)) = (whole.as_object_mut(), body) {
            whole.extend(body);
        }
        self.event(out, kind, whole);
    }

    fn end_message(&mut self, out: &mut BytesMut, status: &str) {
        let text = self.text.clone();
        self.part_event(out, "response.output_text.done", json!({ "text": text, "logprobs": [] }));
        self.part_event(out, "response.content_part.done", json!({ "part": part(&text) }));
        let item = self.head.said(&text, status);
        self.event(out, "response.output_item.done", json!({ "output_index": 0, "item": item }));
    }

    /// Writes a call in one piece.
    fn call(&mut self, out: &mut BytesMut, index: usize, call: &ToolCall) {
        let (id, arguments) = (call_item(&call.id), call.args_text());
        let begun = json!({ "output_index": index, "item": called(call, "in_progress") });
        self.event(out, "response.output_item.added", begun);
        let delta = json!({ "item_id": id, "output_index": index, "delta": arguments });
        self.event(out, "response.function_call_arguments.delta", delta);
        let done = json!({ "item_id": id, "output_index": index, "name": call.name, "arguments": arguments });
        self.event(out, "response.function_call_arguments.done", done);
        let over = json!({ "output_index": index, "item": called(call, "completed") });
        self.event(out, "response.output_item.done", over);
    }
}

impl Writer for Events {
    fn begin(&mut self, out: &mut BytesMut) {
        let begun = self.head.begun();
        self.event(out, "response.created", json!({ "response": begun.clone() }));
        self.event(out, "response.in_progress", json!({ "response": begun }));
    }

    fn text(&mut self, out: &mut BytesMut, text: &str) {
        self.begin_message(out);
        self.text.push_str(text);
        self.part_event(out, "response.output_text.delta", json!({ "delta": text, "logprobs": [] }));
    }

    fn end(&mut self, out: &mut BytesMut, end: &TurnEnd) {
        // Whoever reads the last event may go on after it at once.
        self.afterwards.remember(&self.head.id, &self.text, &end.calls);
        let reason = incomplete(end);
        if end.calls.is_empty() {
            self.begin_message(out);
        }
        let mut index = 0;
        if self.message == Stage::Begun {
            self.end_message(out, if reason.is_some() { "incomplete" } else { "completed" });
            index += 1;
        }
        for (place, call) in (index..).zip(&end.calls) {
            self.call(out, place, call);
        }
        let kind = if reason.is_some() { "response.incomplete" } else { "response.completed" };
        let response = self.head.ended(&self.text, end);
        self.event(out, kind, json!({ "response": response }));
    }

    fn fail(&mut self, out: &mut BytesMut, error: &ApiError) {
        let response = self.head.failed(&self.text, error);
        self.event(out, "response.failed", json!({ "response": response }));
    }
}
