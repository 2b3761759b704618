//! What agents and clients can have done: one file a tool, behind the trait of the actors' half.
//!
//! # Layout
//!
//! - [`tools`]: all of them; [`ToolParts`]: what they are lent
//! - `args`: arguments read by name; `place`: which session an argument means; [`Reach`]: how far turns see
//! - `files`: those for the agent's workspace
//! - the rest: one tool each

mod agents_list;
mod args;
mod files;
mod gateway;
mod message;
mod mochat_setup;
mod place;
mod reach;
mod session_status;
mod sessions_history;
mod sessions_list;
mod sessions_send;
mod sessions_spawn;
mod web_fetch;

use std::sync::Arc;

use callboard_actors::agent::Tool;
use callboard_actors::core::Live;
use callboard_actors::ports::MediaRoom;
use callboard_actors::registry::RouteSettings;

pub use gateway::{GatewayParts, GatewayTool, Restarter};
pub use mochat_setup::{MochatSetup, MochatSetupParts};
pub use reach::{Meetings, Reach, Visibility};

use crate::outgoing::Outgoing;
use crate::workspace::Workspaces;

/// What the tools are lent. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ToolParts {
    /// The way for messages; holds the store, the switchboard and the clock.
    pub outgoing: Outgoing,
    /// The agents there are.
    pub routes: Live<RouteSettings>,
    /// How far turns see.
    pub reach: Live<Reach>,
    /// The folders that agents work in.
    pub workspaces: Live<Workspaces>,
    /// Where the bytes of pictures and files are.
    pub media: Arc<dyn MediaRoom>,
}

/// Returns every tool there is.
#[must_use]
pub fn tools(parts: &ToolParts) -> Vec<Arc<dyn Tool>> {
    let mut tools: Vec<Arc<dyn Tool>> = vec![
        Arc::new(agents_list::AgentsList::new(parts)),
        Arc::new(message::MessageTool::new(parts)),
        Arc::new(session_status::SessionStatus::new(parts)),
        Arc::new(sessions_history::SessionsHistory::new(parts)),
        Arc::new(sessions_list::SessionsList::new(parts)),
        Arc::new(sessions_send::SessionsSend::new(parts)),
        Arc::new(sessions_spawn::SessionsSpawn::new(parts)),
        Arc::new(web_fetch::WebFetch::new(parts)),
    ];
    tools.extend(files::tools(&parts.workspaces));
    tools
}
