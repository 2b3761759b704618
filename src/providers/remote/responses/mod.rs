//! OpenAI's `/responses`. Nothing is kept at the backend (`store: false`): the conversation is the session's.

mod event;
mod request;

pub(super) use event::Assembly;
pub(super) use request::body;

#[cfg(test)]
mod tests;
