//! Where a turn writes down its steps.

use futures_util::future::BoxFuture;

use super::ProviderError;
use crate::message::{BegunRound, ToolResult};

/// Keeps a turn's steps, so that a turn that is cut short goes on where it was. A step is kept when its future is over; while that
/// takes, the turn waits.
pub trait Journal: Send + Sync {
    /// Writes down a round before the first of its calls is made; rounds are numbered from 0.
    fn begun(&self, round: usize, calls: &BegunRound) -> BoxFuture<'static, Result<(), ProviderError>>;

    /// Writes down how a call came out; calls are numbered from 0 in their round.
    fn finished(&self, round: usize, call: usize, result: &ToolResult) -> BoxFuture<'static, Result<(), ProviderError>>;
}
