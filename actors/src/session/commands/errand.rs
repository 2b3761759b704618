//! Reads what owners order of the gateway: what follows `/config`, `/debug`, `/restart` and `/allowlist`.

use super::parse::Command;
use crate::ports::{AllowlistErrand, Assignment, ConfigErrand, DebugErrand, Errand, Listed, Lists, Place};

/// How long somebody's id may be, bytes.
const WHO_BYTES_MAX: usize = 256;

const CONFIG: &str = "Use /config show, /config get PATH, /config set PATH=VALUE or /config unset PATH.";
const DEBUG: &str = "Use /debug show, /debug set PATH=VALUE, /debug unset PATH or /debug reset.";
const ALLOWLIST: &str =
    "Use /allowlist list [dm|group|all], or /allowlist add or remove, then [dm|group] [--config|--store] and an id.";

/// Reads what follows a command. `None` for a command that is no errand.
///
/// # Errors
/// How it is to be written. Nothing of what was written is repeated: it may have been a secret.
pub(super) fn read(command: Command, rest: &str) -> Option<Result<Errand, &'static str>> {
    match command {
        Command::Config => Some(config(rest).map(Errand::Config).ok_or(CONFIG)),
        Command::Debug => Some(debug(rest).map(Errand::Debug).ok_or(DEBUG)),
        Command::Restart => Some(Ok(Errand::Restart)),
        Command::Allowlist => Some(allowlist(rest).map(Errand::Allowlist).ok_or(ALLOWLIST)),
        _ => None,
    }
}

/// Splits off the first word, which is returned in lower case.
fn split(rest: &str) -> (String, &str) {
    let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    (word.to_lowercase(), rest.trim())
}

fn config(rest: &str) -> Option<ConfigErrand> {
    let (word, rest) = split(rest);
    match word.as_str() {
        "" => Some(ConfigErrand::Show),
        "show" | "get" if rest.is_empty() => Some(ConfigErrand::Show),
        "show" | "get" => Some(ConfigErrand::Get(rest.to_owned())),
        "set" => assignment(rest).map(ConfigErrand::Set),
        "unset" if !rest.is_empty() => Some(ConfigErrand::Unset(rest.to_owned())),
        _ => None,
    }
}

fn debug(rest: &str) -> Option<DebugErrand> {
    let (word, rest) = split(rest);
    match word.as_str() {
        "" | "show" => Some(DebugErrand::Show),
        "set" => assignment(rest).map(DebugErrand::Set),
        "unset" if !rest.is_empty() => Some(DebugErrand::Unset(rest.to_owned())),
        "reset" => Some(DebugErrand::Reset),
        _ => None,
    }
}

fn assignment(rest: &str) -> Option<Assignment> {
    let (path, value) = rest.split_once('=')?;
    let (path, value) = (path.trim().to_owned(), value.trim().to_owned());
    (!path.is_empty() && !value.is_empty()).then_some(Assignment { path, value })
}

fn allowlist(rest: &str) -> Option<AllowlistErrand> {
    let mut words: Vec<&str> = rest.split_whitespace().collect();
    let is = |word: &&str, name: &str| word.eq_ignore_ascii_case(name);
    let action = words.first().and_then(|word| ["list", "add", "remove"].into_iter().find(|name| is(word, name)));
    if action.is_some() {
        words.remove(0);
    }
    let named = [("dm", Lists::Direct), ("group", Lists::Groups), ("all", Lists::All)];
    let lists = words.first().and_then(|word| named.iter().find(|(name, _)| is(word, name))).map(|(_, lists)| *lists);
    if lists.is_some() {
        words.remove(0);
    }
    let lists = lists.unwrap_or(Lists::Direct);
    let places = [("--config", Place::Config), ("--store", Place::Store)];
    let place = words.iter().find_map(|word| places.iter().find(|(name, _)| is(word, name))).map(|(_, place)| *place);
    words.retain(|word| !places.iter().any(|(name, _)| is(word, name)));
    let place = place.unwrap_or(if lists == Lists::Groups { Place::Config } else { Place::Both });
    let who = || match words.as_slice() {
        [who] if who.len() <= WHO_BYTES_MAX && lists != Lists::All && !(lists == Lists::Groups && place == Place::Store) => {
            Some(Listed { lists, place, who: (*who).to_owned() })
        }
        _ => None,
    };
    match action {
        Some("add") => who().map(AllowlistErrand::Add),
        Some("remove") => who().map(AllowlistErrand::Remove),
        _ if words.is_empty() => Some(AllowlistErrand::List(lists)),
        _ => None,
    }
}
