//! What a test calls.

mod people;
mod seen;
mod trouble;

pub use people::Person;
