//! LLM backends and the table that finds them by a model's name.

mod echo;
mod openai;
mod script;
mod settings;
mod table;

pub use echo::Echo;
pub use openai::{OpenAi, OpenAiSettings, TimeLimits};
pub use script::{Script, ScriptError};
pub use settings::{ProviderSettings, TableError};
pub use table::ProviderTable;

#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod tests;
