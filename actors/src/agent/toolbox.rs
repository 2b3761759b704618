//! The tools there are, behind the one door that every way in goes through: policy, arguments, bounds.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::FutureExt as _;
use jsonschema::Validator;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::tool::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use super::tool_policy::ToolPolicy;
use crate::core::{Clock, Live};
use crate::message::{Code, ToolSchema, ToolSpec};

/// How many calls run at a time; one more is refused.
pub const TOOL_CALLS_RUNNING_MAX: usize = 64;
/// How long a call may take.
pub const TOOL_CALL_TIME_MAX: Duration = Duration::from_secs(120);
/// How many faults of the arguments are told at a time.
const FAULTS_TOLD_MAX: usize = 4;
/// How much of an unknown name is told.
const NAME_CHARS_TOLD_MAX: usize = 64;

/// A tool that cannot be used by anybody: a mistake of whoever wrote it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the tool {name} cannot be used: {reason}")]
pub struct BadTool {
    name: String,
    reason: String,
}

/// The tools there are: those of the gateway, and those that others lend for a while.
pub struct Toolbox {
    tools: ArcSwap<Tools>,
    lending: Mutex<()>,
    policy: Live<ToolPolicy>,
    clock: Clock,
    running: Arc<Semaphore>,
}

type Tools = BTreeMap<String, Arc<Held>>;

struct Held {
    tool: Arc<dyn Tool>,
    /// Who lends it; `None` is the gateway itself.
    lender: Option<String>,
    schema: Value,
    /// What a provider is told of it.
    spec: Arc<ToolSpec>,
    arguments: Validator,
}

impl Toolbox {
    /// Puts tools together; the policy is read at each call.
    ///
    /// # Errors
    /// Two have one name, or a schema is none.
    pub fn new(tools: Vec<Arc<dyn Tool>>, policy: Live<ToolPolicy>, clock: Clock) -> Result<Self, BadTool> {
        let mut held = BTreeMap::new();
        for tool in tools {
            add(&mut held, hold(tool, None)?)?;
        }
        let (tools, running) = (ArcSwap::from_pointee(held), Arc::new(Semaphore::new(TOOL_CALLS_RUNNING_MAX)));
        Ok(Self { tools, lending: Mutex::default(), policy, clock, running })
    }

    /// Takes tools that somebody lends, in the place of those that the same one lent before. Answers with those that nobody could use:
    /// they are left out, and the others are there.
    pub fn lend(&self, lender: &str, tools: Vec<Arc<dyn Tool>>) -> Vec<BadTool> {
        let mut bad = Vec::new();
        let held: Vec<_> =
            tools.into_iter().filter_map(|tool| hold(tool, Some(lender)).map_err(|error| bad.push(error)).ok()).collect();
        let _alone = self.lending.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.without(lender);
        for held in held {
            bad.extend(add(&mut all, held).err());
        }
        self.tools.store(Arc::new(all));
        bad
    }

    /// Gives back what somebody lent; calls that run go on.
    pub fn give_back(&self, lender: &str) {
        let _alone = self.lending.lock().unwrap_or_else(PoisonError::into_inner);
        self.tools.store(Arc::new(self.without(lender)));
    }

    fn without(&self, lender: &str) -> Tools {
        let tools = self.tools.load();
        let others = tools.iter().filter(|(_, held)| held.lender.as_deref() != Some(lender));
        others.map(|(name, held)| (name.clone(), Arc::clone(held))).collect()
    }

    /// Returns every tool that there is for the one who asks, as a provider is told of it, in the order of their names.
    #[must_use]
    pub fn offered(&self, context: &ToolContext) -> Vec<Arc<ToolSpec>> {
        let policy = self.policy.get();
        let tools = self.tools.load();
        let offered = tools.iter().filter(|(name, _)| policy.admits(name, context));
        offered.map(|(_, held)| Arc::clone(&held.spec)).collect()
    }

    /// Finds a tool for the one who asks.
    ///
    /// # Errors
    /// There is none of that name, or not for them.
    pub fn find(&self, context: ToolContext, name: &str) -> Result<Admitted<'_>, ToolFault> {
        let policy = self.policy.get();
        let held = self.tools.load().get(name).cloned().filter(|_| policy.admits(name, &context));
        let held = held.ok_or_else(|| ToolFault::NotAvailable { name: name.chars().take(NAME_CHARS_TOLD_MAX).collect() })?;
        Ok(Admitted { toolbox: self, held, context })
    }
}

fn hold(tool: Arc<dyn Tool>, lender: Option<&str>) -> Result<Held, BadTool> {
    let schema = tool.schema();
    let bad = |error: &dyn std::fmt::Display| BadTool {
        name: tool.name().to_owned(),
        reason: format!("its schema is none: {error}"),
    };
    let arguments = jsonschema::validator_for(&schema).map_err(|error| bad(&error))?;
    let spec = ToolSpec {
        name: tool.name().to_owned(),
        description: Some(tool.description().to_owned()),
        parameters: Some(ToolSchema::new(&schema).map_err(|error| bad(&error))?),
        strict: None,
    };
    Ok(Held { tool, lender: lender.map(str::to_owned), schema, spec: Arc::new(spec), arguments })
}

/// Puts a tool beside the others; the one that was there first stays.
fn add(tools: &mut Tools, held: Held) -> Result<(), BadTool> {
    match tools.entry(held.tool.name().to_owned()) {
        Entry::Vacant(place) => {
            place.insert(Arc::new(held));
            Ok(())
        }
        Entry::Occupied(place) => Err(BadTool { name: place.key().clone(), reason: "another one has its name".into() }),
    }
}

impl std::fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.tools.load().keys()).finish()
    }
}

/// A tool that the policy lets be called: there is no other way to one.
pub struct Admitted<'a> {
    toolbox: &'a Toolbox,
    held: Arc<Held>,
    context: ToolContext,
}

impl Admitted<'_> {
    /// Returns whether the tool takes an argument of that name.
    #[must_use]
    pub fn takes(&self, argument: &str) -> bool {
        self.held.schema.get("properties").is_some_and(|properties| properties.get(argument).is_some())
    }

    /// Returns whether a call that a crash cut short may be made again.
    #[must_use]
    pub fn repeat(&self) -> Repeat {
        self.held.tool.repeat()
    }

    /// Looks at arguments. Their values are not repeated in the answer.
    ///
    /// # Errors
    /// They are not those that the tool takes.
    pub fn check(&self, args: &ToolArgs) -> Result<(), ToolFault> {
        let value = Value::Object(args.clone());
        let faults: Vec<_> = self
            .held
            .arguments
            .iter_errors(&value)
            .take(FAULTS_TOLD_MAX)
            .map(|fault| {
                let at = fault.instance_path().to_string().replace('/', ".");
                format!("`args{at}`: {}", fault.masked())
            })
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(ToolFault::Arguments { reason: faults.join("; ") }) }
    }

    /// Calls the tool, within its time; a panic in it is its own affair.
    ///
    /// # Errors
    /// The arguments are wrong, too many calls run, or it could not be done.
    pub async fn call(self, args: ToolArgs) -> Result<ToolOutput, ToolFault> {
        self.check(&args)?;
        let Self { toolbox, held, context } = self;
        let name = held.tool.name();
        let Ok(_running) = toolbox.running.try_acquire() else {
            let text = format!("{TOOL_CALLS_RUNNING_MAX} tools run already: try again in a moment");
            return Err(ToolFault::failed(Code::Overloaded, text));
        };
        let trace = context.trace;
        tracing::debug!(event = "tool.begun", tool = name, %trace);
        // The call itself is inside, since a tool may fail before its future is made.
        let work = AssertUnwindSafe(async { held.tool.call(context, args).await }).catch_unwind();
        let answer = match toolbox.clock.within(TOOL_CALL_TIME_MAX, work).await {
            Some(Ok(answer)) => answer,
            Some(Err(_)) => Err(ToolFault::failed(Code::Internal, format!("{name} failed inside; the log has the trace"))),
            None => {
                let seconds = TOOL_CALL_TIME_MAX.as_secs();
                Err(ToolFault::failed(Code::Timeout, format!("{name} had not finished after {seconds} s")))
            }
        };
        match &answer {
            Ok(_) => tracing::debug!(event = "tool.called", tool = name, %trace),
            Err(fault) => tracing::warn!(event = "tool.failed", tool = name, %trace, code = %fault.code(), "a tool failed"),
        }
        answer
    }
}

#[cfg(test)]
mod tests;
