//! `callboard channels`.

use callboard_actors::channel::{Account, KINDS, Kind};
use clap::Subcommand;
use serde_json::{Value, json};

use super::actors::changed;
use super::channel_notes::notes;
use super::channels_add::{self, AddArgs, Login, login};
use super::client::Body;
use super::config::change;
use super::context::Context;
use super::error::CliError;
use super::mochat_setup;
use super::output::{Output, field, items, rows, table};
use crate::config::KeyPath;
use crate::config::edit::Change;

/// The account that the top of an integration's section is.
pub(super) const DEFAULT_ACCOUNT: &str = "default";

/// What stands in the place of an empty list.
const NO_ACCOUNTS: &str = "no channel accounts: see `callboard channels add --help`";

/// What to do with channel accounts.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

impl Args {
    /// Returns whether the action has a `--token` of its own.
    pub(super) const fn owns_token(&self) -> bool {
        matches!(self.action, Action::Add(_))
    }
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the accounts of the config file.
    List,
    /// Put an account into the config file.
    Add(AddArgs),
    /// Change an account's token for a new one, with its server and in the config file.
    RotateToken(AccountArgs),
    /// Take an account out of the config file.
    Remove(AccountArgs),
    /// Show the accounts of the running gateway.
    Status,
    /// Ask the platform whether an account could be used; every account without a name.
    Probe(ProbeArgs),
    /// Make an account's link anew; what waits for it stays.
    Restart(AccountArgs),
    /// Take an account's link down.
    Stop(AccountArgs),
    /// Bring an account's link up.
    Start(AccountArgs),
}

#[derive(Debug, clap::Args)]
struct AccountArgs {
    /// The integration, for example socket-chat.
    #[arg(required_unless_present = "channel_flag")]
    channel: Option<String>,
    /// The same as a flag.
    #[arg(long = "channel", value_name = "CHANNEL", conflicts_with = "channel")]
    channel_flag: Option<String>,
    /// The account's id; without it the default one.
    #[arg(long, value_name = "ID")]
    account: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ProbeArgs {
    /// The integration; without it every account.
    channel: Option<String>,
    /// The account's id; without it the default one.
    #[arg(long, value_name = "ID", requires = "channel")]
    account: Option<String>,
}

impl AccountArgs {
    fn channel(&self) -> &str {
        self.channel.as_deref().or(self.channel_flag.as_deref()).unwrap_or_default()
    }

    fn account(&self) -> &str {
        self.account.as_deref().unwrap_or(DEFAULT_ACCOUNT)
    }
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    match args.action {
        Action::List => list(context),
        Action::Add(args) => channels_add::add(&args, context).await,
        Action::RotateToken(args) => mochat_setup::rotate(kind(args.channel())?, args.account(), context).await,
        Action::Remove(args) => remove(&args, context),
        Action::Status => {
            let body = context.client()?.get(&["admin", "channels"]).await?;
            context.output.answer(body, status)
        }
        Action::Probe(args) => probe(&args, context).await,
        Action::Restart(args) => switch(&args, "restart", context).await,
        Action::Stop(args) => switch(&args, "stop", context).await,
        Action::Start(args) => switch(&args, "start", context).await,
    }
}

async fn switch(args: &AccountArgs, verb: &str, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    let spinner = context.output.spinner("waiting for the account");
    let body = client.post(&["admin", "channels", args.channel(), args.account(), verb], None).await?;
    drop(spinner);
    context.output.answer(body, |change| changed(&format!("{}:{}", args.channel(), args.account()), change))
}

/// Shows the accounts of a running gateway.
pub(super) fn status(body: &Value) -> String {
    let pointers = ["/channel", "/account", "/label", "/enabled", "/state", "/link", "/code", "/reason"];
    let header = ["CHANNEL", "ACCOUNT", "NAME", "ENABLED", "STATE", "LINK", "CODE", "REASON"];
    let table = table(&header, &rows(body, "channels", &pointers), NO_ACCOUNTS);
    let notes = notes(body);
    if notes.is_empty() { table } else { format!("{table}\n\n{notes}") }
}

async fn probe(args: &ProbeArgs, context: &Context) -> Result<(), CliError> {
    let client = context.client()?;
    let spinner = context.output.spinner("asking the platform");
    let accounts = match &args.channel {
        Some(channel) => vec![(channel.clone(), args.account.clone().unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned()))],
        None => {
            let known = client.get(&["admin", "channels"]).await?.checked()?;
            items(&known.json, "channels").iter().map(|known| (field(known, "/channel"), field(known, "/account"))).collect()
        }
    };
    let mut bodies = Vec::new();
    for (channel, account) in accounts {
        let body = client.post(&["admin", "channels", &channel, &account, "probe"], None).await?;
        bodies.push((format!("{channel}:{account}"), body));
    }
    drop(spinner);
    // Every account is shown; the first that cannot be used is the command's failure.
    let shown: Vec<_> = bodies.into_iter().map(|(id, body)| one_probe(&id, body, context.output)).collect();
    shown.into_iter().collect()
}

fn one_probe(id: &str, body: Body, output: Output) -> Result<(), CliError> {
    let ok = body.json.pointer("/probe/ok").and_then(Value::as_bool) == Some(true);
    let error = field(&body.json, "/probe/error");
    let state = if ok { "ok" } else { "failed" };
    output.answer(body, |answer| format!("{id}: {state} {}", facts(&answer["probe"])))?;
    if ok { Ok(()) } else { Err(CliError::failed(format!("{id} cannot be used: {error}"))) }
}

/// Shows what the platform told, on one line.
fn facts(probe: &Value) -> String {
    let told = probe.as_object().into_iter().flatten().filter(|(key, _)| *key != "ok");
    told.map(|(key, value)| format!("{key}={}", field(value, ""))).collect::<Vec<_>>().join(" ")
}

fn list(context: &Context) -> Result<(), CliError> {
    let config = context.config()?;
    let listed: Vec<Value> = config.slices.accounts.iter().map(described).collect();
    let body = json!({ "channels": listed });
    let rows = rows(&body, "channels", &["/channel", "/account", "/label", "/enabled"]);
    context.output.local(&body, || table(&["CHANNEL", "ACCOUNT", "NAME", "ENABLED"], &rows, NO_ACCOUNTS));
    Ok(())
}

fn described(account: &Account) -> Value {
    let mut shown = account.platform.status();
    shown.insert("channel".to_owned(), account.key.channel().into());
    shown.insert("account".to_owned(), account.key.account().into());
    shown.insert("label".to_owned(), account.label.as_str().into());
    shown.insert("enabled".to_owned(), account.enabled.into());
    Value::Object(shown)
}

fn remove(args: &AccountArgs, context: &Context) -> Result<(), CliError> {
    let kind = kind(args.channel())?;
    let config = context.config()?;
    let known =
        |account: &&Account| account.key.channel() == kind.name && account.key.account() == args.account().to_lowercase();
    if config.slices.accounts.iter().find(known).is_none() {
        return Err(CliError::failed(format!(
            "there is no account {}:{}; see `callboard channels list`",
            kind.name,
            args.account()
        )));
    }
    let at = place(kind, args.account());
    let Some(section) = config.get(&at) else {
        let off = at.key("enabled");
        return Err(CliError::failed(format!(
            "{}:{} is built in and stands in no file: `callboard config set {off} false` keeps it from running",
            kind.name,
            args.account()
        )));
    };
    if args.account() != DEFAULT_ACCOUNT || section.get("accounts").is_none() {
        return change(context, &[(at, Change::Unset)]);
    }
    // The other accounts stay: the default one is what stands beside them.
    let goes = |key: &&String| match login(kind) {
        // The others take the rest of it from there.
        Login::Token => channels_add::LOGIN_KEYS.contains(&key.as_str()),
        Login::Agent => mochat_setup::LOGIN_KEYS.contains(&key.as_str()),
        Login::Key | Login::None => *key != "accounts",
    };
    let own = section.as_object().into_iter().flat_map(serde_json::Map::keys).filter(goes);
    let mut changes: Vec<_> = own.map(|key| (at.key(key), Change::Unset)).collect();
    let beside = at.key("accounts").key(DEFAULT_ACCOUNT);
    if config.get(&beside).is_some() {
        changes.push((beside, Change::Unset));
    }
    change(context, &changes)
}

/// Returns where an account stands in the config file.
pub(super) fn place(kind: &Kind, account: &str) -> KeyPath {
    let section = KeyPath::default().key("channels").key(kind.name);
    if account == DEFAULT_ACCOUNT { section } else { section.key("accounts").key(account) }
}

pub(super) fn kind(name: &str) -> Result<&'static Kind, CliError> {
    let known = || KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    KINDS
        .iter()
        .find(|kind| kind.name == name.to_lowercase())
        .ok_or_else(|| CliError::Usage(format!("no integration is called `{name}`; there are: {}", known())))
}
