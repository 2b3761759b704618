//! Tool calls that arrive in parts.

use std::collections::BTreeMap;

use callboard_actors::message::ToolCall;

use super::style::Bad;

/// How many bytes of tool arguments are put together; no more than an event may have.
const ARGUMENTS_BYTES_MAX: usize = super::sse::EVENT_BYTES_MAX;
/// How many tools a backend may call at once. The run loop allows fewer; this only bounds the memory.
const CALLS_MAX: usize = 128;

/// The calls of one answer, by the backend's own numbers.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: BTreeMap<u64, Parts>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Parts {
    id: String,
    name: String,
    arguments: String,
}

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    pub(super) fn has(&self, index: u64) -> bool {
        self.calls.contains_key(&index)
    }

    /// Adds a part. Id and name come once, or again in every part.
    pub(super) fn add(&mut self, index: u64, id: &str, name: &str, arguments: &str) -> Result<(), Bad> {
        let call = self.calls.entry(index).or_default();
        self.bytes += id.len() + name.len() + arguments.len();
        if call.id.is_empty() {
            id.clone_into(&mut call.id);
        }
        if call.name.is_empty() {
            name.clone_into(&mut call.name);
        }
        call.arguments.push_str(arguments);
        self.check()
    }

    /// Puts whole arguments in the place of those that came in parts.
    pub(super) fn set_arguments(&mut self, index: u64, arguments: &str) -> Result<(), Bad> {
        let call = self.calls.entry(index).or_default();
        self.bytes = self.bytes.saturating_sub(call.arguments.len()) + arguments.len();
        arguments.clone_into(&mut call.arguments);
        self.check()
    }

    /// Returns the calls in the backend's order.
    pub(super) fn take(&mut self) -> Vec<ToolCall> {
        std::mem::take(&mut self.calls).into_iter().map(|(index, call)| call.whole(index)).collect()
    }

    fn check(&self) -> Result<(), Bad> {
        let fits = self.bytes <= ARGUMENTS_BYTES_MAX && self.calls.len() <= CALLS_MAX;
        if fits { Ok(()) } else { Err(Bad::TooMuch) }
    }
}

impl Parts {
    fn whole(self, index: u64) -> ToolCall {
        let id = if self.id.is_empty() { format!("call-{index}") } else { self.id };
        ToolCall { id, name: self.name, args: ToolCall::read_args(&self.arguments) }
    }
}
