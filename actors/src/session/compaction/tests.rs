use serde_json::json;

use super::digest::{PIECES_MAX, pieces, request};
use super::estimate::{of_line, of_text};
use super::plan::{Why, older};
use super::rules::{Budget, CompactionRules};
use crate::message::{Entry, Media, Role, RunId, ToolCall, ToolResult, ToolRound};

fn line(role: Role, text: &str, run: &str) -> Entry {
    let run = RunId::named(run).unwrap();
    Entry { role, text: text.to_owned(), media: Vec::new(), run, at_ms: 0, rounds: Vec::new() }
}

fn round(result: &str) -> ToolRound {
    let call = ToolCall { id: "1".into(), name: "read".into(), args: json!({ "path": "a" }) };
    ToolRound { text: "Let me see. ".into(), calls: vec![(call, ToolResult::Done(result.to_owned()))] }
}

/// Lines of 20 tokens each; those of one letter are of one turn.
fn talk(turns: &str) -> Vec<(u64, Entry)> {
    let said = |(number, run): (u64, char)| (number, line(Role::User, &"x".repeat(64), &run.to_string()));
    (7..).zip(turns.chars()).map(said).collect()
}

#[test]
fn plain_letters_are_a_quarter_of_a_token_and_others_a_whole_one() {
    for (text, tokens) in [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("日本", 2), ("ab 日", 2), ("ü", 1)] {
        assert_eq!(of_text(text), tokens, "{text}");
    }
    let plain = of_line(&line(Role::Assistant, "Let me see. Done.", "a"));
    let with_tools = Entry { rounds: vec![round(&"x".repeat(400))], ..line(Role::Assistant, "Let me see. Done.", "a") };
    assert!(of_line(&with_tools) > plain + 100, "results count: {plain}, {}", of_line(&with_tools));
}

#[test]
fn a_reserve_and_what_stays_have_room_in_small_models_too() {
    let rules = CompactionRules::default();
    for (window, prompt, keep) in
        [(128_000, 108_000, 20_000), (8_000, 4_000, 2_000), (0, 0, 0), (u64::MAX, u64::MAX - 20_000, 20_000)]
    {
        let budget = rules.budget(window);
        assert_eq!((budget.prompt, budget.keep), (prompt, keep), "{window}");
        assert!(budget.piece >= 1 && budget.summary_bytes() >= 1, "{budget:?}");
    }
}

/// A cut falls between turns, so that no call is parted from its result and no question from its answer.
#[test]
fn the_older_turns_are_summed_up_and_the_newest_kept_whole() {
    let budget = |keep, worth| Budget { keep, worth, ..CompactionRules::default().budget(128_000) };
    let cases = [
        // The turns, what may stay, what it must be worth; what is summed up if it is full, was too long, was asked for.
        ("aabbcc", 45, 1, Some(4), Some(4), Some(4)),
        ("aabbcc", 80, 1, Some(2), Some(2), Some(2)),
        ("aabbcc", 79, 1, Some(4), Some(4), Some(4)),
        ("aabbbb", 79, 1, Some(6), Some(6), Some(6)),
        ("aabbcc", 39, 1, Some(6), Some(6), Some(6)),
        ("aabbcc", 120, 1, None, Some(4), Some(4)),
        ("aa", 120, 1, None, None, None),
        ("aa", 39, 1, Some(2), Some(2), Some(2)),
        ("", 120, 1, None, None, None),
        ("aabbcc", 45, 81, None, Some(4), Some(4)),
        ("abc", 45, 1, Some(1), Some(1), Some(1)),
    ];
    for (turns, keep, worth, full, overflow, asked) in cases {
        let (talk, budget) = (talk(turns), budget(keep, worth));
        let found = [Why::Full, Why::Overflow, Why::Asked].map(|why| older(&talk, &budget, 100, why));
        assert_eq!(found, [full, overflow, asked], "{turns}, {keep} stay, {worth}");
    }
}

/// What a turn is not told because there are too many lines would be in no summary either.
#[test]
fn no_more_lines_are_kept_than_a_turn_is_told() {
    let budget = CompactionRules::default().budget(128_000);
    for (lines_max, count) in [(6, Some(4)), (5, Some(2)), (4, Some(2)), (3, Some(4)), (1, Some(6))] {
        assert_eq!(older(&talk("aabbcc"), &budget, lines_max, Why::Asked), count, "{lines_max}");
    }
}

#[test]
fn lines_are_shown_with_who_spoke_and_what_was_done() {
    let media = Media::at_url("https://e.org/secret.png", None);
    let lines = [
        Entry { media: vec![media], ..line(Role::User, "look", "a") },
        Entry { rounds: vec![round("a file")], ..line(Role::Assistant, "Let me see. Done.", "a") },
        Entry { rounds: vec![round("nothing")], ..line(Role::Assistant, "Let me see. ", "b") },
        line(Role::System, "notice", "c"),
    ];
    let shown = pieces(lines.iter(), 1_000).concat();
    let wanted = "[user] look [with a file]\n[agent] Let me see. \n[agent calls read with {\"path\":\"a\"}] a file\n[agent] Done.\n\
                  [agent] Let me see. \n[agent calls read with {\"path\":\"a\"}] nothing\n[gateway] notice\n";
    assert_eq!(shown, wanted);
}

#[test]
fn a_long_conversation_comes_in_pieces_of_which_the_newest_count() {
    let many: Vec<Entry> = (0..100).map(|number| line(Role::User, &format!("{number:03} {}", "x".repeat(40)), "a")).collect();
    let all = pieces(many.iter(), 10_000);
    assert_eq!((all.len(), all[0].lines().count()), (1, 100));
    let some = pieces(many.iter(), 40);
    assert_eq!(some.len(), PIECES_MAX);
    assert!(some.iter().skip(1).all(|piece| of_text(piece) <= 40), "{some:?}");
    assert!(some[0].starts_with("[What was said before this") && some[PIECES_MAX - 1].contains("099 "), "{some:?}");
    let huge = line(Role::User, &"日".repeat(1_000_000), "a");
    for tokens in [1, 10, 1_000] {
        let cut = pieces([&huge].into_iter(), tokens).concat();
        assert!(of_text(&cut) <= tokens + 1, "{tokens}: {}", of_text(&cut));
    }
    assert!(pieces([].into_iter(), 10).is_empty());
}

#[test]
fn a_request_names_the_summary_so_far_and_every_wish() {
    let bare = request(None, "[user] a\n", &[]);
    assert_eq!(bare, "The conversation:\n<conversation>\n[user] a\n</conversation>\n");
    let full = request(Some("so far"), "[user] a\n", &["names", "dates"]);
    for part in ["<summary>\nso far\n</summary>", "besides: names\n", "besides: dates\n"] {
        assert!(full.contains(part), "{full}");
    }
}
