//! How many tokens something is, about: a pure guess that needs no model's own tables, and guesses rather too much.

use crate::agent::Prompt;
use crate::message::{Entry, Said, ToolRound};

/// What a line costs besides its words.
const LINE_TOKENS: u64 = 4;

/// What a picture costs, about.
const PICTURE_TOKENS: u64 = 1_200;

/// Returns the tokens of a text: four plain letters are one, of all other marks each is one.
pub(super) fn of_text(text: &str) -> u64 {
    let plain = text.bytes().filter(u8::is_ascii).count();
    // Every other mark has one byte that begins it.
    let other = text.bytes().filter(|byte| *byte >= 0b1100_0000).count();
    (plain as u64).div_ceil(4).saturating_add(other as u64)
}

/// Returns the tokens of a line with the tools on the way to it.
pub(super) fn of_line(line: &Entry) -> u64 {
    let rounds: u64 = line.rounds.iter().map(of_round).sum();
    // A later turn is only told the name of what came with it.
    let media = line.media.iter().map(|media| of_text(&media.line())).fold(0, u64::saturating_add);
    of_text(line.last_words()).saturating_add(rounds).saturating_add(media).saturating_add(LINE_TOKENS)
}

fn of_round(round: &ToolRound) -> u64 {
    let call = |(call, result): &(crate::message::ToolCall, crate::message::ToolResult)| {
        of_text(&call.name) + of_text(&call.args.to_string()) + of_text(result.text()) + 2 * LINE_TOKENS
    };
    round.calls.iter().map(call).fold(of_text(&round.text), u64::saturating_add)
}

/// Returns the tokens of everything that a provider is asked with.
pub(super) fn of_prompt(prompt: &Prompt) -> u64 {
    let before = prompt.before.iter().map(|said| match said {
        Said::Line { text, .. } => of_text(text) + LINE_TOKENS,
        Said::Round(round) => of_round(round),
    });
    let specs = prompt.tools.specs.iter().map(|spec| {
        let parameters = spec.parameters.as_ref().map_or(0, |schema| of_text(schema.text()));
        of_text(spec.description.as_deref().unwrap_or_default()) + parameters
    });
    let parts = prompt.history.iter().map(of_line).chain(before).chain(prompt.rounds.iter().map(of_round)).chain(specs);
    let own = [prompt.system.as_deref().unwrap_or_default(), &prompt.text].map(of_text);
    let pictures = PICTURE_TOKENS.saturating_mul(prompt.media.len() as u64);
    parts.chain(own).fold(pictures, u64::saturating_add)
}
