//! The table, and the OpenAI provider against a real server.

mod openai;
mod table;
