//! Who may order what: pure functions of the settings and the message.

use std::collections::{BTreeMap, BTreeSet};

use super::inline::Cut;
use super::parse::{Command, Form, Order};
use crate::agent::Asker;
use crate::message::{AccountKey, ChatKind, Inbound, OrderedBy};
use crate::ports::Errand;

/// The settings of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandRules {
    /// Whether commands are read out of messages (`commands.text`). A stop always is.
    pub text: Allowed,
    /// Whether the configuration may be looked at and changed (`commands.config`).
    pub config: Allowed,
    /// Whether settings may be laid over it for the life of the process (`commands.debug`).
    pub debug: Allowed,
    /// Whether the gateway may be restarted (`commands.restart`).
    pub restart: Allowed,
    /// Whether the access lists of the account decide who may order (`commands.useAccessGroups`).
    pub access_groups: AccessGroups,
    /// Who writes on each account.
    pub writers: BTreeMap<AccountKey, Writers>,
    /// Words that begin a session anew, beside the commands (`session.resetTriggers`).
    pub reset_triggers: Vec<String>,
}

impl Default for CommandRules {
    fn default() -> Self {
        Self {
            text: Allowed::Yes,
            config: Allowed::No,
            debug: Allowed::No,
            restart: Allowed::No,
            access_groups: AccessGroups::Used,
            writers: BTreeMap::new(),
            reset_triggers: Vec::new(),
        }
    }
}

/// Whether something may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// It may.
    Yes,
    /// It may not.
    No,
}

impl From<bool> for Allowed {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Yes } else { Self::No }
    }
}

/// Whether access lists decide who may order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessGroups {
    /// They do.
    Used,
    /// Everybody who may talk may order.
    Ignored,
}

/// How the platform's id of a row begins that `sessions.compact` orders.
pub const COMPACT_MARK: &str = "compact:";

/// Whose words count as orders on one account; ids are lower-cased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writers {
    /// Those whom the account's list names.
    pub owners: BTreeSet<String>,
    /// Those whom its list for groups names: ids, and names with `@` before them, which count once the platform has bound them to an id.
    pub in_groups: BTreeSet<String>,
    /// Who else comes through in a direct chat.
    pub direct: Direct,
}

/// Who comes through to a session in a direct chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direct {
    /// Only those who are listed or were approved.
    #[default]
    Known,
    /// Everybody.
    Everybody,
}

/// What somebody's word counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing.
    Stranger,
    /// What concerns their session.
    Member,
    /// What concerns the gateway as well.
    Owner,
    /// A control client: what concerns the session it names. What concerns the gateway it orders by methods of its own.
    Client,
}

/// What is done with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It is answered by a provider.
    Message,
    /// It is a command.
    Command(Order, Standing),
    /// It is nothing but directives, several of them.
    Directives(Vec<Order>, Standing),
    /// It is a command of somebody whose word does not count: it is ended without an answer.
    Ignored,
}

impl CommandRules {
    /// Reads a message.
    #[must_use]
    pub fn read(&self, inbound: &Inbound) -> Reading {
        // A task is no order, whatever it says: `wait` may be what is to be done.
        if inbound.is_task() {
            return Reading::Message;
        }
        if let Some(cut) = self.cut(&inbound.text) {
            match self.standing(inbound) {
                // Words of a stranger are text.
                Standing::Stranger if !cut.rest.is_empty() => return Reading::Message,
                standing if standing > Standing::Stranger && cut.rest.is_empty() && cut.orders.len() > 1 => {
                    return Reading::Directives(cut.orders, standing);
                }
                _ => {}
            }
        }
        let Some(order) = super::parse::read(&inbound.text, &self.reset_triggers) else { return Reading::Message };
        // A method of a control client is carried out whatever holds for texts.
        let by_method = inbound.order.is_some() && inbound.platform_id.starts_with(COMPACT_MARK);
        if self.text == Allowed::No && order.command != Command::Stop && !by_method {
            return Reading::Message;
        }
        match (self.standing(inbound), order.form) {
            (Standing::Stranger, Form::Word) => Reading::Message,
            (Standing::Stranger, Form::Stroke) => Reading::Ignored,
            (standing, _) => Reading::Command(order, standing),
        }
    }

    /// Returns whether a message is a command, or several, with a stroke before it, of somebody whose word counts.
    #[must_use]
    pub fn is_order(&self, inbound: &Inbound) -> bool {
        matches!(self.read(inbound), Reading::Command(Order { form: Form::Stroke, .. }, _) | Reading::Directives(..))
    }

    /// Returns whether a message is a command, in whatever form and of whomever, so that it is not answered as a message.
    #[must_use]
    pub fn is_command(&self, inbound: &Inbound) -> bool {
        self.read(inbound) != Reading::Message
    }

    /// Takes the directives out of a message that says something else as well, for the message alone. Of a stranger and of what a
    /// control client orders, which has wishes of its own, none are taken.
    pub(in crate::session) fn directives(&self, inbound: &mut Inbound) -> Vec<Order> {
        if inbound.order.is_some() || self.standing(inbound) == Standing::Stranger {
            return Vec::new();
        }
        match self.cut(&inbound.text) {
            Some(cut) if !cut.rest.is_empty() => {
                inbound.text = cut.rest;
                cut.orders
            }
            _ => Vec::new(),
        }
    }

    /// Cuts the directives out of a text in which they may stand: not where they are what a command is given.
    fn cut(&self, text: &str) -> Option<Cut> {
        let whole = super::parse::read(text, &self.reset_triggers);
        let may = self.text == Allowed::Yes && whole.is_none_or(|order| order.command.stands_with_directives());
        may.then(|| super::inline::cut(text)).flatten()
    }

    /// Returns what the writer's word counts for.
    #[must_use]
    pub fn standing(&self, inbound: &Inbound) -> Standing {
        if inbound.order.is_some() {
            return Standing::Client;
        }
        let least = if self.access_groups == AccessGroups::Ignored { Standing::Member } else { Standing::Stranger };
        let Some(writers) = self.writers.get(&inbound.route.account) else { return least };
        let id = inbound.route.peer.id.to_lowercase();
        let (listed, everybody) =
            (|list: &BTreeSet<String>| id != "*" && list.contains(&id), |list: &BTreeSet<String>| list.contains("*"));
        // What concerns the gateway is for those whom the lists name by their id, and for nobody by a name.
        let named = |list: &BTreeSet<String>| inbound.listed_as.iter().any(|name| list.contains(name));
        let granted = match inbound.route.chat.kind {
            _ if listed(&writers.owners) => Standing::Owner,
            // Policy lets nobody else through.
            ChatKind::Direct if writers.direct == Direct::Known => Standing::Member,
            ChatKind::Direct if named(&writers.owners) || everybody(&writers.owners) => Standing::Member,
            ChatKind::Group | ChatKind::Channel
                if listed(&writers.in_groups) || named(&writers.in_groups) || everybody(&writers.in_groups) =>
            {
                Standing::Member
            }
            ChatKind::Direct | ChatKind::Group | ChatKind::Channel => Standing::Stranger,
        };
        granted.max(least)
    }

    /// Returns whose word the tools of a message's turn go back to.
    #[must_use]
    pub fn asker(&self, inbound: &Inbound) -> Asker {
        let is_owner = match &inbound.order {
            Some(order) => order.by == OrderedBy::Admin,
            None => self.standing(inbound) == Standing::Owner,
        };
        if is_owner && inbound.route.chat.kind == ChatKind::Direct { Asker::Owner } else { Asker::Anybody }
    }

    /// Returns why a command is not carried out, although it was read.
    #[must_use]
    pub fn refusal(&self, command: Command, standing: Standing) -> Option<String> {
        let (name, allowed) = match command {
            Command::Config => ("config", self.config),
            Command::Debug => ("debug", self.debug),
            Command::Restart => ("restart", self.restart),
            // Which of its ways writes the config file is looked at where it is read.
            Command::Allowlist => ("config", Allowed::Yes),
            _ => return None,
        };
        match standing {
            Standing::Client => Some("A control client does this by methods of its own, such as config.patch.".to_owned()),
            Standing::Stranger | Standing::Member => {
                Some("Only those whom allowFrom names by their id may do this.".to_owned())
            }
            Standing::Owner if allowed == Allowed::No => Some(is_off(name)),
            Standing::Owner => None,
        }
    }

    /// Returns why an errand of an owner is not carried out, although its command may be used.
    pub(super) fn refusal_of(&self, errand: &Errand) -> Option<String> {
        let kept = matches!(errand, Errand::Allowlist(errand) if errand.writes_config()) && self.config == Allowed::No;
        kept.then(|| format!("{} Or use --store, for direct chats.", is_off("config")))
    }
}

fn is_off(name: &str) -> String {
    format!("This is off: set commands.{name} to true to allow it.")
}
