//! What a packet says.

use serde_json::Value;

/// One packet in one namespace.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::socketio) struct Packet {
    /// Where.
    pub(in crate::socketio) namespace: String,
    /// What.
    pub(in crate::socketio) body: Body,
}

/// What a packet says.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::socketio) enum Body {
    /// A namespace is asked for, or given.
    Connect {
        /// What is said with it.
        data: Option<Value>,
    },
    /// A namespace is left.
    Disconnect,
    /// Something happened.
    Event {
        /// What.
        name: String,
        /// More of it.
        args: Vec<Value>,
        /// Set where an acknowledgement is wanted.
        id: Option<u64>,
    },
    /// An event is acknowledged.
    Ack {
        /// Which.
        id: u64,
        /// With what.
        args: Vec<Value>,
    },
    /// A namespace is refused.
    ConnectError {
        /// What is said with it.
        data: Value,
    },
}

/// The kinds of packets, as both parsers number them.
pub(super) mod kind {
    pub(in super::super) const CONNECT: u64 = 0;
    pub(in super::super) const DISCONNECT: u64 = 1;
    pub(in super::super) const EVENT: u64 = 2;
    pub(in super::super) const ACK: u64 = 3;
    pub(in super::super) const CONNECT_ERROR: u64 = 4;
    /// JSON only, as the next one.
    pub(in super::super) const BINARY_EVENT: u64 = 5;
    pub(in super::super) const BINARY_ACK: u64 = 6;
}

/// What a parser finds in a packet, before it is looked at as a whole.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: u64,
    pub(super) namespace: String,
    pub(super) id: Option<u64>,
    pub(super) data: Option<Value>,
}

impl Found {
    /// Returns the packet.
    ///
    /// # Errors
    /// Says what does not fit together.
    pub(super) fn into_packet(self) -> Result<Packet, String> {
        let Self { kind, namespace, id, data } = self;
        let body = match kind {
            kind::CONNECT => match data {
                None | Some(Value::Null) => Body::Connect { data: None },
                Some(data @ Value::Object(_)) => Body::Connect { data: Some(data) },
                Some(_) => return Err("a connect packet whose data is no object".to_owned()),
            },
            kind::DISCONNECT => Body::Disconnect,
            kind::EVENT | kind::BINARY_EVENT => event(data, id)?,
            kind::ACK | kind::BINARY_ACK => {
                let id = id.ok_or("an acknowledgement without an id")?;
                Body::Ack { id, args: list(data).ok_or("an acknowledgement without a list")? }
            }
            kind::CONNECT_ERROR => Body::ConnectError { data: data.unwrap_or_default() },
            other => return Err(format!("a packet of an unknown kind: {other}")),
        };
        Ok(Packet { namespace, body })
    }
}

fn event(data: Option<Value>, id: Option<u64>) -> Result<Body, String> {
    let mut args = list(data).ok_or("an event without a list")?.into_iter();
    let name = match args.next() {
        Some(Value::String(name)) => name,
        Some(Value::Number(name)) => name.to_string(),
        _ => return Err("an event without a name".to_owned()),
    };
    Ok(Body::Event { name, args: args.collect(), id })
}

fn list(data: Option<Value>) -> Option<Vec<Value>> {
    match data {
        Some(Value::Array(list)) => Some(list),
        _ => None,
    }
}

impl Packet {
    /// Takes the packet apart, as parsers write it.
    pub(super) fn into_found(self) -> Found {
        let Self { namespace, body } = self;
        let (kind, id, data) = match body {
            Body::Connect { data } => (kind::CONNECT, None, data),
            Body::Disconnect => (kind::DISCONNECT, None, None),
            Body::Event { name, args, id } => {
                let list = std::iter::once(Value::from(name)).chain(args).collect();
                (kind::EVENT, id, Some(Value::Array(list)))
            }
            Body::Ack { id, args } => (kind::ACK, Some(id), Some(Value::Array(args))),
            Body::ConnectError { data } => (kind::CONNECT_ERROR, None, Some(data)),
        };
        Found { kind, namespace, id, data }
    }
}
