//! A model with those that step in for it (`agents.defaults.model.fallbacks`).

use std::collections::VecDeque;
use std::sync::Arc;

use callboard_actors::agent::{AskedModel, Piece, Prompt, Provider, ProviderError};
use callboard_actors::message::{Code, Retry};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::cooling::{Cooling, is_of_the_model};

/// One model of a chain.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) provider: Arc<dyn Provider>,
    /// As the provider knows it.
    pub(super) model: String,
    /// Its place among those that cool down.
    pub(super) place: usize,
}

/// Asks one model after the other until one answers.
///
/// The next one is asked only while nobody has seen a part of an answer, and only for a failure that it may not have. A model that
/// failed rests for a while, so that not every turn waits for it first; when all rest, all are asked.
pub(super) struct Chain {
    links: Vec<Link>,
    cooling: Arc<Cooling>,
}

impl Chain {
    /// Joins the models, the one that is asked first in front.
    pub(super) fn new(links: Vec<Link>, cooling: Arc<Cooling>) -> Self {
        Self { links, cooling }
    }

    fn awake(&self) -> VecDeque<Link> {
        let awake = self.cooling.awake(self.links.iter().map(|link| link.place).collect());
        self.links.iter().filter(|link| awake.contains(&link.place)).cloned().collect()
    }
}

impl Provider for Chain {
    fn name(&self) -> &str {
        self.links.first().map_or("", |link| link.provider.name())
    }

    fn stream(&self, prompt: Prompt) -> BoxStream<'static, Result<Piece, ProviderError>> {
        let walk = Walk {
            cooling: Arc::clone(&self.cooling),
            left: self.awake(),
            prompt,
            now: None,
            errors: Vec::new(),
            stage: Stage::Unheard,
        };
        stream::try_unfold(walk, |mut walk| async move { Ok(walk.next().await?.map(|piece| (piece, walk))) }).boxed()
    }

    fn wants_history(&self) -> bool {
        self.links.iter().any(|link| link.provider.wants_history())
    }

    fn models(&self, _: &str) -> Vec<String> {
        self.links.iter().map(|link| format!("{}/{}", link.provider.name(), link.model)).collect()
    }

    fn wants_tools(&self) -> bool {
        self.links.iter().any(|link| link.provider.wants_tools())
    }
}

/// How far an answer has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody has seen a part of it.
    Unheard,
    /// Somebody may have: from here on there is one model only.
    Heard,
    Over,
}

/// One question on its way along a chain.
struct Walk {
    cooling: Arc<Cooling>,
    /// The models that are still to be asked.
    left: VecDeque<Link>,
    prompt: Prompt,
    now: Option<(usize, BoxStream<'static, Result<Piece, ProviderError>>)>,
    errors: Vec<ProviderError>,
    stage: Stage,
}

impl Walk {
    async fn next(&mut self) -> Result<Option<Piece>, ProviderError> {
        loop {
            if self.stage == Stage::Over {
                return Ok(None);
            }
            // Each model has its own time: whoever watches sees that another one is asked.
            let Some((place, pieces)) = &mut self.now else { return self.ask_next().map(Some) };
            let place = *place;
            match pieces.next().await {
                Some(Ok(piece)) => return Ok(Some(self.heard(place, piece))),
                Some(Err(error)) => self.failed(place, error)?,
                // Whoever reads it says that it broke off.
                None => return Ok(None),
            }
        }
    }

    fn ask_next(&mut self) -> Result<Piece, ProviderError> {
        let Some(link) = self.left.pop_front() else { return Err(all_failed(&self.errors)) };
        if !self.errors.is_empty() {
            tracing::warn!(provider = link.provider.name(), model = %link.model, "another model steps in");
        }
        let asked = AskedModel { provider: link.provider.name().to_owned(), model: link.model.clone() };
        let prompt = Prompt { model: link.model, ..self.prompt.clone() };
        self.now = Some((link.place, link.provider.stream(prompt)));
        Ok(Piece::Asked(asked))
    }

    fn heard(&mut self, place: usize, piece: Piece) -> Piece {
        match piece {
            Piece::Asked(_) | Piece::Thinking | Piece::Thought(_) => {}
            Piece::End(_) => {
                self.cooling.answered(place);
                self.stage = Stage::Over;
            }
            Piece::Text(_) | Piece::Reasoning(_) | Piece::Tool(_) => self.stage = Stage::Heard,
        }
        piece
    }

    fn failed(&mut self, place: usize, error: ProviderError) -> Result<(), ProviderError> {
        if is_of_the_model(&error) {
            self.cooling.failed(place, error.retry_after);
        }
        if self.stage == Stage::Heard || !is_of_the_model(&error) {
            self.stage = Stage::Over;
            return Err(error);
        }
        tracing::warn!(code = %error.code, reason = error.message, "a model has no answer");
        self.errors.push(error);
        self.now = None;
        Ok(())
    }
}

/// Returns one error for those of all models: the first that another try may mend, and the words of each.
fn all_failed(errors: &[ProviderError]) -> ProviderError {
    let message = errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; then ");
    let hopeful = errors.iter().position(|error| error.code.retry() != Retry::Never).unwrap_or_default();
    let Some(error) = errors.get(hopeful) else {
        let message = "no model is left to ask; look at agents.defaults.model".to_owned();
        return ProviderError { code: Code::Internal, message, retry_after: None };
    };
    ProviderError { message, ..error.clone() }
}

#[cfg(test)]
mod tests;
