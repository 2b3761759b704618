//! Pictures and files: their addresses travel, their bytes never do.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::control::ControlClient;
use crate::harness::gateway::Gateway;
use crate::harness::llm::{Llm, STYLES, Style, Turn};
use crate::harness::rig::{Rig, said};
use crate::harness::socket_platform::frame;

const URL: &str = "https://cdn.example.org/a.jpg";

fn base64(bytes: usize) -> String {
    "iVBORw0KGgoAAAANSUhEUgAA".chars().cycle().take(bytes).collect()
}

async fn answer(rig: &Rig, id: &str, fields: Value, count: usize) -> String {
    rig.platform.publish(frame(id, fields)).await;
    let sent = rig.platform.wait_for_sent(count).await;
    sent[count - 1].to_string()
}

#[tokio::test]
async fn an_address_reaches_the_agent_and_bytes_never_do() {
    let rig = Rig::start(json!({})).await;
    let picture = json!({ "content": "look", "type": "图片", "url": URL });
    let text = answer(&rig, "m1", picture, 1).await;
    assert!(text.contains("look") && text.contains(URL), "{text}");
    let alone = answer(&rig, "m2", json!({ "content": null, "type": "图片", "url": URL }), 2).await;
    assert!(alone.contains("<media:图片>") && alone.contains(URL), "{alone}");
    let data = base64(40_000);
    let inline = format!("data:image/png;base64,{data}");
    let cases = [
        json!({ "content": "with data", "type": "图片", "url": inline }),
        json!({ "content": "with bare", "type": "图片", "url": data }),
        json!({ "content": format!("inside {inline} text"), "type": "图片" }),
        json!({ "content": data, "type": "图片" }),
        json!({ "content": "", "type": "视频", "url": inline }),
    ];
    for (index, fields) in cases.into_iter().enumerate() {
        let text = answer(&rig, &format!("d{index}"), fields.clone(), index + 3).await;
        assert!(!text.contains(&data[..64]) && !text.contains("base64,"), "case {index}: {text}");
        assert!(text.len() < 400, "case {index}: {text}");
    }
    let texts: Vec<_> = rig.platform.sent()[2..].iter().map(said).collect();
    for (text, words) in
        [(&texts[0], "with data"), (&texts[1], "with bare"), (&texts[3], "<media:图片>"), (&texts[4], "<media:视频>")]
    {
        let begins = format!("wxid_ann: {words}\n[media] media/inbound/");
        assert!(text.starts_with(&begins) && text.ends_with("-file.png (image/png, 30000 bytes)"), "{text}");
    }
    assert!(texts[2].contains("inside") && texts[2].contains("text"), "{texts:?}");
}

#[tokio::test]
async fn a_picture_goes_out_with_its_caption() {
    let rig = Rig::start(json!({})).await;
    let line =
        ["message", "send", "--channel", "socket-chat", "--to", "group:1@chatroom|wxid_a,wxid_b", "look", "--media", URL];
    let told = rig.gateway.run(0, &line);
    assert!(told.starts_with("sent "), "{told}");
    let sent = rig.platform.wait_for_sent(1).await;
    let messages = json!([{ "type": 1, "content": "look" }, { "type": 2, "url": URL }]);
    let wanted = json!({ "isGroup": true, "groupId": "1@chatroom", "mentionIds": ["wxid_a", "wxid_b"], "messages": messages });
    assert_eq!(sent[0], wanted);
    rig.gateway.run(0, &["send", "--channel", "socket-chat", "--to", "wxid_ann", "--media", "https://cdn.example.org/a.pdf"]);
    let sent = rig.platform.wait_for_sent(2).await;
    assert_eq!(said(&sent[1]), "wxid_ann: Attachment: https://cdn.example.org/a.pdf");
    let error = rig.gateway.run(1, &["send", "--channel", "socket-chat", "--to", "wxid_ann", "--media", "/tmp/a.jpg"]);
    assert!(error.contains("media URL"), "{error}");
}

#[tokio::test]
async fn a_client_sends_megabytes_in_one_frame_and_no_more_than_it_may() {
    let gateway = Gateway::start(json!({})).await;
    let mut client = ControlClient::connect(&gateway).await;
    let order = |key: &str, letters: usize| {
        let file = json!({ "fileName": "a.png", "mimeType": "image/png", "content": base64(letters) });
        json!({ "sessionKey": "main", "message": "look", "idempotencyKey": key, "attachments": [file] })
    };
    client.call("chat.send", order("k1", 4_000_000)).await.expect("it is taken");
    let done = client.until(|frame| frame["event"] == "chat" && frame["payload"]["state"] == "final").await;
    assert!(done.to_string().contains("-a.png (image/png, 3000000 bytes)"), "{done}");
    let error = client.call("chat.send", order("k2", 6_800_000)).await.expect_err("it is too large");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("exceeds size limit (5000000 bytes)")), "{error}");
    let long = json!({ "sessionKey": "main", "message": "x".repeat(524_289), "idempotencyKey": "k4" });
    let error = client.call("chat.send", long).await.expect_err("only files are that large");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("at /message: must NOT have more than")), "{error}");
    let error = client.call("config.set", json!({ "raw": "x".repeat(600_000) })).await.expect_err("the same of others");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("it takes 524288")), "{error}");
    // The setting raises it.
    gateway.change(json!({ "agents": { "defaults": { "mediaMaxMb": 6 } } }));
    gateway.logged(&["config.reloaded"]).await;
    client.call("chat.send", order("k3", 6_800_000)).await.expect("it is taken now");
}

#[tokio::test]
async fn a_picture_of_a_request_is_shown_to_the_model_in_every_style() {
    let start = |style: &Style| (style.api().to_owned(), Llm::start(*style, [Turn::Say("a dot"), Turn::Say("a dot")]));
    let backends: Vec<_> = STYLES.iter().map(start).collect();
    let providers: serde_json::Map<_, _> = backends.iter().map(|(name, llm)| (name.clone(), llm.provider(json!({})))).collect();
    let agents: Vec<_> = backends.iter().map(|(name, _)| json!({ "id": name, "model": format!("{name}/m") })).collect();
    let settings = json!({ "models": { "providers": providers }, "agents": { "list": agents } });
    let gateway = Gateway::start(settings).await;
    let (data, line) = (base64(400), "-file.png (image/png, 300 bytes)");
    let url = format!("data:image/png;base64,{data}");
    for (agent, llm) in &backends {
        let model = format!("callboard:{agent}");
        let parts = json!([{ "type": "text", "text": "what" }, { "type": "image_url", "image_url": { "url": url } }]);
        let chat = json!({ "model": model, "messages": [{ "role": "user", "content": parts }] });
        gateway.expect(200, Method::POST, "/v1/chat/completions", Some(chat)).await;
        let parts = json!([{ "type": "input_text", "text": "what" }, { "type": "input_image", "image_url": url }]);
        let response = json!({ "model": model, "input": [{ "role": "user", "content": parts }] });
        gateway.expect(200, Method::POST, "/v1/responses", Some(response)).await;
        let asked = llm.asked();
        assert_eq!(asked.len(), 2, "{agent}");
        for asked in asked {
            let body = asked.body.to_string();
            assert!(body.contains(&data) && body.contains(line), "{agent}: the picture itself, and where it lies: {body}");
        }
    }
}

#[tokio::test]
async fn a_file_may_be_as_large_as_the_agents_have_it_where_its_account_says_nothing() {
    let rig = Rig::with(json!({}), json!({ "agents": { "defaults": { "mediaMaxMb": 1 } } })).await;
    let large = json!({ "content": "look", "type": "图片", "url": base64(1_600_000) });
    let text = answer(&rig, "m1", large, 1).await;
    assert!(text.contains("look") && text.contains("1048576 bytes"), "{text}");
}
