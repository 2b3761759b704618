//! OpenAI's `/chat/completions`.

mod chunk;
mod request;

pub(super) use chunk::Assembly;
pub(super) use request::body;
