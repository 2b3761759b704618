//! The server half of Callboard: everything that touches the outside, nothing that decides a route.
//!
//! # Layout
//!
//! - [`access`]: who is asking, for HTTP and the control plane
//! - [`app`]: the whole, from its options to its last breath
//! - [`archive`]: lines that left a transcript, as files
//! - [`cli`]: one file a command
//! - [`config`]: one file, checked whole before anything runs
//! - [`http`]: the port: admin, health, metrics, chat completions
//! - [`logs`]: the log file, the console, mailboxes into the log
//! - [`media`]: the bytes of pictures and files
//! - [`mochat_setup`]: a Mochat account from an e-mail address
//! - [`outgoing`]: messages that no turn wrote
//! - [`providers`]: LLM backends behind the actors' trait
//! - [`steward`]: what owners order of the gateway in a chat
//! - [`storage`]: what outlives the process
//! - [`tools`]: what agents and clients can have done
//! - [`ws`]: the control plane over WebSocket

pub mod access;
pub mod app;
pub mod archive;
pub mod cli;
pub mod config;
pub mod http;
pub mod logs;
pub mod mcp;
pub mod media;
pub mod mochat_setup;
pub mod outgoing;
pub mod providers;
mod public_web;
pub mod steward;
pub mod storage;
pub mod tools;
pub mod workspace;
pub mod ws;
