use std::fs;
use std::os::unix::fs::symlink;
use std::sync::Arc;

use callboard_actors::agent::{Entrance, Repeat, ToolContext, ToolFault, ToolOutput, ToolPolicy, Toolbox};
use callboard_actors::core::{Clock, Live};
use callboard_actors::message::{Code, SessionKey, TraceId};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::workspace::Workspaces;

struct Desk {
    home: TempDir,
    toolbox: Toolbox,
}

impl Desk {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let of = |name: &str| home.path().join(name);
        let workspaces = Workspaces {
            by_agent: [("ann".to_owned(), of("ann")), ("bob".to_owned(), of("bob"))].into(),
            common: of("common"),
            managed_skills: of("skills"),
        };
        let tools = super::tools(&Live::fixed(workspaces));
        let toolbox = Toolbox::new(tools, Live::fixed(ToolPolicy::default()), Clock::system()).unwrap();
        Self { home, toolbox }
    }

    async fn call(&self, agent: &str, tool: &str, args: Value) -> Result<ToolOutput, ToolFault> {
        let session = SessionKey::new(&format!("agent:{agent}:main"));
        let context = ToolContext::new(Entrance::Turn, session, agent, TraceId::new());
        self.toolbox.find(context, tool)?.call(args.as_object().cloned().unwrap()).await
    }

    async fn done(&self, tool: &str, args: Value) -> ToolOutput {
        self.call("ann", tool, args.clone()).await.unwrap_or_else(|fault| panic!("{tool} {args}: {fault}"))
    }

    async fn fault(&self, tool: &str, args: Value) -> Code {
        self.call("ann", tool, args.clone()).await.expect_err(&format!("{tool} {args}")).code()
    }
}

#[tokio::test]
async fn a_file_is_written_read_edited_and_listed() {
    let desk = Desk::new();
    desk.done("write", json!({ "path": "notes/day.md", "content": "one\ntwo\ntwo\n" })).await;
    assert_eq!(desk.done("read", json!({ "file_path": "notes/day.md" })).await.text, "one\ntwo\ntwo\n");
    let part = desk.done("read", json!({ "path": "notes/day.md", "offset": 2, "limit": 1 })).await;
    assert_eq!(part.text, "two\n[lines 2 to 2 of 3: go on with offset 3]");
    let edit = json!({ "path": "notes/day.md", "oldText": "two\n", "newText": "three\n" });
    assert_eq!(desk.fault("edit", edit).await, Code::Conflict, "it stands there twice");
    let all = json!({ "path": "notes/day.md", "old_string": "two", "new_string": "2", "replace_all": true });
    assert_eq!(desk.done("edit", all).await.details["replaced"], 2);
    desk.done("edit", json!({ "path": "notes/day.md", "oldText": "one\n2", "newText": "" })).await;
    assert_eq!(fs::read_to_string(desk.home.path().join("ann/notes/day.md")).unwrap(), "\n2\n");
    assert_eq!(desk.fault("edit", json!({ "path": "notes/day.md", "oldText": "one", "newText": "" })).await, Code::Conflict);
    assert_eq!(desk.done("ls", json!({})).await.text, "notes/");
    assert_eq!(desk.done("ls", json!({ "path": "notes" })).await.details["entries"][0]["name"], "day.md");
}

#[tokio::test]
async fn an_agent_sees_its_own_workspace_and_nothing_else() {
    let desk = Desk::new();
    desk.done("write", json!({ "path": "mine.txt", "content": "ann's" })).await;
    let home = desk.home.path();
    symlink(home.join("ann"), home.join("skills")).unwrap();
    fs::create_dir_all(home.join("bob")).unwrap();
    symlink("../ann/mine.txt", home.join("bob/link.txt")).unwrap();
    let absolute = home.join("ann/mine.txt");
    for path in ["../ann/mine.txt", "link.txt", absolute.to_str().unwrap()] {
        let read = desk.call("bob", "read", json!({ "path": path })).await.unwrap_err();
        assert_eq!(read.code(), Code::Forbidden, "{path}: {read}");
        let edit = desk.call("bob", "edit", json!({ "path": path, "oldText": "ann", "newText": "bob" })).await.unwrap_err();
        assert_eq!(edit.code(), Code::Forbidden, "{path}: {edit}");
    }
    for path in ["../ann", "/", home.to_str().unwrap()] {
        let list = desk.call("bob", "ls", json!({ "path": path })).await.unwrap_err();
        assert_eq!(list.code(), Code::Forbidden, "{path}: {list}");
    }
    // Whoever has no folder of their own has the common one.
    desk.call("eve", "write", json!({ "path": "x", "content": "" })).await.unwrap();
    assert!(home.join("common/x").exists());
}

#[tokio::test]
async fn skills_for_all_agents_can_be_read_and_not_written() {
    let desk = Desk::new();
    let skill = desk.home.path().join("skills/weather/SKILL.md");
    fs::create_dir_all(skill.parent().unwrap()).unwrap();
    fs::write(&skill, "how").unwrap();
    assert_eq!(desk.done("read", json!({ "path": skill })).await.text, "how");
    let out = desk.home.path().join("skills/../ann");
    assert_eq!(desk.fault("ls", json!({ "path": out })).await, Code::Forbidden);
    assert_eq!(desk.fault("write", json!({ "path": skill, "content": "mine" })).await, Code::Forbidden);
}

#[tokio::test]
async fn sizes_are_bounded_and_what_is_no_text_is_told() {
    let desk = Desk::new();
    let root = desk.home.path().join("ann");
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("picture"), [0x89, b'P', 0]).unwrap();
    let told = desk.done("read", json!({ "path": "picture" })).await;
    assert_eq!((&told.details["binary"], told.text.as_str()), (&json!(true), "`picture` is not text: 3 bytes"));
    assert_eq!(desk.fault("edit", json!({ "path": "picture", "oldText": "P", "newText": "Q" })).await, Code::InvalidRequest);
    fs::write(root.join("wide"), "x".repeat(300_000)).unwrap();
    assert!(desk.done("read", json!({ "path": "wide" })).await.text.len() < 140_000);
    fs::File::create(root.join("huge")).unwrap().set_len(1 << 30).unwrap();
    assert_eq!(desk.fault("read", json!({ "path": "huge" })).await, Code::TooLarge);
    assert_eq!(desk.fault("write", json!({ "path": "x", "content": "x".repeat((1 << 20) + 1) })).await, Code::InvalidRequest);
    assert_eq!(desk.fault("read", json!({ "path": "nobody" })).await, Code::NotFound);
    assert_eq!(desk.fault("read", json!({})).await, Code::InvalidRequest);
}

#[tokio::test]
async fn of_two_edits_at_once_neither_is_lost() {
    let desk = Arc::new(Desk::new());
    let text: String = (0..32).map(|line| format!("<{line}>\n")).collect();
    desk.done("write", json!({ "path": "x", "content": text })).await;
    let edits = (0..32).map(|line| {
        let desk = Arc::clone(&desk);
        let args = json!({ "path": "x", "oldText": format!("<{line}>"), "newText": format!("[{line}]") });
        async move { desk.done("edit", args).await }
    });
    futures_util::future::join_all(edits).await;
    let text = fs::read_to_string(desk.home.path().join("ann/x")).unwrap();
    assert!(!text.contains('<'), "{text}");
}

/// Somebody else may have written it between the call that a crash cut short and the next one.
#[test]
fn only_what_reads_may_be_called_again_after_a_crash() {
    let desk = Desk::new();
    for (tool, repeat) in [("read", Repeat::Safe), ("ls", Repeat::Safe), ("write", Repeat::Never), ("edit", Repeat::Never)] {
        let context = ToolContext::new(Entrance::Turn, SessionKey::new("agent:ann:main"), "ann", TraceId::new());
        let found = desk.toolbox.find(context, tool).unwrap_or_else(|fault| panic!("{fault}"));
        assert_eq!(found.repeat(), repeat, "{tool}");
    }
}

/// A short word in many places would become more than there is memory.
#[tokio::test]
async fn an_edit_does_not_make_a_file_larger_than_may_be() {
    let desk = Desk::new();
    desk.done("write", json!({ "path": "a", "content": "a".repeat(1_000_000) })).await;
    let grown = json!({ "path": "a", "oldText": "a", "newText": "b".repeat(1_000_000), "replaceAll": true });
    assert_eq!(desk.fault("edit", grown).await, Code::TooLarge);
    assert!(desk.done("read", json!({ "path": "a" })).await.text.starts_with("aaa"));
}
