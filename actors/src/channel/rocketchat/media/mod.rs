//! Files: from the server into the media room, and from the room into a message, once, however often it is tried.

mod caps;
mod download;
mod form;
mod outgoing;
mod uploads;

#[cfg(test)]
mod tests;

pub(super) use caps::Caps;
pub(super) use download::{Download, take};
pub(super) use form::Form;
pub(super) use outgoing::{FileSender, post};
pub(super) use uploads::Uploads;
