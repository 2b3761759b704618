//! The table, and providers over HTTP against a real server.

mod completions;
mod keys;
mod table;
