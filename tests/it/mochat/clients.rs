//! The stand-in against public clients, as they are.

use std::process::Command;

use callboard_actors::socketio::Parser;
use serde_json::json;

use super::rig::{PARSERS, platform};
use crate::harness::mochat::{Mochat, TOKEN, tools};

async fn prepared(parser: Parser) -> Mochat {
    let platform = platform(parser).await;
    platform.session("session_1").await;
    platform.panel("panel_1").await;
    platform.say(json!({ "sessionId": "session_1", "content": "hello" })).await;
    platform
}

/// Runs a client; it has to be content.
async fn content(mut command: Command) {
    let done = tokio::task::spawn_blocking(move || command.output().expect("its program")).await.expect("its end");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn fixture(name: &str) -> String {
    format!("{}/tests/it/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[tokio::test]
async fn the_client_in_javascript_is_content_with_the_platform() {
    for parser in PARSERS {
        for transport in ["websocket", "polling", "both"] {
            let platform = prepared(parser).await;
            let mut command = Command::new("node");
            command.arg(fixture("mochat_client.cjs")).args([&platform.url, TOKEN, parser.name(), transport]);
            command.env("NODE_PATH", tools().join("node_modules"));
            content(command).await;
            assert_eq!(platform.sent().await.len(), 1);
        }
    }
}

#[tokio::test]
async fn the_client_in_python_is_content_with_the_platform() {
    for parser in PARSERS {
        let platform = prepared(parser).await;
        let mut command = Command::new("python3");
        command.arg("-B").arg(fixture("mochat_client.py")).args([&platform.url, TOKEN, parser.name()]);
        command.env("PYTHONPATH", tools().join("python"));
        content(command).await;
        assert_eq!(platform.sent().await.len(), 1);
    }
}
