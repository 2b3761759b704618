//! An answer as chunks of a chat completion.

use actix_web::web::{BufMut as _, BytesMut};
use callboard_actors::message::TurnEnd;
use serde::Serialize;

use super::flow::Writer;
use super::tools::{Form, calls_out};
use super::wire::{ChatChunk, ChunkChoice, ChunkDelta};
use crate::http::error::ApiError;

/// What all pieces of an answer have in common.
pub(super) struct Head {
    /// Names the turn.
    pub(super) id: String,
    /// The model's name as it was asked for.
    pub(super) model: String,
    /// Seconds since 1970.
    pub(super) created: i64,
}

/// Writes chunks.
pub(super) struct Chunks {
    head: Head,
    wants_usage: bool,
}

impl Chunks {
    pub(super) fn new(head: Head, wants_usage: bool) -> Self {
        Self { head, wants_usage }
    }

    fn choice(&self, out: &mut BytesMut, delta: ChunkDelta<'_>, finish_reason: Option<&str>) {
        let Head { id, model, created } = &self.head;
        let choices = &[ChunkChoice { index: 0, delta, finish_reason }];
        event(out, &ChatChunk { id, object: "chat.completion.chunk", created: *created, model, choices, usage: None });
    }
}

impl Writer for Chunks {
    fn begin(&mut self, out: &mut BytesMut) {
        self.choice(out, ChunkDelta { role: Some("assistant"), content: Some(""), ..ChunkDelta::default() }, None);
    }

    fn text(&mut self, out: &mut BytesMut, text: &str) {
        self.choice(out, ChunkDelta { content: Some(text), ..ChunkDelta::default() }, None);
    }

    fn end(&mut self, out: &mut BytesMut, end: &TurnEnd) {
        if let Some(calls) = calls_out(&end.calls, Form::Piece) {
            self.choice(out, ChunkDelta { tool_calls: Some(calls), ..ChunkDelta::default() }, None);
        }
        self.choice(out, ChunkDelta::default(), Some(&end.finish_reason));
        if self.wants_usage {
            let Head { id, model, created } = &self.head;
            let object = "chat.completion.chunk";
            let usage = Some(end.usage.into());
            event(out, &ChatChunk { id, object, created: *created, model, choices: &[], usage });
        }
    }

    /// A client of the OpenAI API raises what it finds under `error` in an event.
    fn fail(&mut self, out: &mut BytesMut, error: &ApiError) {
        event(out, &error.body());
    }
}

fn event(out: &mut BytesMut, body: &impl Serialize) {
    out.put_slice(b"data: ");
    // These types are texts and numbers, which always can be written.
    let _ = serde_json::to_writer(out.writer(), body);
    out.put_slice(b"\n\n");
}
