//! Skills: folders with a `SKILL.md` that says in its head what they are for. Those of the workspace win over those for all agents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder::{Folder, FolderError, ItemKind, Place, Text};

/// The folder of skills in a workspace.
const FOLDER: &str = "skills";
/// The file that makes a folder a skill.
const FILE: &str = "SKILL.md";
/// How many skills of a folder are looked at.
const SKILLS_MAX: usize = 200;
/// How large a skill's file may be, bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;
/// How large its head may be, bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// How many characters of a name and a description are kept.
const NAME_CHARS_MAX: usize = 64;
const DESCRIPTION_CHARS_MAX: usize = 1_024;
/// Names under which a skill says what it needs, by the programs that read them.
const METADATA_KEYS: &[&str] = &["callboard", "openclaw", "moltbot", "clawdbot"];

/// Where a skill came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkillSource {
    /// The agent's workspace.
    Workspace,
    /// The folder for all agents.
    Managed,
}

impl SkillSource {
    /// Returns the name that clients know.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Managed => "managed",
        }
    }
}

/// What a skill needs, or what of that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Needs {
    /// Programs.
    pub bins: Vec<String>,
    /// Programs of which one is enough.
    pub any_bins: Vec<String>,
    /// Variables.
    pub env: Vec<String>,
    /// Keys of the configuration; not looked at by this gateway.
    pub config: Vec<String>,
    /// Systems of which one has to be this one.
    pub os: Vec<String>,
}

impl Needs {
    fn is_empty(&self) -> bool {
        self.bins.is_empty() && self.any_bins.is_empty() && self.env.is_empty() && self.os.is_empty()
    }
}

/// One skill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its file.
    pub file: PathBuf,
    /// Where it came from.
    pub source: SkillSource,
    /// Its page, where it names one.
    pub homepage: Option<String>,
    /// Its sign, where it has one.
    pub emoji: Option<String>,
    /// Whether it is told whatever it needs.
    pub always: bool,
    /// What it needs.
    pub needs: Needs,
    /// What of that is not there.
    pub missing: Needs,
}

impl Skill {
    /// Returns whether turns are told of it.
    #[must_use]
    pub fn eligible(&self) -> bool {
        self.always || self.missing.is_empty()
    }
}

/// What is around the gateway's process, as far as skills ask.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Where programs are looked for.
    pub path: Vec<PathBuf>,
    /// The names of the variables that are set.
    pub variables: Arc<BTreeSet<String>>,
}

impl Surroundings {
    fn has_program(&self, name: &str) -> bool {
        let plain = !name.is_empty() && !name.contains('/');
        plain && self.path.iter().any(|folder| folder.join(name).is_file())
    }

    fn missing(&self, needs: &Needs) -> Needs {
        let not = |names: &[String], there: &dyn Fn(&str) -> bool| -> Vec<String> {
            names.iter().filter(|name| !there(name)).cloned().collect()
        };
        let any = needs.any_bins.iter().any(|name| self.has_program(name));
        let here = needs.os.is_empty() || needs.os.iter().any(|os| is_this_system(os));
        Needs {
            bins: not(&needs.bins, &|name| self.has_program(name)),
            any_bins: if any { Vec::new() } else { needs.any_bins.clone() },
            env: not(&needs.env, &|name| self.variables.contains(name)),
            config: Vec::new(),
            os: if here { Vec::new() } else { needs.os.clone() },
        }
    }
}

fn is_this_system(name: &str) -> bool {
    name == std::env::consts::OS || name == "darwin" && std::env::consts::OS == "macos"
}

/// Reads the skills of a workspace and those for all agents, in the order of their names. What cannot be read is named in the log
/// and left out.
#[must_use]
pub fn read(workspace: &Path, managed: &Path, surroundings: &Surroundings) -> Vec<Skill> {
    let mut by_name = BTreeMap::new();
    for (root, source) in [(managed.to_path_buf(), SkillSource::Managed), (workspace.join(FOLDER), SkillSource::Workspace)] {
        for skill in of_folder(&root, source, surroundings) {
            by_name.insert(skill.name.clone(), skill);
        }
    }
    by_name.into_values().collect()
}

fn of_folder(root: &Path, source: SkillSource, surroundings: &Surroundings) -> Vec<Skill> {
    let Ok(folder) = Folder::open(root) else { return Vec::new() };
    let listed = Place::read(".", root).and_then(|place| folder.list(&place, SKILLS_MAX));
    let Ok((items, total)) = listed else { return Vec::new() };
    if total > SKILLS_MAX {
        tracing::warn!(event = "skills.left_out", folder = %root.display(), "{total} entries, more than {SKILLS_MAX}");
    }
    let folders = items.iter().filter(|item| item.kind == ItemKind::Folder && !item.name.starts_with('.'));
    folders.filter_map(|item| one(&folder, root, &item.name, source, surroundings)).collect()
}

fn one(folder: &Folder, root: &Path, name: &str, source: SkillSource, surroundings: &Surroundings) -> Option<Skill> {
    let path = format!("{name}/{FILE}");
    let left_out = |why: &dyn std::fmt::Display| tracing::warn!(event = "skills.left_out", skill = name, "{why}");
    let text = match Place::read(&path, root).and_then(|place| folder.read(&place, FILE_BYTES_MAX)) {
        Ok(Text::Plain(text)) => text,
        Ok(Text::Binary(_)) => {
            left_out(&"its file is not text");
            return None;
        }
        // A folder without the file is none.
        Err(FolderError::Missing { .. }) => return None,
        Err(error) => {
            left_out(&error);
            return None;
        }
    };
    match Head::of(&text) {
        Ok(head) => Some(head.skill(name, root.join(path), source, surroundings)),
        Err(why) => {
            left_out(&why);
            None
        }
    }
}

/// The head of a skill's file: YAML between two lines of `---`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head {
    name: Option<String>,
    description: Option<String>,
    homepage: Option<String>,
    metadata: Value,
}

impl Head {
    fn of(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}');
        let rest = text.strip_prefix("---").and_then(|rest| rest.split_once('\n')).filter(|(line, _)| line.trim().is_empty());
        let (_, rest) = rest.ok_or("its file does not begin with a line `---`")?;
        let end = rest.split_inclusive('\n').scan(0_usize, |at, line| {
            let here = *at;
            *at = at.saturating_add(line.len());
            Some((here, line))
        });
        let end = end.take_while(|(at, _)| *at <= HEAD_BYTES_MAX).find(|(_, line)| line.trim_end() == "---");
        let (end, _) = end.ok_or_else(|| format!("its head does not end with a line `---` within {HEAD_BYTES_MAX} bytes"))?;
        let yaml = rest.get(..end).unwrap_or_default();
        let head: Self = serde_saphyr::from_str(yaml).map_err(|error| format!("its head cannot be read: {error}"))?;
        match head.description.as_deref().map(str::trim) {
            None | Some("") => Err("its head has no `description`".to_owned()),
            Some(_) => Ok(head),
        }
    }

    fn skill(self, folder: &str, file: PathBuf, source: SkillSource, surroundings: &Surroundings) -> Skill {
        let metadata = METADATA_KEYS.iter().find_map(|key| self.metadata.get(key)).cloned().unwrap_or_default();
        let needs = metadata.get("requires").cloned().unwrap_or_default();
        let mut needs: Needs = serde_json::from_value(needs).unwrap_or_default();
        if let Some(Value::Array(os)) = metadata.get("os") {
            needs.os = os.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        let name = self.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| folder.to_owned());
        let text = |key: &str| metadata.get(key).and_then(Value::as_str).map(str::to_owned);
        Skill {
            name: line(&name, NAME_CHARS_MAX),
            description: line(&self.description.unwrap_or_default(), DESCRIPTION_CHARS_MAX),
            file,
            source,
            homepage: self.homepage.or_else(|| text("homepage")),
            emoji: text("emoji"),
            always: metadata.get("always") == Some(&Value::Bool(true)),
            missing: surroundings.missing(&needs),
            needs,
        }
    }
}

/// Returns a text as one line of at most so many characters.
fn line(text: &str, chars_max: usize) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").chars().take(chars_max).collect()
}
