//! `callboard channels add mochat` and `callboard channels rotate-token mochat`.
//!
//! Each step is kept before the next is taken, so that a run that failed halfway can be made again: an agent that was made is used,
//! not made twice.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use callboard_actors::channel::Kind;
use callboard_actors::channel::mochat::{Registered, Registrar, SetupFault, check_email};
use callboard_actors::core::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::channels::{DEFAULT_ACCOUNT, place};
use super::channels_add::AddArgs;
use super::config::change;
use super::context::Context;
use super::error::CliError;
use crate::config::edit::{self, Change};
use crate::config::{Config, KeyPath};

/// How it is done without a registration.
const BY_HAND: &str = "callboard channels add mochat --token CLAW_TOKEN --agent-user-id BOT_USER_ID";
/// What an account with an agent's token stands on, in both spellings.
pub(super) const LOGIN_KEYS: &[&str] = &["clawToken", "claw_token", "agentUserId", "agent_user_id", "name"];
/// Where the server is where nobody says.
const DEFAULT_BASE_URL: &str = "https://mochat.io";
/// Only the owner enters the folder.
const FOLDER_MODE: u32 = 0o700;

/// What is known of an account.
struct Account<'a> {
    context: &'a Context,
    at: KeyPath,
    /// The section, where the account `default` stands.
    top: KeyPath,
    id: &'a str,
    base: String,
    /// The configuration, where it is sound.
    config: Option<Config>,
}

impl<'a> Account<'a> {
    fn new(kind: &Kind, id: &'a str, url: Option<&str>, context: &'a Context) -> Self {
        let config = context.config().ok();
        let mut account =
            Self { context, at: place(kind, id), top: place(kind, DEFAULT_ACCOUNT), id, base: String::new(), config };
        let said = url.map(str::to_owned).or_else(|| account.text("baseUrl"));
        account.base = said.unwrap_or_else(|| DEFAULT_BASE_URL.to_owned()).trim().trim_end_matches('/').to_owned();
        account
    }

    fn registrar(&self) -> Registrar {
        Registrar::new(&self.base, self.text("caPem"), Clock::system())
    }

    /// Returns where a setting stands, in the spelling that the file has.
    fn key(&self, name: &str) -> KeyPath {
        let snake = name.chars().fold(String::new(), |mut snake, mark| {
            if mark.is_ascii_uppercase() {
                snake.push('_');
            }
            snake.push(mark.to_ascii_lowercase());
            snake
        });
        let other = self.at.key(&snake);
        let is_there = self.config.as_ref().is_some_and(|config| config.get(&other).is_some());
        if is_there { other } else { self.at.key(name) }
    }

    fn text(&self, name: &str) -> Option<String> {
        let secret = self.config.as_ref()?.secret(&self.key(name))?;
        Some(secret.expose_secret().to_owned()).filter(|text| !text.trim().is_empty())
    }

    /// Returns the agent that is there: in the config file, or kept by an earlier run.
    fn known(&self) -> Option<(SecretString, String)> {
        let config = self.text("clawToken").zip(self.text("agentUserId"));
        let kept = || {
            let kept: Value = serde_json::from_str(&std::fs::read_to_string(self.file()).ok()?).ok()?;
            let text = |key: &str| kept.get(key).and_then(Value::as_str).map(str::to_owned);
            // An agent of another server is none here.
            text("token").zip(text("botUserId")).filter(|_| text("baseUrl").is_none_or(|base| base == self.base))
        };
        config.or_else(kept).map(|(token, agent)| (token.into(), agent))
    }

    fn file(&self) -> PathBuf {
        self.context.paths.state_dir.join("credentials").join(format!("mochat-{}.json", self.id))
    }

    /// Keeps an agent's token where nobody else can read it.
    fn keep(&self, token: &SecretString, agent: &str, more: &[(&str, Option<&str>)]) -> Result<(), CliError> {
        let file = self.file();
        if let Some(folder) = file.parent() {
            let made = std::fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder);
            made.map_err(|error| CliError::failed(format!("{} cannot be made: {error}", folder.display())))?;
        }
        let first = [
            ("baseUrl", json!(self.base)),
            ("token", json!(token.expose_secret())),
            ("botUserId", json!(agent)),
            ("registeredAt", json!(Clock::system().now_ms())),
        ];
        let more = more.iter().map(|(key, value)| (*key, json!(value)));
        let kept: Value = first.into_iter().chain(more).map(|(key, value)| (key.to_owned(), value)).collect();
        Ok(edit::write(&file, &format!("{kept:#}\n"))?)
    }

    /// Writes the account into the config file; lists that are there stay.
    fn configure(&self, token: &SecretString, agent: &str, name: Option<&str>) -> Result<(), CliError> {
        let mut changes = vec![
            (self.key("enabled"), Change::Set(Value::Bool(true))),
            (self.key("baseUrl"), Change::Set(json!(self.base))),
            (self.key("clawToken"), Change::Set(json!(token.expose_secret()))),
            (self.key("agentUserId"), Change::Set(json!(agent))),
        ];
        for list in ["sessions", "panels"] {
            if self.config.as_ref().is_none_or(|config| config.get(&self.at.key(list)).is_none()) {
                changes.push((self.at.key(list), Change::Set(json!(["*"]))));
            }
        }
        changes.extend(self.beside());
        if let Some(name) = name {
            changes.push((self.key("name"), Change::Set(json!(name))));
        }
        change(self.context, &changes)
    }

    /// Returns what keeps the account at the top of the section beside a first named one: it is an account by its entry then.
    fn beside(&self) -> Option<(KeyPath, Change)> {
        let config = self.config.as_ref().filter(|_| self.id != DEFAULT_ACCOUNT)?;
        let own = self.top.key("accounts").key(DEFAULT_ACCOUNT);
        let has_login = ["clawToken", "claw_token"].iter().any(|key| config.get(&self.top.key(key)).is_some());
        let needed = has_login && config.get(&own).is_none();
        needed.then(|| (own.key("enabled"), Change::Set(Value::Bool(true))))
    }

    fn tell(&self, text: &str) {
        self.context.output.note(text);
    }
}

/// Puts an account into the config file, with an agent that is there or one that is registered now.
pub(super) async fn add(args: &AddArgs, kind: &Kind, context: &Context) -> Result<(), CliError> {
    let account = Account::new(kind, args.account(), args.http_url.as_deref(), context);
    match (&args.email, &args.token, &args.agent_user_id) {
        (Some(email), None, None) => by_email(&account, args, email.trim()).await,
        (None, Some(token), Some(agent)) => {
            account.configure(&token.trim().to_owned().into(), agent.trim(), args.name.as_deref())
        }
        _ => Err(CliError::Usage(format!(
            "mochat requires --email YOU@EXAMPLE.COM, which registers an agent, or --token and --agent-user-id of one that is there: {BY_HAND}"
        ))),
    }
}

async fn by_email(account: &Account<'_>, args: &AddArgs, email: &str) -> Result<(), CliError> {
    check_email(email).map_err(|fault| CliError::Usage(format!("--email: {fault}")))?;
    let (token, agent, done) = match account.known() {
        Some((token, agent)) => {
            account
                .registrar()
                .owner(&token)
                .await
                .map_err(|fault| failed(&fault, "nothing was changed", "the agent that is there was asked for"))?;
            account.tell(&format!("the agent {agent} is there already"));
            (token, agent, "the agent is there".to_owned())
        }
        None => {
            let registered = account.registrar().register(args.name.as_deref()).await;
            let Registered { token, agent_user_id, workspace_id, group_id } =
                registered.map_err(|fault| failed(&fault, "nothing was changed", "the agent was being registered"))?;
            let more = [
                ("workspaceId", workspace_id.as_deref()),
                ("groupId", group_id.as_deref()),
                ("agentName", args.name.as_deref()),
            ];
            account.keep(&token, &agent_user_id, &more)?;
            let kept = account.file().display().to_string();
            account.tell(&format!("registered the agent {agent_user_id}; its token is in {kept}"));
            (
                token,
                agent_user_id,
                format!("the agent is registered, its token is in {kept}, and the same command goes on from there"),
            )
        }
    };
    let bound = account.registrar().bind(&token, email, args.greeting.as_deref()).await;
    let bound = bound.map_err(|fault| failed(&fault, &done, "the agent was being bound to its owner"))?;
    account.tell(&format!("bound to {email} (user {})", bound.owner_user_id));
    account.configure(&token, &agent, args.name.as_deref())
}

/// Has a new token made and puts it in the place of the old one.
pub(super) async fn rotate(kind: &Kind, id: &str, context: &Context) -> Result<(), CliError> {
    if kind.name != callboard_actors::channel::mochat::NAME {
        return Err(CliError::Usage(format!("{} has no tokens that could be changed for new ones", kind.name)));
    }
    let account = Account::new(kind, id, None, context);
    let Some((token, agent)) = account.known() else {
        return Err(CliError::failed(format!("no token of mochat:{id} is known: {BY_HAND}")));
    };
    let new = account.registrar().rotate(&token, &agent).await;
    let new = new.map_err(|fault| failed(&fault, "the config file is as it was", "the token was being changed"))?;
    // The old one is dead: the new one is kept before anything else can fail.
    account.keep(&new, &agent, &[])?;
    account.tell(&format!("the agent {agent} has a new token, which is in {}", account.file().display()));
    let changes = [(account.key("clawToken"), Change::Set(json!(new.expose_secret())))];
    change(context, &changes)
}

fn failed(fault: &SetupFault, done: &str, doing: &str) -> CliError {
    let mend = match fault {
        SetupFault::Email(_) => "correct the address and run the same command again",
        SetupFault::Network(_) => "check the network and --http-url, and run the same command again",
        SetupFault::Token(_) => "take the account out (callboard channels remove mochat) or give it a token that counts",
        SetupFault::Refused(_) => "ask the server's operator, or register by hand",
    };
    CliError::failed(format!("{doing}: {fault}. Done so far: {done}. To mend it: {mend}. By hand: {BY_HAND}"))
}
