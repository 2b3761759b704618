//! The stand-in against public clients from PyPI, as they are.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::rocketchat::{Kind, PASSWORD, RocketChat, Version};

/// Returns where `tests/run` put the clients.
fn tools() -> PathBuf {
    let named = std::env::var_os("CALLBOARD_TEST_TOOLS").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(PathBuf::from).expect("a home");
    let cache = std::env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from);
    let tools = named.unwrap_or_else(|| cache.join("callboard").join("test-tools")).join("rocketchat");
    assert!(tools.join("rocketchat_API").is_dir(), "no Rocket.Chat client in {}: tests/run puts it there", tools.display());
    tools
}

/// Runs a script of the fixtures against a server; it has to be content.
async fn content(script: &str, server: &RocketChat, arguments: Vec<String>) {
    let path = format!("{}/tests/it/fixtures/{script}", env!("CARGO_MANIFEST_DIR"));
    let (url, tools) = (server.url.clone(), tools());
    let run = move || {
        let mut command = Command::new("python3");
        command.arg("-B").arg(path).arg(url).args(arguments).env("PYTHONPATH", tools);
        command.output().expect("python3")
    };
    let done = tokio::task::spawn_blocking(run).await.expect("its end");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test]
async fn public_clients_log_in_list_send_receive_and_upload() {
    for version in [Version::Seven, Version::Eight] {
        let server = RocketChat::start(version);
        let (bot, ann) = (server.person("bot"), server.person("ann"));
        let general = server.room(Kind::Channel, "general", &[&bot, &ann]);
        let group = server.room(Kind::Private, "group", &[&bot, &ann]);
        let arguments = [PASSWORD, version.number(), &general, &group, &server.access_token(&ann)];
        content("rocketchat_clients.py", &server, arguments.map(str::to_owned).to_vec()).await;
        let said = server.accepted().into_iter().map(|message| (message.rid, message.text)).collect::<Vec<_>>();
        for text in ["hello from requests", "hello over the socket", "a file"] {
            assert!(said.contains(&(general.clone(), text.to_owned())), "{version:?} {text}: {said:?}");
        }
        assert_eq!(server.who_types(&general), ["bot"]);
        let uploaded = server.accepted().into_iter().flat_map(|message| message.files).collect::<Vec<_>>();
        assert_eq!(uploaded.iter().filter_map(|id| server.file(id)).collect::<Vec<_>>(), [b"some notes".to_vec()]);
    }
}
