//! Reads an answer as it streams in, token by token, each within its time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use callboard_actors::agent::{Piece, ProviderError};
use futures_util::stream::{self, Stream};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;

use super::Backend;
use super::settings::Price;
use super::sse::{Decoder, EVENT_BYTES_MAX};
use super::style::{Assemble, Bad, State};

/// The largest answer that does not stream.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long the count of tokens may come after the answer's end.
const TAIL_TIME_MAX: Duration = Duration::from_secs(5);

/// What was asked.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Which model.
    pub(super) model: &'a str,
    /// What its tokens cost.
    pub(super) price: Price,
    /// When.
    pub(super) begun: Duration,
}

/// An answer on its way in.
pub(super) struct Answer {
    backend: Arc<Backend>,
    response: Response,
    form: Form,
    events: VecDeque<String>,
    pieces: VecDeque<Piece>,
    assembly: Box<dyn Assemble>,
    price: Price,
    phase: Phase,
    /// When the last token came, or the request was sent.
    heard: Duration,
}

/// How the backend sends its answer.
enum Form {
    Events(Decoder),
    /// In one piece: it took no notice of `stream`.
    Whole(Vec<u8>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    BeforeFirstToken,
    BetweenTokens,
    Over,
}

/// What came next.
enum Next {
    Bytes,
    End,
}

impl Answer {
    /// Begins to read.
    pub(super) fn new(backend: Arc<Backend>, response: Response, asked: Asked<'_>) -> Result<Self, ProviderError> {
        let Asked { model, price, begun } = asked;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let form = match kind.trim().to_ascii_lowercase() {
            kind if kind.starts_with("application/json") => Form::Whole(Vec::new()),
            kind if kind.starts_with("text/html") => return Err(backend.failures.unreadable("a web page")),
            _ => Form::Events(Decoder::default()),
        };
        Ok(Self {
            assembly: backend.style.assembly(model),
            price,
            backend,
            response,
            form,
            events: VecDeque::new(),
            pieces: VecDeque::new(),
            phase: Phase::BeforeFirstToken,
            heard: begun,
        })
    }

    /// Returns the pieces; after an error or the end there are none.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Piece, ProviderError>> {
        stream::try_unfold(self, |mut answer| async move { Ok(answer.next().await?.map(|piece| (piece, answer))) })
    }

    async fn next(&mut self) -> Result<Option<Piece>, ProviderError> {
        loop {
            if let Some(piece) = self.pieces.pop_front() {
                return Ok(Some(piece));
            }
            if self.phase == Phase::Over {
                return Ok(None);
            }
            match self.events.pop_front() {
                Some(event) => self.take(&event)?,
                None => match self.read().await? {
                    Next::Bytes => {}
                    Next::End => self.end()?,
                },
            }
        }
    }

    /// Waits for more of the body, no longer than the phase allows.
    async fn read(&mut self) -> Result<Next, ProviderError> {
        let limit = self.limit();
        let left = self.heard.saturating_add(limit).saturating_sub(self.backend.clock.elapsed());
        let failures = &self.backend.failures;
        match self.backend.clock.within(left, self.response.chunk()).await {
            Some(Ok(Some(bytes))) => {
                match &mut self.form {
                    Form::Events(decoder) => {
                        decoder.push(&bytes, &mut self.events).map_err(|_| failures.too_long("an event", EVENT_BYTES_MAX))?
                    }
                    Form::Whole(body) if body.len() + bytes.len() > BODY_BYTES_MAX => {
                        return Err(failures.too_long("an answer", BODY_BYTES_MAX));
                    }
                    Form::Whole(body) => body.extend_from_slice(&bytes),
                }
                Ok(Next::Bytes)
            }
            Some(Ok(None)) => Ok(Next::End),
            // The answer is whole; only the count or the farewell is missing.
            _ if self.is_whole() => Ok(Next::End),
            Some(Err(error)) => Err(failures.cut(Some(error))),
            None if self.phase == Phase::BeforeFirstToken => Err(failures.no_first_token(limit)),
            None => Err(failures.stalled(limit)),
        }
    }

    fn limit(&self) -> Duration {
        let limits = self.backend.limits;
        match self.phase {
            _ if self.is_whole() => TAIL_TIME_MAX.min(limits.between_tokens),
            Phase::BeforeFirstToken => limits.first_token,
            Phase::BetweenTokens | Phase::Over => limits.between_tokens,
        }
    }

    fn is_whole(&self) -> bool {
        self.assembly.state() != State::Open
    }

    fn take(&mut self, event: &str) -> Result<(), ProviderError> {
        let failures = &self.backend.failures;
        self.assembly.take(event, &mut self.pieces).map_err(|bad| match bad {
            Bad::Unreadable => failures.malformed(event),
            Bad::OutOfOrder => failures.out_of_order(event),
            Bad::TooMuch => failures.too_long("tool calls or thoughts", EVENT_BYTES_MAX),
            Bad::Reported(error) => failures.reported(&error),
        })?;
        if self.assembly.state() == State::Over {
            self.finish();
            return Ok(());
        }
        // A role or an empty delta is sent before the backend has begun to think, so it is no first token.
        if !self.pieces.is_empty() || self.phase == Phase::BetweenTokens {
            self.phase = Phase::BetweenTokens;
            self.heard = self.backend.clock.elapsed();
        }
        Ok(())
    }

    /// Takes what the body's end completes, and ends the answer if the backend had said all.
    fn end(&mut self) -> Result<(), ProviderError> {
        let last = match &mut self.form {
            Form::Events(decoder) => decoder.finish(),
            Form::Whole(body) => (!body.is_empty()).then(|| String::from_utf8_lossy(&std::mem::take(body)).into_owned()),
        };
        match last {
            Some(event) => self.take(&event),
            None if self.is_whole() => {
                self.finish();
                Ok(())
            }
            None => Err(self.backend.failures.cut(None)),
        }
    }

    fn finish(&mut self) {
        self.phase = Phase::Over;
        let mut finish = self.assembly.finish();
        finish.ending.usage = self.price.charge(finish.ending.usage);
        self.pieces.extend(finish.calls.into_iter().map(Piece::Tool));
        self.pieces.push_back(Piece::End(finish.ending));
    }
}
