//! What is remembered of rooms between messages.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::admission::platform;
use crate::channel::admission::Admission;
use crate::channel::intake::Fate;
use crate::channel::talks::Talks;
use crate::channel::{Access, Desk, GroupPolicy, Meaning, Orders, RoomContext};
use crate::doubles::{Notebook, account_of};
use crate::message::{AccountCounters, ChatKind, Inbound};
use crate::ports::conformance::{START_MS, make};

const MINUTE: Duration = Duration::from_secs(60);

fn access() -> Access {
    let group_windows_ms = [("long".to_owned(), 600_000)].into();
    Access {
        group: GroupPolicy::Open,
        require_mention: true,
        prefixes: vec!["!".into()],
        window_ms: 60_000,
        group_windows_ms,
        context: RoomContext::Own(2),
        ..Access::default()
    }
}

#[derive(Clone, Copy)]
enum Mention {
    None,
    Said,
}

fn message(room: &str, who: &str, text: &str, mention: Mention) -> Inbound {
    let mut inbound = make::accept(room, "1").inbound;
    inbound.route.chat.kind = ChatKind::Group;
    inbound.route.peer.id = who.to_lowercase();
    inbound.route.peer.name = who.to_owned();
    inbound.text = text.to_owned();
    inbound.platform_id = text.to_owned();
    inbound.mentioned = matches!(mention, Mention::Said);
    inbound
}

/// Returns the text that the agent reads, `None` when the message goes no further.
fn read(access: &Access, talks: &mut Talks, inbound: Inbound, now: Duration) -> Option<String> {
    let account = account_of(Arc::new(platform(access)));
    let (notebook, counters, desk) = (Notebook::default(), AccountCounters::default(), Desk::default());
    let approved = HashSet::new();
    let orders = Orders::new(|message| match message.text.as_str() {
        text if text.starts_with("/mine") => Meaning::Order,
        "/status" | "stop" | "fresh start" => Meaning::Command,
        _ => Meaning::Message,
    });
    let admission = Admission {
        account: &account,
        access,
        approved: &approved,
        switchboard: &notebook,
        counters: &counters,
        desk: &desk,
        orders: &orders,
        context_max: 1,
        names: &BTreeMap::new(),
    };
    match admission.admit(inbound, talks, (START_MS, now)) {
        Fate::Accept(mut accept) => {
            accept.inbound.tell_overheard();
            Some(accept.inbound.text)
        }
        _ => None,
    }
}

#[test]
fn a_mention_opens_its_room_for_a_while() {
    let (access, mut talks) = (access(), Talks::default());
    let mut ask = |room: &str, mention, now| read(&access, &mut talks, message(room, "Ann", "hi", mention), now).is_some();
    assert!(!ask("r", Mention::None, Duration::ZERO));
    assert!(ask("r", Mention::Said, Duration::ZERO));
    assert!(ask("r", Mention::None, MINUTE - Duration::from_millis(1)));
    assert!(!ask("r", Mention::None, MINUTE), "what needed no mention does not renew it");
    assert!(!ask("other", Mention::None, Duration::ZERO));
    assert!(ask("long", Mention::Said, Duration::ZERO));
    assert!(ask("long", Mention::None, 9 * MINUTE));
    assert!(!ask("long", Mention::None, 10 * MINUTE));
}

#[test]
fn a_command_of_somebody_who_may_order_needs_no_mention() {
    let access = Access { window_ms: 0, group_allow_from: vec!["ann".into()], ..access() };
    let mut talks = Talks::default();
    let mut say = |who: &str, text: &str| read(&access, &mut talks, message("r", who, text, Mention::None), Duration::ZERO);
    assert_eq!(say("Ann", "/mine"), Some("/mine".to_owned()));
    assert_eq!(say("Ann", "/other"), None);
    assert_eq!(say("Ben", "/mine"), None, "the policy keeps them out");
}

#[test]
fn an_open_room_lets_nobody_in_whom_the_policy_keeps_out() {
    let access = Access { group_allow_from: vec!["ann".into()], ..access() };
    let mut talks = Talks::default();
    assert!(read(&access, &mut talks, message("r", "Ann", "hi", Mention::Said), Duration::ZERO).is_some());
    assert!(read(&access, &mut talks, message("r", "Ben", "hi", Mention::None), Duration::ZERO).is_none());
    assert!(read(&access, &mut talks, message("r", "Ben", "hi", Mention::Said), Duration::ZERO).is_none());
    let answered = read(&access, &mut talks, message("r", "Ann", "and?", Mention::Said), Duration::ZERO).unwrap();
    assert_eq!(answered, "and?", "nor does the agent hear what they said");
}

#[test]
fn what_was_said_to_others_is_told_once_with_the_next_answer() {
    let access = Access { window_ms: 0, ..access() };
    let mut talks = Talks::default();
    let mut say =
        |room: &str, who: &str, text: &str, mention| read(&access, &mut talks, message(room, who, text, mention), MINUTE);
    for (who, text) in [("Ann", "one"), ("Ben", "two"), ("Ann", "three")] {
        assert_eq!(say("r", who, text, Mention::None), None);
    }
    assert_eq!(say("other", "Cat", "else", Mention::None), None);
    for command in ["/status", "stop", "fresh start"] {
        let told = say("r", "Ann", &format!("! {command}"), Mention::None).unwrap();
        assert_eq!(told, command, "a command answers nothing of it, with a stroke before it or without");
    }
    let told = say("r", "Ben", "! what?", Mention::None).unwrap();
    assert_eq!(told, "[Said here since the last answer]\nBen: two\nAnn: three\n\n[To be answered now]\nBen: what?");
    assert_eq!(say("r", "Ben", "again", Mention::Said).unwrap(), "again");
}

/// Only what is read as a command is one: a path or a command that nobody knows is a question like others.
#[test]
fn what_looks_like_a_command_and_is_none_is_told_what_was_said() {
    let access = Access { window_ms: 0, ..access() };
    let mut talks = Talks::default();
    let mut say = |text: &str, mention| read(&access, &mut talks, message("r", "Ann", text, mention), MINUTE);
    assert_eq!(say("one", Mention::None), None);
    let told = say("/etc/hosts, what is that?", Mention::Said).unwrap();
    assert!(told.contains("Ann: one") && told.ends_with("Ann: /etc/hosts, what is that?"), "{told}");
}
