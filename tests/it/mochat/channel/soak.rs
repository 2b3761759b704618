//! Many messages over many sessions and panels while the ways in break and heal in turn, answers are cut, and the gateway is
//! killed.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rig::Rig;
use crate::harness::mochat::{BOT, Mochat};
use crate::harness::soak::{Answer, Pace, due, judge, questions_of, size};
use crate::harness::{LOOK_EVERY, until};

/// How long no answer may come: longer than the waits of a row that failed a few times in a row.
const STALL_MAX: Duration = Duration::from_secs(60);
/// Questions that may be without an answer before the next message is said.
const OPEN_MAX: usize = 40;
/// Each of so many messages asks for nothing, where it stands in a panel and mentions count.
const ASIDE_EVERY: usize = 7;
/// Each of so many mentions the agent, where mentions end a wait.
const MENTION_EVERY: usize = 5;
/// How long nothing more may come of a place, where answers wait.
const QUIET_MS: u64 = 700;
/// Before each of so many messages one answer of a session, or of a panel, is going to be cut.
const CUT_EVERY: usize = 5;
/// How often everything is cut while [`Trouble::Drop`] lasts, in messages.
const DROP_EVERY: usize = 10;

/// How answers are cut: two are there and the gateway does not hear it, two are not.
const CUTS: [&str; 4] = ["commit-cut", "cut", "commit-500", "status"];

/// What is wrong with the ways in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// Connections are cut again and again, and WebSocket is the only one there is.
    Drop,
    /// WebSocket is refused.
    RefuseWebSocket,
    /// WebSocket hangs.
    PollingOnly,
    /// There is no Socket.IO at all.
    RestOnly,
    /// Nothing is.
    Heal,
}

impl Trouble {
    const ALL: [Self; 5] = [Self::Drop, Self::RefuseWebSocket, Self::PollingOnly, Self::RestOnly, Self::Heal];

    fn settings(self) -> Value {
        match self {
            Self::Drop => json!({ "polling": "refuse" }),
            Self::RefuseWebSocket => json!({ "websocket": "refuse" }),
            Self::PollingOnly => json!({ "websocket": "hang" }),
            Self::RestOnly => json!({ "websocket": "refuse", "polling": "refuse" }),
            Self::Heal => json!({}),
        }
    }

    /// Returns by which ways messages may come once the gateway has found out. Where WebSocket was cut often polling comes first.
    const fn ways(self) -> &'static [&'static str] {
        match self {
            Self::Drop => &["websocket"],
            Self::RefuseWebSocket | Self::PollingOnly => &["polling"],
            Self::RestOnly => &["rest"],
            Self::Heal => &["websocket", "polling"],
        }
    }
}

/// Which messages are answered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delay {
    Never,
    NonMention,
    Always,
}

impl Delay {
    fn settings(self) -> Value {
        match self {
            Self::Never => json!({ "mention": { "requireInGroups": true } }),
            Self::NonMention => json!({ "replyDelayMode": "non-mention", "replyDelayMs": QUIET_MS }),
            Self::Always => json!({ "replyDelayMode": "always", "replyDelayMs": QUIET_MS }),
        }
    }
}

/// How much is said, and what goes wrong meanwhile.
#[derive(Clone, Copy, Debug)]
struct Plan {
    messages: usize,
    /// How many messages long each trouble lasts.
    trouble: usize,
    kills: usize,
    /// How long after a message the next one is said, in every other round of troubles: a trouble is long then, and few answers
    /// are on their way when the next one comes. In the others many are.
    pace: Duration,
}

impl Plan {
    fn pace_after(&self, number: usize) -> Duration {
        let round = number / self.trouble / Trouble::ALL.len();
        if round.is_multiple_of(2) { Duration::ZERO } else { self.pace }
    }
}

/// A session or a panel, and who asks there.
struct Place {
    id: String,
    key: &'static str,
    asker: String,
}

struct Soak {
    rig: Rig,
    delay: Delay,
    places: Vec<Place>,
    asked: Vec<(usize, String)>,
    /// What the agent has said so far.
    said: Vec<Answer>,
    answered: BTreeSet<String>,
}

impl Soak {
    /// Starts both, with so many places, sessions and panels in turn, all of which the gateway knows when this is over.
    async fn start(count: usize, delay: Delay) -> Self {
        let platform = Mochat::start_with(json!({ "transports": ["polling", "websocket"] })).await;
        let mut places = Vec::new();
        for at in 0..count {
            let asker = format!("asker_{at}");
            platform.order("user", json!({ "userId": asker, "nickname": asker })).await;
            let (id, key) = if at % 2 == 0 {
                let session = json!({ "sessionId": format!("session_{at}"), "participants": [BOT, asker] });
                platform.order("session", session).await;
                (format!("session_{at}"), "sessionId")
            } else {
                (platform.panel(&format!("panel_{at}")).await, "panelId")
            };
            places.push(Place { id, key, asker });
        }
        let mut rig = Rig::on(platform, delay.settings());
        rig.gateway.again().await;
        rig.gateway.ready("all").await;
        Self { rig, delay, places, asked: Vec::new(), said: Vec::new(), answered: BTreeSet::new() }
    }

    /// Says everything of a plan while its troubles come.
    async fn play(&mut self, plan: Plan) -> Pace {
        let mut trouble = Trouble::Heal;
        for number in 0..plan.messages {
            if number.is_multiple_of(plan.trouble) {
                self.settled(trouble).await;
                trouble = Trouble::ALL[number / plan.trouble % Trouble::ALL.len()];
                self.begin(trouble).await;
            }
            if trouble == Trouble::Drop && number.is_multiple_of(DROP_EVERY) {
                self.rig.platform.drop_all().await;
            }
            if number.is_multiple_of(CUT_EVERY) {
                self.cut(number / CUT_EVERY).await;
            }
            self.say(number).await;
            if due(plan.kills, number, plan.messages) {
                self.rig.gateway.kill();
                self.rig.gateway.spawn();
            }
            if self.wait_for(OPEN_MAX).await == Pace::Lost {
                return Pace::Lost;
            }
            // Load at a speed; nothing is waited for.
            tokio::time::sleep(plan.pace_after(number)).await;
        }
        self.settled(trouble).await;
        self.wait_for(0).await
    }

    async fn begin(&self, trouble: Trouble) {
        self.rig.platform.heal().await;
        self.rig.platform.set(trouble.settings()).await;
        self.rig.platform.drop_all().await;
    }

    /// Waits until the gateway lives as well as it can with a trouble.
    async fn settled(&self, trouble: Trouble) {
        self.rig.gateway.ready("gateway").await;
        until(&format!("a way with {trouble:?}"), async || {
            let status = self.rig.status().await.to_string();
            trouble.ways().iter().any(|way| status.contains(&format!("\"transport\":\"{way}\""))).then_some(())
        })
        .await;
    }

    /// Has one of the next answers cut.
    async fn cut(&self, number: usize) {
        let route = if number.is_multiple_of(2) { "sessions/send" } else { "groups/panels/send" };
        let kind = CUTS[number / 2 % CUTS.len()];
        self.rig.platform.fault(json!({ "route": route, "kind": kind, "status": 503, "times": 1 })).await;
    }

    async fn say(&mut self, number: usize) {
        let at = number % self.places.len();
        let place = &self.places[at];
        let in_panel = place.key == "panelId";
        let content = if in_panel && self.delay == Delay::Never && number.is_multiple_of(ASIDE_EVERY) {
            format!("aside-{at}-{number}")
        } else {
            let question = format!("ask-{at}-{number}");
            self.asked.push((at, question.clone()));
            let mentions = self.delay == Delay::Never || number.is_multiple_of(MENTION_EVERY);
            if mentions { format!("@{BOT} {question}") } else { question }
        };
        let mut message = json!({ "content": content, "author": place.asker });
        message[place.key] = json!(place.id);
        self.rig.platform.say(message).await;
    }

    /// Waits until no more than so many questions are without an answer, or until no answer has come for too long.
    async fn wait_for(&mut self, open_max: usize) -> Pace {
        let mut since = Instant::now();
        loop {
            if self.look().await > 0 {
                since = Instant::now();
            }
            // Each question is another, so the numbers tell.
            if self.asked.len() - self.answered.len() <= open_max {
                return Pace::Kept;
            }
            if since.elapsed() > STALL_MAX {
                return Pace::Lost;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until no row is open, in or out: what has not been sent by now never is.
    async fn quiet(&self) {
        until("no open row", async || {
            let gateway = &self.rig.gateway;
            let open = gateway.metric("store_inbox_open_rows").await + gateway.metric("store_outbox_open_rows").await;
            (open == 0).then_some(())
        })
        .await;
    }

    /// Takes in what the agent has said since; answers how many questions that answers.
    async fn look(&mut self) -> usize {
        let before = self.answered.len();
        for message in self.rig.platform.sent_since(self.said.len()).await {
            let text = |key: &str| message[key].as_str().expect("a text").to_owned();
            let answer = Answer { id: text("messageId"), place: text("target"), text: text("content") };
            self.answered.extend(questions_of(&answer.text));
            self.said.push(answer);
        }
        self.answered.len() - before
    }
}

/// Plays a plan; returns the soak when everything is answered once and in order, and nothing was restarted or given up.
async fn survived(plan: Plan, places: usize, delay: Delay) -> (Soak, usize) {
    let mut soak = Soak::start(places, delay).await;
    if soak.play(plan).await == Pace::Kept {
        soak.quiet().await;
        soak.look().await;
    }
    let places: Vec<&str> = soak.places.iter().map(|place| place.id.as_str()).collect();
    let report = judge(&places, &soak.asked, soak.said.clone());
    report.assert_clean();
    assert!(report.asked > plan.messages / 2);
    assert!(soak.rig.platform.happened("rest agents/owner").await > plan.kills as u64, "each life looks whose agent it is");
    let actor = soak.rig.gateway.actor("channel:mochat:default").await;
    assert_eq!(actor["restarts"], 0, "{actor}");
    let letters = soak.rig.gateway.get("/admin/deadletters").await;
    assert_eq!(letters["deadletters"], json!([]), "{letters}");
    (soak, report.asked)
}

#[tokio::test]
async fn every_question_gets_one_answer_in_order_whatever_way_is_broken() {
    let pace = size(Duration::ZERO, Duration::from_millis(50));
    let plan = Plan { messages: size(150, 2000), trouble: size(30, 50), kills: size(1, 5), pace };
    let (soak, asked) = survived(plan, size(6, 20), Delay::Never).await;
    let platform = &soak.rig.platform;
    let sends = platform.happened("rest sessions/send").await + platform.happened("rest groups/panels/send").await;
    assert!(sends > asked as u64, "answers were cut");
}

/// What waits for others is answered with them, in exactly one answer, also over kills in the middle of the wait.
#[tokio::test]
async fn what_waits_is_in_one_merged_answer_whatever_is_killed() {
    for delay in [Delay::NonMention, Delay::Always] {
        let plan = Plan { messages: size(60, 600), trouble: size(20, 50), kills: size(2, 5), pace: Duration::from_millis(50) };
        let (soak, asked) = survived(plan, size(4, 12), delay).await;
        let merged = soak.said.iter().filter(|answer| questions_of(&answer.text).len() > 1).count();
        assert!(merged > 0 && soak.said.len() < asked, "{delay:?}: {merged} merged of {} answers to {asked}", soak.said.len());
    }
}
