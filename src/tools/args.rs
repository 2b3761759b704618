//! Arguments read by name. Their types were checked by the tool's schema.

use callboard_actors::agent::{ToolArgs, ToolFault};
use serde_json::Value;

/// Returns the first of these texts that is there and says something.
pub(super) fn text<'a>(args: &'a ToolArgs, names: &[&str]) -> Option<&'a str> {
    let texts = names.iter().filter_map(|name| args.get(*name).and_then(Value::as_str));
    texts.map(str::trim).find(|text| !text.is_empty())
}

/// Returns the first of these texts.
///
/// # Errors
/// None is there.
pub(super) fn required<'a>(args: &'a ToolArgs, names: &[&str]) -> Result<&'a str, ToolFault> {
    text(args, names).ok_or_else(|| ToolFault::argument(names.first().copied().unwrap_or_default(), "is required"))
}

/// Returns a whole number, or what stands for a missing one.
pub(super) fn number(args: &ToolArgs, name: &str, default: u64) -> u64 {
    args.get(name).and_then(Value::as_u64).unwrap_or(default)
}

/// Returns a number as a count of things in memory.
pub(super) fn count(args: &ToolArgs, name: &str, default: u64) -> usize {
    usize::try_from(number(args, name, default)).unwrap_or(usize::MAX)
}
