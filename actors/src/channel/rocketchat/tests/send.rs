use std::collections::HashSet;

use super::super::send::message_id;
use super::super::shape::TextShaper;
use crate::channel::ChunkMode;
use crate::message::{AccountKey, ChatKind, ChatRef, Outbound, OutboxId, Shaper, Speech, Target};

#[test]
fn a_row_has_one_id_in_the_form_of_the_servers_own() {
    let rows: Vec<_> = (0..1000).map(|_| OutboxId::new()).collect();
    let ids: HashSet<_> = rows.iter().map(|row| message_id(*row)).collect();
    assert_eq!(ids.len(), rows.len());
    assert!(ids.iter().all(|id| id.len() == 17 && id.bytes().all(|mark| mark.is_ascii_alphanumeric())));
    assert_eq!(message_id(rows[0]), message_id(rows[0]));
}

fn shaper(prefix: Option<&str>) -> TextShaper {
    TextShaper { chars_max: 64, mode: ChunkMode::Length, prefix: prefix.map(str::to_owned), speech: Speech::default() }
}

fn shape(shaper: &TextShaper, text: &str, media_url: Option<&str>) -> Vec<String> {
    let chat = ChatRef { kind: ChatKind::Channel, id: "r".into() };
    let target = Target { account: AccountKey::new("rocketchat", "default"), chat, thread: Some("t".into()) };
    let outbound = Outbound { target, text: text.into(), media_url: media_url.map(str::to_owned), mentions: Vec::new() };
    shaper.shape(outbound).into_iter().map(|piece| piece.text).collect()
}

#[test]
fn an_answer_is_cut_and_an_attachment_is_a_line_of_it() {
    let plain = shaper(None);
    assert_eq!(shape(&plain, "hi", None), ["hi"]);
    assert_eq!(shape(&plain, " ", None), [""; 0]);
    assert_eq!(shape(&plain, "", Some("http://h/a.png")), ["http://h/a.png"]);
    assert_eq!(shape(&plain, "look", Some("http://h/a.png")), ["look\nhttp://h/a.png"]);
    let long = "word ".repeat(40);
    let pieces = shape(&shaper(Some("[bot]")), &long, None);
    assert!(pieces.len() > 1 && pieces.iter().all(|piece| piece.chars().count() <= 64), "{pieces:?}");
    assert!(pieces[0].starts_with("[bot] word") && !pieces[1].contains("[bot]"));
}
