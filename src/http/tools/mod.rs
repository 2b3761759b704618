//! `POST /tools/invoke`: one tool, called by a client.

mod answer;
mod invoke;
mod request;

pub(super) use invoke::__path_invoke;
pub(super) use invoke::invoke;
