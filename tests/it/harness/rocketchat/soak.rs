//! A long run under faults, for whatever runs the gateway: every message that asks for an answer gets exactly one, in order.
//!
//! A question says `ask-ROOM-NUMBER` and mentions the bot; the agent behind it has to echo. In between stand messages that ask
//! for nothing, `aside-ROOM-NUMBER`. The answers are counted at the server, by their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use super::{Kind, Person, RocketChat, Tokens};
use crate::harness::LOOK_EVERY;

/// How much is said, and what goes wrong meanwhile; each trouble is spread evenly over the messages.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Messages of all rooms together.
    pub messages: usize,
    /// Each of so many asks for nothing, where a room has people who may be silent to the bot; 0 for none.
    pub aside_every: usize,
    /// How often the sockets are dropped.
    pub drops: usize,
    /// How often the bot's login expires.
    pub expiries: usize,
    /// How often the gateway is killed.
    pub kills: usize,
    /// Questions that may be without an answer before the next message is said.
    pub open_max: usize,
    /// How long no answer may come before the run is given up.
    pub stall_max: Duration,
}

/// Whatever runs the gateway.
pub trait Runner {
    /// Kills the gateway as the system does, without a warning, and starts it again; does not wait until its link is up.
    async fn kill(&mut self);
}

/// The rooms and who asks in them.
pub struct Stage {
    /// Who answers.
    pub bot: Person,
    rooms: Vec<Place>,
}

struct Place {
    rid: String,
    kind: Kind,
    asker: Person,
}

/// What came of a run. Everything in the lists is wrong.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many questions were asked.
    pub asked: usize,
    /// Questions without an answer.
    pub missing: Vec<String>,
    /// Questions with more than one.
    pub doubled: Vec<String>,
    /// Answers that came before that of an earlier question in their room.
    pub late: Vec<String>,
    /// Answers in another room than that of their question.
    pub astray: Vec<String>,
    /// Answers to what asked for none.
    pub unasked: Vec<String>,
}

impl Report {
    /// # Panics
    /// Panics when anything was lost, doubled, out of order or answered without being asked.
    pub fn assert_clean(&self) {
        assert_eq!(*self, Self { asked: self.asked, ..Self::default() });
    }
}

impl Stage {
    /// Makes so many rooms on a server, direct ones, channels and groups in turn, with this bot in each.
    pub fn set(server: &RocketChat, bot: Person, rooms: usize) -> Self {
        let rooms = (0..rooms).map(|number| {
            let asker = server.person(&format!("asker{number}"));
            let (kind, rid) = match number % 3 {
                0 => (Kind::Direct, server.direct(&asker, &bot)),
                1 => (Kind::Channel, server.room(Kind::Channel, &format!("channel-{number}"), &[&asker, &bot])),
                _ => (Kind::Private, server.room(Kind::Private, &format!("group-{number}"), &[&asker, &bot])),
            };
            Place { rid, kind, asker }
        });
        let rooms = rooms.collect();
        Self { bot, rooms }
    }

    /// Returns the rooms' ids.
    pub fn rooms(&self) -> impl Iterator<Item = &str> {
        self.rooms.iter().map(|place| place.rid.as_str())
    }

    /// Plays a plan to its end, and waits until everything is answered, or nothing has been for too long.
    pub async fn play(&self, server: &RocketChat, plan: Plan, runner: &mut impl Runner) -> Report {
        let asked = self.ask(server, plan, runner).await;
        self.wait_for(server, &asked, 0, plan.stall_max).await;
        self.judge(server, &asked)
    }

    /// Says everything of a plan and has its troubles come; the questions, each with the number of its room.
    pub async fn ask(&self, server: &RocketChat, plan: Plan, runner: &mut impl Runner) -> Vec<(usize, String)> {
        let mut asked = Vec::new();
        for number in 0..plan.messages {
            let at = number % self.rooms.len();
            let place = &self.rooms[at];
            let silent = plan.aside_every > 0 && number % plan.aside_every == plan.aside_every - 1;
            if silent && place.kind != Kind::Direct {
                server.say(&place.rid, &place.asker, &format!("aside-{at}-{number}"));
            } else {
                let question = format!("ask-{at}-{number}");
                server.say(&place.rid, &place.asker, &format!("@{} {question}", self.bot.username));
                asked.push((at, question));
            }
            if due(plan.drops, number, plan.messages) {
                server.drop_sockets();
            }
            if due(plan.expiries, number, plan.messages) {
                server.expire(&self.bot, Tokens::Logins);
            }
            if due(plan.kills, number, plan.messages) {
                runner.kill().await;
            }
            self.wait_for(server, &asked, plan.open_max, plan.stall_max).await;
        }
        asked
    }

    /// Waits until no more than so many questions are without an answer, or until no answer has come for too long.
    async fn wait_for(&self, server: &RocketChat, asked: &[(usize, String)], open_max: usize, stall_max: Duration) {
        let (mut best, mut since) = (asked.len(), Instant::now());
        loop {
            let answered = self.answered(server);
            let open = asked.iter().filter(|(_, question)| !answered.contains(question)).count();
            if open < best {
                (best, since) = (open, Instant::now());
            }
            if open <= open_max || since.elapsed() > stall_max {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn answered(&self, server: &RocketChat) -> BTreeSet<String> {
        self.answers(server).into_iter().flat_map(|(_, _, text)| questions_of(&text)).collect()
    }

    /// Returns id, room and text of each of the bot's messages, in order.
    fn answers(&self, server: &RocketChat) -> Vec<(String, String, String)> {
        let accepted = server.accepted().into_iter().filter(|message| message.uid == self.bot.id);
        accepted.map(|message| (message.id, message.rid, message.text)).collect()
    }

    /// Compares the questions with what the bot has said.
    pub fn judge(&self, server: &RocketChat, asked: &[(usize, String)]) -> Report {
        let mut report = Report { asked: asked.len(), ..Report::default() };
        let mut answers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut last: BTreeMap<usize, usize> = BTreeMap::new();
        for (id, rid, text) in self.answers(server) {
            let questions = questions_of(&text);
            if questions.is_empty() {
                report.unasked.push(format!("{rid}: {text}"));
            }
            for question in questions {
                let first = !answers.contains_key(&question);
                answers.entry(question.clone()).or_default().insert(id.clone());
                let Some((at, number)) = place_of(&question).filter(|(at, _)| *at < self.rooms.len()) else { continue };
                if self.rooms[at].rid != rid {
                    report.astray.push(question.clone());
                }
                let newest = last.entry(at).or_default();
                if first && number < *newest {
                    report.late.push(question);
                }
                *newest = number.max(*newest);
            }
        }
        for (_, question) in asked {
            match answers.get(question).map_or(0, BTreeSet::len) {
                0 => report.missing.push(question.clone()),
                1 => {}
                _ => report.doubled.push(question.clone()),
            }
        }
        report
    }
}

/// Returns whether one of so many troubles is due after this message.
fn due(troubles: usize, number: usize, messages: usize) -> bool {
    let step = messages / (troubles + 1);
    troubles > 0 && step > 0 && (number + 1).is_multiple_of(step) && (number + 1) / step <= troubles
}

/// Returns the questions that an answer names.
fn questions_of(text: &str) -> Vec<String> {
    let words = text.split(|mark: char| !mark.is_ascii_alphanumeric() && mark != '-');
    words.filter(|word| word.starts_with("ask-") && place_of(word).is_some()).map(str::to_owned).collect()
}

fn place_of(question: &str) -> Option<(usize, usize)> {
    let (at, number) = question.strip_prefix("ask-")?.split_once('-')?;
    Some((at.parse().ok()?, number.parse().ok()?))
}
