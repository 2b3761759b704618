//! From files and variables to a checked configuration.

use std::path::{Path, PathBuf};

use callboard_actors::channel::{Account, DEFAULTS_KEY, ENV_KEY, KINDS, Kind};
use callboard_actors::ports::MEDIA_MB_MAX;
use secrecy::SecretString;
use serde_json::Value;

use super::include::Whole;
use super::layers::Layer;
use super::model::{Bind, Model};
use super::slices::{self, Slices};
use super::veil::Veil;
use super::{
    ConfigError, Environment, KeyPath, Overlay, Paths, Problem, Segment, Stamp, check, coerce, include, later, layers, redact,
    schema, substitute,
};

/// How large a file named in the configuration may be.
const NAMED_FILE_BYTES_MAX: u64 = 1 << 20;

/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// What is said over the file and the environment: by the command line, and by owners since.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The port.
    pub port: Option<u16>,
    /// The addresses.
    pub bind: Option<Bind>,
    /// The token.
    pub token: Option<SecretString>,
    /// What owners laid over the file since; nothing at the start.
    pub overlay: Overlay,
}

impl Overrides {
    /// Returns the same without what owners laid over the file: what is left after the process, or of the next life in it.
    #[must_use]
    pub fn lasting(&self) -> Self {
        Self { overlay: Overlay::default(), ..self.clone() }
    }
}

/// A checked configuration.
#[derive(Clone)]
pub struct Config {
    /// The typed keys.
    pub model: Model,
    /// What each part of the gateway gets to see.
    pub slices: Slices,
    /// Known keys that have no effect yet, and the like; said once.
    pub warnings: Vec<Problem>,
    /// The files it was made of; none when there is no file and the defaults hold.
    pub files: Vec<PathBuf>,
    /// What every file whose change is a change of the configuration looked like before it was read: its own, and the
    /// certificates and scripts that they name.
    pub seen: Vec<Stamp>,
    /// Everything that holds, defaults included. Private: it holds secrets.
    tree: Value,
    /// The same with the names of variables in the place of their values, and with the keys that have no effect yet: whoever is
    /// shown it and sends it back takes nothing away.
    named: Value,
    /// Hides secrets.
    veil: Veil,
}

impl Config {
    /// Returns the value at a path with every secret in it hidden; `None` where nothing is set.
    #[must_use]
    pub fn get(&self, path: &KeyPath) -> Option<Value> {
        path.find(&self.tree).map(|value| redact(value, path))
    }

    /// Returns the text at a path for whoever has to use it, a secret too; `None` where no text is set.
    #[must_use]
    pub fn secret(&self, path: &KeyPath) -> Option<SecretString> {
        path.find(&self.tree)?.as_str().map(Into::into)
    }

    /// Returns the whole tree as it may be shown to whoever asks from outside: secrets hidden, variables by their names.
    #[must_use]
    pub fn shown(&self) -> Value {
        self.veil.value(&self.named, &KeyPath::default())
    }

    /// Returns every secret in it, for the log to hide wherever it stands.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretString> {
        self.veil.secrets().iter().map(|secret| SecretString::from(secret.as_str())).collect()
    }

    /// Returns what hides this configuration's secrets.
    pub(super) fn veil(&self) -> &Veil {
        &self.veil
    }

    /// Returns the whole tree, for the reload plan.
    pub(super) fn tree(&self) -> &Value {
        &self.tree
    }
}

/// Shows where it came from: the tree holds secrets.
impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Loads the configuration; without a file the defaults hold.
///
/// # Errors
/// Everything that is wrong, with file, line, key and mend.
pub fn load(paths: &Paths, env: &Environment, flags: &Overrides) -> Result<Config, ConfigError> {
    load_noting(paths, env, flags, &mut Vec::new())
}

/// Loads as [`load`] does, and notes what each file looked like before it was read, also where the configuration cannot be used:
/// a change of one of them is worth another try.
///
/// # Errors
/// As [`load`].
pub fn load_noting(paths: &Paths, env: &Environment, flags: &Overrides, seen: &mut Vec<Stamp>) -> Result<Config, ConfigError> {
    let file = Stamp::of(paths.config_file.clone());
    if !paths.config_file.exists() {
        seen.push(file);
        let nothing = Whole { tree: Value::Object(serde_json::Map::new()), ..Whole::default() };
        return assemble(nothing, paths, env, flags, seen);
    }
    assemble(include::read(&paths.config_file, None, seen)?, paths, env, flags, seen)
}

/// Checks a text that is about to become the config file.
///
/// # Errors
/// As [`load`].
pub fn check_text(text: &str, paths: &Paths, env: &Environment, flags: &Overrides) -> Result<Config, ConfigError> {
    let mut seen = Vec::new();
    assemble(include::read(&paths.config_file, Some(text), &mut seen)?, paths, env, flags, &mut seen)
}

/// Makes the configuration of a tree. What an error says of a wrong value is never a secret's or a variable's.
fn assemble(
    mut whole: Whole,
    paths: &Paths,
    env: &Environment,
    flags: &Overrides,
    seen: &mut Vec<Stamp>,
) -> Result<Config, ConfigError> {
    // First, so that it is read and checked as if it stood in the file.
    include::merge(&mut whole.tree, Value::Object(flags.overlay.tree()));
    let source = whole.tree.clone();
    substitute::substitute(&mut whole.tree, env).map_err(|problems| invalid(&whole, problems))?;
    let variables = substitute::variables(&source, env);
    let tree = whole.tree.clone();
    let of_env = env_sections(env);
    let veil = Veil::of(&[&tree, &of_env], &variables);
    let mut config = checked(whole, paths, env, flags, seen).map_err(|error| veil.error(error))?;
    include::complete(&mut config.named, &tree);
    substitute::unsubstitute(&mut config.named, &source);
    // Once more: the environment and the flags have secrets too.
    config.veil = Veil::of(&[&tree, &config.tree, &of_env], &variables);
    Ok(config)
}

fn checked(
    mut whole: Whole,
    paths: &Paths,
    env: &Environment,
    flags: &Overrides,
    seen: &mut Vec<Stamp>,
) -> Result<Config, ConfigError> {
    coerce::coerce(&mut whole.tree, schema::schema());
    let findings = check::check(&whole.tree, schema::schema(), &KeyPath::default());
    let mut tree = whole.tree.clone();
    findings.later.iter().chain(&findings.later_groups).for_each(|path| remove(&mut tree, path));
    let channels = tree.get("channels").cloned().unwrap_or_default();
    if let Some(tree) = tree.as_object_mut() {
        // The integrations read their own section, in the order of the file, which layers would lose.
        tree.shift_remove("channels");
        tree.shift_remove("$schema");
    }
    let mut problems = findings.problems;
    seen.extend(ca_files(&channels, &whole, paths));
    let accounts = accounts(&channels, &whole, (paths, env), &mut problems);
    if !problems.is_empty() {
        return Err(invalid(&whole, problems));
    }
    let environment = Layer::environment(env).map_err(|problem| ConfigError::Invalid(vec![problem]))?;
    let file = Layer::new(paths.config_file.display().to_string(), tree);
    let (model, mut joined) = layers::join(vec![Layer::defaults(), file, environment, Layer::flags(flags)])
        .map_err(|problem| invalid(&whole, vec![problem]))?;
    seen.extend(script_files(&model, &whole, paths));
    let mut slices = slices::cut(&model, accounts, paths, &|path| folder_of(path, &whole, paths))
        .map_err(|problems| invalid(&whole, problems))?;
    slices.tools.groups = slices::group_tools(&channels, &mut problems);
    if !problems.is_empty() {
        return Err(invalid(&whole, problems));
    }
    if let (Some(joined), false) = (joined.as_object_mut(), channels.is_null()) {
        joined.insert("channels".to_owned(), channels);
    }
    let mut warnings = warnings(&findings.later, &whole);
    warnings.extend(slices.models.passed_over.iter().map(|problem| whole.locate(problem.clone())));
    warnings.extend(open_file(&joined, &whole));
    let (named, veil) = (joined.clone(), Veil::default());
    Ok(Config { model, slices, warnings, files: whole.files, seen: seen.clone(), tree: joined, named, veil })
}

fn invalid(whole: &Whole, problems: Vec<Problem>) -> ConfigError {
    let mut problems: Vec<_> = problems.into_iter().map(|problem| whole.locate(problem)).collect();
    problems.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    ConfigError::Invalid(problems)
}

fn warnings(later: &[KeyPath], whole: &Whole) -> Vec<Problem> {
    let told = later.iter().map(|path| whole.locate(Problem::new(path.clone(), warning(path))));
    told.collect()
}

/// Warns of a config file with secrets in it that others may read.
fn open_file(tree: &Value, whole: &Whole) -> Option<Problem> {
    use std::os::unix::fs::PermissionsExt as _;
    let file = whole.files.first()?;
    let open = file.metadata().ok()?.permissions().mode() & OTHERS != 0;
    let secrets = redact(tree, &KeyPath::default()) != *tree;
    let text = format!("holds secrets and others may read it: chmod 600 {}", file.display());
    (open && secrets).then(|| Problem::new(KeyPath::default(), text))
}

fn warning(path: &KeyPath) -> String {
    match path.segments() {
        [Segment::Key(channels), Segment::Key(kind)] if channels == "channels" && kind != "defaults" => {
            "this integration is not built in yet: its accounts do not run".to_owned()
        }
        _ => later::WARNING.to_owned(),
    }
}

/// Lets every integration read its section.
fn accounts(
    channels: &Value,
    whole: &Whole,
    (paths, env): (&Paths, &Environment),
    problems: &mut Vec<Problem>,
) -> Vec<Account> {
    let mut accounts = Vec::new();
    // What is wrong with it is told by the schema.
    let media_max_mb = whole.tree.pointer("/agents/defaults/mediaMaxMb").and_then(Value::as_u64);
    let media_max_mb = media_max_mb.filter(|mb| (1..=u64::from(MEDIA_MB_MAX)).contains(mb));
    for kind in KINDS {
        // Also without a section: an integration may have accounts that need none.
        let section = channels.get(kind.name).unwrap_or(&Value::Null);
        let at = KeyPath::default().key("channels").key(kind.name);
        let section = with_ca(section, &at, whole, paths).unwrap_or_else(|problem| {
            problems.push(problem);
            section.clone()
        });
        match (kind.accounts)(&with_env(with_defaults(section, kind, channels, media_max_mb), kind, env)) {
            Ok(read) => accounts.extend(read),
            Err(found) => {
                for problem in found {
                    let path = at.join(&problem.path.parse().unwrap_or_default());
                    // The schema may have found the same, in its own words.
                    if !problems.iter().any(|known| known.path == path) {
                        problems.push(Problem::new(path, problem.text));
                    }
                }
            }
        }
    }
    accounts
}

/// Puts what `channels.defaults` and `agents.defaults` say beside a section, for accounts that do not say it. What is wrong with it is
/// told by the schema.
fn with_defaults(mut section: Value, kind: &Kind, channels: &Value, media_max_mb: Option<u64>) -> Value {
    let policy = channels.pointer("/defaults/groupPolicy").and_then(Value::as_str);
    let policy = policy.filter(|policy| later::GROUP_POLICIES.contains(policy));
    let takes_media = || (kind.schema)().pointer("/properties/mediaMaxMb").is_some();
    let media_max_mb = media_max_mb.filter(|_| takes_media());
    let mut defaults = serde_json::Map::new();
    defaults.extend(policy.map(|policy| ("groupPolicy".to_owned(), policy.into())));
    defaults.extend(media_max_mb.map(|mb| ("mediaMaxMb".to_owned(), mb.into())));
    if let (Some(section), false) = (section.as_object_mut(), defaults.is_empty()) {
        section.insert(DEFAULTS_KEY.to_owned(), defaults.into());
    }
    section
}

/// Puts what the environment says for an integration's account `default` beside what the file says.
fn with_env(section: Value, kind: &Kind, env: &Environment) -> Value {
    let said = env_section(kind, env);
    let mut section = match section {
        Value::Null if !said.is_empty() => Value::Object(serde_json::Map::new()),
        section => section,
    };
    if let (Some(section), false) = (section.as_object_mut(), said.is_empty()) {
        section.insert(ENV_KEY.to_owned(), said.into());
    }
    section
}

fn env_section(kind: &Kind, env: &Environment) -> serde_json::Map<String, Value> {
    let said = kind.env.iter().filter_map(|(name, key)| Some(((*key).to_owned(), env.get(name)?.trim().into())));
    said.collect()
}

/// Returns what the environment says for every integration, by its name.
fn env_sections(env: &Environment) -> Value {
    KINDS.iter().map(|kind| (kind.name.to_owned(), Value::from(env_section(kind, env)))).collect()
}

/// Reads the CA file of each account into `caPem`: actors never touch a file.
fn with_ca(section: &Value, at: &KeyPath, whole: &Whole, paths: &Paths) -> Result<Value, Problem> {
    let mut section = section.clone();
    let read = |account: &mut Value, at: KeyPath| read_ca(account, &at, &folder_of(&at.key("caFile"), whole, paths));
    read(&mut section, at.clone())?;
    if let Some(accounts) = section.get_mut("accounts").and_then(Value::as_object_mut) {
        for (id, account) in accounts {
            read(account, at.key("accounts").key(id))?;
        }
    }
    Ok(section)
}

fn read_ca(account: &mut Value, at: &KeyPath, folder: &Path) -> Result<(), Problem> {
    let Some(name) = account.get("caFile").and_then(Value::as_str).filter(|name| !name.is_empty()) else { return Ok(()) };
    let pem = read_named(&folder.join(name)).map_err(|text| Problem::new(at.key("caFile"), text))?;
    if let Some(account) = account.as_object_mut() {
        account.insert("caPem".to_owned(), Value::String(pem));
    }
    Ok(())
}

/// Looks at the CA files that accounts name.
fn ca_files(channels: &Value, whole: &Whole, paths: &Paths) -> Vec<Stamp> {
    let mut seen = Vec::new();
    let mut look = |account: &Value, at: &KeyPath| {
        let name = account.get("caFile").and_then(Value::as_str);
        seen.extend(named(&at.key("caFile"), name, whole, paths));
    };
    for (channel, section) in channels.as_object().into_iter().flatten() {
        let at = KeyPath::default().key("channels").key(channel);
        look(section, &at);
        for (id, account) in section.get("accounts").and_then(Value::as_object).into_iter().flatten() {
            look(account, &at.key("accounts").key(id));
        }
    }
    seen
}

/// Looks at the scripts that providers name.
fn script_files(model: &Model, whole: &Whole, paths: &Paths) -> Vec<Stamp> {
    let providers = model.models.providers.iter();
    let scripts = providers.filter_map(|(name, provider)| {
        let at = KeyPath::default().key("models").key("providers").key(name).key("scriptFile");
        named(&at, provider.script_file.as_deref(), whole, paths)
    });
    scripts.collect()
}

fn named(at: &KeyPath, name: Option<&str>, whole: &Whole, paths: &Paths) -> Option<Stamp> {
    let name = name.filter(|name| !name.is_empty())?;
    Some(Stamp::of(folder_of(at, whole, paths).join(name)))
}

/// Reads a text file that the configuration names.
///
/// # Errors
/// Names the file and the mend.
pub(super) fn read_named(file: &Path) -> Result<String, String> {
    let about = file.metadata().map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    if !about.is_file() || about.len() > NAMED_FILE_BYTES_MAX {
        return Err(format!("{} has to be a file of at most {NAMED_FILE_BYTES_MAX} bytes", file.display()));
    }
    std::fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

/// Returns the folder of the file in which a key stands: names of files are relative to it.
fn folder_of(path: &KeyPath, whole: &Whole, paths: &Paths) -> PathBuf {
    let file = whole.locate(Problem::new(path.clone(), "")).file.unwrap_or_else(|| paths.config_file.clone());
    file.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn remove(tree: &mut Value, path: &KeyPath) {
    let Some((Segment::Key(last), above)) = path.segments().split_last() else { return };
    let parent = above.iter().try_fold(tree, |value, segment| match segment {
        Segment::Key(key) => value.get_mut(key),
        Segment::Index(index) => value.get_mut(index),
    });
    if let Some(parent) = parent.and_then(Value::as_object_mut) {
        parent.shift_remove(last);
    }
}
