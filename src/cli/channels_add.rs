//! `callboard channels add`.

use callboard_actors::channel::Kind;
use serde_json::Value;
use url::Url;

use super::channels::{DEFAULT_ACCOUNT, kind, place};
use super::config::change;
use super::context::Context;
use super::error::CliError;
use super::mochat_setup;
use crate::config::KeyPath;
use crate::config::edit::Change;

/// What an account with a token of a user stands on.
pub(super) const LOGIN_KEYS: &[&str] = &["authToken", "userId", "username", "password", "baseUrl", "name"];

/// An account to put into the config file.
#[derive(Debug, clap::Args)]
pub(super) struct AddArgs {
    /// The integration, for example socket-chat.
    #[arg(required_unless_present = "channel", conflicts_with = "channel")]
    kind: Option<String>,
    /// The same as a flag.
    #[arg(long)]
    channel: Option<String>,
    /// The account's API key.
    #[arg(long, value_name = "KEY")]
    pub(super) token: Option<String>,
    /// The personal access token of the account's user.
    #[arg(long, value_name = "TOKEN")]
    auth_token: Option<String>,
    /// The id of the account's user.
    #[arg(long, value_name = "ID")]
    user_id: Option<String>,
    /// The address of the integration's server.
    #[arg(long, value_name = "URL")]
    pub(super) http_url: Option<String>,
    /// Take what is not given from the gateway's environment; for the default account only.
    #[arg(long)]
    use_env: bool,
    /// The e-mail address of the owner, for whom an agent is registered and bound.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) email: Option<String>,
    /// The id of the token's own user.
    #[arg(long, value_name = "ID")]
    pub(super) agent_user_id: Option<String>,
    /// What the owner reads first.
    #[arg(long, requires = "email")]
    pub(super) greeting: Option<String>,
    /// The account's id; without it the default one.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    /// The account's name for people.
    #[arg(long)]
    pub(super) name: Option<String>,
}

/// What an integration's accounts log in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    /// Nothing.
    None,
    /// A key.
    Key,
    /// A user's token.
    Token,
    /// An agent's token, which can be had by registering.
    Agent,
}

/// Returns what an integration's accounts log in with.
pub(super) fn login(kind: &Kind) -> Login {
    let schema = (kind.schema)();
    let has = |key: &str| schema.pointer(&format!("/properties/{key}")).is_some();
    if has("apiKey") {
        Login::Key
    } else if has("clawToken") {
        Login::Agent
    } else if has("authToken") {
        Login::Token
    } else {
        Login::None
    }
}

/// Returns the flags that an account of an integration is added with.
pub(super) fn flags(kind: &Kind) -> &'static str {
    match login(kind) {
        Login::None => "",
        Login::Key => " --token KEY --http-url URL",
        Login::Agent => " --email YOU@EXAMPLE.COM",
        Login::Token => " --http-url URL --auth-token TOKEN --user-id ID",
    }
}

/// Puts an account into the config file.
pub(super) async fn add(args: &AddArgs, context: &Context) -> Result<(), CliError> {
    let kind = kind(args.kind.as_deref().or(args.channel.as_deref()).unwrap_or_default())?;
    let login = login(kind);
    args.check(kind, login)?;
    if login == Login::Agent {
        return mochat_setup::add(args, context).await;
    }
    let at = place(kind, args.account());
    let url_key = if login == Login::Token { "baseUrl" } else { "apiBaseUrl" };
    let fields = [
        ("apiKey", said(args.token.as_ref())),
        ("authToken", said(args.auth_token.as_ref())),
        ("userId", said(args.user_id.as_ref())),
        (url_key, args.http_url.as_deref()),
        ("name", args.name.as_deref()),
    ];
    let mut changes: Vec<_> =
        fields.into_iter().filter_map(|(key, value)| Some((at.key(key), Change::Set(Value::from(value?))))).collect();
    changes.push((at.key("enabled"), Change::Set(Value::Bool(true))));
    if login == Login::Token && args.account() != DEFAULT_ACCOUNT {
        changes.extend(beside(kind, context)?);
    }
    change(context, &changes)
}

impl AddArgs {
    pub(super) fn account(&self) -> &str {
        self.account.as_deref().unwrap_or(DEFAULT_ACCOUNT)
    }

    fn check(&self, kind: &Kind, login: Login) -> Result<(), CliError> {
        let usage = |text: String| Err(CliError::Usage(text));
        let (key, token) = (said(self.token.as_ref()), said(self.auth_token.as_ref()));
        match login {
            Login::None | Login::Key | Login::Token if self.email.is_some() || self.agent_user_id.is_some() => {
                return usage(format!("{} takes no --email and --agent-user-id", kind.name));
            }
            Login::Agent if token.is_some() || self.user_id.is_some() || self.use_env => {
                return usage(format!("{} takes no --auth-token, --user-id and --use-env", kind.name));
            }
            Login::Key if key.is_none() => return usage(format!("{} requires --token <apiKey>", kind.name)),
            Login::None | Login::Token if key.is_some() => {
                return usage(format!("{} takes no --token: it needs no key", kind.name));
            }
            Login::None | Login::Key if token.is_some() || self.user_id.is_some() || self.use_env => {
                return usage(format!("{} takes no --auth-token, --user-id and --use-env", kind.name));
            }
            Login::None | Login::Key | Login::Agent => return Ok(()),
            Login::Token => {}
        }
        if self.use_env && self.account() != DEFAULT_ACCOUNT {
            return usage(format!("{} env vars can only be used for the default account.", kind.label));
        }
        let whole = token.is_some() && said(self.user_id.as_ref()).is_some() && said(self.http_url.as_ref()).is_some();
        if !whole && !self.use_env {
            return usage(format!("{} requires --auth-token, --user-id, and --http-url (or --use-env).", kind.label));
        }
        let is_web = |text: &str| Url::parse(text.trim()).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if self.http_url.as_deref().is_some_and(|text| !is_web(text)) {
            return usage(format!("{} --http-url must include a valid base URL.", kind.label));
        }
        Ok(())
    }
}

/// Returns what keeps the default account beside a first named one: it is an account by its entry then, and its name is its own.
fn beside(kind: &Kind, context: &Context) -> Result<Vec<(KeyPath, Change)>, CliError> {
    let config = context.config()?;
    let top = place(kind, DEFAULT_ACCOUNT);
    let own = top.key("accounts").key(DEFAULT_ACCOUNT);
    let mut changes = vec![(top.key("enabled"), Change::Set(Value::Bool(true)))];
    if let Some(name) = config.get(&top.key("name")) {
        changes.push((own.key("name"), Change::Set(name)));
        changes.push((top.key("name"), Change::Unset));
    }
    let has_login = LOGIN_KEYS.iter().any(|key| config.get(&top.key(key)).is_some());
    if has_login && config.get(&own).is_none() {
        changes.push((own.key("enabled"), Change::Set(Value::Bool(true))));
    }
    Ok(changes)
}

fn said(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.trim().is_empty())
}
