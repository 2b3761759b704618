use proptest::prelude::*;

use super::*;

fn decode(parts: &[&[u8]]) -> Result<Vec<String>, TooLong> {
    let mut decoder = Decoder::default();
    let mut events = VecDeque::new();
    for part in parts {
        decoder.push(part, &mut events)?;
    }
    events.extend(decoder.finish());
    Ok(events.into())
}

#[test]
fn reads_events_in_every_form_of_the_format() {
    let cases: [(&str, &[&str]); 9] = [
        ("data: a\n\ndata: b\n\n", &["a", "b"]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", &["a", "b"]),
        ("data: a\r\rdata:b\r\r", &["a", "b"]),
        ("\u{feff}data: a\n\n", &["a"]),
        ("data: a\ndata:\ndata: b\n\n", &["a\n\nb"]),
        (": ping\n\nevent: x\nid: 7\nretry: 1\ndata: a\n\n", &["a"]),
        ("data:  two spaces\n\n", &[" two spaces"]),
        ("data: a\n\ndata: [DONE]", &["a", "[DONE]"]),
        ("data: a\n\ndata: cut", &["a"]),
    ];
    for (body, expected) in cases {
        assert_eq!(decode(&[body.as_bytes()]).unwrap(), expected, "{body:?}");
    }
}

#[test]
fn what_is_longer_than_its_bound_is_refused() {
    let line = [b"data: ".as_slice(), &vec![b'x'; EVENT_BYTES_MAX]].concat();
    assert_eq!(decode(&[&line]), Err(TooLong));
    let many = "data: xxxxxxxx\n".repeat(EVENT_BYTES_MAX / 8 + 1);
    assert_eq!(decode(&[many.as_bytes()]), Err(TooLong));
}

proptest! {
    #[test]
    fn where_the_bytes_are_cut_changes_nothing(body in "(data: ?|: |[aé\n\r]){0,40}", size in 1_usize..5) {
        let parts: Vec<_> = body.as_bytes().chunks(size).collect();
        prop_assert_eq!(decode(&parts), decode(&[body.as_bytes()]));
    }
}
