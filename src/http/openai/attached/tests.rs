use serde_json::json;

use super::{Attached, Sort, Source};

#[test]
fn a_file_is_read_in_every_spelling_and_names_its_field() {
    let inline = |mime: Option<&str>, name: Option<&str>| (mime.map(str::to_owned), name.map(str::to_owned), "YQ==".to_owned());
    let cases = [
        (
            json!({ "file_data": "data:TEXT/csv;charset=utf-8;base64,YQ==", "filename": "a.csv" }),
            "p.file_data",
            inline(Some("text/csv"), Some("a.csv")),
        ),
        (json!({ "file_data": "YQ==" }), "p.file_data", inline(None, None)),
        (
            json!({ "source": { "type": "base64", "media_type": "Application/PDF", "data": "YQ==", "filename": "b.pdf" } }),
            "p.source",
            inline(Some("application/pdf"), Some("b.pdf")),
        ),
    ];
    for (part, at, wanted) in cases {
        let Attached { at: field, sort, mime, name, source } = Attached::file(&part, "p");
        let Source::Inline(data) = source else { panic!("{part}") };
        assert_eq!((&*field, sort, (mime, name, data.to_string())), (at, Sort::File, wanted), "{part}");
    }
    let web = Attached::file(&json!({ "file_url": "HTTPS://x.test/a.pdf" }), "p");
    assert_eq!((&*web.at, web.source), ("p.file_url", Source::Address("HTTPS://x.test/a.pdf".into())));
    for (part, at) in [
        (json!({ "file_id": "file-1" }), "p.file_id"),
        (json!({}), "p.source"),
        (json!({ "file_data": "data:text/plain,a" }), "p.file_data"),
        (json!({ "file_url": "file:///etc/passwd" }), "p.file_url"),
        (json!({ "source": { "type": "url", "url": "ftp://x.test/" } }), "p.source"),
    ] {
        let odd = Attached::file(&part, "p");
        assert!(odd.at == at && matches!(odd.source, Source::Odd(_)), "{part}: {odd:?}");
    }
}

#[test]
fn a_line_never_holds_the_bytes() {
    let long = "A".repeat(4_000);
    let picture = Attached::at_address("p".into(), Sort::Picture, &format!("data:image/png;base64,{long}"), None);
    assert_eq!(picture.line(), "[media] (image/png)");
    let file = Attached::inline("p".into(), Sort::File, Some("application/pdf"), &long, Some("a.pdf"));
    assert_eq!(file.line(), "[media] a.pdf (application/pdf)");
    assert_eq!(Attached::at_address("p".into(), Sort::Picture, "https://x.test/a.png", None).line(), "https://x.test/a.png");
}
