use super::*;
use crate::message::{AccountKey, Entry, Outbound};

fn blob() -> BlobId {
    BlobId::of_digest(&[0xab; 32])
}

#[test]
fn only_a_digest_names_a_blob() {
    assert_eq!(BlobId::read(&"ab".repeat(32)), Some(blob()));
    for other in ["", "ab", "../../../etc/passwd", &"AB".repeat(32), &"zz".repeat(32), &format!("/{}", "a".repeat(63))] {
        assert_eq!(BlobId::read(other), None, "{other}");
        assert!(serde_json::from_value::<BlobId>(other.into()).is_err(), "{other}");
    }
}

#[test]
fn what_is_written_is_read_again_but_for_the_bytes_in_hand() {
    let named = |at| Media { name: Some("a.png".into()), size: Some(3), ..Media::new(at) };
    for media in [
        Media::at_url("https://a/b.png", Some("image/png".into())),
        named(MediaAt::Blob(blob())),
        named(MediaAt::Platform("/file-upload/x/a.png".into())),
        named(MediaAt::Nowhere).missing("it is too large"),
    ] {
        let text = serde_json::to_string(&Media { data: Some(Bytes::from_static(b"secret")), ..media.clone() }).unwrap();
        assert!(!text.contains("secret"), "{text}");
        assert_eq!(serde_json::from_str::<Media>(&text).unwrap(), media, "{text}");
    }
}

#[test]
fn rows_of_before_are_read() {
    let entry = |media: &str| {
        let text = format!(r#"{{"role":"user","text":"x","run":"r","at_ms":0{media}}}"#);
        serde_json::from_str::<Entry>(&text).unwrap().media
    };
    let old = Media::at_url("https://a/b.png", None);
    assert_eq!(entry(r#","media":{"url":"https://a/b.png","mime":null}"#), std::slice::from_ref(&old));
    assert_eq!(entry(r#","media":[{"url":"https://a/b.png"}]"#), std::slice::from_ref(&old));
    assert!(entry("").is_empty() && entry(r#","media":null"#).is_empty());
    let account = serde_json::to_string(&AccountKey::new("c", "a")).unwrap();
    let target = format!(
        r#""target":{{"account":{account},"chat":{{"kind":"direct","id":"p"}},"thread":null}},"text":"t","mentions":[]"#
    );
    let outbound = |more: &str| serde_json::from_str::<Outbound>(&format!("{{{target}{more}}}")).unwrap().media;
    assert_eq!(outbound(r#","media_url":"https://a/b.png""#), [old]);
    assert!(outbound(r#","media_url":null"#).is_empty() && outbound("").is_empty());
}

#[test]
fn a_line_tells_where_it_is_and_what_it_is() {
    let media = |at| Media { mime: Some("image/png".into()), ..Media::new(at) };
    let named = |at| Media { name: Some("a.png".into()), size: Some(9), ..media(at) };
    let cases = [
        (media(MediaAt::Url("https://a/b".into())), "[media] https://a/b (image/png)"),
        (media(MediaAt::Url("data:image/png;base64,AAAA".into())), "[media] (image/png)"),
        (named(MediaAt::Blob(blob())), "[media] media/inbound/abababababab-a.png (image/png, 9 bytes)"),
        (named(MediaAt::Nowhere).missing("it is gone"), "[media] a.png (image/png, 9 bytes): it is gone"),
        (Media::at_url("https://a/b", None).missing("HTTP 404"), "[media] https://a/b: HTTP 404"),
    ];
    for (media, line) in cases {
        assert_eq!(media.line(), line);
    }
}
