//! What a command does, and what is answered: a pure function of the command and of what the session knows.

use std::fmt::Write as _;

use super::errand;
use super::parse::{COMMANDS, Command, Order};
use super::rules::{CommandRules, Standing};
use crate::message::{ChatKind, Inbound, SessionKey};
use crate::ports::Errand;
use crate::session::queue::{QueuePolicy, QueueWish};

/// What the session knows of itself.
#[derive(Clone, Debug)]
pub(super) struct Known<'a> {
    pub(super) key: &'a SessionKey,
    pub(super) queue: QueuePolicy,
    /// The session's own word on its queue.
    pub(super) own_queue: Option<QueueWish>,
    pub(super) model: Option<&'a str>,
    /// The models that can be named.
    pub(super) models: &'a [String],
    pub(super) thinking: Option<&'a str>,
    pub(super) sends: &'static str,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It says something.
    Say(String),
    /// It sets one of the session's settings, or clears it.
    Set { field: &'static str, value: Option<String>, say: String },
    /// It sets the model, once somebody knows it.
    Model(String),
    /// It begins the session anew, with another model if one is named, and answers what follows in it.
    Renew {
        /// The model.
        model: Option<String>,
        /// What is answered.
        rest: Option<String>,
    },
    /// It ends what runs and what waits.
    Stop,
    /// It sums the conversation up, looking at what is named besides.
    Compact(Option<String>),
    /// It does all of these, which only say or set something.
    Several(Vec<Effect>),
    /// It has somebody else do something to the gateway itself.
    Errand(Errand),
}

/// What is answered where a setting of the tool `exec` is ordered. An agent would take it for a request, and say that it is done.
pub(super) const NO_PROGRAMS: &str =
    "Nothing was changed: there is no tool here that runs programs, so that there is nothing to set or to elevate.";

/// The settings that are a word of a list: their command, their field, the words.
const LEVELS: &[(Command, &str, &[&str])] = &[
    (Command::Think, "thinkingLevel", &["off", "minimal", "low", "medium", "high"]),
    (Command::Verbose, "verboseLevel", &["on", "off"]),
    (Command::Reasoning, "reasoningLevel", &["on", "off", "stream"]),
    (Command::Usage, "responseUsage", &["off", "tokens", "full"]),
    (Command::Activation, "groupActivation", &["mention", "always"]),
];

/// Returns the words that a setting may have; none for what is no setting.
pub(super) fn words_of(command: Command) -> &'static [&'static str] {
    LEVELS.iter().find(|(of, ..)| *of == command).map_or(&[], |(.., words)| words)
}

/// Returns what a command does.
pub(super) fn effect(order: &Order, standing: Standing, rules: &CommandRules, inbound: &Inbound, known: &Known<'_>) -> Effect {
    let Order { command, rest, .. } = order;
    if let Some(why) = rules.refusal(*command, standing) {
        return Effect::Say(why);
    }
    match command {
        Command::Help => Effect::Say(help()),
        Command::Status => Effect::Say(status(known)),
        Command::Whoami => Effect::Say(whoami(inbound, standing)),
        Command::New | Command::Reset => renew(rest, known.models),
        Command::Stop => Effect::Stop,
        Command::Queue => queue(rest, known),
        Command::Model if rest.is_empty() => Effect::Say(format!("Model: {}", known.model.unwrap_or("the default"))),
        Command::Model if is_default(rest) => set("model", None, "Model: the default."),
        Command::Model => Effect::Model(rest.clone()),
        Command::Models if known.models.is_empty() => Effect::Say("No models are named in the settings.".to_owned()),
        Command::Models => Effect::Say(format!("Models:\n{}", known.models.join("\n"))),
        Command::Send => send(rest, known),
        Command::Think | Command::Verbose | Command::Reasoning | Command::Usage | Command::Activation => {
            level(*command, rest, inbound, known)
        }
        Command::Compact => Effect::Compact(Some(rest.clone()).filter(|rest| !rest.is_empty())),
        Command::Restart | Command::Allowlist | Command::Config | Command::Debug => errand(*command, rest, rules),
        Command::Elevated | Command::Exec => Effect::Say(NO_PROGRAMS.to_owned()),
    }
}

/// Reads what follows a command that begins anew: a model as the settings spell it, in any case, then words. What is no model is a word.
fn renew(rest: &str, models: &[String]) -> Effect {
    let (word, behind) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let model = models.iter().find(|model| model.eq_ignore_ascii_case(word)).cloned();
    let rest = if model.is_some() { behind.trim() } else { rest };
    Effect::Renew { model, rest: Some(rest.to_owned()).filter(|rest| !rest.is_empty()) }
}

fn errand(command: Command, rest: &str, rules: &CommandRules) -> Effect {
    match errand::read(command, rest) {
        Some(Ok(errand)) => rules.refusal_of(&errand).map_or(Effect::Errand(errand), Effect::Say),
        Some(Err(usage)) => Effect::Say(usage.to_owned()),
        None => later("`callboard --help` lists what there is"),
    }
}

/// Returns what a message of nothing but directives does.
pub(super) fn effects(
    orders: &[Order],
    standing: Standing,
    rules: &CommandRules,
    inbound: &Inbound,
    known: &Known<'_>,
) -> Effect {
    Effect::Several(orders.iter().map(|order| effect(order, standing, rules, inbound, known)).collect())
}

fn later(instead: &str) -> Effect {
    Effect::Say(format!("This command is not implemented yet: {instead}."))
}

fn set(field: &'static str, value: Option<&str>, say: &str) -> Effect {
    Effect::Set { field, value: value.map(str::to_owned), say: say.to_owned() }
}

pub(in crate::session) fn is_default(word: &str) -> bool {
    word.eq_ignore_ascii_case("default") || word.eq_ignore_ascii_case("inherit")
}

fn help() -> String {
    let mut text = "Commands:".to_owned();
    for (_, names, follows, about) in COMMANDS.iter().filter(|(.., about)| !about.is_empty()) {
        let name = names.first().copied().unwrap_or_default();
        let gap = if follows.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(text, "\n/{name}{gap}{follows}: {about}");
    }
    text
}

fn status(known: &Known<'_>) -> String {
    let Known { key, queue, model, thinking, sends, .. } = known;
    let (model, thinking) = (model.unwrap_or("the default"), thinking.unwrap_or("the default"));
    format!("Session: {key}\nModel: {model}\nThinking: {thinking}\nQueue: {queue}\nAnswers are sent: {sends}")
}

fn whoami(inbound: &Inbound, standing: Standing) -> String {
    let (peer, account) = (&inbound.route.peer, &inbound.route.account);
    let standing = match standing {
        Standing::Stranger => "nobody",
        Standing::Member => "may order what concerns this session",
        Standing::Owner => "may order what concerns the gateway",
        Standing::Client => "a control client",
    };
    format!(
        "Id: {}\nName: {}\nChannel: {}\nAccount: {}\nStanding: {standing}",
        peer.id,
        peer.name,
        account.channel(),
        account.account()
    )
}

fn queue(rest: &str, known: &Known<'_>) -> Effect {
    match rest {
        "" => Effect::Say(format!("Queue: {}", known.queue)),
        word if is_default(word) => set("queue", None, "Queue: as the settings have it."),
        words => match QueueWish::parse(words) {
            Ok(wish) => {
                let own = known.own_queue.unwrap_or_default().with(&wish);
                Effect::Set { field: "queue", value: Some(own.to_string()), say: format!("Queue: {}", own.over(known.queue)) }
            }
            Err(error) => Effect::Say(error.to_string()),
        },
    }
}

fn send(rest: &str, known: &Known<'_>) -> Effect {
    match rest.to_lowercase().as_str() {
        "" => Effect::Say(format!("Answers are sent: {}", known.sends)),
        "on" | "allow" => set("sendPolicy", Some("allow"), "Answers are sent: on."),
        "off" | "deny" => set("sendPolicy", Some("deny"), "Answers are sent: off."),
        word if is_default(word) => set("sendPolicy", None, "Answers are sent: as the settings have it."),
        _ => Effect::Say("Use /send on, off or inherit.".to_owned()),
    }
}

fn level(command: Command, rest: &str, inbound: &Inbound, known: &Known<'_>) -> Effect {
    let Some((_, field, words)) = LEVELS.iter().find(|(of, ..)| *of == command) else { return later("sessions.patch sets it") };
    if command == Command::Activation && inbound.route.chat.kind == ChatKind::Direct {
        return Effect::Say("Only groups have this: in a direct chat every message is answered.".to_owned());
    }
    let word = rest.to_lowercase();
    match word.as_str() {
        "" if command == Command::Think => Effect::Say(format!("Thinking: {}", known.thinking.unwrap_or("the default"))),
        word if words.contains(&word) => set(field, Some(word), &format!("Set to {word}.")),
        word if is_default(word) => set(field, None, "As the settings have it."),
        _ => Effect::Say(format!("Use one of {}, or default.", words.join(", "))),
    }
}
