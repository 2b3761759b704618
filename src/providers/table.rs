//! Finds the provider for a model's name.

use std::collections::BTreeMap;
use std::sync::Arc;

use callboard_actors::agent::{Provider, ProviderError, Providers};
use callboard_actors::core::Clock;
use callboard_actors::message::Code;
use secrecy::SecretString;

use super::chain::{Chain, Link};
use super::cooling::{Cooling, PlaceId};
use super::remote::Clients;
use super::{
    Choice, Choices, Echo, ModelNames, ModelRef, ModelStanding, ProviderSettings, ProviderStanding, Remote, Script, TableError,
};

/// Every provider by its name.
type ById = BTreeMap<String, Arc<dyn Provider>>;

/// The providers of one configuration.
pub struct ProviderTable {
    names: ModelNames,
    providers: ById,
    default: Option<Chosen>,
    /// By the agent's id.
    agents: BTreeMap<String, Chosen>,
    /// Those that are asked over HTTP, by name.
    remotes: BTreeMap<String, Arc<Remote>>,
    /// The models that stand in chains, at the places where they cool down.
    places: Vec<ModelRef>,
    cooling: Arc<Cooling>,
}

/// A model with those that step in for it, ready to be asked.
struct Chosen {
    /// The model that is asked first.
    first: ModelRef,
    provider: Arc<dyn Provider>,
}

impl ProviderTable {
    /// Builds the providers, and the chains of those that step in for another.
    ///
    /// # Errors
    /// Names the setting and the mend.
    pub fn new(settings: Vec<ProviderSettings>, choices: &Choices, clock: &Clock) -> Result<Self, TableError> {
        let mut names = ModelNames::new(settings.iter().map(|settings| (settings.id().to_owned(), settings.stock())));
        let mut providers = ById::new();
        let (mut remotes, mut idents) = (BTreeMap::new(), BTreeMap::new());
        let mut clients = Clients::default();
        for settings in settings {
            let id = settings.id().to_owned();
            if providers.keys().any(|other| other.eq_ignore_ascii_case(&id)) {
                return Err(TableError::Twice(id));
            }
            idents.insert(id.clone(), settings.ident());
            let built = build(settings, &mut clients, clock)?;
            if let Built::Remote(remote) = &built {
                remotes.insert(id.clone(), Arc::clone(remote));
            }
            providers.insert(id, built.provider());
        }
        // The names have it too.
        providers.entry(Echo::ID.to_owned()).or_insert_with(|| Arc::new(Echo::new(Echo::ID)));
        let default = names.set_default(choices.default.primary.as_deref());
        default.map_err(|reason| TableError::Choice { at: "agents.defaults.model.primary".to_owned(), reason })?;
        Self::with_choices(names, Known { providers, remotes, idents }, choices, clock)
    }

    fn with_choices(names: ModelNames, known: Known, choices: &Choices, clock: &Clock) -> Result<Self, TableError> {
        let Known { providers, remotes, idents } = known;
        let default = models(&names, &choices.default, "agents.defaults.model")?;
        let mut agents = BTreeMap::new();
        for (id, choice) in &choices.agents {
            agents.insert(id.clone(), models(&names, choice, &format!("agents.list, {id}: model"))?);
        }
        // Every model that stands in a chain, at the place where it cools down: one that fails in one chain rests in all.
        let mut places: Vec<ModelRef> = Vec::new();
        for model in [&default].into_iter().chain(agents.values()).filter(|models| models.len() > 1).flatten() {
            if !places.contains(model) {
                places.push(model.clone());
            }
        }
        let ident = |model: &ModelRef| {
            let (what, secrets) = idents.get(&model.provider).cloned().unwrap_or_default();
            PlaceId::new(&format!("{}/{} {what}", model.provider, model.model), secrets)
        };
        let cooling = Arc::new(Cooling::new(places.iter().map(ident).collect(), clock));
        let choose = |models: &[ModelRef]| choose(&providers, models, &places, &cooling);
        let default = choose(&default);
        let agents = agents.into_iter().filter_map(|(id, models)| Some((id, choose(&models)?))).collect();
        Ok(Self { names, providers, default, agents, remotes, places, cooling })
    }

    /// Lets keys and models rest on as they do in the table before: those that are still the same.
    pub fn inherit(&self, earlier: &Self) {
        self.cooling.inherit(&earlier.cooling);
        for (id, remote) in &self.remotes {
            if let Some(before) = earlier.remotes.get(id) {
                remote.inherit(before);
            }
        }
    }

    /// Returns how each provider's keys and models stand, by name.
    #[must_use]
    pub fn standing(&self) -> Vec<ProviderStanding> {
        let stand = |id: &String| {
            let own = self.places.iter().enumerate().filter(|(_, model)| model.provider == *id);
            let stand = |(place, model): (usize, &ModelRef)| ModelStanding {
                model: model.model.clone(),
                rest: self.cooling.standing(place),
            };
            ProviderStanding {
                provider: id.clone(),
                keys: self.remotes.get(id).map(|remote| remote.keys()).unwrap_or_default(),
                models: own.map(stand).collect(),
            }
        };
        self.providers.keys().map(stand).collect()
    }

    fn chosen(&self, chosen: Option<&Chosen>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        let Chosen { first, provider } = chosen.ok_or_else(|| self.unknown(""))?;
        Ok((Arc::clone(provider), first.model.clone()))
    }

    fn unknown(&self, name: &str) -> ProviderError {
        ProviderError { code: Code::ProviderModel, message: self.names.unknown(name), retry_after: None }
    }
}

impl Providers for ProviderTable {
    /// A model that is asked for by hand is asked alone, unless it is the default one.
    fn find(&self, model: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        let Some(asked) = model else { return self.chosen(self.default.as_ref()) };
        let found = self.names.look_up(asked).ok_or_else(|| self.unknown(asked))?;
        if self.names.default_model() == Some(&found) {
            return self.chosen(self.default.as_ref());
        }
        let provider = self.providers.get(&found.provider).ok_or_else(|| self.unknown(asked))?;
        Ok((Arc::clone(provider), found.model))
    }

    fn find_for(&self, agent: Option<&str>, default: Option<&str>) -> Result<(Arc<dyn Provider>, String), ProviderError> {
        match agent.and_then(|agent| self.agents.get(agent)) {
            Some(chosen) => self.chosen(Some(chosen)),
            None => self.find(default),
        }
    }
}

/// Returns the models of a choice, the one that is asked first in front.
fn models(names: &ModelNames, choice: &Choice, at: &str) -> Result<Vec<ModelRef>, TableError> {
    let find =
        |name: &str, at: String| names.look_up(name).ok_or_else(|| TableError::Choice { at, reason: names.unknown(name) });
    let mut models: Vec<_> = match &choice.primary {
        Some(name) => vec![find(name, format!("{at}.primary"))?],
        None => names.default_model().cloned().into_iter().collect(),
    };
    for (place, name) in choice.fallbacks.iter().enumerate() {
        let model = find(name, format!("{at}.fallbacks[{place}]"))?;
        if !models.contains(&model) {
            models.push(model);
        }
    }
    Ok(models)
}

/// Makes the provider of a choice: a chain where others step in, else the only one itself.
fn choose(providers: &ById, models: &[ModelRef], places: &[ModelRef], cooling: &Arc<Cooling>) -> Option<Chosen> {
    let link = |model: &ModelRef| {
        let provider = Arc::clone(providers.get(&model.provider)?);
        let place = places.iter().position(|place| place == model).unwrap_or(usize::MAX);
        Some(Link { provider, model: model.model.clone(), place })
    };
    let links: Vec<Link> = models.iter().filter_map(link).collect();
    let provider = match links.as_slice() {
        [only] => Arc::clone(&only.provider),
        _ => Arc::new(Chain::new(links, Arc::clone(cooling))),
    };
    Some(Chosen { first: models.first()?.clone(), provider })
}

/// The providers there are, and what makes each of those that are asked over HTTP the same as another.
struct Known {
    providers: ById,
    remotes: BTreeMap<String, Arc<Remote>>,
    idents: BTreeMap<String, (String, Vec<SecretString>)>,
}

/// A provider of one of two kinds.
enum Built {
    Own(Arc<dyn Provider>),
    Remote(Arc<Remote>),
}

impl Built {
    fn provider(self) -> Arc<dyn Provider> {
        match self {
            Self::Own(provider) => provider,
            Self::Remote(remote) => remote,
        }
    }
}

fn build(settings: ProviderSettings, clients: &mut Clients, clock: &Clock) -> Result<Built, TableError> {
    let id = settings.id().to_owned();
    let plain = |mark: char| mark.is_ascii_alphanumeric() || matches!(mark, '-' | '_' | '.');
    if id.is_empty() || !id.chars().all(plain) {
        return Err(TableError::Name(id));
    }
    Ok(match settings {
        ProviderSettings::Echo { .. } => Built::Own(Arc::new(Echo::new(&id))),
        ProviderSettings::Script { path, contents, .. } => {
            let script = Script::parse(&id, &path, &contents, clock);
            Built::Own(Arc::new(script.map_err(|error| TableError::Script { id, error })?))
        }
        ProviderSettings::Remote(settings) => Built::Remote(Arc::new(Remote::new(settings, clients, clock)?)),
    })
}

impl std::fmt::Debug for ProviderTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names.all()).finish()
    }
}
