use super::bench::{Place, card};
use crate::client::{ClientCard, Noticed, Presence, PresenceEntry, Scopes};

const MINUTES_5: i64 = 300_000;

fn gateway() -> Presence {
    Presence::new(entry("gateway", 0))
}

fn entry(text: &str, ts: i64) -> PresenceEntry {
    PresenceEntry { text: text.to_owned(), ts, ..PresenceEntry::default() }
}

fn texts(presence: &Presence, now_ms: i64) -> Vec<String> {
    presence.list(now_ms).into_iter().map(|entry| entry.text).collect()
}

#[test]
fn the_gateway_comes_first_and_then_the_latest() {
    let presence = gateway();
    presence.note("a", entry("a", 10));
    presence.note("b", entry("b", 30));
    presence.note("c", entry("c", 20));
    assert_eq!(texts(&presence, 30), ["gateway", "b", "c", "a"]);
    assert_eq!(presence.list(30)[0].ts, 30, "it is here now");
}

#[test]
fn who_is_not_heard_of_for_five_minutes_is_forgotten() {
    let presence = gateway();
    presence.note("a", entry("a", 0));
    assert_eq!(texts(&presence, MINUTES_5 - 1), ["gateway", "a"]);
    assert_eq!(texts(&presence, MINUTES_5), ["gateway"]);
    assert!(presence.find("a").is_none());
}

#[test]
fn there_are_at_most_two_hundred_and_the_oldest_goes() {
    let presence = gateway();
    for ts in 0..250 {
        presence.note(&format!("k{ts}"), entry(&format!("t{ts}"), ts));
    }
    let listed = texts(&presence, 250);
    assert_eq!((listed.len(), listed[1].as_str(), listed[200].as_str()), (201, "t249", "t50"));
}

#[test]
fn a_client_is_listed_when_it_comes_and_when_it_goes_under_one_name() {
    let presence = gateway();
    let card = ClientCard { instance_id: Some("Inst-1".to_owned()), display_name: Some("Ann".to_owned()), ..card("app", "ui") };
    let before = presence.version();
    let first = Place::of("one", card.clone(), Scopes::all());
    assert_eq!(presence.connected(&first.seat, 1), Noticed::Listed);
    assert_eq!(presence.disconnected(&first.seat, 2), Noticed::Listed);
    let again = Place::of("two", card, Scopes::all());
    presence.connected(&again.seat, 3);
    assert_eq!(presence.version(), before + 3);
    let listed = presence.list(3);
    assert_eq!(listed.len(), 2, "{listed:?}");
    let entry = presence.find("inst-1").expect("it is there");
    assert_eq!((entry.host.as_deref(), entry.reason.as_deref(), entry.ts), (Some("Ann"), Some("connect"), 3));
    assert_eq!(entry.text, "Node: Ann · mode ui");
}

#[test]
fn a_command_line_that_asks_and_goes_is_not_listed() {
    let presence = gateway();
    let (version, place) = (presence.version(), Place::of("one", card("cli", "cli"), Scopes::all()));
    assert_eq!(presence.connected(&place.seat, 1), Noticed::Passing);
    assert_eq!(presence.disconnected(&place.seat, 2), Noticed::Passing);
    assert_eq!((presence.version(), texts(&presence, 2).len()), (version, 1));
    let ui = Place::of("two", card("cli", "ui"), Scopes::all());
    assert_eq!(presence.connected(&ui.seat, 1), Noticed::Listed);
}
