use std::collections::HashSet;

use super::super::send::message_id;
use super::super::shape::TextShaper;
use crate::channel::ChunkMode;
use crate::message::{AccountKey, ChatKind, ChatRef, Media, Outbound, OutboxId, Shaper, Speech, Target};

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

fn shape(shaper: &TextShaper, text: &str, media: &[&str]) -> Vec<(String, Option<String>)> {
    let chat = ChatRef { kind: ChatKind::Channel, id: "r".into() };
    let target = Target { account: AccountKey::new("rocketchat", "default"), chat, thread: Some("t".into()) };
    let outbound =
        Outbound { media: media.iter().map(|url| Media::at_url(*url, None)).collect(), ..Outbound::text(target, text.into()) };
    let one = |piece: Outbound| {
        assert!(piece.media.len() <= 1);
        (piece.text, piece.media.first().and_then(Media::url).map(str::to_owned))
    };
    shaper.shape(outbound).into_iter().map(one).collect()
}

#[test]
fn an_answer_is_cut_and_its_beginning_is_the_caption_of_its_first_file() {
    let plain = shaper(None);
    let told = |text: &str, url: Option<&str>| (text.to_owned(), url.map(str::to_owned));
    let (a, b) = ("http://h/a.png", "http://h/b.png");
    assert_eq!(shape(&plain, "hi", &[]), [told("hi", None)]);
    assert_eq!(shape(&plain, " ", &[]), []);
    assert_eq!(shape(&plain, "", &[a]), [told("", Some(a))]);
    assert_eq!(shape(&plain, "look", &[a, b]), [told("look", Some(a)), told("", Some(b))]);
    let long = "word ".repeat(40);
    let pieces = shape(&shaper(Some("[bot]")), &long, &[a, b]);
    let texts: Vec<_> = pieces.iter().map(|(text, _)| text.as_str()).collect();
    assert!(texts.len() > 2 && texts.iter().all(|text| text.chars().count() <= 64), "{pieces:?}");
    assert!(texts[0].starts_with("[bot] word") && !texts[1].contains("[bot]"));
    let urls: Vec<_> = pieces.iter().map(|(_, url)| url.as_deref()).collect();
    assert_eq!((urls[0], urls[urls.len() - 1], urls.iter().flatten().count()), (Some(a), Some(b), 2));
    assert_eq!(texts[texts.len() - 1], "", "what follows the text has none");
}
