//! Finds the provider for a model's name.

mod finder;

use std::collections::BTreeMap;
use std::sync::Arc;

use callboard_actors::agent::{Provider, ProviderError, Providers};
use callboard_actors::core::Clock;

use super::chain::{Chain, Link};
use super::cooling::Cooling;
use super::remote::Clients;
use super::{Choice, Choices, Echo, ProviderSettings, Remote, Script, TableError};
use finder::{Finder, names};

/// A provider's place in the table and a model as that provider knows it.
type Place = (usize, String);

/// The providers of one configuration, in its order. The echo provider alone when none is configured.
pub struct ProviderTable {
    entries: Vec<Entry>,
    default: Chosen,
    /// By the agent's id.
    agents: BTreeMap<String, Chosen>,
}

/// A model with those that step in for it, ready to be asked.
struct Chosen {
    /// The provider's place and the model's name as it knows it, first the one that is asked first.
    models: Vec<Place>,
    provider: Arc<dyn Provider>,
}

impl Chosen {
    fn first(&self) -> Option<&Place> {
        self.models.first()
    }
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
    /// Builds the providers, and the chains of those that step in for another.
    ///
    /// # Errors
    /// Names the setting and the mend.
    pub fn new(settings: Vec<ProviderSettings>, choices: &Choices, clock: &Clock) -> Result<Self, TableError> {
        let mut entries: Vec<Entry> = Vec::with_capacity(settings.len().max(1));
        let mut clients = Clients::default();
        for settings in settings {
            let entry = build(settings, &mut clients, clock)?;
            if entries.iter().any(|other| other.id.eq_ignore_ascii_case(&entry.id)) {
                return Err(TableError::Twice(entry.id));
            }
            entries.push(entry);
        }
        // It needs no settings, so it may be chosen without any.
        if entries.is_empty() || (names_echo(choices) && !entries.iter().any(|entry| entry.id == Echo::ID)) {
            entries.push(echo(Echo::ID));
        }
        Self::with_choices(entries, choices, clock)
    }

    fn with_choices(entries: Vec<Entry>, choices: &Choices, clock: &Clock) -> Result<Self, TableError> {
        let finder = Finder { entries: &entries, default: None };
        let first = finder.find_default(choices.default.primary.as_deref())?;
        let finder = Finder { default: Some(first.0), ..finder };
        let default = finder.models(&choices.default, &first, "agents.defaults.model")?;
        let mut agents = BTreeMap::new();
        for (id, choice) in &choices.agents {
            agents.insert(id.clone(), finder.models(choice, &first, &format!("agents.list, {id}: model"))?);
        }
        // Every model that stands in a chain, at the place where it cools down: one that fails in one chain rests in all.
        let mut places: Vec<Place> = Vec::new();
        for model in [&default].into_iter().chain(agents.values()).filter(|models| models.len() > 1).flatten() {
            if !places.contains(model) {
                places.push(model.clone());
            }
        }
        let cooling = Arc::new(Cooling::new(places.len(), clock));
        let choose = |models: Vec<Place>| choose(&entries, models, &places, &cooling);
        let default = choose(default);
        let agents = agents.into_iter().map(|(id, models)| (id, choose(models))).collect();
        Ok(Self { entries, default, agents })
    }

    /// Returns all models by name, `provider/model`; of a provider that knows any model only its own name with `/*`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        names(&self.entries)
    }

    fn finder(&self) -> Finder<'_> {
        Finder { entries: &self.entries, default: self.default.first().map(|(at, _)| *at) }
    }
}

impl Providers for ProviderTable {
    /// A model that is asked for by hand is asked alone, unless it is the default one.
    fn find(&self, model: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        let Some(asked) = model else { return self.chosen(&self.default) };
        let found = self.finder().look_up(asked).ok_or_else(|| self.finder().unknown(asked))?;
        if self.default.first() == Some(&found) {
            return self.chosen(&self.default);
        }
        let (at, name) = found;
        let entry = self.entries.get(at).ok_or_else(|| self.finder().unknown(asked))?;
        Ok((Arc::clone(&entry.provider), name))
    }

    fn find_for(&self, agent: Option<&str>, default: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        match agent.and_then(|agent| self.agents.get(agent)) {
            Some(chosen) => self.chosen(chosen),
            None => self.find(default),
        }
    }
}

impl ProviderTable {
    fn chosen(&self, chosen: &Chosen) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        let (_, name) = chosen.first().ok_or_else(|| self.finder().unknown(""))?;
        Ok((Arc::clone(&chosen.provider), name.clone()))
    }
}

fn names_echo(choices: &Choices) -> bool {
    let of = |choice: &Choice| choice.primary.iter().chain(&choice.fallbacks).any(|name| name == Echo::ID);
    of(&choices.default) || choices.agents.values().any(of)
}

/// Makes the provider of a choice: a chain where others step in, else the only one itself.
fn choose(entries: &[Entry], models: Vec<Place>, places: &[Place], cooling: &Arc<Cooling>) -> Chosen {
    let link = |model: &Place| {
        let provider = Arc::clone(&entries.get(model.0)?.provider);
        let place = places.iter().position(|place| place == model).unwrap_or(usize::MAX);
        Some(Link { provider, model: model.1.clone(), place })
    };
    let links: Vec<Link> = models.iter().filter_map(link).collect();
    let provider = match links.as_slice() {
        [only] => Arc::clone(&only.provider),
        _ => Arc::new(Chain::new(links, Arc::clone(cooling))),
    };
    Chosen { models, provider }
}

fn echo(id: &str) -> Entry {
    Entry { id: id.to_owned(), provider: Arc::new(Echo::new(id)), models: Models::Own }
}

fn build(settings: ProviderSettings, clients: &mut Clients, clock: &Clock) -> Result<Entry, TableError> {
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
        ProviderSettings::Remote(settings) => {
            let models: Vec<_> = settings.models.iter().map(|about| about.id.clone()).collect();
            let models = if models.is_empty() { Models::Any } else { Models::Listed(models) };
            Ok(Entry { id, provider: Arc::new(Remote::new(settings, clients, clock)?), models })
        }
    }
}

impl std::fmt::Debug for ProviderTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}
