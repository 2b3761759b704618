//! The server knows emojis by their names; models write the characters.

/// Those that are used to mark messages, with the server's names.
const NAMES: &[(&str, &str)] = &[
    ("👍", "thumbsup"),
    ("👎", "thumbsdown"),
    ("👀", "eyes"),
    ("✅", "white_check_mark"),
    ("☑", "ballot_box_with_check"),
    ("✔", "heavy_check_mark"),
    ("❌", "x"),
    ("❗", "exclamation"),
    ("❓", "question"),
    ("⚠", "warning"),
    ("❤", "heart"),
    ("💯", "100"),
    ("🎉", "tada"),
    ("🚀", "rocket"),
    ("🔥", "fire"),
    ("⭐", "star"),
    ("✨", "sparkles"),
    ("🙏", "pray"),
    ("🙌", "raised_hands"),
    ("💪", "muscle"),
    ("👌", "ok_hand"),
    ("👋", "wave"),
    ("🤝", "handshake"),
    ("🤔", "thinking"),
    ("😀", "grinning"),
    ("😄", "smile"),
    ("😁", "grin"),
    ("😂", "joy"),
    ("🤣", "rofl"),
    ("😅", "sweat_smile"),
    ("😊", "blush"),
    ("🙂", "slight_smile"),
    ("😉", "wink"),
    ("😍", "heart_eyes"),
    ("😎", "sunglasses"),
    ("😮", "open_mouth"),
    ("😢", "cry"),
    ("😭", "sob"),
    ("😱", "scream"),
    ("😡", "rage"),
    ("🤖", "robot"),
    ("🧠", "brain"),
    ("💡", "bulb"),
    ("📌", "pushpin"),
    ("📝", "pencil"),
    ("🔧", "wrench"),
    ("🔍", "mag"),
    ("🐛", "bug"),
    ("⏳", "hourglass_flowing_sand"),
    ("⌛", "hourglass"),
    ("🦞", "lobster"),
    ("🫡", "saluting_face"),
];

/// Stands behind a character that is to be shown in colour, and says nothing else.
const COLOURED: char = '\u{fe0f}';

/// Returns the server's name of an emoji, between colons; a name, and a character that is not known here, go as they came.
pub(super) fn name_of(emoji: &str) -> String {
    let plain = emoji.trim_end_matches(COLOURED);
    let known = NAMES.iter().find(|(character, _)| *character == plain).map(|(_, name)| *name);
    format!(":{}:", known.unwrap_or(emoji).trim_matches(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_have_names_and_names_stay() {
        for (said, name) in [
            ("👍", ":thumbsup:"),
            ("❤\u{fe0f}", ":heart:"),
            ("❤", ":heart:"),
            ("eyes", ":eyes:"),
            (":party_parrot:", ":party_parrot:"),
            ("🪿", ":🪿:"),
        ] {
            assert_eq!(name_of(said), name, "{said}");
        }
    }

    #[test]
    fn each_character_has_one_name() {
        let mut characters: Vec<_> = NAMES.iter().map(|(character, _)| character).collect();
        characters.sort_unstable();
        characters.dedup();
        assert_eq!(characters.len(), NAMES.len());
    }
}
