//! WebSocket: one frame a message, bounded.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{COOKIE, HeaderValue};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message as Raw;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::frame::{Cut, Frame, Message};
use crate::core::Clock;
use crate::socketio::fault::{kept, root_of};
use crate::socketio::{Endpoint, Fault, Limits, Transport, tunnel};

/// What a server knows a connection by that stands already.
#[derive(Clone, Debug)]
pub(super) struct Same {
    /// Its id.
    pub(super) sid: String,
    /// The cookies that it was given: what balances load finds the server by them.
    pub(super) cookies: Option<HeaderValue>,
}

/// A WebSocket that stands.
pub(super) struct Socket {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    clock: Clock,
    write_timeout: Duration,
}

impl Socket {
    /// Connects, anew or to a connection that stands already. Whoever calls bounds the time.
    ///
    /// # Errors
    /// Says why not.
    pub(super) async fn connect(
        endpoint: &Endpoint,
        same: Option<&Same>,
        limits: &Limits,
        clock: &Clock,
    ) -> Result<Self, Fault> {
        let address = endpoint.url(Transport::WebSocket, same.map(|same| same.sid.as_str()));
        let mut request = address.as_str().into_client_request().map_err(not_made)?;
        if let Some(cookies) = same.and_then(|same| same.cookies.clone()) {
            request.headers_mut().insert(COOKIE, cookies);
        }
        // What waits to be written is bounded by whoever writes: it is written out before the next is taken.
        let config = WebSocketConfig::default()
            .max_message_size(Some(limits.message_bytes_max))
            .max_frame_size(Some(limits.message_bytes_max));
        let connector = endpoint.tls().map_or(Connector::Plain, |tls| Connector::Rustls(Arc::clone(tls)));
        let stream = tunnel::reach(endpoint.proxies(), &address).await?;
        let opening = client_async_tls_with_config(request, stream, Some(config), Some(connector));
        let (socket, _) = opening.await.map_err(not_made)?;
        Ok(Self { socket, clock: clock.clone(), write_timeout: limits.write_timeout })
    }

    /// Returns the next frame. Nothing is lost when the wait is cut short.
    ///
    /// # Errors
    /// The socket is closed or broken, or what came is no frame.
    pub(super) async fn read(&mut self) -> Result<Frame, Cut> {
        loop {
            match self.socket.next().await {
                Some(Ok(Raw::Text(text))) => return Frame::read(text.as_str()).map_err(Cut::Unreadable),
                Some(Ok(Raw::Binary(bytes))) => return Ok(Frame::Message(Message::Binary(bytes))),
                Some(Ok(Raw::Close(close))) => {
                    return Err(Cut::Closed(close.map(|close| u16::from(close.code)).filter(|code| *code != NO_CODE)));
                }
                // Pings of WebSocket itself are answered by the library.
                Some(Ok(Raw::Ping(_) | Raw::Pong(_) | Raw::Frame(_))) => {}
                Some(Err(error)) => return Err(broken(&error)),
                None => return Err(Cut::Broken("the connection ended without a word".to_owned())),
            }
        }
    }

    /// Writes frames.
    ///
    /// # Errors
    /// The socket does not take them in time.
    pub(super) async fn write(&mut self, frames: impl IntoIterator<Item = Frame>) -> Result<(), Cut> {
        let socket = &mut self.socket;
        let writing = async {
            for frame in frames {
                let raw = match frame.write() {
                    Message::Text(text) => Raw::text(text),
                    Message::Binary(bytes) => Raw::Binary(bytes),
                };
                socket.feed(raw).await?;
            }
            socket.flush().await
        };
        match self.clock.within(self.write_timeout, writing).await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(broken(&error)),
            None => Err(Cut::Broken("the connection does not take what is written".to_owned())),
        }
    }

    /// Says goodbye; whoever does not answer is left.
    pub(super) async fn close(mut self, wait: Duration) {
        let _ = self.clock.within(wait, self.socket.close(None)).await;
    }
}

/// What stands for the absence of a code.
const NO_CODE: u16 = 1005;

fn broken(error: &Error) -> Cut {
    match error {
        Error::ConnectionClosed | Error::AlreadyClosed => Cut::Closed(None),
        Error::Protocol(_) | Error::Io(_) => Cut::Broken(root_of(error)),
        other => Cut::Unreadable(root_of(other)),
    }
}

fn not_made(error: Error) -> Fault {
    match error {
        Error::Http(response) => {
            let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            Fault::Status { status: response.status().as_u16(), said: kept(&body) }
        }
        Error::Protocol(_) | Error::ConnectionClosed | Error::AlreadyClosed => {
            Fault::Cut(format!("the upgrade to WebSocket was cut: {}", root_of(&error)))
        }
        Error::Url(_) | Error::HttpFormat(_) => Fault::Misconfigured(root_of(&error)),
        other => Fault::Unreachable(root_of(&other)),
    }
}
