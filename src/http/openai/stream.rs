//! An answer as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{BufMut as _, Bytes, BytesMut};
use callboard_actors::message::{Delta, TurnEnd, TurnFailure};
use futures_util::stream;
use serde::Serialize;

use super::completions::{Deltas, broken_off, late};
use super::tools::{Form, calls_out};
use super::wire::{ChatChunk, ChunkChoice, ChunkDelta};
use crate::http::error::ApiError;

/// How many pieces that wait already go out in one write.
const BATCH_MAX: usize = 32;
/// How long a stream is silent at the most: a comment, which clients skip, keeps proxies from cutting it.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// The comment.
const STILL_HERE: &[u8] = b": still here\n\n";
/// The room that a piece is given at first.
const EVENT_BYTES: usize = 512;

/// What all pieces of an answer have in common.
pub(super) struct Head {
    /// Names the turn.
    pub(super) id: String,
    /// The model's name as it was asked for.
    pub(super) model: String,
    /// Seconds since 1970.
    pub(super) created: i64,
}

/// An answer on its way out.
pub(super) struct Pieces {
    head: Head,
    wants_usage: bool,
    deltas: Deltas,
    silent: Duration,
    over: bool,
}

impl Pieces {
    pub(super) fn new(head: Head, wants_usage: bool, deltas: Deltas) -> Self {
        Self { head, wants_usage, deltas, silent: Duration::ZERO, over: false }
    }

    /// Waits for the first piece, so that a failure before it has its own status, and streams from there.
    ///
    /// # Errors
    /// The turn failed before it said anything.
    pub(super) async fn respond(mut self) -> Result<HttpResponse, ApiError> {
        let limit = self.deltas.wait_max;
        let first = self.next_batch(limit).await?.ok_or_else(|| late(limit))?;
        if let Some(Delta::Failed(failure)) = first.first() {
            return Err(failure.clone().into());
        }
        let mut begin = BytesMut::with_capacity(EVENT_BYTES);
        self.choice(&mut begin, ChunkDelta { role: Some("assistant"), content: Some(""), ..ChunkDelta::default() }, None);
        self.write(&mut begin, &first);
        let rest = stream::unfold(self, |mut pieces| async move { pieces.next_bytes().await.map(|bytes| (Ok(bytes), pieces)) });
        let body = stream::StreamExt::chain(stream::iter([Ok::<Bytes, Infallible>(begin.freeze())]), rest);
        Ok(HttpResponse::Ok()
            .content_type("text/event-stream; charset=utf-8")
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .insert_header(("x-accel-buffering", "no"))
            .streaming(body))
    }

    async fn next_bytes(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let mut out = BytesMut::with_capacity(EVENT_BYTES);
        let limit = self.deltas.wait_max;
        match self.next_batch(SILENCE_MAX.min(limit)).await {
            Ok(Some(batch)) => {
                self.silent = Duration::ZERO;
                self.write(&mut out, &batch);
            }
            Ok(None) => {
                self.silent += SILENCE_MAX.min(limit);
                if self.silent >= limit { self.fail(&mut out, &late(limit)) } else { out.put_slice(STILL_HERE) }
            }
            Err(error) => self.fail(&mut out, &error),
        }
        Some(out.freeze())
    }

    /// Waits for pieces; `None` when none came in time.
    async fn next_batch(&mut self, limit: Duration) -> Result<Option<Vec<Delta>>, ApiError> {
        let mut batch = Vec::new();
        let read = self.deltas.deltas.recv_many(&mut batch, BATCH_MAX);
        match self.deltas.clock.within(limit, read).await {
            Some(0) => Err(broken_off()),
            Some(_) => Ok(Some(batch)),
            None => Ok(None),
        }
    }

    fn write(&mut self, out: &mut BytesMut, batch: &[Delta]) {
        for delta in batch {
            match delta {
                Delta::Text { text } => self.choice(out, ChunkDelta { content: Some(text), ..ChunkDelta::default() }, None),
                Delta::End(end) => self.end(out, end),
                Delta::Failed(failure) => self.fail(out, &ApiError::from(TurnFailure::clone(failure))),
            }
        }
    }

    fn end(&mut self, out: &mut BytesMut, end: &TurnEnd) {
        self.over = true;
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
        out.put_slice(b"data: [DONE]\n\n");
    }

    /// A client of the OpenAI API raises what it finds under `error` in an event.
    fn fail(&mut self, out: &mut BytesMut, error: &ApiError) {
        self.over = true;
        event(out, &error.body());
        out.put_slice(b"data: [DONE]\n\n");
    }

    fn choice(&self, out: &mut BytesMut, delta: ChunkDelta<'_>, finish_reason: Option<&str>) {
        let Head { id, model, created } = &self.head;
        let choices = &[ChunkChoice { index: 0, delta, finish_reason }];
        event(out, &ChatChunk { id, object: "chat.completion.chunk", created: *created, model, choices, usage: None });
    }
}

fn event(out: &mut BytesMut, body: &impl Serialize) {
    out.put_slice(b"data: ");
    // These types are texts and numbers, which always can be written.
    let _ = serde_json::to_writer(out.writer(), body);
    out.put_slice(b"\n\n");
}
