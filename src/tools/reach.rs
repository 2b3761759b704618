//! How far the tools of a turn reach: which sessions they see, and which agents they begin sub-agents of.

use std::collections::BTreeMap;

use callboard_actors::agent::{Entrance, ToolContext, ToolNames};
use callboard_actors::message::SessionKey;

/// Which sessions a turn sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Its own.
    Own,
    /// Its own and the sub-agents of it.
    Tree,
    /// Those of its agent.
    Agent,
    /// All, those of other agents as far as these may meet.
    All,
}

/// Which agents may look at each other's sessions.
#[derive(Clone, Debug, Default)]
pub enum Meetings {
    /// None may.
    #[default]
    None,
    /// All may.
    All,
    /// Those of these names.
    Among(ToolNames),
}

/// What the configuration says of it.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Which sessions turns see; `None` where nothing is said, which is [`Visibility::Tree`].
    pub visibility: Option<Visibility>,
    /// Which agents may look at each other's sessions.
    pub meetings: Meetings,
    /// Which other agents each agent begins sub-agents of, lower-cased; `*` is any.
    pub begins: BTreeMap<String, Vec<String>>,
    /// The same for agents that say nothing of it.
    pub begins_default: Vec<String>,
}

impl Reach {
    /// Returns which sessions the one who asks may see. Clients over HTTP hold the gateway's own credential. Whoever writes to an
    /// agent is not thereby whom its other sessions belong to, in its main session no more than elsewhere: only a visibility that the
    /// settings name shows more, and no list of tools does, `*` least of all.
    pub(super) fn visibility(&self, context: &ToolContext) -> Visibility {
        match context.entrance {
            Entrance::Turn => self.visibility.unwrap_or(Visibility::Tree),
            Entrance::Http => Visibility::All,
        }
    }

    /// Returns whether the one who asks may see a session by what its key says alone.
    pub(super) fn sees(&self, session: &SessionKey, context: &ToolContext) -> bool {
        if context.entrance == Entrance::Http || *session == context.session {
            return true;
        }
        let agent = session.agent().unwrap_or_default();
        match self.visibility(context) {
            Visibility::Own | Visibility::Tree => false,
            Visibility::Agent => agent == context.agent,
            Visibility::All => agent == context.agent || self.meet(agent, &context.agent),
        }
    }

    fn meet(&self, one: &str, other: &str) -> bool {
        match &self.meetings {
            Meetings::None => false,
            Meetings::All => true,
            Meetings::Among(names) => names.has(one) && names.has(other),
        }
    }

    /// Returns whether the one who asks may begin sub-agents of an agent.
    pub(super) fn begins(&self, agent: &str, context: &ToolContext) -> bool {
        if context.entrance == Entrance::Http || agent == context.agent {
            return true;
        }
        let named = self.begins.get(&context.agent).unwrap_or(&self.begins_default);
        named.iter().any(|name| name == "*" || name == agent)
    }
}

#[cfg(test)]
mod tests {
    use callboard_actors::message::TraceId;

    use super::*;

    fn turn(session: &str) -> ToolContext {
        let key = SessionKey::new(session);
        let agent = key.agent().unwrap().to_owned();
        ToolContext::new(Entrance::Turn, key, agent, TraceId::new())
    }

    #[test]
    fn sessions_are_seen_as_far_as_the_settings_say() {
        use Visibility::{Agent, All, Own, Tree};
        let among = |names: &[&str]| Meetings::Among(ToolNames::new(names));
        let (main, work, ops) = ("agent:main:main", "agent:main:work", "agent:ops:main");
        for (visibility, meetings, asks, session, sees) in [
            (None, Meetings::All, main, main, true),
            (None, Meetings::All, main, work, false),
            (None, Meetings::All, work, main, false),
            (None, Meetings::All, work, ops, false),
            (Some(Own), Meetings::All, main, work, false),
            (Some(Tree), Meetings::All, main, work, false),
            (Some(Agent), Meetings::All, work, main, true),
            (Some(Agent), Meetings::All, work, ops, false),
            (Some(All), Meetings::None, work, main, true),
            (Some(All), Meetings::None, work, ops, false),
            (Some(All), among(&["main", "o*"]), work, ops, true),
            (Some(All), among(&["ops"]), work, ops, false),
        ] {
            let shown = format!("{visibility:?} {meetings:?}: {asks} {session}");
            let reach = Reach { visibility, meetings, ..Reach::default() };
            assert_eq!(reach.sees(&SessionKey::new(session), &turn(asks)), sees, "{shown}");
        }
        let http = ToolContext { entrance: Entrance::Http, ..turn(work) };
        assert!(Reach { visibility: Some(Own), ..Reach::default() }.sees(&SessionKey::new(ops), &http));
    }

    #[test]
    fn sub_agents_are_begun_of_the_agents_that_are_named() {
        let begins = BTreeMap::from([("main".to_owned(), vec!["ops".to_owned()]), ("any".to_owned(), vec!["*".to_owned()])]);
        let reach = Reach { begins, begins_default: vec!["main".to_owned()], ..Reach::default() };
        for (asks, agent, begins) in [
            ("main", "main", true),
            ("main", "ops", true),
            ("main", "any", false),
            ("any", "main", true),
            ("any", "ops", true),
            ("ops", "main", true),
            ("ops", "any", false),
        ] {
            let context = turn(&format!("agent:{asks}:main"));
            assert_eq!(reach.begins(agent, &context), begins, "{asks} {agent}");
        }
        let http = ToolContext { entrance: Entrance::Http, ..turn("agent:ops:main") };
        assert!(reach.begins("any", &http));
    }
}
