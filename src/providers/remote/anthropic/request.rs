//! The request's body.

use std::borrow::Cow;
use std::collections::BTreeSet;

use callboard_actors::agent::{Prompt, Thought};
use callboard_actors::message::{Role, Sampling, ToolCall, ToolChoice, ToolResult, ToolSpec, ToolUse};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::providers::remote::picture::{Sorted, inline};
use crate::providers::remote::prompt::{Body, Parameters, Round, Told, parameters, role_name, told};
use crate::providers::remote::settings::{Ability, AboutModel};

/// The most tokens of an answer where neither the asker nor the configuration says; the protocol wants a number.
const OUTPUT_TOKENS_MAX: u64 = 8_192;
/// The least that the protocol takes as a budget for thinking, and the least that is left for the answer beside it.
const BUDGET_TOKENS_MIN: u64 = 1_024;
/// Stands before a conversation that the agent opened: the protocol wants a person's word first.
const OPENING: &str = "[the conversation begins]";

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: Parameters<'a>,
}

/// Returns the body that asks a prompt.
pub(in super::super) fn body(prompt: &Prompt, about: Option<&AboutModel>) -> serde_json::Result<Vec<u8>> {
    let budget = budget(prompt, about);
    let mut talk = Talk::default();
    talk.system.extend(prompt.system.clone());
    for told in told(prompt, about) {
        match told {
            Told::Line(role, words) => talk.line(role, &words),
            // Where the model does not think, what it thought before is refused or passed over.
            Told::Round(round) => talk.round(&round, if budget.is_some() { round.thoughts } else { &[] }),
            Told::Now(said) => talk.now(said),
        }
    }
    let mut rest = Map::new();
    let mut put = |name: &str, value: Value| drop(rest.insert(name.to_owned(), value));
    put("model", json!(prompt.model));
    put("stream", json!(true));
    if !talk.system.is_empty() {
        put("system", json!([cached(text(&talk.system.join("\n\n")))]));
    }
    let tools = tools(&prompt.tools, &talk.called);
    put_choice(&prompt.tools, &talk.called, &mut put);
    put("messages", talk.messages());
    put_sampling(prompt, about, budget, &mut put);
    serde_json::to_vec(&Body { rest, tools })
}

/// A conversation as the protocol wants it: a person's word first, then in turns, nothing empty.
#[derive(Default)]
struct Talk<'a> {
    system: Vec<String>,
    /// The tools that were called in it.
    called: BTreeSet<&'a str>,
    said: Vec<(&'static str, Vec<Value>)>,
}

impl<'a> Talk<'a> {
    fn line(&mut self, role: Role, words: &str) {
        match role {
            Role::System => self.system.push(words.to_owned()),
            Role::Assistant | Role::User | Role::Tool | Role::Summary => self.add(role_name(role), [text(words)]),
        }
    }

    fn now(&mut self, said: Sorted<'_>) {
        self.add("user", said.pictures.iter().map(|url| picture(url)).chain([text(&said.text)]));
    }

    fn round(&mut self, round: &Round<'a>, thoughts: &[Thought]) {
        let (seen, round) = (round, round.made);
        self.called.extend(round.calls.iter().map(|(call, _)| call.name.as_str()));
        let calls = round.calls.iter().map(|(call, _)| made(call));
        let thoughts = thoughts.iter().map(|thought| thought.block.clone());
        self.add("assistant", thoughts.chain([text(&round.text)]).chain(calls));
        let results = round.calls.iter().enumerate();
        self.add("user", results.map(|(place, (call, result))| came_of(call, result, seen.shown(place))));
    }

    fn add(&mut self, role: &'static str, parts: impl IntoIterator<Item = Value>) {
        let empty = |part: &Value| part["type"] == "text" && part["text"].as_str().is_none_or(|text| text.trim().is_empty());
        let parts: Vec<_> = parts.into_iter().filter(|part| !empty(part)).collect();
        if parts.is_empty() {
            return;
        }
        match self.said.last_mut() {
            Some((last, said)) if *last == role => said.extend(parts),
            _ => self.said.push((role, parts)),
        }
    }

    /// Returns the messages; all of them but the next answer may be read from the cache another time.
    fn messages(mut self) -> Value {
        if self.said.first().is_none_or(|(role, _)| *role != "user") {
            self.said.insert(0, ("user", vec![text(OPENING)]));
        }
        if let Some(last) = self.said.last_mut().and_then(|(_, parts)| parts.last_mut()) {
            *last = cached(last.take());
        }
        self.said.into_iter().map(|(role, content)| json!({ "role": role, "content": content })).collect()
    }
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// Marks where a part of the request ends that is the same the next time.
fn cached(mut part: Value) -> Value {
    if let Some(part) = part.as_object_mut() {
        part.insert("cache_control".into(), json!({ "type": "ephemeral" }));
    }
    part
}

fn picture(url: &str) -> Value {
    let source = match inline(url) {
        Some((mime, data)) => json!({ "type": "base64", "media_type": mime, "data": data }),
        None => json!({ "type": "url", "url": url }),
    };
    json!({ "type": "image", "source": source })
}

/// Arguments that were no object are sent back in one: the protocol takes nothing else.
fn made(call: &ToolCall) -> Value {
    let input = if call.args.is_object() { call.args.clone() } else { json!({ "arguments": call.args }) };
    json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": input })
}

/// A result is words, or a list with pictures behind them.
fn came_of(call: &ToolCall, result: &ToolResult, pictures: &[Cow<'_, str>]) -> Value {
    let words = Some(result.text()).filter(|words| !words.trim().is_empty());
    let content = match pictures {
        [] => json!(result.text()),
        _ => words.map(text).into_iter().chain(pictures.iter().map(|url| picture(url))).collect(),
    };
    let mut came = json!({ "type": "tool_result", "tool_use_id": call.id, "content": content });
    if let (ToolResult::Failed(_), Some(came)) = (result, came.as_object_mut()) {
        came.insert("is_error".into(), json!(true));
    }
    came
}

/// Returns what there is to call. Calls are refused where no tools are told of: those that are in the conversation only stand there too.
fn tools<'a>(tools: &'a ToolUse, called: &BTreeSet<&'a str>) -> Vec<Tool<'a>> {
    if tools.specs.is_empty() {
        return called.iter().map(|name| Tool { name, description: None, input_schema: Parameters::NOTHING }).collect();
    }
    tools.specs.iter().map(|spec| tool(spec)).collect()
}

fn tool(spec: &ToolSpec) -> Tool<'_> {
    Tool { name: &spec.name, description: spec.description.as_deref(), input_schema: parameters(spec) }
}

/// A choice among nothing is refused.
fn put_choice(tools: &ToolUse, called: &BTreeSet<&str>, put: &mut impl FnMut(&str, Value)) {
    if tools.specs.is_empty() {
        if !called.is_empty() {
            put("tool_choice", json!({ "type": "none" }));
        }
        return;
    }
    let mut choice = match &tools.choice {
        Some(ToolChoice::Never) => return put("tool_choice", json!({ "type": "none" })),
        Some(ToolChoice::Required) => json!({ "type": "any" }),
        Some(ToolChoice::Named(name)) => json!({ "type": "tool", "name": name }),
        Some(ToolChoice::Auto) | None => json!({ "type": "auto" }),
    };
    if let (Some(parallel), Some(choice)) = (tools.parallel, choice.as_object_mut()) {
        choice.insert("disable_parallel_tool_use".into(), json!(!parallel));
    }
    put("tool_choice", choice);
}

/// Seeds and the form of an answer are unknown to the protocol.
fn put_sampling(prompt: &Prompt, about: Option<&AboutModel>, budget: Option<u64>, put: &mut impl FnMut(&str, Value)) {
    let Sampling { temperature, top_p, stop, .. } = &prompt.sampling;
    let (output, most) = output(prompt, about);
    if !stop.is_empty() {
        put("stop_sequences", json!(stop));
    }
    if let Some(budget) = budget {
        let total = output.saturating_add(budget);
        put("max_tokens", json!(total.min(most.unwrap_or(total))));
        // The other settings are refused beside it.
        return put("thinking", json!({ "type": "enabled", "budget_tokens": budget }));
    }
    put("max_tokens", json!(output));
    if let Some(temperature) = temperature {
        put("temperature", json!(temperature.min(1.0)));
    }
    if let Some(top_p) = top_p {
        put("top_p", json!(top_p));
    }
}

/// Returns how many tokens the answer may have, and how many the model writes at the most where that is known.
fn output(prompt: &Prompt, about: Option<&AboutModel>) -> (u64, Option<u64>) {
    let most = about.and_then(|about| about.output_tokens_max);
    let asked = prompt.sampling.max_completion_tokens.or(prompt.sampling.max_tokens);
    (asked.or(most).unwrap_or(OUTPUT_TOKENS_MAX), most)
}

/// Returns whether the model may go on thinking behind its calls. The protocol wants a turn with thoughts to begin with a signed
/// one, and what another model signed is nothing to this one.
fn thinks_on(prompt: &Prompt) -> bool {
    let begins = prompt.rounds.is_empty() || prompt.thoughts.get(&0).is_some_and(|first| !first.is_empty());
    begins && prompt.thoughts.values().flatten().all(|thought| thought.model == prompt.model)
}

/// Returns how many tokens the model may think, none for a model or a request that does without.
fn budget(prompt: &Prompt, about: Option<&AboutModel>) -> Option<u64> {
    let (output, most) = output(prompt, about);
    let level = prompt.sampling.reasoning_effort.as_deref().or(prompt.thinking.as_deref())?;
    let wanted = match level {
        "minimal" => BUDGET_TOKENS_MIN,
        "low" => 2_048,
        "medium" => 8_192,
        "high" => 16_384,
        _ => return None,
    };
    let can = about.is_none_or(|about| about.thinking == Ability::Can);
    // No tool can be forced on a model that thinks.
    let forced = matches!(prompt.tools.choice, Some(ToolChoice::Required | ToolChoice::Named(_)));
    if !can || !thinks_on(prompt) || forced {
        return None;
    }
    let room = most.map_or(wanted, |most| most.saturating_sub(output.min(BUDGET_TOKENS_MIN)));
    let budget = wanted.min(room);
    (budget >= BUDGET_TOKENS_MIN).then_some(budget)
}
