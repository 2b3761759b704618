//! The gateway's own tools as one turn has them.

use std::sync::Arc;

use serde_json::Value;

use super::journal::Journal;
use super::provider::ProviderError;
use super::tool::{Repeat, ToolContext, ToolFault, Updates};
use super::toolbox::Toolbox;
use crate::message::{BegunRound, ToolCall, ToolResult, ToolSpec};

/// How many bytes of a result a model gets; what is longer is cut there and says so.
pub const TOOL_RESULT_BYTES_MAX: usize = 64 * 1024;

/// The gateway's own tools as one turn has them: which there are, for whom they are called, where the steps are kept, and those
/// that were kept before. By default there are none.
#[derive(Clone, Default)]
pub struct Hands {
    tools: Option<(Arc<Toolbox>, ToolContext)>,
    journal: Option<Arc<dyn Journal>>,
    begun: Vec<BegunRound>,
    said: String,
}

/// Whether a call is made because the provider has just asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It has.
    Asked,
    /// A turn that was cut short had begun it, and nobody knows how it came out.
    Kept,
}

/// Where a call stands in its turn, both from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) round: usize,
    pub(super) call: usize,
}

impl Hands {
    /// Returns the tools that there are for a turn.
    #[must_use]
    pub fn of(toolbox: Arc<Toolbox>, context: ToolContext) -> Self {
        Self { tools: Some((toolbox, context)), ..Self::default() }
    }

    /// Keeps the turn's steps in a journal, and goes on after those that were kept of it before.
    #[must_use]
    pub fn kept(self, journal: Arc<dyn Journal>, begun: Vec<BegunRound>) -> Self {
        Self { journal: Some(journal), begun, ..self }
    }

    /// Goes on after these rounds, which an earlier try of the turn had.
    #[must_use]
    pub fn after(self, begun: Vec<BegunRound>) -> Self {
        Self { begun, ..self }
    }

    /// Goes on behind what the reader has of the answer already.
    #[must_use]
    pub fn behind(self, said: String) -> Self {
        Self { said, ..self }
    }

    /// Takes what the reader has of the answer behind the rounds that were kept, whose words are given.
    pub(super) fn take_said(&mut self, in_rounds: &str) -> String {
        let behind = self.said_behind(in_rounds).to_owned();
        self.said.clear();
        behind
    }

    /// Returns what the reader has of the answer behind the rounds that were kept, whose words are given.
    #[must_use]
    pub fn said_behind(&self, in_rounds: &str) -> &str {
        self.said.strip_prefix(in_rounds).unwrap_or_default()
    }

    /// Returns the tools that the provider is told of.
    pub(super) fn offered(&self) -> Vec<Arc<ToolSpec>> {
        self.tools.as_ref().map(|(toolbox, context)| toolbox.offered(context)).unwrap_or_default()
    }

    /// Takes the rounds that the turn had before it was cut short.
    pub(super) fn take_begun(&mut self) -> Vec<BegunRound> {
        std::mem::take(&mut self.begun)
    }

    /// Writes a round down.
    pub(super) async fn begin(&self, round: usize, calls: &BegunRound) -> Result<(), ProviderError> {
        match &self.journal {
            Some(journal) => journal.begun(round, calls).await,
            None => Ok(()),
        }
    }

    /// Makes a call and writes down how it came out. What is wrong with a tool is a result for the model to read.
    ///
    /// # Errors
    /// Its result cannot be kept.
    pub(super) async fn call(
        &self,
        place: Place,
        call: &ToolCall,
        origin: Origin,
        updates: Updates,
    ) -> Result<ToolResult, ProviderError> {
        let result = fitting(self.answer(call, origin, updates).await);
        if let Some(journal) = &self.journal {
            journal.finished(place.round, place.call, &result).await?;
        }
        Ok(result)
    }

    async fn answer(&self, call: &ToolCall, origin: Origin, updates: Updates) -> ToolResult {
        let unknown = || ToolResult::Failed(format!("no tool named {} is available", call.name));
        let Some((toolbox, context)) = &self.tools else { return unknown() };
        let tool = match toolbox.find(ToolContext { updates, ..context.clone() }, &call.name) {
            Ok(tool) => tool,
            Err(ToolFault::NotAvailable { .. }) => return unknown(),
            Err(fault) => return ToolResult::Failed(fault.to_string()),
        };
        if origin == Origin::Kept && tool.repeat() == Repeat::Never {
            return ToolResult::Failed(format!(
                "the gateway was interrupted while {} ran: it is not known whether it was done, and it was not done again",
                call.name
            ));
        }
        let Value::Object(args) = call.args.clone() else {
            return ToolResult::Failed("the arguments are no JSON object; call it again with one".into());
        };
        match tool.call(args).await {
            Ok(output) => ToolResult::Done(output.text),
            Err(fault) => ToolResult::Failed(fault.to_string()),
        }
    }
}

/// Cuts a result to what a model gets of it.
fn fitting(result: ToolResult) -> ToolResult {
    let text = result.text();
    if text.len() <= TOOL_RESULT_BYTES_MAX {
        return result;
    }
    let kept = text.get(..text.floor_char_boundary(TOOL_RESULT_BYTES_MAX)).unwrap_or_default();
    let cut = format!("{kept}\n[cut here: {} of {} bytes]", kept.len(), text.len());
    result.with_text(cut)
}

impl std::fmt::Debug for Hands {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keeps = self.journal.is_some();
        f.debug_struct("Hands").field("tools", &self.tools).field("keeps", &keeps).field("begun", &self.begun).finish()
    }
}
