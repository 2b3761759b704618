//! A Mochat account from an e-mail address: for the command line, and for the tool by which an agent does it.
//!
//! Each step is kept before the next is taken, so that a run that failed halfway can be made again: an agent that was made is used,
//! not made twice.
//!
//! # Layout
//!
//! - [`by_email`]: the steps up to the configuration, which whoever asks writes in its own way
//! - [`Account`]: what is known of the account, where its token is kept, what the configuration has to say
//! - [`Failure`]: what failed, with what was done until then

mod account;
mod failure;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use callboard_actors::channel::is_account_id;
use callboard_actors::channel::mochat::{Registered, SetupFault, check_email};

pub use account::{Account, Agent, Places};
pub use failure::{BY_HAND, Failure, Trouble};

use crate::config::ConfigError;

/// What begins the name of a variable in the config file.
const VARIABLE: &str = "${";

/// What is wished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The owner's address.
    pub email: String,
    /// What the agent and its account are called.
    pub name: Option<String>,
    /// What the owner reads first.
    pub greeting: Option<String>,
}

/// Whether an agent was made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It was there.
    Known,
    /// It was registered.
    Registered,
}

/// Returns the id of an account as it is kept, in lower case.
///
/// # Errors
/// It is none. It becomes a part of the name of a file.
pub fn account_id(said: &str) -> Result<String, Failure> {
    let id = said.trim().to_lowercase();
    if is_account_id(&id) {
        return Ok(id);
    }
    let shown = said.chars().take(64).filter(|letter| !letter.is_control()).collect();
    Err(Failure::new("the setup was looked at", Trouble::Account(shown), "nothing was changed"))
}

/// An agent with an owner, for the configuration to take in.
#[derive(Clone, Debug)]
pub struct Bound {
    /// The agent.
    pub agent: Agent,
    /// Whether it was made now.
    pub origin: Origin,
    /// The owner's id.
    pub owner_user_id: String,
    /// The session of the two, where the server says.
    pub session_id: Option<String>,
    /// What was done, for whoever is told that what follows failed.
    pub done: String,
}

/// Has an agent ready that is bound to its owner: the one that is there, else a new one. `tell` hears each step that is done.
///
/// # Errors
/// What failed, with what was done until then; the same again goes on from there.
pub async fn by_email(account: &Arc<Account>, wish: &Wish, tell: &(dyn Fn(&str) + Send + Sync)) -> Result<Bound, Failure> {
    let untouched = |fault: Trouble| Failure::new("the setup was looked at", fault, "nothing was changed");
    check_email(&wish.email).map_err(|fault| untouched(fault.into()))?;
    if wish.name.as_deref().is_some_and(|name| name.contains(VARIABLE)) {
        return Err(untouched(Trouble::Name));
    }
    let (agent, origin, done) = match on_disk(account, |account| Ok(account.known())).await.map_err(untouched)? {
        Some(agent) => {
            let asked = account.registrar().owner(&agent.token).await;
            let failed =
                |fault: SetupFault| Failure::new("the agent that is there was asked for", fault, "nothing was changed");
            asked.map_err(failed)?;
            tell(&format!("the agent {} is there already", agent.user_id));
            let done = format!("the agent {} is there", agent.user_id);
            (agent, Origin::Known, done)
        }
        None => {
            let agent = register(account, wish.name.clone()).await?;
            let kept = account.file().display();
            tell(&format!("registered the agent {}; its token is in {kept}", agent.user_id));
            let done = format!("the agent is registered, its token is in {kept}, and the same again goes on from there");
            (agent, Origin::Registered, done)
        }
    };
    let bound = account.registrar().bind(&agent.token, &wish.email, wish.greeting.as_deref()).await;
    let bound = bound.map_err(|fault| Failure::new("the agent was being bound to its owner", fault, done.clone()))?;
    let (owner_user_id, session_id) = (bound.owner_user_id, bound.session_id);
    tell(&format!("bound to {} (user {owner_user_id})", wish.email));
    let done = format!("{done}; it is bound to {}", wish.email);
    Ok(Bound { agent, origin, owner_user_id, session_id, done })
}

/// What was done where the server's answer to a registration is lost.
const IN_DOUBT: &str = "nothing was changed here, but the server may have made an agent that nobody uses: its answer is lost, and the same again makes another";

/// Makes an agent and keeps its token where nobody else can read it.
async fn register(account: &Arc<Account>, name: Option<String>) -> Result<Agent, Failure> {
    let doing = "the agent was being registered";
    let untouched = |fault: Trouble| Failure::new(doing, fault, "nothing was changed");
    // Looked at first: the server tells a token once.
    on_disk(account, |account| account.make_folder().map_err(Trouble::from)).await.map_err(untouched)?;
    let registered = account.registrar().register(name.as_deref()).await.map_err(|fault| {
        let done = if matches!(fault, SetupFault::Unsure(_)) { IN_DOUBT } else { "nothing was changed" };
        Failure::new(doing, fault, done)
    })?;
    let Registered { token, agent_user_id, workspace_id, group_id } = registered;
    let agent = Agent { token, user_id: agent_user_id };
    if agent.names_a_variable() {
        let text = "it gave a token or an id that would name a variable in the config file".to_owned();
        return Err(untouched(SetupFault::Refused(text).into()));
    }
    let (kept, lost) = (agent.clone(), format!("the agent {} is registered, and its token is lost", agent.user_id));
    let keep = move |account: &Account| {
        let more = [("workspaceId", workspace_id), ("groupId", group_id), ("agentName", name)];
        account.keep(&kept, &more).map_err(Trouble::from)
    };
    on_disk(account, keep).await.map_err(|fault| Failure::new("the agent's token was being kept", fault, lost))?;
    Ok(agent)
}

/// Works on the disk, on a thread that may block.
async fn on_disk<T: Send + 'static>(
    account: &Arc<Account>,
    work: impl FnOnce(&Account) -> Result<T, Trouble> + Send + 'static,
) -> Result<T, Trouble> {
    let account = Arc::clone(account);
    let done = tokio::task::spawn_blocking(move || work(&account)).await;
    done.unwrap_or_else(|_| Err(Trouble::Config("work on the disk broke off: the log says why".to_owned())))
}

impl From<ConfigError> for Trouble {
    fn from(error: ConfigError) -> Self {
        Self::Config(error.to_string())
    }
}
