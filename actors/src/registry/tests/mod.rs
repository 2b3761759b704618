//! Who is there, and which message belongs to whom.

mod cast;
mod fanout;
mod routes;
mod sessions;
