//! `mochat_setup`: a Mochat account from the owner's e-mail address.

use std::path::PathBuf;
use std::sync::Arc;

use callboard_actors::agent::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput, Updates};
use callboard_actors::core::Clock;
use callboard_actors::message::Code;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::args;
use crate::config::Config;
use crate::config::desk::{ConfigDesk, DeskError, RestartWish, Written};
use crate::mochat_setup::{self, Account, Bound, Failure, Origin, Places, Trouble, Wish};

/// The account that is set up where none is named.
const ACCOUNT: &str = "default";
/// The longest arguments, characters.
const EMAIL_CHARS_MAX: u64 = 254;
const NAME_CHARS_MAX: u64 = 64;
const GREETING_CHARS_MAX: u64 = 2_000;
const ACCOUNT_CHARS_MAX: u64 = 64;

/// What the tool is lent.
#[derive(Clone)]
pub struct MochatSetupParts {
    /// The config file.
    pub desk: Arc<ConfigDesk>,
    /// Where tokens are kept.
    pub state_dir: PathBuf,
    /// Bounds calls, and says when things were.
    pub clock: Clock,
}

/// Sets the channel up for the owner who asks.
pub struct MochatSetup {
    parts: MochatSetupParts,
    /// One at a time: two would register two agents.
    turn: Arc<Mutex<()>>,
}

impl MochatSetup {
    /// Returns the tool.
    #[must_use]
    pub fn new(parts: MochatSetupParts) -> Self {
        Self { parts, turn: Arc::default() }
    }
}

impl Tool for MochatSetup {
    fn name(&self) -> &str {
        "mochat_setup"
    }

    fn description(&self) -> &str {
        "Connects this gateway to Mochat: registers an agent there unless there is one, binds it to the owner's e-mail address, writes the configuration and starts the channel. Safe to call again. Ask for the address when you do not have it."
    }

    fn schema(&self) -> Value {
        let text = |chars_max: u64, what: &str| json!({ "type": "string", "minLength": 1, "maxLength": chars_max, "description": what });
        json!({
            "type": "object", "additionalProperties": false, "required": ["email"],
            "properties": {
                "email": text(EMAIL_CHARS_MAX, "The owner's e-mail address, as the owner gave it."),
                "name": text(NAME_CHARS_MAX, "What the agent is called on Mochat."),
                "greeting": text(GREETING_CHARS_MAX, "What the owner reads there first."),
                "account": text(ACCOUNT_CHARS_MAX, "Which account of this gateway it becomes, `default` unless the owner names another: each is an agent of its own.")
            }
        })
    }

    /// What is there already is used; only an agent whose token had not reached the disk at a crash is made again.
    fn repeat(&self) -> Repeat {
        Repeat::Safe
    }

    fn call(&self, context: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let (parts, turn) = (self.parts.clone(), Arc::clone(&self.turn));
        async move {
            let text = |name: &str| args::text(&args, &[name]).map(str::to_owned);
            let email = args::required(&args, &["email"])?.to_owned();
            let id = mochat_setup::account_id(args::text(&args, &["account"]).unwrap_or(ACCOUNT))
                .map_err(|failure| fault(&failure))?;
            let wish = Wish { email, name: text("name"), greeting: text("greeting") };
            let updates = context.updates;
            // On a task of its own: a turn that is stopped between an agent's registration and the disk would lose its token.
            let work = tokio::spawn(async move {
                let _alone = turn.lock().await;
                set_up(&parts, &id, &wish, &updates).await
            });
            work.await.unwrap_or_else(|_| Err(ToolFault::failed(Code::Internal, "the setup broke off: the log says why")))
        }
        .boxed()
    }
}

async fn set_up(parts: &MochatSetupParts, id: &str, wish: &Wish, updates: &Updates) -> Result<ToolOutput, ToolFault> {
    let config = at_desk(parts, ConfigDesk::config)
        .await
        .map_err(|trouble| fault(&Failure::new("the config file was read", trouble, "nothing was changed")))?;
    let account = Arc::new(account(parts, id, config));
    let tell = |text: &str| updates.tell(|| text.to_owned());
    let bound = mochat_setup::by_email(&account, wish, &tell).await.map_err(|failure| fault(&failure))?;
    let changes = account.changes(&bound.agent, wish.name.as_deref());
    let written = at_desk(parts, move |desk| desk.change_all(changes, &RestartWish::default())).await;
    let written = written.map_err(|trouble| {
        fault(&Failure::new("the account was being written into the config file", trouble, bound.done.clone()))
    })?;
    let origin = if bound.origin == Origin::Registered { "registered" } else { "known" };
    tracing::info!(event = "mochat.set_up", account = id, origin, agent = %bound.agent.user_id, changed = written.changed);
    Ok(ToolOutput::json(told(id, &bound, origin, wish, written)))
}

fn account(parts: &MochatSetupParts, id: &str, config: Config) -> Account {
    let places = Places { config, state_dir: &parts.state_dir, clock: parts.clock.clone() };
    Account::new(places, id, None)
}

/// Tells what was done. The token is nothing that a model has to know.
fn told(id: &str, bound: &Bound, origin: &str, wish: &Wish, written: Written) -> Value {
    let Written { path, changed, effect, restart, .. } = written;
    json!({
        "ok": true, "account": format!("mochat:{id}"), "agent": origin, "agentUserId": bound.agent.user_id,
        "ownerUserId": bound.owner_user_id, "ownerEmail": wish.email, "sessionId": bound.session_id,
        "config": { "path": path, "changed": changed, "accounts": effect.accounts, "restart": restart },
        "next": "The channel starts by itself and greets the owner on Mochat; `callboard channels status` shows how it stands.",
    })
}

/// Works at the desk, on a thread that may block.
async fn at_desk<T: Send + 'static>(
    parts: &MochatSetupParts,
    work: impl FnOnce(&ConfigDesk) -> Result<T, DeskError> + Send + 'static,
) -> Result<T, Trouble> {
    let desk = Arc::clone(&parts.desk);
    let done = tokio::task::spawn_blocking(move || work(&desk)).await;
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            let issues = error.details().map(|details| format!(": {details}")).unwrap_or_default();
            Err(Trouble::Config(format!("{error}{issues}")))
        }
        Err(_) => Err(Trouble::Config("work on the config file broke off: the log says why".to_owned())),
    }
}

fn fault(failure: &Failure) -> ToolFault {
    ToolFault::failed(failure.code(), failure.to_string())
}
