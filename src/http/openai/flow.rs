//! An answer as server-sent events, whatever form they have.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{BufMut as _, Bytes, BytesMut};
use callboard_actors::message::{Delta, TurnEnd, TurnFailure};
use futures_util::stream;

use super::completions::{Deltas, broken_off, late};
use crate::http::error::ApiError;

/// How many pieces that wait already go out in one write.
const BATCH_MAX: usize = 32;
/// How long a stream is silent at the most: a comment, which clients skip, keeps proxies from cutting it.
const SILENCE_MAX: Duration = Duration::from_secs(15);
/// The comment.
const STILL_HERE: &[u8] = b": still here\n\n";
/// The mark that nothing follows.
const DONE: &[u8] = b"data: [DONE]\n\n";
/// The room that a piece is given at first.
const EVENT_BYTES: usize = 512;

/// Writes the events of one form.
pub(super) trait Writer: 'static {
    /// Writes what comes before the first piece.
    fn begin(&mut self, out: &mut BytesMut);
    /// Writes a piece of the text, never empty.
    fn text(&mut self, out: &mut BytesMut, text: &str);
    /// Writes the end of a whole answer.
    fn end(&mut self, out: &mut BytesMut, end: &TurnEnd);
    /// Writes that there is no whole answer.
    fn fail(&mut self, out: &mut BytesMut, error: &ApiError);
}

/// An answer on its way out.
pub(super) struct Flow<W> {
    writer: W,
    deltas: Deltas,
    silent: Duration,
    over: bool,
}

impl<W: Writer> Flow<W> {
    pub(super) fn new(writer: W, deltas: Deltas) -> Self {
        Self { writer, deltas, silent: Duration::ZERO, over: false }
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
        self.writer.begin(&mut begin);
        self.write(&mut begin, &first);
        let rest = stream::unfold(self, |mut flow| async move { flow.next_bytes().await.map(|bytes| (Ok(bytes), flow)) });
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
                Delta::Text { text } => self.writer.text(out, text),
                Delta::End(end) => {
                    self.over = true;
                    self.writer.end(out, end);
                    out.put_slice(DONE);
                }
                Delta::Failed(failure) => self.fail(out, &ApiError::from(TurnFailure::clone(failure))),
            }
        }
    }

    fn fail(&mut self, out: &mut BytesMut, error: &ApiError) {
        self.over = true;
        self.writer.fail(out, error);
        out.put_slice(DONE);
    }
}
