//! Tests of the edge over real sockets, with doubles behind it.

mod admin;
mod attached;
mod auth;
mod client;
mod doubles;
mod health;
mod limits;
mod methods;
mod openai;
mod responses;
mod rig;
mod tool_calls;
mod tools;
