use std::rc::Rc;

use futures_util::{FutureExt as _, StreamExt as _, stream};
use proptest::prelude::*;

use super::{Fault, Found, Gate, Heads, Room};
use crate::ws::budget::Purse;
use crate::ws::signs::Came;
use crate::ws::socket::FRAME_BYTES_MAX;

const ROOM: u64 = FRAME_BYTES_MAX as u64;

/// Returns a masked frame; its length written as short as it can be.
fn frame(first: u8, bytes: usize) -> Vec<u8> {
    let mut frame = vec![first];
    match bytes {
        0..126 => frame.push(0x80 | u8::try_from(bytes).unwrap()),
        126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend(u16::try_from(bytes).unwrap().to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend((bytes as u64).to_be_bytes());
        }
    }
    frame.extend([1, 2, 3, 4]);
    frame.extend(vec![0xff; bytes]);
    frame
}

#[test]
fn what_no_client_may_send_is_found_at_its_head() {
    for (what, head, fault) in [
        ("one byte above the bound", &[0x81, 0xff, 0, 0, 0, 0, 1, 0x90, 0, 1][..], Fault::TooLarge),
        ("eight exabytes", &[0x82, 0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255], Fault::TooLarge),
        ("a length below nothing", &[0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0], Fault::TooLarge),
        ("a piece above the bound", &[0x00, 0xff, 0, 0, 0, 1, 0, 0, 0, 0], Fault::TooLarge),
        ("no mask", &[0x81, 0x01], Fault::Protocol),
        ("a reserved bit", &[0xc1, 0x81], Fault::Protocol),
        ("an unknown kind", &[0x83, 0x81], Fault::Protocol),
        ("a long ping", &[0x89, 0xfe, 0, 126], Fault::Protocol),
    ] {
        assert_eq!(Heads::default().follow(head, ROOM, &Purse::default()), Err(fault), "{what}");
    }
}

#[test]
fn frames_up_to_the_bound_pass() {
    for bytes in [0, 1, 125, 126, 65_535, 65_536, FRAME_BYTES_MAX] {
        let mut heads = Heads::default();
        for _ in 0..2 {
            assert_eq!(heads.follow(&frame(0x81, bytes), ROOM, &Purse::default()), Ok(()), "{bytes}");
        }
        assert_eq!((heads.left, heads.head.len()), (0, 0), "{bytes}");
    }
}

#[test]
fn after_a_fault_the_rest_is_thrown_away() {
    let found = Found::default();
    let bytes = [frame(0x81, 3), vec![0x81, 0x01], frame(0x81, 3)].map(|bytes| Ok(bytes.into()));
    let (room, came) = (Room::new(FRAME_BYTES_MAX.into()), Came::default());
    let mut gate = Gate::new(stream::iter(bytes), &found, &room, &Purse::default(), Rc::clone(&came));
    let mut next = || gate.next().now_or_never().unwrap();
    assert!(next().unwrap().is_ok());
    assert_eq!(came.get(), 9, "what comes is counted");
    assert_eq!(Rc::clone(&found).get(), None);
    assert!(next().unwrap().is_err());
    assert_eq!(found.get(), Some(Fault::Protocol));
    assert!(next().is_none());
}

#[test]
fn the_bound_is_that_of_the_moment() {
    let (found, room) = (Found::default(), Room::new(100.into()));
    let bytes = [100, 101].map(|length| Ok(frame(0x81, length).into()));
    let frames = || stream::iter(bytes.clone().map(|bytes: Result<bytes::Bytes, ()>| bytes.map_err(|()| unreachable!())));
    let mut gate = Gate::new(frames(), &found, &room, &Purse::default(), Came::default());
    let mut next = || gate.next().now_or_never().unwrap();
    assert!(next().unwrap().is_ok());
    room.set(101);
    assert!(next().unwrap().is_ok());
    room.set(100);
    let mut gate = Gate::new(frames(), &found, &room, &Purse::default(), Came::default());
    assert!(gate.next().now_or_never().unwrap().unwrap().is_ok());
    assert!(gate.next().now_or_never().unwrap().unwrap().is_err());
    assert_eq!(found.get(), Some(Fault::TooLarge));
}

proptest! {
    #[test]
    fn it_does_not_matter_how_the_bytes_are_cut(
        frames in prop::collection::vec((prop_oneof![Just(0x81_u8), Just(0x02), Just(0x89)], 0_usize..126), 0..6),
        cuts in prop::collection::vec(1_usize..40, 1..20),
    ) {
        let mut bytes: Vec<u8> = frames.into_iter().flat_map(|(first, bytes)| frame(first, bytes)).collect();
        bytes.extend([0x81, 0x01]);
        let mut heads = Heads::default();
        let mut found = Ok(());
        let (mut rest, mut cuts) = (&bytes[..], cuts.into_iter().cycle());
        while !rest.is_empty() {
            prop_assert_eq!(found, Ok(()));
            let (piece, after) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            (found, rest) = (heads.follow(piece, ROOM, &Purse::default()), after);
        }
        prop_assert_eq!(found, Err(Fault::Protocol));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Heads::default().follow(&bytes, ROOM, &Purse::default());
    }
}
