//! How many values a packet holds, told before any of them has a place in memory: two bytes of a frame can become a value of
//! dozens, so that a bound on bytes alone bounds little.

/// How many values one packet may hold, keys of objects among them.
pub(super) const VALUES_MAX: usize = 131_072;
/// What a value counts for besides the bytes that it came in, bytes.
pub(super) const VALUE_BYTES: usize = 32;

/// Returns how many values a text of JSON holds at the most, an empty list or object counted twice; of what is no JSON any number.
pub(super) fn of_json(text: &str) -> usize {
    let (mut in_text, mut escaped, mut count) = (false, false, 1_usize);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b',' | b':' | b'[' | b'{' if !in_text => count = count.saturating_add(1),
            _ => {}
        }
    }
    count
}

/// Returns how many values stand in MessagePack; of what is none any number.
pub(super) fn of_msgpack(bytes: &[u8]) -> usize {
    let (mut at, mut count) = (0_usize, 0_usize);
    while let Some(marker) = bytes.get(at) {
        count = count.saturating_add(1);
        at = at.saturating_add(1).saturating_add(body(*marker, bytes.get(at.saturating_add(1)..).unwrap_or_default()));
    }
    count
}

/// Returns how many bytes of a value stand behind its marker; what a list or a map holds are values of their own.
fn body(marker: u8, rest: &[u8]) -> usize {
    let sized = |width: usize, more: usize| {
        let said = rest.get(..width).unwrap_or_default();
        let length = said.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        width.saturating_add(more).saturating_add(length)
    };
    match marker {
        0xa0..=0xbf => usize::from(marker & 0x1f),
        0xc4 | 0xd9 => sized(1, 0),
        0xc5 | 0xda => sized(2, 0),
        0xc6 | 0xdb => sized(4, 0),
        0xc7 => sized(1, 1),
        0xc8 => sized(2, 1),
        0xc9 => sized(4, 1),
        0xcc | 0xd0 => 1,
        0xcd | 0xd1 | 0xd4 | 0xdc | 0xde => 2,
        0xd5 => 3,
        0xca | 0xce | 0xd2 | 0xdd | 0xdf => 4,
        0xd6 => 5,
        0xcb | 0xcf | 0xd3 => 8,
        0xd7 => 9,
        0xd8 => 17,
        _ => 0,
    }
}
