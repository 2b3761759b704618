//! What people have to know of channel accounts besides the table: by which way messages come, what holds answers up, what is dropped
//! and why, and what is wrong with the settings.

use serde_json::Value;

use super::output::{field, items};

/// What is shown of an account where its integration tells it, each with its label.
const SHOWN: [(&str, &str); 6] = [
    ("/status/transport", "transport"),
    ("/status/socketError", "Socket.IO"),
    ("/status/placesByCalls", "read by calls"),
    ("/status/placesUnread", "with something unread"),
    ("/status/sessionsKnown", "sessions"),
    ("/status/panelsKnown", "panels"),
];

/// Returns the notes on all accounts that there is something to say of, a few lines each.
pub(super) fn notes(body: &Value) -> String {
    items(body, "channels").iter().filter_map(note).collect::<Vec<_>>().join("\n")
}

fn note(account: &Value) -> Option<String> {
    let told = |(pointer, label): &(&str, &str)| {
        let is_there = account.pointer(pointer).is_some_and(|value| !value.is_null());
        is_there.then(|| format!("{label} {}", field(account, pointer)))
    };
    let mut lines = Vec::new();
    let facts: Vec<_> = SHOWN.iter().filter_map(told).chain(delay(account)).collect();
    if !facts.is_empty() {
        lines.push(facts.join(", "));
    }
    let dropped = account.get("dropped").and_then(Value::as_object).into_iter().flatten();
    let dropped: Vec<_> = dropped.map(|(reason, count)| format!("{reason} {count}")).collect();
    if !dropped.is_empty() {
        lines.push(format!("not answered: {}", dropped.join(", ")));
    }
    let issues = account.pointer("/status/issues").and_then(Value::as_array).into_iter().flatten();
    lines.extend(issues.map(|issue| format!("! {} {}", field(issue, "/message"), field(issue, "/fix"))));
    let of = format!("{}:{}", field(account, "/channel"), field(account, "/account"));
    (!lines.is_empty()).then(|| std::iter::once(of).chain(lines).collect::<Vec<_>>().join("\n  "))
}

/// Returns what holds answers up.
fn delay(account: &Value) -> Option<String> {
    let mode = account.pointer("/status/replyDelayMode")?.as_str()?;
    let ms = |name: &str| account.pointer(&format!("/status/{name}")).and_then(Value::as_u64);
    Some(match (ms("replyDelayMs"), ms("replyDelayMaxMs")) {
        (Some(quiet_ms), Some(longest_ms)) => format!("reply delay {mode} ({quiet_ms} ms, {longest_ms} ms at the most)"),
        _ => format!("reply delay {mode}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::notes;

    #[test]
    fn only_what_is_there_is_said() {
        let issue = json!({ "message": "allowFrom is empty: every message is dropped.", "fix": "Remove it." });
        let status = json!({
            "transport": "rest", "socketError": "http://h: polling: HTTP 503", "replyDelayMode": "always", "replyDelayMs": 5,
            "replyDelayMaxMs": 15, "sessionsKnown": 2, "panelsKnown": 0, "placesByCalls": null, "placesUnread": 1, "issues": [issue],
        });
        let full = json!({ "channel": "mochat", "account": "a", "dropped": { "no mention": 3 }, "status": status });
        let body = json!({ "channels": [{ "channel": "webchat", "account": "default", "dropped": {}, "status": {} }, full] });
        let expected = "mochat:a\n  transport rest, Socket.IO http://h: polling: HTTP 503, with something unread 1, sessions 2, panels 0, reply delay always \
             (5 ms, 15 ms at the most)\n  not answered: no mention 3\n  ! allowFrom is empty: every message is dropped. Remove it.";
        assert_eq!(notes(&body), expected);
    }
}
