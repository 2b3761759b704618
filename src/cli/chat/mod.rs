//! `callboard chat`: a conversation that goes on, in a terminal or in a pipe.
//!
//! # Layout
//!
//! - here: what is said when
//! - `lines`: what somebody writes; `waiting`: which of it waits
//! - `turns`: what is answered

mod lines;
mod turns;
mod waiting;

#[cfg(test)]
mod tests;

use std::io::IsTerminal as _;

use callboard_actors::client::Scope;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

use super::context::Context;
use super::error::CliError;
use super::output::{Output, write};
use super::wire::{Face, Incoming, Link, Outcome};
use lines::{Line, Lines};
use turns::{Ended, Turns};
use waiting::{Fate, LINES_MAX, Waiting};

/// With whom to talk.
#[derive(Debug, clap::Args)]
#[command(after_help = "Lines that begin with / and stop words like `stop` go to the agent at once, also while it answers.\n\
    Ctrl-C ends the answer that is being written; without one it leaves, as do /quit and the end of the input.")]
pub(super) struct Args {
    /// The conversation.
    #[arg(long, value_name = "KEY", default_value = "main")]
    session: String,
}

/// Whether somebody sits there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    /// Lines come when somebody writes them.
    Terminal,
    /// Lines are all there: each is said when the one before was answered, and a failure ends it.
    Pipe,
}

/// What goes on next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Stay,
    Leave,
}

struct Chat<'a> {
    context: &'a Context,
    link: Link,
    session: String,
    setting: Setting,
    turns: Turns,
    /// Lines that wait for the answers to those before.
    waiting: Waiting,
    /// Whether there is more to read.
    at_end: bool,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<(), CliError> {
    let link = context.link(Face::cli(&[Scope::Write])).await?;
    let setting = if std::io::stdin().is_terminal() { Setting::Terminal } else { Setting::Pipe };
    let turns = Turns::new(context.output);
    let mut chat = Chat { context, link, session: args.session, setting, turns, waiting: Waiting::default(), at_end: false };
    chat.prompt();
    let told = chat.talk(Lines::of_stdin()).await;
    chat.link.close().await;
    told
}

impl Chat<'_> {
    async fn talk(&mut self, mut lines: Lines) -> Result<(), CliError> {
        let mut interrupts = signal(SignalKind::interrupt()).map_err(anyhow::Error::from)?;
        loop {
            if self.turns.is_quiet() {
                match self.waiting.next() {
                    Some(line) => {
                        self.say(&line).await?;
                        continue;
                    }
                    None if self.at_end => return Ok(()),
                    None => {}
                }
            }
            // In a pipe a line waits where it is until its turn has come.
            let reads = !self.at_end && (self.setting == Setting::Terminal || self.turns.is_quiet());
            let next = tokio::select! {
                line = lines.next(), if reads => self.heard(line).await?,
                incoming = self.link.next() => self.came(incoming?)?,
                _ = interrupts.recv() => self.interrupted().await?,
            };
            if next == Next::Leave {
                return Ok(());
            }
        }
    }

    async fn heard(&mut self, line: Line) -> Result<Next, CliError> {
        match line {
            Line::End => {
                self.at_end = true;
                // Nobody is there any more to read the rest.
                return Ok(if self.turns.is_quiet() { Next::Leave } else { Next::Stay });
            }
            Line::Broken(reason) => return Err(CliError::failed(format!("cannot read what is written: {reason}"))),
            Line::Text(line) => match self.waiting.heard(&line, self.turns.is_quiet()) {
                Fate::Nothing => self.prompt(),
                Fate::Leave => return Ok(Next::Leave),
                Fate::Say(text) => self.say(text).await?,
                Fate::Waits => {}
                Fate::Dropped => self.context.output.note(&format!("(not said: {LINES_MAX} lines wait already)")),
            },
        }
        Ok(Next::Stay)
    }

    /// Says something. The answer to the request may come behind the first events of the turn.
    async fn say(&mut self, text: &str) -> Result<(), CliError> {
        let run = Uuid::new_v4().to_string();
        let params = json!({ "sessionKey": self.session, "message": text, "idempotencyKey": run });
        let request = self.link.send("chat.send", params).await?;
        self.turns.begun(request, run);
        Ok(())
    }

    fn came(&mut self, incoming: Incoming) -> Result<Next, CliError> {
        match incoming {
            Incoming::Event { name, payload } if name == "chat" => {
                if let Some(ended) = self.turns.event(&payload)? {
                    self.ended(ended)?;
                }
            }
            Incoming::Event { .. } => {}
            Incoming::Answer { id, outcome } => self.answered(&id, outcome)?,
        }
        Ok(Next::Stay)
    }

    fn answered(&mut self, id: &str, outcome: Outcome) -> Result<(), CliError> {
        match outcome {
            Ok(payload) => {
                if let Some(ended) = self.turns.answered(id, &payload.json()) {
                    self.ended(ended)?;
                }
                Ok(())
            }
            Err(refused) => {
                self.turns.refused(id);
                self.failed(refused.into())
            }
        }
    }

    fn ended(&mut self, ended: Ended) -> Result<(), CliError> {
        match ended {
            Ended::Answered => {}
            Ended::Aborted(reason) => self.context.output.note(&format!("(ended: {reason})")),
            Ended::Failed(reason) => return self.failed(CliError::failed(format!("the agent failed: {reason}"))),
        }
        self.prompt();
        Ok(())
    }

    /// Tells of a failure: in a pipe it ends everything, somebody at a terminal may go on.
    fn failed(&mut self, error: CliError) -> Result<(), CliError> {
        if self.setting == Setting::Pipe {
            return Err(error);
        }
        self.context.output.note(&format!("error: {error}"));
        self.prompt();
        Ok(())
    }

    async fn interrupted(&mut self) -> Result<Next, CliError> {
        let Some(run) = self.turns.next_to_abort() else { return Ok(Next::Leave) };
        let params = json!({ "sessionKey": self.session, "runId": run });
        self.link.send("chat.abort", params).await?;
        // What was written meanwhile was for an answer that does not come.
        self.waiting.clear();
        Ok(Next::Stay)
    }

    fn prompt(&self) {
        if self.setting == Setting::Terminal && self.context.output == Output::Human && self.turns.is_quiet() {
            // A terminal that is gone is noticed at the next answer.
            let _ = write("> ");
        }
    }
}
