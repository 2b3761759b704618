//! Reads commands: a message that is nothing but one.

/// What can be ordered in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// What can be ordered.
    Help,
    /// Where the session stands.
    Status,
    /// Who the gateway takes the writer for.
    Whoami,
    /// To begin the session anew.
    New,
    /// The same.
    Reset,
    /// To end what runs and what waits.
    Stop,
    /// To sum up what was said before.
    Compact,
    /// What becomes of messages that come while a turn runs.
    Queue,
    /// Which model answers.
    Model,
    /// Which models there are.
    Models,
    /// How much the model thinks.
    Think,
    /// Whether tools are shown.
    Verbose,
    /// Whether reasoning is shown.
    Reasoning,
    /// Whether answers end with what they cost.
    Usage,
    /// When the session answers in a group.
    Activation,
    /// Whether answers are sent.
    Send,
    /// To restart the gateway.
    Restart,
    /// Who may talk.
    Allowlist,
    /// The configuration.
    Config,
    /// Settings for the life of the process.
    Debug,
    /// Which programs a tool may run elsewhere than in its box: there is no such tool.
    Elevated,
    /// Where and how a tool runs programs: there is no such tool.
    Exec,
}

impl Command {
    /// Returns whether directives may follow it: it is one itself, only says something, or is followed by a message.
    pub(super) const fn stands_with_directives(self) -> bool {
        match self {
            Self::Think | Self::Verbose | Self::Reasoning | Self::Model | Self::Queue => true,
            Self::Help | Self::Status | Self::Whoami | Self::New | Self::Reset => true,
            Self::Stop | Self::Compact | Self::Models | Self::Usage | Self::Activation | Self::Send => false,
            Self::Restart | Self::Allowlist | Self::Config | Self::Debug | Self::Elevated | Self::Exec => false,
        }
    }
}

/// Every command with its names, the first of which is shown, what may follow it, and what it is for; one that is for nothing here is not
/// shown.
pub(super) const COMMANDS: &[(Command, &[&str], &str, &str)] = &[
    (Command::Help, &["help", "commands"], "", "shows this list"),
    (Command::Status, &["status"], "", "shows where this session stands"),
    (Command::Whoami, &["whoami", "id"], "", "shows who you are here"),
    (Command::New, &["new"], "[model] [text]", "begins this session anew"),
    (Command::Reset, &["reset"], "[model] [text]", "begins this session anew"),
    (Command::Stop, &["stop"], "", "ends what runs and what waits"),
    (Command::Compact, &["compact"], "[what to look at]", "sums up what was said before"),
    (Command::Queue, &["queue"], "[mode debounce:2s cap:25 drop:old|new|summarize | default]", "messages while a turn runs"),
    (Command::Model, &["model"], "[provider/model | default]", "which model answers"),
    (Command::Models, &["models"], "", "which models there are"),
    (Command::Think, &["think", "thinking", "t"], "[off|minimal|low|medium|high | default]", "how much the model thinks"),
    (Command::Verbose, &["verbose", "v"], "[on|off | default]", "whether tools are shown"),
    (Command::Reasoning, &["reasoning", "reason"], "[on|off|stream | default]", "whether reasoning is shown"),
    (Command::Usage, &["usage"], "[off|tokens|full | default]", "whether answers end with what they cost"),
    (Command::Activation, &["activation"], "[mention|always | default]", "when it answers in a group"),
    (Command::Send, &["send"], "[on|off|inherit]", "whether answers are sent"),
    (Command::Restart, &["restart"], "", "restarts the gateway"),
    (Command::Allowlist, &["allowlist"], "[list|add|remove] [dm|group] [--config|--store] [id]", "who may talk"),
    (Command::Config, &["config"], "[show|get|set|unset] [path[=value]]", "the configuration"),
    (Command::Debug, &["debug"], "[show|set|unset|reset] [path[=value]]", "settings until the next start"),
    (Command::Elevated, &["elevated", "elev"], "", ""),
    (Command::Exec, &["exec"], "", ""),
];

/// Words that stop a turn as the whole of a message, in any case.
const STOP_WORDS: &[&str] = &["stop", "esc", "abort", "wait", "exit", "interrupt"];

/// A command with what follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which.
    pub command: Command,
    /// What follows it, trimmed.
    pub rest: String,
    /// How it was written.
    pub form: Form,
}

/// How a command was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// With a stroke before it: it can be nothing else.
    Stroke,
    /// As a word that may be meant as what it says.
    Word,
}

/// Reads a message that is a command: `/name rest`, `/name: rest`, a word that stops, or a word of `triggers`, which begin the
/// session anew. `None` for every other message, also for a command that nobody knows.
#[must_use]
pub fn read(text: &str, triggers: &[String]) -> Option<Order> {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let (word, rest) = (word.to_lowercase(), rest.trim().to_owned());
    if triggers.iter().any(|trigger| trigger.to_lowercase() == word) {
        return Some(Order { command: Command::New, rest, form: Form::Stroke });
    }
    if STOP_WORDS.contains(&word.as_str()) && rest.is_empty() {
        return Some(Order { command: Command::Stop, rest, form: Form::Word });
    }
    let (name, joined) = word.strip_prefix('/')?.split_once(':').unwrap_or((word.strip_prefix('/')?, ""));
    let (command, ..) = COMMANDS.iter().find(|(_, names, ..)| names.contains(&name))?;
    // `/think:high` says the same as `/think high`; the case of what follows stays.
    let rest = if joined.is_empty() { rest } else { after_colon(text) };
    Some(Order { command: *command, rest, form: Form::Stroke })
}

fn after_colon(text: &str) -> String {
    text.split_once(':').map(|(_, rest)| rest.trim().to_owned()).unwrap_or_default()
}
