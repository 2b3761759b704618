//! The pure parts: words, whose word counts, which rows share a turn, and what they say together.

use std::time::Duration;

use crate::message::{ChatKind, ChatRef, InboxId, Media};
use crate::ports::conformance::make;
use crate::ports::{Drafted, InboxRow};
use crate::session::hints::Hints;
use crate::session::queue::merge::merge;
use crate::session::queue::plan::{Batch, Plan, Quiet, Sort, Waiting, plan};
use crate::session::queue::policy::{QueueDrop, QueueMode, QueuePolicy, QueueRules, QueueWish};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn words_are_read_in_any_order_and_written_as_they_are_read() {
    // What somebody writes, and how it is written back; an error names its word.
    let cases = [
        ("collect", Ok("collect")),
        ("QUEUE", Ok("steer")),
        ("steer+backlog cap:5", Ok("steer-backlog cap:5")),
        ("drop:old cap:25 debounce:2s followup", Ok("followup debounce:2000ms cap:25 drop:old")),
        ("debounce=500ms", Ok("debounce:500ms")),
        ("debounce:1m", Ok("debounce:60000ms")),
        ("", Ok("")),
        ("sometimes", Err("sometimes")),
        ("collect cap:0", Err("cap:0")),
        ("cap:201", Err("cap:201")),
        ("debounce:61s", Err("debounce:61s")),
        ("debounce:99999999999999999999s", Err("debounce:99999999999999999999s")),
        ("drop:all", Err("drop:all")),
        ("colour:red", Err("colour:red")),
    ];
    for (text, expected) in cases {
        let read = QueueWish::parse(text);
        let written = read.as_ref().map(ToString::to_string).map_err(|error| error.word.clone());
        assert_eq!(written, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        if let Ok(wish) = read {
            assert_eq!(QueueWish::parse(&wish.to_string()), Ok(wish), "{text}");
        }
    }
}

#[test]
fn the_nearest_word_counts() {
    let wish = |text: &str| QueueWish::parse(text).unwrap();
    let rules = QueueRules {
        by_channel: [("a".to_owned(), QueueMode::Steer)].into(),
        debounce_by_channel: [("a".to_owned(), ms(7))].into(),
        ..QueueRules::default()
    };
    // The integration, the session's own word, the message's own.
    let cases = [
        ("b", "", "", "mode=collect, debounce=1000ms, cap=20, drop=summarize"),
        ("a", "", "", "mode=steer, debounce=7ms, cap=20, drop=summarize"),
        ("a", "followup cap:3", "", "mode=followup, debounce=7ms, cap=3, drop=summarize"),
        ("a", "followup cap:3", "interrupt drop:new", "mode=interrupt, debounce=7ms, cap=3, drop=new"),
    ];
    for (channel, session, inline, expected) in cases {
        assert_eq!(rules.policy(channel, Some(&wish(session)), Some(&wish(inline))).to_string(), expected);
    }
    let followup = QueuePolicy { mode: QueueMode::Followup, ..QueuePolicy::default() };
    let plain = QueueRules { usual: followup, ..QueueRules::default() };
    assert!(plain.one_by_one(None) && plain.one_by_one(Some(&wish("cap:3"))) && !plain.one_by_one(Some(&wish("collect"))));
    assert!(!QueueRules { usual: followup, ..rules.clone() }.one_by_one(None), "one integration is steered");
    assert!(rules.one_by_one(Some(&wish("followup"))));
}

/// Makes rows of `mode[@chat][!|$]` words: `!` is alone, `$` a stop; the text of each is its number.
fn rows(words: &str, policy: QueuePolicy) -> Vec<Waiting> {
    let row = |(at, word): (usize, &str)| {
        let (word, sort) = match (word.strip_suffix('!'), word.strip_suffix('$')) {
            (Some(word), _) => (word, Sort::Alone),
            (_, Some(word)) => (word, Sort::Stop),
            _ => (word, Sort::Message),
        };
        let (mode, chat) = word.split_once('@').unwrap_or((word, "room"));
        let mut inbound = make::accept(chat, &at.to_string()).inbound;
        inbound.text = (at + 1).to_string();
        let row = InboxRow {
            id: InboxId::new(),
            seq: at as u64,
            crashes: 0,
            inbound,
            steps: Vec::new(),
            said: Vec::new(),
            drafted: Drafted::No,
        };
        Waiting { row, policy: QueuePolicy { mode: QueueMode::parse(mode).unwrap(), ..policy }, sort, hints: Hints::default() }
    };
    words.split_whitespace().enumerate().map(row).collect()
}

/// Shows a plan: `summed | whole | dropped`.
fn shown(plan: Plan, all: &[Waiting]) -> String {
    let text = |id: InboxId| all.iter().find(|waiting| waiting.row.id == id).unwrap().row.inbound.text.clone();
    match plan {
        Plan::Nothing => "nothing".into(),
        Plan::Wait(wait) => format!("wait {}", wait.as_millis()),
        Plan::Rest(wait) => format!("rest {}", wait.as_millis()),
        Plan::Turn(Batch { summed, rows, dropped, .. }) => {
            let texts = |rows: Vec<InboxRow>| rows.into_iter().map(|row| row.inbound.text).collect::<Vec<_>>().join(" ");
            let gone: Vec<_> = dropped.into_iter().map(|(id, _)| text(id)).collect();
            format!("{} | {} | {}", texts(summed), texts(rows), gone.join(" "))
        }
    }
}

#[test]
fn the_rows_of_the_next_turn_follow_from_those_that_wait() {
    let usual = QueuePolicy { cap: 3, ..QueuePolicy::default() };
    let (old, new) = (QueuePolicy { drop: QueueDrop::Old, ..usual }, QueuePolicy { drop: QueueDrop::New, ..usual });
    let cases = [
        ("", usual, Quiet::Enough, "nothing"),
        ("collect", usual, Quiet::Enough, " | 1 | "),
        ("collect collect", usual, Quiet::Enough, " | 1 2 | "),
        ("collect collect", usual, Quiet::For(ms(400)), "wait 600"),
        ("collect collect", usual, Quiet::For(ms(1000)), " | 1 2 | "),
        ("collect collect collect", usual, Quiet::For(ms(0)), " | 1 2 3 | "),
        ("collect collect collect collect collect", usual, Quiet::Enough, "1 2 | 3 4 5 | "),
        ("collect collect collect collect collect", old, Quiet::Enough, " | 3 4 5 | 1 2"),
        ("collect collect collect collect collect", new, Quiet::Enough, " | 1 2 3 | 4 5"),
        ("collect collect@other collect", usual, Quiet::Enough, " | 1 | "),
        ("collect followup collect", usual, Quiet::Enough, " | 1 | "),
        ("collect collect! collect", usual, Quiet::Enough, " | 1 | "),
        ("collect! collect", usual, Quiet::For(ms(0)), " | 1 | "),
        ("followup followup followup followup", old, Quiet::For(ms(0)), " | 1 | "),
        ("steer steer", usual, Quiet::For(ms(0)), " | 1 | "),
        ("steer-backlog steer-backlog", usual, Quiet::For(ms(0)), " | 1 | "),
        ("interrupt interrupt interrupt interrupt", usual, Quiet::For(ms(0)), "1 | 2 3 4 | "),
        ("collect followup! collect$ collect", usual, Quiet::For(ms(0)), " | 3 | 1"),
    ];
    for (words, policy, quiet, expected) in cases {
        let all = rows(words, policy);
        assert_eq!(shown(plan(all.clone(), quiet, 0), &all), expected, "{words:?} {quiet:?}");
    }
}

fn row(text: &str, peer: (&str, &str), media: Option<&str>) -> InboxRow {
    let mut inbound = make::accept("room", text).inbound;
    inbound.text = text.to_owned();
    inbound.route.chat = ChatRef { kind: ChatKind::Group, id: "room".into() };
    (inbound.route.peer.id, inbound.route.peer.name) = (peer.0.to_owned(), peer.1.to_owned());
    inbound.media = media.map(|url| Media::at_url(url, None)).into_iter().collect();
    InboxRow { id: InboxId::new(), seq: 1, crashes: 0, inbound, steps: Vec::new(), said: Vec::new(), drafted: Drafted::No }
}

#[test]
fn several_rows_are_one_message_that_says_who_wrote_what() {
    let (ann, bob) = (("a", "Ann"), ("b", " "));
    let long = "word ".repeat(60);
    let short = format!("{}…", long.trim().chars().take(159).collect::<String>());
    let cases = [
        (vec![], vec![row("one", ann, None)], "one".to_owned()),
        (vec![], vec![row("one", ann, None), row("two", ann, None)], "one\n\ntwo".to_owned()),
        (vec![], vec![row("one", ann, None), row("two", bob, None)], "Ann: one\n\nb: two".to_owned()),
        (
            vec![row("zero\nzero", ann, None)],
            vec![row("one", ann, None)],
            "[1 earlier message, cut short]\n- zero zero\n\none".into(),
        ),
        (
            vec![row(&long, bob, None), row("x", ann, None)],
            vec![row("one", bob, None)],
            format!("[2 earlier messages, cut short]\n- {}\n- Ann: x\n\nb: one", {
                let told = format!("b: {}", long.split_whitespace().collect::<Vec<_>>().join(" "));
                format!("{}…", told.chars().take(159).collect::<String>())
            }),
        ),
        (vec![row(&long, ann, None)], vec![row("one", ann, None)], format!("[1 earlier message, cut short]\n- {short}\n\none")),
    ];
    for (summed, rows, expected) in cases {
        let ids: Vec<_> = summed.iter().chain(&rows).map(|row| row.id).collect();
        let merged = merge(Batch { summed, rows, ..Batch::default() }).unwrap();
        assert_eq!(merged.row.inbound.text, expected);
        assert_eq!((merged.row.id, &merged.also[..]), (ids[0], &ids[1..]));
    }
    let many: Vec<_> = (0..25).map(|number| row(&number.to_string(), ann, None)).collect();
    let merged = merge(Batch { summed: many, rows: vec![row("one", ann, None)], ..Batch::default() }).unwrap();
    assert!(merged.row.inbound.text.ends_with("- 19\n- and 5 more\n\none"), "{}", merged.row.inbound.text);
    assert_eq!(merge(Batch::default()), None);
}

#[test]
fn what_came_with_each_row_stays_and_the_worst_crash_counts() {
    let ann = ("a", "Ann");
    let mut rows = vec![row("1", ann, None), row("2", ann, Some("https://e.org/2")), row("3", ann, Some("https://e.org/3"))];
    rows[2].crashes = 2;
    let merged = merge(Batch { summed: vec![], rows, ..Batch::default() }).unwrap();
    assert_eq!(merged.row.inbound.media, []);
    assert_eq!(merged.media.iter().filter_map(Media::url).collect::<Vec<_>>(), ["https://e.org/2", "https://e.org/3"]);
    assert_eq!(merged.row.crashes, 2);
}
