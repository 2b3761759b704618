//! What answers: providers behind one trait, and the loop that runs a turn on one. What can be done: tools behind one trait, one
//! policy for every way in, and the one box through which all of them are called.

mod calling;
mod hands;
mod journal;
mod overlap;
mod provider;
mod retry;
mod run;
mod shown;
mod sink;
mod state;
mod steer;
mod tool;
mod tool_policy;
mod toolbox;

pub use calling::TOOL_CALLS_PARALLEL_MAX;
pub use hands::{Hands, TOOL_RESULT_BYTES_MAX};
pub use journal::Journal;
pub use provider::{AskedModel, Ending, Piece, Prompt, Provider, ProviderError, Providers, Thought};
pub use retry::{RetryPolicy, Seen};
pub use run::{Run, RunEnd, RunLimits, RunOutcome, TOOL_CALLS_MAX, Written};
pub use shown::Shown;
pub use sink::{Gone, Sink, ToolNews};
pub use state::TurnState;
pub use steer::{STEERED_MAX, SteerBox};
pub use tool::{Asker, Entrance, Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput, Updates};
pub use tool_policy::{
    ChatTools, GroupTools, HTTP_DENIED, MCP_JOINT, OWNER_KEPT, ROOM_KEPT, SUB_AGENT_DENIED, SUB_AGENT_KEPT, ScopedRules,
    TURN_KEPT, ToolNames, ToolPolicy, ToolProfile, ToolRules, ToolScope,
};
pub use toolbox::{Admitted, BadTool, TOOL_CALL_TIME_MAX, TOOL_CALLS_RUNNING_MAX, Toolbox};

#[cfg(test)]
mod tests;
