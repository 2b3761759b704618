//! Finds the provider for a model's name.

use std::sync::Arc;

use callboard_actors::agent::{Provider, ProviderError, Providers};
use callboard_actors::core::Clock;
use callboard_actors::message::Code;

use super::{Echo, OpenAi, ProviderSettings, Script, TableError};

/// How many names an error lists.
const NAMES_SHOWN_MAX: usize = 12;

/// The providers of one configuration, in its order. The echo provider alone when none is configured.
pub struct ProviderTable {
    entries: Vec<Entry>,
    default: (usize, String),
}

struct Entry {
    id: String,
    provider: Arc<dyn Provider>,
    models: Models,
}

/// Which models a provider has.
enum Models {
    /// Those listed.
    Listed(Vec<String>),
    /// Whatever its backend knows.
    Any,
    /// One, named as the provider.
    Own,
}

impl ProviderTable {
    /// Builds the providers; `default` is `provider/model`, a bare model or a provider's name, `None` the first provider's first
    /// model.
    ///
    /// # Errors
    /// Names the setting and the mend.
    pub fn new(settings: Vec<ProviderSettings>, default: Option<&str>, clock: &Clock) -> Result<Self, TableError> {
        let mut entries: Vec<Entry> = Vec::with_capacity(settings.len().max(1));
        for settings in settings {
            let entry = build(settings, clock)?;
            if entries.iter().any(|other| other.id.eq_ignore_ascii_case(&entry.id)) {
                return Err(TableError::Twice(entry.id));
            }
            entries.push(entry);
        }
        if entries.is_empty() {
            entries.push(echo(Echo::ID));
        }
        let mut table = Self { entries, default: (0, String::new()) };
        table.default = table.find_default(default)?;
        Ok(table)
    }

    /// Returns all models by name, `provider/model`; of a provider that knows any model only its own name with `/*`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let names = |entry: &Entry| match &entry.models {
            Models::Listed(models) => models.iter().map(|model| format!("{}/{model}", entry.id)).collect(),
            Models::Any => vec![format!("{}/*", entry.id)],
            Models::Own => vec![entry.id.clone()],
        };
        self.entries.iter().flat_map(names).collect()
    }

    fn find_default(&self, name: Option<&str>) -> Result<(usize, String), TableError> {
        let name = name.or_else(|| self.entries.first().map(|entry| entry.id.as_str())).unwrap_or(Echo::ID);
        self.look_up(name).ok_or_else(|| TableError::Default(self.unknown(name).message))
    }

    /// Returns the provider's place and the model's name as it knows it.
    fn look_up(&self, name: &str) -> Option<(usize, String)> {
        let name = name.trim();
        if let Some((id, model)) = name.split_once('/')
            && let Some(entry) = self.position(id)
        {
            return self.model_of(entry, model);
        }
        if let Some(entry) = self.position(name) {
            return self.first_model_of(entry);
        }
        let listed = self.entries.iter().position(|entry| matches!(&entry.models, Models::Listed(models) if has(models, name)));
        listed.or_else(|| self.place_of_any(name)).map(|entry| (entry, name.to_owned()))
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id.eq_ignore_ascii_case(id))
    }

    fn model_of(&self, at: usize, model: &str) -> Option<(usize, String)> {
        let known = self.entries.get(at).is_some_and(|entry| match &entry.models {
            Models::Listed(models) => has(models, model),
            Models::Any => !model.is_empty(),
            Models::Own => true,
        });
        known.then(|| (at, model.to_owned()))
    }

    /// A provider's name alone stands for its first model.
    fn first_model_of(&self, at: usize) -> Option<(usize, String)> {
        let entry = self.entries.get(at)?;
        let model = match &entry.models {
            Models::Listed(models) => models.first()?,
            Models::Any => return None,
            Models::Own => &entry.id,
        };
        Some((at, model.clone()))
    }

    /// A bare model that nobody lists is the default provider's, if that one takes any.
    fn place_of_any(&self, model: &str) -> Option<usize> {
        let (at, _) = self.default;
        let takes_any = self.entries.get(at).is_some_and(|entry| matches!(entry.models, Models::Any));
        (takes_any && !model.is_empty()).then_some(at)
    }

    fn unknown(&self, name: &str) -> ProviderError {
        let names = self.names();
        let shown = names.iter().take(NAMES_SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if names.len() > NAMES_SHOWN_MAX { ", …" } else { "" };
        let name: String = name.chars().take(100).collect();
        let message =
            format!("no model {name:?} is configured; ask for one of {shown}{more}, or add it under models.providers");
        ProviderError { code: Code::ProviderModel, message, retry_after: None }
    }
}

impl Providers for ProviderTable {
    fn find(&self, model: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        let (at, name) = match model {
            None => self.default.clone(),
            Some(asked) => self.look_up(asked).ok_or_else(|| self.unknown(asked))?,
        };
        let entry = self.entries.get(at).ok_or_else(|| self.unknown(&name))?;
        Ok((Arc::clone(&entry.provider), name))
    }
}

impl std::fmt::Debug for ProviderTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

fn has(models: &[String], model: &str) -> bool {
    models.iter().any(|known| known == model)
}

fn echo(id: &str) -> Entry {
    Entry { id: id.to_owned(), provider: Arc::new(Echo::new(id)), models: Models::Own }
}

fn build(settings: ProviderSettings, clock: &Clock) -> Result<Entry, TableError> {
    let id = settings.id().to_owned();
    let plain = |mark: char| mark.is_ascii_alphanumeric() || matches!(mark, '-' | '_' | '.');
    if id.is_empty() || !id.chars().all(plain) {
        return Err(TableError::Name(id));
    }
    match settings {
        ProviderSettings::Echo { .. } => Ok(echo(&id)),
        ProviderSettings::Script { path, contents, .. } => {
            let script = Script::parse(&id, &path, &contents, clock);
            let script = script.map_err(|error| TableError::Script { id: id.clone(), error })?;
            Ok(Entry { id, provider: Arc::new(script), models: Models::Own })
        }
        ProviderSettings::OpenAi(settings) => {
            let models = settings.models.clone();
            let models = if models.is_empty() { Models::Any } else { Models::Listed(models) };
            Ok(Entry { id, provider: Arc::new(OpenAi::new(settings, clock)?), models })
        }
    }
}
