//! How a session carries a command out: its effect first, which can be repeated after a crash, then its answer and the end of its row
//! in one commit.

use std::time::Duration;

use serde_json::{Map, Value};

use super::effect::{Effect, Known, effect, effects};
use super::parse::Order;
use super::rules::{CommandRules, Reading, Standing};
use crate::agent::Ending;
use crate::core::Scope;
use crate::message::{Entry, Inbound, Target, Usage};
use crate::ports::{Errand, InboxRow, Ordered, StoreError, TurnOutcome};
use crate::session::actor::{STORE_AGAIN, STORE_WAIT, SessionActor, Work};
use crate::session::closing::Closing;
use crate::session::ended::{Ended, How};
use crate::session::memory::SendPolicy;
use crate::session::outcome;
use crate::session::queue::Stop;
use crate::session::seed::{Aim, Seed, Source};
use crate::session::settings::Greeting;
use crate::session::speaking::Left;
use crate::session::telling::Telling;

/// How long whoever looks after the gateway may take for one errand.
const ERRAND_WAIT: Duration = Duration::from_secs(30);

/// What is said where a session was begun anew and nobody greets.
pub(in crate::session) const BEGUN_ANEW: &str = "This session begins anew.";

/// What is said of one that took longer; it may be done all the same.
const NOT_IN_TIME: &str = "This took too long, and may be done all the same: look at it again, or at the log.";

impl SessionActor {
    /// Begins what a row asks for: a turn, or the command that it is.
    pub(in crate::session) fn begin_row(&mut self, seed: Seed, scope: &mut Scope<'_, Self>) {
        let Source::Row(row) = &seed.source else { return self.begin(seed, scope) };
        if let Some(why) = seed.called_off {
            return self.never_ran(seed, How::Aborted(why), scope);
        }
        if !self.queue.also.is_empty() {
            // Only messages share a turn. What they say together begins with a name, which anybody chooses.
            return self.begin(seed, scope);
        }
        match self.settings().commands.read(&row.inbound) {
            Reading::Message => self.begin(seed, scope),
            Reading::Ignored => self.answered(seed, String::new(), scope),
            Reading::Command(..) | Reading::Directives(..) if self.memory.wants_manner() => self.learn_then_begin(seed, scope),
            Reading::Command(order, standing) => {
                self.parts.counters.turns.commands.inc();
                let effect = self.effect_of(&order, standing, &row.inbound);
                self.carry_out(effect, seed, scope);
            }
            Reading::Directives(orders, standing) => {
                self.parts.counters.turns.commands.inc();
                let effect = self.knowing(&row.inbound, |rules, known| effects(&orders, standing, rules, &row.inbound, known));
                self.carry_out(effect, seed, scope);
            }
        }
    }

    fn effect_of(&self, order: &Order, standing: Standing, inbound: &Inbound) -> Effect {
        self.knowing(inbound, |rules, known| effect(order, standing, rules, inbound, known))
    }

    /// Returns what commands say that stood within a message, each once.
    pub(in crate::session) fn said_beside(&self, orders: &[Order], inbound: &Inbound) -> Vec<String> {
        let standing = self.settings().commands.standing(inbound);
        let said = orders.iter().filter_map(|order| match self.effect_of(order, standing, inbound) {
            Effect::Say(say) => Some(say),
            _ => None,
        });
        said.collect()
    }

    fn knowing(&self, inbound: &Inbound, then: impl FnOnce(&CommandRules, &Known<'_>) -> Effect) -> Effect {
        let settings = self.settings();
        let manner = &self.memory.manner;
        let known = Known {
            key: &self.key,
            queue: settings.queue.policy(inbound.route.account.channel(), manner.queue.as_ref(), None),
            own_queue: manner.queue,
            model: manner.model.as_deref().or(settings.model.as_deref()),
            models: &settings.models,
            thinking: manner.thinking.as_deref().or(settings.thinking.as_deref()),
            sends: if self.send_policy() == SendPolicy::Allow { "on" } else { "off" },
        };
        then(&settings.commands, &known)
    }

    /// What a command shows and changes has to be known first.
    fn learn_then_begin(&mut self, seed: Seed, scope: &mut Scope<'_, Self>) {
        let row = self.parts.store.session(self.key.clone());
        let changes = self.memory.changes();
        let task = scope.run(STORE_WAIT, row, move |session, answer, scope| match answer {
            Some(Ok(row)) => {
                if session.memory.changes() == changes {
                    session.memory.learn(row);
                }
                session.with_prepared(scope, Self::begin_row);
            }
            Some(Err(_)) | None => {
                session.with_prepared(scope, |session, seed, scope| {
                    session.prepare_after(STORE_AGAIN, seed, Self::begin_row, scope);
                });
            }
        });
        self.work = Work::Preparing { seed, task };
    }

    fn carry_out(&mut self, effect: Effect, seed: Seed, scope: &mut Scope<'_, Self>) {
        self.work = Work::Storing;
        match effect {
            Effect::Say(say) => self.answered(seed, say, scope),
            Effect::Stop => {
                let came = match &seed.source {
                    Source::Row(row) => self.take_stop(row.id),
                    Source::Ask(_) => Stop::Nothing,
                };
                self.answered(seed, came.told(), scope);
            }
            Effect::Set { field, value, say } => self.set(one(field, value), say, seed, scope),
            Effect::Several(effects) => self.set_several(effects, seed, scope),
            Effect::Model(name) => match self.parts.providers.find(Some(&name)) {
                Ok(_) => {
                    let say = format!("Model: {name}.");
                    self.set(one("model", Some(name)), say, seed, scope);
                }
                Err(error) => self.answered(seed, error.to_string(), scope),
            },
            Effect::Renew { model, rest } => self.renew(seed, model, rest, scope),
            Effect::Compact(wish) => self.compact(wish, seed, scope),
            Effect::Errand(errand) => self.run_errand(errand, seed, scope),
        }
    }

    /// Has the gateway itself looked at or changed, and answers with what came of it.
    fn run_errand(&mut self, errand: Errand, seed: Seed, scope: &mut Scope<'_, Self>) {
        let Source::Row(row) = &seed.source else { return };
        let route = &row.inbound.route;
        let chat = Target { account: route.account.clone(), chat: route.chat.clone(), thread: route.thread.clone() };
        let ordered = Ordered { errand, session: self.key.clone(), chat, row: row.id };
        let done = self.parts.steward.carry_out(ordered);
        scope.run(ERRAND_WAIT, done, move |session, answer, scope| {
            session.answered(seed, answer.unwrap_or_else(|| NOT_IN_TIME.to_owned()), scope);
        });
    }

    /// Sets what can be set of several, in one go, and answers with a line for each.
    fn set_several(&mut self, effects: Vec<Effect>, seed: Seed, scope: &mut Scope<'_, Self>) {
        let (mut patch, mut says) = (Map::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Say(say) => says.push(say),
                Effect::Set { field, value, say } => {
                    patch.extend(one(field, value));
                    says.push(say);
                }
                Effect::Model(name) => match self.parts.providers.find(Some(&name)) {
                    Ok(_) => {
                        says.push(format!("Model: {name}."));
                        patch.extend(one("model", Some(name)));
                    }
                    Err(error) => says.push(error.to_string()),
                },
                // Cannot be: these are no directives.
                Effect::Renew { .. } | Effect::Stop | Effect::Compact(_) | Effect::Several(_) | Effect::Errand(_) => {}
            }
        }
        let say = says.join("\n");
        if patch.is_empty() { self.answered(seed, say, scope) } else { self.set(patch, say, seed, scope) }
    }

    fn set(&mut self, patch: Map<String, Value>, say: String, seed: Seed, scope: &mut Scope<'_, Self>) {
        let patched = self.parts.store.patch_session(self.key.clone(), patch.clone());
        scope.run(STORE_WAIT, patched, move |session, answer, scope| match answer {
            Some(Ok(row)) => {
                session.parts.switchboard.set_activation(&session.key, row.traits.activation());
                session.memory.changed();
                session.answered(seed, say, scope);
            }
            Some(Err(error @ (StoreError::Invalid { .. } | StoreError::Conflict { .. }))) => {
                session.answered(seed, error.to_string(), scope);
            }
            Some(Err(_)) | None => {
                scope.after(STORE_AGAIN, move |session, scope| session.set(patch, say, seed, scope));
            }
        });
    }

    /// Begins the session anew, and answers what follows the command in it; where nothing does, somebody greets.
    fn renew(&mut self, seed: Seed, model: Option<String>, rest: Option<String>, scope: &mut Scope<'_, Self>) {
        let patch = model.map(|model| one("model", Some(model)));
        self.begin_anew(seed, patch, scope, move |session, seed, scope| match rest {
            Some(rest) => session.begin(seed.saying(rest), scope),
            None if session.greets(&seed) => session.begin(Seed { aim: Aim::Greet, ..seed }, scope),
            None => session.answered(seed, BEGUN_ANEW.to_owned(), scope),
        });
    }

    /// Returns whether the agent greets: not one that only repeats what it hears, and not where nobody would hear it.
    fn greets(&self, seed: &Seed) -> bool {
        self.settings().greeting == Greeting::On
            && self.send_policy() == SendPolicy::Allow
            && self.found(seed).is_ok_and(|(provider, _)| provider.wants_history())
    }

    /// Returns whether the session's answers are sent: by its own word, else by the rules.
    pub(in crate::session) fn send_policy(&self) -> SendPolicy {
        self.memory.manner.send.unwrap_or_else(|| self.settings().sending.decide(&self.key))
    }

    /// Ends a command's row with its answer. The transcript has neither, so that no provider reads them.
    pub(in crate::session) fn answered(&mut self, seed: Seed, say: String, scope: &mut Scope<'_, Self>) {
        let now_ms = scope.clock().now_ms();
        let (voice, question) = (self.voice(&seed, scope), seed.entry(now_ms));
        let Source::Row(row) = seed.source else { return };
        let ended = said(say);
        let outcome = self.told(&row, question, &ended, now_ms);
        self.finish(outcome, Closing { voice, ended, began: None }, scope);
    }

    pub(in crate::session) fn told(&self, row: &InboxRow, question: Entry, ended: &Ended, now_ms: i64) -> TurnOutcome {
        let switchboard = self.parts.switchboard.as_ref();
        // Whoever forbade the session to answer wants to hear that it does again.
        let mut outcome =
            outcome::of_row(&self.key, row, question, ended, &Telling::plain(SendPolicy::Allow), switchboard, now_ms);
        outcome.entries.clear();
        outcome
    }

    /// Answers a command beside the turn that runs, if it only says something; all others wait for the turn's end.
    pub(in crate::session) fn answer_beside(&mut self, row: InboxRow, scope: &mut Scope<'_, Self>) {
        let Reading::Command(order, standing) = self.settings().commands.read(&row.inbound) else { return };
        if row.inbound.order.is_some() || !self.memory.knows_manner() {
            return;
        }
        let Effect::Say(say) = self.effect_of(&order, standing, &row.inbound) else { return };
        self.parts.counters.turns.commands.inc();
        let now_ms = scope.clock().now_ms();
        let seed = Seed::row(row.clone());
        let question = seed.entry(now_ms);
        let outcome = self.told(&row, question, &said(say), now_ms);
        self.tell_answered(&outcome, &Left::Nothing);
        let written = self.parts.store.finish_turn(outcome.clone(), 0);
        // What could not be written waits in its row for the turn's end.
        scope.run(STORE_WAIT, written, move |session, answer, _| {
            // Where the answer is late it may have been written all the same, and then waits to be sent.
            if matches!(answer, Some(Ok(_)) | None) {
                session.announce(&outcome);
            }
        });
    }
}

/// Returns the patch that sets one setting, or clears it.
fn one(field: &str, value: Option<String>) -> Map<String, Value> {
    Map::from_iter([(field.to_owned(), value.map_or(Value::Null, Value::from))])
}

/// Returns how something ends that only says this.
pub(in crate::session) fn said(say: String) -> Ended {
    Ended::saying(say, How::Done(Ending { finish_reason: "stop".into(), usage: Usage::default() }))
}

impl Seed {
    /// Returns the same row with other words.
    fn saying(mut self, text: String) -> Self {
        if let Source::Row(row) = &mut self.source {
            row.inbound.text = text;
        }
        self
    }
}
