//! What may be seen and told of the configured accounts.

use callboard_actors::channel::{Account, Facts};
use callboard_actors::message::{AccountKey, Code, LinkStatus};

use super::error::{Field, SendError};

/// The configured accounts and their links.
pub trait ChannelsView: Send + Sync + 'static {
    /// Returns every configured account, grouped by integration, the default one of each first.
    fn accounts(&self) -> Vec<Account>;

    /// Returns one account.
    fn account(&self, key: &AccountKey) -> Option<Account> {
        self.accounts().into_iter().find(|account| account.key == *key)
    }

    /// Returns what is known of an account's link; nothing but `down` for one that never ran.
    fn facts(&self, key: &AccountKey) -> Facts;

    /// Returns where an account's link stands.
    fn link(&self, key: &AccountKey) -> LinkStatus {
        self.facts(key).status
    }

    /// Says that pairing let somebody in: the account's actor has to read its allowed peers again.
    fn allowed_changed(&self, key: &AccountKey);
}

/// Finds an account.
///
/// # Errors
/// Names the part of the key that is not known.
pub fn find(view: &dyn ChannelsView, key: &AccountKey) -> Result<Account, SendError> {
    if let Some(account) = view.account(key) {
        return Ok(account);
    }
    let channel_known = view.accounts().iter().any(|account| account.key.channel() == key.channel());
    let (field, what) = if channel_known {
        (Field::Account, format!("`{}` has no account `{}`", key.channel(), key.account()))
    } else {
        (Field::Channel, format!("no channel `{}` is configured", key.channel()))
    };
    Err(SendError::of(Code::NotFound, field, format!("{what}: `callboard channels list` shows what is")))
}
