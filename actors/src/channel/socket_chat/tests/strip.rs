use std::borrow::Cow;

use super::super::strip::{LEFT_OUT, RUN_CHARS_MAX, is_bare_base64, strip_base64};

#[test]
fn only_data_is_left_out() {
    let run = "Ab9+".repeat(80);
    let short = "A".repeat(RUN_CHARS_MAX);
    let long = "A".repeat(RUN_CHARS_MAX + 1);
    let cases = [
        ("no data at all".to_owned(), "no data at all".to_owned()),
        (short.clone(), short),
        (long, LEFT_OUT.to_owned()),
        (format!("a {run} b"), format!("a {LEFT_OUT} b")),
        (format!("图{run}片"), format!("图{LEFT_OUT}片")),
        ("x data:image/png;base64,AA== y".to_owned(), format!("x {LEFT_OUT} y")),
        ("xdata:image/png;base64,AA==".to_owned(), format!("x{LEFT_OUT}")),
        ("data:;base64,".to_owned(), LEFT_OUT.to_owned()),
        ("data:a;base64,QQ==,data:b;base64,QQ==".to_owned(), format!("{LEFT_OUT},{LEFT_OUT}")),
        ("data:image/png;base64,AA%2B%3D!".to_owned(), format!("{LEFT_OUT}!")),
        ("say ;base64,AA== alone".to_owned(), "say ;base64,AA== alone".to_owned()),
        ("data: a thing;base64,AA==".to_owned(), "data: a thing;base64,AA==".to_owned()),
        ("-".repeat(400), "-".repeat(400)),
        (format!("https://zh.example/{}", "%E4%BD%A0".repeat(60)), format!("https://zh.example/{}", "%E4%BD%A0".repeat(60))),
    ];
    for (text, expected) in cases {
        assert_eq!(strip_base64(&text), expected, "{text}");
    }
}

#[test]
fn wrapped_data_is_one_run() {
    for (line, end) in [(76, "\r\n"), (64, "\n")] {
        let text = format!("begin {}{end}end", format!("{}{end}", "A".repeat(line)).repeat(5));
        assert_eq!(strip_base64(&text), format!("begin {LEFT_OUT}{end}{end}end"));
    }
    let list = "word\n".repeat(200);
    assert!(matches!(strip_base64(&list), Cow::Borrowed(_)));
}

#[test]
fn bare_base64_is_known_by_its_letters() {
    assert!(is_bare_base64(&"iVBORw0K".repeat(10)));
    assert!(is_bare_base64(&format!("{}\n{}==", "A".repeat(76), "B".repeat(10))));
    assert!(!is_bare_base64("iVBORw0K"));
    assert!(!is_bare_base64(&format!("https://{}", "a".repeat(80))));
}
