use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::message::{AccountKey, ChatKind, ChatRef, Peer, Route};
use crate::registry::*;

fn route(account: &str, kind: ChatKind, chat: &str, peer: &str, thread: Option<&str>) -> Route {
    let (channel, account) = account.split_once('/').unwrap();
    Route {
        account: AccountKey::new(channel, account),
        chat: ChatRef { kind, id: chat.into() },
        thread: thread.map(Into::into),
        peer: Peer { id: peer.into(), name: "Somebody".into() },
    }
}

fn direct(peer: &str) -> Route {
    route("mqtt/work", ChatKind::Direct, peer, peer, None)
}

fn key(settings: &RouteSettings, route: &Route) -> String {
    RouteTable::new(settings).resolve(route).to_string()
}

fn scoped(dm_scope: DmScope) -> RouteSettings {
    RouteSettings { dm_scope, ..RouteSettings::default() }
}

#[test]
fn keys_have_the_forms_of_the_protocol() {
    use ChatKind::{Channel, Direct, Group};
    let cases = [
        (DmScope::Main, Direct, None, "agent:main:main"),
        (DmScope::PerPeer, Direct, None, "agent:main:dm:ann"),
        (DmScope::PerChannelPeer, Direct, None, "agent:main:mqtt:dm:ann"),
        (DmScope::PerAccountChannelPeer, Direct, None, "agent:main:mqtt:work:dm:ann"),
        (DmScope::PerChannelPeer, Direct, Some("T1"), "agent:main:mqtt:dm:ann:thread:t1"),
        (DmScope::Main, Group, None, "agent:main:mqtt:group:room-1"),
        (DmScope::Main, Channel, None, "agent:main:mqtt:channel:room-1"),
        (DmScope::PerPeer, Group, Some("T1"), "agent:main:mqtt:group:room-1:thread:t1"),
        (DmScope::PerPeer, Group, Some(""), "agent:main:mqtt:group:room-1"),
    ];
    for (scope, kind, thread, expected) in cases {
        let route = route("mqtt/work", kind, "Room-1", "Ann", thread);
        assert_eq!(key(&scoped(scope), &route), expected);
    }
    let renamed = RouteSettings { main_key: "Home".into(), ..scoped(DmScope::Main) };
    assert_eq!(key(&renamed, &direct("ann")), "agent:main:home");
}

#[test]
fn a_hostile_id_cannot_reach_into_another_chat() {
    let settings = scoped(DmScope::PerChannelPeer);
    let thread = route("mqtt/work", ChatKind::Direct, "x", "x", Some("y"));
    assert_eq!(key(&settings, &thread), "agent:main:mqtt:dm:x:thread:y");
    assert_eq!(key(&settings, &direct("x:thread:y")), "agent:main:mqtt:dm:x%3athread%3ay");
    assert_eq!(key(&settings, &direct("x%3athread%3ay")), "agent:main:mqtt:dm:x%253athread%253ay");
    assert_eq!(key(&settings, &direct("a b\n/\u{202e}")), "agent:main:mqtt:dm:a%20b%0a%2f%e2%80%ae");
    assert_eq!(key(&settings, &direct("张三@im.Example+1")), "agent:main:mqtt:dm:张三@im.example+1");
}

#[test]
fn links_make_one_person_of_several_ids() {
    let links = [("mqtt:ANN-1", "Ann"), ("mochat:77", "Ann")];
    let identity_links: BTreeMap<_, _> = links.map(|(from, name)| (from.to_owned(), name.to_owned())).into();
    let settings = RouteSettings { identity_links, ..scoped(DmScope::PerPeer) };
    let on_mochat = route("mochat/default", ChatKind::Direct, "77", "77", None);
    assert_eq!(key(&settings, &direct("ann-1")), "agent:main:dm:ann");
    assert_eq!(key(&settings, &on_mochat), "agent:main:dm:ann");
    assert_eq!(key(&settings, &direct("77")), "agent:main:dm:77");
}

#[test]
fn whoever_takes_a_linked_name_as_an_id_stays_somebody_else() {
    let identity_links = [("mqtt:1".to_owned(), "ann".to_owned())].into();
    let settings = RouteSettings { identity_links, ..scoped(DmScope::PerPeer) };
    assert_eq!(key(&settings, &direct("Ann")), "agent:main:dm:%61nn");
    assert_eq!(key(&settings, &direct("%61nn")), "agent:main:dm:%2561nn");
}

fn binding(agent: &str, account: Option<&str>, chat: Option<(ChatKind, &str)>) -> Binding {
    Binding {
        agent: agent.into(),
        channel: "MQTT".into(),
        account: account.map(Into::into),
        chat: chat.map(|(kind, id)| (kind, id.into())),
    }
}

#[test]
fn bindings_go_by_chat_then_account_then_any_account() {
    use ChatKind::{Direct, Group};
    let bindings = vec![
        binding("any", Some("*"), None),
        binding("work", Some("Work"), None),
        binding("late", Some("work"), None),
        binding("room", Some("*"), Some((Group, "Room"))),
        binding("other-room", Some("*"), Some((Group, "room"))),
        binding("boss", Some("work"), Some((Direct, "Boss"))),
        binding("unknown", Some("work"), Some((Group, "lost"))),
        binding("plain", None, None),
    ];
    let agents = ["main", "any", "work", "late", "room", "other-room", "boss", "plain"].map(Into::into).into();
    let default_accounts = [("mqtt".to_owned(), AccountKey::new("mqtt", "first"))].into();
    let table = RouteTable::new(&RouteSettings { bindings, agents, default_accounts, ..RouteSettings::default() });
    let cases = [
        ("the chat's binding comes first", route("mqtt/work", Group, "ROOM", "p", None), "room"),
        ("a thread belongs to its group", route("mqtt/work", Group, "room", "p", Some("t")), "room"),
        ("a person's binding", route("mqtt/work", Direct, "boss", "boss", None), "boss"),
        ("that of another account", route("mqtt/home", Direct, "boss", "boss", None), "any"),
        ("a group of that name is not that person", route("mqtt/work", Group, "boss", "boss", None), "work"),
        ("the first of the account", route("mqtt/work", Group, "else", "p", None), "work"),
        ("no account is the default account", route("mqtt/first", Group, "else", "p", None), "plain"),
        ("any account", route("mqtt/home", Group, "else", "p", None), "any"),
        ("an agent that does not exist", route("mqtt/work", Group, "lost", "p", None), "main"),
        ("another channel", route("mochat/work", Group, "room", "p", None), "main"),
    ];
    for (name, route, expected) in cases {
        assert_eq!(table.agent(&route), expected, "{name}");
        assert_eq!(table.resolve(&route).agent(), Some(expected), "{name}");
    }
}

#[test]
fn agents_ids_are_normalised() {
    let cases = [
        ("main", "main"),
        ("  My Agent! ", "my-agent"),
        ("a::b", "a-b"),
        ("--x_y-z", "x_y-z"),
        ("", "main"),
        ("日本", "main"),
        ("Ünal", "nal"),
    ];
    for (id, expected) in cases {
        assert_eq!(normalise_agent(id), expected, "{id:?}");
    }
    assert_eq!(normalise_agent(&"a".repeat(100)).len(), 64);
}

#[test]
fn keys_of_clients() {
    let request = uuid::Uuid::from_u128(7);
    assert_eq!(openai_key("Main", request).as_str(), "agent:main:openai:00000000-0000-0000-0000-000000000007");
    assert_eq!(openai_user_key("main", "Ann:1").as_str(), "agent:main:openai-user:ann%3a1");
    assert_eq!(responses_user_key("main", "Ann:1").as_str(), "agent:main:openresponses-user:ann%3a1");
    assert_eq!(named_key("main", "Foo").as_str(), "agent:main:foo");
    assert_eq!(named_key("main", "Agent:Ops:mqtt:dm:ann").as_str(), "agent:ops:mqtt:dm:ann");
    assert_eq!(main_key("main", "main").as_str(), "agent:main:main");
}

#[test]
fn what_clients_call_a_session() {
    let cases = [
        ("main", "agent:ops:home"),
        (" MAIN ", "agent:ops:home"),
        ("Main", "agent:ops:home"),
        ("mainly", "agent:ops:mainly"),
        ("Desk", "agent:ops:desk"),
        ("a:b", "agent:ops:a:b"),
        ("agents:x", "agent:ops:agents:x"),
        ("Agent:Other:Main", "agent:other:main"),
        ("agent:other:dm:ann", "agent:other:dm:ann"),
    ];
    for (text, expected) in cases {
        assert_eq!(client_key("ops", "home", text).unwrap().as_str(), expected, "{text:?}");
    }
    for text in ["", "  ", "a\nb", &"x".repeat(CLIENT_KEY_BYTES_MAX + 1)] {
        assert_eq!(client_key("ops", "home", text), Err(KeyError::Form), "{text:?}");
    }
    for text in ["agent:", "agent::", "agent::main", "agent:ops", "AGENT:ops:"] {
        assert_eq!(client_key("ops", "home", text), Err(KeyError::Cut(text.to_owned())), "{text:?}");
    }
}

fn any_route() -> impl Strategy<Value = Route> {
    // Few and hostile ids, so that pairs come near each other.
    let id = || prop_oneof!["[ab:%]{1,3}", "(dm|group|channel|thread|x|%3a|:){1,4}", "\\PC{1,6}"];
    let kind = prop::sample::select(vec![ChatKind::Direct, ChatKind::Group, ChatKind::Channel]);
    let channel = prop::sample::select(vec!["mqtt", "mochat"]);
    let account = prop::sample::select(vec!["default", "dm", "group"]);
    (channel, account, kind, id(), prop::option::of(id())).prop_map(|(channel, account, kind, id, thread)| {
        let account = if kind == ChatKind::Direct { account } else { "default" };
        route(&format!("{channel}/{account}"), kind, &id, &id, thread.as_deref())
    })
}

fn lower(route: &Route) -> (String, String, ChatKind, String, Option<String>) {
    let (channel, account) = (route.account.channel().into(), route.account.account().into());
    (channel, account, route.chat.kind, route.chat.id.to_lowercase(), route.thread.as_ref().map(|thread| thread.to_lowercase()))
}

proptest! {
    #[test]
    fn distinct_routes_have_distinct_keys(one in any_route(), other in any_route()) {
        let identity_links = [("mqtt:a".to_owned(), "ab".to_owned()), ("mochat:b".to_owned(), "x:y".to_owned())].into();
        let table = RouteTable::new(&RouteSettings { identity_links, ..scoped(DmScope::PerAccountChannelPeer) });
        let (key, other_key) = (table.resolve(&one), table.resolve(&other));
        prop_assert_eq!(lower(&one) == lower(&other), key == other_key, "{:?} {:?}", key, other_key);
    }

    #[test]
    fn a_key_is_what_its_parts_say(route in any_route()) {
        let key = RouteTable::new(&scoped(DmScope::PerAccountChannelPeer)).resolve(&route);
        prop_assert_eq!(key.as_str().to_lowercase(), key.as_str());
        let direct = usize::from(route.chat.kind == ChatKind::Direct);
        let thread = if route.thread.is_some() { 2 } else { 0 };
        prop_assert_eq!(key.as_str().split(':').count(), 5 + direct + thread, "{:?}", key);
        prop_assert!(!key.as_str().chars().any(|mark| mark.is_whitespace() || mark.is_control()));
    }
}
