//! LLM backends and the table that finds them by a model's name.

mod chain;
mod cooling;
mod echo;
mod names;
mod remote;
mod script;
mod settings;
mod standing;
mod table;

pub use echo::Echo;
pub use names::{ModelNames, ModelRef, Stock};
pub use remote::{Ability, AboutModel, Credential, Header, Price, Remote, RemoteSettings, Style, TimeLimits};
pub use script::{Script, ScriptError};
pub use settings::{Choice, Choices, ProviderSettings, TableError};
pub use standing::{KeyStanding, ModelStanding, ProviderStanding, Rest};
pub use table::ProviderTable;

#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod tests;
