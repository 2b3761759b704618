//! What answers: providers behind one trait, and the loop that runs a turn on one.

mod provider;
mod retry;
mod run;
mod sink;

pub use provider::{Ending, Piece, Prompt, Provider, ProviderError, Providers, ToolCall, ToolResult, ToolRound};
pub use retry::{RetryPolicy, Seen};
pub use run::{Run, RunEnd, RunLimits, RunOutcome, TOOL_CALLS_MAX};
pub use sink::{Gone, Sink};

#[cfg(test)]
mod tests;
