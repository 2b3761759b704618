//! `POST /v1/chat/completions`, `POST /v1/responses` and `GET /v1/models`, as clients of the OpenAI API know them, in front of agent sessions.

mod attached;
mod completions;
mod content;
mod flow;
mod models;
mod prompt;
mod request;
mod responses;
mod route;
mod sampling;
mod stream;
mod tools;
mod wire;

#[cfg(test)]
mod tests;

pub use attached::{BodyRules, ByAddress, Kinds};
pub(super) use completions::complete;
pub(super) use models::{list as list_models, show as show_model};
pub(super) use responses::{ResponseBook, create as create_response};
// The description names the types of requests and answers, and the paths as the macro wrapped them.
pub(super) use completions::__path_complete;
pub(super) use models::{__path_list as __path_list_models, __path_show as __path_show_model};
pub(super) use responses::__path_create as __path_create_response;
pub(super) use wire::ChatChunk;
