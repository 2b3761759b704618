//! What answers: providers behind one trait, and the loop that runs a turn on one. What can be done: tools behind one trait, one
//! policy for every way in, and the one box through which all of them are called.

mod provider;
mod retry;
mod run;
mod sink;
mod steer;
mod tool;
mod tool_policy;
mod toolbox;

pub use provider::{Ending, Piece, Prompt, Provider, ProviderError, Providers};
pub use retry::{RetryPolicy, Seen};
pub use run::{Run, RunEnd, RunLimits, RunOutcome, TOOL_CALLS_MAX};
pub use sink::{Gone, Sink};
pub use steer::{Backlog, STEERED_MAX, SteerBox, Steered};
pub use tool::{Entrance, Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput, Updates};
pub use tool_policy::{
    ChatTools, GroupTools, HTTP_DENIED, MCP_JOINT, SUB_AGENT_DENIED, SUB_AGENT_KEPT, ScopedRules, TURN_KEPT, ToolNames,
    ToolPolicy, ToolProfile, ToolRules, ToolScope,
};
pub use toolbox::{Admitted, BadTool, TOOL_CALL_TIME_MAX, TOOL_CALLS_RUNNING_MAX, Toolbox};

#[cfg(test)]
mod tests;
