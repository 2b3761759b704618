//! The media room: the bytes of pictures, films and files, beside the store.
//!
//! # Layout
//!
//! - [`MediaHouse`]: the room as actors know it; its door to the public web (`web`), and what turns are shown (`show`)
//! - `blobs`: a folder, by the digest of the bytes, bounded; `rooms`: which there are; `draft`: a file that is being written
//! - `sniff`: what bytes are; `name`: names that are safe as a file's
//! - `places`, `pace`: how many take files in at a time, and how slowly these may come
//! - `sweep`: which bytes go; [`MediaSettings`]: what of all this is set

mod blobs;
mod draft;
mod house;
mod name;
mod pace;
mod places;
mod rooms;
mod settings;
mod show;
mod sniff;
mod sweep;
mod web;

#[cfg(test)]
mod tests;

pub use house::{MediaHouse, MediaParts};
pub use settings::MediaSettings;
