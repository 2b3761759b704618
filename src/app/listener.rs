//! Where the gateway listens.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use nix::ifaddrs::getifaddrs;

use crate::config::model::Bind;
use crate::config::slices::GatewaySettings;

/// The tailnet's addresses: 100.64.0.0/10.
const TAILNET: (Ipv4Addr, u32) = (Ipv4Addr::new(100, 64, 0, 0), 10);

/// Why nothing can be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// There is no such address on this machine.
    #[error("gateway.bind is `tailnet` and this machine has no tailnet address: start the tailnet, or choose `auto`")]
    NoTailnet,
    /// The address is taken or not allowed.
    #[error("cannot listen on {address}: {source}; stop what uses the port, or choose another with --port or gateway.port")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ListenError {
    /// Returns whether somebody has the address: it may be free later.
    pub(super) fn is_taken(&self) -> bool {
        matches!(self, Self::Bind { source, .. } if source.kind() == ErrorKind::AddrInUse)
    }
}

/// Returns the address that the settings mean; a port of 0 is any that is free.
///
/// # Errors
/// There is no such address on this machine.
pub(super) fn address(gateway: &GatewaySettings) -> Result<SocketAddr, ListenError> {
    let host = match gateway.bind {
        Bind::Loopback => loopback(),
        Bind::Lan => Ipv4Addr::UNSPECIFIED.into(),
        Bind::Tailnet => tailnet().ok_or(ListenError::NoTailnet)?,
        Bind::Auto => tailnet().unwrap_or_else(loopback),
        Bind::Custom => gateway.custom_bind_host.unwrap_or_else(loopback),
    };
    Ok(SocketAddr::new(host, gateway.port))
}

/// Takes the port. Nothing is answered before somebody accepts, and nothing is refused either.
///
/// # Errors
/// The address is taken or not allowed.
pub(super) fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let listener = TcpListener::bind(address).map_err(|source| ListenError::Bind { address, source })?;
    if !address.ip().is_loopback() {
        tracing::warn!(event = "gateway.exposed", %address, "this gateway can be reached from other machines; its token is all that keeps them out");
    }
    Ok(listener)
}

fn loopback() -> IpAddr {
    Ipv4Addr::LOCALHOST.into()
}

fn tailnet() -> Option<IpAddr> {
    let (net, bits) = TAILNET;
    let same = |address: Ipv4Addr| address.to_bits() >> (32 - bits) == net.to_bits() >> (32 - bits);
    let addresses = getifaddrs().ok()?.filter_map(|interface| interface.address?.as_sockaddr_in().map(|found| found.ip()));
    addresses.into_iter().find(|&address| same(address)).map(IpAddr::from)
}
