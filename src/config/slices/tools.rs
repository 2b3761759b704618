//! Who may call which tool.

use callboard_actors::agent::{ToolNames, ToolPolicy};

use crate::config::model::Model;

pub(super) fn cut(model: &Model) -> ToolPolicy {
    let (tools, http) = (&model.tools, &model.gateway.tools);
    ToolPolicy {
        allow: (!tools.allow.is_empty()).then(|| ToolNames::new(&tools.allow)),
        deny: ToolNames::new(&tools.deny),
        http_allow: ToolNames::new(&http.allow),
        http_deny: ToolNames::new(&http.deny),
    }
}
