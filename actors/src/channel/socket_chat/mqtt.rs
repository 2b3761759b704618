//! One MQTT 3.1.1 connection: rumqttc makes it and speaks the packets, the pump decides which.
//!
//! rumqttc's own event loop is left aside once the connection stands: it connects again by itself, sends one packet a system
//! call, and gives no word of which publish was confirmed. Its network, which it lends, is all that is needed.

use std::time::Duration;

use futures_util::FutureExt as _;
use rumqttc::mqttbytes::Error as PacketError;
use rumqttc::{ConnectReturnCode, ConnectionError, EventLoop, MqttOptions, NetworkOptions, Packet, StateError, Transport};
use secrecy::ExposeSecret as _;

use super::broker::{Broker, Encryption};
use crate::channel::tls::{self, Trust};
use crate::core::Clock;
use crate::message::Code;

/// The keep alive that the broker is told: after one and a half of it without a packet it drops us.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(60);
/// How long connecting may take, from the name's resolution to CONNACK.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long writing may wait for a broker that does not read.
const WRITE_TIMEOUT: Duration = Duration::from_secs(15);
/// The largest packet, bytes, both ways: platforms without a file store put pictures into messages.
pub(super) const PACKET_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Why a connection could not be made, or broke.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    /// The broker does not take the login.
    #[error("the broker refused the login: wrong user name, password or rights for this client")]
    Login,
    /// The broker does not take the client.
    #[error("the broker refused the connection: {0}")]
    Refused(&'static str),
    /// The broker ended the connection, without a reason: MQTT 3.1.1 has none.
    #[error("the broker closed the connection")]
    ClosedByPeer,
    /// A packet is larger than the bound.
    #[error(
        "the broker sent a message of {0} bytes, more than the {PACKET_BYTES_MAX} that are taken: bound it there with message_size_limit"
    )]
    TooLarge(usize),
    /// Something took too long.
    #[error("{0}")]
    Timeout(&'static str),
    /// TLS failed.
    #[error("TLS with the broker failed: {0}: check `useTls`, and `caFile` for an own CA")]
    Tls(String),
    /// The network failed.
    #[error("the broker cannot be reached: {0}")]
    Network(String),
    /// The broker does not keep to MQTT 3.1.1.
    #[error("the broker sent what is no MQTT 3.1.1: {0}")]
    Protocol(String),
}

impl WireError {
    /// Returns the stable code.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Login => Code::BadCredentials,
            Self::TooLarge(_) | Self::Protocol(_) | Self::Refused(_) => Code::BadUpstream,
            Self::ClosedByPeer | Self::Timeout(_) | Self::Tls(_) | Self::Network(_) => Code::LinkDown,
        }
    }
}

impl From<ConnectionError> for WireError {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::ConnectionRefused(code) => refused(code),
            ConnectionError::MqttState(error) => error.into(),
            ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => {
                Self::Timeout("the broker did not answer in time")
            }
            ConnectionError::Tls(error) => Self::Tls(root_of(&error)),
            ConnectionError::Io(error) => Self::Network(error.to_string()),
            ConnectionError::NotConnAck(_) => Self::Protocol("something else than CONNACK".to_owned()),
            ConnectionError::RequestsDone => Self::Network("the connection was given up".to_owned()),
        }
    }
}

impl From<StateError> for WireError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::ConnectionAborted => Self::ClosedByPeer,
            StateError::Io(error) | StateError::Deserialization(PacketError::Io(error)) => from_io(&error),
            StateError::Deserialization(PacketError::PayloadSizeLimitExceeded(bytes)) => Self::TooLarge(bytes),
            other => Self::Protocol(other.to_string()),
        }
    }
}

fn from_io(error: &std::io::Error) -> WireError {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => WireError::ClosedByPeer,
        _ => WireError::Network(error.to_string()),
    }
}

fn refused(code: ConnectReturnCode) -> WireError {
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => WireError::Login,
        ConnectReturnCode::BadClientId => WireError::Refused("it does not accept the clientId"),
        ConnectReturnCode::ServiceUnavailable => WireError::Refused("it is not available"),
        ConnectReturnCode::RefusedProtocolVersion => WireError::Refused("it does not speak MQTT 3.1.1"),
        ConnectReturnCode::Success => WireError::Protocol("a refusal without a reason".to_owned()),
    }
}

fn root_of(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

/// A connection that stands. It never comes back by itself.
pub(super) struct Wire {
    event_loop: EventLoop,
    clock: Clock,
}

impl Wire {
    /// Connects and waits for CONNACK; the session is kept by the broker while we are away.
    ///
    /// # Errors
    /// Fails when the broker cannot be reached, refuses, or does not answer in time.
    pub(super) async fn connect(broker: &Broker, ca_pem: Option<&str>, clock: Clock) -> Result<Self, WireError> {
        let options = options(broker, ca_pem).await?;
        let mut event_loop = EventLoop::new(options, 1);
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        network.set_connection_timeout(CONNECT_TIMEOUT.as_secs());
        event_loop.set_network_options(network);
        let polled = clock.within(CONNECT_TIMEOUT, event_loop.poll()).await;
        polled.unwrap_or(Err(ConnectionError::NetworkTimeout))?;
        Ok(Self { event_loop, clock })
    }

    /// Waits for the next packet. Nothing is lost when the wait is given up.
    ///
    /// # Errors
    /// Fails when the connection is over.
    pub(super) async fn read(&mut self) -> Result<Packet, WireError> {
        let network = self.event_loop.network.as_mut().ok_or(WireError::ClosedByPeer)?;
        Ok(network.read().await?)
    }

    /// Returns a packet that is there already.
    ///
    /// # Errors
    /// Fails when the connection is over.
    pub(super) fn read_ready(&mut self) -> Option<Result<Packet, WireError>> {
        self.read().now_or_never()
    }

    /// Puts packets into the buffer and the buffer onto the network.
    ///
    /// # Errors
    /// Fails when the connection is over, or the broker does not read.
    pub(super) async fn write_all(&mut self, packets: impl Iterator<Item = Packet>) -> Result<(), WireError> {
        let network = self.event_loop.network.as_mut().ok_or(WireError::ClosedByPeer)?;
        let write = async {
            for packet in packets {
                network.write(packet).await?;
            }
            network.flush().await
        };
        let written = self.clock.within(WRITE_TIMEOUT, write).await;
        Ok(written.ok_or(WireError::Timeout("the broker stopped reading"))??)
    }
}

async fn options(broker: &Broker, ca_pem: Option<&str>) -> Result<MqttOptions, WireError> {
    let mut options = MqttOptions::new(&broker.client_id, &broker.host, broker.port);
    options.set_credentials(&broker.username, broker.password.expose_secret());
    options.set_keep_alive(KEEP_ALIVE);
    options.set_clean_session(false);
    options.set_max_packet_size(PACKET_BYTES_MAX, PACKET_BYTES_MAX);
    // What is on its way is counted by the pump; rumqttc's own table stays as small as can be.
    options.set_inflight(1);
    if broker.encryption == Encryption::Tls {
        let trust = ca_pem.map_or(Trust::System, Trust::Only);
        let config = tls::client_config(trust).await.map_err(|error| WireError::Tls(error.to_string()))?;
        options.set_transport(Transport::tls_with_config(config.into()));
    }
    Ok(options)
}
