use bytes::Bytes;

use super::*;

const URL: &str = "https://files.example/a.png";

fn png() -> Media {
    Media::at_url(URL, Some("image/png".into()))
}

#[test]
fn a_picture_that_could_not_be_fetched_is_told_with_its_reason_and_not_shown() {
    let in_hand = Media { data: Some(Bytes::from_static(b"abc")), ..png() };
    let shown = "data:image/png;base64,YWJj";
    let told = "look\n[media] https://files.example/a.png (image/png): it could not be taken: refused";
    let cases = [
        ("by its address", png(), "look", vec![URL]),
        ("with its bytes", in_hand.clone(), "look", vec![shown]),
        ("not fetched", png().missing("it could not be taken: refused"), told, Vec::new()),
        ("in hand, though not in the workspace", Media { note: Some("no room".into()), ..in_hand }, "look", vec![shown]),
    ];
    for (case, media, text, pictures) in cases {
        let media = [media];
        let sorted = sort("look", &media, None);
        assert_eq!(
            (sorted.text.as_str(), sorted.pictures),
            (text, pictures.into_iter().map(Cow::Borrowed).collect()),
            "{case}"
        );
    }
}
