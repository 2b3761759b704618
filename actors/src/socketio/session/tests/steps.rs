//! Which way the next session goes.

use std::time::Duration;

use super::super::event::{CloseReason, Closed};
use super::super::steps::{Start, Steps};
use crate::socketio::options::{Probe, Transport, Way};

fn closed(transport: Transport, reason: CloseReason, seconds: u64) -> Closed {
    Closed { reason, transport, lasted: Duration::from_secs(seconds) }
}

fn cut() -> Closed {
    closed(Transport::WebSocket, CloseReason::Broken(String::new()), 5)
}

fn after(all: &[Closed]) -> Start {
    let mut steps = Steps::default();
    all.iter().for_each(|closed| steps.note(closed));
    steps.start()
}

#[test]
fn a_websocket_that_is_cut_again_and_again_comes_second() {
    let first = |seconds| Start { way: Way::WebSocketFirst, probe: Probe::After(Duration::from_secs(seconds)) };
    let second = |seconds| Start { way: Way::PollingFirst, probe: Probe::After(Duration::from_secs(seconds)) };
    assert_eq!(after(&[]), first(30));
    assert_eq!(after(&[cut()]), first(30));
    assert_eq!(after(&[cut(), cut()]), second(30));
    assert_eq!(after(&[cut(), cut(), cut()]), second(60));
    assert_eq!(after(&vec![cut(); 100]), second(600));
    // One that lasted mends it; ends that say nothing of the transport change nothing.
    assert_eq!(after(&[cut(), cut(), closed(Transport::WebSocket, CloseReason::Kicked, 60)]), first(30));
    assert_eq!(after(&[cut(), closed(Transport::WebSocket, CloseReason::Kicked, 1)]), first(30));
    assert_eq!(after(&[cut(), closed(Transport::Polling, CloseReason::Broken(String::new()), 1)]), first(30));
    assert_eq!(after(&[cut(), closed(Transport::WebSocket, CloseReason::ServerClosed { code: None }, 1)]), second(30));
}
