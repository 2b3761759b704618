//! The tools there are, behind the one door that every way in goes through: policy, arguments, bounds.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jsonschema::Validator;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::tool::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput};
use super::tool_policy::ToolPolicy;
use crate::core::{Clock, Live};
use crate::message::{Code, ToolSpec};

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

/// The tools there are.
pub struct Toolbox {
    tools: BTreeMap<String, Held>,
    policy: Live<ToolPolicy>,
    clock: Clock,
    running: Arc<Semaphore>,
}

struct Held {
    tool: Arc<dyn Tool>,
    schema: Value,
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
            let (name, schema) = (tool.name().to_owned(), tool.schema());
            let arguments = match jsonschema::validator_for(&schema) {
                Ok(arguments) => arguments,
                Err(error) => return Err(BadTool { name, reason: format!("its schema is none: {error}") }),
            };
            if held.insert(name.clone(), Held { tool, schema, arguments }).is_some() {
                return Err(BadTool { name, reason: "another one has its name".into() });
            }
        }
        Ok(Self { tools: held, policy, clock, running: Arc::new(Semaphore::new(TOOL_CALLS_RUNNING_MAX)) })
    }

    /// Returns every tool that there is for the one who asks, as a provider is told of it, in the order of their names.
    #[must_use]
    pub fn offered(&self, context: &ToolContext) -> Vec<ToolSpec> {
        let policy = self.policy.get();
        let offered = self.tools.iter().filter(|(name, _)| policy.admits(name, context));
        let spec = |(name, held): (&String, &Held)| ToolSpec {
            name: name.clone(),
            description: Some(held.tool.description().to_owned()),
            parameters: Some(held.schema.clone()),
            strict: None,
        };
        offered.map(spec).collect()
    }

    /// Finds a tool for the one who asks.
    ///
    /// # Errors
    /// There is none of that name, or not for them.
    pub fn find(&self, context: ToolContext, name: &str) -> Result<Admitted<'_>, ToolFault> {
        let held = self.tools.get(name).filter(|_| self.policy.get().admits(name, &context));
        let held = held.ok_or_else(|| ToolFault::NotAvailable { name: name.chars().take(NAME_CHARS_TOLD_MAX).collect() })?;
        Ok(Admitted { toolbox: self, held, context })
    }
}

impl std::fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.tools.keys()).finish()
    }
}

/// A tool that the policy lets be called: there is no other way to one.
pub struct Admitted<'a> {
    toolbox: &'a Toolbox,
    held: &'a Held,
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
