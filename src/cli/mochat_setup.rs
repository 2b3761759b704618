//! `callboard channels add mochat` and `callboard channels rotate-token mochat`.

use std::sync::Arc;

use callboard_actors::channel::Kind;
use callboard_actors::channel::mochat::{SetupFault, check_email};
use callboard_actors::core::Clock;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::channels_add::AddArgs;
use super::config::change;
use super::context::Context;
use super::error::CliError;
use crate::config::edit::Change;
use crate::mochat_setup::{self, Account, Agent, BY_HAND, Failure, Places, Wish};

/// What an account with an agent's token stands on, in both spellings.
pub(super) const LOGIN_KEYS: &[&str] = &["clawToken", "claw_token", "agentUserId", "agent_user_id", "name"];

fn account(id: &str, url: Option<&str>, context: &Context) -> Result<Account, CliError> {
    let id = mochat_setup::account_id(id).map_err(|failure| CliError::Usage(format!("--account: {failure}")))?;
    // Without what the file says another agent would be registered, perhaps at another server.
    let config = context.config()?;
    Ok(Account::new(Places { config, state_dir: &context.paths.state_dir, clock: Clock::system() }, &id, url))
}

/// Puts an account into the config file, with an agent that is there or one that is registered now.
pub(super) async fn add(args: &AddArgs, context: &Context) -> Result<(), CliError> {
    let account = account(args.account(), args.http_url.as_deref(), context)?;
    match (&args.email, &args.token, &args.agent_user_id) {
        (Some(email), None, None) => by_email(account, args, email.trim(), context).await,
        (None, Some(token), Some(agent)) => {
            let agent = Agent { token: token.trim().into(), user_id: agent.trim().to_owned() };
            configure(&account, &agent, args, context)
        }
        _ => Err(CliError::Usage(format!(
            "mochat requires --email YOU@EXAMPLE.COM, which registers an agent, or --token and --agent-user-id of one that is there: {BY_HAND}"
        ))),
    }
}

async fn by_email(account: Account, args: &AddArgs, email: &str, context: &Context) -> Result<(), CliError> {
    check_email(email).map_err(|fault| CliError::Usage(format!("--email: {fault}")))?;
    let account = Arc::new(account);
    let wish = Wish { email: email.to_owned(), name: args.name.clone(), greeting: args.greeting.clone() };
    let output = context.output;
    let bound = mochat_setup::by_email(&account, &wish, &|text| output.note(text)).await.map_err(failed)?;
    configure(&account, &bound.agent, args, context)
}

/// Writes the account into the config file.
fn configure(account: &Account, agent: &Agent, args: &AddArgs, context: &Context) -> Result<(), CliError> {
    let changes = account.changes(agent, args.name.as_deref());
    let changes: Vec<_> = changes.into_iter().map(|(path, value)| (path, Change::Set(value))).collect();
    change(context, &changes)
}

/// Has a new token made and puts it in the place of the old one.
pub(super) async fn rotate(kind: &Kind, id: &str, context: &Context) -> Result<(), CliError> {
    if kind.name != callboard_actors::channel::mochat::NAME {
        return Err(CliError::Usage(format!("{} has no tokens that could be changed for new ones", kind.name)));
    }
    let account = account(id, None, context)?;
    let Some(agent) = account.known() else {
        return Err(CliError::failed(format!("no token of mochat:{id} is known: {BY_HAND}")));
    };
    let spare = account.kept_of(&agent);
    if spare.is_none() {
        // Looked at first: the server tells a token once, and the old one is dead then.
        account.keep(&agent, &[])?;
    }
    let mut new = account.registrar().rotate(&agent.token, &agent.user_id).await;
    if let (Err(SetupFault::Token(_)), Some(spare)) = (&new, spare) {
        // An earlier run could not write the configuration.
        new = account.registrar().rotate(&spare, &agent.user_id).await;
    }
    let refused =
        |fault: SetupFault| failed(Failure::new("the token was being changed", fault, "the config file is as it was"));
    let agent = Agent { token: new.map_err(refused)?, ..agent };
    // One of the two is enough to go on from.
    let kept = account.keep(&agent, &[]);
    if kept.is_ok() {
        context.output.note(&format!("the agent {} has a new token, which is in {}", agent.user_id, account.file().display()));
    }
    change(context, &[(account.key("clawToken"), Change::Set(json!(agent.token.expose_secret())))])?;
    Ok(kept?)
}

fn failed(failure: Failure) -> CliError {
    CliError::failed(failure.to_string())
}
