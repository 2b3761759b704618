use super::*;
use crate::message::{SessionKey, TraceId};

fn context(entrance: Entrance) -> ToolContext {
    ToolContext::new(entrance, SessionKey::new("agent:main:main"), "main", TraceId::new())
}

#[test]
fn names_patterns_and_groups() {
    let cases = [
        ("message", "message", true),
        ("Message ", "message", true),
        ("message", "messages", false),
        ("*", "anything", true),
        ("sessions_*", "sessions_list", true),
        ("sessions_*", "session_status", false),
        ("*_fetch", "web_fetch", true),
        ("s*s_*t", "sessions_list", true),
        ("a*a", "a", false),
        ("a*b*b", "ab", false),
        ("group:web", "web_fetch", true),
        ("group:web", "message", false),
        ("group:none", "group:none", true),
        ("", "message", false),
    ];
    for (name, tool, has) in cases {
        assert_eq!(ToolNames::new([name]).has(tool), has, "{name} and {tool}");
    }
    assert!(!ToolNames::default().has("message"));
}

#[test]
fn profiles_are_stocks() {
    use ToolProfile::{Coding, Full, Messaging, Minimal};
    // The tool, and who has it.
    let cases: &[(&str, &[ToolProfile])] = &[
        ("session_status", &[Minimal, Coding, Messaging, Full]),
        ("read", &[Coding, Full]),
        ("exec", &[Coding, Full]),
        ("sessions_spawn", &[Coding, Full]),
        ("message", &[Messaging, Full]),
        ("sessions_send", &[Coding, Messaging, Full]),
        ("web_fetch", &[Full]),
        ("gateway", &[Full]),
        ("everything__echo", &[Full]),
    ];
    for (tool, who) in cases {
        for profile in [Minimal, Coding, Messaging, Full] {
            assert_eq!(profile.has(tool), who.contains(&profile), "{profile:?} and {tool}");
        }
    }
    assert!(ToolNames::new(["group:mcp"]).has("Everything__Echo") && !ToolNames::new(["group:mcp"]).has("web_fetch"));
}

fn rules(profile: ToolProfile, allow: &[&str], also: &[&str], deny: &[&str]) -> ToolRules {
    ToolRules {
        profile,
        allow: (!allow.is_empty()).then(|| ToolNames::new(allow)),
        also_allow: ToolNames::new(also),
        deny: ToolNames::new(deny),
    }
}

fn scoped(scope: ToolScope, rules: ToolRules) -> ScopedRules {
    ScopedRules { scope, rules }
}

fn turn(key: &str, agent: &str, provider: &str) -> ToolContext {
    let context = ToolContext::new(Entrance::Turn, SessionKey::new(key), agent, TraceId::new());
    ToolContext { models: vec![provider.to_owned()], ..context }
}

#[test]
fn every_rule_that_holds_has_its_say() {
    let provider = |agent: Option<&str>, name: &str| ToolScope::Provider { agent: agent.map(str::to_owned), name: name.into() };
    let policy = ToolPolicy {
        scoped: vec![
            scoped(ToolScope::Everybody, rules(ToolProfile::Coding, &[], &["web_fetch", "message", "notes__*"], &["edit"])),
            scoped(ToolScope::Agent("ann".into()), rules(ToolProfile::Full, &["read", "web_fetch"], &[], &[])),
            scoped(provider(None, "small"), rules(ToolProfile::Minimal, &[], &["read"], &[])),
            scoped(provider(Some("bob"), "big/huge"), rules(ToolProfile::Full, &[], &[], &["exec"])),
        ],
        ..ToolPolicy::default()
    };
    // Session, agent, provider, tool, whether it is there.
    let cases = [
        ("agent:main:main", "main", "big", "read", true),
        ("agent:main:main", "main", "big", "edit", false),
        ("agent:main:main", "main", "big", "web_fetch", true),
        ("agent:main:main", "main", "big", "gateway", false),
        ("agent:op:main", "op", "big", "gateway", false),
        ("agent:main:main", "main", "big", "notes__find", true),
        ("agent:main:main", "main", "big", "other__find", false),
        ("agent:ann:main", "ann", "big", "read", true),
        ("agent:ann:main", "ann", "big", "write", false),
        ("agent:main:main", "main", "small", "read", true),
        ("agent:main:main", "main", "Small/tiny", "read", true),
        ("agent:main:main", "main", "small/tiny", "write", false),
        ("agent:main:main", "main", "smaller", "write", true),
        ("agent:bob:main", "bob", "big/huge", "exec", false),
        ("agent:bob:main", "bob", "big/other", "exec", true),
        ("agent:main:main", "main", "big/huge", "exec", true),
    ];
    for (key, agent, provider, tool, there) in cases {
        assert_eq!(policy.admits(tool, &turn(key, agent, provider)), there, "{tool} for {agent} by {provider}");
    }
}

#[test]
fn a_group_and_its_writers_have_rules_of_their_own() {
    let deny = |names: &[&str]| rules(ToolProfile::Full, &[], &[], names);
    let chat = |rules: Option<ToolRules>, by: &[(&str, ToolRules)]| ChatTools {
        rules,
        by_sender: by.iter().map(|(sender, rules)| ((*sender).to_owned(), rules.clone())).collect(),
    };
    let own = chat(Some(deny(&["*"])), &[("u1", deny(&["exec"])), ("*", deny(&["group:fs", "exec"]))]);
    let none = chat(None, &[]);
    let groups = [
        ("g1".to_owned(), own),
        ("g2".to_owned(), none),
        ("g3:x".to_owned(), chat(Some(deny(&["read"])), &[])),
        ("*".to_owned(), chat(Some(deny(&["group:fs"])), &[])),
    ];
    let all = GroupTools { channel: "rocketchat".into(), account: None, groups: groups.into() };
    let one = GroupTools {
        channel: "rocketchat".into(),
        account: Some("work".into()),
        groups: [("*".to_owned(), chat(Some(deny(&["message"])), &[]))].into(),
    };
    let named = ScopedRules { scope: ToolScope::Everybody, rules: rules(ToolProfile::Full, &[], &["*"], &[]) };
    let policy = ToolPolicy { groups: vec![all, one], scoped: vec![named], ..ToolPolicy::default() };
    // Session, account, sender, tool, whether it is there.
    let cases = [
        ("agent:main:rocketchat:group:g1", "home", "U1", "read", true),
        ("agent:main:rocketchat:group:g1", "home", "U1", "exec", false),
        ("agent:main:rocketchat:group:g1", "home", "u2", "read", false),
        ("agent:main:rocketchat:group:g1", "home", "u2", "message", true),
        ("agent:main:rocketchat:group:g1:thread:t9", "home", "u2", "read", false),
        ("agent:main:rocketchat:channel:g1", "home", "u2", "read", false),
        // A group that says nothing of tools has what every group has.
        ("agent:main:rocketchat:group:g2", "home", "u2", "read", false),
        ("agent:main:rocketchat:group:g3:x", "home", "u2", "read", false),
        ("agent:main:rocketchat:group:g3:x", "home", "u2", "write", true),
        ("agent:main:rocketchat:group:g9", "home", "u2", "read", false),
        ("agent:main:rocketchat:group:g9", "home", "u2", "message", true),
        ("agent:main:rocketchat:group:g9", "work", "u2", "message", false),
        ("agent:main:rocketchat:dm:u2", "work", "u2", "read", true),
        ("agent:main:main", "home", "u2", "read", true),
        ("agent:main:socket-chat:group:g1", "home", "u2", "read", true),
    ];
    for (key, account, sender, tool, there) in cases {
        let (account, sender) = (Some(account.to_owned()), Some(sender.to_owned()));
        let channel = Some("rocketchat".to_owned());
        let context = ToolContext { channel, account, sender, ..turn(key, "main", "big") };
        assert_eq!(policy.admits(tool, &context), there, "{tool} for {context:?}");
    }
    // Where several wrote, or nobody knows who, a tool has to be there for everybody.
    let several = turn("agent:main:rocketchat:group:g1", "main", "big");
    assert!(!policy.admits("message", &several) && !policy.admits("read", &several));
    // Whoever may not have a thing done has no other session do it.
    let sender = Some("agent:main:rocketchat:group:g3:x".to_owned());
    let begun = ToolContext { sender, ..turn("agent:main:subagent:1", "main", "big") };
    assert!(!policy.admits("read", &begun) && policy.admits("write", &begun));
}

/// Anybody in a room can have the agent do what it can do.
#[test]
fn rooms_have_little_unless_it_is_named() {
    let room =
        |key: &str| ToolContext { channel: Some("socket-chat".into()), sender: Some("u1".into()), ..turn(key, "main", "big") };
    let named = |names: &[&str]| {
        let chat = ChatTools { rules: Some(rules(ToolProfile::Full, &[], names, &[])), ..ChatTools::default() };
        let groups = GroupTools { channel: "socket-chat".into(), account: None, groups: [("g1".to_owned(), chat)].into() };
        ToolPolicy { groups: vec![groups], ..ToolPolicy::default() }
    };
    let (g1, g2) = (room("agent:main:socket-chat:group:g1"), room("agent:main:socket-chat:group:g2"));
    let direct = room("agent:main:socket-chat:dm:u1");
    let by_it =
        ToolContext { sender: Some("agent:main:socket-chat:group:g2".into()), ..turn("agent:main:subagent:1", "main", "big") };
    // The policy, who asks, the tool, whether it is there.
    for (policy, context, tool, there) in [
        (ToolPolicy::default(), &g1, "web_fetch", true),
        (ToolPolicy::default(), &g1, "write", false),
        (ToolPolicy::default(), &g1, "sessions_history", false),
        (ToolPolicy::default(), &g1, "every__echo", false),
        (ToolPolicy::default(), &by_it, "write", false),
        (ToolPolicy::default(), &direct, "write", true),
        (named(&["write", "gateway"]), &g1, "write", true),
        (named(&["write", "gateway"]), &g1, "read", false),
        (named(&["write", "gateway"]), &g1, "gateway", false),
        (named(&["write", "gateway"]), &g2, "write", false),
    ] {
        assert_eq!(policy.admits(tool, context), there, "{tool} for {context:?}");
    }
}

#[test]
fn a_sub_agent_begins_no_others_and_acts_for_nobody() {
    let open = ToolPolicy::default();
    let given = rules(ToolProfile::Full, &[], &["message", "sessions_spawn"], &["web_fetch"]);
    let given = ToolPolicy { scoped: vec![scoped(ToolScope::SubAgents, given)], ..ToolPolicy::default() };
    // The tool, whether a sub-agent has it, whether it has what is given to it, whether others have it then.
    let cases = [
        ("sessions_spawn", false, false, true),
        ("message", false, true, true),
        ("web_fetch", true, false, true),
        ("read", true, true, true),
    ];
    for (tool, plain, with, others) in cases {
        let sub = turn("agent:main:subagent:0199", "main", "big");
        assert_eq!(open.admits(tool, &sub), plain, "{tool}");
        assert_eq!(given.admits(tool, &sub), with, "{tool}");
        assert_eq!(given.admits(tool, &turn("agent:main:main", "main", "big")), others, "{tool}");
        // Over HTTP in the name of such a session nothing more is there.
        let http = ToolContext { entrance: Entrance::Http, ..sub };
        assert!(!given.admits(tool, &http) || with, "{tool}");
    }
}

#[test]
fn a_denial_wins_and_http_is_kept_from_more() {
    let names = |names: &[&str]| ToolNames::new(names);
    let open = ToolPolicy::default();
    let only = ToolPolicy { allow: Some(names(&["message", "exec"])), ..ToolPolicy::default() };
    let denied = ToolPolicy { deny: names(&["group:messaging"]), http_allow: names(&["*"]), ..only.clone() };
    let operator = ToolPolicy {
        allow: Some(names(&["gateway", "files__read"])),
        http_allow: names(&["group:mcp", "gateway"]),
        ..ToolPolicy::default()
    };
    let opened = ToolPolicy { http_allow: names(&["exec", "cron"]), http_deny: names(&["cron"]), ..ToolPolicy::default() };
    // The policy, the tool, whether turns have it, whether HTTP has it.
    let cases = [
        (&open, "message", true, true),
        (&open, "exec", true, false),
        (&open, "sessions_send", true, false),
        (&only, "message", true, true),
        (&only, "web_fetch", false, false),
        (&only, "exec", true, false),
        (&denied, "message", false, false),
        (&denied, "exec", true, true),
        (&opened, "exec", true, true),
        (&opened, "cron", true, false),
        (&opened, "gateway", false, false),
        (&opened, "files__read", true, false),
        (&operator, "gateway", true, true),
        (&operator, "files__read", true, true),
        (&operator, "files__write", false, false),
    ];
    for (policy, tool, turn, http) in cases {
        let got = [Entrance::Turn, Entrance::Http].map(|entrance| policy.admits(tool, &context(entrance)));
        assert_eq!(got, [turn, http], "{tool} by {policy:?}");
    }
}

#[test]
fn what_is_for_owners_is_there_for_nobody_else_whatever_lists_say() {
    use super::super::tool::Asker;
    let allowed = ToolPolicy {
        scoped: vec![scoped(ToolScope::Everybody, rules(ToolProfile::Full, &[], &["mochat_setup"], &[]))],
        ..ToolPolicy::default()
    };
    let denied = ToolPolicy { deny: ToolNames::new(["mochat_setup"]), ..ToolPolicy::default() };
    let cases = [
        (Asker::Owner, "agent:main:main", [true, true, false]),
        (Asker::Anybody, "agent:main:main", [false; 3]),
        (Asker::Owner, "agent:main:mochat:group:g1", [false; 3]),
        (Asker::Owner, "agent:main:subagent:1", [false; 3]),
    ];
    for (asker, key, expected) in cases {
        let context = ToolContext { asker, ..turn(key, "main", "big") };
        let got = [&ToolPolicy::default(), &allowed, &denied].map(|policy| policy.admits("mochat_setup", &context));
        assert_eq!(got, expected, "{asker:?} in {key}");
    }
}

#[test]
fn every_tool_of_the_default_list_is_kept_from_http() {
    for tool in HTTP_DENIED {
        assert!(!ToolPolicy::default().admits(tool, &context(Entrance::Http)), "{tool}");
        let allowed = ToolPolicy { http_allow: ToolNames::new([tool]), ..ToolPolicy::default() };
        assert!(allowed.admits(tool, &context(Entrance::Http)), "{tool}");
    }
}
