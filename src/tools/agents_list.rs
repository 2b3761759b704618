//! `agents_list`: which agents there are.

use callboard_actors::agent::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::core::Live;
use callboard_actors::registry::RouteSettings;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};

use super::ToolParts;

/// Lists the agents.
pub(super) struct AgentsList {
    routes: Live<RouteSettings>,
}

impl AgentsList {
    pub(super) fn new(parts: &ToolParts) -> Self {
        Self { routes: parts.routes.clone() }
    }
}

impl Tool for AgentsList {
    fn name(&self) -> &str {
        "agents_list"
    }

    fn description(&self) -> &str {
        "Lists the configured agents, by their ids."
    }

    fn schema(&self) -> Value {
        json!({ "type": "object", "additionalProperties": false, "properties": {} })
    }

    fn repeat(&self) -> Repeat {
        Repeat::Safe
    }

    fn call(&self, context: ToolContext, _: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let routes = self.routes.get();
        let agents: Vec<_> =
            routes.agents.iter().map(|id| json!({ "id": id, "default": *id == routes.default_agent })).collect();
        ready(Ok(ToolOutput::json(json!({ "requester": context.agent, "agents": agents })))).boxed()
    }
}
