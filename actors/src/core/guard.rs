//! Panics, caught and named.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static GUARDS: Cell<u32> = const { Cell::new(0) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs code and returns its panic as a text with the place in the source, instead of unwinding further.
pub(super) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(install_hook);
    GUARDS.with(|guards| guards.set(guards.get() + 1));
    let result = catch_unwind(AssertUnwindSafe(code));
    GUARDS.with(|guards| guards.set(guards.get() - 1));
    result.map_err(|payload| describe(payload.as_ref()))
}

/// Remembers where a guarded panic happened; a panic outside any guard goes the usual way.
fn install_hook() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if GUARDS.with(Cell::get) == 0 {
            return usual(info);
        }
        let place = info.location().map(ToString::to_string);
        // A thread that is about to end may have lost the slot already.
        let _ = PLACE.try_with(|slot| slot.replace(place));
    }));
}

fn describe(payload: &(dyn Any + Send)) -> String {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned());
    match PLACE.try_with(RefCell::take) {
        Ok(Some(place)) => format!("{text} (at {place})"),
        _ => text,
    }
}
