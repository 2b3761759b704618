//! What is said in rooms of every sort, and what is answered.

use serde_json::json;

use super::rig::{CHANNEL, Rig};
use crate::harness::eventually;
use crate::harness::rocketchat::faults::{Copies, MyMessages};
use crate::harness::rocketchat::{Kind, Version};

#[tokio::test]
async fn a_message_in_a_room_of_any_sort_is_answered_there() {
    for version in [Version::Six, Version::Seven, Version::Eight] {
        let rig = Rig::start(version, json!({})).await;
        for (kind, name) in
            [(Kind::Direct, ""), (Kind::Channel, "general"), (Kind::Private, "inner"), (Kind::Livechat, "visitor")]
        {
            let rid = rig.room(kind, name).await;
            rig.server.say(&rid, &rig.ann, "@call.bot hello there");
            let said = rig.server.wait_for_said(&rid, 1).await;
            let alone = matches!(kind, Kind::Direct | Kind::Livechat);
            let expected = if alone { "@call.bot hello there" } else { "hello there" };
            assert_eq!(said, [expected], "{version:?} {kind:?}");
            eventually("it was shown to type", || {
                rig.server.typing().iter().any(|typing| typing.rid == rid && typing.name == "call.bot")
            })
            .await;
            eventually("nobody types any more", || rig.server.who_types(&rid).is_empty()).await;
        }
        assert_eq!(rig.server.odd_frames(), Vec::<String>::new());
        let channel = rig.gateway.actor(CHANNEL).await;
        assert_eq!((&channel["link"], &channel["restarts"]), (&json!("up"), &json!(0)));
    }
}

#[tokio::test]
async fn a_message_in_a_thread_is_answered_in_it() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.room(Kind::Channel, "general").await;
    let root = rig.server.say(&rid, &rig.ann, "a root");
    rig.server.reply(&rid, &rig.ann, &root, "@call.bot in here");
    rig.server.wait_for_said(&rid, 1).await;
    let posted = &rig.posted()[0];
    assert_eq!((posted.tmid.as_deref(), posted.text.as_str()), (Some(root.as_str()), "in here"));
}

#[tokio::test]
async fn an_answer_opens_a_thread_where_the_settings_say_so() {
    for (mode, in_thread) in [("off", [false, false]), ("first", [true, false]), ("all", [true, true])] {
        let settings = json!({ "replyToMode": mode, "textChunkLimit": 64, "historyLimit": 0 });
        let rig = Rig::start(Version::Seven, settings).await;
        let rid = rig.room(Kind::Channel, "general").await;
        let asked = rig.server.say(&rid, &rig.ann, &format!("@call.bot {}", "word ".repeat(20)));
        rig.server.wait_for_said(&rid, 2).await;
        let threads: Vec<_> = rig.posted().into_iter().map(|message| message.tmid).collect();
        let expected = in_thread.map(|there| there.then(|| asked.clone()));
        assert_eq!(threads, expected, "{mode}");
    }
}

#[tokio::test]
async fn what_is_no_new_message_is_not_answered() {
    let rig = Rig::start(Version::Eight, json!({ "requireMention": false })).await;
    let rid = rig.room(Kind::Private, "inner").await;
    let asked = rig.server.say(&rid, &rig.ann, "one");
    rig.server.wait_for_said(&rid, 1).await;
    rig.server.edit(&asked, &rig.ann, "one, edited");
    rig.dropped("edited", 1).await;
    rig.server.react(&asked, &rig.ann, "thumbsup");
    rig.server.preview(&asked, "http://example.org");
    rig.server.say_with(&rid, &rig.ann, "ann joined", json!({ "t": "uj" }));
    rig.dropped("system", 1).await;
    rig.dropped("own", 1).await;
    rig.server.say(&rid, &rig.ann, "two");
    assert_eq!(rig.server.wait_for_said(&rid, 2).await, ["one", "two"]);
    let log = rig.gateway.log();
    assert!(!log.contains("one, edited"), "no text in the log");
}

#[tokio::test]
async fn a_message_that_comes_many_times_is_answered_once() {
    let rig = Rig::start(Version::Seven, json!({})).await;
    let rid = rig.room(Kind::Direct, "").await;
    rig.server.send_copies(Copies::Two);
    for text in ["one", "two", "three"] {
        rig.server.say(&rid, &rig.ann, text);
    }
    assert_eq!(rig.server.wait_for_said(&rid, 3).await, ["one", "two", "three"]);
    rig.server.say(&rid, &rig.ann, "last");
    assert_eq!(rig.server.wait_for_said(&rid, 4).await, ["one", "two", "three", "last"]);
}

#[tokio::test]
async fn private_rooms_are_heard_also_where_the_stream_of_all_messages_lacks_them() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    rig.server.my_messages(MyMessages::NoPrivate);
    let rid = rig.room(Kind::Private, "inner").await;
    rig.server.say(&rid, &rig.ann, "@call.bot here?");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["here?"]);
}

#[tokio::test]
async fn rooms_come_and_go_while_the_link_stands() {
    let rig = Rig::start(Version::Eight, json!({})).await;
    let rid = rig.server.room(Kind::Private, "inner", &[&rig.ann]);
    rig.server.say(&rid, &rig.ann, "@call.bot before you came");
    rig.server.move_clock(1000);
    rig.server.invite(&rid, &rig.bot);
    rig.server.listening(&rig.bot, &rid).await;
    rig.server.say(&rid, &rig.ann, "@call.bot welcome");
    assert_eq!(rig.server.wait_for_said(&rid, 1).await, ["welcome"]);
    rig.server.remove(&rid, &rig.bot);
    rig.server.say(&rid, &rig.ann, "@call.bot gone?");
    let other = rig.room(Kind::Direct, "").await;
    rig.server.say(&other, &rig.ann, "and here?");
    assert_eq!(rig.server.wait_for_said(&other, 1).await, ["and here?"]);
    assert_eq!(rig.server.said(&rid).len(), 1);
}

#[tokio::test]
async fn targets_are_reached_from_the_command_line() {
    let rig = Rig::start(Version::Seven, json!({})).await;
    let rid = rig.room(Kind::Channel, "general").await;
    let direct = rig.server.direct(&rig.ann, &rig.bot);
    let targets = [
        (format!("channel:{rid}"), &rid),
        ("#general".to_owned(), &rid),
        (rid.clone(), &rid),
        ("@ann".to_owned(), &direct),
        (format!("user:{}", rig.ann.id), &direct),
    ];
    for (number, (target, room)) in targets.iter().enumerate() {
        let text = format!("Hello {number}!");
        rig.gateway.run(0, &["send", "--channel", "rocketchat", "--to", target, &text]);
        eventually(&format!("a message to {target}"), || rig.server.said(room).contains(&text)).await;
    }
    let refused = rig.gateway.run(1, &["send", "--channel", "rocketchat", "--to", "two words", "x"]);
    assert!(refused.contains("Invalid rocketchat target"), "{refused}");
}
