//! The channel accounts as the HTTP edge sees them.

use std::sync::Arc;

use callboard_actors::channel::{Account, Desks, Facts};
use callboard_actors::core::{ActorId, Live, State, Supervisor};
use callboard_actors::message::{AccountKey, LinkState, LinkStatus, Switchboard};
use callboard_actors::registry::Board;

use crate::outgoing::ChannelsView;

/// Accounts from the settings, links from the desks.
pub(super) struct Accounts {
    pub(super) accounts: Live<Vec<Account>>,
    pub(super) desks: Arc<Desks>,
    pub(super) board: Arc<Board>,
    pub(super) supervisor: Supervisor,
}

impl Accounts {
    fn runs(&self, key: &AccountKey) -> bool {
        let report = self.supervisor.report(&ActorId::new(format!("channel:{key}")));
        report.is_ok_and(|report| report.state == State::Running)
    }
}

impl ChannelsView for Accounts {
    fn accounts(&self) -> Vec<Account> {
        self.accounts.get().to_vec()
    }

    fn account(&self, key: &AccountKey) -> Option<Account> {
        self.accounts.get().iter().find(|account| account.key == *key).cloned()
    }

    fn facts(&self, key: &AccountKey) -> Facts {
        let mut facts = self.desks.desk(key).facts();
        // Whatever a crashed actor last said of its link: it went down with it.
        let gone = !self.runs(key) && matches!(facts.status.state, LinkState::Up | LinkState::Connecting);
        if gone {
            facts.status = LinkStatus::plain(LinkState::Down);
        }
        facts
    }

    fn allowed_changed(&self, key: &AccountKey) {
        self.desks.desk(key).approvals_changed();
        self.board.wake_channel(key);
    }
}
