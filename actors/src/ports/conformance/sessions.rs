//! Promises about what is known of sessions.

use serde_json::{Map, Value, json};

use super::{Bench, Case, START_MS, case, make};
use crate::message::{Activation, Code, Role, RunId, SessionKey, Usage};
use crate::ports::{SessionRow, SessionTraits, Store, StoreError, TurnOutcome, UsageDay, UsageQuery, UsageSum, UsageSums};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case("lists sessions, newest first, each as it is shown alone", |bench| Box::pin(list(bench))),
        case("knows a session from its first message on", |bench| Box::pin(first_message(bench))),
        case("counts the tokens of a session's turns, as far as a number goes", |bench| Box::pin(usage(bench))),
        case("counts what caches and turns cost, for the session and for the day", |bench| Box::pin(costs(bench))),
        case("sums what all sessions used, and tells of the newest", |bench| Box::pin(usage_sums(bench))),
        case("keeps a session's settings, merged", |bench| Box::pin(patches(bench))),
        case("refuses a setting that it does not know or cannot keep, and keeps the others", |bench| Box::pin(refuses(bench))),
        case("gives a label to one session at a time", |bench| Box::pin(labels(bench))),
        case("begins a session anew, its settings kept", |bench| Box::pin(resets(bench))),
        case("forgets a deleted session", |bench| Box::pin(deletes(bench))),
        case("loses no open row of a deleted session", |bench| Box::pin(deletes_with_open_rows(bench))),
        case("loses no dead letter of a deleted session", |bench| Box::pin(deletes_with_dead_letters(bench))),
        case("tells which sessions have a word of their own on groups", |bench| Box::pin(activations(bench))),
        case("tells how many open rows each session has", |bench| Box::pin(open_rows(bench))),
    ]
}

fn patch(fields: Value) -> Map<String, Value> {
    fields.as_object().unwrap().clone()
}

fn label(label: &str) -> Map<String, Value> {
    patch(json!({ "label": label }))
}

async fn row(store: &dyn Store, chat: &str) -> SessionRow {
    store.session(make::session(chat)).await.unwrap().unwrap()
}

/// Has a session speak for itself: two lines, so many tokens.
async fn speak(store: &dyn Store, chat: &str, usage: Usage) {
    store.append_transcript(make::session(chat), make::turn(chat, &[], vec![]).entries, usage);
    store.flush().await.unwrap();
}

async fn list(bench: Bench) {
    let store = &*bench.store;
    store.accept(vec![make::accept("a", "1")]).await.unwrap();
    bench.pass(10);
    store.append_transcript(make::session("b"), vec![make::entry(RunId::new(), Role::User, "hello")], Usage::default());
    store.flush().await.unwrap();
    bench.pass(10);
    let first = store.begin_turn(make::session("a"), 1).await.unwrap().remove(0);
    let target = make::outbox("a", "").outbound.target;
    let turn = TurnOutcome { reply_to: Some(target.clone()), ..make::turn("a", &[first.id], vec![]) };
    store.finish_turn(turn, 0).await.unwrap();
    store.patch_session(make::session("b"), label("bee")).await.unwrap();
    bench.pass(10);
    speak(store, "a", Usage::tokens(3, 2)).await;
    let listed = store.sessions(5).await.unwrap();
    let shown: Vec<_> = listed.iter().map(|row| (row.key.clone(), row.entries)).collect();
    assert_eq!(shown, [(make::session("a"), 4), (make::session("b"), 1)]);
    assert_eq!(listed[0].updated_ms, START_MS + 30);
    assert_eq!(listed[0].usage, Usage::tokens(3, 2));
    assert_eq!(listed[0].reply_to, Some(target), "a turn without one leaves it alone");
    assert_eq!(listed[1].updated_ms, START_MS + 20, "a setting counts as a change");
    assert_eq!(listed[1].traits.label.as_deref(), Some("bee"));
    assert_ne!(listed[0].id, listed[1].id);
    for shown in &listed {
        assert_eq!(store.session(shown.key.clone()).await.unwrap().as_ref(), Some(shown));
    }
    assert_eq!(store.sessions(1).await.unwrap(), listed[..1]);
    assert_eq!(store.session(make::session("nobody")).await.unwrap(), None);
}

async fn first_message(bench: Bench) {
    let store = &*bench.store;
    store.accept(vec![make::accept("a", "1")]).await.unwrap();
    let known = row(store, "a").await;
    assert_eq!((known.updated_ms, known.entries, known.usage), (START_MS, 0, Usage::default()));
    assert_eq!((&known.reply_to, &known.traits), (&None, &SessionTraits::default()));
    assert!(!known.id.is_nil());
    bench.pass(5);
    store.accept(vec![make::accept("a", "2")]).await.unwrap();
    speak(store, "a", Usage::default()).await;
    assert_eq!(row(store, "a").await.id, known.id, "it stays until a reset");
}

async fn usage(Bench { store, .. }: Bench) {
    let store = &*store;
    store.accept(vec![make::accept("a", "1")]).await.unwrap();
    let first = store.begin_turn(make::session("a"), 1).await.unwrap().remove(0);
    let turn = TurnOutcome { usage: Usage::tokens(100, 20), ..make::turn("a", &[first.id], vec![]) };
    store.finish_turn(turn.clone(), 0).await.unwrap();
    assert!(store.finish_turn(turn, 0).await.is_err(), "it was written already");
    speak(store, "a", Usage::tokens(7, 3)).await;
    assert_eq!(row(store, "a").await.usage, Usage::tokens(107, 23));
    speak(store, "a", Usage::tokens(u64::MAX, i64::MAX.unsigned_abs() - 23)).await;
    speak(store, "a", Usage::tokens(1, 1)).await;
    let most = i64::MAX.unsigned_abs();
    assert_eq!(row(store, "a").await.usage, Usage::tokens(most, most));
    assert_eq!(row(store, "a").await.entries, 8, "whatever a provider counts, the lines are kept");
}

async fn costs(bench: Bench) {
    const DAY_MS: u64 = 24 * 3_600_000;
    let store = &*bench.store;
    let used = |cost_nanos| Usage { input: 5, output: 4, cache_read: 3, cache_write: 2, cost_nanos };
    assert!(store.usage_days(0).await.unwrap().is_empty());
    speak(store, "a", used(7)).await;
    speak(store, "b", used(0)).await;
    speak(store, "b", Usage::default()).await;
    let today = UsageDay::of(START_MS);
    bench.pass(DAY_MS);
    speak(store, "a", used(10)).await;
    assert_eq!(row(store, "a").await.usage, used(7).plus(used(10)));
    store.append_transcript(make::session("a"), Vec::new(), used(0));
    store.append_transcript(make::session("a"), vec![make::entry(RunId::new(), Role::User, "hello")], used(0));
    store.flush().await.unwrap();
    let second_usage = [0, 0].map(used).into_iter().fold(used(10), Usage::plus);
    let first = UsageDay { day: today, usage: used(7).plus(used(0)), turns: 2, unpriced: 1 };
    let second = UsageDay { day: today + 1, usage: second_usage, turns: 1, unpriced: 0 };
    assert_eq!(store.usage_days(0).await.unwrap(), [first, second]);
    assert_eq!(store.usage_days(today + 1).await.unwrap(), [second]);
    let (anew, _) = store.reset_session(make::session("a")).await.unwrap();
    assert_eq!(anew.usage, Usage::default());
    store.delete_session(make::session("b")).await.unwrap();
    assert_eq!(store.usage_days(0).await.unwrap(), [first, second], "what was spent was spent");
    let most = Usage { cost_nanos: u64::MAX, cache_read: u64::MAX, ..Usage::default() };
    speak(store, "a", most).await;
    speak(store, "a", most).await;
    let most = i64::MAX.unsigned_abs();
    let last = *store.usage_days(today + 1).await.unwrap().last().unwrap();
    assert_eq!(
        (last.usage.cost_nanos, last.usage.cache_read, last.usage.input),
        (most, most, 15),
        "what is no answer is used all the same"
    );
    assert_eq!((row(store, "a").await.usage.cost_nanos, row(store, "a").await.usage.cache_read), (most, most));
}

async fn usage_sums(bench: Bench) {
    const DAY_MS: u64 = 24 * 3_600_000;
    let store = &*bench.store;
    let today = UsageDay::of(START_MS);
    let used = |cost_nanos| Usage { cost_nanos, ..Usage::tokens(2, 1) };
    let query = |first, last, rows_max| UsageQuery { first_day: today + first, last_day: today + last, rows_max, agent: None };
    let of = |query| async { store.usage_sums(query).await.unwrap() };
    assert_eq!(of(query(0, 0, 9)).await, UsageSums::default());
    speak(store, "a", used(7)).await;
    bench.pass(DAY_MS);
    store.accept(vec![make::accept("b", "1")]).await.unwrap();
    let row = store.begin_turn(make::session("b"), 1).await.unwrap().remove(0);
    let reply_to = Some(make::outbox("b", "").outbound.target);
    store.finish_turn(TurnOutcome { usage: used(0), reply_to, ..make::turn("b", &[row.id], vec![]) }, 0).await.unwrap();
    store.append_transcript(SessionKey::new("agent:main-2:main"), Vec::new(), used(9));
    store.append_transcript(SessionKey::new("agent:main"), Vec::new(), used(1));
    store.append_transcript(SessionKey::new("other"), Vec::new(), used(0));
    store.flush().await.unwrap();
    let sums = of(query(0, 1, 2)).await;
    let shown = |sums: &UsageSums| {
        let groups = sums.groups.iter();
        let sum = |sum: &UsageSum| (sum.sessions, sum.usage.input, sum.usage.cost_nanos, sum.unpriced);
        groups.map(|(group, of)| (format!("{}/{}", group.agent, group.channel), sum(of))).collect::<Vec<_>>()
    };
    let wanted = [("/", (1, 2, 0, 1)), ("main/", (2, 4, 8, 0)), ("main/socket-chat", (1, 2, 0, 1)), ("main-2/", (1, 2, 9, 0))];
    assert_eq!(shown(&sums), wanted.map(|(name, sum)| (name.to_owned(), sum)));
    assert_eq!(sums.rows, store.sessions(2).await.unwrap(), "the newest, the sums of all");
    assert_eq!((sums.total().sessions, sums.total().usage.cost_nanos, sums.total().unpriced), (5, 17, 2));
    assert_eq!(sums.by(|group| &group.agent)["main"].sessions, 3);
    assert_eq!(shown(&of(query(0, 0, 9)).await), [("main/".to_owned(), (1, 2, 7, 0))]);
    assert_eq!(of(query(2, 9, 9)).await, UsageSums::default());
    let main = of(UsageQuery { agent: Some("main".into()), ..query(0, 1, 9) }).await;
    assert_eq!((main.total().sessions, main.rows.len()), (3, 3), "and not those of `main-2`");
    assert!(of(query(i64::MIN / 2, i64::MAX / 2, 9)).await.total().sessions == 5, "whatever is asked");
    let most = Usage { cost_nanos: i64::MAX.unsigned_abs(), ..Usage::default() };
    for chat in ["a", "b", "c"] {
        speak(store, chat, most).await;
    }
    assert_eq!(of(query(0, 1, 0)).await.total().usage.cost_nanos, u64::MAX, "a sum ends where a number does");
}

async fn patches(bench: Bench) {
    let store = &*bench.store;
    let fields = json!({ "label": "Täglich ☕", "thinkingLevel": "high", "model": "a/b" });
    let made = store.patch_session(make::session("a"), patch(fields)).await.unwrap();
    let traits = SessionTraits {
        label: Some("Täglich ☕".into()),
        thinking_level: Some("high".into()),
        model: Some("a/b".into()),
        ..SessionTraits::default()
    };
    assert_eq!((&made.traits, made.entries, made.updated_ms), (&traits, 0, START_MS), "it is made by its first setting");
    speak(store, "a", Usage::tokens(1, 1)).await;
    bench.pass(3);
    let fields = json!({ "model": null, "execHost": "node", "label": "Täglich ☕" });
    let after = store.patch_session(make::session("a"), patch(fields)).await.unwrap();
    let traits = SessionTraits { model: None, exec_host: Some("node".into()), ..traits };
    assert_eq!((&after.traits, after.entries, after.updated_ms), (&traits, 2, START_MS + 3));
    assert_eq!((after.id, after.usage), (made.id, Usage::tokens(1, 1)));
    assert_eq!(row(store, "a").await, after);
    let nothing = json!({ "label": null, "thinkingLevel": null, "execHost": null, "sendPolicy": null });
    let bare = store.patch_session(make::session("a"), patch(nothing)).await.unwrap();
    assert_eq!(bare.traits, SessionTraits::default());
}

async fn refuses(Bench { store, .. }: Bench) {
    let store = &*store;
    for (fields, named) in [
        (json!({ "label": "x", "thinkingLevel": 5 }), "`thinkingLevel`"),
        (json!({ "model": ["a/b"] }), "`model`"),
        (json!({ "label": "x", "usage": "0" }), "`usage`"),
        (json!({ "sendPolicy": "a".repeat(crate::ports::TRAIT_BYTES_MAX + 1) }), "`sendPolicy`"),
    ] {
        let refused = store.patch_session(make::session("a"), patch(fields)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidRequest);
        assert!(refused.to_string().contains(named), "{refused}");
        assert_eq!(store.session(make::session("a")).await.unwrap(), None, "nothing was written");
    }
    store.patch_session(make::session("a"), label("mine")).await.unwrap();
    assert!(store.patch_session(make::session("a"), patch(json!({ "label": "other", "execAsk": false }))).await.is_err());
    assert_eq!(row(store, "a").await.traits.label.as_deref(), Some("mine"));
}

async fn labels(Bench { store, .. }: Bench) {
    let store = &*store;
    store.patch_session(make::session("a"), label("one")).await.unwrap();
    let refused = store.patch_session(make::session("b"), label("one")).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict { .. }), "{refused}");
    assert_eq!(refused.code(), Code::Conflict);
    assert_eq!(store.session(make::session("b")).await.unwrap(), None, "nothing was written");
    store.patch_session(make::session("a"), label("one")).await.unwrap();
    store.patch_session(make::session("b"), label("One")).await.unwrap();
    store.patch_session(make::session("a"), patch(json!({ "label": null }))).await.unwrap();
    store.patch_session(make::session("b"), label("one")).await.unwrap();
    store.patch_session(make::session("c"), label("One")).await.unwrap();
    store.delete_session(make::session("b")).await.unwrap();
    store.patch_session(make::session("a"), label("one")).await.unwrap();
}

async fn resets(bench: Bench) {
    let store = &*bench.store;
    store.accept(vec![make::accept("a", "1")]).await.unwrap();
    let first = store.begin_turn(make::session("a"), 1).await.unwrap().remove(0);
    let target = make::outbox("a", "").outbound.target;
    let turn =
        TurnOutcome { reply_to: Some(target.clone()), usage: Usage::tokens(5, 6), ..make::turn("a", &[first.id], vec![]) };
    let lines = turn.entries.clone();
    store.finish_turn(turn, 0).await.unwrap();
    speak(store, "b", Usage::tokens(1, 1)).await;
    let before = store.patch_session(make::session("a"), label("mine")).await.unwrap();
    bench.pass(9);

    let (after, taken) = store.reset_session(make::session("a")).await.unwrap();
    assert_eq!(taken, lines);
    assert_ne!(after.id, before.id);
    assert_eq!((after.entries, after.usage, after.updated_ms), (0, Usage::default(), START_MS + 9));
    assert_eq!((&after.traits, &after.reply_to), (&before.traits, &Some(target)));
    assert_eq!(row(store, "a").await, after);
    assert!(store.history(make::session("a"), 9).await.unwrap().is_empty());
    assert_eq!(store.history(make::session("b"), 9).await.unwrap().len(), 2, "others keep theirs");
    assert_eq!(row(store, "b").await.usage, Usage::tokens(1, 1));

    speak(store, "a", Usage::tokens(1, 2)).await;
    let grown = row(store, "a").await;
    assert_eq!((grown.id, grown.entries, grown.usage), (after.id, 2, Usage::tokens(1, 2)));
    assert_eq!(store.history(make::session("a"), 9).await.unwrap().len(), 2);
    assert_eq!(store.reset_session(make::session("a")).await.unwrap().1.len(), 2, "only the lines since");
    let (made, none) = store.reset_session(make::session("new")).await.unwrap();
    assert_eq!((made.key, none.len()), (make::session("new"), 0), "it is made when it is not there");
}

async fn deletes(Bench { store, .. }: Bench) {
    let store = &*store;
    assert_eq!(store.delete_session(make::session("a")).await.unwrap(), None);
    speak(store, "a", Usage::tokens(1, 1)).await;
    speak(store, "b", Usage::default()).await;
    let before = store.patch_session(make::session("a"), label("mine")).await.unwrap();
    let lines = store.history(make::session("a"), 9).await.unwrap();
    assert_eq!(store.delete_session(make::session("a")).await.unwrap(), Some(lines));
    assert_eq!(store.session(make::session("a")).await.unwrap(), None);
    assert_eq!(store.sessions(9).await.unwrap().len(), 1);
    assert!(store.history(make::session("a"), 9).await.unwrap().is_empty());
    assert_eq!(store.delete_session(make::session("a")).await.unwrap(), None, "once");

    speak(store, "c", Usage::default()).await;
    assert!(store.history(make::session("a"), 9).await.unwrap().is_empty(), "another's lines are not taken for its own");
    speak(store, "a", Usage::default()).await;
    let anew = row(store, "a").await;
    assert_ne!(anew.id, before.id);
    assert_eq!((anew.entries, anew.usage, &anew.traits), (2, Usage::default(), &SessionTraits::default()));
    for chat in ["a", "b", "c"] {
        assert_eq!(store.history(make::session(chat), 9).await.unwrap().len(), 2);
    }
}

async fn deletes_with_open_rows(Bench { store, .. }: Bench) {
    let store = &*store;
    store.accept(vec![make::accept("a", "1"), make::accept("a", "2"), make::accept("b", "3")]).await.unwrap();
    let in_hand = store.begin_turn(make::session("a"), 1).await.unwrap().remove(0);
    speak(store, "a", Usage::tokens(1, 1)).await;
    let before = store.patch_session(make::session("a"), label("mine")).await.unwrap();
    assert_eq!(store.delete_session(make::session("a")).await.unwrap().map(|lines| lines.len()), Some(2));
    let anew = row(store, "a").await;
    assert_ne!(anew.id, before.id);
    assert_eq!((anew.entries, anew.usage, &anew.traits), (0, Usage::default(), &SessionTraits::default()));
    assert_eq!(store.sessions_with_open_rows().await.unwrap(), [make::session("a"), make::session("b")]);
    assert_eq!(store.health().inbox_open, 3);

    let next = store.finish_turn(make::turn("a", &[in_hand.id], vec![]), 5).await.unwrap();
    assert_eq!(next.iter().map(|row| row.seq).collect::<Vec<_>>(), [2]);
    assert_eq!(row(store, "a").await.entries, 2);
    store.delete_session(make::session("a")).await.unwrap();
    store.finish_turn(make::turn("a", &[next[0].id], vec![]), 0).await.unwrap();
    assert_eq!(store.delete_session(make::session("a")).await.unwrap().map(|lines| lines.len()), Some(2));
    assert_eq!(store.session(make::session("a")).await.unwrap(), None, "nothing is open any more");
    assert_eq!(store.begin_turn(make::session("b"), 5).await.unwrap().len(), 1);
}

async fn deletes_with_dead_letters(Bench { store, .. }: Bench) {
    let store = &*store;
    let (dead, _) = make::new(store.accept(vec![make::accept("a", "1")]).await.unwrap()[0]);
    store.bury_inbox(dead, Code::Internal, "no".into()).await.unwrap();
    store.delete_session(make::session("a")).await.unwrap();
    assert_eq!(store.session(make::session("a")).await.unwrap(), None);
    speak(store, "b", Usage::default()).await;
    let letter = store.retry_dead_letter(dead.as_uuid()).await.unwrap();
    assert_eq!(letter.session, Some(make::session("a")));
    assert_eq!(store.sessions_with_open_rows().await.unwrap(), [make::session("a")]);
    assert!(store.begin_turn(make::session("b"), 5).await.unwrap().is_empty(), "it is not another's");
    assert_eq!(store.begin_turn(make::session("a"), 5).await.unwrap().len(), 1);
}

async fn activations(bench: Bench) {
    let store = &*bench.store;
    for (chat, word) in [("a", "always"), ("b", "mention"), ("c", "sometimes")] {
        store.patch_session(make::session(chat), patch(json!({ "groupActivation": word }))).await.unwrap();
        bench.pass(10);
    }
    store.patch_session(make::session("d"), patch(json!({ "thinkingLevel": "high" }))).await.unwrap();
    let both = [(make::session("b"), Activation::Mention), (make::session("a"), Activation::Always)];
    assert_eq!(store.activations().await.unwrap(), both, "the newest first");
    store.patch_session(make::session("b"), patch(json!({ "groupActivation": null }))).await.unwrap();
    store.reset_session(make::session("a")).await.unwrap();
    assert_eq!(store.activations().await.unwrap(), [both[1].clone()], "settings are kept over a reset");
    store.delete_session(make::session("a")).await.unwrap();
    assert_eq!(store.activations().await.unwrap(), []);
}

async fn open_rows(Bench { store, .. }: Bench) {
    assert!(store.open_rows(5).await.unwrap().is_empty());
    let batch = [("a", "1"), ("b", "2"), ("c", "3"), ("b", "4"), ("d", "5"), ("d", "6"), ("d", "7")];
    store.accept(batch.into_iter().map(|(chat, id)| make::accept(chat, id)).collect()).await.unwrap();
    let first = store.begin_turn(make::session("a"), 1).await.unwrap().remove(0);
    store.begin_turn(make::session("d"), 2).await.unwrap();
    let counts = |counts: &[(&str, u64)]| counts.iter().map(|(chat, rows)| (make::session(chat), *rows)).collect::<Vec<_>>();
    assert_eq!(store.open_rows(9).await.unwrap(), counts(&[("d", 3), ("b", 2), ("a", 1), ("c", 1)]));
    assert_eq!(store.open_rows(2).await.unwrap(), counts(&[("d", 3), ("b", 2)]));
    store.finish_turn(make::turn("a", &[first.id], vec![]), 0).await.unwrap();
    assert_eq!(store.open_rows(9).await.unwrap(), counts(&[("d", 3), ("b", 2), ("c", 1)]));
}
