//! The words that settings of sessions may have: gateway-protocol §7.6.

use callboard_actors::client::WireError;
use callboard_actors::session::QueueWish;

/// Every setting of a closed list of words, with how its error shows them.
const LEVELS: &[(&str, &[&str], Quoted)] = &[
    ("thinkingLevel", &["off", "minimal", "low", "medium", "high"], Quoted::No),
    ("verboseLevel", &["on", "off"], Quoted::Yes),
    ("reasoningLevel", &["on", "off", "stream"], Quoted::Yes),
    ("responseUsage", &["off", "tokens", "full", "on"], Quoted::Yes),
    ("elevatedLevel", &["on", "off", "ask", "full"], Quoted::Yes),
    ("execHost", &["sandbox", "gateway", "node"], Quoted::Yes),
    ("execSecurity", &["deny", "allowlist", "full"], Quoted::Yes),
    ("execAsk", &["off", "on-miss", "always"], Quoted::Yes),
    ("sendPolicy", &["allow", "deny"], Quoted::Yes),
    ("groupActivation", &["mention", "always"], Quoted::Yes),
];

/// Whether an error quotes the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quoted {
    Yes,
    No,
}

/// Returns a setting's word as it is kept; settings without a list take any.
///
/// # Errors
/// It is none of the list's.
pub(super) fn check(field: &str, word: &str) -> Result<String, WireError> {
    if field == "queue" {
        let wish = QueueWish::parse(word).map_err(|error| WireError::invalid(format!("invalid queue: {error}")))?;
        return Ok(wish.to_string());
    }
    let Some((_, words, quoted)) = LEVELS.iter().find(|(name, ..)| *name == field) else { return Ok(word.to_owned()) };
    let lower = word.trim().to_lowercase();
    if !words.contains(&lower.as_str()) {
        let shown: Vec<String> =
            words.iter().map(|word| if *quoted == Quoted::Yes { format!("\"{word}\"") } else { (*word).to_owned() }).collect();
        return Err(WireError::invalid(format!("invalid {field} (use {})", shown.join("|"))));
    }
    // What costs are shown with when nobody says more.
    Ok(if field == "responseUsage" && lower == "on" { "tokens".to_owned() } else { lower })
}
