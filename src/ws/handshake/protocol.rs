//! Which protocol is spoken.

use serde_json::{Value, json};

/// A protocol that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Protocol {
    /// The one of the old command line and the control UI.
    Three,
    /// The one of the newer command line.
    Four,
    /// The one of the product's own documents.
    Seven,
}

/// The protocols that a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// The lowest.
    pub(super) min: i64,
    /// The highest.
    pub(super) max: i64,
}

impl Protocol {
    /// The highest first.
    const ALL: [Self; 3] = [Self::Seven, Self::Four, Self::Three];

    /// Returns the number on the wire.
    pub(super) const fn number(self) -> u8 {
        match self {
            Self::Three => 3,
            Self::Four => 4,
            Self::Seven => 7,
        }
    }

    pub(super) const fn is_three(self) -> bool {
        matches!(self, Self::Three)
    }

    fn is_in(self, range: Range) -> bool {
        (range.min..=range.max).contains(&i64::from(self.number()))
    }

    /// Returns the highest that a client speaks too.
    pub(super) fn common(range: Range) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.is_in(range))
    }
}

/// Returns what a client is told that speaks none of ours. The one to expect is the highest that is not above its range, so that
/// the client sees who of the two is too old.
pub(super) fn mismatch(range: Range) -> Value {
    let below = Protocol::ALL.into_iter().find(|protocol| i64::from(protocol.number()) <= range.max);
    let expected = below.unwrap_or(Protocol::Three).number();
    if range.max < i64::from(Protocol::Four.number()) {
        return json!({ "expectedProtocol": expected });
    }
    json!({
        "code": "PROTOCOL_MISMATCH",
        "clientMinProtocol": range.min,
        "clientMaxProtocol": range.max,
        "expectedProtocol": expected,
        "minimumProbeProtocol": Protocol::Three.number(),
    })
}
