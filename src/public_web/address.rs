//! Which hosts are public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Endings of names that mean something only inside a network.
const INNER_NAMES: &[&str] = &["localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "onion"];

/// Blocks of IPv4 that are not public: the address and how many bits of it count (IANA's registry of special addresses).
const INNER_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    // The metadata service of a cloud, at an address of the public kind.
    (Ipv4Addr::new(168, 63, 129, 16), 32),
];

/// The only block of IPv6 that is public, and the parts of it that are not: tunnels that carry other addresses, documentation.
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);
const INNER_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// An address that is not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("blocked: {0}")]
pub(crate) struct Blocked(pub(super) &'static str);

/// Returns whether an address is one of the public network. IPv4 written as IPv6 is not: nobody needs it, and many a list is
/// passed by with it.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !INNER_V4.iter().any(|(block, bits)| under_v4(v4, *block, *bits)),
        IpAddr::V6(v6) => {
            under_v6(v6, PUBLIC_V6.0, PUBLIC_V6.1) && !INNER_V6.iter().any(|(block, bits)| under_v6(v6, *block, *bits))
        }
    }
}

fn under_v4(address: Ipv4Addr, block: Ipv4Addr, bits: u32) -> bool {
    let rest = 32 - bits;
    address.to_bits().checked_shr(rest) == block.to_bits().checked_shr(rest)
}

fn under_v6(address: Ipv6Addr, block: Ipv6Addr, bits: u32) -> bool {
    let rest = 128 - bits;
    address.to_bits().checked_shr(rest) == block.to_bits().checked_shr(rest)
}

/// Looks at an address before anything is resolved. `public` says which addresses may be asked.
///
/// # Errors
/// It is none that is asked.
pub(crate) fn check(url: &Url, public: impl Fn(IpAddr) -> bool) -> Result<(), Blocked> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Blocked("only http and https addresses are read"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Blocked("an address with a user or password is not read"));
    }
    const INNER: Blocked = Blocked("private or internal host");
    match url.host() {
        Some(Host::Ipv4(v4)) if public(v4.into()) => Ok(()),
        Some(Host::Ipv6(v6)) if public(v6.into()) => Ok(()),
        Some(Host::Domain(name)) if name.ends_with('.') => Err(Blocked("a host's name must not end with a dot")),
        Some(Host::Domain(name)) if !is_inner_name(name) => Ok(()),
        Some(_) => Err(INNER),
        None => Err(Blocked("the address has no host")),
    }
}

/// A name without a dot is one of this network.
fn is_inner_name(name: &str) -> bool {
    let under = |inner: &&str| name.strip_suffix(*inner).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !name.contains('.') || INNER_NAMES.iter().any(under)
}
