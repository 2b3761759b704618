use std::sync::Arc;

use super::bench::{Place, card, written};
use crate::client::seat::FRAMES_BYTES_MAX;
use crate::client::{Backlog, CloseCode, Closing, Scope, Scopes, Seats};
use crate::message::{Audience, Event, EventBody, EventName, Heard, Listener as _};

fn closing(backlog: &Backlog) -> Option<Closing> {
    written(backlog).1
}

#[test]
fn connections_come_sit_and_go() {
    let (seats, place) = (Seats::default(), Place::new("one"));
    seats.open("one", &place.seat.backlog);
    assert_eq!((seats.count(), seats.list().len()), (1, 0));
    seats.seat(&place.seat);
    assert_eq!((seats.count(), seats.list().len()), (1, 1));
    assert!(seats.leave("one").is_some_and(|seat| Arc::ptr_eq(&seat, &place.seat)));
    assert!(seats.leave("one").is_none());
    assert_eq!(seats.count(), 0);
}

#[test]
fn a_stranger_that_goes_leaves_nothing() {
    let (seats, backlog) = (Seats::default(), Arc::<Backlog>::default());
    seats.open("one", &backlog);
    assert!(seats.leave("one").is_none());
    assert_eq!(seats.count(), 0);
}

#[test]
fn only_those_that_a_rule_names_are_closed() {
    let (seats, one, other) = (Seats::default(), Place::new("one"), Place::new("other"));
    seats.seat(&one.seat);
    seats.seat(&other.seat);
    assert_eq!(seats.close_where(CloseCode::POLICY, "device token revoked", |seat| seat.conn == "one"), 1);
    let told = Closing { code: CloseCode::POLICY, reason: "device token revoked".to_owned() };
    assert_eq!((closing(&one.seat.backlog), closing(&other.seat.backlog)), (Some(told), None));
}

#[test]
fn everybody_is_closed_strangers_and_latecomers_too() {
    let (seats, place) = (Seats::default(), Place::new("one"));
    let (stranger, late) = (Arc::<Backlog>::default(), Arc::<Backlog>::default());
    seats.seat(&place.seat);
    seats.open("stranger", &stranger);
    seats.close_all(CloseCode::RESTART, "service restart");
    seats.open("late", &late);
    let told = Some(Closing { code: CloseCode::RESTART, reason: "service restart".to_owned() });
    for backlog in [&place.seat.backlog, &stranger, &late] {
        assert_eq!(closing(backlog), told);
    }
}

#[test]
fn a_seat_hears_what_its_scopes_allow() {
    let of = |scopes: &[Scope]| Place::of("one", card("app", "ui"), scopes.iter().copied().collect()).seat;
    let heard = |scopes: &[Scope]| {
        let seat = of(scopes);
        [Audience::Everybody, Audience::Readers, Audience::Pairing, Audience::One].map(|audience| seat.may_hear(audience))
    };
    assert_eq!(heard(&[]), [true, false, false, false]);
    assert_eq!(heard(&[Scope::Write]), [true, true, false, false]);
    assert_eq!(heard(&[Scope::Pairing]), [true, false, true, false]);
    assert_eq!(heard(&[Scope::Admin]), [true, true, true, false]);
}

#[test]
fn a_seat_whose_socket_is_gone_is_forgotten() {
    let place = Place::of("one", card("app", "ui"), Scopes::all());
    let event = Arc::new(Event::new(1, &EventBody::new(EventName::Tick, &serde_json::json!({}))));
    assert_eq!(place.seat.hear(&event), Heard::Here);
    assert_eq!(place.written().len(), 1);
    place.seat.backlog.leave();
    assert_eq!(place.seat.hear(&event), Heard::Gone);
}

#[test]
fn frames_wait_up_to_a_sum_of_bytes_and_one_always_may() {
    let place = Place::new("one");
    let large = bytestring::ByteString::from("x".repeat(FRAMES_BYTES_MAX + 1));
    assert!(place.seat.put_down(&large), "one alone");
    assert!(!place.seat.put_down(&"more".into()), "nothing beside it");
    assert_eq!(place.seat.take_up(), Some(large));
    let half = bytestring::ByteString::from("x".repeat(FRAMES_BYTES_MAX / 2));
    assert_eq!([&half, &half, &half].map(|frame| place.seat.put_down(frame)), [true, true, false]);
    assert_eq!(place.seat.take_up(), Some(half.clone()));
    assert!(place.seat.put_down(&half), "what was taken up makes room");
}
