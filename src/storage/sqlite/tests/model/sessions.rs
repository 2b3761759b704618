//! Sessions in both stores.

use callboard_actors::message::{Role, RunId, Usage};
use callboard_actors::ports::{Context, SessionRow, Summary};
use serde_json::Map;

use super::*;

/// Returns what of a session does not depend on who made it: all but its id.
fn shown(row: SessionRow) -> SessionRow {
    SessionRow { id: uuid::Uuid::nil(), ..row }
}

impl Pair {
    pub(super) async fn take_session(&self, step: Step) {
        let (real, model) = (self.real(), &self.model);
        match step {
            Step::Say { chat, tokens } => {
                let (session, entries) = (make::session(CHATS[chat]), make::turn(CHATS[chat], &[], vec![]).entries);
                let usage = Usage { cache_read: tokens / 3, cost_nanos: tokens % 5, ..Usage::tokens(tokens, tokens / 2) };
                real.append_transcript(session.clone(), entries.clone(), usage);
                model.append_transcript(session, entries, usage);
                // The time of a write that nobody waits for is that of its commit.
                real.flush().await.unwrap();
            }
            Step::Patch { chat, label } => {
                let label = label.map(|label| label.to_string());
                let (session, patch) = (make::session(CHATS[chat]), Map::from_iter([("label".into(), label.into())]));
                let real = real.patch_session(session.clone(), patch.clone()).await.map(shown);
                assert_eq!(real, model.patch_session(session, patch).await.map(shown));
            }
            Step::Reset { chat } => {
                let (real, taken) = real.reset_session(make::session(CHATS[chat])).await.unwrap();
                let (model, expected) = model.reset_session(make::session(CHATS[chat])).await.unwrap();
                assert_eq!((shown(real), taken), (shown(model), expected));
            }
            Step::Delete { chat } => {
                let real = real.delete_session(make::session(CHATS[chat])).await;
                assert_eq!(real, model.delete_session(make::session(CHATS[chat])).await);
            }
            Step::Compact { chat, keep } => {
                let real = real.compact_session(make::session(CHATS[chat]), keep).await;
                assert_eq!(real, model.compact_session(make::session(CHATS[chat]), keep).await);
            }
            Step::SumUp { chat, from } => {
                let summary = |own: &Context| Summary {
                    id: own.id.unwrap_or_default(),
                    // The numbers of the two stores differ, their order does not.
                    from: own.lines.get(from).or(own.lines.last()).map_or(0, |(number, _)| *number),
                    line: make::entry(RunId::named("sum").unwrap(), Role::Summary, "short"),
                };
                let session = || make::session(CHATS[chat]);
                let own = real.context(session(), 9).await.unwrap();
                let expected = model.context(session(), 9).await.unwrap();
                let lines = |context: &Context| context.lines.iter().map(|(_, line)| line.clone()).collect::<Vec<_>>();
                assert_eq!((&own.summary, lines(&own)), (&expected.summary, lines(&expected)));
                let real = real.summarise(session(), summary(&own)).await.map(shown);
                assert_eq!(real, model.summarise(session(), summary(&expected)).await.map(shown));
            }
            other => unreachable!("{other:?}"),
        }
    }

    pub(super) async fn assert_same_sessions(&self) {
        let real = self.real().sessions(9).await.unwrap();
        let model = self.model.sessions(9).await.unwrap();
        assert_eq!(real.into_iter().map(shown).collect::<Vec<_>>(), model.into_iter().map(shown).collect::<Vec<_>>());
        assert_eq!(self.real().open_rows(9).await, self.model.open_rows(9).await);
        assert_eq!(self.real().usage_days(0).await, self.model.usage_days(0).await);
        for chat in CHATS {
            let real = self.real().history(make::session(chat), 1_000).await;
            assert_eq!(real, self.model.history(make::session(chat), 1_000).await);
        }
    }
}
