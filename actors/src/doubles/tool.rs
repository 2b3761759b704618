//! A tool that counts its calls, and waits where a test lets it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::agent::{Repeat, Tool, ToolArgs, ToolContext, ToolFault, ToolOutput, ToolPolicy, Toolbox};
use crate::core::{Clock, Live};
use crate::message::{Code, Media};

/// A tool on the stage. Its result names it and counts: `bell 1`; that of `sees` has a picture beside it.
pub(crate) struct PropTool {
    name: &'static str,
    repeat: Repeat,
    calls: AtomicUsize,
    gates: Mutex<VecDeque<oneshot::Receiver<()>>>,
    contexts: Mutex<Vec<ToolContext>>,
}

impl PropTool {
    pub(crate) fn new(name: &'static str, repeat: Repeat) -> Arc<Self> {
        Arc::new(Self { name, repeat, calls: AtomicUsize::new(0), gates: Mutex::default(), contexts: Mutex::default() })
    }

    /// Returns how often it was called.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(SeqCst)
    }

    /// Has the next call wait until what is returned is dropped.
    pub(crate) fn hold(&self) -> oneshot::Sender<()> {
        let (open, gate) = oneshot::channel();
        self.gates.lock().unwrap().push_back(gate);
        open
    }

    /// Returns for whom it was called.
    pub(crate) fn contexts(&self) -> Vec<ToolContext> {
        self.contexts.lock().unwrap().clone()
    }
}

/// Returns a box of such tools, for everybody.
pub(crate) fn toolbox(tools: &[&Arc<PropTool>], clock: &Clock) -> Arc<Toolbox> {
    let tools = tools.iter().map(|tool| Arc::new(Lent(Arc::clone(tool))) as Arc<dyn Tool>).collect();
    Arc::new(Toolbox::new(tools, Live::fixed(ToolPolicy::default()), clock.clone()).unwrap())
}

struct Lent(Arc<PropTool>);

impl Tool for Lent {
    fn name(&self) -> &str {
        self.0.name
    }

    fn description(&self) -> &str {
        "stands on the stage"
    }

    fn schema(&self) -> Value {
        json!({ "type": "object", "additionalProperties": false, "properties": { "at": { "type": "string" } } })
    }

    fn repeat(&self) -> Repeat {
        self.0.repeat
    }

    fn call(&self, context: ToolContext, _: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        let tool = Arc::clone(&self.0);
        let gate = tool.gates.lock().unwrap().pop_front();
        async move {
            let number = tool.calls.fetch_add(1, SeqCst) + 1;
            context.updates.tell(|| format!("{} is at it", tool.name));
            tool.contexts.lock().unwrap().push(context);
            if let Some(gate) = gate {
                let _ = gate.await;
            }
            match tool.name {
                "fails" => Err(ToolFault::failed(Code::Internal, "it is broken")),
                "talks" => Ok(ToolOutput::new("word ".repeat(100_000), Value::Null)),
                "sees" => {
                    let mut picture = Media::in_hand(Bytes::from(format!("picture {number}")), None, Some("image/png".into()));
                    picture.size = None;
                    Ok(ToolOutput { pictures: vec![picture], ..ToolOutput::new("file 1", Value::Null) })
                }
                name => Ok(ToolOutput::new(format!("{name} {number}"), Value::Null)),
            }
        }
        .boxed()
    }
}
