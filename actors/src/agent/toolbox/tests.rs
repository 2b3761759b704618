use futures_util::future::{BoxFuture, ready};
use serde_json::json;

use super::*;
use crate::agent::{Entrance, ToolNames, Updates};
use crate::message::{SessionKey, TraceId};

/// A tool that does what its name says.
struct Double(&'static str);

impl Tool for Double {
    fn name(&self) -> &str {
        self.0
    }

    fn description(&self) -> &str {
        "does as it is called"
    }

    fn schema(&self) -> Value {
        match self.0 {
            "bad_schema" => json!({ "type": "nothing" }),
            _ => json!({
                "type": "object", "additionalProperties": false, "required": ["text"],
                "properties": { "text": { "type": "string", "minLength": 1 }, "count": { "type": "integer" } }
            }),
        }
    }

    fn call(&self, _: ToolContext, args: ToolArgs) -> BoxFuture<'static, Result<ToolOutput, ToolFault>> {
        match self.0 {
            "panics" => panic!("at once"),
            "panics_later" => async { panic!("later") }.boxed(),
            "hangs" => std::future::pending().boxed(),
            _ => ready(Ok(ToolOutput::json(Value::Object(args)))).boxed(),
        }
    }
}

fn toolbox(policy: ToolPolicy, clock: &Clock) -> Toolbox {
    let names = ["echo", "panics", "panics_later", "hangs", "exec"];
    let tools = names.map(|name| Arc::new(Double(name)) as Arc<dyn Tool>).into();
    Toolbox::new(tools, Live::fixed(policy), clock.clone()).unwrap()
}

fn by(entrance: Entrance) -> ToolContext {
    ToolContext::new(entrance, SessionKey::new("agent:main:main"), "main", TraceId::new())
}

fn args(value: Value) -> ToolArgs {
    value.as_object().cloned().unwrap()
}

async fn call(toolbox: &Toolbox, name: &str, value: Value) -> Result<ToolOutput, ToolFault> {
    toolbox.find(by(Entrance::Http), name)?.call(args(value)).await
}

#[tokio::test]
async fn a_tool_gets_arguments_that_keep_to_its_schema() {
    let toolbox = toolbox(ToolPolicy::default(), &Clock::system());
    let output = call(&toolbox, "echo", json!({ "text": "hi" })).await.unwrap();
    assert_eq!(output.details, json!({ "text": "hi" }));
    let cases = [
        (json!({}), "`args`: \"text\" is a required property"),
        (json!({ "text": "" }), "`args.text`"),
        (json!({ "text": "hi", "count": "secret words" }), "`args.count`: value is not of type \"integer\""),
        (json!({ "text": "hi", "headers": {} }), "headers"),
    ];
    for (value, told) in cases {
        let fault = call(&toolbox, "echo", value.clone()).await.unwrap_err();
        assert!(matches!(fault, ToolFault::Arguments { .. }) && fault.to_string().contains(told), "{value}: {fault}");
        assert!(!fault.to_string().contains("secret"), "{fault}");
    }
}

/// One door: whatever lists, finds or calls a tool asks the same policy.
#[tokio::test]
async fn what_is_denied_is_not_there_by_any_way() {
    let denied = ToolPolicy { deny: ToolNames::new(["echo"]), ..ToolPolicy::default() };
    let toolbox = toolbox(denied, &Clock::system());
    for name in ["echo", "exec", "nobody", ""] {
        let fault = call(&toolbox, name, json!({ "text": "hi" })).await.unwrap_err();
        assert_eq!(fault, ToolFault::NotAvailable { name: name.into() });
    }
    assert!(toolbox.find(by(Entrance::Turn), "exec").is_ok() && toolbox.find(by(Entrance::Turn), "echo").is_err());
}

#[tokio::test]
async fn a_policy_holds_at_once_when_it_changes() {
    let policy = Arc::new(std::sync::Mutex::new(Arc::new(ToolPolicy::default())));
    let live = Arc::clone(&policy);
    let tools = vec![Arc::new(Double("echo")) as Arc<dyn Tool>];
    let toolbox = Toolbox::new(tools, Live::new(move || Arc::clone(&live.lock().unwrap())), Clock::system()).unwrap();
    assert!(toolbox.find(by(Entrance::Http), "echo").is_ok());
    *policy.lock().unwrap() = Arc::new(ToolPolicy { allow: Some(ToolNames::default()), ..ToolPolicy::default() });
    assert!(toolbox.find(by(Entrance::Http), "echo").is_err());
}

#[tokio::test]
async fn a_panic_is_the_tools_own_affair() {
    let toolbox = toolbox(ToolPolicy::default(), &Clock::system());
    for name in ["panics", "panics_later"] {
        let fault = call(&toolbox, name, json!({ "text": "hi" })).await.unwrap_err();
        assert_eq!(fault.code(), Code::Internal, "{fault}");
    }
    assert_eq!(toolbox.running.available_permits(), TOOL_CALLS_RUNNING_MAX);
}

#[tokio::test]
async fn calls_are_bounded_in_time_and_number() {
    let clock = Clock::manual(0);
    let toolbox = toolbox(ToolPolicy::default(), &clock);
    let hang = || call(&toolbox, "hangs", json!({ "text": "hi" }));
    let mut running: Vec<_> = (0..TOOL_CALLS_RUNNING_MAX).map(|_| Box::pin(hang())).collect();
    for call in &mut running {
        assert!(futures_util::poll!(call).is_pending());
    }
    assert_eq!(hang().await.unwrap_err().code(), Code::Overloaded);
    clock.advance(TOOL_CALL_TIME_MAX);
    assert_eq!(running.remove(0).await.unwrap_err().code(), Code::Timeout);
    // A caller that goes gives its place back.
    drop(running);
    assert_eq!(toolbox.running.available_permits(), TOOL_CALLS_RUNNING_MAX);
}

#[test]
fn a_tool_that_nobody_could_use_is_refused() {
    let make = |names: &[&'static str]| {
        let tools = names.iter().map(|name| Arc::new(Double(name)) as Arc<dyn Tool>).collect();
        Toolbox::new(tools, Live::fixed(ToolPolicy::default()), Clock::system()).unwrap_err()
    };
    assert!(make(&["echo", "echo"]).to_string().contains("another one has its name"));
    assert!(make(&["bad_schema"]).to_string().contains("its schema is none"));
}

#[tokio::test]
async fn tools_are_lent_for_a_while() {
    let toolbox = toolbox(ToolPolicy::default(), &Clock::system());
    let lend = |lender: &str, names: &[&'static str]| {
        let bad = toolbox.lend(lender, names.iter().map(|name| Arc::new(Double(name)) as Arc<dyn Tool>).collect());
        bad.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(lend("one", &["one_a", "one_b"]), [""; 0]);
    // A name that is taken stays with whoever has it, and a tool that nobody could use does not keep out the others.
    let bad = lend("two", &["echo", "one_a", "bad_schema", "two_a"]);
    assert!(bad.len() == 3 && bad.iter().any(|text| text.contains("bad_schema")), "{bad:?}");
    let there = |name: &str| toolbox.find(by(Entrance::Turn), name).is_ok();
    assert!(there("two_a") && there("one_a") && there("one_b") && !there("bad_schema"));
    assert_eq!(lend("one", &["one_b", "one_c"]), [""; 0]);
    assert!(!there("one_a") && there("one_b") && there("one_c") && there("two_a"));
    // A call that was let in goes on.
    let admitted = toolbox.find(by(Entrance::Turn), "two_a").unwrap_or_else(|fault| panic!("{fault}"));
    toolbox.give_back("two");
    assert!(!there("two_a") && there("echo") && there("one_b"));
    assert_eq!(admitted.call(args(json!({ "text": "hi" }))).await.unwrap().details, json!({ "text": "hi" }));
}

#[test]
fn a_tool_says_which_arguments_it_takes() {
    let toolbox = toolbox(ToolPolicy::default(), &Clock::system());
    let echo = toolbox.find(by(Entrance::Http), "echo").unwrap_or_else(|fault| panic!("{fault}"));
    assert!(echo.takes("count") && !echo.takes("action"));
}

#[test]
fn what_is_offered_is_what_can_be_found() {
    let deny = ToolNames::new(["panics*"]);
    let toolbox = toolbox(ToolPolicy { deny, ..ToolPolicy::default() }, &Clock::system());
    for (entrance, names) in [(Entrance::Turn, vec!["echo", "exec", "hangs"]), (Entrance::Http, vec!["echo", "hangs"])] {
        let offered = toolbox.offered(&by(entrance));
        assert_eq!(offered.iter().map(|spec| spec.name.as_str()).collect::<Vec<_>>(), names);
        assert!(offered.iter().all(|spec| toolbox.find(by(entrance), &spec.name).is_ok()));
        assert_eq!(offered[0].description.as_deref(), Some("does as it is called"));
        assert_eq!(
            serde_json::from_str::<Value>(offered[0].parameters.as_ref().unwrap().text()).unwrap()["required"],
            json!(["text"])
        );
    }
}

#[test]
fn an_update_that_nobody_has_room_for_is_left_out() {
    let (listener, mut heard) = tokio::sync::mpsc::channel(1);
    let updates = Updates::to(listener);
    updates.tell(|| "first".into());
    updates.tell(|| panic!("it is not even made"));
    assert_eq!(heard.try_recv(), Ok("first".to_owned()));
    drop(heard);
    updates.tell(|| panic!("nobody listens"));
    Updates::default().tell(|| panic!("nobody ever did"));
}
