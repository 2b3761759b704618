//! A long run under faults, for whatever runs the gateway: every message that asks for an answer gets exactly one, in order.
//!
//! A question says `ask-ROOM-NUMBER` and mentions the bot; the agent behind it has to echo. In between stand messages that ask
//! for nothing, `aside-ROOM-NUMBER`. The answers are counted at the server, by their ids.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{Kind, Person, RocketChat, Tokens};
use crate::harness::LOOK_EVERY;
use crate::harness::soak::{self, Pace, Report, due, questions_of};

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
    /// How the agent answers.
    pub form: Form,
}

/// How the agent answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// In one message that has the question's words.
    Whole,
    /// In several: `well`, the question's words, `over`.
    Parts,
    /// In one that grows to the same.
    Edits,
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
        let (asked, pace) = self.ask(server, plan, runner).await;
        if pace == Pace::Kept {
            self.wait_for(server, &asked, 0, plan).await;
        }
        self.judge(server, &asked, plan.form)
    }

    /// Says everything of a plan and has its troubles come; the questions, each with the number of its room. It ends early when
    /// the answers have stopped.
    pub async fn ask(&self, server: &RocketChat, plan: Plan, runner: &mut impl Runner) -> (Vec<(usize, String)>, Pace) {
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
            if self.wait_for(server, &asked, plan.open_max, plan).await == Pace::Lost {
                return (asked, Pace::Lost);
            }
        }
        (asked, Pace::Kept)
    }

    /// Waits until no more than so many questions are without an answer, or until no answer has come for too long.
    async fn wait_for(&self, server: &RocketChat, asked: &[(usize, String)], open_max: usize, plan: Plan) -> Pace {
        let (mut best, mut since) = (asked.len(), Instant::now());
        loop {
            let answered = self.answered(server, plan.form);
            let open = asked.iter().filter(|(_, question)| !answered.contains(question)).count();
            if open < best {
                (best, since) = (open, Instant::now());
            }
            if open <= open_max {
                return Pace::Kept;
            }
            if since.elapsed() > plan.stall_max {
                return Pace::Lost;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn answered(&self, server: &RocketChat, form: Form) -> BTreeSet<String> {
        let answers = self.answers(server, form);
        match form {
            Form::Whole => answers.into_iter().flat_map(|answer| questions_of(&answer.text)).collect(),
            Form::Parts | Form::Edits => soak::grown(&answers),
        }
    }

    /// Returns each of the bot's messages, in order; those that grow as they stand now.
    fn answers(&self, server: &RocketChat, form: Form) -> Vec<soak::Answer> {
        let all = if form == Form::Edits { server.standing() } else { server.accepted() };
        let accepted = all.into_iter().filter(|message| message.uid == self.bot.id);
        accepted.map(|message| soak::Answer { id: message.id, place: message.rid, text: message.text }).collect()
    }

    /// Compares the questions with what the bot has said.
    pub fn judge(&self, server: &RocketChat, asked: &[(usize, String)], form: Form) -> Report {
        let (places, said): (Vec<&str>, _) = (self.rooms().collect(), self.answers(server, form));
        match form {
            Form::Whole => soak::judge(&places, asked, said),
            Form::Parts | Form::Edits => soak::judge_grown(&places, asked, &said, form == Form::Edits),
        }
    }
}
