//! Pictures and files: their addresses travel, their bytes never do.

use serde_json::{Value, json};

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
