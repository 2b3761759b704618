//! Which model a name means.

use callboard_actors::agent::ProviderError;
use callboard_actors::message::Code;

use super::{Entry, Models, Place};
use crate::providers::{Choice, Echo, TableError};

/// How many names an error lists.
const NAMES_SHOWN_MAX: usize = 12;

/// Finds a model by its name.
pub(super) struct Finder<'a> {
    pub(super) entries: &'a [Entry],
    /// Whose a bare model is that nobody lists.
    pub(super) default: Option<usize>,
}

impl Finder<'_> {
    /// Returns the models of a choice; `first` is the default one.
    pub(super) fn models(&self, choice: &Choice, first: &Place, at: &str) -> Result<Vec<Place>, TableError> {
        let find = |name: &str, at: String| {
            self.look_up(name).ok_or_else(|| TableError::Choice { at, reason: self.unknown(name).message })
        };
        let mut models = vec![match &choice.primary {
            Some(name) => find(name, format!("{at}.primary"))?,
            None => first.clone(),
        }];
        for (place, name) in choice.fallbacks.iter().enumerate() {
            let model = find(name, format!("{at}.fallbacks[{place}]"))?;
            if !models.contains(&model) {
                models.push(model);
            }
        }
        Ok(models)
    }

    pub(super) fn find_default(&self, name: Option<&str>) -> Result<Place, TableError> {
        let name = name.or_else(|| self.entries.first().map(|entry| entry.id.as_str())).unwrap_or(Echo::ID);
        self.look_up(name).ok_or_else(|| TableError::Default(self.unknown(name).message))
    }

    /// Returns the provider's place and the model's name as it knows it.
    pub(super) fn look_up(&self, name: &str) -> Option<Place> {
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

    fn model_of(&self, at: usize, model: &str) -> Option<Place> {
        let known = self.entries.get(at).is_some_and(|entry| match &entry.models {
            Models::Listed(models) => has(models, model),
            Models::Any => !model.is_empty(),
            Models::Own => true,
        });
        known.then(|| (at, model.to_owned()))
    }

    /// A provider's name alone stands for its first model.
    fn first_model_of(&self, at: usize) -> Option<Place> {
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
        let at = self.default?;
        let takes_any = self.entries.get(at).is_some_and(|entry| matches!(entry.models, Models::Any));
        (takes_any && !model.is_empty()).then_some(at)
    }

    pub(super) fn unknown(&self, name: &str) -> ProviderError {
        let names = names(self.entries);
        let shown = names.iter().take(NAMES_SHOWN_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if names.len() > NAMES_SHOWN_MAX { ", …" } else { "" };
        let name: String = name.chars().take(100).collect();
        let message =
            format!("no model {name:?} is configured; ask for one of {shown}{more}, or add it under models.providers");
        ProviderError { code: Code::ProviderModel, message, retry_after: None }
    }
}

/// Returns all models by name.
pub(super) fn names(entries: &[Entry]) -> Vec<String> {
    let names = |entry: &Entry| match &entry.models {
        Models::Listed(models) => models.iter().map(|model| format!("{}/{model}", entry.id)).collect(),
        Models::Any => vec![format!("{}/*", entry.id)],
        Models::Own => vec![entry.id.clone()],
    };
    entries.iter().flat_map(names).collect()
}

fn has(models: &[String], model: &str) -> bool {
    models.iter().any(|known| known == model)
}
