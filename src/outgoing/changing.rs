//! From a wish for a message that is there to its row.

use callboard_actors::channel::Account;
use callboard_actors::message::{Act, ChatKind, Code, MessageRef, Outbound, OutboxId, Target, TraceId};
use callboard_actors::ports::{OutboxNote, OutboxState};

use super::change::{At, Change, Reach, What, Which};
use super::error::{Field, SendError};
use super::sending::{Outgoing, Sent, key_of};

impl Outgoing {
    /// Puts a change of a message into the outbox, behind what waits for its chat; answers when it is durable, and waits a moment
    /// for the platform's word.
    ///
    /// # Errors
    /// The channel cannot do it, the message is not known, never arrived or is out of reach, the store does not take it, or the platform
    /// refused it within the moment.
    pub async fn change(&self, change: Change, trace: TraceId) -> Result<Sent, SendError> {
        change.check()?;
        let account = self.account(&change.channel, change.account.as_deref())?;
        let deed = change.what.deed();
        if !account.platform.deeds().contains(&deed) {
            let reason = format!("`{}` cannot {} messages: send another one instead", account.key.channel(), deed.as_str());
            return Err(SendError::of(Code::NotImplemented, Field::Channel, reason));
        }
        let (message, target) = self.find(&account, &change).await?;
        within(&change.reach, &target)?;
        let (text, act) = match change.what {
            What::React(mark) => (String::new(), Act::React { message, mark }),
            What::Edit(text) => (self.one_piece(&account, &target, text)?, Act::Edit { message }),
            What::Delete => (String::new(), Act::Delete { message }),
        };
        // A key of its own kind: the same key given to a message that is sent, to another kind of change, or to a change of another
        // message is another one. Neither the id nor the key can hold what stands between them.
        let key = change.idempotency_key.map(|key| format!("{}\u{1e}{}\u{1e}{key}", deed.as_str(), change.message.id()));
        let key = key.map(|key| key_of(change.key_owner.as_deref(), &target, key));
        let payload = Outbound { act, ..Outbound::text(target.clone(), text) };
        self.put(account, target, vec![payload], key.as_deref(), trace).await
    }

    /// Finds the message and where it stands. What a row knows counts before what is said: it went there and nowhere else.
    async fn find(&self, account: &Account, change: &Change) -> Result<(MessageRef, Target), SendError> {
        if let Some((id, form)) = row_id(&change.message) {
            match (self.store.outbox_note(id).await?, form) {
                (Some(note), _) => return of_row(account, id, note),
                (None, Form::Ours) => return Err(forgotten(id)),
                (None, Form::Anybodys) => {}
            }
        }
        let platform = &account.platform;
        let target = match &change.at {
            Some(At::Target(text)) => platform.target(text).map(|address| address.target),
            Some(At::Chat(chat)) => Ok(Target { account: account.key.clone(), chat: chat.clone(), thread: None }),
            None => {
                let reason = "where the message stands is required, unless it is named by the id that it was sent under and that is still kept (`store.outboxRetentionHours`)";
                return Err(SendError::wrong(Field::To, reason));
            }
        };
        let target = target.map_err(|error| SendError::of(Code::InvalidTarget, Field::To, error.to_string()))?;
        let message = match &change.message {
            Which::Named(id) => MessageRef::Platform(id.clone()),
            Which::Answered(id) => MessageRef::Placed(id.clone()),
        };
        Ok((message, target))
    }

    /// Shapes a text like one that is sent; a message that is there stays one.
    fn one_piece(&self, account: &Account, target: &Target, text: String) -> Result<String, SendError> {
        let mut pieces = self.switchboard.shape(Outbound::text(target.clone(), text));
        match (pieces.pop(), pieces.len()) {
            (Some(only), 0) => Ok(only.text),
            (None, _) => Err(SendError::wrong(Field::Text, "nothing is left to say")),
            (Some(_), more) => {
                let reason =
                    format!("the text is too long for one message of `{}`: it would be {}", account.key.channel(), more + 1);
                Err(SendError::wrong(Field::Text, reason))
            }
        }
    }
}

/// Whose an id looks like that names no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A row's.
    Ours,
    /// A row's or a platform's.
    Anybodys,
}

/// Returns the row that an id may name. Ids of rows have a time in them, or are made of another row's: platforms make theirs otherwise.
fn row_id(message: &Which) -> Option<(OutboxId, Form)> {
    let Which::Named(id) = message else { return None };
    let id = id.parse::<uuid::Uuid>().ok()?;
    let form = if matches!(id.get_version_num(), 7 | 8) { Form::Ours } else { Form::Anybodys };
    Some((OutboxId::from_uuid(id), form))
}

fn forgotten(id: OutboxId) -> SendError {
    let reason = format!(
        "no message was sent under the id `{id}`, or it is forgotten by now (`store.outboxRetentionHours`): name it by the channel's own id and `to`"
    );
    SendError::of(Code::NotFound, Field::MessageId, reason)
}

/// Looks whether a chat is within reach.
fn within(reach: &Reach, target: &Target) -> Result<(), SendError> {
    let is_here = match reach {
        Reach::Account => true,
        Reach::Chat(Some((account, chat))) => {
            let direct = |kind| kind == ChatKind::Direct;
            *account == target.account && chat.id == target.chat.id && direct(chat.kind) == direct(target.chat.kind)
        }
        Reach::Chat(None) => false,
    };
    if is_here {
        return Ok(());
    }
    let reason = "only messages of the chat that is being answered can be changed from here (leave `target` out): elsewhere an owner can, or whoever has the tool `message` by name (`tools.alsoAllow`)";
    Err(SendError::of(Code::Forbidden, Field::To, reason))
}

/// Reads what a row tells of its message.
fn of_row(account: &Account, id: OutboxId, note: OutboxNote) -> Result<(MessageRef, Target), SendError> {
    if note.account != account.key {
        let reason = format!("the message was sent by `{}`, not by `{}`", note.account, account.key);
        return Err(SendError::of(Code::NotFound, Field::MessageId, reason));
    }
    let target = Target { account: note.account, chat: note.chat, thread: None };
    match (note.state, note.platform_id) {
        (OutboxState::Sent, Some(platform_id)) => Ok((MessageRef::Placed(platform_id), target)),
        (OutboxState::Sent, None) => {
            let reason = "the channel did not say under which id it has the message";
            Err(SendError::of(Code::NotFound, Field::MessageId, reason))
        }
        (OutboxState::Queued, _) => Ok((MessageRef::Row(id), target)),
        (OutboxState::Dead, _) => {
            let reason = format!("the message never arrived: it is the dead letter `{id}`");
            Err(SendError::of(Code::Conflict, Field::MessageId, reason))
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_actors::message::{AccountKey, ChatRef};

    use super::*;

    #[test]
    fn an_id_names_a_row_by_its_form() {
        let row = OutboxId::new().to_string();
        for (id, form) in [
            (row.as_str(), Some(Form::Ours)),
            // That of an answer that is shown before it is written down.
            ("5a1b5c6d-7e8f-8123-9abc-def012345678", Some(Form::Ours)),
            ("5a1b5c6d-7e8f-4123-9abc-def012345678", Some(Form::Anybodys)),
            ("aBcDeFgHiJkLmNoPq", None),
        ] {
            assert_eq!(row_id(&Which::Named(id.to_owned())).map(|(_, form)| form), form, "{id}");
        }
        assert_eq!(row_id(&Which::Answered(row)), None, "it is the platform's whatever it looks like");
    }

    #[test]
    fn what_is_within_reach() {
        let chat = |kind, id: &str| ChatRef { kind, id: id.to_owned() };
        let here = || Some((AccountKey::new("rocketchat", "default"), chat(ChatKind::Direct, "u1")));
        let target = |account: &str, chat| Target { account: AccountKey::new("rocketchat", account), chat, thread: None };
        use ChatKind::{Channel, Direct, Group};
        for (reach, account, there, is_within) in [
            (Reach::Account, "other", chat(Group, "r1"), true),
            (Reach::Chat(here()), "default", chat(Direct, "u1"), true),
            (Reach::Chat(here()), "default", chat(Direct, "u2"), false),
            (Reach::Chat(here()), "default", chat(Direct, "@u1"), false),
            (Reach::Chat(here()), "default", chat(Channel, "u1"), false),
            (Reach::Chat(here()), "other", chat(Direct, "u1"), false),
            (Reach::Chat(None), "default", chat(Direct, "u1"), false),
        ] {
            let shown = format!("{reach:?} {account} {there:?}");
            assert_eq!(within(&reach, &target(account, there)).is_ok(), is_within, "{shown}");
        }
    }
}
