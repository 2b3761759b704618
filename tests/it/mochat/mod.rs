//! Mochat: the wire that its channel stands on, and the stand-in that it is tested against.

mod channel;
mod clients;
mod rig;
mod stand_in;
mod wire;
mod wire_faults;
mod wire_proxy;
mod wire_tls;
mod wire_upgrade;
