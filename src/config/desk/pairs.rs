//! Which entry of a list is which entry of the list before: a secret must not end up with another one's owner.

use serde_json::Value;

use crate::config::KeyPath;
use crate::config::veil::Veil;

/// Keys by which an entry is known.
const NAMES: [&str; 2] = ["id", "name"];

/// Longer lists are not compared entry by entry: that takes the square of their length.
const ENTRIES_MAX: usize = 1000;

/// Returns for each new entry the old one that it is, `None` when that cannot be told. It can when nothing of the whole list has
/// changed but its secrets' placeholders, when both have the same id or name that nobody else in their list has, or when one old
/// entry, and no other, looks the same without its secrets.
pub(super) fn pairs<'a>(new: &[Value], old: &'a [Value], at: &KeyPath, veil: &Veil) -> Vec<Option<&'a Value>> {
    let shown: Vec<Value> = old.iter().enumerate().map(|(place, item)| veil.value(item, &at.index(place))).collect();
    if shown == new {
        return old.iter().map(Some).collect();
    }
    if new.len().max(old.len()) > ENTRIES_MAX {
        return vec![None; new.len()];
    }
    let pair = |item: &Value| {
        let place = match identity(item) {
            Some(id) if only(new, |other| identity(other) == Some(id)).is_some() => {
                only(&shown, |other| identity(other) == Some(id))
            }
            Some(_) => None,
            None if only(new, |other| other == item).is_some() => only(&shown, |other| other == item),
            None => None,
        };
        place.and_then(|place| old.get(place))
    };
    new.iter().map(pair).collect()
}

fn identity(item: &Value) -> Option<(&'static str, &str)> {
    NAMES.iter().find_map(|name| Some((*name, item.get(name)?.as_str()?)))
}

/// Returns the place of the only entry that is meant.
fn only(items: &[Value], meant: impl Fn(&Value) -> bool) -> Option<usize> {
    let mut places = items.iter().enumerate().filter(|(_, item)| meant(item)).map(|(place, _)| place);
    let first = places.next()?;
    places.next().is_none().then_some(first)
}
