//! The client's side of the control plane's socket: gateway-protocol §1 to §5.
//!
//! # Layout
//!
//! - here: [`Link`], requests and what comes back
//! - `connect`: from an address to `hello-ok`
//! - `frame`: what is read
//! - `fault`: what goes wrong, as the command line tells it

mod connect;
mod fault;
mod frame;

#[cfg(test)]
mod tests;

use std::time::Duration;

use callboard_actors::client::Scope;
use callboard_actors::core::Clock;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::error::CliError;
pub(super) use frame::{Incoming, Outcome, Payload};

/// How long to wait for the answer of a short call.
pub(super) const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// How long the last words to a gateway may take.
const GOODBYE: Duration = Duration::from_millis(200);

/// How a connection presents itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    /// What kind of client it is.
    pub(super) mode: &'static str,
    /// What it wants to be allowed.
    pub(super) scopes: &'static [Scope],
}

impl Face {
    /// Returns the face of a command that needs these scopes.
    pub(super) const fn cli(scopes: &'static [Scope]) -> Self {
        Self { mode: "cli", scopes }
    }
}

/// An open connection that was let in.
#[derive(Debug)]
pub(super) struct Link {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    clock: Clock,
    /// Where the gateway is; no secret.
    shown: String,
    /// How long a gateway may say nothing before it counts as gone.
    quiet_max: Duration,
    /// The most bytes of a frame that the gateway takes.
    frame_bytes_max: usize,
    /// What the gateway said when it let us in.
    hello: Value,
    requests: u64,
}

impl Link {
    /// Returns what the gateway said when it let us in.
    pub(super) const fn hello(&self) -> &Value {
        &self.hello
    }

    /// Makes a request and waits for its answer; events that come meanwhile are dropped.
    ///
    /// # Errors
    /// When the connection ends or nothing comes in time.
    pub(super) async fn call(&mut self, method: &str, params: Value, patience: Duration) -> Result<Outcome, CliError> {
        let id = self.send(method, params).await?;
        self.answer(&id, method, patience).await
    }

    /// Makes a request that may be answered twice, and waits for the last answer. The first has to come in time; from then on the
    /// gateway decides how long it takes, as long as it says anything at all.
    ///
    /// # Errors
    /// As [`Link::call`].
    pub(super) async fn call_to_the_end(
        &mut self,
        method: &str,
        params: Value,
        patience: Duration,
    ) -> Result<Outcome, CliError> {
        let id = self.send(method, params).await?;
        let first = self.answer(&id, method, patience).await?;
        let accepted = first.as_ref().is_ok_and(|payload| payload.json().get("status") == Some(&json!("accepted")));
        if !accepted || method != "agent" {
            return Ok(first);
        }
        loop {
            match self.next().await? {
                Incoming::Answer { id: answered, outcome } if answered == id => return Ok(outcome),
                _ => {}
            }
        }
    }

    /// Makes a request and does not wait; returns its id.
    ///
    /// # Errors
    /// When the connection ended, or the gateway would not take the frame.
    pub(super) async fn send(&mut self, method: &str, params: Value) -> Result<String, CliError> {
        self.requests += 1;
        let id = self.requests.to_string();
        let mut request = json!({ "type": "req", "id": id, "method": method });
        if let (false, Some(fields)) = (params.is_null(), request.as_object_mut()) {
            fields.insert("params".to_owned(), params);
        }
        let text = request.to_string();
        if text.len() > self.frame_bytes_max {
            return Err(CliError::Usage(format!(
                "the request has {} bytes and the gateway takes {}: make it shorter",
                text.len(),
                self.frame_bytes_max
            )));
        }
        let sent = self.clock.within(CALL_TIMEOUT, self.socket.send(Message::text(text))).await;
        match sent {
            Some(Ok(())) => Ok(id),
            Some(Err(error)) => Err(fault::broken(&self.shown, &error)),
            None => Err(fault::silent(&self.shown, "the request")),
        }
    }

    /// Waits for the answer to a request.
    ///
    /// # Errors
    /// As [`Link::call`].
    pub(super) async fn answer(&mut self, id: &str, method: &str, patience: Duration) -> Result<Outcome, CliError> {
        let clock = self.clock.clone();
        let answered = async {
            loop {
                match self.next().await? {
                    Incoming::Answer { id: answered, outcome } if answered == id => return Ok(outcome),
                    _ => {}
                }
            }
        };
        let answered: Option<Result<Outcome, CliError>> = clock.within(patience, answered).await;
        answered.unwrap_or_else(|| {
            Err(CliError::failed(format!("the gateway did not answer {method} within {} ms", patience.as_millis())))
        })
    }

    /// Waits for whatever comes next. Nothing is lost when the wait is given up.
    ///
    /// # Errors
    /// When the connection ends, or the gateway has said nothing for longer than twice the pace of its signs of life.
    pub(super) async fn next(&mut self) -> Result<Incoming, CliError> {
        loop {
            let Some(came) = self.clock.within(self.quiet_max, self.socket.next()).await else {
                return Err(fault::silent(&self.shown, "any sign of life"));
            };
            match came {
                Some(Ok(Message::Text(text))) => {
                    if let Some(incoming) = frame::read(&text) {
                        return Ok(incoming);
                    }
                }
                Some(Ok(Message::Close(close))) => return Err(fault::closed(&self.shown, close.as_ref())),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(fault::broken(&self.shown, &error)),
                None => return Err(fault::closed(&self.shown, None)),
            }
        }
    }

    /// Says goodbye and does not wait for the answer.
    pub(super) async fn close(mut self) {
        let _ = self.clock.within(GOODBYE, self.socket.close(None)).await;
    }
}
