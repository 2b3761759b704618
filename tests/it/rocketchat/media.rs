//! Files: what people send reaches the agent's workspace, what is sent reaches the room, once.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use reqwest::Method;
use serde_json::json;

use super::rig::Rig;
use crate::harness::llm::{Llm, Style, Turn};
use crate::harness::rocketchat::faults::Trouble;
use crate::harness::rocketchat::record::Accepted;
use crate::harness::rocketchat::{Kind, Version};
use crate::harness::until;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00";

fn workspace_files(rig: &Rig) -> Vec<(String, Vec<u8>)> {
    let folder = rig.gateway.home().join("callboard/media/inbound");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())).collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_file_of_a_message_lies_in_the_workspace_with_a_safe_name_and_its_own_type() {
    for version in [Version::Six, Version::Eight] {
        let rig = Rig::start(version, json!({})).await;
        let rid = rig.room(Kind::Direct, "").await;
        rig.server.send_file(&rid, &rig.ann, "look", "../../my photo.exe", "application/x-msdownload", PNG);
        let said = rig.server.wait_for_said(&rid, 1).await;
        let files = workspace_files(&rig);
        let [(name, bytes)] = files.as_slice() else { panic!("{files:?}") };
        assert!(name.ends_with("-my_photo.png") && bytes == PNG, "{name}");
        let line = format!("[media] media/inbound/{name} (image/png, {} bytes)", PNG.len());
        assert!(said[0].starts_with("look\n") && said[0].ends_with(&line), "{said:?}");
    }
}

#[tokio::test]
async fn a_picture_is_shown_to_the_model_with_the_place_where_it_lies() {
    let llm = Llm::start(Style::Completions, [Turn::Say("a dot")]);
    let mut rig = Rig::prepare(Version::Seven, json!({}));
    let agent = json!({ "id": "main", "model": "seer/m" });
    rig.gateway
        .change(json!({ "models": { "providers": { "seer": llm.provider(json!({})) } }, "agents": { "list": [agent] } }));
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.send_file(&rid, &rig.ann, "what is this?", "dot.png", "image/png", PNG);
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["a dot"]);
    let body = llm.asked()[0].body.to_string();
    let data = base64::engine::general_purpose::STANDARD.encode(PNG);
    assert!(body.contains(&format!("data:image/png;base64,{data}")), "{body}");
    assert!(body.contains("what is this?") && body.contains("-dot.png (image/png, "), "{body}");
}

#[tokio::test]
async fn text_is_not_lost_to_a_file_that_cannot_be_had() {
    let rig = Rig::start(Version::Eight, json!({ "mediaMaxMb": 1 })).await;
    let rid = rig.room(Kind::Direct, "").await;
    let cases: [(Option<Trouble>, usize, &str); 4] = [
        (Some(Trouble::Html(200)), 9, "a web page"),
        (Some(Trouble::Status(500)), 9, "HTTP 500"),
        (None, (1 << 20) + 1, "larger than 1048576 bytes"),
        (Some(Trouble::RefuseThenCut), 9, "could not be taken"),
    ];
    for (number, (trouble, size, reason)) in cases.into_iter().enumerate() {
        let text = format!("words {number}");
        if let Some(trouble) = trouble {
            rig.server.plan("file-upload", trouble, 1);
        }
        rig.server.send_file(&rid, &rig.ann, &text, "a.bin", "application/octet-stream", &vec![7; size]);
        let said = rig.server.wait_for_said(&rid, number + 1).await;
        let said = &said[number];
        assert!(said.starts_with(&text) && said.contains("[media] a.bin") && said.contains(reason), "{said}");
    }
    assert_eq!(workspace_files(&rig), []);
}

#[tokio::test]
async fn a_login_that_expired_is_renewed_for_a_file() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.plan("file-upload", Trouble::Status(403), 1);
    rig.server.send_file(&rid, &rig.ann, "look", "a.png", "image/png", PNG);
    rig.server.wait_for_said(&rid, 1).await;
    assert_eq!(workspace_files(&rig).len(), 1);
}

/// Another host, which remembers what it is asked.
fn other_host() -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (heard, asked) = mpsc::channel();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let Ok(mut socket) = socket else { return };
            let _ = heard.send("asked".to_owned());
            let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
        }
    });
    (url, asked)
}

#[tokio::test]
async fn a_file_kept_elsewhere_is_not_asked_for_in_a_private_network() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    let (elsewhere, asked) = other_host();
    rig.server.download_at(&elsewhere);
    rig.server.send_file(&rid, &rig.ann, "look", "a.png", "image/png", PNG);
    let said = rig.server.wait_for_said(&rid, 1).await;
    assert!(said[0].starts_with("look") && said[0].contains("private or internal host"), "{said:?}");
    assert!(asked.recv_timeout(Duration::ZERO).is_err(), "nothing was asked of the other host, least of all with the login");
}

#[tokio::test]
async fn nothing_is_downloaded_for_strangers() {
    let rig = Rig::start(Version::Eight, json!({ "dmPolicy": "allowlist", "allowFrom": ["somebody"] })).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.send_file(&rid, &rig.ann, "look", "a.png", "image/png", PNG);
    rig.dropped("sender not listed", 1).await;
    assert!(rig.server.calls("file-upload").is_empty());
}

/// Lays a file into the workspace and has the agent send it.
async fn send_from_workspace(version: Version, trouble: Option<(&str, Trouble)>) -> (Rig, String, Vec<Accepted>) {
    let mut rig = Rig::prepare(version, json!({}));
    let rid = rig.server.room(Kind::Channel, "general", &[&rig.ann, &rig.bot]);
    let workspace = rig.gateway.home().join("callboard");
    std::fs::create_dir_all(&workspace).unwrap();
    std::fs::write(workspace.join("chart.png"), PNG).unwrap();
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.server.listening(&rig.bot, &rid).await;
    if let Some((route, trouble)) = trouble {
        rig.server.plan(route, trouble, 1);
    }
    let call = json!({
        "tool": "message",
        "args": { "action": "send", "channel": "rocketchat", "to": format!("channel:{rid}"), "message": "the chart", "path": "chart.png" },
    });
    rig.gateway.expect(200, Method::POST, "/tools/invoke", Some(call)).await;
    // Once nothing is on its way any more, nothing can be posted twice any more.
    until("the row is done with", async || {
        let open = rig.gateway.metric("store_outbox_open_rows").await;
        (open == 0 && !rig.posted().is_empty()).then_some(())
    })
    .await;
    let posted = rig.posted();
    (rig, rid, posted)
}

#[tokio::test]
async fn a_file_of_the_workspace_goes_out_once_whatever_happens_to_the_answer() {
    let troubles = [
        (Version::Eight, None),
        (Version::Six, None),
        (Version::Eight, Some(("rooms.media", Trouble::CommitThenCut))),
        (Version::Eight, Some(("rooms.mediaConfirm", Trouble::CommitThenCut))),
        (Version::Eight, Some(("rooms.mediaConfirm", Trouble::RefuseThenCut))),
        (Version::Eight, Some(("rooms.mediaConfirm", Trouble::Html(502)))),
        (Version::Six, Some(("rooms.upload", Trouble::CommitThenCut))),
    ];
    for (version, trouble) in troubles {
        let told = format!("{version:?} {trouble:?}");
        let (rig, rid, posted) = send_from_workspace(version, trouble).await;
        let [message] = posted.as_slice() else { panic!("{told}: {posted:?}") };
        assert_eq!((message.rid.as_str(), message.text.as_str()), (rid.as_str(), "the chart"), "{told}");
        let [file] = message.files.as_slice() else { panic!("{told}: {posted:?}") };
        assert_eq!(rig.server.file(file).as_deref(), Some(PNG), "{told}");
    }
}

#[tokio::test]
async fn a_file_of_the_same_name_that_was_sent_before_is_not_taken_for_one_whose_fate_is_unknown() {
    for trouble in [Trouble::RefuseThenCut, Trouble::CommitThenCut] {
        let (rig, rid, _) = send_from_workspace(Version::Six, None).await;
        rig.server.plan("rooms.upload", trouble.clone(), 1);
        let call = json!({
            "tool": "message",
            "args": { "action": "send", "channel": "rocketchat", "to": format!("channel:{rid}"), "message": "again", "path": "chart.png" },
        });
        rig.gateway.expect(200, Method::POST, "/tools/invoke", Some(call)).await;
        until("the row is done with", async || {
            let open = rig.gateway.metric("store_outbox_open_rows").await;
            (open == 0 && rig.count("outbound_sent_total").await == 2).then_some(())
        })
        .await;
        assert_eq!(rig.server.said(&rid), ["the chart", "again"], "{trouble:?}");
    }
}

#[tokio::test]
async fn a_room_has_the_word_on_the_size_of_its_files() {
    let mut rig = Rig::prepare(Version::Eight, json!({ "mediaMaxMb": 2 }));
    let rid = rig.server.room(Kind::Channel, "small", &[&rig.ann, &rig.bot]);
    let rooms = json!({ &rid: { "mediaMaxMb": 1 } });
    rig.gateway.change(json!({ "channels": { "rocketchat": { "rooms": rooms } } }));
    let big = vec![7; (1 << 20) + 1];
    let workspace = rig.gateway.home().join("callboard");
    std::fs::create_dir_all(&workspace).unwrap();
    std::fs::write(workspace.join("big.bin"), &big).unwrap();
    rig.gateway.again().await;
    rig.gateway.ready("all").await;
    rig.server.listening(&rig.bot, &rid).await;
    let other = rig.room(Kind::Direct, "").await;
    for room in [&rid, &other] {
        rig.server.send_file(room, &rig.ann, "@call.bot look", "a.bin", "application/octet-stream", &big);
    }
    let (refused, taken) = (rig.server.wait_for_said(&rid, 1).await, rig.server.wait_for_said(&other, 1).await);
    assert!(refused[0].contains("larger than 1048576 bytes"), "{refused:?}");
    assert!(!taken[0].contains("larger than"), "{taken:?}");
    for (room, status) in [(&rid, 400), (&other, 200)] {
        let args = json!({ "action": "send", "channel": "rocketchat", "to": format!("channel:{room}"), "path": "big.bin" });
        rig.gateway.expect(status, Method::POST, "/tools/invoke", Some(json!({ "tool": "message", "args": args }))).await;
    }
    rig.server.wait_for_said(&other, 2).await;
    assert_eq!(rig.server.said(&rid).len(), 1);
}

#[tokio::test]
async fn what_cannot_be_fetched_goes_out_by_its_address() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Channel, "general").await;
    let url = "http://127.0.0.1:9/a.png";
    rig.gateway.run(0, &["send", "--channel", "rocketchat", "--to", &format!("channel:{rid}"), "look", "--media", url]);
    let said = rig.server.wait_for_said(&rid, 1).await;
    assert_eq!(said, [format!("look\n{url}")]);
}
