use rumqttc::{Packet, PubAck, QoS};

use super::super::inflow::{Inflow, UNACKED_BYTES_MAX, UNACKED_MAX};
use super::super::outflow::{Outflow, SEND_WINDOW, SENDS_HELD_MAX};
use super::send::row;

fn acks(inflow: &mut Inflow) -> Vec<u16> {
    std::iter::from_fn(|| inflow.next_ack())
        .map(|packet| match packet {
            Packet::PubAck(PubAck { pkid }) => pkid,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[test]
fn acknowledgements_leave_in_order_of_arrival() {
    let mut inflow = Inflow::default();
    let tokens: Vec<_> = [10, 20, 30].map(|pkid| inflow.admit(QoS::AtLeastOnce, pkid, 1).unwrap()).into();
    assert_eq!(tokens, [1, 2, 3]);
    inflow.commit([2, 3]);
    assert_eq!(acks(&mut inflow), [0_u16; 0], "the first is not committed yet");
    inflow.commit([1]);
    assert_eq!(acks(&mut inflow), [10, 20, 30]);
    assert_eq!(inflow.admit(QoS::AtLeastOnce, 40, 1), Some(4));
    inflow.commit([0, 1, 3, 5, 99]);
    assert_eq!(acks(&mut inflow), [0_u16; 0], "tokens that are not waiting do nothing");
    inflow.commit([4]);
    assert_eq!(acks(&mut inflow), [40]);
}

#[test]
fn messages_without_acknowledgement_have_no_token() {
    let mut inflow = Inflow::default();
    assert_eq!(inflow.admit(QoS::AtMostOnce, 0, 1), None);
    assert_eq!(inflow.admit(QoS::ExactlyOnce, 5, 1), Some(1));
    inflow.commit([1]);
    assert!(matches!(inflow.next_ack(), Some(Packet::PubRec(answer)) if answer.pkid == 5));
}

#[test]
fn reading_ahead_is_bounded_in_number_and_in_bytes() {
    let mut inflow = Inflow::default();
    for pkid in 0..UNACKED_MAX {
        assert!(inflow.is_open(), "{pkid}");
        inflow.admit(QoS::AtLeastOnce, 1, 1);
    }
    assert!(!inflow.is_open());
    inflow.commit([1]);
    assert_eq!(acks(&mut inflow).len(), 1);
    assert!(inflow.is_open());
    let mut inflow = Inflow::default();
    inflow.admit(QoS::AtLeastOnce, 1, UNACKED_BYTES_MAX);
    assert!(!inflow.is_open());
    inflow.commit([1]);
    acks(&mut inflow);
    assert!(inflow.is_open());
}

#[test]
fn packet_ids_are_never_used_twice_at_a_time() {
    let mut outflow = Outflow::new();
    for _ in 0..usize::from(SEND_WINDOW) + 1 {
        outflow.hold(Box::new(row("x"))).unwrap();
    }
    let mut pkids = Vec::new();
    while let Some(row) = outflow.next() {
        pkids.push(outflow.send(row.id).unwrap());
    }
    assert_eq!(pkids.len(), usize::from(SEND_WINDOW), "the last one waits");
    let mut unique = pkids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), pkids.len());
    assert!(outflow.confirm(9999).is_none());
    // Confirmed out of order: the freed one is used, none on its way is.
    assert!(outflow.confirm(pkids[500]).is_some());
    assert!(outflow.confirm(pkids[500]).is_none(), "confirmed once");
    let last = outflow.next().unwrap();
    assert_eq!(outflow.send(last.id), Some(pkids[500]));
    assert!(!outflow.is_idle());
}

#[test]
fn a_row_too_many_is_given_back() {
    let mut outflow = Outflow::new();
    for _ in 0..SENDS_HELD_MAX {
        outflow.hold(Box::new(row("x"))).unwrap();
    }
    assert!(outflow.hold(Box::new(row("x"))).is_err());
}
