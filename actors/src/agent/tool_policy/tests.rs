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
fn a_denial_wins_and_http_is_kept_from_more() {
    let names = |names: &[&str]| ToolNames::new(names);
    let open = ToolPolicy::default();
    let only = ToolPolicy { allow: Some(names(&["message", "exec"])), ..ToolPolicy::default() };
    let denied = ToolPolicy { deny: names(&["group:messaging"]), http_allow: names(&["*"]), ..only.clone() };
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
        (&opened, "gateway", true, false),
    ];
    for (policy, tool, turn, http) in cases {
        let got = [Entrance::Turn, Entrance::Http].map(|entrance| policy.admits(tool, &context(entrance)));
        assert_eq!(got, [turn, http], "{tool} by {policy:?}");
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
