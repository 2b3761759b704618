//! Pictures and files in requests of both APIs.

use std::net::Ipv4Addr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use callboard_actors::message::{Delta, Media, ToolCall, TurnEnd, Usage};
use callboard_actors::ports::MediaRoom as _;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::client::post;
use super::doubles::Asked;
use super::responses::write_down;
use super::rig::{Rig, end};
use crate::http::ByAddress;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00";
const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";

/// How the two APIs spell the same.
#[derive(Clone, Copy)]
enum Api {
    Chat,
    Responses,
}

impl Api {
    const BOTH: [Self; 2] = [Self::Chat, Self::Responses];

    fn picture(self, url: &str) -> Value {
        match self {
            Self::Chat => json!({ "type": "image_url", "image_url": { "url": url } }),
            Self::Responses => json!({ "type": "input_image", "image_url": url }),
        }
    }

    fn file(self, name: &str, data: &str) -> Value {
        match self {
            Self::Chat => json!({ "type": "file", "file": { "file_data": data, "filename": name } }),
            Self::Responses => json!({ "type": "input_file", "file_data": data, "filename": name }),
        }
    }

    fn text(self, text: &str) -> Value {
        match self {
            Self::Chat => json!({ "type": "text", "text": text }),
            Self::Responses => json!({ "type": "input_text", "text": text }),
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Chat => "/v1/chat/completions",
            Self::Responses => "/v1/responses",
        }
    }

    fn body(self, messages: &Value) -> String {
        match self {
            Self::Chat => json!({ "messages": messages }).to_string(),
            Self::Responses => json!({ "input": messages }).to_string(),
        }
    }

    fn field(self, index: usize, part: usize, field: &str) -> String {
        match self {
            Self::Chat => format!("messages[{index}].content[{part}].{field}"),
            Self::Responses => format!("input[{index}].content[{part}].{field}"),
        }
    }

    fn file_field(self) -> &'static str {
        match self {
            Self::Chat => "file.file_data",
            Self::Responses => "file_data",
        }
    }
}

fn data(mime: &str, bytes: &[u8]) -> String {
    format!("data:{mime};base64,{}", STANDARD.encode(bytes))
}

fn user(parts: &[Value]) -> Value {
    json!([{ "role": "user", "content": parts }])
}

async fn asked(rig: &Rig, api: Api, messages: &Value) -> Asked {
    let answer = post(rig.at, api.path(), &api.body(messages)).await;
    assert_eq!(answer.status, 200, "{messages} {}", answer.body);
    rig.switchboard.asked.lock().unwrap().pop().unwrap()
}

async fn bytes_of(rig: &Rig, media: &Media) -> Vec<u8> {
    let mut open = rig.media.open(media.blob().unwrap().clone()).await.unwrap();
    let mut whole = Vec::new();
    while let Some(part) = open.bytes.next().await {
        whole.extend_from_slice(&part.unwrap());
    }
    whole
}

#[actix_web::test]
async fn pictures_and_files_inside_a_request_become_media_of_the_turn() {
    let rig = Rig::new().await;
    for api in Api::BOTH {
        let parts = [
            api.text("look"),
            api.picture(&data("image/jpeg", PNG)),
            api.file("../../etc/Report.pdf", &data("application/pdf", PDF)),
            api.file("t.csv", &data("text/csv", b"1,2")),
            // Bare base64 is what its name says.
            api.file("n.md", &STANDARD.encode("# head")),
        ];
        let got = asked(&rig, api, &user(&parts)).await;
        assert_eq!(got.text, "look");
        assert_eq!(got.system.as_deref(), Some("<file name=\"t.csv\">\n1,2\n</file>\n\n<file name=\"n.md\">\n# head\n</file>"));
        let [picture, file] = &got.media[..] else { panic!("{:?}", got.media) };
        // What it is, its bytes say.
        assert_eq!((picture.mime.as_deref(), &*bytes_of(&rig, picture).await), (Some("image/png"), PNG));
        assert_eq!((file.mime.as_deref(), file.name.as_deref()), (Some("application/pdf"), Some("Report.pdf")));
        assert_eq!(bytes_of(&rig, file).await, PDF);
        let alone = asked(&rig, api, &user(&[api.picture(&data("image/png", PNG))])).await;
        assert_eq!((&*alone.text, alone.media.len()), ("", 1));
    }
    rig.stop().await;
}

#[actix_web::test]
async fn of_earlier_messages_a_model_is_told_that_there_was_something() {
    let rig = Rig::new().await;
    for api in Api::BOTH {
        let said = json!([
            { "role": "user", "content": [api.picture(&data("image/png", PNG)), api.text("this")] },
            { "role": "assistant", "content": "a dot" },
            { "role": "user", "content": "and its colour?" }
        ]);
        let got = asked(&rig, api, &said).await;
        assert!(got.media.is_empty());
        let told = "What was said before:\nUser: this\n[media] (image/png)\nAssistant: a dot";
        assert_eq!(got.system.as_deref(), Some(told));
    }
    rig.stop().await;
}

#[actix_web::test]
async fn a_picture_among_instructions_is_told_and_never_lost() {
    let rig = Rig::new().await;
    for role in ["system", "developer"] {
        let said = json!([
            { "role": role, "content": [Api::Chat.text("be kind"), Api::Chat.picture(&data("image/png", PNG))] },
            { "role": role, "content": [Api::Chat.picture("https://x.test/logo.png")] },
            { "role": "user", "content": "hello" }
        ]);
        let got = asked(&rig, Api::Chat, &said).await;
        assert_eq!(got.system.as_deref(), Some("be kind\n[media] (image/png)\n\nhttps://x.test/logo.png"), "{role}");
        assert!(got.media.is_empty());
    }
    rig.stop().await;
}

#[actix_web::test]
async fn what_cannot_be_taken_names_its_field_and_reaches_no_turn() {
    let rig = Rig::new().await;
    for settings in 0..2 {
        rig.change(|all| {
            let rules = if settings == 0 { &mut all.chat } else { &mut all.responses };
            (rules.pictures.bytes_max, rules.pictures_bytes_max, rules.pictures_max) = (100, 150, 3);
            (rules.files.bytes_max, rules.pictures.by_address) = (100, ByAddress::Fetched);
        });
    }
    let large = [PNG, &[7; 90]].concat();
    for api in Api::BOTH {
        let png = || api.picture(&data("image/png", PNG));
        let is_chat = matches!(api, Api::Chat);
        // Only a key that holds for this entrance is named.
        let (count_key, sum_key) = match is_chat {
            true => {
                ("may have 3 (`gateway.http.endpoints.chatCompletions.maxImageParts`)", "chatCompletions.maxTotalImageBytes`")
            }
            false => ("may have 3", "150 bytes together"),
        };
        let (file_key, type_key) = match is_chat {
            true => ("the most that is taken", "application/pdf"),
            false => {
                ("`gateway.http.endpoints.responses.files.maxBytes`", "`gateway.http.endpoints.responses.files.allowedMimes`")
            }
        };
        let many = |count: usize| (0..count).map(|_| png()).collect::<Vec<_>>();
        let cases: Vec<(Vec<Value>, usize, &str, u16, &str)> = vec![
            (vec![api.text("x"), api.picture("data:image/png;base64,*")], 1, "image_url", 400, "not valid base64"),
            (vec![api.picture("data:image/png,AAAA")], 0, "image_url", 400, "`data:` address with base64"),
            (vec![api.picture("file:///etc/passwd")], 0, "image_url", 400, "http or https"),
            (vec![api.picture("data:image/png;base64,")], 0, "image_url", 400, "it is empty"),
            // What is no picture is none, whatever it is called.
            (vec![api.picture(&data("image/png", b"<html></html>"))], 0, "image_url", 400, "is text/html"),
            (vec![api.picture(&data("image/svg+xml", SVG))], 0, "image_url", 400, "a type that is not read"),
            (vec![api.picture(&data("image/png", PDF))], 0, "image_url", 400, "is application/pdf"),
            (vec![api.picture(&data("image/png", &large))], 0, "image_url", 413, "images.maxBytes"),
            (vec![png(), png(), api.picture(&data("image/png", &[PNG, &[7; 66]].concat()))], 2, "image_url", 413, sum_key),
            (many(4), 3, "image_url", 400, count_key),
            (vec![api.picture("http://127.0.0.1:1/")], 0, "image_url", 400, "cannot be reached"),
            (vec![api.picture("http://10.1/a.png")], 0, "image_url", 400, "blocked"),
            (vec![api.picture("http://[::ffff:10.0.0.1]/a.png")], 0, "image_url", 400, "blocked"),
            (vec![api.picture("http://2130706434/a.png")], 0, "image_url", 400, "blocked"),
            (vec![api.picture("http://0x7f000002/a.png")], 0, "image_url", 400, "blocked"),
            (vec![api.picture("http://inner.example/a.png")], 0, "image_url", 400, "blocked"),
            (vec![api.picture("http://metadata.google.internal/")], 0, "image_url", 400, "blocked"),
            (vec![api.file("a.txt", &data("text/plain", &[b'x'; 101]))], 0, api.file_field(), 413, file_key),
            (vec![api.file("a.txt", &data("text/plain", &[0xff, 0xfe]))], 0, api.file_field(), 400, "UTF-8"),
            (vec![api.file("a.exe", &data("application/x-msdownload", b"MZ"))], 0, api.file_field(), 400, type_key),
            // It says that it is a document, and is an archive.
            (
                vec![api.file("a.pdf", &data("application/pdf", b"PK\x03\x04......"))],
                0,
                api.file_field(),
                400,
                "application/zip",
            ),
            ((0..33).map(|_| api.file("a.txt", "YQ==")).collect(), 32, api.file_field(), 400, "one text file too many"),
            (
                (0..11).map(|_| api.file("a.pdf", &data("application/pdf", PDF))).collect(),
                10,
                api.file_field(),
                400,
                "too many",
            ),
        ];
        for (parts, part, field, status, why) in cases {
            let answer = post(rig.at, api.path(), &api.body(&user(&parts))).await;
            let code = if status == 413 { "too_large" } else { "invalid_request" };
            let error = answer.error(status, code);
            let told = error["message"].as_str().unwrap();
            assert_eq!(error["param"], api.field(0, part, field), "{told}");
            assert!(told.contains(why) && told.len() < 400, "{why}: {told}");
            assert!(!is_chat || !told.contains("endpoints.responses"), "{told}");
        }
        let kept = match api {
            Api::Chat => json!({ "type": "file", "file": { "file_id": "file-1" } }),
            Api::Responses => json!({ "type": "input_file", "file_id": "file-1" }),
        };
        let error = post(rig.at, api.path(), &api.body(&user(&[kept]))).await.error(400, "invalid_request");
        assert!(error["message"].as_str().unwrap().contains("not kept here"), "{error}");
    }
    assert!(rig.switchboard.asked.lock().unwrap().is_empty());
    rig.stop().await;
}

/// Answers with what the path stands for.
async fn web() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    actix_web::rt::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let count = socket.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..count]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let ok = |kind: &str, body: &[u8]| {
                [format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat()
            };
            let answer = match path.as_str() {
                "/a.png" => ok("image/png", PNG),
                "/notes.md" => ok("text/markdown", b"# far"),
                _ => b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n".to_vec(),
            };
            let _ = socket.write_all(&answer).await;
        }
    });
    port
}

#[actix_web::test]
async fn addresses_are_fetched_where_that_is_allowed_and_told_elsewhere() {
    let rig = Rig::new().await;
    let at = format!("http://cdn.public.test:{}", web().await);
    let (picture, page) = (format!("{at}/a.png"), format!("{at}/notes.md"));
    // As nothing is set, chat completions tell the model of an address, and responses fetch it.
    let got = asked(&rig, Api::Chat, &user(&[Api::Chat.picture(&picture)])).await;
    assert_eq!(got.media, [Media::at_url(&*picture, None)]);
    let error = post(rig.at, Api::Chat.path(), &Api::Chat.body(&user(&[Api::Chat.file("n.md", &page)]))).await;
    error.error(400, "invalid_request");
    let by_address = json!({ "type": "input_file", "file_url": page });
    let got = asked(&rig, Api::Responses, &user(&[Api::Responses.picture(&picture), by_address.clone()])).await;
    assert_eq!((got.media.len(), bytes_of(&rig, &got.media[0]).await.as_slice()), (1, PNG));
    assert_eq!(got.system.as_deref(), Some("<file name=\"notes.md\">\n# far\n</file>"));
    rig.change(|settings| settings.chat.pictures.by_address = ByAddress::Fetched);
    let got = asked(&rig, Api::Chat, &user(&[Api::Chat.picture(&picture)])).await;
    assert_eq!(bytes_of(&rig, &got.media[0]).await, PNG);
    // Only some hosts, and only so many.
    rig.change(|settings| {
        settings.responses.pictures.reach.hosts = vec!["*.example.org".into(), "public.test".into()];
        settings.responses.addresses_max = 1;
    });
    let refused = post(rig.at, Api::Responses.path(), &Api::Responses.body(&user(&[Api::Responses.picture(&picture)]))).await;
    let error = refused.error(400, "invalid_request");
    assert!(error["message"].as_str().unwrap().contains("none of those that may be asked"), "{error}");
    let two = user(&[by_address.clone(), by_address.clone()]);
    let error = post(rig.at, Api::Responses.path(), &Api::Responses.body(&two)).await.error(400, "invalid_request");
    assert_eq!(error["param"], "input[0].content[1].file_url");
    rig.change(|settings| settings.responses.files.by_address = ByAddress::Told);
    let error = post(rig.at, Api::Responses.path(), &Api::Responses.body(&user(&[by_address]))).await;
    assert_eq!(error.error(400, "invalid_request")["param"], "input[0].content[0].file_url");
    rig.stop().await;
}

#[actix_web::test]
async fn a_request_that_goes_on_behind_tools_shows_its_picture_again() {
    let rig = Rig::new().await;
    rig.play(|ask| match ask.rounds.len() {
        0 => {
            let calls = vec![ToolCall { id: "c".into(), name: "n".into(), args: json!({}) }];
            vec![Delta::End(TurnEnd { finish_reason: "tool_calls".into(), calls, usage: Usage::default() })]
        }
        _ => vec![Delta::Text { text: "seen".into() }, end()],
    });
    let tools = json!([{ "type": "function", "name": "n", "parameters": {} }]);
    let input = user(&[Api::Responses.text("look"), Api::Responses.picture(&data("image/png", PNG))]);
    let first = post(rig.at, "/v1/responses", &json!({ "input": input, "tools": tools }).to_string()).await;
    let id = first.json()["id"].clone();
    write_down(&rig, &rig.switchboard.asked.lock().unwrap()[0]);
    let output = json!([{ "type": "function_call_output", "call_id": "c", "output": "o" }]);
    let body = json!({ "input": output, "previous_response_id": id, "tools": tools });
    assert_eq!(post(rig.at, "/v1/responses", &body.to_string()).await.status, 200);
    let mut asked = std::mem::take(&mut *rig.switchboard.asked.lock().unwrap());
    let (second, first) = (asked.pop().unwrap(), asked.pop().unwrap());
    assert_eq!((first.media.len(), second.text.as_str(), second.rounds.len()), (1, "look", 1));
    assert_eq!(first.media, second.media);
    rig.stop().await;
}
