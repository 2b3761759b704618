//! A steward that keeps what it was ordered.

use std::sync::Mutex;

use futures_util::future::{BoxFuture, FutureExt as _, ready};

use crate::ports::{Ordered, Steward};

/// Says yes to everything, and remembers it.
#[derive(Default)]
pub(crate) struct Butler(Mutex<Vec<Ordered>>);

impl Butler {
    /// Returns what was ordered, in order.
    pub(crate) fn ordered(&self) -> Vec<Ordered> {
        self.0.lock().unwrap().clone()
    }
}

impl Steward for Butler {
    fn carry_out(&self, ordered: Ordered) -> BoxFuture<'static, String> {
        let say = format!("{:?}", ordered.errand);
        self.0.lock().unwrap().push(ordered);
        ready(say).boxed()
    }
}
