//! What the broker sent and was not yet told that we have.

use std::collections::VecDeque;

use rumqttc::{Packet, PubAck, PubRec, QoS};

use crate::channel::AckToken;

/// How many messages may be read ahead of their commit; above, the network is not read until some are committed.
pub(super) const UNACKED_MAX: usize = 2048;
/// How many bytes of payload may be read ahead of their commit; one message more may go over it.
pub(super) const UNACKED_BYTES_MAX: usize = 64 * 1024 * 1024;

struct Unacked {
    pkid: u16,
    qos: QoS,
    bytes: usize,
    acked: bool,
}

/// The messages of this connection that wait for their acknowledgement, in order of arrival.
#[derive(Default)]
pub(super) struct Inflow {
    /// The token of the first one that waits, less one.
    told: AckToken,
    waiting: VecDeque<Unacked>,
    bytes: usize,
}

impl Inflow {
    /// Takes a message in; `None` when the broker wants no acknowledgement.
    pub(super) fn admit(&mut self, qos: QoS, pkid: u16, bytes: usize) -> Option<AckToken> {
        if qos == QoS::AtMostOnce {
            return None;
        }
        self.waiting.push_back(Unacked { pkid, qos, bytes, acked: false });
        self.bytes += bytes;
        Some(self.told + self.waiting.len() as AckToken)
    }

    /// Marks messages as committed; tokens that are not waiting are passed over.
    pub(super) fn commit(&mut self, tokens: impl IntoIterator<Item = AckToken>) {
        for token in tokens {
            let at = token.checked_sub(self.told + 1).and_then(|at| usize::try_from(at).ok());
            if let Some(message) = at.and_then(|at| self.waiting.get_mut(at)) {
                message.acked = true;
            }
        }
    }

    /// Takes out the next acknowledgement. They leave in order of arrival, as MQTT demands (3.1.1 §4.6): one that is
    /// committed early waits for those before it.
    pub(super) fn next_ack(&mut self) -> Option<Packet> {
        let message = self.waiting.pop_front_if(|message| message.acked)?;
        self.told += 1;
        self.bytes = self.bytes.saturating_sub(message.bytes);
        Some(match message.qos {
            QoS::ExactlyOnce => Packet::PubRec(PubRec::new(message.pkid)),
            QoS::AtLeastOnce | QoS::AtMostOnce => Packet::PubAck(PubAck::new(message.pkid)),
        })
    }

    /// Returns whether more may be read.
    pub(super) fn is_open(&self) -> bool {
        self.waiting.len() < UNACKED_MAX && self.bytes < UNACKED_BYTES_MAX
    }
}
