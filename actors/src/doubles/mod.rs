//! Doubles that the tests of several rooms share.

#![allow(clippy::disallowed_methods, reason = "whoever waits for what actors on real threads do waits for real")]

mod archive;
mod ear;
mod provider;
mod stage;
mod steward;
mod store;
mod switchboard;
mod tool;
mod wire;

pub(crate) use archive::Shelf;
pub(crate) use ear::Ear;
pub(crate) use provider::{Line, Only, Scripted};
pub(crate) use stage::{PATIENCE, Stage, play, until};
pub(crate) use steward::Butler;
pub(crate) use store::{ShakyStore, Trouble};
pub(crate) use switchboard::Notebook;
pub(crate) use tool::{PropTool, toolbox};
pub(crate) use wire::{Played, Stability, Wire, account_of};
