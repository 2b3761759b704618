//! `callboard sessions`.

use callboard_actors::client::Scope;
use clap::Subcommand;
use serde_json::{Value, json};

use super::context::Context;
use super::error::CliError;
use super::output::{field, items, rows, table, write_line};

/// What to do with conversations.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List them, the newest first.
    List(ListArgs),
    /// Show the end of one.
    Show(ShowArgs),
    /// Begin one anew; its settings stay.
    Reset(KeyArgs),
    /// Forget one with everything that was said.
    Delete(KeyArgs),
    /// Keep only the end of one.
    Compact(KeyArgs),
    /// Write one out whole, a line of JSON each: the session, then what was said, oldest first.
    Export(KeyArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// How many at the most.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
    /// Only those of this agent.
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ShowArgs {
    /// The conversation's key, for example agent:main:main.
    key: String,
    /// How many messages at the most.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
}

#[derive(Debug, clap::Args)]
struct KeyArgs {
    /// The conversation's key, for example agent:main:main.
    key: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let (key, method, done) = match args.action {
        Action::List(ListArgs { limit, agent }) => {
            let mut params = json!({ "limit": limit });
            if let (Some(agent), Some(fields)) = (agent, params.as_object_mut()) {
                fields.insert("agentId".to_owned(), agent.into());
            }
            let outcome = context.ask(&[Scope::Read], "sessions.list", params).await?;
            return context.output.payload(outcome, list);
        }
        Action::Show(ShowArgs { key, limit }) => {
            let outcome = context.ask(&[Scope::Read], "chat.history", json!({ "sessionKey": key, "limit": limit })).await?;
            return context.output.payload(outcome, history);
        }
        Action::Reset(args) => (args.key, "sessions.reset", Done::Reset),
        Action::Delete(args) => (args.key, "sessions.delete", Done::Deleted),
        Action::Compact(args) => (args.key, "sessions.compact", Done::Compacted),
        Action::Export(args) => return export(&args.key, context).await,
    };
    let outcome = context.ask(&[Scope::Admin], method, json!({ "key": key })).await?;
    context.output.payload(outcome, |told| done.tell(&key, told))
}

/// Writes a transcript to standard output, page after page.
async fn export(key: &str, context: &Context) -> Result<(), CliError> {
    let (mut after, mut session) = (Value::Null, None);
    loop {
        let mut params = json!({ "key": key });
        if let (Some(fields), false) = (params.as_object_mut(), after.is_null()) {
            fields.insert("after".to_owned(), after.clone());
        }
        let page = context.ask(&[Scope::Read], "sessions.export", params).await??.json();
        let id = page.get("sessionId").cloned();
        match &session {
            None => write_line(&page.get("header").cloned().unwrap_or_default().to_string())?,
            Some(known) if *known == id => {}
            Some(_) => {
                return Err(CliError::failed(
                    "the session began anew meanwhile: what was written is the part before; export again",
                ));
            }
        }
        session = Some(id);
        for line in items(&page, "lines") {
            write_line(&line.to_string())?;
        }
        after = page.get("next").cloned().unwrap_or_default();
        if after.is_null() {
            return Ok(());
        }
    }
}

/// What was asked to be done with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Reset,
    Deleted,
    Compacted,
}

impl Done {
    fn tell(self, asked: &str, told: &Value) -> String {
        let key = told.get("key").and_then(Value::as_str).unwrap_or(asked);
        let flag = |name: &str| told.get(name).and_then(Value::as_bool) != Some(false);
        match self {
            Self::Reset => format!("{key} begins anew"),
            Self::Deleted if flag("deleted") => format!("{key} is forgotten"),
            Self::Deleted => format!("there is no {key}"),
            Self::Compacted if flag("compacted") => format!("{key} keeps {} entries", field(told, "/kept")),
            Self::Compacted => match told.pointer("/reason").and_then(Value::as_str) {
                Some(reason) => format!("{key} is as it was: {reason}"),
                None => format!("{key} is short enough"),
            },
        }
    }
}

fn list(told: &Value) -> String {
    let pointers = ["/key", "/kind", "/model", "/totalTokens", "/lastChannel", "/updatedAt"];
    let mut rows = rows(told, "sessions", &pointers);
    for (row, session) in rows.iter_mut().zip(items(told, "sessions")) {
        if let (Some(cell), Some(at)) = (row.last_mut(), session.get("updatedAt").and_then(Value::as_i64)) {
            *cell = moment(at);
        }
    }
    table(&["KEY", "KIND", "MODEL", "TOKENS", "CHANNEL", "UPDATED"], &rows, "no sessions")
}

/// Returns a moment as people read it, to the second.
pub(super) fn moment(unix_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(unix_ms).map_or_else(|_| unix_ms.to_string(), |at| format!("{at:.0}"))
}

fn history(told: &Value) -> String {
    let said: Vec<_> =
        items(told, "messages").iter().map(|message| format!("{}: {}", field(message, "/role"), text_of(message))).collect();
    if said.is_empty() { "nothing was said".to_owned() } else { said.join("\n") }
}

/// Returns the text of a message, whose content is a text or a list of parts.
pub(super) fn text_of(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().filter_map(|part| part.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
