//! The socket: text frames both ways, bounded.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::Url;

use crate::channel::rocketchat::rest::Rest;
use crate::channel::tls::{self, Trust};
use crate::core::Clock;
use crate::message::Code;
use crate::socketio::{Proxies, tunnel};

/// The largest frame that is taken, bytes; a larger one ends the connection.
const FRAME_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How much may wait to be written, bytes; above, the connection counts as broken.
const WRITE_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How long the connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long one write may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a socket is of no use.
#[derive(Debug, thiserror::Error)]
pub(in crate::channel::rocketchat) enum WireError {
    /// It could not be made, or broke.
    #[error("{0}")]
    Broken(String),
    /// The server closed it.
    #[error("the server closed the connection")]
    Closed,
    /// Something did not come in time.
    #[error("{0}")]
    Timeout(&'static str),
    /// The server cannot be spoken to like this.
    #[error("{0}")]
    Misconfigured(String),
}

impl WireError {
    /// Returns the stable code.
    pub(in crate::channel::rocketchat) const fn code(&self) -> Code {
        match self {
            Self::Misconfigured(_) => Code::Misconfigured,
            Self::Broken(_) | Self::Closed | Self::Timeout(_) => Code::LinkDown,
        }
    }
}

/// A socket that stands.
pub(in crate::channel::rocketchat) struct Wire {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    clock: Clock,
}

impl Wire {
    /// Connects to a server, by the proxies that calls go through too.
    ///
    /// # Errors
    /// Says why not.
    pub(in crate::channel::rocketchat) async fn connect(
        rest: &Rest,
        proxies: &Proxies,
        clock: Clock,
    ) -> Result<Self, WireError> {
        let place = format!("{}/websocket", rest.base());
        let address = Url::parse(&place.replacen("http", "ws", 1))
            .map_err(|error| WireError::Misconfigured(format!("`baseUrl` cannot be read: {error}")))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(FRAME_BYTES_MAX))
            .max_frame_size(Some(FRAME_BYTES_MAX))
            .max_write_buffer_size(WRITE_BYTES_MAX);
        let connector = match (rest.base().starts_with("https"), rest.ca_pem()) {
            (false, _) => Connector::Plain,
            (true, own) => {
                let trust = own.map_or(Trust::System, Trust::SystemAnd);
                let tls = tls::client_config(trust).await.map_err(|error| WireError::Misconfigured(error.to_string()))?;
                Connector::Rustls(tls.into())
            }
        };
        let connecting = async {
            let stream = tunnel::reach(proxies, &address).await.map_err(|error| error.to_string())?;
            let opening = client_async_tls_with_config(address.as_str(), stream, Some(config), Some(connector));
            opening.await.map_err(|error| error.to_string())
        };
        match clock.within(CONNECT_TIMEOUT, connecting).await {
            Some(Ok((socket, _))) => Ok(Self { socket, clock }),
            Some(Err(error)) => Err(WireError::Broken(format!("no connection to {place}: {error}"))),
            None => Err(WireError::Timeout("the server did not take the connection in time")),
        }
    }

    /// Returns the next text; other kinds of frames are nothing. Nothing is lost when the wait is cut short.
    ///
    /// # Errors
    /// The socket is closed or broken.
    pub(in crate::channel::rocketchat) async fn read(&mut self) -> Result<Option<String>, WireError> {
        match self.socket.next().await {
            Some(Ok(Message::Text(text))) => Ok(Some(text.as_str().to_owned())),
            Some(Ok(Message::Close(_))) | None => Err(WireError::Closed),
            Some(Ok(_)) => Ok(None),
            Some(Err(error)) => Err(WireError::Broken(format!("the connection broke: {error}"))),
        }
    }

    /// Writes texts.
    ///
    /// # Errors
    /// The socket does not take them in time.
    pub(in crate::channel::rocketchat) async fn write(
        &mut self,
        texts: impl IntoIterator<Item = String>,
    ) -> Result<(), WireError> {
        let socket = &mut self.socket;
        let writing = async {
            for text in texts {
                socket.feed(Message::text(text)).await?;
            }
            socket.flush().await
        };
        match self.clock.within(WRITE_TIMEOUT, writing).await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(WireError::Broken(format!("the connection broke: {error}"))),
            None => Err(WireError::Timeout("the connection does not take what is written")),
        }
    }

    /// Says goodbye.
    pub(in crate::channel::rocketchat) async fn close(mut self, wait: Duration) {
        let goodbye = self.socket.close(None);
        // Whoever does not answer is left.
        let _ = self.clock.within(wait, goodbye).await;
    }
}
