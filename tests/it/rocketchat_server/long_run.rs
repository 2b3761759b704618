//! The long run's driver: against a bot of a few lines that does well, and against answers that are wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::peers::Rest;
use crate::harness::rocketchat::soak::{Form, Plan, Runner, Stage};
use crate::harness::rocketchat::{Person, RocketChat, Version};
use crate::harness::soak::{Answer, Report, grown, judge_grown};
use crate::harness::{LOOK_EVERY, PATIENCE};

const ROOMS: usize = 4;
const PLAN: Plan =
    Plan { messages: 60, aside_every: 7, drops: 5, expiries: 3, kills: 2, open_max: 4, stall_max: PATIENCE, form: Form::Whole };

/// A bot that reads its rooms in turn and has to be started again when it is killed.
struct Bot {
    server: Arc<RocketChat>,
    who: Person,
    rooms: Vec<String>,
    task: tokio::task::JoinHandle<()>,
    kills: usize,
}

impl Bot {
    fn start(server: &Arc<RocketChat>, stage: &Stage) -> Self {
        let (server, who) = (Arc::clone(server), stage.bot.clone());
        let rooms: Vec<_> = stage.rooms().map(str::to_owned).collect();
        let task = tokio::spawn(run(Arc::clone(&server), who.clone(), rooms.clone()));
        Self { server, who, rooms, task, kills: 0 }
    }
}

impl Runner for Bot {
    async fn kill(&mut self) {
        self.task.abort();
        self.kills += 1;
        self.task = tokio::spawn(run(Arc::clone(&self.server), self.who.clone(), self.rooms.clone()));
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(server: Arc<RocketChat>, who: Person, rooms: Vec<String>) {
    let mut answered = BTreeSet::new();
    loop {
        let rest = Rest::of(&server, &who);
        // Ends when the login has.
        while read(&rest, &who, &rooms, &mut answered).await.is_some() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

async fn read(rest: &Rest, who: &Person, rooms: &[String], answered: &mut BTreeSet<String>) -> Option<()> {
    for rid in rooms {
        let (status, sync) = rest.get(&format!("chat.syncMessages?roomId={rid}&lastUpdate=2020-01-01T00:00:00.000Z")).await;
        let messages = sync["result"]["updated"].as_array().filter(|_| status == 200)?;
        // They come newest first.
        for message in messages.iter().rev().filter(|message| message["u"]["_id"] != who.id) {
            let (id, text) = (text_of(message, "_id"), text_of(message, "msg"));
            if text.contains("ask-") && !answered.contains(id) {
                // The id follows from the question's, so that a bot which was killed in between does not answer twice.
                let answer = json!({ "_id": format!("re-{id}"), "rid": rid, "msg": format!("re: {text}") });
                let (status, _) = rest.post("chat.sendMessage", json!({ "message": answer })).await;
                (status != 401).then_some(())?;
                answered.insert(id.to_owned());
            }
        }
    }
    Some(())
}

fn text_of<'a>(message: &'a Value, field: &str) -> &'a str {
    message[field].as_str().expect("a text")
}

#[tokio::test]
async fn a_bot_that_answers_once_each_passes() {
    let server = Arc::new(RocketChat::start(Version::Eight));
    let stage = Stage::set(&server, server.person("bot"), ROOMS);
    let mut bot = Bot::start(&server, &stage);
    let report = stage.play(&server, PLAN, &mut bot).await;
    report.assert_clean();
    // Four of the sixty ask for nothing; four more would, but stand in direct rooms.
    assert_eq!((report.asked, bot.kills), (56, 2));
    assert!(server.calls("chat.syncMessages").iter().any(|call| call.status == 401));
}

/// Nobody at all.
struct Nobody;

impl Runner for Nobody {
    async fn kill(&mut self) {}
}

/// Says these texts as the bot, each in a room of the stage, after a plan of eight questions; the report.
async fn judged(answers: &[(usize, &str)]) -> Report {
    let server = RocketChat::start(Version::Eight);
    let stage = Stage::set(&server, server.person("bot"), ROOMS);
    let plan = Plan { messages: 8, aside_every: 0, drops: 0, expiries: 0, kills: 0, open_max: 8, ..PLAN };
    let (asked, _) = stage.ask(&server, plan, &mut Nobody).await;
    let rest = Rest::of(&server, &stage.bot);
    let rooms: Vec<_> = stage.rooms().collect();
    for (at, text) in answers {
        let (status, _) = rest.post("chat.sendMessage", json!({ "message": { "rid": rooms[*at], "msg": text } })).await;
        assert_eq!(status, 200);
    }
    stage.judge(&server, &asked, Form::Whole)
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let right = [(0, "ask-0-0"), (1, "re: ask-1-1."), (2, "ask-2-2"), (3, "ask-3-3 and ask-3-7")];
    let all = [right.as_slice(), &[(0, "ask-0-4"), (1, "ask-1-5"), (2, "ask-2-6")]].concat();
    judged(&all).await.assert_clean();
    let with = |more: &[(usize, &'static str)]| [all.as_slice(), more].concat();
    let none = || Report { asked: 8, ..Report::default() };
    let list = |text: &str| vec![text.to_owned()];
    assert_eq!(judged(&all[..6]).await, Report { missing: list("ask-2-6"), ..none() });
    assert_eq!(judged(&with(&[(2, "ask-2-6 again")])).await, Report { doubled: list("ask-2-6"), ..none() });
    let late = [&all[1..4], &[all[4], all[0]], &all[5..]].concat();
    assert_eq!(judged(&late).await, Report { late: list("ask-0-0"), ..none() });
    let astray = [&all[..6], &[(1, "ask-2-6")]].concat();
    assert_eq!(judged(&astray).await, Report { astray: list("ask-2-6"), ..none() });
    let unasked = judged(&with(&[(0, "aside-0-9")])).await.unasked;
    assert!(unasked.len() == 1 && unasked[0].ends_with(": aside-0-9"), "{unasked:?}");
}

#[test]
fn answers_in_parts_are_judged_by_their_words() {
    let asked = [(0, "ask-0-0".to_owned()), (1, "ask-1-1".to_owned()), (0, "ask-0-2".to_owned())];
    let judged = |said: &[(&str, &str)], each_alone| {
        let answer = |(number, (place, text)): (usize, &(&str, &str))| Answer {
            id: number.to_string(),
            place: (*place).to_owned(),
            text: (*text).to_owned(),
        };
        let said: Vec<_> = said.iter().enumerate().map(answer).collect();
        (judge_grown(&["a", "b"], &asked, &said, each_alone), grown(&said).len())
    };
    let good =
        [("a", "well"), ("b", "well\n\nask-1-1"), ("a", "@bot ask-0-0\n\nover"), ("b", "over"), ("a", "well ask-0-2 over")];
    let (report, whole) = judged(&good, false);
    report.assert_clean();
    assert_eq!(whole, 3);
    assert_eq!(judged(&good, true).0.broken.len(), 4, "those that are not whole by themselves");
    let with = |at: usize, said| {
        let mut all = good.to_vec();
        all[at] = said;
        judged(&all, false).0
    };
    assert_eq!(with(4, ("a", "well over")).missing, ["ask-0-2"]);
    assert_eq!(with(4, ("a", "well ask-0-2 ask-0-2 over")).doubled, ["ask-0-2"]);
    for wrong in
        [("a", "ask-0-2 well over"), ("a", "well ask-0-2"), ("a", "well well ask-0-2 over"), ("b", "well ask-0-2 over")]
    {
        assert!(!with(4, wrong).broken.is_empty(), "{wrong:?}");
    }
}
