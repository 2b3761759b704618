use serde_json::json;

use crate::channel::mochat::held::{Backlog, HELD_MAX, Held, Kept};
use crate::channel::mochat::marks::Mark;
use crate::channel::mochat::message::Message;
use crate::channel::mochat::place::{Place, Sort};
use crate::channel::mochat::places::{Busy, HELD_BYTES_MAX, Places};

fn message(number: usize, text: &str) -> Held {
    let document = json!({ "messageId": format!("m{number}"), "author": "user_1", "content": text });
    Held::Message(Message::read(&document).expect("a message"))
}

fn panels(ids: &[&str]) -> Places {
    let mut places = Places::default();
    for id in ids {
        let place = Place { id: (*id).to_owned(), sort: Sort::Panel { group: None }, name: None, created_ms: None };
        places.add(place, Mark::first(0), 100);
    }
    places
}

#[test]
fn the_newest_of_too_many_is_not_held_and_what_the_list_had_makes_room() {
    let mut backlog = Backlog::new();
    for number in 0..HELD_MAX {
        assert_eq!(backlog.push(message(number, "hello"), HELD_BYTES_MAX), Kept::Yes);
    }
    assert_eq!(backlog.push(message(HELD_MAX, "hello"), HELD_BYTES_MAX), Kept::No);
    backlog.drop_known(|message| message.id != "m7");
    assert_eq!(backlog.bytes(), message(7, "hello").bytes());
    assert_eq!(backlog.push(message(HELD_MAX, "hello"), HELD_BYTES_MAX), Kept::Yes);
    let ids: Vec<_> = backlog
        .into_items()
        .into_iter()
        .map(|held| match held {
            Held::Message(message) => message.id,
            Held::Payload(payload) => payload.place,
        })
        .collect();
    assert_eq!(ids, ["m7".to_owned(), format!("m{HELD_MAX}")]);
}

#[test]
fn all_places_share_one_bound_in_bytes_and_a_list_that_is_being_read_is_read_again() {
    let mut places = panels(&["p1", "p2"]);
    let long = "x".repeat(200 * 1024);
    let fits = HELD_BYTES_MAX / message(0, &long).bytes();
    assert!(fits < HELD_MAX, "the bytes are what bounds");
    for number in 0..fits {
        assert!(places.hold("p1", message(number, &long)).is_none());
    }
    let spot = places.get_mut("p2").expect("the panel");
    spot.busy = Busy::Yes;
    assert!(places.hold("p2", message(fits, &long)).is_none());
    assert_eq!(places.get("p2").expect("the panel").busy, Busy::Overtaken, "it is to be read");
    places.remove("p1");
    places.get_mut("p2").expect("the panel").busy = Busy::Yes;
    assert!(places.hold("p2", message(fits, &long)).is_none());
    assert_eq!(places.get("p2").expect("the panel").busy, Busy::Yes, "there is room again");
}
