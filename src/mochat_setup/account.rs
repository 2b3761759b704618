//! What is known of an account, where its token is kept, and what the configuration has to say of it.

use std::path::{Path, PathBuf};

use callboard_actors::channel::mochat::{NAME, Registrar};
use callboard_actors::core::Clock;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::VARIABLE;
use crate::config::setup::make_folder;
use crate::config::{Config, ConfigError, KeyPath, edit, with_underscores};

/// The account that may stand at the top of the section.
const DEFAULT_ACCOUNT: &str = "default";
/// Where the server is where nobody says.
const DEFAULT_BASE_URL: &str = "https://mochat.io";
/// The longest file with a token that is read, bytes.
const KEPT_BYTES_MAX: u64 = 64 * 1024;

/// An agent on the server.
#[derive(Clone, Debug)]
pub struct Agent {
    /// Its token.
    pub token: SecretString,
    /// The id of its user.
    pub user_id: String,
}

impl Agent {
    /// Returns whether a text of it would be replaced in the config file by what a variable says.
    pub(super) fn names_a_variable(&self) -> bool {
        self.token.expose_secret().contains(VARIABLE) || self.user_id.contains(VARIABLE)
    }
}

/// Where things are that an account is looked up in.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    /// The configuration.
    pub config: Config,
    /// The state folder.
    pub state_dir: &'a Path,
    /// Says when things were, and bounds calls.
    pub clock: Clock,
}

/// What is known of an account.
pub struct Account {
    config: Config,
    /// Where its own settings stand.
    at: KeyPath,
    /// The section.
    top: KeyPath,
    id: String,
    base: String,
    file: PathBuf,
    clock: Clock,
}

impl Account {
    /// Looks an account up; `url` is its server, where somebody says.
    #[must_use]
    pub fn new(places: Places<'_>, id: &str, url: Option<&str>) -> Self {
        let Places { config, state_dir, clock } = places;
        let top = KeyPath::default().key("channels").key(NAME);
        let at = if id == DEFAULT_ACCOUNT { place_of_default(&top, &config) } else { top.key("accounts").key(id) };
        let file = state_dir.join("credentials").join(format!("{NAME}-{id}.json"));
        let mut account = Self { config, at, top, id: id.to_owned(), base: String::new(), file, clock };
        let said = url.map(str::to_owned).or_else(|| account.inherited("baseUrl"));
        said.as_deref().unwrap_or(DEFAULT_BASE_URL).trim().trim_end_matches('/').clone_into(&mut account.base);
        account
    }

    /// Returns who speaks to its server.
    #[must_use]
    pub fn registrar(&self) -> Registrar {
        Registrar::new(&self.base, self.inherited("caPem"), self.clock.clone())
    }

    /// Returns where a setting of it stands, in the spelling that the file has.
    #[must_use]
    pub fn key(&self, name: &str) -> KeyPath {
        self.spelled(&self.at, name)
    }

    /// Returns the agent that is there: in the config file, or kept by an earlier run. Reads a file.
    #[must_use]
    pub fn known(&self) -> Option<Agent> {
        let known = self.configured().or_else(|| self.kept());
        known.map(|(token, user_id)| Agent { token: token.into(), user_id })
    }

    /// Returns the token that a run has kept of the same agent, where it is another than this one: a run that could not write the
    /// configuration leaves it so.
    #[must_use]
    pub fn kept_of(&self, agent: &Agent) -> Option<SecretString> {
        let (token, user_id) = self.kept()?;
        (user_id == agent.user_id && token != agent.token.expose_secret()).then(|| token.into())
    }

    fn configured(&self) -> Option<(String, String)> {
        // A named account has an agent of its own.
        let text = |name| if self.id == DEFAULT_ACCOUNT { self.inherited(name) } else { self.own(name) };
        let base = self.inherited("baseUrl").unwrap_or_else(|| DEFAULT_BASE_URL.to_owned());
        // No token goes to another server than its own.
        let is_here = base.trim().trim_end_matches('/') == self.base;
        text("clawToken").zip(text("agentUserId")).filter(|_| is_here)
    }

    fn kept_file(&self) -> Option<Map<String, Value>> {
        let is_short = std::fs::metadata(&self.file).is_ok_and(|file| file.len() <= KEPT_BYTES_MAX);
        let text = is_short.then(|| std::fs::read_to_string(&self.file).ok()).flatten()?;
        serde_json::from_str(&text).ok()
    }

    fn kept(&self) -> Option<(String, String)> {
        let kept = self.kept_file()?;
        let text = |key: &str| kept.get(key).and_then(Value::as_str).map(str::to_owned);
        // An agent of another server is none here.
        text("token").zip(text("botUserId")).filter(|_| text("baseUrl").is_none_or(|base| base == self.base))
    }

    /// Returns where its token is kept.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Makes the folder of that file, which only the owner enters.
    ///
    /// # Errors
    /// Names it, and what the system said.
    pub fn make_folder(&self) -> Result<(), ConfigError> {
        self.file.parent().map_or(Ok(()), make_folder)
    }

    /// Keeps an agent's token where nobody else can read it, and what else is to be known; what is known of the agent already stays.
    ///
    /// # Errors
    /// Names the file, and what the system said.
    pub fn keep(&self, agent: &Agent, more: &[(&str, Option<String>)]) -> Result<(), ConfigError> {
        self.make_folder()?;
        let first = [
            ("baseUrl", json!(self.base)),
            ("token", json!(agent.token.expose_secret())),
            ("botUserId", json!(agent.user_id)),
            ("registeredAt", json!(self.clock.now_ms())),
        ];
        let more = more.iter().map(|(key, value)| (*key, json!(value)));
        let is_same = |kept: &Map<String, Value>| kept.get("botUserId").and_then(Value::as_str) == Some(agent.user_id.as_str());
        let mut kept = self.kept_file().filter(is_same).unwrap_or_default();
        kept.extend(first.into_iter().chain(more).map(|(key, value)| (key.to_owned(), value)));
        edit::write(&self.file, &format!("{:#}\n", Value::Object(kept)))
    }

    /// Returns what has to be set for the account to run with an agent. What says so already is left as it is, a variable that
    /// stands for the token too; so are lists that are there.
    #[must_use]
    pub fn changes(&self, agent: &Agent, name: Option<&str>) -> Vec<(KeyPath, Value)> {
        let texts = [
            ("baseUrl", Some(self.base.as_str())),
            ("clawToken", Some(agent.token.expose_secret())),
            ("agentUserId", Some(&agent.user_id)),
            ("name", name),
        ];
        let other = |name: &str, text: &str| self.inherited(name).is_none_or(|said| said.trim().trim_end_matches('/') != text);
        let texts = texts.into_iter().filter_map(|(name, text)| text.map(|text| (name, text)));
        let mut changes: Vec<_> =
            texts.filter(|(name, text)| other(name, text)).map(|(name, text)| (self.key(name), json!(text))).collect();
        if self.value(&self.key("enabled")) != Some(json!(true)) {
            changes.push((self.key("enabled"), json!(true)));
        }
        // Off at the top, no account runs.
        if self.value(&self.top.key("enabled")) == Some(json!(false)) && self.at != self.top {
            changes.push((self.top.key("enabled"), json!(true)));
        }
        for list in ["sessions", "panels"] {
            if [&self.at, &self.top].iter().all(|at| self.value(&self.spelled(at, list)).is_none()) {
                changes.push((self.key(list), json!(["*"])));
            }
        }
        changes.extend(self.beside());
        changes
    }

    /// Returns what keeps the account at the top of the section beside a first named one: it is an account by its entry then.
    fn beside(&self) -> Option<(KeyPath, Value)> {
        let own = self.top.key("accounts").key(DEFAULT_ACCOUNT);
        let has_login = ["clawToken", "claw_token"].iter().any(|key| self.value(&self.top.key(key)).is_some());
        let needed = self.id != DEFAULT_ACCOUNT && has_login && self.value(&own).is_none();
        needed.then(|| (own.key("enabled"), json!(true)))
    }

    fn spelled(&self, at: &KeyPath, name: &str) -> KeyPath {
        let other = at.key(&with_underscores(name));
        if self.value(&other).is_some() { other } else { at.key(name) }
    }

    fn value(&self, path: &KeyPath) -> Option<Value> {
        self.config.get(path)
    }

    /// Returns a text that it says itself.
    fn own(&self, name: &str) -> Option<String> {
        self.text(&self.key(name))
    }

    /// Returns a text that it or the top of its section says.
    fn inherited(&self, name: &str) -> Option<String> {
        self.own(name).or_else(|| self.text(&self.spelled(&self.top, name)))
    }

    fn text(&self, path: &KeyPath) -> Option<String> {
        let secret = self.config.secret(path)?;
        Some(secret.expose_secret().to_owned()).filter(|text| !text.trim().is_empty())
    }
}

/// Returns where the default account's settings go: into its own entry beside others, else to the top of the section.
fn place_of_default(top: &KeyPath, config: &Config) -> KeyPath {
    let accounts = top.key("accounts");
    let own = accounts.key(DEFAULT_ACCOUNT);
    let keys = |path: &KeyPath| config.get(path).and_then(|value| value.as_object().map(|map| map.len()));
    match (keys(&accounts), keys(&own)) {
        (None | Some(0), _) | (_, Some(0)) => top.clone(),
        _ => own,
    }
}
