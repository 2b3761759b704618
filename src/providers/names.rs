//! Which model a name means: the same wherever one is read, in the configuration, in a client's wish, at a turn.

use super::Echo;

/// How many names an error lists, and how much it repeats of the one that leads nowhere.
const NAMES_SHOWN_MAX: usize = 12;
const NAME_CHARS_SHOWN_MAX: usize = 100;

/// A model as its provider knows it, behind the provider's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelRef {
    /// The provider.
    pub provider: String,
    /// The model.
    pub model: String,
}

/// Which models a provider has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stock {
    /// Those listed.
    Listed(Vec<String>),
    /// Whatever its backend knows.
    Any,
    /// One, named as the provider.
    Own,
}

impl Stock {
    /// Returns the models of a backend that lists these: any, where it lists none.
    pub fn listed(models: impl IntoIterator<Item = String>) -> Self {
        let models: Vec<_> = models.into_iter().collect();
        if models.is_empty() { Self::Any } else { Self::Listed(models) }
    }
}

/// The names of the models there are.
#[derive(Clone, Debug)]
pub struct ModelNames {
    providers: Vec<(String, Stock)>,
    default: Option<ModelRef>,
}

impl ModelNames {
    /// Takes the providers in their order. `echo` is one of them also where it is not given: it needs no settings.
    pub fn new(providers: impl IntoIterator<Item = (String, Stock)>) -> Self {
        let mut providers: Vec<_> = providers.into_iter().collect();
        if !providers.iter().any(|(id, _)| id.eq_ignore_ascii_case(Echo::ID)) {
            providers.push((Echo::ID.to_owned(), Stock::Own));
        }
        Self { providers, default: None }
    }

    /// Sets which model answers when nobody names one; without a name the first provider's first.
    ///
    /// # Errors
    /// The name leads nowhere: says so with the mend, and there is no default.
    pub fn set_default(&mut self, name: Option<&str>) -> Result<(), String> {
        let first = || self.providers.first().map(|(id, _)| id.as_str());
        let name = name.or_else(first).unwrap_or(Echo::ID).to_owned();
        self.default = None;
        self.default = self.look_up(&name);
        if self.default.is_some() { Ok(()) } else { Err(self.unknown(&name)) }
    }

    /// Returns the model that answers when nobody names one.
    #[must_use]
    pub fn default_model(&self) -> Option<&ModelRef> {
        self.default.as_ref()
    }

    /// Returns the model that a name means: `provider/model`, a provider's name for its first model, or a bare model.
    #[must_use]
    pub fn look_up(&self, name: &str) -> Option<ModelRef> {
        let name = name.trim();
        let provider = |id: &str| self.providers.iter().find(|(known, _)| known.eq_ignore_ascii_case(id));
        if let Some((id, model)) = name.split_once('/')
            && let Some((id, stock)) = provider(id)
        {
            return has(stock, model).then(|| model_ref(id, model));
        }
        if let Some((id, stock)) = provider(name) {
            return first_of(id, stock).map(|model| model_ref(id, model));
        }
        let lists = |stock: &Stock| matches!(stock, Stock::Listed(_)) && has(stock, name);
        let listed = self.providers.iter().find(|(_, stock)| lists(stock));
        listed.or_else(|| self.default_taking(name)).map(|(id, _)| model_ref(id, name))
    }

    /// A bare model that nobody lists is the default provider's, if that one takes any.
    fn default_taking(&self, model: &str) -> Option<&(String, Stock)> {
        let default = self.default.as_ref()?;
        self.providers.iter().find(|(id, stock)| *id == default.provider && *stock == Stock::Any && has(stock, model))
    }

    /// Returns why a name leads nowhere, with the mend.
    #[must_use]
    pub fn unknown(&self, name: &str) -> String {
        let names = self.all();
        let shown = names.iter().take(NAMES_SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if names.len() > NAMES_SHOWN_MAX { ", …" } else { "" };
        let name: String = name.chars().take(NAME_CHARS_SHOWN_MAX).collect();
        format!("no model {name:?} is configured; ask for one of {shown}{more}, or add it under models.providers")
    }

    /// Returns all models by name, `provider/model`; of a provider that knows any model only its own name with `/*`.
    #[must_use]
    pub fn all(&self) -> Vec<String> {
        let names = self.providers.iter().flat_map(|(id, stock)| match stock {
            Stock::Listed(models) => models.iter().map(|model| format!("{id}/{model}")).collect(),
            Stock::Any => vec![format!("{id}/*")],
            Stock::Own => vec![id.clone()],
        });
        names.collect()
    }
}

/// The names where nothing is configured.
impl Default for ModelNames {
    fn default() -> Self {
        Self::new([])
    }
}

fn model_ref(provider: &str, model: &str) -> ModelRef {
    ModelRef { provider: provider.to_owned(), model: model.to_owned() }
}

fn has(stock: &Stock, model: &str) -> bool {
    match stock {
        Stock::Listed(models) => models.iter().any(|known| known == model),
        Stock::Any => !model.is_empty(),
        Stock::Own => true,
    }
}

fn first_of<'a>(id: &'a str, stock: &'a Stock) -> Option<&'a str> {
    match stock {
        Stock::Listed(models) => models.first().map(String::as_str),
        Stock::Any => None,
        Stock::Own => Some(id),
    }
}
