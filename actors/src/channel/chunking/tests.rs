use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::core::Clock;
use crate::message::{PieceCut, PieceRules};

fn cut(text: &str, chars_max: usize) -> Vec<String> {
    split(text, TextLimit { chars_max })
}

fn words(count: usize) -> String {
    vec!["word"; count].join(" ")
}

#[test]
fn blank_text_has_no_pieces() {
    for blank in ["", " ", "\n\n \t\n"] {
        assert!(cut(blank, 100).is_empty(), "{blank:?}");
    }
}

#[test]
fn text_that_fits_stays_as_it_is() {
    for text in ["hello", "a\n\nb", "```rust\nfn main() {}\n```", "    indented\nmore", &"x".repeat(100)] {
        assert_eq!(cut(text, 100), [text]);
    }
}

#[test]
fn a_limit_counts_characters_not_bytes() {
    let text = "日".repeat(100);
    assert_eq!(cut(&text, 100), [text]);
}

#[test]
fn prefers_paragraphs_to_lines_to_sentences_to_words() {
    let (line, end) = (words(8), words(20));
    let cases = [
        ("paragraph", format!("{line}\n{line}\n\n{line}. {end}"), format!("{line}\n{line}")),
        ("line", format!("{line}. {line}\n{line}. {end}"), format!("{line}. {line}")),
        ("sentence", format!("{line} {line}. {end}"), format!("{line} {line}.")),
        ("word", words(60), words(24)),
    ];
    for (name, text, first) in cases {
        assert_eq!(cut(&text, 120)[0], first, "{name}");
    }
}

#[test]
fn an_early_paragraph_does_not_make_a_tiny_piece() {
    let text = format!("Hi.\n\n{}", words(60));
    assert!(cut(&text, 120)[0].chars().count() > 60);
}

#[test]
fn a_long_word_is_cut_between_characters_as_people_see_them() {
    let family = "👨‍👩‍👧";
    let text = family.repeat(40);
    let pieces = cut(&text, 64);
    assert_eq!(pieces.concat(), text);
    for piece in pieces {
        assert!(piece.chars().count() <= 64);
        assert_eq!(piece.replace(family, ""), "", "{piece:?} has whole families only");
    }
}

#[test]
fn marks_without_end_on_one_character_are_cut_all_the_same() {
    let text = format!("a{}", "\u{301}".repeat(1_000));
    let pieces = cut(&text, 100);
    assert_eq!(pieces.concat(), text);
    assert!(pieces.iter().all(|piece| piece.chars().count() <= 100));
}

#[test]
fn a_fence_that_fits_one_piece_stays_whole() {
    let code = format!("```python\n{}\n```", ["print(1)"; 9].join("\n"));
    let text = format!("{}\n{code}\nAfter it.", words(12));
    let pieces = cut(&text, 120);
    assert_eq!(pieces, [words(12), format!("{code}\nAfter it.")]);
}

#[test]
fn a_fence_as_long_as_a_piece_stays_whole() {
    for end in ["", "\n", "\nmore"] {
        let code = format!("```\n{}\n```", "x".repeat(92));
        assert_eq!(cut(&format!("{code}{end}"), 100)[0], code, "{end:?}");
        assert_eq!(cut(&format!("intro\n{code}{end}"), 100)[1], code, "{end:?}");
    }
}

#[test]
fn a_longer_fence_is_closed_and_opened_again_at_a_line() {
    let text = format!("```rust\n{}\n```\nbye", vec!["let x = 1;"; 20].join("\n"));
    let pieces = cut(&text, 100);
    assert_eq!(pieces.len(), 3);
    for piece in &pieces {
        assert!(piece.starts_with("```rust\nlet x = 1;\n"), "{piece}");
        assert!(piece.chars().count() <= 100);
    }
    assert!(pieces[0].ends_with("\nlet x = 1;\n```"));
    assert!(pieces[2].ends_with("\nlet x = 1;\n```\nbye"));
    let lines = pieces.iter().flat_map(|piece| piece.lines()).filter(|line| *line == "let x = 1;").count();
    assert_eq!(lines, 20);
}

#[test]
fn a_cut_before_the_closing_line_leaves_no_empty_fence_behind() {
    // The code fills the piece to the last character that leaves room for the closing line.
    let text = format!("```\n{}\n{}\n```\nbye", "a".repeat(60), "b".repeat(60));
    let pieces = cut(&text, 68);
    assert_eq!(pieces, [format!("```\n{}\n```", "a".repeat(60)), format!("```\n{}\n```", "b".repeat(60)), "bye".into()]);
}

#[test]
fn other_marks_inside_a_fence_do_not_close_it() {
    let text = format!("~~~~ md\n```\n~~~\n{}\n~~~~", vec!["inside"; 20].join("\n"));
    for piece in cut(&text, 90) {
        assert!(piece.starts_with("~~~~md\n") || piece.starts_with("~~~~ md\n"), "{piece}");
        assert!(piece.ends_with("~~~~"), "{piece}");
    }
}

#[test]
fn a_fence_in_a_list_is_opened_again_at_its_indentation() {
    let text = format!("1. Run:\n   ```sh\n{}\n   ```", vec!["   make all"; 20].join("\n"));
    let pieces = cut(&text, 100);
    assert!(pieces.len() > 2);
    assert!(pieces[1].starts_with("   ```sh\n   make all\n"), "{}", pieces[1]);
    assert!(pieces[1].ends_with("\n   ```"));
}

#[test]
fn a_long_info_string_is_not_repeated() {
    let text = format!("```{}\n{}\n```", "i".repeat(40), vec!["code"; 60].join("\n"));
    let pieces = cut(&text, 100);
    assert!(pieces[1].starts_with("```\ncode\n"), "{}", pieces[1]);
    assert!(pieces.iter().all(|piece| piece.chars().count() <= 100));
}

#[test]
fn a_fence_that_is_never_closed_is_cut_too() {
    let text = format!("```\n{}", vec!["code"; 60].join("\n"));
    let pieces = cut(&text, 100);
    assert!(pieces.iter().all(|piece| piece.starts_with("```\ncode") && piece.chars().count() <= 100));
}

#[test]
fn tables_and_lists_are_cut_between_rows() {
    for row in ["| a cell. With | a sentence |", "- an item. With a sentence"] {
        let text = vec![row; 30].join("\n");
        for piece in cut(&text, 100) {
            assert!(piece.lines().all(|line| line == row), "{piece}");
        }
    }
}

#[test]
fn back_ticks_in_a_line_never_open_a_fence_at_the_start_of_a_piece() {
    let text = format!("{} ```inline``` {}", words(19), words(19));
    assert!(cut(&text, 100).iter().all(|piece| !piece.starts_with("```")));
}

#[test]
fn much_of_anything_is_cut_in_linear_time() {
    let clock = Clock::system();
    let size = 256 * 1024;
    let kinds = [
        "x",
        " ",
        "\n",
        "x\n\n",
        "word ",
        "`",
        "```\n",
        "``` \nx\n",
        "a\n```\nx\n```\n",
        "🇩🇪",
        "e\u{301}",
        ". ",
        " ```",
        "\t",
        "~~~a\n",
        ".",
    ];
    let wrappers = [("", ""), ("```\n", "\n```"), ("```\nx", "x"), ("x", "x")];
    for (kind, (before, after)) in kinds.iter().flat_map(|kind| wrappers.map(|wrapper| (kind, wrapper))) {
        let text = format!("{before}{}{after}", kind.repeat(size / kind.len()));
        let start = clock.elapsed();
        let pieces = cut(&text, 1024);
        // A quadratic step would take much longer, also on a busy machine.
        assert!(clock.elapsed() - start < Duration::from_secs(2), "{kind:?} in {before:?}");
        let longest = pieces.iter().map(|piece| piece.chars().count()).max();
        assert!(longest.is_none_or(|longest| longest <= 1024), "{longest:?} of {kind:?} in {before:?}");
    }
}

/// One block of an answer as agents write them.
fn block() -> impl Strategy<Value = String> {
    let word = "[a-zA-Zé日.,!?]{1,12}";
    let line = prop::collection::vec(word, 1..30).prop_map(|words| words.join(" "));
    let code =
        (prop::sample::select(vec!["```", "````", "~~~"]), "[a-z]{0,6}", prop::collection::vec("[ a-z0-9(){};]{0,90}", 0..25))
            .prop_map(|(marks, info, lines)| format!("{marks}{info}\n{}\n{marks}", lines.join("\n")));
    let list = prop::collection::vec(line.clone(), 1..8).prop_map(|lines| format!("- {}", lines.join("\n- ")));
    prop_oneof![line, code, list, "[a-z]{1,400}"]
}

/// The text without white space and without the lines that open or close a fence.
fn essence<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let lines = texts.into_iter().flat_map(str::lines);
    let kept = lines.filter(|line| !fence::looks_like_fence(line));
    kept.flat_map(str::chars).filter(|mark| !mark.is_whitespace()).collect()
}

fn ends_closed(piece: &str) -> bool {
    let mut open: Option<Fence<'_>> = None;
    for line in piece.lines() {
        open = match open {
            Some(fence) if fence.is_closed_by(line) => None,
            None => Fence::opened_by(line),
            same => same,
        };
    }
    open.is_none()
}

proptest! {
    #[test]
    fn keeps_text_limit_and_fences(blocks in prop::collection::vec(block(), 1..8), joint in "\n{1,3}", chars_max in 64_usize..400) {
        let text = blocks.join(&joint);
        let pieces = cut(&text, chars_max);
        for piece in &pieces {
            prop_assert!(piece.chars().count() <= chars_max, "{piece:?}");
            prop_assert!(ends_closed(piece), "{piece:?}");
            prop_assert!(!piece.trim().is_empty());
        }
        prop_assert_eq!(essence(pieces.iter().map(String::as_str)), essence([text.as_str()]));
    }

    #[test]
    fn short_fences_are_whole_in_one_piece(blocks in prop::collection::vec(block(), 1..8), chars_max in 100_usize..400) {
        let pieces = cut(&blocks.join("\n\n"), chars_max);
        for block in blocks.iter().filter(|block| fence::looks_like_fence(block) && block.chars().count() <= chars_max) {
            prop_assert!(pieces.iter().any(|piece| piece.contains(block.as_str())), "{block:?} in {pieces:?}");
        }
    }

    #[test]
    fn takes_anything(text in "(?s).{0,600}|[`~ \n\ta🇩🇪]{0,600}", chars_max in 0_usize..200) {
        for piece in cut(&text, chars_max) {
            prop_assert!(piece.chars().count() <= chars_max.max(64), "{piece:?}");
            prop_assert!(!piece.is_empty());
        }
    }

    #[test]
    fn loses_nothing_where_there_are_no_fences(text in "[^`~]{0,600}", chars_max in 64_usize..200) {
        let bare = |text: &str| text.chars().filter(|mark| !mark.is_whitespace()).collect::<String>();
        prop_assert_eq!(bare(&cut(&text, chars_max).concat()), bare(&text));
    }
}

#[test]
fn paragraphs_come_first_where_the_mode_says_so() {
    let text = format!("Hi.\n\n{}", words(60));
    let pieces = split_by(&text, TextLimit { chars_max: 120 }, ChunkMode::Newline);
    assert_eq!(pieces[0], "Hi.");
    assert!(pieces.len() > 2, "a paragraph that is too long is cut all the same");
    let short = "One.\n\nTwo.";
    assert_eq!(split_by(short, TextLimit { chars_max: 120 }, ChunkMode::Newline), [short], "what fits stays whole");
}

fn pieces(chars_max: usize, piece_max: usize) -> PieceRules {
    PieceRules { chars_max, piece_min: 1, piece_max, cut: PieceCut::Nowhere }
}

#[test]
fn a_paragraph_that_grows_is_cut_where_the_settings_say_so() {
    use PieceCut::{Line, Nowhere, Sentence};
    // What there is, where it may be cut, the least before a cut, what leaves.
    let cases: [(&str, PieceCut, usize, &str); 16] = [
        ("One.\nTwo", Nowhere, 1, ""),
        ("One.\nTwo", Line, 1, "One.\n"),
        ("One.\nTwo", Line, 6, ""),
        ("One.\n", Line, 1, ""),
        ("One. Two", Line, 1, ""),
        ("One. Two", Sentence, 1, "One. "),
        ("One. Two! Three", Sentence, 1, "One. Two! "),
        ("One. Two! Three", Sentence, 6, "One. Two! "),
        ("One. Two! Three", Sentence, 11, ""),
        ("One.", Sentence, 1, ""),
        ("One. ", Sentence, 1, ""),
        ("Pi is 3.14 or so", Sentence, 1, ""),
        ("1. Bread", Sentence, 1, ""),
        ("好。不", Sentence, 1, "好。"),
        ("Look:\n```\na. b\nc\n", Sentence, 1, "Look:\n"),
        ("One.\n\nTwo. Three", Sentence, 1, "One.\n\nTwo. "),
    ];
    for (text, cut, piece_min, expected) in cases {
        let end = whole_part(text, PieceRules { cut, piece_min, ..pieces(120, 64) });
        assert_eq!(&text[..end], expected, "{text:?} {cut:?} {piece_min}");
    }
    let long = "Word word. ".repeat(30);
    let end = whole_part(&long, PieceRules { cut: Sentence, ..pieces(50, 50) });
    assert!(end <= 50 && long[..end].ends_with("word. "), "{end}");
}

#[test]
fn whole_is_what_ends_with_a_blank_line_outside_of_fences() {
    let long = words(30);
    let cases: [(&str, &str); 11] = [
        ("", ""),
        ("One", ""),
        ("One\n", ""),
        ("One\n\n", "One\n\n"),
        ("One\n\nTwo", "One\n\n"),
        ("\n\nOne", ""),
        ("One\n\nTwo\n\n\nThree", "One\n\nTwo\n\n\n"),
        ("```\na\n\nb", ""),
        ("```\na\n\nb\n```\n\nTwo", "```\na\n\nb\n```\n\n"),
        ("One\n\n```\na\n\nb\n``", "One\n\n"),
        (&long, "word word word word word word word word word word word word word "),
    ];
    for (text, expected) in cases {
        let end = whole_part(text, pieces(120, 64));
        let end = if text == long { whole_part(text, pieces(64, 64)) } else { end };
        assert_eq!(&text[..end], expected, "{text:?}");
    }
    // No more than fits, but always the first.
    assert_eq!(whole_part("One\n\nTwo\n\n", pieces(6, 64)), 5);
    assert_eq!(whole_part(&format!("{}\n\nTwo\n\n", "x".repeat(100)), pieces(50, 200)), 102);
}

proptest! {
    #[test]
    fn parts_of_a_growing_text_are_all_of_it_and_never_break_a_fence(
        cut in prop_oneof![Just(PieceCut::Nowhere), Just(PieceCut::Line), Just(PieceCut::Sentence)],
        lines in proptest::collection::vec(prop_oneof!["[a-z .]{0,80}", Just("```".to_owned()), Just(String::new())], 0..40),
    ) {
        let text = lines.join("\n");
        let (mut said, mut parts) = (0, String::new());
        for (at, mark) in text.char_indices() {
            let grown = &text[said..at + mark.len_utf8()];
            let whole = whole_part(grown, PieceRules { cut, ..pieces(300, 100) });
            prop_assert!(whole <= grown.len());
            if whole > 0 {
                let part = &grown[..whole];
                prop_assert_eq!(part.lines().filter(|line| line.trim() == "```").count() % 2, 0, "{:?}", part);
                parts.push_str(part);
                said += whole;
            }
        }
        parts.push_str(&text[said..]);
        prop_assert_eq!(parts, text);
    }
}
