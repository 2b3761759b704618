//! The OpenAI client from PyPI, as it is, against the gateway.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use crate::harness::gateway::{Gateway, TOKEN};

/// Returns where `tests/run` put the client.
fn tools() -> PathBuf {
    let named = std::env::var_os("CALLBOARD_TEST_TOOLS").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(PathBuf::from).expect("a home");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    let tools = named.unwrap_or_else(|| cache.join("callboard").join("test-tools")).join("python");
    assert!(tools.join("openai").is_dir(), "the openai client is not in {}: tests/run puts it there", tools.display());
    tools
}

/// Runs a script of `tests/compat` with the client; it has to be content.
async fn content(script: &str, gateway: &Gateway) {
    let path = format!("{}/tests/compat/{script}", env!("CARGO_MANIFEST_DIR"));
    let (url, tools) = (gateway.url.clone(), tools());
    let run = move || {
        let mut command = Command::new("python3");
        command.arg("-B").arg(path).args([&url, TOKEN]).env("PYTHONPATH", tools);
        command.output().expect("python3")
    };
    let done = tokio::task::spawn_blocking(run).await.expect("its end");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn it_streams_and_does_not_and_understands_refusals() {
    let gateway = Gateway::start(json!({})).await;
    content("openai_client.py", &gateway).await;
    content("openai_responses.py", &gateway).await;
}

#[tokio::test]
async fn it_sends_pictures_and_files() {
    let gateway = Gateway::start(json!({})).await;
    content("openai_media.py", &gateway).await;
}

#[tokio::test]
async fn it_has_its_own_tools_called() {
    let script = r#"
steps:
  - when: { equals: weather }
    do:
      - text: "Let me see."
      - tool: { name: get_weather, args: { city: Oslo } }
      - tool: { name: get_time }
      - text: "It is: "
      - results
      - usage: { input: 9, output: 4 }
  - when: { equals: strange }
    do: [ tool: { name: nobody_has_it }, text: "never mind" ]
  - do: [echo]
"#;
    let mut gateway = Gateway::prepare(json!({}));
    gateway.play(script);
    gateway.again().await;
    content("openai_tool_calls.py", &gateway).await;
    content("openai_response_tools.py", &gateway).await;
}

#[tokio::test]
async fn it_raises_what_a_provider_fails_with() {
    let script = r#"
steps:
  - { when: { equals: overloaded }, do: [error: { code: provider_busy, message: too many }] }
  - { when: { equals: refused }, do: [error: { code: provider_auth, message: no such key }] }
  - { when: { equals: cut }, do: [{ text: "half an " }, cut] }
  - { when: { equals: half }, do: [{ text: "half an " }, error: { code: provider_broken, message: it fell over }] }
  - do: [echo]
"#;
    let mut gateway = Gateway::prepare(json!({}));
    gateway.play(script);
    gateway.again().await;
    content("openai_failures.py", &gateway).await;
}
