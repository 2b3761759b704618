use std::collections::{BTreeMap, BTreeSet};

use super::effect::{Effect, Known, NO_PROGRAMS, effect};
use super::errand;
use super::parse::{COMMANDS, Form, read};
use super::*;
use crate::message::{ChatKind, Inbound, SessionKey};
use crate::ports::conformance::make;
use crate::ports::{AllowlistErrand, Assignment, ConfigErrand, DebugErrand, Errand, Listed, Lists, Place};
use crate::session::queue::{QueuePolicy, QueueWish};
use crate::session::tests::bench::order;

#[test]
fn a_message_that_is_nothing_but_a_command_is_read_as_one() {
    let triggers = ["Fresh!".to_owned()];
    let cases = [
        ("/help", Some((Command::Help, "", Form::Stroke))),
        ("/elev full", Some((Command::Elevated, "full", Form::Stroke))),
        ("/exec host=gateway ask=off", Some((Command::Exec, "host=gateway ask=off", Form::Stroke))),
        (" /ID ", Some((Command::Whoami, "", Form::Stroke))),
        ("/queue steer cap:3", Some((Command::Queue, "steer cap:3", Form::Stroke))),
        ("/think:High", Some((Command::Think, "High", Form::Stroke))),
        ("/t: low", Some((Command::Think, "low", Form::Stroke))),
        ("/model a/B c", Some((Command::Model, "a/B c", Form::Stroke))),
        ("/new\nwhat is new", Some((Command::New, "what is new", Form::Stroke))),
        ("fresh! hello", Some((Command::New, "hello", Form::Stroke))),
        ("/stop", Some((Command::Stop, "", Form::Stroke))),
        ("Stop", Some((Command::Stop, "", Form::Word))),
        ("wait", Some((Command::Stop, "", Form::Word))),
        ("wait for me", None),
        ("/zzz", None),
        ("/", None),
        ("", None),
        ("what does /help do", None),
        ("//help", None),
    ];
    for (text, expected) in cases {
        let found = read(text, &triggers);
        let found = found.as_ref().map(|order| (order.command, order.rest.as_str(), order.form));
        assert_eq!(found, expected, "{text:?}");
    }
    let names: Vec<_> = COMMANDS.iter().flat_map(|(_, names, ..)| names.iter()).collect();
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len(), "no name is given twice");
}

#[test]
fn directives_are_cut_out_of_a_message() {
    use Command::*;
    type Case = (&'static str, &'static [(Command, &'static str)], &'static str);
    let cases: &[Case] = &[
        ("do it /queue interrupt", &[(Queue, "interrupt")], "do it"),
        ("/queue:steer cap:3 do it", &[(Queue, "steer cap:3")], "do it"),
        ("do /queue collect it now", &[(Queue, "collect")], "do it now"),
        ("say /queue followup collect", &[(Queue, "followup")], "say collect"),
        ("/queue interrupt", &[(Queue, "interrupt")], ""),
        ("/t high /v on", &[(Think, "high"), (Verbose, "on")], ""),
        ("/think:HIGH /model a/B why?", &[(Think, "high"), (Model, "a/B")], "why?"),
        ("why /reasoning stream now\nand /status later", &[(Reasoning, "stream"), (Status, "")], "why now\nand later"),
        ("/think default /think low so", &[(Think, "default"), (Think, "low")], "so"),
        ("keep\n  its form /id", &[(Whoami, "")], "keep\n  its form"),
    ];
    for (text, orders, rest) in cases {
        let cut = inline::cut(text).unwrap_or_else(|| panic!("{text}"));
        let found: Vec<_> = cut.orders.iter().map(|order| (order.command, order.rest.as_str())).collect();
        assert_eq!((found.as_slice(), cut.rest.as_str()), (*orders, *rest), "{text}");
    }
    let none = [
        "what does /queue do",
        "see https://example.org/queue collect",
        "/queued collect",
        "/think much about it",
        "/think high, please",
        "my /model is old",
        "/model /etc/passwd",
        "and/status",
        "/status: fine",
        "/new and /stop and /config set a=b",
        "/zzz high",
        "/",
        "hello",
        "",
    ];
    for text in none {
        assert_eq!(inline::cut(text), None, "{text}");
    }
}

#[test]
fn directives_are_for_those_whose_word_counts() {
    let text = "why /think high /queue interrupt";
    let taken = |rules: &CommandRules, kind, order| {
        let mut inbound = Inbound { order, ..inbound(kind, "eve", text) };
        let orders = rules.directives(&mut inbound);
        (orders.len(), inbound.text)
    };
    let known = rules(Writers::default());
    assert_eq!(taken(&known, ChatKind::Direct, None), (2, "why".to_owned()));
    assert_eq!(taken(&known, ChatKind::Group, None), (0, text.to_owned()), "a stranger's are text");
    assert_eq!(taken(&known, ChatKind::Direct, Some(Box::new(order("run")))), (0, text.to_owned()));
    let off = CommandRules { text: Allowed::No, ..known.clone() };
    assert_eq!(taken(&off, ChatKind::Direct, None), (0, text.to_owned()));

    let read = |kind, text: &str| match known.read(&inbound(kind, "eve", text)) {
        Reading::Message => "message",
        Reading::Command(..) => "command",
        Reading::Directives(..) => "directives",
        Reading::Ignored => "ignored",
    };
    assert_eq!(read(ChatKind::Direct, "/think high /verbose on"), "directives");
    assert_eq!(read(ChatKind::Direct, "/think high"), "command");
    for (text, left) in [("/new /think high hello", "/new hello"), ("/config set a.b=Use /think high now", "")] {
        let mut inbound = inbound(ChatKind::Direct, "eve", text);
        known.directives(&mut inbound);
        assert_eq!(inbound.text, if left.is_empty() { text } else { left }, "what a command is given stays as it is");
    }
    assert_eq!(read(ChatKind::Group, "/think high tell me"), "message");
    assert_eq!(read(ChatKind::Group, "/think high /verbose on"), "ignored");
    assert_eq!(read(ChatKind::Group, "/think high"), "ignored");
}

fn inbound(kind: ChatKind, peer: &str, text: &str) -> Inbound {
    let mut inbound = make::accept("room", "1").inbound;
    (inbound.route.chat.kind, inbound.route.peer.id, inbound.text) = (kind, peer.to_owned(), text.to_owned());
    inbound
}

fn rules(writers: Writers) -> CommandRules {
    CommandRules { writers: BTreeMap::from([(make::account(), writers)]), ..CommandRules::default() }
}

#[test]
fn whose_word_counts_follows_from_the_lists_of_the_account() {
    use ChatKind::{Channel, Direct as Dm, Group};
    let list = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<BTreeSet<_>>();
    let known = Writers { owners: list(&["ann"]), in_groups: list(&["bob"]), direct: Direct::Known };
    let open = Writers { direct: Direct::Everybody, ..known.clone() };
    let all = Writers { owners: list(&["*", "ann"]), in_groups: list(&["*"]), direct: Direct::Everybody };
    let cases = [
        (&known, Dm, "Ann", Standing::Owner),
        (&known, Dm, "eve", Standing::Member),
        (&known, Group, "ann", Standing::Owner),
        (&known, Group, "bob", Standing::Member),
        (&known, Channel, "eve", Standing::Stranger),
        (&open, Dm, "eve", Standing::Stranger),
        (&open, Dm, "ann", Standing::Owner),
        (&all, Dm, "eve", Standing::Member),
        (&all, Group, "eve", Standing::Member),
        (&all, Dm, "ann", Standing::Owner),
        (&all, Dm, "*", Standing::Owner),
    ];
    for (writers, kind, peer, expected) in cases {
        let expected = if peer == "*" { Standing::Member } else { expected };
        assert_eq!(rules(writers.clone()).standing(&inbound(kind, peer, "")), expected, "{writers:?} {kind:?} {peer}");
    }
    let bound = Writers { owners: list(&["@bob"]), in_groups: list(&["@bob"]), direct: Direct::Everybody };
    for (kind, names, expected) in [
        (Group, vec!["@bob".to_owned()], Standing::Member),
        (Group, vec!["@eve".to_owned()], Standing::Stranger),
        (Group, Vec::new(), Standing::Stranger),
        (Dm, vec!["@bob".to_owned()], Standing::Member),
    ] {
        let inbound = Inbound { listed_as: names, ..inbound(kind, "b1", "") };
        assert_eq!(rules(bound.clone()).standing(&inbound), expected, "{kind:?} {:?}", inbound.listed_as);
    }
    let ignored = CommandRules { access_groups: AccessGroups::Ignored, ..rules(known) };
    assert_eq!(ignored.standing(&inbound(Group, "eve", "")), Standing::Member);
    assert_eq!(ignored.standing(&inbound(Group, "ann", "")), Standing::Owner);
    assert_eq!(CommandRules::default().standing(&inbound(Dm, "eve", "")), Standing::Stranger, "an account that nobody knows");
    let client = Inbound { order: Some(Box::new(order("run"))), ..inbound(Dm, "eve", "") };
    assert_eq!(CommandRules::default().standing(&client), Standing::Client);
}

#[test]
fn tools_of_owners_are_there_for_owners_and_admins_in_direct_chats() {
    use crate::agent::Asker;
    use crate::message::OrderedBy;
    let known = Writers { owners: ["ann".to_owned()].into(), ..Writers::default() };
    let rules = CommandRules { access_groups: AccessGroups::Ignored, ..rules(known) };
    let ordered = |by: OrderedBy, kind: ChatKind| {
        let order = crate::message::Order { by, ..order("run") };
        Inbound { order: Some(Box::new(order)), ..inbound(kind, "ann", "") }
    };
    let cases = [
        (inbound(ChatKind::Direct, "Ann", ""), Asker::Owner),
        (inbound(ChatKind::Direct, "eve", ""), Asker::Anybody),
        (inbound(ChatKind::Group, "ann", ""), Asker::Anybody),
        (ordered(OrderedBy::Admin, ChatKind::Direct), Asker::Owner),
        (ordered(OrderedBy::Client, ChatKind::Direct), Asker::Anybody),
        (ordered(OrderedBy::Admin, ChatKind::Channel), Asker::Anybody),
    ];
    for (inbound, expected) in cases {
        assert_eq!(rules.asker(&inbound), expected, "{inbound:?}");
    }
}

#[test]
fn a_strangers_command_is_ignored_and_a_strangers_word_is_a_message() {
    let known = || rules(Writers::default());
    let off = || CommandRules { text: Allowed::No, ..known() };
    let cases = [
        (known(), ChatKind::Direct, "/help", "command"),
        (known(), ChatKind::Group, "/help", "ignored"),
        (known(), ChatKind::Group, "stop", "message"),
        (known(), ChatKind::Group, "/stop", "ignored"),
        (known(), ChatKind::Group, "/zzz", "message"),
        (known(), ChatKind::Direct, "stop", "command"),
        (off(), ChatKind::Direct, "/help", "message"),
        (off(), ChatKind::Direct, "/stop", "command"),
    ];
    for (rules, kind, text, expected) in cases {
        let read = match rules.read(&inbound(kind, "eve", text)) {
            Reading::Message => "message",
            Reading::Command(..) => "command",
            Reading::Directives(..) => "directives",
            Reading::Ignored => "ignored",
        };
        assert_eq!(read, expected, "{kind:?} {text}");
    }
}

/// A sub-agent was told to `wait`, and answered that nothing was running.
#[test]
fn a_task_is_no_command() {
    for text in ["wait", "/stop", "/new", "/config set a=1"] {
        let mut task = Inbound { order: Some(Box::new(order("run"))), ..inbound(ChatKind::Direct, "agent:main:main", text) };
        assert_ne!(CommandRules::default().read(&task), Reading::Message, "{text} of a client is one");
        task.platform_id = "spawn:run".into();
        assert_eq!(CommandRules::default().read(&task), Reading::Message, "{text}");
    }
}

#[test]
fn what_concerns_the_gateway_is_for_owners_and_off_until_it_is_allowed() {
    let all = CommandRules { config: Allowed::Yes, debug: Allowed::Yes, restart: Allowed::Yes, ..CommandRules::default() };
    for command in [Command::Config, Command::Debug, Command::Restart] {
        for standing in [Standing::Member, Standing::Client] {
            assert!(all.refusal(command, standing).is_some(), "{command:?} {standing:?}");
        }
        assert_eq!(all.refusal(command, Standing::Owner), None);
        let off = CommandRules::default().refusal(command, Standing::Owner).unwrap();
        assert!(off.contains("set commands."), "{off}");
    }
    assert_eq!(CommandRules::default().refusal(Command::Status, Standing::Member), None);
    // Its ways are looked at one by one.
    for standing in [Standing::Member, Standing::Client] {
        assert!(all.refusal(Command::Allowlist, standing).is_some(), "{standing:?}");
    }
    let ways = [("list", true), ("add 1 --store", true), ("remove 1 --store", true), ("add 1", false), ("add group 1", false)];
    for (rest, free) in ways {
        let Some(Ok(errand)) = errand::read(Command::Allowlist, rest) else { panic!("{rest}") };
        let off = CommandRules::default().refusal_of(&errand);
        assert_eq!(off.is_none(), free, "{rest}");
        assert!(off.is_none_or(|off| off.contains("set commands.config")), "{rest}");
        assert_eq!(all.refusal_of(&errand), None, "{rest}");
    }
    assert_eq!(CommandRules::default().refusal(Command::Allowlist, Standing::Owner), None);
}

#[test]
fn errands_are_read_and_what_is_none_says_how_it_is_written() {
    let set = |path: &str, value: &str| Assignment { path: path.into(), value: value.into() };
    let listed = |lists, place| Listed { lists, place, who: "Ann".into() };
    let config = |errand| Some(Errand::Config(errand));
    let debug = |errand| Some(Errand::Debug(errand));
    let list = |errand| Some(Errand::Allowlist(errand));
    let cases = [
        ("/config", config(ConfigErrand::Show)),
        ("/config SHOW", config(ConfigErrand::Show)),
        ("/config show gateway.port", config(ConfigErrand::Get("gateway.port".into()))),
        ("/config get gateway.port", config(ConfigErrand::Get("gateway.port".into()))),
        ("/config set a.b = c=d ", config(ConfigErrand::Set(set("a.b", "c=d")))),
        ("/config unset a.b", config(ConfigErrand::Unset("a.b".into()))),
        ("/config set apiKey hidden", None),
        ("/config set a=", None),
        ("/config unset", None),
        ("/config hidden", None),
        ("/debug", debug(DebugErrand::Show)),
        ("/debug set a=1", debug(DebugErrand::Set(set("a", "1")))),
        ("/debug unset a", debug(DebugErrand::Unset("a".into()))),
        ("/debug reset", debug(DebugErrand::Reset)),
        ("/debug hidden", None),
        ("/restart", Some(Errand::Restart)),
        ("/allowlist", list(AllowlistErrand::List(Lists::Direct))),
        ("/allowlist all", list(AllowlistErrand::List(Lists::All))),
        ("/allowlist list group", list(AllowlistErrand::List(Lists::Groups))),
        ("/allowlist add Ann", list(AllowlistErrand::Add(listed(Lists::Direct, Place::Both)))),
        ("/allowlist add dm --store Ann", list(AllowlistErrand::Add(listed(Lists::Direct, Place::Store)))),
        ("/allowlist remove Ann --config", list(AllowlistErrand::Remove(listed(Lists::Direct, Place::Config)))),
        ("/allowlist add group Ann", list(AllowlistErrand::Add(listed(Lists::Groups, Place::Config)))),
        ("/allowlist add group --store Ann", None),
        ("/allowlist add all Ann", None),
        ("/allowlist add", None),
        ("/allowlist add Ann Bob", None),
        ("/allowlist hidden", None),
    ];
    for (text, expected) in cases {
        let order = read(text, &[]).unwrap();
        let found = errand::read(order.command, &order.rest).unwrap();
        assert!(found.as_ref().err().is_none_or(|usage| usage.starts_with("Use /") && !usage.contains("hidden")), "{text}");
        assert_eq!(found.ok(), expected, "{text}");
    }
    let secret = Errand::Config(ConfigErrand::Set(set("apiKey", "hidden")));
    assert!(!format!("{secret:?}").contains("hidden"), "{secret:?}");
}

#[test]
fn each_command_does_what_it_says() {
    let key = SessionKey::new("agent:main:main");
    let own = QueueWish::parse("cap:3").unwrap();
    let known = Known {
        key: &key,
        queue: own.over(QueuePolicy::default()),
        own_queue: Some(own),
        model: Some("a/b"),
        models: &["a/b".to_owned(), "c/d".to_owned()],
        thinking: None,
        sends: "on",
    };
    let say = |text: &str| Effect::Say(text.to_owned());
    let set =
        |field, value: Option<&str>, say: &str| Effect::Set { field, value: value.map(str::to_owned), say: say.to_owned() };
    let cases = [
        ("/queue", say("Queue: mode=collect, debounce=1000ms, cap=3, drop=summarize")),
        (
            "/queue steer drop:old",
            set("queue", Some("steer cap:3 drop:old"), "Queue: mode=steer, debounce=1000ms, cap=3, drop=old"),
        ),
        ("/queue default", set("queue", None, "Queue: as the settings have it.")),
        ("/model", say("Model: a/b")),
        ("/model default", set("model", None, "Model: the default.")),
        ("/model C/d", Effect::Model("C/d".into())),
        ("/models", say("Models:\na/b\nc/d")),
        ("/elevated on", say(NO_PROGRAMS)),
        ("/exec", say(NO_PROGRAMS)),
        ("/think", say("Thinking: the default")),
        ("/think HIGH", set("thinkingLevel", Some("high"), "Set to high.")),
        ("/think much", say("Use one of off, minimal, low, medium, high, or default.")),
        ("/verbose on", set("verboseLevel", Some("on"), "Set to on.")),
        ("/reasoning stream", set("reasoningLevel", Some("stream"), "Set to stream.")),
        ("/usage default", set("responseUsage", None, "As the settings have it.")),
        ("/activation always", say("Only groups have this: in a direct chat every message is answered.")),
        ("/send", say("Answers are sent: on")),
        ("/send off", set("sendPolicy", Some("deny"), "Answers are sent: off.")),
        ("/send inherit", set("sendPolicy", None, "Answers are sent: as the settings have it.")),
        ("/send maybe", say("Use /send on, off or inherit.")),
        ("/new", Effect::Renew { model: None, rest: None }),
        ("/reset hello there", Effect::Renew { model: None, rest: Some("hello there".into()) }),
        ("/stop", Effect::Stop),
        ("/restart", say("Only those whom allowFrom names by their id may do this.")),
        (
            "/whoami",
            say(
                "Id: u1\nName: Ünïcode 🎭\nChannel: socket-chat\nAccount: default\nStanding: may order what concerns this session",
            ),
        ),
        (
            "/status",
            say("Session: agent:main:main\nModel: a/b\nThinking: the default\n\
                 Queue: mode=collect, debounce=1000ms, cap=3, drop=summarize\nAnswers are sent: on"),
        ),
    ];
    let rules = CommandRules::default();
    for (text, expected) in cases {
        let order = read(text, &[]).unwrap();
        let inbound = inbound(ChatKind::Direct, "u1", text);
        assert_eq!(effect(&order, Standing::Member, &rules, &inbound, &known), expected, "{text}");
    }
    let Effect::Say(help) =
        effect(&read("/help", &[]).unwrap(), Standing::Member, &rules, &inbound(ChatKind::Direct, "u1", ""), &known)
    else {
        panic!("it says something");
    };
    for (command, names, ..) in COMMANDS {
        let does_something = !matches!(command, Command::Elevated | Command::Exec);
        assert_eq!(help.contains(&format!("\n/{}", names[0])), does_something, "{help}");
    }
}
