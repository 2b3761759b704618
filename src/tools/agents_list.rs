//! `agents_list`: which agents there are.

use callboard_actors::agent::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use callboard_actors::core::Live;
use callboard_actors::registry::RouteSettings;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};

use super::{Reach, ToolParts};

/// Lists the agents.
pub(super) struct AgentsList {
    routes: Live<RouteSettings>,
    reach: Live<Reach>,
}

impl AgentsList {
    pub(super) fn new(parts: &ToolParts) -> Self {
        Self { routes: parts.routes.clone(), reach: parts.reach.clone() }
    }
}

impl Tool for AgentsList {
    fn name(&self) -> &str {
        "agents_list"
    }

    fn description(&self) -> &str {
        "Lists the agents that `sessions_spawn` may begin, by their ids."
    }

    fn schema(&self) -> Value {
        json!({ "type": "object", "additionalProperties": false, "properties": {} })
    }

    fn repeat(&self) -> Repeat {
        Repeat::Safe
    }

    fn call(&self, context: ToolContext, _: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let (routes, reach) = (self.routes.get(), self.reach.get());
        let theirs = routes.agents.iter().filter(|id| reach.begins(id, &context));
        let agents: Vec<_> = theirs.map(|id| json!({ "id": id, "default": *id == routes.default_agent })).collect();
        ready(Ok(ToolOutput::json(json!({ "requester": context.agent, "agents": agents })))).boxed()
    }
}
