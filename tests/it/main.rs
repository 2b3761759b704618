//! The integration tests: one binary, real servers, no sleeps.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests wait for real servers in real time, and fail by a panic"
)]

mod admin;
mod bad_input;
mod broker;
mod channel_docs;
mod chaos;
mod cli;
mod commands;
mod control;
mod deadletters;
mod drills;
mod error_docs;
mod harness;
mod life;
mod mcp;
mod media;
mod openai_client;
mod pairing;
mod policies;
mod providers;
mod restart;
mod rocketchat;
mod rocketchat_server;
mod socket_chat;
mod socket_chat_link;
mod tidy;
mod tools;
mod webchat;
