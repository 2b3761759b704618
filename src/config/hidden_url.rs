//! Secrets inside addresses: the password of `scheme://user:password@host`, and what a query says under a secret's name.

use std::ops::Range;

use super::secret::{REDACTED, is_secret};

/// A secret's place in an address, and what has to stay the same for it to be the same secret.
#[derive(Debug, PartialEq, Eq)]
struct Place<'a> {
    range: Range<usize>,
    /// Scheme, host and port; whom the secret is for.
    origin: (&'a str, &'a str),
    /// Whose it is: the user, or the name in the query.
    name: &'a str,
}

/// Returns the text with the secrets of the address in it hidden; a text that is no address stays as it is.
pub(super) fn redact(text: &str) -> String {
    replace(text, &places(text), |_| Some(REDACTED)).unwrap_or_else(|| text.to_owned())
}

/// Puts the secrets of an old address into the places of a new one in which they are hidden. `None` when one of these has none
/// in the old address: of another host, another user or another name.
pub(super) fn restore(new: &str, old: &str) -> Option<String> {
    let (hidden, known) = (places(new), places(old));
    if !hidden.iter().any(|place| new.get(place.range.clone()) == Some(REDACTED)) {
        return None;
    }
    replace(new, &hidden, |place| {
        let now = new.get(place.range.clone())?;
        if now != REDACTED {
            return Some(now);
        }
        let same = known.iter().find(|old| (old.origin, old.name) == (place.origin, place.name))?;
        old.get(same.range.clone())
    })
}

/// Returns the secrets of an address.
pub(super) fn secrets(text: &str) -> impl Iterator<Item = &str> {
    places(text).into_iter().filter_map(|place| text.get(place.range))
}

fn replace<'a>(text: &'a str, places: &[Place<'a>], with: impl Fn(&Place<'a>) -> Option<&'a str>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        out.push_str(text.get(at..place.range.start)?);
        out.push_str(with(place)?);
        at = place.range.end;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// Finds the secrets of an address by hand: an address parser would write the rest of it anew.
fn places(text: &str) -> Vec<Place<'_>> {
    let Some((scheme, rest)) = text.split_once("://") else { return Vec::new() };
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        return Vec::new();
    }
    let begin = scheme.len() + "://".len();
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // The placeholder has none of the letters that end an authority, so it is found where it was put.
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let origin = (scheme, host);
    let mut places = Vec::new();
    if let Some((name, password)) = user.split_once(':').filter(|(_, password)| !password.is_empty()) {
        let from = begin + name.len() + 1;
        places.push(Place { range: from..from + password.len(), origin, name });
    }
    let Some(query) = rest.find('?').map(|at| begin + at + 1) else { return places };
    let end = text.get(query..).and_then(|rest| rest.find('#')).map_or(text.len(), |at| query + at);
    let mut at = query;
    for pair in text.get(query..end).unwrap_or_default().split('&') {
        if let Some((name, value)) = pair.split_once('=').filter(|(name, value)| !value.is_empty() && is_named(name)) {
            let from = at + name.len() + 1;
            places.push(Place { range: from..from + value.len(), origin, name });
        }
        at += pair.len() + 1;
    }
    places
}

fn is_named(name: &str) -> bool {
    is_secret(name) || ["key", "sig", "signature", "code"].contains(&name.to_ascii_lowercase().as_str())
}
