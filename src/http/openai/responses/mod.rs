//! `POST /v1/responses`: the same sessions as behind chat completions, in the form of OpenResponses. A request is put into the terms
//! of a chat completion request, so that both have the same checks and bounds.

mod book;
mod endpoint;
mod events;
mod input;
mod parts;
mod request;
mod wire;

#[cfg(test)]
mod tests;

pub(in crate::http) use book::ResponseBook;
pub(in crate::http) use endpoint::__path_create;
pub(in crate::http) use endpoint::create;
